"""Programs made up at random: whatever exploring finds in one, its source says too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlet import ExploreError, explore
from flowlet.introspect import static
from tests.machines import program
from tests.test_made_up_programs import HEADS, HELPERS, LINES, blocks, loops, sources, with_data

MORE = """
from flowlet import on, pause, parallel, race


def silent(event):
    emit("heard")


def waiting(event):
    with state("handling"):
        receive(Card, after=2)


def left():
    receive(Coin, at="left")
    return 1


def right():
    with until(Push):
        receive(Cash, at="right")
    receive(Go, at="right again")
    return 2


def tidy():
    try:
        receive(Data, at="busy")
    finally:
        sleep(1, at="tidying")


"""
MORE_LINES = [
    "parallel(left, right)",
    "race(left, right)",
    "race(tidy, left)",
    'pause("step")',
    'if race(right, left)[0]: emit("right")',
    "h = []",
]
MORE_HEADS = [
    "with on(Data, silent):",
    "with on(Data, waiting):",
    "with on(Tick, waiting, freeze=True):",
    'with state("kept", history="deep") as h:',
    'with state("shallow", history="shallow") as h:',
    "if getattr(h, 'last', None):",
    "for _ in range(3):",
]
TRIES = [
    ("try:", "except ValueError:"),
    ("try:", "finally:"),
    ("if receive(Flag).on:", "else:"),
    ("while receive(Flag).on:", "else:"),
]


@st.composite
def larger(draw: Callable[[Any], Any]) -> str:
    """A program in which handlers, regions, history and clean-up meet."""
    parts = blocks(LINES + MORE_LINES * 2, HEADS + MORE_HEADS)
    body = ["h = None", "receive(Go)"]
    first, second = draw(st.sampled_from(TRIES))
    body += draw(parts)
    body += [first, *("    " + line for line in draw(parts))]
    body += [second, *("    " + line for line in draw(parts))]
    if draw(st.booleans()):
        body = ["while True:", *("    " + line for line in body)]
    return HELPERS + MORE + "\n".join(["def made_up():", *("    " + line for line in body)]) + "\n"


def check_it_was_read(source: str) -> None:
    with program(source) as module:
        try:
            explored = explore(module.made_up, max_states=400).graph
        except ExploreError:
            return
        read = static(module.made_up)
        assert sorted(explored.triples() - read.triples()) == []
        assert set(explored.initial) <= set(read.initial)


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@settings(unhurried, max_examples=40)
@given(sources() | with_data | larger() | loops())
def test_what_is_explored_of_a_made_up_program_was_read(source: str) -> None:
    """Every edge, and where it begins."""
    check_it_was_read(source)


@pytest.mark.slow
@settings(unhurried, max_examples=800)
@given(sources() | with_data | larger() | loops())
def test_what_is_explored_of_many_made_up_programs_was_read(source: str) -> None:
    """The same, for longer."""
    check_it_was_read(source)
