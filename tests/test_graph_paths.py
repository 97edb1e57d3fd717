"""Test paths: walks from the start that together take every edge that can be reached."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from flowlet import Dispatcher, explore
from flowlet.introspect import Evidence, StateGraph, Transition
from tests.graphs import graph_of, graphs
from tests.machines import Connect, Data, Disconnect, Login, session, turnstile


def told(graph: StateGraph) -> list[str]:
    """Each path in one line."""
    return [
        " ".join([path[0].source, *(f"-{edge.label}> {edge.target}" for edge in path)])
        for path in graph.paths()
    ]


def test_a_loop_is_one_path() -> None:
    """Out and back again."""
    assert told(explore(turnstile).graph) == ["locked -Coin> unlocked -Push> locked"]


def test_a_path_goes_on_while_that_is_no_further_than_from_the_start() -> None:
    """A way back to where something is left is walked; two steps instead of two is no detour."""
    graph = graph_of("a A b", "b B c", "c C a", "a X end", "b Y b", end="final")
    assert told(graph) == ["a -A> b -Y> b -B> c -C> a -X> end"]


def test_a_path_goes_back_over_known_edges_if_that_is_shorter() -> None:
    """From m it is one step to what is left, from the start two."""
    graph = graph_of("a P m", "m Q b", "b C c", "c D m", "b E e")
    assert told(graph) == ["a -P> m -Q> b -C> c -D> m -Q> b -E> e"]


def test_an_end_needs_another_path() -> None:
    """From the start, by the shortest way."""
    graph = graph_of("a Go b", "b Win won", "b Lose lost", won="final", lost="final")
    assert told(graph) == ["a -Go> b -Lose> lost", "a -Go> b -Win> won"]


def test_a_new_path_begins_where_the_way_is_shorter() -> None:
    """From b it is a step back to where something is left; a new path begins there."""
    graph = graph_of("a A b", "b R a", "a M m", "m S b", "a N z")
    assert told(graph) == ["a -A> b -R> a -M> m -S> b", "a -N> z"]


def test_a_walk_ends_with_something_new() -> None:
    """It is never longer than it must be."""
    graph = graph_of("a A b", "b B a")
    assert [len(path) for path in graph.paths()] == [2]


def test_every_start_is_a_start() -> None:
    """A machine may have several initial states."""
    graph = graph_of("a A c", "b B c").model_copy(update={"initial": ("a", "b")})
    assert told(graph) == ["a -A> c", "b -B> c"]


def test_what_nothing_leads_to_has_no_path() -> None:
    """Nor has what is only read in the source, where something is known to be reachable."""
    graph = graph_of("a A b", "c C a")
    assert told(graph) == ["a -A> b"]
    could_be = Transition(source="a", event="X", target="d", evidence=Evidence(static=True))
    mixed = graph.model_copy(update={"transitions": (*graph.transitions, could_be)})
    assert told(mixed) == ["a -A> b"]
    source = StateGraph(transitions=(could_be,), initial=("a",))
    assert told(source) == ["a -X> d"]


def test_the_paths_can_be_walked() -> None:
    """Where no data decides, the real actor goes where the path says."""
    events = {"Connect": Connect, "Login": Login, "Data": Data, "Disconnect": Disconnect}
    for path in explore(session).graph.paths():
        with Dispatcher() as d:
            actor = d.spawn(session)
            d.settle()
            for edge in path:
                assert "/".join(actor.state) == edge.source
                actor.send(events[edge.event]())
                d.settle()
                assert "/".join(actor.state) == edge.target


def test_a_machine_that_does_nothing_has_no_paths() -> None:
    """There is no edge to take."""
    assert StateGraph(initial=("a",)).paths() == []


# --- any graph


def reachable(graph: StateGraph) -> set[Transition]:
    names = set(graph.initial)
    while more := {e.target for e in graph.transitions if e.source in names} - names:
        names |= more
    return {edge for edge in graph.transitions if edge.source in names}


def distance(graph: StateGraph, name: str) -> int:
    names, steps = set(graph.initial), 0
    while name not in names:
        names |= {edge.target for edge in graph.transitions if edge.source in names}
        steps += 1
    return steps


@given(graphs())
def test_paths_take_every_reachable_edge_and_are_paths(graph: StateGraph) -> None:
    """From an initial state on, each step where the last one ended."""
    paths = graph.paths()
    assert {edge for path in paths for edge in path} == reachable(graph)
    assert all(path[0].source in graph.initial for path in paths)
    assert all(a.target == b.source for path in paths for a, b in pairwise(path))


@given(graphs())
def test_paths_are_few_and_short(graph: StateGraph) -> None:
    """Each edge costs at most the shortest way to it, and each path brings something at its end."""
    paths = graph.paths()
    ways = sum(1 + distance(graph, edge.source) for edge in reachable(graph))
    assert sum(map(len, paths)) <= ways
    taken: set[Transition] = set()
    for path in paths:
        first_new = next(i for i, edge in enumerate(path) if edge not in taken)
        assert first_new == distance(graph, path[first_new].source)
        assert path[-1] not in taken | set(path[:-1])
        taken |= set(path)


@given(graphs())
def test_the_paths_are_the_same_each_time(graph: StateGraph) -> None:
    """In whatever order the graph holds its parts."""
    turned = graph.model_copy(update={"transitions": graph.transitions[::-1]})
    assert turned.paths() == graph.paths()
