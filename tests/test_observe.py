"""Observing: what really happened, how often, and how it lies over what was explored."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowlet import Dispatcher, explore, observe, receive, spawn
from flowlet.introspect import StateGraph
from tests.machines import (
    Address,
    Card,
    Cash,
    Coin,
    Connect,
    Data,
    Disconnect,
    Go,
    Login,
    Price,
    Push,
    Stop,
    checkout,
    drill,
    edges,
    run,
    session,
    try_everything,
    turnstile,
    vending,
)


def seen(graph: StateGraph) -> dict[tuple[str, str, str], int]:
    return {
        (edge.source, edge.event, edge.target): edge.evidence.seen for edge in graph.transitions
    }


# -- counting ----------------------------------------------------------------------------------


def test_each_edge_is_counted() -> None:
    """Three coins and two pushes that were taken; one that was thrown away."""
    _, graph = run(turnstile, Coin(), Push(), Push(), Coin(), Push(), Coin())
    assert seen(graph) == {("locked", "Coin", "unlocked"): 3, ("unlocked", "Push", "locked"): 2}


def test_what_never_happened_is_not_in_the_recording() -> None:
    """A recording holds what was seen and no more."""
    _, graph = run(session, Connect())
    assert graph.names() == ["idle", "online/guest"]
    assert graph.triples() == {("idle", "Connect", "online/guest")}
    assert graph.initial == ("idle",)


def test_timeouts_are_counted_as_they_fire() -> None:
    """Two of three times the five seconds were over."""
    _, graph = run(drill, Go(), 5, Go(), Stop(), Go(), 100)
    assert seen(graph) == {
        ("off", "Go", "on"): 3,
        ("on", "after 5s", "off"): 2,
        ("on", "Stop", "off"): 1,
    }


def test_a_transient_state_is_counted_on_both_its_edges() -> None:
    """Passed twice, twice in and twice out."""
    _, graph = run(vending, Price(value=5), Push(), Price(value=1), Price(value=3), Push())
    assert seen(graph) == {
        ("ready", "Price", "paid"): 2,
        ("ready", "Price", "ready"): 1,
        ("paid", "Push", "vending"): 2,
        ("vending", "", "ready"): 2,
    }


def test_stopping_an_actor_draws_no_edge() -> None:
    """A stop is no event of the machine; nor is the end of the dispatcher."""
    with Dispatcher() as d:
        watched = observe(d)
        stopped = d.spawn(turnstile)
        d.spawn(turnstile)
        d.settle()
        stopped.send(Coin())
        d.settle()
        stopped.stop()
        d.settle()
    assert watched.graph.triples() == {("locked", "Coin", "unlocked")}


def test_an_observer_may_come_late() -> None:
    """It counts from where it came."""
    with Dispatcher() as d:
        gate = d.spawn(turnstile)
        gate.send(Coin())
        d.settle()
        watched = observe(d)
        gate.send(Push())
        d.settle()
        assert seen(watched.graph) == {("unlocked", "Push", "locked"): 1}


def test_two_observers_see_the_same() -> None:
    """Observing is listening: nobody takes anything from anybody."""
    with Dispatcher() as d:
        first, second = observe(d), observe(d)
        gate = d.spawn(turnstile)
        gate.send(Coin())
        d.settle()
        assert first.graph == second.graph
        assert seen(first.graph) == {("locked", "Coin", "unlocked"): 1}


def test_a_child_is_observed_like_any_actor() -> None:
    """Actors that actors spawn are on the same stream."""

    def gatekeeper() -> None:
        gate = spawn(turnstile)
        receive(Go, at="resting")
        gate.send(Coin())
        receive(Stop, at="working")

    _, graph = run(gatekeeper, Go())
    assert graph.triples() == {
        ("resting", "Go", "working"),
        ("locked", "Coin", "unlocked"),
    }


def test_the_graph_of_an_observer_grows() -> None:
    """Asked again, it has what came since; what was given before stays as it was."""
    with Dispatcher() as d:
        watched = observe(d)
        gate = d.spawn(turnstile)
        gate.send(Coin())
        d.settle()
        before = watched.graph
        gate.send(Push())
        d.settle()
        assert len(before.transitions) == 1
        assert len(watched.graph.transitions) == 2


def test_a_recording_is_json_as_any_graph() -> None:
    """It can be written, and read back by whoever has the model alone."""
    _, graph = run(session, Connect(), Login(), Data(), Disconnect())
    assert StateGraph.model_validate_json(graph.text("json")) == graph


def test_the_same_run_gives_the_same_recording() -> None:
    """Byte by byte."""
    steps = (Connect(), Login(), Data(), Data(), Disconnect(), Connect())
    assert run(session, *steps)[1].text("json") == run(session, *steps)[1].text("json")


# -- one over the other ------------------------------------------------------------------------


def test_a_recording_lies_over_what_was_explored() -> None:
    """Each edge keeps that it is reachable and gets how often it was seen."""
    explored = explore(session).graph
    _, observed = run(session, Connect(), Login(), Data(), Data(), Disconnect())
    both = explored.merge(observed)
    assert both.names() == explored.names()
    assert both.triples() == explored.triples()
    assert all(edge.evidence.reachable for edge in both.transitions)
    assert seen(both) == {
        ("idle", "Connect", "online/guest"): 1,
        ("online/guest", "Login", "online/user"): 1,
        ("online/user", "Data", "online/user"): 2,
        ("online/user", "Disconnect", "idle"): 1,
        ("online/guest", "Disconnect", "idle"): 0,
    }
    assert [(edge.source, edge.event) for edge in both.unseen()] == [("online/guest", "Disconnect")]


def test_before_any_run_everything_is_unseen() -> None:
    """What is explored alone was never seen to happen."""
    graph = explore(turnstile).graph
    assert len(graph.unseen()) == 2


def test_recordings_add_up() -> None:
    """Two runs laid over the explored graph count together."""
    both = explore(turnstile).graph.merge(
        run(turnstile, Coin())[1], run(turnstile, Coin(), Push())[1]
    )
    assert seen(both) == {("locked", "Coin", "unlocked"): 2, ("unlocked", "Push", "locked"): 1}
    assert both.unseen() == []


def test_an_edge_with_a_guard_is_counted_by_where_it_leads() -> None:
    """The recording knows no guards; it knows the place."""
    both = explore(vending).graph.merge(run(vending, Price(value=5), Push(), Price(value=1))[1])
    (paid,) = (edge for edge in edges(both, "ready", "Price") if edge.target == "paid")
    (ready,) = (edge for edge in edges(both, "ready", "Price") if edge.target == "ready")
    assert (paid.evidence.seen, ready.evidence.seen) == (1, 1)
    assert paid.guard != ""
    assert ready.guard != ""


# -- everything that can happen is found, and nothing else ---------------------------------------


@pytest.mark.parametrize(
    ("machine", "alphabet", "length"),
    [
        (turnstile, [Coin(), Push()], 4),
        (checkout, [Address(), Card(), Cash()], 4),
        (session, [Connect(), Login(), Data(), Disconnect()], 4),
        (vending, [Price(value=1), Price(value=5), Push()], 4),
        (drill, [Go(), Stop(), 5], 4),
    ],
)
def test_exploring_finds_what_trying_everything_shows(
    machine: Callable[[], None], alphabet: list[object], length: int
) -> None:
    """Every sequence of so many steps is run; together they show exactly the explored graph."""
    tried = try_everything(machine, alphabet, length)
    explored = explore(machine).graph
    assert tried.triples() == explored.triples()
    assert sorted(tried.names()) == sorted(explored.names())
    assert tried.initial == explored.initial
