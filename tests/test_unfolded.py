"""The unfolded graph: every state of the search by itself, and nothing left to words."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from random import Random
from typing import Any

import pytest

from examples.models.table import MODELS
from examples.vending_machine import vending_machine
from flowlet import (
    Event,
    StateGraph,
    choose,
    emit,
    explore,
    on,
    pause,
    receive,
    spawn,
    state,
)
from flowlet.introspect import Exploration, replay

SMALL = [name for name, model in MODELS.items() if model.states < 800]


class Colour(Enum):
    RED = "r"
    BLUE = "b"


class Paint(Event):
    colour: Colour


class Coin(Event):
    value: int = 1


class Push(Event): ...


def counter() -> None:
    count = 0
    while count < 3:
        receive(Push, at="counting")
        count += 1
    with state("done"):
        return


def labels(graph: StateGraph) -> list[tuple[str, str, str]]:
    return sorted(graph.triples())


def doubled(graph: StateGraph) -> list[tuple[str, str]]:
    """The states out of which one event leads to several places."""
    counts = Counter((edge.source, edge.event) for edge in graph.transitions if edge.event)
    return [key for key, count in counts.items() if count > 1]


def begun(graph: StateGraph) -> int:
    """Whether something was given out before the first wait, which makes one more state."""
    return sum(state.kind == "transient" for state in graph.states)


def test_states_that_differ_in_data_are_apart() -> None:
    """They are numbered inside a block of the name that people see."""
    x = explore(counter)
    assert x.graph.names() == ["counting", "done"]
    assert labels(x.unfolded) == [
        ("counting/#1", "Push()", "counting/#2"),
        ("counting/#2", "Push()", "counting/#3"),
        ("counting/#3", "Push()", "done"),
    ]
    assert x.unfolded.initial == ("counting/#1",)
    assert x.unfolded.state("done").kind == "final"


def test_folding_a_name_is_the_way_back() -> None:
    """All that is called alike is one again."""
    x = explore(counter)
    assert x.unfolded.fold("counting").triples() == {
        ("counting", "Push()", "counting"),
        ("counting", "Push()", "done"),
    }


def test_an_edge_is_labelled_by_the_event_with_its_fields() -> None:
    """Where people see a guard, there are two events here."""

    def gate() -> None:
        coin = receive(Coin, at="locked")
        if coin.value >= 2:
            receive(Push, at="unlocked")

    x = explore(gate, events=[Coin(1), Coin(2), Push()])
    assert {edge.guard for edge in x.graph.transitions} == {"coin.value < 2", "coin.value >= 2", ""}
    assert labels(x.unfolded) == [
        ("locked", "Coin(value=1)", "end"),
        ("locked", "Coin(value=2)", "unlocked"),
        ("unlocked", "Push()", "end"),
    ]
    assert {edge.guard for edge in x.unfolded.transitions} == {""}


def test_what_was_chosen_stands_in_the_label() -> None:
    """So an event still leads to one place."""

    def coin() -> None:
        receive(Push, at="on edge")
        with state(choose("heads", "tails")):
            receive(Push)

    assert {edge for edge in explore(coin).unfolded.triples() if edge[0] == "on edge"} == {
        ("on edge", "Push(), chose 'heads'", "heads"),
        ("on edge", "Push(), chose 'tails'", "tails"),
    }


def test_all_that_is_given_out_is_told_in_full_and_in_order() -> None:
    """Twice the same is twice; before the first wait, it is on the way out of `begins`."""

    def parrot() -> None:
        emit("hello")
        receive(Push, at="listening")
        emit(Coin(1))
        emit(Coin(2))
        emit(Coin(1))

    graph = explore(parrot).unfolded
    given = {edge.source: edge.outputs for edge in graph.transitions}
    assert given == {
        "begins": ("emit 'hello'",),
        "listening": ("emit Coin(value=1)", "emit Coin(value=2)", "emit Coin(value=1)"),
    }
    assert graph.initial == ("begins",)
    assert graph.state("begins").kind == "transient"


def test_a_state_called_begins_keeps_its_name() -> None:
    """What is made up gets another."""

    def actor() -> None:
        emit("hello")
        receive(Push, at="begins")

    graph = explore(actor).unfolded
    assert graph.initial == ("begins #2",)
    assert ("begins #2", "", "begins") in graph.triples()


def test_a_state_called_like_a_number_keeps_its_name() -> None:
    """Numbers that are taken are left out."""

    def actor() -> None:
        for _ in range(2):
            receive(Push, at="a")
        with state("a"):
            receive(Push, at="#1")

    names = explore(actor).unfolded.names()
    assert names == ["a/#2", "a/#3", "a/#1", "end"]


def test_an_actor_that_only_goes_on_does_so_by_a_step_of_its_own() -> None:
    """A pause is one."""

    def two() -> None:
        pause("a")
        emit(1)
        pause("b")

    assert [(edge.event, edge.outputs) for edge in explore(two).unfolded.transitions] == [
        ("goes on", ("emit 1",)),
        ("goes on", ()),
    ]


def test_a_handler_that_leaves_nothing_is_an_edge_in_place() -> None:
    """Where it changes what comes later, it is none."""

    def busy() -> None:
        told = False

        def status(event: Coin) -> None:
            nonlocal told
            told = True
            emit("busy")

        with on(Coin, status):
            receive(Push, at="working")
        if told:
            receive(Push, at="known")

    kinds = {edge[0]: edge[1] for edge in _kinds(explore(busy, events=[Coin(1), Push()]).unfolded)}
    assert kinds == {
        "working/#1 --Coin(value=1) / emit 'busy'--> working/#2": "event",
        "working/#2 --Coin(value=1) / emit 'busy'--> working/#2": "internal",
    }


def _kinds(graph: StateGraph) -> list[tuple[str, str]]:
    return [(str(edge), edge.kind) for edge in graph.transitions if edge.event.startswith("Coin")]


def test_the_end_of_a_crash_is_an_error() -> None:
    """And knows no way out."""

    def clumsy() -> None:
        receive(Push, at="standing")
        raise ValueError("fell")

    graph = explore(clumsy).unfolded
    assert [(state.name, state.kind) for state in graph.states] == [
        ("standing", "state"),
        ("error: ValueError", "error"),
    ]


def test_the_step_of_a_child_says_whose_it_is() -> None:
    """The states are those of the actor."""

    def child() -> None:
        receive(Push, at="small")

    def parent() -> None:
        ref = spawn(child, name="child")
        ref.send(Push())
        receive(Coin, at="big")

    events = {edge.event for edge in explore(parent).unfolded.transitions}
    assert any(event.startswith("parent/child: ") for event in events)


def test_every_state_says_where_it_waits() -> None:
    """A link to its line, on states and edges."""
    graph = explore(vending_machine).unfolded
    assert all(state.source for state in graph.states)
    assert all(edge.at for edge in graph.transitions)


def test_states_are_one_by_symmetry_only_in_the_search() -> None:
    """The graph says that it lacks the edges to those that are like another."""
    model = MODELS["two-phase commit 3"]
    assert explore(model.system, **model.options).unfolded.complete
    half = explore(model.system, symmetry=model.alike, **model.options)
    assert half.unique_states == model.states_by_symmetry
    assert not half.unfolded.complete
    assert any("symmetry" in note for note in half.unfolded.notes)


def test_an_enum_in_a_field_is_told() -> None:
    """By its member."""

    def wall() -> None:
        paint = receive(Paint, at="bare")
        with state(paint.colour.name):
            receive(Push)

    graph = explore(wall).unfolded
    assert set(graph.names()) == {"bare", "RED", "BLUE", "end"}
    assert not doubled(graph)


@pytest.mark.parametrize("name", SMALL)
def test_a_system_has_as_many_states_and_edges_as_were_found(name: str) -> None:
    """None is lost, none is two, and from each a line of a path leads to one place."""
    model = MODELS[name]
    x = explore(model.system, **model.options)
    graph = x.unfolded
    assert len(graph.states) - begun(graph) == x.unique_states == model.states
    assert len(graph.transitions) - begun(graph) == x.transitions
    assert doubled(graph) == []


def a_walk(x: Exploration, random: Random, most: int) -> tuple[list[str], str]:
    """The events of a way through the unfolded graph, and where it ends."""
    after: dict[str, list[tuple[str, str]]] = {}
    for edge in x.unfolded.transitions:
        after.setdefault(edge.source, []).append((edge.event, edge.target))
    here = random.choice(x.unfolded.initial)
    way: list[str] = []
    while here in after and len(way) < most:
        event, here = random.choice(after[here])
        way += [event] if event else []
    return way, here


@pytest.mark.parametrize("name", ["increment 3", "lock 3", "peterson", "two-phase commit 2"])
def test_its_ways_can_be_taken(name: str) -> None:
    """The real actors, played along a way at random, stand where it ends."""
    model = MODELS[name]
    x = explore(model.system, **model.options)
    network: dict[str, Any] = {"network": model.network}
    for seed in range(5):
        way, end = a_walk(x, Random(seed), 12)
        d = replay(model.system, way, **network)
        there = " | ".join("/".join(actor.state) for actor in d.view.actors)
        assert there == end.partition("/#")[0]
