"""The smallest graph that does the same: states that nobody can tell apart are one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from flowlet import explore, receive
from flowlet.introspect import Evidence, StateGraph, Transition
from flowlet.introspect.model.minimize import bisimilar
from tests.graphs import graph_of, graphs
from tests.machines import Coin, Push, session


def test_a_loop_that_was_written_twice_is_one() -> None:
    """The second lap does what the first one does."""

    def unrolled() -> None:
        while True:
            receive(Coin, at="locked")
            receive(Push, at="unlocked")
            receive(Coin, at="locked again")
            receive(Push, at="unlocked again")

    small = explore(unrolled).graph.minimize()
    assert small.triples() == {
        ("locked, locked again", "Coin", "unlocked, unlocked again"),
        ("unlocked, unlocked again", "Push", "locked, locked again"),
    }
    assert small.initial == ("locked, locked again",)
    assert len(small.transitions) == 2


def test_states_that_can_be_told_apart_stay() -> None:
    """A machine without repetitions is as small as it gets."""
    graph = explore(session).graph
    assert graph.minimize() == graph


@pytest.mark.parametrize(
    "edge", ["b Coin y", "b Push x", "b Push y if paid", "b Push y / emit 1", "b y", "b Push z"]
)
def test_the_whole_label_tells_states_apart(edge: str) -> None:
    """Event, guard and output; and where it leads."""
    graph = graph_of("s A a", "s B b", "a Push y", "y Y x", "z Y z", edge)
    assert {"a", "b"} <= set(graph.minimize().names())


def test_two_ways_are_not_one() -> None:
    """The classic: to choose at the coin, or at the button, takes the same words."""
    early = graph_of("a Coin t", "a Coin c", "t Tea x", "c Coffee x")
    late = graph_of("b Coin m", "m Tea y", "m Coffee y")
    both = StateGraph(
        states=early.states + late.states,
        transitions=early.transitions + late.transitions,
        initial=("a", "b"),
    )
    small = both.minimize()
    assert {"a", "b"} <= set(small.names())
    assert "x, y" in small.names()


def test_kinds_of_states_stay_apart() -> None:
    """None of these leads anywhere, and to end is not to crash is not to wait for ever."""
    graph = graph_of("a A b", "a B c", "a C d", "a D e", b="final", c="error", d="final")
    assert graph.minimize().names() == ["a", "b, d", "c", "e"]


def test_a_time_limit_is_no_event_and_what_is_kept_counts() -> None:
    """Though the labels are the same, and what can be done."""
    graph = graph_of("s A a", "s B b", "a Stop x", "b Stop x")
    limit = graph.transitions[3].model_copy(update={"kind": "timeout"})
    assert len(graph.minimize().states) == 3
    timed = graph.model_copy(update={"transitions": (*graph.transitions[:3], limit)})
    assert len(timed.minimize().states) == 4
    keeps = graph.state("a").model_copy(update={"deferred": ("Ping",)})
    states = tuple(keeps if state.name == "a" else state for state in graph.states)
    assert len(graph.model_copy(update={"states": states}).minimize().states) == 4


def test_evidence_of_what_becomes_one_is_added() -> None:
    """Counts together; reachable if one of them is."""
    graph = graph_of("a Go b", "b Go a")
    first, second = graph.transitions
    second = second.model_copy(update={"evidence": Evidence(static=True, seen=2)})
    (edge,) = graph.model_copy(update={"transitions": (first, second)}).minimize().transitions
    assert edge.evidence == Evidence(static=True, reachable=True, seen=2)


def test_names_of_merged_states_can_be_read() -> None:
    """Blocks round all of them stay round; of many only the first is named."""
    graph = graph_of("on/a Go on/b", "on/b Go on/a")
    assert graph.minimize().names() == ["on/a, b"]
    apart = graph_of("on/a Go off/a", "off/a Go on/a")
    assert apart.minimize().names() == ["on/a, off/a"]
    beside = graph_of("on Go on/a", "on/a Go on")
    assert beside.minimize().names() == ["on, on/a"]
    ring = graph_of(*(f"s{i} Go s{(i + 1) % 9}" for i in range(9)))
    assert ring.minimize().names() == ["s0, … 9 states"]


def test_a_merged_state_takes_no_name_that_another_has() -> None:
    """A number tells them apart."""
    graph = graph_of("t T s", "s A a", "s B b", "a Go t", "b Go t")
    clash = graph.project(lambda state: "a, b" if state.name == "t" else state.name)
    assert clash.minimize().names() == ["a, b", "s", "a, b #2"]


def test_a_block_that_is_left_from_its_border_still_is() -> None:
    """As long as the merged state is in it."""
    graph = graph_of("off Go on/a", "on/a Next on/b", "on/b Next on/a", "on/a Off off")
    out = graph.transitions[3].model_copy(update={"border": "on"})
    other = out.model_copy(update={"source": "on/b"})
    graph = graph.model_copy(update={"transitions": (*graph.transitions[:3], out, other)})
    (edge,) = [edge for edge in graph.minimize().transitions if edge.event == "Off"]
    assert (edge.source, edge.border) == ("on/a, b", "on")


# --- any graph


def naive(graph: StateGraph) -> set[frozenset[str]]:
    """Bisimilarity as it is defined: the largest relation in which each can follow the other."""
    kind = {state.name: state.kind for state in graph.states}
    moves = {
        name: {(_label(edge), edge.target) for edge in graph.transitions if edge.source == name}
        for name in kind
    }
    alike = {(a, b) for a in kind for b in kind if kind[a] == kind[b]}

    def follows(a: str, b: str) -> bool:
        return all(
            any(label == other and (to, there) in alike for other, there in moves[b])
            for label, to in moves[a]
        )

    while wrong := {(a, b) for a, b in alike if not (follows(a, b) and follows(b, a))}:
        alike -= wrong
    return {frozenset(b for a, b in alike if a == name) for name in kind}


def _label(edge: Transition) -> tuple[str, str, tuple[str, ...]]:
    return edge.event, edge.guard, edge.outputs


@settings(max_examples=400)
@given(graphs())
def test_the_classes_are_those_of_the_definition(graph: StateGraph) -> None:
    """Found by splitting, they are what is left when everything wrong is taken away."""
    assert {frozenset(members) for members in bisimilar(graph)} == naive(graph)


@given(graphs())
def test_minimizing_again_changes_nothing(graph: StateGraph) -> None:
    """The smallest has nothing in it that could be one."""
    small = graph.minimize()
    assert len(small.states) == len(naive(graph))
    assert len(small.minimize().states) == len(small.states)


@given(graphs())
def test_each_state_goes_into_one_that_does_the_same(graph: StateGraph) -> None:
    """Put beside the small graph, a state is alike to the one that stands for it."""
    small = graph.minimize()
    renamed = small.project(lambda state: ("small", state.name))
    beside = StateGraph(
        states=graph.states + renamed.states, transitions=graph.transitions + renamed.transitions
    )
    classes = naive(beside)
    assert len(classes) == len(small.states)
    assert all(any(name.startswith("small/") for name in members) for members in classes)


@pytest.mark.slow
def test_a_long_chain_takes_no_square_of_time() -> None:
    """Each state of a chain is told apart from the end on: the worst that there is."""

    def seconds(length: int) -> float:
        chain = graph_of(*(f"s{i} Go s{i + 1}" for i in range(length)))
        times = []
        for _ in range(3):
            begin = time.process_time()
            assert len(bisimilar(chain)) == length + 1
            times.append(time.process_time() - begin)
        return min(times)

    seconds(100)
    assert seconds(8000) < 40 * seconds(1000)
