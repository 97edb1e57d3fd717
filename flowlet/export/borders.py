"""Where arrows begin and end: at a state, or at the border of a composite.

An edge leaves from a border where an `until` stands round the block: the graph has it for each
state inside, and says so.  It ends at a border where all that comes into a composite from outside
goes in at one state: that is its initial state, has the dot, and need not be told by each arrow.
Regions that stand apart are gone into in no other way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from flowlet.introspect.model import State, StateGraph, Transition

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: from where, and to where; in there, if `head` is `None`."""

    tail: str
    head: str | None = None
    from_box: bool = False
    to_box: str = ""
    #: One without text has an arrow of its own: nobody would see it among others.
    is_bare: bool = False


@dataclass(slots=True)
class Borders:
    """The composites of a graph, and how they are gone into and left."""

    graph: StateGraph
    states: dict[str, State]
    #: The path of each composite by its name; what is outside stands before what is in it.
    composites: dict[str, Path]
    #: The composites that consist of regions.
    divided: set[str] = field(init=False)
    #: The initial states of the composites that have one.
    entries: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.divided = {block.name for block in self.graph.composites if block.regions}
        self.entries = {}
        for block in self.graph.composites:
            if block.initial and self._holds(block.name, block.initial):
                self.entries[block.name] = block.initial
        for edge in self.graph.transitions:
            box = edge.entry
            if box and box not in self.divided and self._holds(box, edge.target):
                self.entries.setdefault(box, edge.target)
        for name, path in self.composites.items():
            if name not in self.entries and name not in self.divided and self._several(path):
                found = set(self._entered(path))
                if len(found) == 1:
                    self.entries[name] = found.pop()

    def _several(self, box: Path) -> bool:
        return sum(is_in(state.path, box) for state in self.states.values()) > 1

    def _entered(self, box: Path) -> Iterator[str]:
        """The states in a box to which arrows from outside of it lead."""
        for name in self.graph.initial:
            if is_in(self.states[name].path, box) and not self.initial_box(name):
                yield name
        for edge in self.graph.transitions:
            if not is_in(self.states[edge.target].path, box) or self.is_inside(edge):
                continue
            tail, from_box = self._tail(edge)
            if _comes_in(tail, from_box, box) and not self._way_in(edge.target, tail, from_box):
                yield edge.target

    def of(self, edge: Transition) -> Place:
        """Where the line of an edge stands."""
        from_box = self._holds(edge.border, edge.source)
        tail = edge.border if from_box and edge.border else edge.source
        if self.is_inside(edge):
            return Place(tail, from_box=from_box)
        to_box = self._way_in(edge.target, *self._tail(edge))
        if edge.entry and self._holds(edge.entry, edge.target):
            to_box = min(to_box or edge.entry, edge.entry, key=len)  # the outer one
        return Place(tail, edge.target, from_box, to_box, not edge.label)

    def is_inside(self, edge: Transition) -> bool:
        """Whether an edge is a line in its state or box: it is in place."""
        return edge.kind == "internal" and edge.source == edge.target

    def initial_box(self, name: str, inside: str = "") -> str:
        """The box, `inside` another one, at whose border one goes in to begin in a state."""
        return self._way_in(name, self.composites.get(inside, ()), False) if name else ""

    def _way_in(self, name: str, tail: Path, from_box: bool) -> str:
        """The outermost box with that initial state that is gone into from there."""
        path = self.states[name].path
        for depth in range(1, len(path)):
            box = "/".join(path[:depth])
            if "/".join(path[: depth - 1]) in self.divided:
                continue  # a region is gone into together with the others
            inner = "/".join(path[: depth + 1]) if box in self.divided else box
            if self.entries.get(inner) == name and _comes_in(tail, from_box, path[:depth]):
                return box
        return ""

    def _tail(self, edge: Transition) -> tuple[Path, bool]:
        if edge.border and self._holds(edge.border, edge.source):
            return self.composites[edge.border], True
        return self.states[edge.source].path, False

    def _holds(self, border: str | None, name: str) -> bool:
        box = self.composites.get(border or "")
        return box is not None and name in self.states and is_in(self.states[name].path, box)


def composites_of(states: list[State]) -> dict[str, Path]:
    """The path of each composite state by its name; what is outside stands before what is in it."""
    return {
        "/".join(state.path[:depth]): state.path[:depth]
        for state in states
        for depth in range(1, len(state.path))
    }


def is_in(path: Path, box: Path) -> bool:
    """Whether a path is that of a box, or of something in it."""
    return path[: len(box)] == box


def _comes_in(tail: Path, from_box: bool, box: Path) -> bool:
    """Whether what begins there, at a border or in a state, comes into a box from outside."""
    return not is_in(tail, box) or (from_box and len(tail) <= len(box))
