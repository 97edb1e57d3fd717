"""How far a search is, told at a terminal: a line that leaves no trace in what is explored."""

from __future__ import annotations

import io
import random
import sys

import pytest

from flowlet import Dispatcher, explore, pause
from flowlet.introspect import progress


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
