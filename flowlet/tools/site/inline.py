"""An SVG file made part of an HTML page: it follows the page's light and dark, not the system's.

In a file of its own a picture asks the browser which colours are wanted.  On a page the reader may
have chosen otherwise, by a switch of the theme.  CSS knows what was chosen as `color-scheme`, and
`light-dark()` follows it; a browser without that shows the light colours, which are the ones in
the picture itself.  The style sheet is held to the class `flowlet`, and ids are left out, since a
page has many pictures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote

#: From a file and a line to an address, or to none.
Link = Callable[[str, int], str | None]

#: A wide picture is not made smaller than this on a narrow screen; it can be scrolled instead.
SMALLEST = 0.62

_PAIR = re.compile(r'\[(fill|stroke)="(#\w+)"\]\{(?:fill|stroke):(#\w+)\}')
_HREF = re.compile(r' xlink:href="(?P<file>[^"]*?)#L(?P<line>\d+)"')


def inline(svg: str, label: str, link: Link) -> str:
    """The picture for a page, with its links as `link` gives them."""
    head, _, rest = svg.partition("<style>")
    sheet, _, body = rest.partition("</style>")
    box = re.search(r'width="([\d.]+)pt" height="[\d.]+pt"\s+viewBox="([^"]+)"', head)
    if box is None:
        raise ValueError(f"no SVG of ours: {head[:200]!r}")
    width = float(box[1]) * 4 / 3  # a point is 4/3 of a pixel
    return "".join(
        [
            '<div class="flowlet-picture">',
            f'<svg class="flowlet-svg" role="graphics-document" aria-label="{escape(label)}"',
            f' viewBox="{box[2]}" style="width:{width:.0f}px;min-width:{width * SMALLEST:.0f}px">',
            f"<style>{_sheet(sheet)}</style>",
            _linked(re.sub(r' id="[^"]*"', "", body.strip()), link),
            "</div>",
        ]
    )


def _linked(body: str, link: Link) -> str:
    def anew(found: re.Match[str]) -> str:
        address = link(unquote(unescape(found["file"])), int(found["line"]))
        return "" if address is None else f' xlink:href="{escape(address)}"'

    return _HREF.sub(anew, body)


def _sheet(sheet: str) -> str:
    """The picture's own rules for this class, and the two colours of each as one."""
    always, _, dark = sheet.partition("@media")
    rules = [_LINKS]
    rules += [
        f".flowlet-svg {selector.strip()}{{{body}}}"
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", always)
    ]
    rules += [
        f'.flowlet-svg [{what}="{light}"]{{{what}:light-dark({light},{night})}}'
        for what, light, night in _PAIR.findall(dark)
    ]
    halo = re.search(r"\.edge text\{stroke:(#\w+)\}", dark)
    paper = re.search(r"stroke:(#\w+)\}", always)
    if halo and paper:
        colours = f"light-dark({paper[1]},{halo[1]})"
        rules.append(f".flowlet-svg .edge text{{stroke:{colours}}}")
        rules.append(f".flowlet-picture{{background:{paper[1]};background:{colours}}}")
    return "".join([*rules, *_FRAME])


#: A theme has its own idea of what links look like, and these are no words in a line.
_LINKS = ".flowlet-svg a,.flowlet-svg a:hover{text-decoration:none;border:0;background:none}"

_FRAME = (
    "figure.flowlet{display:block;width:auto;max-width:none;margin:1.5em 0}",
    ".flowlet-picture{overflow-x:auto;text-align:center;border-radius:6px;padding:4px;"
    "border:1px solid color-mix(in srgb,currentColor 18%,transparent)}",
    ".flowlet-svg{max-width:100%;height:auto;display:block;margin:auto}",
    "figure.flowlet figcaption{max-width:none;margin:.5em 0 0;text-align:center;font-style:normal;"
    "font-size:.85em;opacity:.8}",
)
