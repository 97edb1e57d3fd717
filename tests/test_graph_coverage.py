"""How much of a machine a trace took, and where a trace is no path of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlet import ActorRef, Dispatcher, Event, Request, explore, observe, receive, state
from flowlet.introspect import Evidence, StateGraph
from tests.graphs import graph_of, graphs, with_counts
from tests.machines import Coin, Price, Push, drill, session, turnstile, vending

GATE = graph_of("locked Coin unlocked", "unlocked Push locked", "unlocked Kick alarm")


def counts(graph: StateGraph) -> dict[str, int]:
    return {str(edge): edge.evidence.seen for edge in graph.transitions}


# --- from a run, a recording, a list


def test_an_observed_run_covers_what_it_did() -> None:
    """Straight from the observation, with what is left to do."""
    with Dispatcher() as d:
        watched = observe(d)
        gate = d.spawn(vending)
        for event in (Price(5), Push(), Price(3)):
            gate.send(event)
            d.settle()
        covered = explore(vending).graph.coverage(watched)
    assert str(covered).splitlines() == [
        "vending: 3 of 4 edges taken (75%), 3 of 3 states visited",
        "  2 × ready --Price [value >= 3]--> paid",
        "  1 × paid --Push--> vending",
        "  1 × vending --/ emit Change--> ready",
        "never taken:",
        "  ready --Price [value < 3]--> ready",
    ]
    assert (covered.fraction, covered.state_fraction, covered.follows) == (0.75, 1.0, True)
    visits = {state.name: state.evidence.seen for state in covered.visited}
    assert visits == {"ready": 2, "paid": 2, "vending": 1}


def test_of_an_observation_only_this_machine_counts() -> None:
    """Other actors of the dispatcher have machines of their own."""
    with Dispatcher() as d:
        watched = observe(d)
        gate, other = d.spawn(turnstile), d.spawn(drill)
        gate.send(Coin())
        d.settle()
        assert other.alive
        covered = explore(turnstile).graph.coverage(watched)
    assert (covered.fraction, covered.strays) == (0.5, ())


def test_a_recording_covers_by_its_counts() -> None:
    """What has a count of nought was not taken."""
    covered = GATE.coverage(with_counts(GATE, 3, 0, 1))
    assert counts(covered.graph) == {
        "locked --Coin--> unlocked": 3,
        "unlocked --Push--> locked": 0,
        "unlocked --Kick--> alarm": 1,
    }
    assert [str(edge) for edge in covered.never] == ["unlocked --Push--> locked"]


def test_a_list_of_steps_covers_in_order() -> None:
    """States are visited where a step ends, and where the first one begins."""
    covered = GATE.coverage([("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")])
    assert covered.follows
    assert {state.name: state.evidence.seen for state in covered.visited} == {
        "locked": 2,
        "unlocked": 1,
    }
    assert [state.name for state in covered.unvisited] == ["alarm"]


def test_a_state_may_be_given_as_an_actor_has_it() -> None:
    """`ref.state` is a tuple, in which regions are tuples again."""
    door = graph_of("idle Go x").model_copy(update={"initial": ("idle",)})
    both = door.model_copy(
        update={
            "transitions": (
                door.transitions[0].model_copy(update={"target": "play/music/on | light/off"}),
            )
        }
    )
    regions = ("play", (("music", "on"), ("light", "off")))
    assert both.coverage([(("idle",), "Go", regions)]).follows


def test_the_path_to_a_state_follows_the_graph() -> None:
    """What exploring found is a path of what it drew."""
    x = explore(session)
    path = x.path_to("online/user")
    covered = x.graph.coverage(path)
    assert covered.follows
    assert [str(edge) for edge in covered.taken] == [str(step) for step in path]


def test_each_actor_of_a_trace_walks_on_its_own() -> None:
    """Two at the same gate, one step here and one there."""
    covered = GATE.coverage(
        [
            ("anna", "locked", "Coin", "unlocked"),
            ("bert", "locked", "Coin", "unlocked"),
            ("anna", "unlocked", "Kick", "alarm"),
            ("bert", "unlocked", "Push", "locked"),
        ]
    )
    assert covered.follows
    assert covered.fraction == 1.0


# --- strays


def test_a_step_that_is_no_edge_is_named() -> None:
    """Which one it is, and what there would have been."""
    trace = [("locked", "Coin", "unlocked"), ("unlocked", "Coin", "unlocked")]
    covered = GATE.coverage(trace)
    assert not covered.follows
    assert [str(stray) for stray in covered.strays] == [
        "step 2: unlocked --Coin--> unlocked: no such edge; out of unlocked there is "
        "Push to locked, Kick to alarm"
    ]
    assert "not in the graph:\n  step 2: " in str(covered)
    assert covered.graph.state("unlocked").evidence.seen == 2


def test_a_step_that_begins_elsewhere_is_named() -> None:
    """Each step is an edge, and still it is no path."""
    trace = [("bert", "locked", "Coin", "unlocked"), ("bert", "locked", "Coin", "unlocked")]
    covered = GATE.coverage(trace)
    assert [str(stray) for stray in covered.strays] == [
        "step 2 of bert: locked --Coin--> unlocked: the step before ended in unlocked"
    ]
    assert counts(covered.graph)["locked --Coin--> unlocked"] == 2


def test_a_state_that_the_graph_does_not_have_is_named() -> None:
    """A recording has no order, so it is told how often."""
    other = graph_of("locked Coin open")
    (stray,) = GATE.coverage(with_counts(other, 4)).strays
    assert str(stray) == "4 times: locked --Coin--> open: there is no state open"


def test_a_trace_may_leave_out_what_nobody_waits_in() -> None:
    """Transient states are passed through: the edges on the way there count."""
    graph = graph_of("a Go b", "b c", "c d", "d Go a", "b x", "x d", b="transient", c="transient")
    covered = graph.coverage([("a", "Go", "d")])
    assert covered.follows
    assert [str(edge) for edge in covered.taken] == ["a --Go--> b", "b --> c", "c --> d"]
    assert not graph.coverage([("a", "Go", "a")]).follows


def test_transient_states_in_a_ring_are_passed_once() -> None:
    """A way through them is looked for, and there is none."""
    ring = graph_of("a Go b", "b c", "c b", "d Go a", b="transient", c="transient")
    assert not ring.coverage([("a", "Go", "d")]).follows


def test_a_trace_does_not_pass_through_a_state_that_waits() -> None:
    """Only through those that are transient."""
    graph = graph_of("a Go b", "b c")
    assert not graph.coverage([("a", "Go", "c")]).follows


def test_what_is_no_step_is_refused() -> None:
    """With what a step looks like."""
    with pytest.raises(TypeError, match=r"\(state, event, state\).* not 'Coin'"):
        GATE.coverage(["Coin"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="three parts, or four"):
        GATE.coverage([("locked", "Coin")])  # type: ignore[list-item]


# --- what has to be taken


def test_what_is_only_read_in_the_source_need_not_be_taken() -> None:
    """Where the graph knows what is reachable; else everything counts."""
    could_be = GATE.transitions[2].model_copy(update={"evidence": Evidence(static=True)})
    mixed = GATE.model_copy(update={"transitions": (*GATE.transitions[:2], could_be)})
    trace = [("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")]
    assert mixed.coverage(trace).fraction == 1.0
    assert mixed.coverage(trace).unvisited == ()
    assert mixed.coverage([*trace, ("unlocked", "Kick", "alarm")]).fraction == 1.0
    assert GATE.coverage(trace).fraction == pytest.approx(2 / 3)


def test_nothing_is_taken_by_no_steps() -> None:
    """Not even the start is visited; of no edges all are taken."""
    (start,) = GATE.coverage([]).unvisited[:1]
    assert start.name == "locked"
    alone = StateGraph(states=GATE.states[:1], initial=("locked",)).coverage([])
    assert ([state.name for state in alone.unvisited], alone.fraction) == (["locked"], 1.0)


def test_counts_that_the_graph_had_do_not_count() -> None:
    """Coverage is of this trace."""
    covered = with_counts(GATE, 5, 5, 5).coverage([("locked", "Coin", "unlocked")])
    assert sum(counts(covered.graph).values()) == 1


def test_a_step_without_a_guard_counts_on_every_guard() -> None:
    """A log does not say which; where it says what was given out, that decides."""
    graph = graph_of("a E b if x", "a E b if y", "a F b / emit 1", "a F b / emit 2")
    covered = graph.coverage([("a", "E", "b")])
    assert list(counts(covered.graph).values()) == [1, 1, 0, 0]
    seen = with_counts(graph_of("a F b / emit 2"), 3)
    assert list(counts(graph.coverage(seen).graph).values()) == [0, 0, 0, 3]


@given(graphs(), st.data())
def test_every_walk_of_a_graph_follows_it(graph: StateGraph, data: st.DataObject) -> None:
    """Wherever it begins; and it covers the edges that it took."""
    here = data.draw(st.sampled_from(graph.names()))
    walk: list[tuple[str, str, str]] = []
    for _ in range(6):
        ways = sorted({edge.triple for edge in graph.transitions if edge.source == here})
        if not ways:
            break
        walk.append(data.draw(st.sampled_from(ways)))
        here = walk[-1][2]
    covered = graph.coverage(walk)
    assert covered.strays == ()
    assert {edge.triple for edge in covered.taken} == set(walk)
    assert len(covered.taken) + len(covered.never) == len(graph.transitions)


@given(graphs(), graphs())
def test_a_recording_strays_where_there_is_no_such_edge(
    graph: StateGraph, seen: StateGraph
) -> None:
    """Where no state is transient, exactly there."""
    plain = graph.model_copy(
        update={"states": tuple(s.model_copy(update={"kind": "state"}) for s in graph.states)}
    )
    counted = with_counts(seen, *([1] * len(seen.transitions)))
    strays = {stray.edge.triple for stray in plain.coverage(counted).strays}
    assert strays == seen.triples() - graph.triples()


# --- the trace of a system ------------------------------------------------------------------------


class Order(Request[int]): ...


class Bill(Event): ...


def clerk(shop: ActorRef[Any]) -> None:
    with state("busy"):
        shop.ask(Order(), at="ordering")
        shop.send(Bill())
        receive(Push, at="paid")


def store() -> None:
    while True:
        receive(Order, at="open").reply(1)
        receive(Bill, at="billing")


def shopping(d: Dispatcher) -> None:
    d.spawn(clerk, d.spawn(store))


def test_what_was_observed_of_a_system_is_a_path_of_its_graph() -> None:
    """Each step of an actor is a step of all of them together."""
    machine = explore(shopping).graph
    with Dispatcher() as d:
        watched = observe(d)
        shopping(d)
        d.settle()
    covered = machine.coverage(watched)
    assert covered.follows, covered.strays
    assert (covered.fraction, covered.state_fraction) == (1.0, 1.0)


TRACE = [
    ("store", "open", "Order", "billing"),
    ("clerk", "busy/ordering", "ask Order", "busy/paid"),
    ("store", "billing", "Bill", "open"),
]


def test_so_is_a_list_of_steps_with_the_actors_in_front() -> None:
    """And one that comes too early is a stray, told in the states of all."""
    machine = explore(shopping).graph
    assert machine.coverage(TRACE).follows
    early = machine.coverage([TRACE[0], TRACE[2]])
    (stray,) = early.strays
    assert stray.step == 2
    assert stray.edge.source == "billing | busy/ordering"
    unknown = machine.coverage([("thief", "here", "Bill", "gone")])
    assert [stray.actor for stray in unknown.strays] == ["thief"]
