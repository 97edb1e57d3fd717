"""Mermaid: a `StateGraph` as `stateDiagram-v2` text, which code hosts draw from a fenced block.

It shows what the DOT picture shows, as far as Mermaid's state diagrams can say it.  A history mark
stands in the title of its box.  What they cannot say: links to the source, and a style of its own
for an arrow; so counts stand in the text and an unseen edge looks like any other.  A comment tells
what is left out of a diagram.  An edge from a composite state to a state inside it is taken by
Mermaid (11.17 tried) but not drawn; `flowlet.export.scopes` tells what is written instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowlet.introspect.model import MANY, StateGraph

from .picture import for_people, history_mark
from .scopes import END, START, Scopes
from .shapes import Box, Line, Node, Picture
from .text import broken, visible

_STYLES = {
    "active": "fill:#2563eb,stroke:#1e40af,stroke-width:2px,color:#fefefe",
    "crash": "fill:#fef0ef,stroke:#dc4c43,color:#7f1d1d",
    "final": "stroke-width:3px",
    "folded": "fill:#f1f5f9,stroke:#94a3b8,color:#475569",
    "gone": "stroke:#b91c1c,stroke-dasharray:4 3",
    "new": "stroke:#15803d,stroke-width:2px",
    "passed": "fill:#fffffe,stroke:#94a3b8,color:#475569,stroke-dasharray:4 3",
    "seen": "fill:#cfe0fd,stroke:#1d4ed8,color:#0f172a",
    "unseen": "fill:#f6f7f9,stroke:#c2cad6,color:#64748b",
}


def to_mermaid(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as Mermaid text; above `many` states it is folded."""
    drawn = for_people(graph, many)
    ids = Scopes(drawn)
    out = ["stateDiagram-v2", *(f"    %% not drawn: {what}" for what in _left_out(drawn))]
    if drawn.is_flat:
        out.append("    direction LR")
    out += _contents(drawn, ids, "", 1)
    for name, box in drawn.initial:
        out.append(f"    {START} --> {ids.box(box) if box else ids.node(name)}")
    out += _arrows(ids, "", 1)
    out += _caption(drawn, ids)
    out += _classes(drawn, ids)
    return "\n".join(out) + "\n"


def _left_out(drawn: Picture) -> list[str]:
    """What there is in a picture and not in Mermaid."""
    lines = [line for arrow in drawn.arrows for line in arrow.lines]
    parts: list[Node | Line] = [*drawn.nodes, *lines]
    told = {
        "links to the source": any(
            part.source if isinstance(part, Node) else part.at for part in parts
        ),
        "which edges are only read in the source": any(one.look == "guessed" for one in lines),
        "which edges are new, and which are gone": any(
            one.look in ("new", "gone") for one in lines
        ),
    }
    return [what for what, is_there in told.items() if is_there]


def _contents(drawn: Picture, ids: Scopes, box: str, depth: int) -> list[str]:
    indent = "    " * depth
    out = []
    for node in drawn.nodes:
        if node.box == box and not ids.is_end(node.name):
            name = ids.node(node.name)
            out.append(f'{indent}state "{_label(_node_lines(node))}" as {name}')
            if node.kind == "final":
                out.append(f"{indent}{name} --> {END}")
    for number, inner in enumerate(drawn.boxes_in(box)):
        if number and inner.is_region:
            out.append(f"{indent}--")
        is_bare = _is_bare(drawn, inner)
        deeper = depth if is_bare else depth + 1
        if not is_bare:
            out.append(f'{indent}state "{_title(drawn, inner)}" as {ids.box(inner.name)} {{')
        if inner.initial:
            out.append(f"{'    ' * deeper}{START} --> {ids.entry(inner)}")
        out += _contents(drawn, ids, inner.name, deeper)
        out += _arrows(ids, inner.name, deeper)
        if not is_bare:
            out.append(f"{indent}}}")
    return out


def _is_bare(drawn: Picture, box: Box) -> bool:
    """Whether a region has no box of its own, and its name stands in the title of all of them.

    Mermaid fails on an arrow to or from a box in a box that is a region.
    """
    return box.is_region and bool(drawn.boxes_in(box.name))


def _title(drawn: Picture, box: Box) -> str:
    """One line: Mermaid's title bars are not made for more."""
    regions = [inner for inner in drawn.boxes_in(box.name) if inner.is_region]
    parts = [box.title, *([history_mark(box.history)] if box.history else [])]
    if any(_is_bare(drawn, inner) for inner in regions):
        parts.append(" | ".join(_own_title(inner) for inner in regions))
    return _safe(" · ".join([*parts, *(line.text for line in box.inside)]))


def _own_title(region: Box) -> str:
    """A region's name, with what stands in it and has no box to stand in."""
    return ", ".join([region.title, *(line.text for line in region.inside)])


def _node_lines(node: Node) -> list[str]:
    if node.folded:
        title = broken(node.title) if node.title else []
        return [*title, f"… {len(node.folded)} states"]
    marks = [history_mark(node.history)] if node.history else []
    return [*broken(node.title), *marks, *(line.text for line in node.inside)]


def _arrows(ids: Scopes, box: str, depth: int) -> list[str]:
    return [
        f"{'    ' * depth}{tail} --> {head}{_arrow_text(lines)}"
        for arrow in ids.arrows_in(box)
        for tail, head, lines in ids.written(arrow, across=True)
    ]


def _arrow_text(lines: Iterable[Line]) -> str:
    pieces = [piece for line in lines if line.text for piece in broken(line.text, width=40)]
    return f" : {_label(pieces)}" if pieces else ""


def _caption(drawn: Picture, ids: Scopes) -> list[str]:
    beside = next((node.name for node in drawn.nodes if not ids.is_end(node.name)), None)
    if not drawn.caption or beside is None:
        return []
    lines = [piece for line in drawn.caption for piece in broken(line, width=50, longest=400)]
    return [
        f"    note right of {ids.node(beside)}",
        *(f"        {_in_a_note(line)}" for line in lines),
        "    end note",
    ]


def _classes(drawn: Picture, ids: Scopes) -> list[str]:
    members: dict[str, list[str]] = {}
    for node in drawn.nodes:
        if not ids.is_end(node.name) and (kind := _class(node)):
            members.setdefault(kind, []).append(ids.node(node.name))
    return [
        line
        for kind, names in sorted(members.items())
        for line in (f"    classDef {kind} {_STYLES[kind]}", f"    class {','.join(names)} {kind}")
    ]


def _class(node: Node) -> str:
    if node.active:
        return "active"
    if node.folded:
        return "folded"
    by_kind = {"error": "crash", "final": "final", "transient": "passed", "state": ""}[node.kind]
    return by_kind or (node.look if node.look in _STYLES else "")


def _in_a_note(line: str) -> str:
    """A line of a note, in which `end note` ends nothing."""
    return re.sub(r"(?i)e(?=nd\s+note)", lambda found: f"#{ord(found[0])};", _safe(line))


def _label(lines: Iterable[str]) -> str:
    return "<br/>".join(_safe(line) for line in lines)


def _safe(text: str) -> str:
    """Everything that Mermaid could read as syntax, as its entity: `#59;` for a semicolon.

    It looks for some words wherever they stand in a line: `direction LR`, `[[fork]]`.
    """
    text = visible(text).replace("\n", " ")
    return _SYNTAX.sub(lambda found: f"#{ord(found[0])};", text)


_SYNTAX = re.compile(r"(?i)[^\w \-.,()\[\]/|=+×…·]|d(?=irection\s)|\[(?=\[)")
