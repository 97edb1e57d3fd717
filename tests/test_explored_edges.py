"""What an explored graph says on its edges and states: guards, outputs, sources, what is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flowlet import (
    emit,
    explore,
    receive,
    state,
    whereis,
)
from flowlet.introspect import StateGraph
from tests.machines import (
    Card,
    Cash,
    Change,
    Coin,
    Go,
    Price,
    Push,
    Stop,
    Tick,
    checkout,
    drill,
    edges,
    jugs,
    line_of,
    session,
    turnstile,
    vending,
)


def guards(graph: StateGraph, source: str, event: str) -> dict[str, str]:
    return {edge.target: edge.guard for edge in edges(graph, source, event)}


def test_an_if_on_the_event_is_a_guard() -> None:
    """Its text comes from the source; the other way has a guard too."""
    found = guards(explore(vending).graph, "ready", "Price")
    assert set(found) == {"ready", "paid"}
    assert "value >= 3" in found["paid"]
    assert found["ready"] != ""
    assert found["ready"] != found["paid"]


def test_a_match_arm_on_fields_is_a_guard() -> None:
    """`case Price(value=5)` is the edge of the event `Price`, with the field as its guard."""

    def kiosk() -> None:
        while True:
            match receive(Price, Stop, at="idle"):
                case Price(value=5):
                    receive(Push, at="change")
                case Price(value=v) if v > 2:
                    receive(Push, at="exact")
                case Price():
                    receive(Push, at="more")
                case Stop():
                    return

    graph = explore(kiosk).graph
    found = guards(graph, "idle", "Price")
    assert set(found) == {"change", "exact", "more"}
    assert "5" in found["change"]
    assert "v > 2" in found["exact"]
    assert found["more"] != ""
    assert guards(graph, "idle", "Stop") == {"end": ""}


def test_an_if_on_what_it_remembers_is_a_guard() -> None:
    """One event that leads to two places by a counter says which condition it was."""

    def rounds() -> None:
        n = 0
        while True:
            receive(Tick, at="running")
            n += 1
            if n == 3:
                return

    found = guards(explore(rounds).graph, "running", "Tick")
    assert set(found) == {"running", "end"}
    assert "n == 3" in found["end"]


@pytest.mark.parametrize("machine", [turnstile, checkout, session, vending, drill, jugs])
def test_a_guard_stands_only_where_an_event_leads_to_several_places(
    machine: Callable[[], None],
) -> None:
    """An edge that is the only one of its event needs no condition."""
    graph = explore(machine).graph
    for edge in graph.transitions:
        places = {other.target for other in edges(graph, edge.source, edge.event)}
        assert bool(edge.guard) == (len(places) > 1)


def test_what_is_emitted_is_on_the_edge() -> None:
    """An output belongs to the step in which it was made."""

    def kiosk() -> None:
        while True:
            receive(Coin, at="idle")
            emit(Change())
            receive(Push, at="paid")

    graph = explore(kiosk).graph
    (coin,) = edges(graph, "idle", "Coin")
    (push,) = edges(graph, "paid", "Push")
    assert len(coin.outputs) == 1
    assert "emit" in coin.outputs[0]
    assert "Change" in coin.outputs[0]
    assert push.outputs == ()


def test_outputs_keep_their_order() -> None:
    """Two of one step stand as they were made."""

    def kiosk() -> None:
        receive(Coin, at="idle")
        emit(Card())
        emit(Cash())

    (edge,) = edges(explore(kiosk).graph, "idle", "Coin")
    assert ["Card" in text for text in edge.outputs] == [True, False]
    assert ["Cash" in text for text in edge.outputs] == [False, True]


def test_what_is_sent_to_another_is_on_the_edge() -> None:
    """Another actor, found by its name, is environment: the send is an output."""

    def porter() -> None:
        while True:
            receive(Go, at="waiting")
            whereis("bell").send(Tick())

    (edge,) = edges(explore(porter).graph, "waiting", "Go")
    assert len(edge.outputs) == 1
    assert "Tick" in edge.outputs[0]


def test_a_state_knows_where_it_waits() -> None:
    """File and line of the call, on which a picture makes its link."""
    graph = explore(session).graph
    for name in ("idle", "guest", "user"):
        full = name if name == "idle" else f"online/{name}"
        source = graph.state(full).source
        assert source is not None
        assert Path(source.file).name == "machines.py"
        assert source.line == line_of(session, f'at="{name}"')


def test_a_wait_in_a_helper_is_where_the_helper_waits() -> None:
    """The line is that of the wait, not that of the call."""

    def take() -> None:
        receive(Coin)

    def till() -> None:
        with state("paying"):
            take()

    source = explore(till).graph.state("paying").source
    assert source is not None
    assert Path(source.file).name == "test_explored_edges.py"
    assert source.line == line_of(take, "receive(Coin)")


def test_a_state_says_what_it_would_take() -> None:
    """The types of the wait, and those of the `until` round it."""
    graph = explore(session).graph
    assert set(graph.state("idle").accepts) == {"Connect"}
    assert set(graph.state("online/guest").accepts) == {"Login", "Disconnect"}


def test_what_was_explored_is_marked_so() -> None:
    """Each edge is known to be reachable, and none was seen in a run."""
    graph = explore(session).graph
    assert all(edge.evidence.reachable for edge in graph.transitions)
    assert all(edge.evidence.seen == 0 for edge in graph.transitions)
    assert all(found.evidence.reachable for found in graph.states)
