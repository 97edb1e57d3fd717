"""What there is to draw: a `StateGraph` made ready for people.

Every format for people is written from a `Picture`, so that DOT and Mermaid show the same
machine.  Five things happen on the way from the graph:

- *Boxes.*  Every proper prefix of a state's path is a composite state, drawn round what is in it.
  A path may be both, a box and a state: a block that waits itself beside the blocks in it.
- *Borders.*  The graph has an edge for each state that an `until` leaves; the picture has one,
  from the border of the block that the `until` stands round.
- *Regions.*  Those that are independent stand apart (`StateGraph.factor`), each with its own
  beginning; the others stay combinations.
- *Arrows.*  Edges between the same two places share one arrow, with a line of text for each.
- *Order.*  Breadth first from the initial states, edges as their lines stand in the source.  The
  order in which the graph holds its parts is of no effect, so equal graphs give equal bytes.

What is too large to be read is folded before, by `StateGraph.view`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from flowlet.introspect.model import MANY, Depth, Evidence, State, StateGraph, Transition
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .borders import Borders, Place, composites_of, is_in
from .places import short
from .shapes import Arrow, Box, Line, Look, Node, Picture

__all__ = ["Arrow", "Box", "Line", "Look", "Node", "Picture", "for_people", "picture"]

#: Exploring one actor notes this each time.  It is the meaning of such a picture, and under every
#: picture it would be noise.
ALWAYS_ASSUMED = "mail was assumed to come when it is listened for"


def for_people(graph: StateGraph, many: int = MANY) -> Picture:
    """What there is to draw of a machine: regions apart, and folded above `many` states."""
    return picture(graph.factor().view(many))


def picture(graph: StateGraph) -> Picture:
    """The whole machine, nothing folded."""
    states = states_of(graph)
    order = breadth_first(graph)
    composites = composites_of([states[name] for name in order])
    blocks = {block.name: block for block in graph.composites}
    known = _Known(graph.transitions)
    borders = Borders(graph, states, composites)
    lines = {
        place: known.lines(same) for place, same in _by_place(graph.transitions, borders).items()
    }
    rank = {name: number for number, name in enumerate(order)}
    rank_of_box = {
        box: min(rank[name] for name in order if is_in(states[name].path, path))
        for box, path in composites.items()
    }

    def reading_order(arrow: Arrow) -> tuple[int, bool, int, str, bool]:
        tail = rank_of_box[arrow.tail] if arrow.tail_box else rank[arrow.tail]
        text = any(line.text for line in arrow.lines)
        return tail, arrow.tail_box, rank[arrow.head], arrow.head_box, text

    arrows = [
        Arrow(place.tail, place.head, same, place.from_box, place.to_box)
        for place, same in lines.items()
        if place.head is not None
    ]
    touched = {
        end
        for arrow in arrows
        if any(line.seen for line in arrow.lines)
        for end in ((arrow.head,) if arrow.tail_box else (arrow.tail, arrow.head))
    }
    deferred = _deferred(states, composites)
    regions = {f"{block.name}/{name}" for block in graph.composites for name in block.regions}
    return Picture(
        name=graph.name,
        nodes=tuple(
            Node(
                name=name,
                title=states[name].path[-1],
                box=name if name in composites else "/".join(states[name].path[:-1]),
                kind=states[name].kind,
                look=known.state_look(states[name], touched),
                inside=lines.get(Place(name), ()) + deferred.get((name, False), ()),
                folded=states[name].folded,
                source=states[name].source,
                history=blocks[name].history if name in blocks and name not in composites else None,
                active=states[name].active,
            )
            for name in order
        ),
        boxes=tuple(
            Box(
                name,
                path[-1],
                "/".join(path[:-1]),
                lines.get(Place(name, from_box=True), ()) + deferred.get((name, True), ()),
                history=blocks[name].history if name in blocks else None,
                initial=borders.entries.get(name, ""),
                initial_box=borders.initial_box(borders.entries.get(name, ""), name),
                is_region=name in regions,
                active=any(s.active and is_in(s.path, path) for s in states.values()),
            )
            for name, path in composites.items()
        ),
        arrows=tuple(sorted(arrows, key=reading_order)),
        initial=tuple(
            (name, borders.initial_box(name))
            for name in sorted(set(graph.initial), key=rank.__getitem__)
        ),
        caption=_caption(graph, {*states, *composites}),
    )


def _by_place(
    edges: Iterable[Transition], borders: Borders
) -> dict[Place, dict[Line, list[Transition]]]:
    """The edges by the arrow that they share, and there by the line."""
    places: dict[Place, dict[Line, list[Transition]]] = {}
    for edge in sorted(edges, key=by_source_line):
        same = places.setdefault(borders.of(edge), {})
        bare = Line(edge.kind, edge.event, edge.guard, edge.outputs, edge.change or "plain")
        same.setdefault(bare, []).append(edge)
    return places


def _deferred(
    states: dict[str, State], composites: dict[str, tuple[str, ...]]
) -> dict[tuple[str, bool], tuple[Line, ...]]:
    """What is kept for later, at the outermost place where that holds: a state or a box.

    A box is where everything in it keeps an event, or takes it.
    """
    found: dict[tuple[str, bool], list[str]] = {}
    told: dict[str, set[str]] = {name: set() for name in states}
    for box, path in composites.items():
        inside = [s for s in states.values() if s.kind == "state" and is_in(s.path, path)]
        if len(inside) < 2:
            continue
        for event in dict.fromkeys(event for state in inside for event in state.deferred):
            keeps = [state for state in inside if event in state.deferred]
            if all(event in (*s.deferred, *s.accepts) for s in inside) and len(keeps) > 1:
                if not all(event in told[state.name] for state in keeps):
                    found.setdefault((box, True), []).append(event)
                for state in inside:
                    told[state.name].add(event)
    for name, state in states.items():
        left = [event for event in state.deferred if event not in told[name]]
        if left:
            found[name, False] = left
    return {
        place: (Line("internal", ", ".join(sorted(events)), outputs=("defer",)),)
        for place, events in found.items()
    }


@dataclass(slots=True)
class _Known:
    """What the graph as a whole says about evidence decides how a part of it looks."""

    edges: tuple[Transition, ...]
    any_seen: bool = field(init=False)
    any_reached: bool = field(init=False)

    def __post_init__(self) -> None:
        self.any_seen = any(edge.evidence.seen for edge in self.edges)
        self.any_reached = self.any_seen or any(edge.evidence.reachable for edge in self.edges)

    def lines(self, by_line: dict[Line, list[Transition]]) -> tuple[Line, ...]:
        return tuple(self._line(bare, tuple(edges)) for bare, edges in by_line.items())

    def _line(self, bare: Line, edges: tuple[Transition, ...]) -> Line:
        """A line with all the evidence of its edges."""
        known = reduce(or_, (edge.evidence for edge in edges))
        look = edges[0].change or self.edge_look(known)
        return replace(bare, look=look, seen=known.seen, at=edges[0].at, edges=edges)

    def edge_look(self, known: Evidence) -> Look:
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


def history_mark(depth: Depth | None) -> str:
    """UML's mark of a block that remembers."""
    return {"deep": "H*", "shallow": "H", None: ""}[depth]


def _caption(graph: StateGraph, drawn: set[str]) -> tuple[str, ...]:
    told = [] if graph.complete else ["Not complete: there may be more than is drawn."]
    told += [short(note) for note in graph.notes if note != ALWAYS_ASSUMED]
    if any(len(state.regions) > 1 for state in graph.states):
        told.append("a | b: regions in combination, as they are not known to be independent.")
    told += [
        f"{block.name} remembers where it was left ({history_mark(block.history)})."
        for block in graph.composites
        if block.history and block.name not in drawn
    ]
    return tuple(told)
