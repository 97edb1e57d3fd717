"""Programs made up at random: whatever a run of one shows, exploring must have found.

A program is written as a module with one actor function, so that its names come from a real
source; it is explored, run at random, and walked until nothing new is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlet import ActorRef, Dispatcher, Event, explore, observe
from flowlet.introspect import StateGraph
from tests.machines import (
    Card,
    Cash,
    Coin,
    Data,
    Flag,
    Go,
    Price,
    Push,
    Stop,
    Tick,
    program,
)


def seen(graph: StateGraph) -> dict[tuple[str, str, str], int]:
    return {
        (edge.source, edge.event, edge.target): edge.evidence.seen for edge in graph.transitions
    }


HELPERS = """
from contextlib import contextmanager

from flowlet import Delay, become, emit, flow, receive, sleep, state, until
from tests.machines import *


def one_wait():
    receive(Tick)


def two_waits():
    receive(Card)
    receive(Cash)


@state("decorated")
def in_a_block():
    receive(Data)


def ending():
    with state("ended"):
        return


@contextmanager
def managed():
    receive(Card)
    try:
        yield
    finally:
        receive(Cash)


class Tidy:
    def __enter__(self):
        receive(Data, at="in")

    def __exit__(self, *error):
        receive(Tick, at="out")


"""

LINES = [
    "receive(Coin)",
    "receive(Push)",
    "receive(Coin, Push)",
    'receive(Coin, at="here")',
    'receive(Go, at="there")',
    "receive(Go, after=3)",
    'receive(Go, after=Delay("soon", 2))',
    "receive(Price, where=lambda price: price.value > 2)",
    "sleep(4)",
    'sleep(Delay("nap", 5))',
    "one_wait()",
    "two_waits()",
    "in_a_block()",
    "flow(one_wait)",
    'emit("out")',
    "return",
    "become(ending)",
    'raise ValueError("made up")',
]
HEADS = [
    'with state("outer"):',
    'with state("inner"):',
    'with state("busy", defer=(Tick,)):',
    "with until(Stop):",
    "with until(after=6.25):",
    'with until(Stop, after=Delay("limit", 6.5)):',
    "for _ in range(2):",
    "if receive(Flag).on:",
    'if receive(Flag, at="asked").on:',
    'while receive(Flag, at="again").on:',
    "if receive(Price).value >= 3:",
]
#: In a loop; there are many ways out of it, and each goes through the same clean-up.
LOOP_LINES = [
    *LINES[:5],
    "receive(Tick)",
    "break",
    "continue",
    "return",
    "if receive(Flag).on: break",
    "if receive(Flag).on: continue",
    'if receive(Flag, at="asked").on: return',
]
LOOP_HEADS = [
    "with until(Stop):",
    'with state("outer"):',
    "with managed():",
    "with Tidy():",
    "with managed(), managed():",
    'with state("inner"), Tidy(), until(Stop):',
    "if receive(Flag).on:",
    "try:",
]
DATA_LINES = [
    "n = receive(Price).value",
    "got = [*got, n][-2:]",
    "got.append(n); del got[:-2]",
    "other = got",
    "other = list(got)",
    "n = len(other)",
    "n = receive(Price).value - receive(Price).value",
    "got = [receive(Flag).on for _ in got]",
    "return n",
]
DATA_HEADS = [
    "if n > 1:",
    "if other is got:",
    "if got == other:",
    "for n in got:",
    "for n in (n % 3, 2):",
    "for n, _ in enumerate(got):",
    "while receive(Price).value > n:",
    "if got and got.pop():",
]


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def under(head: str, body: list[str]) -> list[str]:
    """A block; what is tried is always cleaned up after."""
    after = ["finally:", "    receive(Push)"] if head == "try:" else []
    return [head, *indented(body), *after]


def blocks(lines: list[str], heads: list[str]) -> st.SearchStrategy[list[str]]:
    """Lines one after the other, and under heads, some deep."""
    return st.recursive(
        st.lists(st.sampled_from(lines), min_size=1, max_size=2),
        lambda inner: st.one_of(
            st.builds(under, st.sampled_from(heads), inner),
            st.builds(lambda first, second: first + second, inner, inner),
        ),
        max_leaves=6,
    )


@st.composite
def sources(draw: Callable[[Any], Any], lines: list[str] = LINES, heads: list[str] = HEADS) -> str:
    """The text of a module with one actor function in it, `made_up`."""
    body = draw(blocks(lines, heads))
    first = draw(st.sampled_from(["receive(Go)", 'receive(Go, at="start")']))
    body = [first, *body]
    if draw(st.booleans()):
        body = ["while True:", *indented(body)]
    body = ["n, got, other = 0, [], []", *body]
    return HELPERS + "\n".join(["def made_up():", *indented(body)]) + "\n"


@st.composite
def loops(draw: Callable[[Any], Any]) -> str:
    """A program that goes round, and leaves blocks on the way by all that leaves one."""
    head = draw(st.sampled_from(["while True:", "for _ in range(3):", "while receive(Flag).on:"]))
    first = draw(st.sampled_from(LOOP_HEADS))
    body = ["receive(Go)", *under(first, draw(blocks(LOOP_LINES, LOOP_HEADS)))]
    lines = [head, *indented(body), 'receive(Coin, at="behind")']
    return HELPERS + "\n".join(["def made_up():", *indented(lines)]) + "\n"


# Limits of time count how often one went round before, which a walk by chance may never do.
without_limits = sources(heads=[head for head in HEADS if "after" not in head])
with_data = sources(LINES[:12] + DATA_LINES * 2, HEADS[:2] + HEADS[3:7] + DATA_HEADS * 2)


ALPHABET: list[Event] = [
    Coin(),
    Push(),
    Go(),
    Stop(),
    Tick(),
    Card(),
    Cash(),
    Data(),
    Flag(on=True),
    Flag(on=False),
    Price(value=1),
    Price(value=2),
    Price(value=3),
    Price(value=5),
]


def possible(d: Dispatcher, actor: ActorRef[Any]) -> list[Event | None]:
    """What would lead on from here: the events that it takes, and `None` for the next deadline."""
    taken: list[Event | None] = [event for event in ALPHABET if type(event) in actor.accepts]
    return taken if d.next_deadline is None else [*taken, None]


def act(d: Dispatcher, actor: ActorRef[Any], step: Event | None) -> None:
    """One step of a run; a crash that the program made up itself is an end like another."""
    with suppress(ValueError):
        if step is not None:
            actor.send(step)
            d.settle()
        elif d.next_deadline is not None:
            d.advance(d.next_deadline - d.now())


def follow(fn: Callable[[], Any], picks: list[int]) -> tuple[set[str], StateGraph]:
    """Run with each step picked by a number: every name told, and the graph seen.

    Every fourth number may pick what the actor does not listen for; it must change nothing that
    exploring does not know of.
    """
    with Dispatcher() as d:
        watched = observe(d)
        actor = d.spawn(fn)
        d.settle()
        told = {"/".join(actor.state)}
        for pick in picks:
            choices = possible(d, actor) if pick % 4 else [*ALPHABET]
            if not actor.alive or not choices:
                break
            act(d, actor, choices[pick % len(choices)])
            told.add("/".join(actor.state))
        return told, watched.graph


def walk_everywhere(fn: Callable[[], Any], length: int) -> StateGraph:
    """Run and run again, by chance or on the way that was taken least; all that was seen."""
    chance = Random(1)
    taken: Counter[tuple[str, str]] = Counter()
    with Dispatcher() as d:
        watched = observe(d)
        while length > 0:
            actor = d.spawn(fn)
            d.settle()
            for _ in range(40):
                here = "/".join(actor.state)
                choices = possible(d, actor)
                length -= 1
                if not actor.alive or not choices:
                    break
                step = chance.choice(choices)
                if chance.random() < 0.5:
                    step = min(choices, key=lambda choice: taken[here, repr(choice)])
                taken[here, repr(step)] += 1
                act(d, actor, step)
            actor.stop()
            d.settle()
        return watched.graph


def check_made_up_program(source: str, runs: list[list[int]]) -> None:
    with program(source) as module:
        x = explore(module.made_up)
        assert x.complete
        assert explore(module.made_up).graph.text("json") == x.graph.text("json")
        for picks in runs:
            told, observed = follow(module.made_up, picks)
            assert told <= set(x.graph.names())
            assert set(observed.names()) <= set(x.graph.names())
            assert observed.triples() <= x.graph.triples()
            assert observed.initial == x.graph.initial


def check_nothing_is_invented(source: str) -> None:
    with program(source) as module:
        graph = explore(module.made_up, time="ordered").graph
        assert graph.triples() <= explore(module.made_up, time="any").graph.triples()
        walked = walk_everywhere(module.made_up, 1200)
        assert graph.triples() == walked.triples()
        assert sorted(graph.names()) == sorted(walked.names())


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
picks = st.lists(st.integers(0, 1000), min_size=1, max_size=30)


@settings(unhurried, max_examples=60)
@given(sources() | with_data | loops(), st.lists(picks, min_size=1, max_size=4))
def test_whatever_a_made_up_program_does_was_explored(source: str, runs: list[list[int]]) -> None:
    """Names, states and edges of every run are in the explored graph."""
    check_made_up_program(source, runs)


@pytest.mark.slow
@settings(unhurried, max_examples=1500)
@given(sources() | with_data | loops(), st.lists(picks, min_size=1, max_size=8))
def test_whatever_many_made_up_programs_do_was_explored(source: str, runs: list[list[int]]) -> None:
    """The same, for longer."""
    check_made_up_program(source, runs)


@settings(unhurried, max_examples=20)
@given(without_limits)
def test_what_was_explored_of_a_made_up_program_can_be_walked(source: str) -> None:
    """With time in its order there is no edge too many: a long walk takes every one."""
    check_nothing_is_invented(source)


@pytest.mark.slow
@settings(unhurried, max_examples=600)
@given(without_limits)
def test_what_was_explored_of_many_made_up_programs_can_be_walked(source: str) -> None:
    """The same, for longer."""
    check_nothing_is_invented(source)
