"""Graphviz: a `StateGraph` as DOT text, from which SVG and PNG are laid out.

What stands for what:

| in the machine | in the picture |
|---|---|
| initial state | a black dot with an arrow |
| state, composite state | a rounded box; a box round boxes, with its name at the top |
| transient state | a pale box with a dashed edge |
| final state | a double border; `end`, which has no name of its own, is UML's ring |
| regions | side by side in their composite, a dashed line round each, with a dot where it begins |
| history | a small circle in its composite, with `H`, or `H*` if it is deep |
| where an actor is now | a state in full colour, in boxes with a border of it |
| crash | a red box |
| event edge | `event [guard] / outputs`, one line a transition |
| timeout | amber, and a small clock face where the arrow begins |
| eventless edge | a thin arrow with an open head |
| internal transition | a line inside its state, as UML has it |
| mail that is kept | `Event / defer`, in the state or in the box whose states all keep it |
| `until` round a block | one arrow, from the border of the block's box |
| going in at the border | an arrow to the border; a dot in the box shows where it goes on |
| the end of all regions, or of a child | an arrow with an open head |
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
from .depth import deepest
from .markup import (
    Row,
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
from .picture import for_people, history_mark
from .places import short
from .shapes import Arrow, Box, Look, Node, Picture
from .text import broken

#: Labels of one arrow beyond this many lines are told as a number.
MOST_LINES = 9
#: How much straighter an arrow onward is drawn than one that leads back.
WEIGHT = 3


def to_dot(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as DOT text; above `many` states it is folded."""
    return dot_of(for_people(graph, many))


def dot_of(drawn: Picture) -> str:
    """A picture as DOT text; parts with an `id` have it in SVG too."""
    out = [f"digraph {node_id(drawn.name or 'machine')} {{"]
    out += _defaults(drawn)
    out += _starts(drawn)
    out += _contents(drawn, "", depth=0)
    for number, arrow in enumerate(drawn.arrows):
        out += _arrow(drawn, arrow, number)
    return "\n".join([*out, "}"]) + "\n"


def _defaults(drawn: Picture) -> list[str]:
    look = {
        "bgcolor": style.PAPER,
        "compound": "true",
        "fontname": style.FONT,
        "labeljust": "l",
        "labelloc": "b",
        "newrank": "true",  # ranks across boxes: the initial state comes first, not a box
        "nodesep": "0.4",
        "pad": "0.25",
        "rankdir": "LR" if drawn.is_flat else "TB",
        "ranksep": "0.55",
        "tooltip": plain(drawn.name or " "),
    }
    told = [one for line in drawn.caption for one in broken(line, width=70, longest=400)]
    rows = [font(one, style.QUIET, size=style.CAPTION_SIZE) for one in told]
    if drawn.legend:
        rows.insert(0, _legend(drawn.legend))
    if rows:
        look["label"] = rows_of(map(Row, rows))
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
    for inner in drawn.boxes_in(box):
        out.append(f"{indent}subgraph {cluster_id(inner.name)} {{")
        out.append(f"{indent}  graph {attributes_of(_box_look(inner, depth))}")
        out += (f"{indent}  {line}" for line in _marks(drawn, inner))
        out += _contents(drawn, inner.name, depth + 1)
        out += (f"{indent}  {line}" for line in _in_a_row(drawn.boxes_in(inner.name)))
        out.append(f"{indent}}}")
    return out


def _in_a_row(boxes: list[Box]) -> list[str]:
    """Regions stand side by side, in order and at one height, by where they begin."""
    doors = [own_id(f"start {box.name}") for box in boxes if box.is_region and box.initial]
    if len(doors) < 2:
        return []
    row = attributes_of({"style": "invis"})
    return [f"{{ rank=same; {' '.join(doors)} }}", f"{' -> '.join(doors)} {row}"]


def _box_look(box: Box, depth: int) -> dict[str, object]:
    title = [Row(font(line, style.QUIET, bold=True)) for line in broken(box.title)]
    look: dict[str, object] = {
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
    if box.is_region:
        look |= {"color": style.FAINT, "penwidth": "1", "style": "dashed"}
    if box.active:
        look |= {"color": style.ACTIVE, "penwidth": "1.8"}
    return look | _id(box)


def _marks(drawn: Picture, box: Box) -> list[str]:
    """The pseudostates of a composite: where it begins, and that it remembers."""
    out = []
    if box.initial:
        start = own_id(f"start {box.name}")
        out.append(f"{start} {attributes_of(_DISC | {'tooltip': 'start'})}")
        look: dict[str, object] = {"weight": WEIGHT}
        look |= {"lhead": cluster_id(box.initial_box)} if box.initial_box else {}
        door = _door(drawn, box.initial, box.initial_box)
        out.append(f"{start} -> {door} {attributes_of(look)}")
    if box.history:
        told = f"{box.name} remembers where it was left"
        mark = {"label": history_mark(box.history), "tooltip": plain(told)}
        mark |= {"id": box.id.replace("box", "history")} if box.id else {}
        history = own_id(f"history {box.name}")
        out.append(f"{history} {attributes_of(_HISTORY | mark)}")
        # Nothing leads there: by itself it would stand at the top of the whole picture.
        beside = own_id(f"start {box.name}") if box.initial else node_id(drawn.inside(box.name)[0])
        out.append(f"{{ rank=same; {beside}; {history} }}")
    return out


_HISTORY: dict[str, object] = {
    "color": style.QUIET,
    "fillcolor": style.PAPER,
    "fixedsize": "true",
    "fontcolor": style.QUIET,
    "fontsize": "11",
    "height": "0.3",
    "shape": "circle",
    "style": "filled",
    "width": "0.3",
}


def _node(node: Node) -> str:
    look: dict[str, object] = {"label": _node_label(node)}
    if node.is_ring:
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
    if node.active:
        look |= {"color": style.ACTIVE_EDGE, "fillcolor": style.ACTIVE, "penwidth": "2"}
        look |= {} if node.is_ring else {"fontcolor": style.ON_ACTIVE}
    elif node.is_ring:
        pass
    elif node.look == "seen" and node.kind in ("state", "final"):
        look |= {"color": style.SEEN_EDGE, "fillcolor": style.SEEN}
    elif node.look == "unseen":
        look |= {"color": style.UNSEEN_EDGE, "fillcolor": style.UNSEEN, "fontcolor": style.FAINT}
    elif node.look in _CHANGES:
        look |= {"color": _CHANGES[node.look], "penwidth": "2"}
        look |= {"style": "rounded,filled,dashed"} if node.look == "gone" else {}
    told = ", ".join(node.folded) if node.folded else node.name
    return f"{node_id(node.name)} {attributes_of(look | link_to(node.source, told) | _id(node))}"


def _id(part: Node | Box | Arrow) -> dict[str, object]:
    return {"id": part.id} if part.id else {}


def _node_label(node: Node) -> str:
    pale = style.ON_ACTIVE if node.active else style.QUIET
    if node.folded:
        name = [font(line, pale, bold=True) for line in broken(node.title)]
        count = font(f"… {len(node.folded)} states", pale)
        lines = [*(name if node.title else []), count]
    else:
        lines = [font(line) for line in broken(node.title)]
    if node.history:
        lines.append(font(history_mark(node.history), pale))
    if not node.inside:
        return f"<{'<BR/>'.join(lines)}>"
    colour = style.ON_ACTIVE if node.active else None
    inside = (row for line in node.inside for row in line_rows(line, style.LINE_SIZE, colour))
    return rows_of(map(Row, lines), inside, align="CENTER")


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
    out = [f"  {start} {attributes_of(_DISC | {'tooltip': 'start'})}"]
    for name, box in drawn.initial:
        look: dict[str, object] = {"weight": WEIGHT}
        look |= {"lhead": cluster_id(box)} if box else {}
        out.append(f"  {start} -> {_door(drawn, name, box)} {attributes_of(look)}")
    return out


def _door(drawn: Picture, node: str, box: str) -> str:
    """What an arrow leads to that ends at the border of a box: the dot from which it goes on.

    That stands first in the box, so that the text of the arrow stands outside.
    """
    within = drawn.within(box) if box else set()
    doors = [one.name for one in drawn.boxes if one.name in within and one.initial == node]
    return own_id(f"start {doors[0]}") if doors else node_id(node)


# --- arrows


def _arrow(drawn: Picture, arrow: Arrow, number: int) -> list[str]:
    look = _arrow_look(arrow)
    order = [node.name for node in drawn.nodes]
    tail, begin, ends = arrow.tail, node_id(arrow.tail), {}
    if arrow.tail_box:
        # Graphviz clips an edge at a box, but only one that leads out of it.  It begins at what is
        # nearest to where it goes: the lowest state inside, or the first thing if it leads back.
        held = drawn.inside(arrow.tail)
        leads_back = order.index(arrow.head) < order.index(held[0])
        tail = deepest(drawn, arrow.tail)
        begin = node_id(tail)
        if leads_back:
            tail, begin = held[0], _door(drawn, held[0], arrow.tail)
        ends["ltail"] = cluster_id(arrow.tail)
    elif order.index(arrow.tail) < order.index(arrow.head):
        look["weight"] = WEIGHT
    if arrow.head_box:
        ends["lhead"] = cluster_id(arrow.head_box)
    from_inside = arrow.head_box and drawn.holds(arrow.head_box, tail)
    to_inside = arrow.tail_box and drawn.holds(arrow.tail, arrow.head)
    if from_inside or to_inside:
        return _by_a_way_outside(drawn, arrow, number, look, ends)
    text = _arrow_text(arrow)
    if not text and any(
        one is not arrow and (one.tail, one.head) == (arrow.tail, arrow.head)
        for one in drawn.arrows
    ):
        text = {"label": " " * 6}  # which keeps the two apart
    attributes = attributes_of(look | text | ends)
    head = _door(drawn, arrow.head, arrow.head_box)
    return [f"  {begin} -> {head} {attributes}"]


def _by_a_way_outside(
    drawn: Picture, arrow: Arrow, number: int, look: dict[str, object], ends: dict[str, str]
) -> list[str]:
    """Graphviz clips no edge at a box that holds its other end.

    So it goes by its own text, which stands outside the box as a node: above the box if it leads
    to the upper half, below it if not.
    """
    text = _arrow_text(arrow)
    by = own_id(f"again {number}")
    text.pop("labeltooltip", None)
    text = {"label": ""} | text | {"fontsize": style.LINE_SIZE, "shape": "plain", "style": ""}
    text |= _id(arrow)
    begins = {"arrowtail": look.get("arrowtail", "none")}
    bare = {key: value for key, value in look.items() if key not in ("arrowtail", "dir", "weight")}
    held = drawn.inside(arrow.tail if arrow.tail_box else arrow.head_box)
    goes_in = {"lhead": ends["lhead"]} if arrow.head_box else {}
    out: dict[str, object] = {"weight": WEIGHT} if arrow.head_box else {}
    if arrow.tail_box and held.index(arrow.head) * 2 < len(held):
        # Drawn from the text to the box, with its heads the other way round.
        tail, head = by, node_id(held[0])
        out |= {"lhead": ends["ltail"], "arrowhead": begins["arrowtail"], "weight": WEIGHT}
    else:
        tail, head = node_id(held[-1] if arrow.tail_box else arrow.tail), by
        out |= begins | {"arrowhead": "none", "dir": "both"}
        out |= {"ltail": ends["ltail"]} if arrow.tail_box else {}
        out.pop("weight", None)
    return [
        f"  {by} {attributes_of(text)}",
        f"  {tail} -> {head} {attributes_of(bare | out)}",
        f"  {by} -> {_door(drawn, arrow.head, arrow.head_box)} "
        + attributes_of(bare | goes_in | {"weight": WEIGHT}),
    ]


def _arrow_look(arrow: Arrow) -> dict[str, object]:
    kinds = {line.kind for line in arrow.lines}
    looks: set[Look] = {line.look for line in arrow.lines}
    look: dict[str, object] = _id(arrow)
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
        lines.append(Row(font(f"… {len(shown) - MOST_LINES} more", style.QUIET)))
    told = "\n".join(line.text + (f"  ({line.at})" if line.at else "") for line in shown)
    at = next((line.at for line in shown if line.at), None)
    link = link_to(at, told)
    return {"label": rows_of(lines), "labeltooltip": plain(short(told))} | link
