"""PlantUML: a `StateGraph` as the text of a state diagram.

It shows what the DOT picture shows, in PlantUML's own words: `[*]`, boxes with `--` between their
regions, `Event / defer` in a state, arrows with a colour or dashed, links to the source.  A history
mark is a pseudostate of the stereotype `<<history*>>`, which versions before 1.2020.16 draw as a
small box.  Colours are for light pages only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowlet.introspect.model import MANY, Source, StateGraph

from . import style
from .picture import for_people, history_mark
from .places import short, url
from .scopes import START, Scopes
from .shapes import Arrow, Box, Line, Look, Node, Picture
from .text import broken, visible

_LOOKS: dict[str, dict[str, object]] = {
    "active": {
        "BackgroundColor": style.ACTIVE,
        "BorderColor": style.ACTIVE_EDGE,
        "FontColor": style.ON_ACTIVE,
        "AttributeFontColor": style.ON_ACTIVE,
    },
    "crash": {"BackgroundColor": style.ERROR, "BorderColor": style.ERROR_EDGE},
    "final": {"BorderColor": style.INK},
    "folded": {"BackgroundColor": style.FOLD, "BorderColor": style.FAINT},
    "gone": {"BorderColor": style.GONE},
    "new": {"BorderColor": style.NEW},
    "passed": {"BackgroundColor": style.PAPER, "BorderColor": style.UNSEEN_EDGE},
    "seen": {"BackgroundColor": style.SEEN, "BorderColor": style.SEEN_EDGE},
    "unseen": {"BackgroundColor": style.UNSEEN, "BorderColor": style.UNSEEN_EDGE},
}


def to_plantuml(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as PlantUML text; above `many` states it is folded."""
    drawn = for_people(graph, many)
    ids = Scopes(drawn)
    out = ["@startuml"]
    if drawn.name:
        out.append(f"' {_comment(drawn.name)}")
    if drawn.is_flat:
        out.append("left to right direction")
    out += _defaults(drawn)
    out += _contents(drawn, ids, "", 0)
    for name, box in drawn.initial:
        out.append(f"{START} --> {ids.box(box) if box else ids.node(name)}")
    out += _arrows(ids, "", 0)
    out += _caption(drawn)
    return "\n".join([*out, "@enduml"]) + "\n"


def _defaults(drawn: Picture) -> list[str]:
    looks: dict[str, object] = {
        "BackgroundColor": style.STATE,
        "BorderColor": style.STATE_EDGE,
        "EndColor": style.INK,
        "FontColor": style.INK,
        "StartColor": style.INK,
    }
    used = {look for node in drawn.nodes if not node.is_ring and (look := _look(node))}
    used |= {"active" for box in drawn.boxes if box.active}
    for look in sorted(used):
        looks |= {f"{key}<<{look}>>": value for key, value in _LOOKS[look].items()}
    return [
        "hide empty description",
        "hide stereotype",
        f"skinparam ArrowColor {style.ARROW}",
        "skinparam shadowing false",
        "skinparam state {",
        *(f"  {key} {value}" for key, value in looks.items()),
        "}",
    ]


def _contents(drawn: Picture, ids: Scopes, box: str, depth: int) -> list[str]:
    indent = "  " * depth
    out: list[str] = []
    for node in drawn.nodes:
        if node.box == box and not ids.is_end(node.name):
            out += (indent + line for line in _node(node, ids.node(node.name)))
    for number, inner in enumerate(drawn.boxes_in(box)):
        if number and inner.is_region:
            out.append(f"{indent}--")
        out += _box(drawn, ids, inner, depth)
    return out


def _box(drawn: Picture, ids: Scopes, box: Box, depth: int) -> list[str]:
    indent, name = "  " * depth, ids.box(box.name)
    look = " <<active>>" if box.active else ""
    out = [f'{indent}state "{_label(broken(box.title))}" as {name}{look} {{']
    if box.initial:
        out.append(f"{indent}  {START} --> {ids.entry(box)}")
    if box.history:
        mark = history_mark(box.history)
        kind = "history*" if box.history == "deep" else "history"
        out.append(f'{indent}  state "{_safe(mark)}" as {name}h <<{kind}>>')
    out += _contents(drawn, ids, box.name, depth + 1)
    out += _arrows(ids, box.name, depth + 1)
    out.append(f"{indent}}}")
    out += (f"{indent}{name} : {_label(broken(line.text))}" for line in box.inside)
    return out


def _node(node: Node, name: str) -> list[str]:
    title = broken(node.title)
    if node.folded:
        title = [*(title if node.title else []), f"… {len(node.folded)} states"]
    if node.history:
        title.append(history_mark(node.history))
    look = f" <<{found}>>" if (found := _look(node)) else ""
    out = [f'state "{_label(title)}" as {name}{look}{_link(node.source)}']
    out += (f"{name} : {_label(broken(line.text))}" for line in node.inside)
    if node.kind == "final":
        out.append(f"{name} --> {START}")
    return out


def _look(node: Node) -> str:
    if node.active:
        return "active"
    if node.folded:
        return "folded"
    by_kind = {"error": "crash", "final": "final", "transient": "passed", "state": ""}[node.kind]
    return by_kind or (node.look if node.look in _LOOKS else "")


def _arrows(ids: Scopes, box: str, depth: int) -> list[str]:
    out = []
    for arrow in ids.arrows_in(box):
        look = _arrow_look(arrow)
        # Each region is laid out by itself, so no arrow may lead out of one.
        for tail, head, lines in ids.written(arrow, across=False):
            text = [piece for line in lines if line.text for piece in broken(line.text, width=40)]
            label = f" : {_label(text)}" if text else ""
            out.append(f"{'  ' * depth}{tail} -{look}-> {head}{label}")
    return out


def _arrow_look(arrow: Arrow) -> str:
    looks: set[Look] = {line.look for line in arrow.lines}
    look: list[object] = []
    if looks == {"new"} or looks == {"gone"}:
        look = [style.NEW] if looks == {"new"} else [style.GONE, "dashed"]
    elif _is_time(arrow.lines):
        look = [style.TIME]
    elif "seen" in looks:
        look = [style.SEEN_EDGE]
    elif "unseen" in looks:
        look = [style.UNSEEN_EDGE]
    if "seen" in looks:
        look.append("bold")
    elif looks == {"guessed"}:
        look.append("dashed")
    return f"[{','.join(map(str, look))}]" if look else ""


def _is_time(lines: Iterable[Line]) -> bool:
    return {line.kind for line in lines} == {"timeout"}


def _link(source: Source | None) -> str:
    return "" if source is None else f" [[{_bare(url(source))}{{{_bare(short(str(source)))}}}]]"


def _bare(text: str) -> str:
    """Text for a link, in which no entity is read."""
    return re.sub(r"[^\w\-./#:%+, ]", "_", visible(text))


def _comment(text: str) -> str:
    return visible(text).replace("\n", " ")


def _caption(drawn: Picture) -> list[str]:
    if not drawn.caption:
        return []
    lines = [piece for line in drawn.caption for piece in broken(line, width=70, longest=400)]
    return ["legend bottom", *(f"  {_safe(line)}" for line in lines), "end legend"]


def _label(lines: Iterable[str]) -> str:
    return "\\n".join(_safe(line) for line in lines)


#: Left as they are: letters, digits, and signs that begin no mark-up, where they are not doubled.
_SAFE = re.compile(r"[^\W_]| |[,.()+?×…·]|(?P<once>[-/_\[\]:=>|'&])(?!(?P=once))", re.UNICODE)


def _safe(text: str) -> str:
    """Everything that PlantUML could read as mark-up, as its code: `<U+003C>` for `<`."""
    text = visible(text).replace("\n", " ")
    out: list[str] = []
    before = ""
    for place, char in enumerate(text):
        plain = _SAFE.match(text, place) and not (char == before and not char.isalnum())
        first = place == 0 and not char.isalnum()
        out.append(char if (plain and not first) or char == " " else f"<U+{ord(char):04X}>")
        before = char
    safe = "".join(out)
    if re.match(r"end", safe, re.IGNORECASE):
        safe = f"<U+{ord(safe[0]):04X}>{safe[1:]}"  # `end legend` would end one
    return safe
