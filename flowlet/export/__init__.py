"""Formats that a `StateGraph` can be written in; importing this makes `graph.save` know them.

Exporters see the model and nothing else of flowlet.  The bare format (`json`) is the model's own.
The modules are imported when a picture is wanted: a program that only runs machines needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowlet.introspect.model import MANY, StateGraph, writers

from .missing import NoGraphvizError, NoNetworkxError
from .places import relative_to

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def to_dot(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as Graphviz's DOT text; above `many` states it is folded."""
    from .dot import to_dot

    return to_dot(graph, many=many)


def to_mermaid(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as Mermaid text; above `many` states it is folded."""
    from .mermaid import to_mermaid

    return to_mermaid(graph, many=many)


def to_plantuml(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as PlantUML text; above `many` states it is folded."""
    from .plantuml import to_plantuml

    return to_plantuml(graph, many=many)


def to_svg(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as an SVG picture; `NoGraphvizError` where there is nothing to lay it out with."""
    from .render import svg_from_dot

    return svg_from_dot(to_dot(graph, many=many))


def to_png(graph: StateGraph, *, many: int = MANY) -> bytes:
    """The graph as a PNG picture; `NoGraphvizError` where there is nothing to lay it out with."""
    from .render import png_from_dot

    return png_from_dot(to_dot(graph, many=many))


def to_html(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as an interactive page in one file; `NoGraphvizError` as for a picture."""
    from .html import to_html

    return to_html(graph, many=many)


def to_scxml(graph: StateGraph, *, timers: bool = True) -> str:
    """The graph as SCXML text, nothing folded; without `timers` their events come from outside."""
    from .scxml import to_scxml

    return to_scxml(graph, timers=timers)


def to_xstate(graph: StateGraph) -> str:
    """The graph as the JSON configuration of a machine of XState 5, nothing folded."""
    from .xstate import to_xstate

    return to_xstate(graph)


def to_aldebaran(graph: StateGraph, *, notes: bool = True) -> str:
    """The graph as a labelled transition system, nothing folded; what it cannot say as `notes`."""
    from .aldebaran import to_aldebaran

    return to_aldebaran(graph, notes=notes)


def to_networkx(graph: StateGraph) -> MultiDiGraph[str]:
    """The graph as a `networkx.MultiDiGraph`; `NoNetworkxError` where that is not installed."""
    from .multigraph import to_networkx

    return to_networkx(graph)


writers.update(dot=to_dot, svg=to_svg, png=to_png, mermaid=to_mermaid, mmd=to_mermaid)
writers.update(plantuml=to_plantuml, puml=to_plantuml, html=to_html)
writers.update(
    {"scxml": to_scxml, "xstate": to_xstate, "xstate.json": to_xstate, "aut": to_aldebaran}
)

__all__ = [
    "NoGraphvizError",
    "NoNetworkxError",
    "relative_to",
    "to_aldebaran",
    "to_dot",
    "to_html",
    "to_mermaid",
    "to_networkx",
    "to_plantuml",
    "to_png",
    "to_scxml",
    "to_svg",
    "to_xstate",
]
