"""What a graph can say, a small machine for each thing: with it, and the same machine without.

The names are those of the list in the design.  What is without is made of the graph of the machine
by taking one thing away, so that a format which shows it has to write two different texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowlet import (
    Delay,
    Dispatcher,
    Event,
    Exited,
    StateGraph,
    emit,
    explore,
    observe,
    on,
    parallel,
    receive,
    sleep,
    spawn,
    state,
    until,
    watch,
)
from flowlet.introspect import Evidence, State, Transition, static


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Late(Event): ...


class LetGo(Event):
    label = "let go"


@dataclass(frozen=True)
class Feature:
    """One thing that a graph says."""

    name: str
    graph: StateGraph
    #: The same without it.
    without: StateGraph


def states(graph: StateGraph, **changes: Any) -> StateGraph:
    """The graph with fields of all states changed."""
    changed = tuple(state.model_copy(update=changes) for state in graph.states)
    return graph.model_copy(update={"states": changed})


def edges(graph: StateGraph, **changes: Any) -> StateGraph:
    """The graph with fields of all transitions changed."""
    changed = tuple(edge.model_copy(update=changes) for edge in graph.transitions)
    return graph.model_copy(update={"transitions": changed})


def without_edges(graph: StateGraph, is_gone: Callable[[Transition], bool]) -> StateGraph:
    kept = tuple(edge for edge in graph.transitions if not is_gone(edge))
    return graph.model_copy(update={"transitions": kept})


# --- the machines


def gate() -> None:
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")


def online() -> None:
    receive(Coin, at="offline")
    with until(Late), state("online"):
        while True:
            receive(Push, at="guest")
            receive(Push, at="user")


def two() -> None:
    def left() -> None:
        receive(Coin, at="l")

    def right() -> None:
        receive(Push, at="r")

    with state("both"):
        parallel(left, right)


def remembering() -> None:
    while True:
        with until(Late), state("player", history="deep"):
            receive(Coin, at="intro")
            receive(Push, at="song")
        receive(Coin, at="stopped")


def ended() -> None:
    receive(Coin, at="running")
    with state("Terminated"):
        return


def crashed() -> None:
    receive(Coin, at="running")
    raise ValueError("no")


def labelled() -> None:
    receive(LetGo, at="held")
    receive(Push, at="free")


def guarded() -> None:
    while True:
        coin = receive(Coin, at="locked")
        if coin.value > 2:
            receive(Push, at="unlocked")


def acting() -> None:
    while True:
        receive(Coin, at="waiting")
        emit("tea")


def lamp() -> None:
    receive(Push, at="off")
    with state("on"):
        emit("bright")
        try:
            receive(Push)
        finally:
            emit("dark")


def timed() -> None:
    receive(Coin, after=5, at="waiting")
    receive(Coin, after=Delay("patience", 7), at="hoping")


def passing() -> None:
    receive(Coin, at="first")
    with state("passed"):
        pass
    receive(Push, at="second")


def answering() -> None:
    def answer(event: Late) -> None:
        emit("soon")

    with on(Late, answer):
        receive(Coin, at="busy")


def family() -> None:
    def child() -> None:
        sleep(1)

    ref = spawn(child, name="child")
    watch(ref)
    receive(Exited, at="waiting")


def keeping() -> None:
    with state("busy", defer=(Late,)):
        receive(Coin, at="busily")
    receive(Late, at="idle")


def _seen() -> StateGraph:
    with Dispatcher() as d:
        watched = observe(d)
        ref = d.spawn(gate)
        d.settle()
        ref.send(Coin())
        d.settle()
    return explore(gate).graph.merge(watched.graph)


def _flat(graph: StateGraph) -> StateGraph:
    """The graph with only the last part of every path."""
    names = {state.name: state.path[-1] for state in graph.states}
    return graph.model_copy(
        update={
            "states": tuple(
                state.model_copy(update={"path": state.path[-1:]}) for state in graph.states
            ),
            "transitions": tuple(
                edge.model_copy(
                    update={
                        "source": names[edge.source],
                        "target": names[edge.target],
                        "border": None,
                    }
                )
                for edge in graph.transitions
            ),
            "initial": tuple(names[name] for name in graph.initial),
        }
    )


def _renamed(graph: StateGraph, old: str, new: str) -> StateGraph:
    return StateGraph.model_validate_json(graph.model_dump_json().replace(old, new))


def features() -> list[Feature]:
    """All of them, in the order of the design's list."""
    plain = explore(gate).graph
    boxed = explore(online).graph
    regions = explore(two).graph
    final, error = explore(ended).graph, explore(crashed).graph
    named, words = explore(labelled).graph, explore(guarded).graph
    given, lit = explore(acting).graph, explore(lamp).graph
    left = explore(remembering).graph
    limits, passed = explore(timed).graph, explore(passing).graph
    kept = static(keeping)
    inner, child = explore(answering).graph, explore(family).graph
    changed = plain.model_copy(
        update={
            "states": (*plain.states, State(path=("broken",), change="new")),
            "transitions": (
                *plain.transitions,
                Transition(source="locked", event="Late", target="broken", change="new"),
            ),
        }
    )
    cut = plain.model_copy(update={"complete": False, "notes": ("count grows without bound",)})
    known = _seen()
    return [
        Feature("initial state", plain, plain.model_copy(update={"initial": ("unlocked",)})),
        Feature("composite state", boxed, _flat(boxed)),
        Feature("regions", regions, states(regions, regions=())),
        Feature("history", left, left.model_copy(update={"composites": ()})),
        Feature("final state", final, states(final, kind="state")),
        Feature("end by an error", error, states(error, kind="state")),
        Feature("event label", named, _renamed(named, "let go", "LetGo")),
        Feature("guard", words, edges(words, guard="")),
        Feature("action", given, edges(given, outputs=())),
        Feature("entry and exit", lit, edges(lit, outputs=())),
        Feature("after edge", limits, without_edges(limits, lambda e: e.event == "after 5s")),
        Feature("named delay", limits, without_edges(limits, lambda e: e.event == "patience")),
        Feature("eventless edge", passed, without_edges(passed, lambda e: not e.event)),
        Feature("internal edge", inner, edges(inner, kind="event")),
        Feature("child's end", child, without_edges(child, lambda e: e.kind == "done")),
        Feature("deferred set", kept, states(kept, deferred=())),
        Feature("edge from a border", boxed, edges(boxed, border=None)),
        Feature("active state", plain.highlight("locked"), plain),
        Feature("source link", plain, edges(states(plain, source=None), at=None)),
        Feature("evidence", known, edges(states(known, evidence=Evidence()), evidence=Evidence())),
        Feature("change", changed, edges(states(changed, change=None), change=None)),
        Feature("what is not complete", cut, plain),
    ]
