"""What has changed between two versions of a machine.

States are compared by name, and edges by where they lead on which event: an edge between the same
two states on the same event with another guard or other outputs has *changed*; every other one is
new or gone.  Lines of the source, evidence and notes are no difference: code that was moved, or
explored twice, is the same machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from .display import shown_as
from .graph import StateGraph
from .laying import by_triple
from .order import states_of
from .parts import Change, Part, State, Transition


class StateChange(Part, frozen=True):
    """A state that is there before and after, and not the same."""

    before: State
    after: State

    def __str__(self) -> str:
        told = []
        if self.before.kind != self.after.kind:
            told.append(f"{self.before.kind} → {self.after.kind}")
        if set(self.before.deferred) != set(self.after.deferred):
            told.append(f"defers {_list(self.before.deferred)} → {_list(self.after.deferred)}")
        return f"{self.after.name}: {', '.join(told)}"


class EdgeChange(Part, frozen=True):
    """An edge that leads the same way as before, with another guard, outputs, border or kind."""

    before: Transition
    after: Transition

    def __str__(self) -> str:
        before, after = self.before, self.after
        if before.label != after.label:
            return f"{after}, was {before.label or 'without a label'}"
        if before.kind != after.kind:
            return f"{after}, {before.kind} → {after.kind}"
        itself = "the state itself"
        return f"{after}, leaves {before.border or itself} → {after.border or itself}"


class GraphDiff(Part, frozen=True):
    """The difference of two graphs; true where there is one.

    `str(diff)` has a line for each difference: `+` new, `-` gone, `~` changed.  `graph` is one
    graph of both versions, in which what is new and what is gone is marked and drawn so.
    """

    new_states: tuple[State, ...] = ()
    gone_states: tuple[State, ...] = ()
    changed_states: tuple[StateChange, ...] = ()
    new_edges: tuple[Transition, ...] = ()
    gone_edges: tuple[Transition, ...] = ()
    changed_edges: tuple[EdgeChange, ...] = ()
    initial_before: tuple[str, ...] = ()
    initial_after: tuple[str, ...] = ()
    graph: StateGraph

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not self

    def __bool__(self) -> bool:
        return next(self.lines(), None) is not None

    def __str__(self) -> str:
        return "\n".join(self.lines()) or "no difference"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The picture of both versions, for a notebook."""
        return shown_as(self.graph) | {"text/plain": str(self)}

    def lines(self) -> Iterator[str]:
        """The differences one by one, as they are printed."""
        if set(self.initial_before) != set(self.initial_after):
            yield f"~ starts in {_list(self.initial_before)} → {_list(self.initial_after)}"
        yield from (f"+ state {state.name}" for state in self.new_states)
        yield from (f"- state {state.name}" for state in self.gone_states)
        yield from (f"~ state {change}" for change in self.changed_states)
        yield from (f"+ {edge}" for edge in self.new_edges)
        yield from (f"- {edge}" for edge in self.gone_edges)
        yield from (f"~ {change}" for change in self.changed_edges)


def difference(before: StateGraph, after: StateGraph) -> GraphDiff:
    """What is new in `after`, gone from `before`, and changed.

    Raises `TypeError` for what is no graph.
    """
    for graph in before, after:
        if not isinstance(graph, StateGraph):
            raise TypeError(
                f"a graph is compared with a graph, not with {graph!r}: "
                "explore(fn).graph.diff(explore(other).graph)"
            )
    old, new = states_of(before), states_of(after)
    kept: list[Transition] = []
    new_edges: list[Transition] = []
    gone_edges: list[Transition] = []
    changed: list[EdgeChange] = []
    ours, theirs = by_triple(before.transitions), by_triple(after.transitions)
    for triple in dict.fromkeys([*ours, *theirs]):
        same, gone, come = _matched(ours.get(triple, []), theirs.get(triple, []))
        pairs = min(len(gone), len(come))
        kept += same
        changed += map(_change, gone[:pairs], come[:pairs])
        gone_edges += gone[pairs:]
        new_edges += come[pairs:]
    new_states = [state for name, state in new.items() if name not in old]
    gone_states = [state for name, state in old.items() if name not in new]
    both = after.model_copy(
        update={
            "states": (
                *(state for name, state in new.items() if name in old),
                *_marked(new_states, "new"),
                *_marked(gone_states, "gone"),
            ),
            "transitions": (
                *kept,
                *_marked([*new_edges, *(change.after for change in changed)], "new"),
                *_marked([*gone_edges, *(change.before for change in changed)], "gone"),
            ),
        }
    )
    return GraphDiff(
        new_states=tuple(new_states),
        gone_states=tuple(gone_states),
        changed_states=tuple(
            StateChange(before=state, after=new[name])
            for name, state in old.items()
            if name in new and _state_counts(state) != _state_counts(new[name])
        ),
        new_edges=tuple(new_edges),
        gone_edges=tuple(gone_edges),
        changed_edges=tuple(changed),
        initial_before=before.initial,
        initial_after=after.initial,
        graph=both,
    )


def _matched(
    ours: list[Transition], theirs: list[Transition]
) -> tuple[list[Transition], list[Transition], list[Transition]]:
    """Of two lists of edges: those in both, as they are after; only in the first; in the second."""
    gone = list(ours)
    same, come = [], []
    for edge in theirs:
        equal = next((one for one in gone if _edge_counts(one) == _edge_counts(edge)), None)
        if equal is None:
            come.append(edge)
        else:
            gone.remove(equal)
            same.append(edge)
    return same, gone, come


def _change(before: Transition, after: Transition) -> EdgeChange:
    return EdgeChange(before=before, after=after)


def _state_counts(state: State) -> object:
    return state.kind, frozenset(state.deferred)


def _edge_counts(edge: Transition) -> object:
    return edge.triple, edge.kind, edge.guard, edge.outputs, edge.border


T = TypeVar("T", State, Transition)


def _marked(parts: Iterable[T], change: Change) -> list[T]:
    return [part.model_copy(update={"change": change}) for part in parts]


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
