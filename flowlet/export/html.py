"""The interactive page: one HTML file that needs no network, no server and no build step.

It holds the pictures as Graphviz laid them out (`marked`), the machine as data (`page_data`), and
the script and the style sheet of `page/`, which are read as they stand.  It may be sent around and
opened from a disk, so it trusts nothing: its Content-Security-Policy allows that one script and
that one style sheet, by their hashes, and nothing else, neither another script nor any request.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from flowlet.introspect.model import MANY, StateGraph
from flowlet.introspect.model.factor import taken_apart
from flowlet.introspect.model.order import states_of

from . import style
from .marked import marked
from .page_data import Shown, page_data
from .text import visible

#: A machine of so many states and transitions is drawn whole as well where it is folded: there is
#: room to zoom.  Laying out more takes long, and shows a carpet.
WHOLE_STATES = 120
WHOLE_EDGES = 360
#: What is larger than this is folded before the page knows it.
MOST_STATES = 2000
MOST_EDGES = 8000

#: In this order they are one program; each says at its top what it is about.
SCRIPTS = ("machine", "camera", "cards", "layers", "search", "simulator", "page")


def to_html(graph: StateGraph, *, many: int = MANY) -> str:
    """The graph as an interactive page; above `many` states its first picture is folded.

    `NoGraphvizError` where there is nothing to lay the picture out with.
    """
    if len(graph.states) > MOST_STATES or len(graph.transitions) > MOST_EDGES:
        graph = graph.view(many)
    apart = taken_apart(graph)
    pictures = list(_pictures(apart.graph, many))
    data = page_data(graph, apart, pictures)
    sheet, script = _sheet(), _script()
    parts = {
        "title": escape(visible(graph.name) or "machine"),
        "policy": _policy(script, sheet),
        "sheet": sheet,
        "script": script,
        "data": _json(data),
        "pictures": "\n".join(_element(number, one) for number, one in enumerate(pictures)),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def _pictures(graph: StateGraph, many: int) -> Iterator[Shown]:
    folded = graph.view(many)
    yield Shown(folded, marked(folded), folded is not graph)
    is_small = len(states_of(graph)) <= WHOLE_STATES and len(graph.transitions) <= WHOLE_EDGES
    if folded is not graph and is_small:
        yield Shown(graph, marked(graph), is_folded=False)


def _element(number: int, shown: Shown) -> str:
    hidden = " hidden" if number else ""  # the first one is looked at, to begin with
    return f'<div class="picture" id="picture-{number}"{hidden}>{shown.picture.svg}</div>'


def _policy(script: str, sheet: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(sheet)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _json(data: object) -> str:
    """JSON in which nothing can end the element that it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def _read(name: str) -> str:
    return (files("flowlet.export") / "page" / name).read_text("utf-8")


@cache
def _script() -> str:
    """All scripts as one, so that none of their names is seen outside."""
    return "\n".join(
        ['"use strict";', "(() => {", *(_read(f"{one}.js") for one in SCRIPTS), "})();"]
    )


@cache
def _sheet() -> str:
    """The style sheet, after the palette of all pictures: both take their colours from it."""
    names = {name: one for name, one in vars(style).items() if isinstance(one, style.Colour)}
    names |= {f"BOX_{depth}": one for depth, one in enumerate(style.BOXES)}
    variables = {name.lower().replace("_", "-"): one for name, one in names.items()}
    light = "".join(f"--{name}:{one.light};" for name, one in variables.items())
    dark = "".join(f"--{name}:{one.dark};" for name, one in variables.items())
    palette = [
        f":root{{color-scheme:light;{light}--font:{style.FONT}}}",
        "@media (prefers-color-scheme:dark){",
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}",
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}",
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}",
        *(
            f'[fill="{one.light}"]{{fill:var(--{name})}}'
            f'[stroke="{one.light}"]{{stroke:var(--{name})}}'
            for name, one in variables.items()
        ),
    ]
    return "\n".join([*palette, _read("page.css")])
