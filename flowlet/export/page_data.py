"""What the interactive page knows of a machine, as data for its script.

The states and transitions are those of the graph, so that stepping through it is exact, whatever
the pictures fold or take apart.  Each picture says which of them its parts stand for: a fold for
all states in it, a state of one region for every combination with it.  Everything is in the order
in which people read it, so equal graphs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowlet.introspect.model import Evidence, Source, State, StateGraph, Transition
from flowlet.introspect.model.apart import Factored
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .marked import Marked
from .places import short, url
from .shapes import Arrow, Line, Node
from .text import visible


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, and the graph that it is drawn of: the one with regions apart, or a view of it."""

    graph: StateGraph
    picture: Marked
    #: Whether it is such a view.
    is_folded: bool


def page_data(whole: StateGraph, apart: Factored, pictures: Sequence[Shown]) -> dict[str, Any]:
    """The whole graph, and for each picture of it, regions `apart`, what it shows of it."""
    states = states_of(whole)
    order = {name: number for number, name in enumerate(breadth_first(whole))}
    edges = whole.transitions
    reading = sorted(range(len(edges)), key=lambda place: by_source_line(edges[place]))
    rank = {place: number for number, place in enumerate(reading)}
    active = [order[state.name] for state in whole.states if state.active]
    initial = sorted({order[name] for name in whole.initial})
    return {
        "name": whole.name,
        "complete": whole.complete,
        "initial": initial,
        "active": sorted(active),
        "states": [_state(states[name]) for name in order],
        "edges": [_edge(edges[place], order) for place in reading],
        "pictures": [_Parts(one, apart, order, rank).data() for one in pictures],
    }


def _state(state: State) -> dict[str, Any]:
    return {
        "path": [visible(name) for name in state.path],
        "kind": state.kind,
        "accepts": sorted(map(visible, state.accepts)),
        "deferred": sorted(map(visible, state.deferred)),
        "discarded": sorted(map(visible, state.discarded)),
        "at": _place(state.source),
        "change": state.change,
        **_known(state.evidence),
    }


def _edge(edge: Transition, order: dict[str, int]) -> dict[str, Any]:
    return {
        "from": order[edge.source],
        "to": order[edge.target],
        "change": edge.change,
        **_words(edge),
        **_known(edge.evidence),
    }


def _words(part: Transition | Line) -> dict[str, Any]:
    return {
        "event": visible(part.event),
        "kind": part.kind,
        "guard": visible(part.guard),
        "outputs": [visible(output) for output in part.outputs],
    }


def _known(evidence: Evidence) -> dict[str, Any]:
    return {"static": evidence.static, "reachable": evidence.reachable, "seen": evidence.seen}


def _place(source: Source | None) -> dict[str, str] | None:
    return None if source is None else {"text": visible(short(str(source))), "url": url(source)}


@dataclass(slots=True)
class _Parts:
    """The parts of a picture, and the numbers of the states and transitions they stand for."""

    shown: Shown
    apart: Factored
    #: The numbers of the whole graph's states by name, and of its transitions by their place.
    order: dict[str, int]
    rank: dict[int, int]
    #: By the name of a state that is folded, the one that it is folded into.
    fold: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        nodes = self.shown.picture.drawn.nodes if self.shown.is_folded else ()
        self.fold = {name: node.name for node in nodes for name in node.folded}

    def data(self) -> dict[str, Any]:
        drawn, graph = self.shown.picture.drawn, self.shown.graph
        standing: dict[str, list[int]] = {node.name: [] for node in drawn.nodes}
        for name, number in self.order.items():
            for node in {self.fold.get(part, part) for part in self.apart.states[name]}:
                standing[node].append(number)
        states = states_of(graph)
        counted = f"{len(states_of(self.apart.graph))} states drawn as "  # the page says it above
        notes = [line for line in drawn.caption if not line.startswith(counted)]
        return {
            "nodes": [self._node(one, states[one.name], standing[one.name]) for one in drawn.nodes],
            "boxes": [{"name": visible(b.name), "history": b.history} for b in drawn.boxes],
            "arrows": list(self._arrows()),
            "lines": list(self._lines()),
            "notes": [visible(note) for note in notes],
            "folded": self.shown.is_folded,
            "apart": any(box.is_region for box in drawn.boxes),
        }

    def _node(self, node: Node, state: State, standing: list[int]) -> dict[str, Any]:
        """A state of the picture; what is told of it where it is not one state of the graph."""
        drawn = self.shown.picture.drawn
        is_one = len(standing) == 1 and not node.folded and node.name in self.order
        return {
            "name": visible(node.name),
            "states": standing,
            "boxes": [
                number
                for number, box in enumerate(drawn.boxes)
                if node.box in drawn.within(box.name)
            ],
            "folded": [visible(name) for name in node.folded],
            "history": node.history,
            "active": node.active,
            "near": [
                number for number, arrow in enumerate(drawn.arrows) if self._touches(arrow, node)
            ],
            "told": None if is_one else _state(state),
        }

    def _touches(self, arrow: Arrow, node: Node) -> bool:
        """Whether an arrow leads into a state, or out of it, be it from the border of its box."""
        drawn = self.shown.picture.drawn
        if node.box in drawn.within(arrow.tail) if arrow.tail_box else node.name == arrow.tail:
            return True
        regions = [one for one in drawn.boxes_in(arrow.head_box) if one.is_region]
        into = [one.initial for one in regions] if arrow.head_box else []
        return node.name in (arrow.head, *into)

    def _arrows(self) -> Iterator[dict[str, Any]]:
        places: dict[int, list[int]] = {}
        for number, (kind, place, _) in enumerate(self.shown.picture.lines()):
            if kind == "arrow":
                places.setdefault(place, []).append(number)
        for number, arrow in enumerate(self.shown.picture.drawn.arrows):
            yield {
                "ends": self._ends(arrow),
                "border": arrow.tail_box,
                "lines": places[number],
            }

    def _ends(self, arrow: Arrow) -> list[str]:
        """The names of what it leads from and to: of regions, the box that they are in."""
        regions = {box.parent for box in self.shown.picture.drawn.boxes if box.is_region}
        head = arrow.head_box if arrow.head_box in regions else arrow.head
        return [visible(arrow.tail), visible(head)]

    def _lines(self) -> Iterator[dict[str, Any]]:
        numbers: dict[Hashable, list[int]] = {}
        for edge, places in zip(self.apart.graph.transitions, self.apart.edges, strict=True):
            numbers.setdefault(self._key(edge), []).extend(self.rank[place] for place in places)
        for kind, place, line in self.shown.picture.lines():
            same = {number for edge in line.edges for number in numbers[self._key(edge)]}
            yield {
                "of": [kind, place],
                "edges": sorted(same),
                "from": sorted({visible(edge.source) for edge in line.edges}),
                "at": _place(line.at),
                **_words(line),
            }

    def _key(self, edge: Transition) -> Hashable:
        """What an edge has in common with the one of the view that it has become a part of."""
        if not self.shown.is_folded:
            return edge
        ends = self.fold.get(edge.source, edge.source), self.fold.get(edge.target, edge.target)
        return *ends, edge.event, edge.kind, edge.guard, edge.outputs, edge.change
