"""A laid out picture in which a script finds every part: what the interactive page shows.

It is the picture that an SVG shows, from the same DOT text.  Two things are added:

- *Identifiers.*  Graphviz calls a group by the title of its node, in which `a&b` and `a&amp;b` are
  the same and `->` may stand anywhere.  So each statement of the DOT text is given an `id` of its
  own before it is laid out.
- *Lines.*  An arrow stands for several transitions with a line of text each, and Graphviz makes of
  a line as many `<text>` elements as it has colours and breaks.  They come in the order of the
  label, so the letters of a line tell how many of them are its own.

Links and tooltips are left out: the page has cards, which say more.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Literal
from xml.etree import ElementTree

from flowlet.introspect.model import StateGraph, Transition

from .dot import MOST_LINES, to_dot
from .markup import cluster_id, line_rows, node_id
from .picture import Line, Picture, picture
from .render import svg_from_dot

#: A state, a box or an arrow, by its kind and its place in the picture.
Part = tuple[Literal["node", "box", "arrow"], int]

_ID = r'"(?:[^"\\]|\\.)*"'
_STATEMENT = re.compile(rf"\s*(?P<tail>{_ID})(?: -> (?P<head>{_ID}))? \[(?P<rest>.*)")
_BOX = re.compile(rf"\s*subgraph (?P<box>{_ID}) {{")
_BORDER = re.compile(rf"\bltail=(?P<box>{_ID})")
#: The text of an arrow that leads back into its own box stands as a node with the arrow's number.
_AGAIN = re.compile(r'"\\\(again (?P<arrow>\d+)\)"')

_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = ("path", "polygon", "polyline", "ellipse", "text")


@dataclass(frozen=True, slots=True)
class Told:
    """A line of text in a picture: what it says, in which part, and from where to where that is."""

    line: Line
    part: Part
    tail: str
    from_box: bool = False
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture as SVG text; `data-node`, `-box`, `-arrow` and `-line` are places in the others."""

    svg: str
    drawn: Picture
    lines: tuple[Told, ...]


class Finder:
    """By which line of a picture a transition is told."""

    def __init__(self, picture: Marked) -> None:
        self._inside = {
            box.name: {n.name for n in picture.drawn.nodes if picture.drawn.holds(box.name, n.name)}
            for box in picture.drawn.boxes
        }
        self._numbers = {
            (told.tail, told.from_box, told.head, *_words(told.line)): number
            for number, told in enumerate(picture.lines)
        }

    def line_of(self, edge: Transition) -> int | None:
        """The number of the line; `None` where the transition is folded away."""
        from_box = edge.source in self._inside.get(edge.border or "", ())
        tail = edge.border if from_box and edge.border else edge.source
        is_inside = edge.kind == "internal" and edge.source == edge.target
        words = (edge.kind, edge.event, edge.guard, edge.outputs, edge.change or "")
        return self._numbers.get((tail, from_box, None if is_inside else edge.target, *words))


def _words(line: Line) -> tuple[object, ...]:
    change = line.look if line.look in ("new", "gone") else ""
    return line.kind, line.event, line.guard, line.outputs, change


def marked(graph: StateGraph) -> Marked:
    """The graph as it is, nothing folded; `NoGraphvizError` where nothing can lay it out."""
    drawn = picture(graph)
    lines = tuple(_lines(drawn))
    dot, parts = _with_ids(to_dot(graph, many=max(1, len(drawn.nodes))), drawn)
    laid_out = ElementTree.fromstring(svg_from_dot(dot))
    return Marked(_svg(laid_out, lines, parts), drawn, lines)


def _lines(drawn: Picture) -> Iterator[Told]:
    for number, node in enumerate(drawn.nodes):
        yield from (Told(line, ("node", number), node.name) for line in node.inside)
    for number, box in enumerate(drawn.boxes):
        yield from (Told(line, ("box", number), box.name, True) for line in box.inside)
    for number, one in enumerate(drawn.arrows):
        part: Part = "arrow", number
        yield from (Told(line, part, one.tail, one.tail_box, one.head) for line in one.lines)


# --- identifiers


def _with_ids(dot: str, drawn: Picture) -> tuple[str, dict[str, Part]]:
    """The DOT text with an `id` at each part that a script will look for, and what it is."""
    part_of = _parts(drawn)
    parts: dict[str, Part] = {}
    out = []
    box: Part | None = None
    for text in dot.split("\n"):
        found, at = None, 0
        if opened := _BOX.match(text):
            box = part_of.get(opened["box"])
        elif box is not None:  # its attributes are the first statement in it
            found, at, box = box, text.index("[") + 1, None
        elif statement := _STATEMENT.match(text):
            found, at = _part(statement, part_of), statement.start("rest")
        if found is not None:
            name = f"part{len(parts)}"
            parts[name] = found
            text = f'{text[:at]}id="{name}", {text[at:]}'
        out.append(text)
    return "\n".join(out), parts


#: A state or a box by its identifier in DOT, an arrow by those of its two ends.
_PartOf = dict[str | tuple[str, str], Part]


def _parts(drawn: Picture) -> _PartOf:
    parts: _PartOf = {node_id(one.name): ("node", i) for i, one in enumerate(drawn.nodes)}
    parts |= {cluster_id(one.name): ("box", i) for i, one in enumerate(drawn.boxes)}
    for number, arrow in enumerate(drawn.arrows):
        tail = cluster_id(arrow.tail) if arrow.tail_box else node_id(arrow.tail)
        parts[tail, node_id(arrow.head)] = "arrow", number
    return parts


def _part(statement: re.Match[str], part_of: _PartOf) -> Part | None:
    tail, head, rest = statement["tail"], statement["head"], statement["rest"]
    if again := _AGAIN.fullmatch(tail) or _AGAIN.fullmatch(head or ""):
        return "arrow", int(again["arrow"])
    if head is None:
        return part_of.get(tail)
    border = _BORDER.search(rest)
    return part_of.get((border["box"] if border else tail, head))


# --- the SVG


def _svg(laid_out: ElementTree.Element, lines: Iterable[Told], parts: Mapping[str, Part]) -> str:
    """Graphviz's SVG with nothing in it but shapes, in one group for each part."""
    lines_of: dict[Part, list[tuple[int, Line]]] = {}
    for number, told in enumerate(lines):
        if told.line.text:
            lines_of.setdefault(told.part, []).append((number, told.line))
    (whole,) = laid_out.findall(f"{_SVG}g")
    svg = ElementTree.Element("svg", {"viewBox": laid_out.get("viewBox", "")})
    graph = ElementTree.SubElement(svg, "g", {"transform": whole.get("transform", "")})
    grouped: set[ElementTree.Element] = set()
    for group in whole.iter(f"{_SVG}g"):
        look = group.get("class")
        if look not in ("node", "edge", "cluster"):
            continue
        grouped.update(group.iter())
        shapes = list(_shapes(group.iter()))
        into = ElementTree.SubElement(graph, "g", {"class": look})
        if (part := parts.get(group.get("id", ""))) is not None:
            kind, place = part
            into.set("class", kind)
            into.set(f"data-{kind}", str(place))
            _mark_lines(shapes, lines_of.get(part, []), kind)
            if kind == "arrow":  # a thin line is hard to point at: a broad one lies under it
                into.extend(_broad(shape) for shape in shapes if shape.tag == "path")
        into.extend(shapes)
    _, *caption = _shapes(one for one in whole.iter() if one not in grouped)  # after the paper
    if caption:
        ElementTree.SubElement(graph, "g", {"class": "caption"}).extend(caption)
    return ElementTree.tostring(svg, encoding="unicode")


def _shapes(elements: Iterable[ElementTree.Element]) -> Iterator[ElementTree.Element]:
    """The shapes among them; bare names are enough for an SVG inside HTML."""
    for one in elements:
        tag = one.tag.removeprefix(_SVG)
        if tag in _SHAPES:
            shape = ElementTree.Element(tag, one.attrib)
            shape.attrib.pop("font-family", None)  # the page's style sheet says it once
            shape.text = one.text
            yield shape


def _broad(path: ElementTree.Element) -> ElementTree.Element:
    return ElementTree.Element("path", {"class": "broad", "d": path.get("d", "")})


def _mark_lines(
    shapes: Iterable[ElementTree.Element], lines: list[tuple[int, Line]], kind: str
) -> None:
    """Say at each text whose line it is.

    Where an arrow has more lines than are drawn, the last text says so; the others begin with
    their name.
    """
    texts = [shape for shape in shapes if shape.tag == "text"]
    from_top = kind == "arrow"
    waiting = deque(texts if from_top else reversed(texts))
    for number, line in lines[:MOST_LINES] if from_top else reversed(lines):
        letters = len(_seen("".join(map(_plain, line_rows(line)))))
        while letters > 0 and waiting:
            text = waiting.popleft()
            letters -= len(_seen(text.text or ""))
            text.set("data-line", str(number))


def _plain(rich: str) -> str:
    """The text of a label, which has tags, entities, and each backslash twice."""
    return unescape(re.sub(r"<[^>]*>", "", rich)).replace("\\\\", "\\")


def _seen(text: str) -> str:
    return "".join(text.split())
