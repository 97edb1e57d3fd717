"""What the interactive page knows of a machine, as data for its script.

The states and transitions are those of the graph, so that stepping through it is exact, whatever
the pictures fold.  Each picture says which of them its parts stand for.  Everything is in the order
in which people read it, so equal graphs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowlet.introspect.model import Evidence, Source, State, StateGraph, Transition
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .marked import Finder, Marked
from .picture import ALWAYS_ASSUMED
from .places import short, url
from .text import visible


def page_data(graph: StateGraph, pictures: Sequence[tuple[StateGraph, Marked]]) -> dict[str, Any]:
    """The graph, and for each picture (with the graph that it is drawn of) what it shows of it."""
    states = states_of(graph)
    order = {name: number for number, name in enumerate(breadth_first(graph))}
    edges = sorted(graph.transitions, key=by_source_line)
    return {
        "name": graph.name,
        "complete": graph.complete,
        "notes": [short(note) for note in graph.notes if note != ALWAYS_ASSUMED],
        "initial": sorted({order[name] for name in graph.initial}),
        "states": [_state(states[name]) for name in order],
        "edges": [_edge(edge, order) for edge in edges],
        "pictures": [_shown(shown, one, order, edges) for shown, one in pictures],
    }


def _state(state: State) -> dict[str, Any]:
    return {
        "path": [visible(name) for name in state.path],
        "kind": state.kind,
        "accepts": sorted(map(visible, state.accepts)),
        "deferred": sorted(map(visible, state.deferred)),
        "discarded": sorted(map(visible, state.discarded)),
        "folded": [visible(name) for name in state.folded],
        "at": _place(state.source),
        "change": state.change,
        **_known(state.evidence),
    }


def _edge(edge: Transition, order: Mapping[str, int]) -> dict[str, Any]:
    return {
        "from": order[edge.source],
        "to": order[edge.target],
        "event": visible(edge.event),
        "kind": edge.kind,
        "guard": visible(edge.guard),
        "outputs": [visible(output) for output in edge.outputs],
        "border": edge.border and visible(edge.border),
        "at": _place(edge.at),
        "change": edge.change,
        **_known(edge.evidence),
    }


def _known(evidence: Evidence) -> dict[str, Any]:
    return {"static": evidence.static, "reachable": evidence.reachable, "seen": evidence.seen}


def _place(source: Source | None) -> dict[str, str] | None:
    return None if source is None else {"text": visible(short(str(source))), "url": url(source)}


def _shown(
    shown: StateGraph, picture: Marked, order: Mapping[str, int], edges: Sequence[Transition]
) -> dict[str, Any]:
    """What the parts of a picture stand for, each by the numbers of states or transitions."""
    drawn = picture.drawn
    folded = {name: node.name for node in drawn.nodes for name in node.folded}
    node_of = {node.name: number for number, node in enumerate(drawn.nodes)}
    states: list[list[int]] = [[] for _ in drawn.nodes]
    for name, number in order.items():
        states[node_of[folded.get(name, name)]].append(number)
    finder = Finder(picture)
    lines: list[list[int]] = [[] for _ in picture.lines]
    for number, edge in enumerate(edges):
        moved = {
            "source": folded.get(edge.source, edge.source),
            "target": folded.get(edge.target, edge.target),
        }
        if (line := finder.line_of(edge.model_copy(update=moved))) is not None:
            lines[line].append(number)
    arrows: list[list[int]] = [[] for _ in drawn.arrows]
    for number, told in enumerate(picture.lines):
        if told.part[0] == "arrow":
            arrows[told.part[1]].append(number)
    return {
        "states": states,
        "titles": [visible(node.title) for node in drawn.nodes],
        "boxes": [visible(box.name) for box in drawn.boxes],
        "arrows": arrows,
        "lines": lines,
        "of": [list(told.part) for told in picture.lines],
        "drawn": len(shown.states),
    }
