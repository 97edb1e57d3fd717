"""A laid out picture in which a script finds every part: what the interactive page shows.

It is the picture that an SVG shows, from the same DOT text but for an `id` at each part.  Graphviz
hands these through, and a link round the texts of each line; here they become `data-` attributes.
Nothing else stays of it but shapes: the page has cards, which say more than links and tooltips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from flowlet.introspect.model import StateGraph

from .dot import dot_of
from .picture import Line, Picture, picture
from .render import svg_from_dot

#: What a part is: a state, a box, an arrow, or the history mark in a box.
PartKind = Literal["node", "box", "arrow", "history"]
KINDS: tuple[PartKind, ...] = ("node", "box", "arrow", "history")

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SHAPES = ("path", "polygon", "polyline", "ellipse", "text")


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture as SVG text; `data-node`, `-box`, `-arrow` and `-line` are places in the others.

    `data-history` is the place of the box that remembers.
    """

    svg: str
    drawn: Picture

    def lines(self) -> Iterator[tuple[PartKind, int, Line]]:
        """All lines in order, each with the part that it stands at: what that is, and its place."""
        for number, node in enumerate(self.drawn.nodes):
            for line in node.inside:
                yield "node", number, line
        for number, box in enumerate(self.drawn.boxes):
            for line in box.inside:
                yield "box", number, line
        for number, arrow in enumerate(self.drawn.arrows):
            for line in arrow.lines:
                yield "arrow", number, line


def marked(graph: StateGraph) -> Marked:
    """The graph as it is, nothing folded; `NoGraphvizError` where nothing can lay it out."""
    drawn = picture(graph).with_ids()
    laid_out = ElementTree.fromstring(svg_from_dot(dot_of(drawn)))
    return Marked(_svg(laid_out, drawn), drawn)


def _svg(laid_out: ElementTree.Element, drawn: Picture) -> str:
    """Graphviz's SVG with nothing in it but shapes, in one group for each part."""
    active = {one.id for one in drawn.nodes if one.active}
    active |= {one.id for one in drawn.boxes if one.active}
    (whole,) = laid_out.findall(f"{_SVG}g")
    svg = ElementTree.Element("svg", {"viewBox": laid_out.get("viewBox", "")})
    graph = ElementTree.SubElement(svg, "g", {"transform": whole.get("transform", "")})
    ground = []
    for group in whole:
        look = group.get("class", "")
        shapes = list(_shapes([group]))
        if look not in ("node", "edge", "cluster"):
            ground += shapes
            continue
        name = group.get("id", "")
        kind, dash, place = name.partition("-")
        into = ElementTree.SubElement(graph, "g", {"class": look})
        if dash and kind in KINDS:
            into.set("class", f"{kind} active" if name in active else kind)
            into.set(f"data-{kind}", place)
        if kind == "arrow":  # a thin line is hard to point at: a broad one lies under it
            into.extend(_broad(shape) for shape in shapes if shape.tag == "path")
        into.extend(shapes)
    _, *caption = ground  # after the paper
    if caption:
        ElementTree.SubElement(graph, "g", {"class": "caption"}).extend(caption)
    return ElementTree.tostring(svg, encoding="unicode")


def _shapes(
    elements: Iterable[ElementTree.Element], line: str = ""
) -> Iterator[ElementTree.Element]:
    """The shapes among them and in them; texts say whose line they are.

    Bare names are enough for an SVG inside HTML.
    """
    for one in elements:
        tag = one.tag.removeprefix(_SVG)
        _, is_line, number = one.get(_LINK, "").partition("#line-")
        if tag in _SHAPES:
            shape = ElementTree.Element(tag, one.attrib)
            shape.attrib.pop("font-family", None)  # the page's style sheet says it once
            shape.text = one.text
            if line and tag == "text":
                shape.set("data-line", line)
            yield shape
        yield from _shapes(one, number if is_line else line)


def _broad(path: ElementTree.Element) -> ElementTree.Element:
    return ElementTree.Element("path", {"class": "broad", "d": path.get("d", "")})
