"""How pictures look: one palette for light and dark, one family of type.

Colours are chosen by what a reader asks first.  States are blue and filled, so that the eye finds
them; arrows are slate, so that they do not compete; time is amber, because an edge that happens
by itself is the one that people overlook; failure is red.  What is less certain is paler, what
was seen is darker and bolder, so that the order also holds in grey print.

Each colour has a partner for dark pages.  `flowlet.export.render` gives it to an SVG as a style
sheet, by the colour that it replaces; so no colour may stand here twice with different partners.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Inter is carried along (`fonts/`) for measuring and for PNG; a browser without it takes the
#: next one, all of which are as narrow or narrower, so that text stays in its box.
FONT = "Inter,Helvetica Neue,Helvetica,Arial,sans-serif"
STATE_SIZE = 13.0
LINE_SIZE = 11.0
CAPTION_SIZE = 10.0


@dataclass(frozen=True, slots=True)
class Colour:
    """The same colour twice: on white paper and on a dark page."""

    light: str
    dark: str

    def __str__(self) -> str:
        return self.light


PAPER = Colour("#fffffe", "#0d1117")
INK = Colour("#0f172a", "#e6edf3")
TEXT = Colour("#334155", "#c9d1d9")
QUIET = Colour("#64748b", "#8b98a9")
FAINT = Colour("#94a3b8", "#6b7686")
ARROW = Colour("#475569", "#9aa7b8")

STATE = Colour("#eaf1fe", "#172a46")
STATE_EDGE = Colour("#5b86d6", "#5585d4")
SEEN = Colour("#cfe0fd", "#21427a")
SEEN_EDGE = Colour("#1d4ed8", "#79a8ff")
UNSEEN = Colour("#f6f7f9", "#161b22")
UNSEEN_EDGE = Colour("#c2cad6", "#3d4654")
FOLD = Colour("#f1f5f9", "#1b222c")
ERROR = Colour("#fef0ef", "#3a1618")
ERROR_EDGE = Colour("#dc4c43", "#f07167")
TIME = Colour("#b45309", "#e3a03f")
GUARD = Colour("#7c3aed", "#b696f7")
OUTPUT = Colour("#0f766e", "#4fc3b5")
ACTIVE = Colour("#2563eb", "#3b82f6")
ACTIVE_EDGE = Colour("#1e40af", "#93c5fd")
ON_ACTIVE = Colour("#fefefe", "#fdfdfd")
NEW = Colour("#15803d", "#4ade80")
GONE = Colour("#b91c1c", "#f87171")

#: Boxes in boxes are told apart by their tint; deeper than this the tints begin again.
BOXES = (Colour("#f8fafd", "#11171f"), Colour("#f0f4fa", "#161d28"), Colour("#e8eef7", "#1b2431"))
BOX_EDGE = Colour("#bccadd", "#3b4a5e")

ALL = (
    PAPER,
    INK,
    TEXT,
    QUIET,
    FAINT,
    ARROW,
    STATE,
    STATE_EDGE,
    SEEN,
    SEEN_EDGE,
    UNSEEN,
    UNSEEN_EDGE,
    FOLD,
    ERROR,
    ERROR_EDGE,
    TIME,
    GUARD,
    OUTPUT,
    ACTIVE,
    ACTIVE_EDGE,
    ON_ACTIVE,
    NEW,
    GONE,
    *BOXES,
    BOX_EDGE,
)
