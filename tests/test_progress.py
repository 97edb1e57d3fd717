"""How far a search is, told at a terminal: a line that leaves no trace in what is explored."""

from __future__ import annotations

import io
import random
import sys
from typing import Any

import pytest

from flowlet import Dispatcher, Event, explore, pause, receive
from flowlet.introspect import progress, rehearsal, system
from flowlet.introspect.product import Product
from flowlet.introspect.walks import covering_walks


class Go(Event): ...


class Terminal(io.StringIO):
    """What a person sits before."""

    def isatty(self) -> bool:
        return True


def walker() -> None:
    for _ in range(13):
        pause("step")


def walkers(d: Dispatcher) -> None:
    for name in "north", "east", "south":
        d.spawn(walker, name=name)


def test_the_line_at_a_terminal_is_not_taken_for_the_actors_doing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library that paints it draws from `random` when it is loaded; no actor does."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "LONG", 0.0)
    x = explore(walkers)
    assert x.complete
    assert x.unique_states == 14**3
    assert "exploring walkers: 2," in terminal.getvalue()


def test_who_asks_for_progress_may_draw_from_random() -> None:
    told: list[tuple[int, float]] = []
    x = explore(walkers, progress=lambda states, frontier: told.append((states, random.random())))
    assert x.complete
    assert told


# --- after Ctrl-C ---------------------------------------------------------------------------------


def interrupt(states: int, frontier: int) -> None:
    raise KeyboardInterrupt


def test_a_sample_is_run_once_more_only_as_long_as_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a note says so; the states that were found do not depend on it."""
    whole = explore(walkers)
    assert not any("once more" in note for note in whole.notes)
    monkeypatch.setattr(system, "HASTY_AUDIT", -1.0)
    cut = explore(walkers, progress=interrupt)
    assert "of 24 ways that are run once more" in " ".join(cut.notes)
    assert "1 could be in the time that there was" in " ".join(cut.notes)
    assert 2000 <= cut.unique_states <= whole.unique_states


def test_walks_of_a_search_that_was_interrupted_run_nothing_more() -> None:
    """Somebody waits for them: they go where the search has gone on from."""

    def counter() -> None:
        n = 0
        while True:
            receive(Go, at="counting")
            n += 1
            if n == 20:
                raise KeyboardInterrupt

    x = explore(counter)
    (machine,) = vars(x)["_product"].machines
    before = (machine.runs, machine.replays)
    found = covering_walks(x)
    assert [step.target for walk in found.walks for step in walk] == ["counting"]
    assert (machine.runs, machine.replays) == before


def test_another_interrupt_while_the_sample_is_run_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: Any, **__: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(rehearsal, "audit_way", interrupted)
    x = explore(walkers)
    assert x.unique_states == 14**3
    assert "0 could be" in " ".join(x.notes)


def test_the_steps_taken_within_bounds_are_told_without_asking_again_for_each_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is drawn has only the steps that stay inside; to find them is no second search."""
    asked = 0
    moves_of = Product.all_moves

    def counted(self: Product, state: int) -> Any:
        nonlocal asked
        asked += 1
        return moves_of(self, state)

    monkeypatch.setattr(Product, "all_moves", counted)
    x = explore(walkers, within=lambda v: v["north"].alive)
    assert x.unique_states == 13 * 14**2
    graph = x.graph_of("north")
    assert graph.triples() == {("walker", "step", "walker")}
    assert asked < 1000
