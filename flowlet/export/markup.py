r"""Rich text and quoting for DOT, in which every name is data and none is syntax.

Two languages meet in a DOT file.  Quoted strings know `\"`, and where they are shown also
`\N` and entities such as `&amp;`.  HTML-like labels are a few tags of HTML, but `\N` is
replaced in them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from flowlet.introspect.model import Source

from . import style
from .places import short, url
from .shapes import Line
from .text import broken, visible

#: A row of a label goes on while it is not longer than this.
ROW = 34
#: A tooltip longer than this is cut.
LONGEST = 1500


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a label, and whose it is: SVG then has a link to `#id` round its texts."""

    text: str
    id: str = ""

    @property
    def link(self) -> str:
        """The attribute of its cell; an `ID` is not written where there is nothing to click."""
        return f' HREF="#{self.id}"' if self.id else ""


def line_rows(line: Line, size: float = 0, colour: style.Colour | None = None) -> list[Row]:
    """A transition as rich text, in rows: event, guard and outputs each in their own colour.

    Or all of it in that `colour`, where it stands on a ground of another one.
    """
    pale = colour or {"unseen": style.FAINT, "new": style.NEW, "gone": style.GONE}.get(line.look)
    event = style.TIME if line.kind == "timeout" else style.TEXT
    parts: list[tuple[str, style.Colour, bool]] = []
    if line.event:
        parts.append((line.event, pale or event, line.look == "seen"))
    if line.guard:
        parts.append((f"[{line.guard}]", pale or style.GUARD, False))
    if line.outputs:
        parts.append(("/ " + ", ".join(line.outputs), pale or style.OUTPUT, False))
    if line.seen:
        parts.append((f"×{line.seen}", colour or style.SEEN_EDGE, True))
    rows: list[list[str]] = [[]]
    length = 0
    for text, shade, bold in parts:
        for number, piece in enumerate(broken(text)):
            if rows[-1] and (number or length + len(piece) > ROW):
                rows.append([])
                length = 0
            rows[-1].append(font(piece, shade, bold, size))
            length += len(piece) + 1
    return [Row(" ".join(row), line.id) for row in rows]


def rows_of(lines: Iterable[Row], below: Iterable[Row] = (), align: str = "LEFT") -> str:
    """An HTML-like label with air round it, so that text stands off its own arrow.

    What comes `below` stands under a rule, as in a box of UML.
    """

    def rows(rows: Iterable[Row], align: str) -> str:
        return "".join(f'<TR><TD ALIGN="{align}"{one.link}>{one.text}</TD></TR>' for one in rows)

    space = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"'
    lower = rows(below, "LEFT")
    table = f"<TABLE {space}>{rows(lines, align)}{'<HR/>' if lower else ''}{lower}</TABLE>"
    return f'<<TABLE BORDER="0" CELLPADDING="2"><TR><TD>{table}</TD></TR></TABLE>>'


def font(text: str, colour: style.Colour | None = None, bold: bool = False, size: float = 0) -> str:
    """A piece of an HTML-like label."""
    # Graphviz puts the name of the node in for a backslash with an N in rich text too.
    safe = escape(text).replace("\\", "\\\\") or " "
    if bold:
        safe = f"<B>{safe}</B>"
    look = [f' COLOR="{colour}"'] if colour else []
    look += [f' POINT-SIZE="{size}"'] if size else []
    return f"<FONT{''.join(look)}>{safe}</FONT>" if look else safe


def link_to(source: Source | None, told: str) -> dict[str, object]:
    """Attributes that make a part a link to its source, with a tooltip that says what and where."""
    told = told if len(told) <= LONGEST else told[:LONGEST] + "…"
    if source is None:
        return {"tooltip": plain(told)}
    where = "" if str(source) in told else f"\n{source}"
    return {"URL": url(source), "tooltip": plain(short(told + where))}


def plain(text: str) -> str:
    """Text for an attribute in which Graphviz reads escapes and entities."""
    return visible(text).replace("\\", "\\\\").replace("&", "&amp;").replace("\n", "&#10;")


def node_id(name: str) -> str:
    """A state's name as the identifier of its node; different names never become the same."""
    return _quoted(visible(name.replace("\\", "\\\\")).replace("\n", "\\n"))


def own_id(word: str) -> str:
    """An identifier that no state has: a name's backslashes come in pairs."""
    return f'"\\({node_id(word)[1:-1]})"'


def cluster_id(box: str) -> str:
    """The identifier of a box; Graphviz draws only those that begin like this."""
    return node_id(f"cluster {box}")


def attributes_of(attributes: Mapping[str, object]) -> str:
    """The attributes in a DOT list, by their names; an identifier is quoted already."""
    written = []
    for key, value in sorted(attributes.items()):
        text = str(value)
        is_ready = (key == "label" and text.startswith("<")) or key in ("lhead", "ltail")
        written.append(f"{key}={text if is_ready else _quoted(text)}")
    return f"[{', '.join(written)}]"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'
