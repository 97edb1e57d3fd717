"""Small machines that several tests share, and one way to look at a machine from three sides.

`look` explores an actor function and also runs it, step by step, with an observer at the
dispatcher.  What the running actor says of itself, what exploring found and what was observed
must use the same names: `look` checks this each time, so that every test that uses it does.
"""

from __future__ import annotations

import inspect
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from flowlet import Dispatcher, Event, emit, explore, observe, receive, state, until
from flowlet.introspect import StateGraph, Transition

# -- events ------------------------------------------------------------------------------------


class Coin(Event): ...


class Push(Event): ...


class Address(Event): ...


class Card(Event): ...


class Cash(Event): ...


class Connect(Event): ...


class Disconnect(Event): ...


class Login(Event): ...


class Data(Event): ...


class Tick(Event): ...


class Go(Event): ...


class Stop(Event): ...


class Change(Event): ...


class Flag(Event):
    on: bool


class Digit(Event):
    value: Literal[1, 2]


class Price(Event):
    value: Literal[1, 2, 3, 5]


class Pick(Event):
    which: Literal["one", "two"]


class FillSmall(Event): ...


class FillBig(Event): ...


class EmptySmall(Event): ...


class EmptyBig(Event): ...


class PourIntoSmall(Event): ...


class PourIntoBig(Event): ...


@dataclass
class Box:
    n: int = 0


# -- machines ----------------------------------------------------------------------------------


def turnstile() -> None:
    """A coin unlocks it, a push locks it again."""
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")


def checkout() -> None:
    """One block with two waits that have no names of their own."""
    while True:
        with state("checkout"):
            receive(Address)
            receive(Card, Cash)


def session() -> None:
    """A connection that may be cut wherever it is."""
    while True:
        receive(Connect, at="idle")
        with until(Disconnect), state("online"):
            receive(Login, at="guest")
            while True:
                receive(Data, at="user")


def vending() -> None:
    """Data decides: three and more buys, and the rest is given back."""
    while True:
        if receive(Price, at="ready").value >= 3:
            receive(Push, at="paid")
            with state("vending"):
                emit(Change())


def drill() -> None:
    """It stops by itself after five seconds."""
    while True:
        receive(Go, at="off")
        receive(Stop, after=5, at="on")


def jugs(goal: int | None = None) -> None:
    """Two jugs that hold three and five, and no marks on them."""
    small = big = 0
    while big != goal:
        match receive(
            FillSmall, FillBig, EmptySmall, EmptyBig, PourIntoSmall, PourIntoBig, at="jugs"
        ):
            case FillSmall():
                small = 3
            case FillBig():
                big = 5
            case EmptySmall():
                small = 0
            case EmptyBig():
                big = 0
            case PourIntoSmall():
                poured = min(big, 3 - small)
                small, big = small + poured, big - poured
            case PourIntoBig():
                poured = min(small, 5 - big)
                small, big = small - poured, big + poured
    with state("measured"):
        return


measure_four = partial(jugs, goal=4)


# -- three views -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Views:
    """One machine as it tells of itself, as it was explored and as it was observed."""

    told: list[str]
    explored: StateGraph
    observed: StateGraph

    def triples(self) -> set[tuple[str, str, str]]:
        """The edges, when the run took every one that exploring found."""
        assert self.observed.triples() == self.explored.triples()
        return self.explored.triples()


def look(fn: Callable[..., Any], *steps: object, crash: str = "", **options: Any) -> Views:
    """Explore `fn`, and run it through `steps`: events, and numbers as seconds that pass.

    `told` holds `ref.state`, joined as it is drawn, before the first step and after each.
    `crash` names the exception that the last step (or the start) is to bring.
    """
    explored = explore(fn, **options).graph
    told, observed = run(fn, *steps, crash=crash)
    assert set(told) <= set(explored.names())
    assert set(observed.names()) <= set(explored.names())
    assert observed.triples() <= explored.triples()
    assert set(observed.initial) <= set(explored.initial)
    return Views(told, explored, observed)


def run(fn: Callable[..., Any], *steps: object, crash: str = "") -> tuple[list[str], StateGraph]:
    """Run `fn` through `steps` under an observer: the names it told, and the graph seen."""
    told: list[str] = []
    error = ""
    with Dispatcher() as d:
        watched = observe(d)
        ref = d.spawn(fn)
        try:
            d.settle()
            told.append("/".join(ref.state))
            for step in steps:
                if isinstance(step, int | float):
                    d.advance(step)
                else:
                    ref.send(step)
                    d.settle()
                told.append("/".join(ref.state))
        except Exception as raised:
            error = type(raised).__name__
            if error != crash:
                raise
            told.append("/".join(ref.state))
        graph: StateGraph = watched.graph
    assert error == crash
    return told, graph


def try_everything(fn: Callable[..., Any], alphabet: Iterable[object], length: int) -> StateGraph:
    """What is observed when every sequence of steps of this length is tried."""
    seen = StateGraph()
    for steps in itertools.product(list(alphabet), repeat=length):
        with Dispatcher() as d:
            watched = observe(d)
            ref = d.spawn(fn)
            d.settle()
            for step in steps:
                if not ref.alive:
                    break
                if isinstance(step, int | float):
                    d.advance(step)
                else:
                    ref.send(step)
                    d.settle()
            seen = seen.merge(watched.graph)
    return seen


# -- small tools -------------------------------------------------------------------------------


def edges(graph: StateGraph, source: str, event: str) -> list[Transition]:
    """The edges out of one state on one event."""
    return [edge for edge in graph.transitions if (edge.source, edge.event) == (source, event)]


def line_of(fn: Callable[..., Any], text: str) -> int:
    """The number of the one line of `fn` in which `text` stands."""
    lines, first = inspect.getsourcelines(fn)
    (found,) = [first + i for i, line in enumerate(lines) if text in line]
    return found


def python_program(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own, which finds flowlet and the machines."""
    path = folder / "a_program.py"
    path.write_text("from tests.machines import *\n" + text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def counts(fn: Callable[..., Any], **options: Any) -> tuple[int, int, int]:
    """States, last states and steps of a machine that must be explored to its end."""
    x = explore(fn, **options)
    assert x.complete
    return x.unique_states, x.terminal_states, x.transitions


_numbers = itertools.count()


@contextmanager
def program(text: str) -> Iterator[ModuleType]:
    """Python source as a module of its own, in a real file, for as long as the block lasts."""
    name = f"a_program_{next(_numbers)}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
            yield module
        finally:
            del sys.modules[name]
