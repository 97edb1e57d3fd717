"""Graphs that are made up: a small way to write one down, and a strategy for any."""

from __future__ import annotations

from hypothesis import strategies as st

from flowlet.introspect import Evidence, State, StateGraph, Transition
from flowlet.introspect.model import StateKind


def graph_of(*edges: str, initial: str = "", **kinds: StateKind) -> StateGraph:
    """A graph of edges such as `"locked Coin unlocked"` and `"on 'after 5s' off"`.

    An edge has two words where it is eventless.  What follows `if` is its guard, and what follows
    `/` its output.  `kinds` are those of states that are not plain ones.
    """
    made = [_edge(text) for text in edges]
    names = dict.fromkeys(end for edge in made for end in (edge.source, edge.target))
    return StateGraph(
        name="machine",
        states=tuple(State(path=tuple(n.split("/")), kind=kinds.get(n, "state")) for n in names),
        transitions=tuple(made),
        initial=(initial or made[0].source,),
    )


def _edge(text: str) -> Transition:
    text, _, output = text.partition(" / ")
    text, _, guard = text.partition(" if ")
    words = text.split()
    return Transition(
        source=words[0],
        event=" ".join(words[1:-1]),
        target=words[-1],
        guard=guard,
        outputs=(output,) if output else (),
        kind="event" if len(words) > 2 else "eventless",
        evidence=Evidence(reachable=True),
    )


def with_counts(graph: StateGraph, *counts: int) -> StateGraph:
    """The graph as a run would have left it: so often was each edge taken."""
    edges = [
        edge.model_copy(update={"evidence": Evidence(seen=count)})
        for edge, count in zip(graph.transitions, counts, strict=True)
    ]
    return graph.model_copy(update={"transitions": tuple(edges)})


KINDS: tuple[StateKind, ...] = ("state", "state", "state", "transient", "final", "error")


@st.composite
def graphs(draw: st.DrawFn, most_states: int = 7, most_edges: int = 14) -> StateGraph:
    """Any small graph: states of every kind, in blocks; parallel edges, loops, lost parts."""
    names = [f"s{i}" for i in range(draw(st.integers(1, most_states)))]
    paths = [(*draw(st.sampled_from([(), ("in",), ("in", "deep")])), name) for name in names]
    states = [State(path=path, kind=draw(st.sampled_from(KINDS))) for path in paths]
    ends = st.sampled_from([state.name for state in states])
    edge = st.builds(
        Transition,
        source=ends,
        event=st.sampled_from(["", "A", "B"]),
        target=ends,
        guard=st.sampled_from(["", "", "x > 1"]),
        outputs=st.sampled_from([(), (), ("emit 1",)]),
    )
    edges = {(e.triple, e.guard, e.outputs): e for e in draw(st.lists(edge, max_size=most_edges))}
    return StateGraph(
        name="machine",
        states=tuple(states),
        transitions=tuple(edges.values()),
        initial=tuple(draw(st.lists(ends, min_size=1, max_size=2, unique=True))),
    )
