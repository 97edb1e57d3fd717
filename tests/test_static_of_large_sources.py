"""Very large sources are looked at coarsely: no edge is missing, conditions are not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowlet import Event, explore, me, parallel, receive, spawn, state
from flowlet.introspect import static
from flowlet.introspect.source_graph import Search
from flowlet.introspect.source_graph.machine import COARSEST


class Coin(Event):
    value: int = 1


class Push(Event): ...


class BentError(Exception): ...


def coarse(fn: Callable[..., Any]) -> Any:
    """The graph of a source as if it were a very large one."""
    search = Search(fn)
    search.facts.level = COARSEST
    return search.graph()


def checked(coin: Coin) -> int:
    if coin.value < 0:
        raise BentError
    return coin.value


def careful_gate() -> None:
    while True:
        try:
            checked(receive(Coin, at="locked"))
        except BentError:
            receive(Push, at="jammed")


def announced() -> None:
    with state("checking"):
        pass
    with state("checked"):
        pass


def announcing_gate() -> None:
    while True:
        receive(Coin, at="locked")
        announced()
        receive(Push, at="open")


def blessed() -> None:
    with state("blessing"):
        pass


def blessing_gate() -> None:
    receive(Coin, at="locked")
    blessed()


def nested(depth: int) -> None:
    with state("box"):
        receive(Coin)
        if depth:
            receive(Push)
            nested(depth - 1)


def boxes() -> None:
    nested(2)


def down(depth: int) -> None:
    receive(Coin)
    if depth:
        down(depth - 1)
        receive(Push)


def descends() -> None:
    down(1)


def helper() -> None:
    receive(Push, at="helping")


def employs() -> None:
    spawn(helper)


def family() -> None:
    def parent() -> None:
        employs()
        receive(Coin, at="parent")

    def friend() -> None:
        receive(Push, at="friend")

    parallel(parent, friend)


def deaf_twice(coin: Coin) -> str:
    return "much" if coin.value > 1 else "little"


def sorting_gate() -> None:
    coin = receive(Coin, at="locked")
    kind = deaf_twice(coin)
    if kind == "much":
        receive(Push, at="open")
    else:
        receive(Coin, at="more")


@pytest.mark.parametrize(
    "actor",
    [careful_gate, announcing_gate, blessing_gate, boxes, descends, family, sorting_gate],
)
def test_a_coarse_look_sees_what_an_exact_one_does(actor: Callable[..., Any]) -> None:
    """Errors of helpers, blocks that these pass through, recursion, children of regions."""
    read, exact = coarse(actor), static(actor)
    assert (read.complete, exact.complete) == (True, True)
    assert exact.triples() - read.triples() == set()
    assert set(read.initial) == set(exact.initial)
    assert {edge.guard for edge in read.transitions} == {""}
    assert "very much to read: its edges are told without conditions" in read.notes


def test_what_a_loop_sets_is_known_behind_it() -> None:
    """It is forgotten where the next turn sets it anew, and nowhere else."""

    def gate() -> None:
        wanted: type[Event] = Push
        for wanted in (Push, Coin):
            me().name.find(wanted.__name__)
        receive(wanted, at="last")

    read = static(gate)
    assert read.complete
    assert read.triples() == explore(gate).graph.triples() == {("last", "Coin", "end")}


def test_what_an_arm_sets_is_forgotten_only_where_it_matches() -> None:
    def gate() -> None:
        wanted: Any = Coin
        match receive(Coin, Push, at="first"):
            case Push() as wanted:
                wanted = Push
            case Coin(value=2):
                me()
        receive(wanted, at="then")

    read = static(gate)
    assert read.complete
    assert {edge for edge in read.triples() if edge[0] == "then"} == {
        ("then", "Coin", "end"),
        ("then", "Push", "end"),
    }
