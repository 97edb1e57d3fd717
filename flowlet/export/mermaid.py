"""Mermaid: a `StateGraph` as `stateDiagram-v2` text, which code hosts draw from a fenced block.

It shows what the DOT picture shows, as far as Mermaid's state diagrams can say it.  What they
cannot: links to the source, and a style of its own for an arrow; so counts stand in the text and
an unseen edge looks like any other.  An edge from a composite state to a state inside it is taken
by Mermaid (11.17 tried) but not drawn; such an edge is written from each state inside instead.

Identifiers are `s1`, `s2` and `c1`, `c2`, in the order of the picture; names are only labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowlet.introspect.model import MANY, StateGraph

from .picture import Arrow, Line, Node, Picture, picture
from .text import broken, visible

_PLAIN_END = "end"
_STYLES = {
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
    drawn = picture(graph.view(many))
    ids = _Ids(drawn)
    out = ["stateDiagram-v2"]
    if len(drawn.nodes) <= 4 and not drawn.boxes:
        out.append("    direction LR")
    out += _contents(drawn, ids, "", 1)
    out += [f"    [*] --> {ids.node(name)}" for name in drawn.initial]
    for arrow in drawn.arrows:
        out += _arrow(drawn, ids, arrow)
    out += _caption(drawn, ids)
    out += _classes(drawn, ids)
    return "\n".join(out) + "\n"


class _Ids:
    def __init__(self, drawn: Picture) -> None:
        self._ends = {n.name for n in drawn.nodes if n.kind == "final" and n.title == _PLAIN_END}
        named = [node.name for node in drawn.nodes if node.name not in self._ends]
        self._nodes = {name: f"s{number}" for number, name in enumerate(named, 1)}
        self._boxes = {box.name: f"c{number}" for number, box in enumerate(drawn.boxes, 1)}

    def is_end(self, name: str) -> bool:
        return name in self._ends

    def node(self, name: str) -> str:
        return "[*]" if name in self._ends else self._nodes[name]

    def box(self, name: str) -> str:
        return self._boxes[name]


def _contents(drawn: Picture, ids: _Ids, box: str, depth: int) -> list[str]:
    indent = "    " * depth
    out = []
    for node in drawn.nodes:
        if node.box == box and not ids.is_end(node.name):
            name = ids.node(node.name)
            out.append(f'{indent}state "{_label(_node_lines(node))}" as {name}')
            if node.kind == "final":
                out.append(f"{indent}{name} --> [*]")
    for inner in drawn.boxes:
        if inner.parent == box:
            # One line: Mermaid's title bars are not made for more.
            title = " · ".join(map(_safe, (inner.title, *(line.text for line in inner.inside))))
            out.append(f'{indent}state "{title}" as {ids.box(inner.name)} {{')
            out += _contents(drawn, ids, inner.name, depth + 1)
            out.append(f"{indent}}}")
    return out


def _node_lines(node: Node) -> list[str]:
    if node.folded:
        title = broken(node.title) if node.title else []
        return [*title, f"… {len(node.folded)} states"]
    return [*broken(node.title), *(line.text for line in node.inside)]


def _arrow(drawn: Picture, ids: _Ids, arrow: Arrow) -> list[str]:
    head = ids.node(arrow.head)
    if not arrow.tail_box:
        tails = [ids.node(arrow.tail)]
    elif drawn.holds(arrow.tail, arrow.head):
        inner = drawn.within(arrow.tail)
        tails = [ids.node(node.name) for node in drawn.nodes if node.box in inner]
    else:
        tails = [ids.box(arrow.tail)]
    text = _arrow_text(arrow.lines)
    return [f"    {tail} --> {head}{text}" for tail in tails if tail != "[*]"]


def _arrow_text(lines: Iterable[Line]) -> str:
    pieces = [piece for line in lines if line.text for piece in broken(line.text, width=40)]
    return f" : {_label(pieces)}" if pieces else ""


def _caption(drawn: Picture, ids: _Ids) -> list[str]:
    beside = next((node.name for node in drawn.nodes if not ids.is_end(node.name)), None)
    if not drawn.caption or beside is None:
        return []
    lines = [piece for line in drawn.caption for piece in broken(line, width=50, longest=400)]
    return [
        f"    note right of {ids.node(beside)}",
        *(f"        {_safe(line)}" for line in lines),
        "    end note",
    ]


def _classes(drawn: Picture, ids: _Ids) -> list[str]:
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
    if node.folded:
        return "folded"
    by_kind = {"error": "crash", "final": "final", "transient": "passed", "state": ""}[node.kind]
    return by_kind or (node.look if node.look in _STYLES else "")


def _label(lines: Iterable[str]) -> str:
    return "<br/>".join(_safe(line) for line in lines)


def _safe(text: str) -> str:
    """Everything that Mermaid could read as syntax, as its entity: `#59;` for a semicolon."""
    text = visible(text).replace("\n", " ")
    return re.sub(r"[^\w \-.,()\[\]/|=+×…·]", lambda found: f"#{ord(found[0])};", text)
