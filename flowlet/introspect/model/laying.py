"""Graphs of the same code laid over each other: what `merge` does.

An edge of one view is found in the other by its two states and its event.  Guards and outputs
tell apart the edges that these leave together, as far as both views know them: a recording has no
guards, and another run may give out other values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .parts import Transition
from .quotient import together

if TYPE_CHECKING:
    from .graph import StateGraph

Triple = tuple[str, str, str]


def laid_over(left: StateGraph, right: StateGraph) -> StateGraph:
    """The left graph with what the right one knows added to it."""
    states = {state.path: state for state in left.states}
    for state in right.states:
        known = states.get(state.path)
        states[state.path] = state if known is None else together(known, state)
    ours, theirs = by_triple(left.transitions), by_triple(right.transitions)
    edges: list[Transition] = []
    for edge in left.transitions:
        if edge.triple in ours:
            edges += _laid(ours.pop(edge.triple), theirs.pop(edge.triple, []))
    for added in theirs.values():
        edges += added
    return left.model_copy(
        update={
            "states": tuple(states.values()),
            "transitions": tuple(edges),
            "initial": tuple(dict.fromkeys(left.initial + right.initial)),
            "notes": tuple(dict.fromkeys(left.notes + right.notes)),
            "composites": tuple(dict.fromkeys(left.composites + right.composites)),
        }
    )


def by_triple(edges: Iterable[Transition]) -> dict[Triple, list[Transition]]:
    """The edges by their two states and their event, in order."""
    groups: dict[Triple, list[Transition]] = {}
    for edge in edges:
        groups.setdefault(edge.triple, []).append(edge)
    return groups


def meant(edge: Transition, among: Sequence[Transition]) -> list[int]:
    """Which of the edges with the same triple this one is: where it does not say, all of them."""
    if edge.guard:
        same = [i for i, other in enumerate(among) if other.guard == edge.guard]
    else:
        same = list(range(len(among)))
    exact = [i for i in same if among[i].outputs == edge.outputs]
    return exact or same


def _laid(ours: list[Transition], theirs: list[Transition]) -> list[Transition]:
    """Both views' edges of one triple."""
    if theirs and not any(edge.guard for edge in ours) and all(edge.guard for edge in theirs):
        ours, theirs = theirs, ours  # whoever knows the guards has the edges
    edges = list(ours)
    added = []
    met: set[int] = set()
    for edge in theirs:
        same = meant(edge, ours)
        met.update(same)
        for i in same:
            edges[i] = _with(edges[i], edge)
        if not same:
            added.append(edge)
    alone = [edge for i, edge in enumerate(edges) if i not in met]
    if not (alone and added) or _was_read(alone) is _was_read(added):
        return edges + added
    kept = [edge for i, edge in enumerate(edges) if i in met]
    return kept + _in_other_words(*((added, alone) if _was_read(alone) else (alone, added)))


def _was_read(edges: list[Transition]) -> bool:
    """Whether nothing is known of edges but that they stand in the source."""
    return not any(edge.evidence.reachable or edge.evidence.seen for edge in edges)


def _in_other_words(run: list[Transition], read: list[Transition]) -> list[Transition]:
    """What is left of a triple in a run and in the source: the same conditions in other words.

    The source may say `n > 5 and ready` where runs have shown `n >= 6`.  What was run is what is
    kept; what was read is told of with it where the outputs are the same.
    """
    laid = []
    for edge in run:
        for other in read:
            if other.outputs == edge.outputs:
                edge = _with(edge, other)
        laid.append(edge)
    outputs = {edge.outputs for edge in run}
    return laid + [edge for edge in read if edge.outputs not in outputs]


def _with(edge: Transition, other: Transition) -> Transition:
    """An edge with what another view knows of it."""
    return edge.model_copy(
        update={
            "evidence": edge.evidence | other.evidence,
            "border": edge.border or other.border,
            "entry": edge.entry or other.entry,
            "at": edge.at or other.at,
        }
    )
