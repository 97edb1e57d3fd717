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
    for edge in theirs:
        same = meant(edge, ours)
        for i in same:
            edges[i] = edges[i].model_copy(
                update={
                    "evidence": edges[i].evidence | edge.evidence,
                    "border": edges[i].border or edge.border,
                    "at": edges[i].at or edge.at,
                }
            )
        if not same:
            added.append(edge)
    return edges + added
