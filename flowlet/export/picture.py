"""What there is to draw: a `StateGraph` made ready for people.

Every format for people is written from a `Picture`, so that DOT and Mermaid show the same
machine.  Four things happen on the way from the graph:

- *Boxes.*  Every proper prefix of a state's path is a composite state, drawn round what is in it.
  A path may be both, a box and a state: a block that waits itself beside the blocks in it.
- *Borders.*  The graph has an edge for each state that an `until` leaves; the picture has one,
  from the border of the block that the `until` stands round.
- *Arrows.*  Edges between the same two places share one arrow, with a line of text for each.
- *Order.*  Breadth first from the initial states, edges as their lines stand in the source.  The
  order in which the graph holds its parts is of no effect, so equal graphs give equal bytes.

What is too large to be read is folded before, by `StateGraph.view`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from flowlet.introspect.model import Source, State, StateGraph, StateKind, Transition
from flowlet.introspect.model import TransitionKind as LineKind
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .places import short

#: Exploring one actor notes this each time.  It is the meaning of such a picture, and under every
#: picture it would be noise.
ALWAYS_ASSUMED = "mail was assumed to come when it is listened for"

#: How well something is known: `seen` and `unseen` exist where a run has counted, `guessed` is
#: read from the source alone while other edges are known to be reachable; `new` and `gone` where
#: two versions were compared.
Look = Literal["plain", "seen", "unseen", "guessed", "new", "gone"]

MEANING: dict[Look, str] = {
    "seen": "seen, with counts",
    "unseen": "reachable, never seen",
    "plain": "reachable",
    "guessed": "only read in the source",
    "new": "new",
    "gone": "gone",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One transition, as a line of text at its arrow."""

    kind: LineKind
    event: str = ""
    guard: str = ""
    outputs: tuple[str, ...] = ()
    look: Look = "plain"
    seen: int = 0
    at: Source | None = None

    @property
    def text(self) -> str:
        """The line in UML's order, with its count: `event [guard] / output ×3`."""
        parts = [self.event] if self.event else []
        if self.guard:
            parts.append(f"[{self.guard}]")
        if self.outputs:
            parts.append("/ " + ", ".join(self.outputs))
        if self.seen:
            parts.append(f"×{self.seen}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Arrow:
    """All lines from one place to another; `tail_box` where it leaves from a box's border."""

    tail: str
    head: str
    lines: tuple[Line, ...]
    tail_box: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A state; `inside` are its internal transitions, `folded` the states that it stands for."""

    name: str
    title: str
    box: str = ""
    kind: StateKind = "state"
    look: Look = "plain"
    inside: tuple[Line, ...] = ()
    folded: tuple[str, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A composite state; `parent` is the box that it stands in, empty at the top."""

    name: str
    title: str
    parent: str = ""
    inside: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that a format has to write, in the order to write it in."""

    name: str
    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    initial: tuple[str, ...]
    caption: tuple[str, ...] = ()

    @property
    def legend(self) -> dict[Look, str]:
        """What the looks of arrows mean, where the picture has more than one."""
        looks = {line.look for arrow in self.arrows for line in arrow.lines}
        if len(looks) < 2:
            return {}
        legend: dict[Look, str] = {look: told for look, told in MEANING.items() if look in looks}
        if "plain" in looks and not looks.isdisjoint({"new", "gone"}):
            legend["plain"] = "as before"
        return legend

    def within(self, box: str) -> set[str]:
        """The names of that box and of all boxes in it."""
        names = {box}
        for inner in self.boxes:  # parents stand before their children
            if inner.parent in names:
                names.add(inner.name)
        return names

    def holds(self, box: str, node: str) -> bool:
        """Whether that node is in that box, at any depth."""
        inner = self.within(box)
        return any(one.name == node and one.box in inner for one in self.nodes)


def picture(graph: StateGraph) -> Picture:
    """The whole machine, nothing folded."""
    states = states_of(graph)
    order = breadth_first(graph)
    composites = _composites(states[name] for name in order)
    known = _Known(graph.transitions)
    lines = {
        place: known.lines(same)
        for place, same in _by_place(graph.transitions, states, composites).items()
    }
    rank = {name: number for number, name in enumerate(order)}
    rank_of_box = {
        box: min(rank[name] for name in order if _is_in(states[name].path, path))
        for box, path in composites.items()
    }

    def reading_order(arrow: Arrow) -> tuple[int, bool, int]:
        tail = rank_of_box[arrow.tail] if arrow.tail_box else rank[arrow.tail]
        return tail, arrow.tail_box, rank[arrow.head]

    arrows = [
        Arrow(tail, head, same, tail_box)
        for (tail, tail_box, head), same in lines.items()
        if head is not None
    ]
    touched = {
        end
        for arrow in arrows
        if any(line.seen for line in arrow.lines)
        for end in ((arrow.head,) if arrow.tail_box else (arrow.tail, arrow.head))
    }
    return Picture(
        name=graph.name,
        nodes=tuple(
            Node(
                name=name,
                title=states[name].path[-1],
                box=name if name in composites else "/".join(states[name].path[:-1]),
                kind=states[name].kind,
                look=known.state_look(states[name], touched),
                inside=lines.get((name, False, None), ()),
                folded=states[name].folded,
                source=states[name].source,
            )
            for name in order
        ),
        boxes=tuple(
            Box(name, path[-1], "/".join(path[:-1]), lines.get((name, True, None), ()))
            for name, path in composites.items()
        ),
        arrows=tuple(sorted(arrows, key=reading_order)),
        initial=tuple(sorted(set(graph.initial), key=rank.__getitem__)),
        caption=_caption(graph),
    )


#: Where a line stands: from where, whether that is a box, and to where; inside where that is None.
_Place = tuple[str, bool, str | None]


def _by_place(
    edges: Iterable[Transition], states: dict[str, State], composites: dict[str, tuple[str, ...]]
) -> dict[_Place, dict[Line, Transition]]:
    """The edges by the arrow that they share, equal ones as one with their evidence together."""
    places: dict[_Place, dict[Line, Transition]] = {}
    for edge in sorted(edges, key=by_source_line):
        border = composites.get(edge.border or "")
        from_box = border is not None and _is_in(states[edge.source].path, border)
        tail = edge.border if from_box and edge.border else edge.source
        is_inside = edge.kind == "internal" and edge.source == edge.target
        same = places.setdefault((tail, from_box, None if is_inside else edge.target), {})
        bare = Line(edge.kind, edge.event, edge.guard, edge.outputs, edge.change or "plain")
        same[bare] = _together(same[bare], edge) if bare in same else edge
    return places


@dataclass(slots=True)
class _Known:
    """What the graph as a whole says about evidence decides how a part of it looks."""

    edges: tuple[Transition, ...]
    any_seen: bool = field(init=False)
    any_reached: bool = field(init=False)

    def __post_init__(self) -> None:
        self.any_seen = any(edge.evidence.seen for edge in self.edges)
        self.any_reached = self.any_seen or any(edge.evidence.reachable for edge in self.edges)

    def lines(self, same: dict[Line, Transition]) -> tuple[Line, ...]:
        return tuple(
            Line(
                bare.kind,
                bare.event,
                bare.guard,
                bare.outputs,
                self.edge_look(edge),
                edge.evidence.seen,
                edge.at,
            )
            for bare, edge in same.items()
        )

    def edge_look(self, edge: Transition) -> Look:
        if edge.change:
            return edge.change
        known = edge.evidence
        if known.seen:
            return "seen"
        if self.any_reached and known.static and not known.reachable:
            return "guessed"
        return "unseen" if self.any_seen else "plain"

    def state_look(self, state: State, touched: set[str]) -> Look:
        if state.change:
            return state.change
        if not self.any_seen:
            return "plain"
        return "seen" if state.evidence.seen or state.name in touched else "unseen"


def _composites(states: Iterable[State]) -> dict[str, tuple[str, ...]]:
    """The path of each composite state by its name; what is outside stands before what is in it."""
    return {
        "/".join(state.path[:depth]): state.path[:depth]
        for state in states
        for depth in range(1, len(state.path))
    }


def _is_in(path: tuple[str, ...], box: tuple[str, ...]) -> bool:
    return path[: len(box)] == box


def _together(one: Transition, other: Transition) -> Transition:
    return one.model_copy(update={"evidence": one.evidence | other.evidence})


def _caption(graph: StateGraph) -> tuple[str, ...]:
    cut = () if graph.complete else ("Not complete: there may be more than is drawn.",)
    return (*cut, *(short(note) for note in graph.notes if note != ALWAYS_ASSUMED))
