"""Graphviz: a `StateGraph` as DOT text, from which SVG and PNG are laid out.

What stands for what:

| in the machine | in the picture |
|---|---|
| initial state | a black dot with an arrow |
| state, composite state | a rounded box; a box round boxes, with its name at the top |
| transient state | a pale box with a dashed edge |
| final state | a double border; `end`, which has no name of its own, is UML's ring |
| crash | a red box |
| event edge | `event [guard] / outputs`, one line a transition |
| timeout | amber, and a small clock face where the arrow begins |
| eventless edge | a thin arrow with an open head |
| internal transition | a line inside its state, as UML has it |
| `until` round a block | one arrow, from the border of the block's box |
| seen, not seen | bold with `×count`, grey |
| only read in the source | dashed |
| new, gone | green, red and dashed; where two versions were compared |
| 30 states or more | chains, then boxes, folded: `… 5 states`; the caption says so |

States and lines are links to their place in the source.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowlet.introspect.model import MANY, StateGraph

from . import style
from .markup import (
    attributes_of,
    cluster_id,
    font,
    line_rows,
    link_to,
    node_id,
    own_id,
    plain,
    rows_of,
)
from .picture import Arrow, Box, Look, Node, Picture, picture
from .places import short
from .text import broken

#: Labels of one arrow beyond this many lines are told as a number.
MOST_LINES = 9
#: How much straighter an arrow onward is drawn than one that leads back.
WEIGHT = 3
_PLAIN_END = "end"  # the final state that nobody named


def to_dot(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as DOT text; above `many` states it is folded."""
    drawn = picture(graph.view(many))
    out = [f"digraph {node_id(drawn.name or 'machine')} {{"]
    out += _defaults(drawn)
    out += _starts(drawn)
    out += _contents(drawn, "", depth=0)
    for number, arrow in enumerate(drawn.arrows):
        out += _arrow(drawn, arrow, number)
    return "\n".join([*out, "}"]) + "\n"


def _defaults(drawn: Picture) -> list[str]:
    flat = len(drawn.nodes) <= 4 and not drawn.boxes
    look = {
        "bgcolor": style.PAPER,
        "compound": "true",
        "fontname": style.FONT,
        "labeljust": "l",
        "labelloc": "b",
        "newrank": "true",  # ranks across boxes: the initial state comes first, not a box
        "nodesep": "0.4",
        "pad": "0.25",
        "rankdir": "LR" if flat else "TB",
        "ranksep": "0.55",
        "tooltip": plain(drawn.name or " "),
    }
    told = [one for line in drawn.caption for one in broken(line, width=70, longest=400)]
    rows = [font(one, style.QUIET, size=style.CAPTION_SIZE) for one in told]
    if drawn.legend:
        rows.insert(0, _legend(drawn.legend))
    if rows:
        look["label"] = rows_of(rows)
    return [
        f"  graph {attributes_of(look)}",
        "  node "
        + attributes_of(
            {
                "color": style.STATE_EDGE,
                "fillcolor": style.STATE,
                "fontcolor": style.INK,
                "fontname": style.FONT,
                "fontsize": style.STATE_SIZE,
                "height": "0.48",
                "margin": "0.2,0.09",
                "penwidth": "1.2",
                "shape": "box",
                "style": "rounded,filled",
                "width": "0.9",
            }
        ),
        "  edge "
        + attributes_of(
            {
                "arrowsize": "0.75",
                "color": style.ARROW,
                "fontcolor": style.TEXT,
                "fontname": style.FONT,
                "fontsize": style.LINE_SIZE,
                "penwidth": "1.2",
            }
        ),
    ]


def _legend(meaning: Mapping[Look, str]) -> str:
    """A row of short lines as arrows have them, each with what it means."""
    cells = []
    for look, told in meaning.items():
        arrow = _evidence_look({look}, _ARROW)
        line = {
            "BORDER": max(1, round(float(str(arrow["penwidth"])))),
            "COLOR": arrow["color"],
            "FIXEDSIZE": "TRUE",
            "HEIGHT": 4,
            "SIDES": "B",
            "STYLE": arrow.get("style", "solid"),
            "WIDTH": 22,
        }
        attributes = " ".join(f'{key}="{value}"' for key, value in line.items())
        text = font(told, style.QUIET, size=style.CAPTION_SIZE)
        sample = f'<TABLE BORDER="0" CELLSPACING="0"><TR><TD {attributes}></TD></TR></TABLE>'
        cells.append(f'<TD>{sample}</TD><TD>{text}</TD><TD WIDTH="8"></TD>')
    return f'<TABLE BORDER="0" CELLPADDING="1" CELLSPACING="3"><TR>{"".join(cells)}</TR></TABLE>'


# --- states and boxes


def _contents(drawn: Picture, box: str, depth: int) -> list[str]:
    indent = "  " * (depth + 1)
    out = [indent + _node(node) for node in drawn.nodes if node.box == box]
    for inner in drawn.boxes:
        if inner.parent == box:
            out.append(f"{indent}subgraph {cluster_id(inner.name)} {{")
            out.append(f"{indent}  graph {attributes_of(_box_look(inner, depth))}")
            out += _contents(drawn, inner.name, depth + 1)
            out.append(f"{indent}}}")
    return out


def _box_look(box: Box, depth: int) -> dict[str, object]:
    title = [font(line, style.QUIET, bold=True) for line in broken(box.title)]
    return {
        "color": style.BOX_EDGE,
        "fillcolor": style.BOXES[depth % len(style.BOXES)],
        "fontsize": style.LINE_SIZE + 1,
        "label": rows_of([*title, *(row for line in box.inside for row in line_rows(line))]),
        "labeljust": "l",
        "labelloc": "t",
        "margin": "16",
        "penwidth": "1.2",
        "style": "rounded,filled",
        "tooltip": plain(box.name),
    }


def _node(node: Node) -> str:
    look: dict[str, object] = {"label": _node_label(node)}
    is_ring = node.kind == "final" and node.title == _PLAIN_END
    if is_ring:
        look = _DISC | {"height": "0.17", "peripheries": "2", "width": "0.17"}
    elif node.kind == "final":
        look["peripheries"] = "2"
    elif node.kind == "error":
        look |= {"color": style.ERROR_EDGE, "fillcolor": style.ERROR}
    elif node.kind == "transient":
        look |= {
            "color": style.UNSEEN_EDGE,
            "fillcolor": style.PAPER,
            "fontcolor": style.QUIET,
            "style": "rounded,filled,dashed",
        }
    elif node.folded:
        look |= {"color": style.FAINT, "fillcolor": style.FOLD, "fontcolor": style.QUIET}
    if is_ring:
        pass
    elif node.look == "seen" and node.kind in ("state", "final"):
        look |= {"color": style.SEEN_EDGE, "fillcolor": style.SEEN}
    elif node.look == "unseen":
        look |= {"color": style.UNSEEN_EDGE, "fillcolor": style.UNSEEN, "fontcolor": style.FAINT}
    elif node.look in _CHANGES:
        look |= {"color": _CHANGES[node.look], "penwidth": "2"}
        look |= {"style": "rounded,filled,dashed"} if node.look == "gone" else {}
    told = ", ".join(node.folded) if node.folded else node.name
    return f"{node_id(node.name)} {attributes_of(look | link_to(node.source, told))}"


def _node_label(node: Node) -> str:
    if node.folded:
        name = [font(line, style.QUIET, bold=True) for line in broken(node.title)]
        count = font(f"… {len(node.folded)} states", style.QUIET)
        lines = [*(name if node.title else []), count]
    else:
        lines = [font(line) for line in broken(node.title)]
    if not node.inside:
        return f"<{'<BR/>'.join(lines)}>"
    inside = (row for line in node.inside for row in line_rows(line, style.LINE_SIZE))
    return rows_of(lines, inside, align="CENTER")


_DISC: dict[str, object] = {
    "color": style.INK,
    "fillcolor": style.INK,
    "fixedsize": "true",
    "height": "0.13",
    "label": "",
    "shape": "circle",
    "style": "filled",
    "width": "0.13",
}


def _starts(drawn: Picture) -> list[str]:
    if not drawn.initial:
        return []
    start = own_id("start")
    return [
        f"  {start} {attributes_of(_DISC | {'tooltip': 'start'})}",
        *(
            f"  {start} -> {node_id(name)} {attributes_of({'weight': WEIGHT})}"
            for name in drawn.initial
        ),
    ]


# --- arrows


def _arrow(drawn: Picture, arrow: Arrow, number: int) -> list[str]:
    look = _arrow_look(arrow) | _arrow_text(arrow)
    order = [node.name for node in drawn.nodes]
    if not arrow.tail_box:
        if order.index(arrow.tail) < order.index(arrow.head):
            look["weight"] = WEIGHT
        return [f"  {node_id(arrow.tail)} -> {node_id(arrow.head)} {attributes_of(look)}"]
    # Graphviz clips an edge at a box, but only one that leads out of it.  It begins at the state
    # inside that is nearest to where it goes: the last one, or the first if it leads back.
    inside = drawn.within(arrow.tail)
    held = [node.name for node in drawn.nodes if node.box in inside]
    tail = held[0] if order.index(arrow.head) < order.index(held[0]) else held[-1]
    border: dict[str, object] = {"ltail": cluster_id(arrow.tail)}
    if not drawn.holds(arrow.tail, arrow.head):
        return [f"  {node_id(tail)} -> {node_id(arrow.head)} {attributes_of(look | border)}"]
    return _back_into_its_box(arrow, held, number, border)


def _back_into_its_box(
    arrow: Arrow, held: list[str], number: int, border: dict[str, object]
) -> list[str]:
    """Graphviz cannot clip an edge that ends in the box that it leaves.

    So it goes by its own text, which stands outside the box as a node: above the box if it leads
    to the upper half, below it if not.
    """
    look, text = _arrow_look(arrow), _arrow_text(arrow)
    by = own_id(f"again {number}")
    text.pop("labeltooltip", None)
    text = {"label": ""} | text | {"fontsize": style.LINE_SIZE, "shape": "plain", "style": ""}
    begins = {"arrowtail": look.get("arrowtail", "none")}
    bare = {key: value for key, value in look.items() if key not in ("arrowtail", "dir")}
    if held.index(arrow.head) * 2 < len(held):
        turned = {"lhead": border["ltail"], "arrowhead": begins["arrowtail"], "weight": WEIGHT}
        out = f"{by} -> {node_id(held[0])} {attributes_of(bare | turned)}"
    else:
        out = f"{node_id(held[-1])} -> {by} {attributes_of(bare | border | begins | _TAIL_ONLY)}"
    return [
        f"  {by} {attributes_of(text)}",
        f"  {out}",
        f"  {by} -> {node_id(arrow.head)} {attributes_of(bare | {'weight': WEIGHT})}",
    ]


_TAIL_ONLY = {"arrowhead": "none", "dir": "both"}


def _arrow_look(arrow: Arrow) -> dict[str, object]:
    kinds = {line.kind for line in arrow.lines}
    looks: set[Look] = {line.look for line in arrow.lines}
    look: dict[str, object] = {}
    if kinds == {"timeout"}:
        look |= {"arrowtail": "odot", "color": style.TIME, "dir": "both"}
    elif kinds == {"eventless"}:
        look |= {"arrowhead": "vee", "color": style.QUIET, "penwidth": "0.9"}
    elif kinds == {"done"}:
        look |= {"arrowhead": "vee"}
    return _evidence_look(looks, look)


#: What an arrow looks like of which nothing is told.
_ARROW: dict[str, object] = {"color": style.ARROW, "penwidth": "1.2"}


def _evidence_look(looks: set[Look], look: dict[str, object]) -> dict[str, object]:
    """The look of an arrow, with what its lines say of how they are known."""
    if looks <= {"new", "gone"}:
        for change, colour in _CHANGES.items():
            if change in looks:
                look = look | {"color": colour, "penwidth": "2"}
        return look | ({"style": "dashed"} if looks == {"gone"} else {})
    if "seen" in looks:
        is_timeout = look.get("color") == style.TIME
        return look | {"penwidth": "2.4"} | ({} if is_timeout else {"color": style.SEEN_EDGE})
    if "unseen" in looks:
        look = look | {"color": style.UNSEEN_EDGE}
    if looks == {"guessed"}:
        look = look | {"style": "dashed"}
    return look


_CHANGES: dict[Look, style.Colour] = {"gone": style.GONE, "new": style.NEW}


def _arrow_text(arrow: Arrow) -> dict[str, object]:
    shown = [line for line in arrow.lines if line.text]
    if not shown:
        return {}
    lines = [row for line in shown[:MOST_LINES] for row in line_rows(line)]
    if len(shown) > MOST_LINES:
        lines.append(font(f"… {len(shown) - MOST_LINES} more", style.QUIET))
    told = "\n".join(line.text + (f"  ({line.at})" if line.at else "") for line in shown)
    at = next((line.at for line in shown if line.at), None)
    link = link_to(at, told)
    return {"label": rows_of(lines), "labeltooltip": plain(short(told))} | link
