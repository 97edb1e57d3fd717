"""The states of a graph in the order in which people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parts import State, Transition

if TYPE_CHECKING:
    from .graph import StateGraph


def states_of(graph: StateGraph) -> dict[str, State]:
    """All states by their names; a graph from elsewhere may name what it does not list."""
    states = {state.name: state for state in graph.states}
    ends = [end for edge in graph.transitions for end in (edge.source, edge.target)]
    for name in (*graph.initial, *ends):
        if name not in states:
            states[name] = State(path=tuple(name.split("/")))
    return states


def breadth_first(graph: StateGraph) -> list[str]:
    """The names from the initial states on, edges as they stand in the source.

    The order in which the graph holds its parts is of no effect.  Regions that stand apart follow
    each other.  What cannot be reached comes last.
    """
    after: dict[str, list[str]] = {}
    for edge in sorted(graph.transitions, key=by_source_line):
        after.setdefault(edge.source, []).append(edge.target)
    begin = {block.name: block.initial for block in graph.composites if block.initial}
    for block in graph.composites:
        regions = [begin.get(f"{block.name}/{region}") for region in block.regions]
        first, *others = [name for name in regions if name] or [""]
        after[first] = [*others, *after.get(first, ())]  # who is in one region is in all
    order: dict[str, None] = {}
    for start in (*sorted(set(graph.initial)), *sorted(states_of(graph))):
        ready = [start]
        for name in ready:
            if name not in order:
                order[name] = None
                ready.extend(after.get(name, ()))
    return list(order)


def by_source_line(edge: Transition) -> tuple[str, int, tuple[str, ...]]:
    """A key to sort edges by: the place in the source, then all that tells them apart."""
    file, line = (edge.at.file, edge.at.line) if edge.at else ("", 0)
    return file, line, (edge.source, edge.target, edge.label, *edge.outputs, edge.kind)


def known_to_happen(graph: StateGraph) -> list[Transition]:
    """The edges without those that were only read in the source, if any is known to be more."""
    known = [edge for edge in graph.transitions if edge.evidence.reachable or edge.evidence.seen]
    return known or list(graph.transitions)
