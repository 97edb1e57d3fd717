"""From DOT to SVG and PNG: fonts, links, and colours for light and dark pages.

A bare machine has no fonts, and Graphviz then draws little squares.  So two weights of Inter are
carried along, and Fontconfig is told where; the machine's own fonts are still used for what Inter
lacks.  Text is measured in Inter, so an SVG has the same sizes wherever it is made.  Fontconfig
gets a configuration of our own, since the machine's aliases would replace fonts by others.

Graphviz itself runs in another process: `flowlet.export.lay_out` says why, and which one.
"""

from __future__ import annotations

import os
import re
import sys
from html import escape
from pathlib import Path

from . import style
from .missing import NoGraphvizError

#: Dots an inch of a PNG: twice what a screen has, so that it is sharp on one of double density.
PNG_DPI = 192
#: A picture of more arrows than this is large enough at half of that, and four times as quick.
MANY_ARROWS = 60
#: Seconds that a layout may take.  Folding keeps pictures small; a fraction of one is usual.
PATIENCE = 120.0

_HERE = Path(__file__).parent
_FONTS = (
    str(_HERE / "fonts"),
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "WINDOWSFONTDIR",  # Fontconfig's own word for it
)


def svg_from_dot(dot: str) -> str:
    """The DOT text laid out as SVG, with links, and colours for light and dark pages."""
    return _dressed(_laid_out(dot, "svg").decode("utf-8"))


def png_from_dot(dot: str) -> bytes:
    """The DOT text laid out as a PNG picture for screens of double density."""
    dpi = PNG_DPI if dot.count(" -> ") <= MANY_ARROWS else PNG_DPI // 2
    return _laid_out(dot.replace("{\n", f'{{\n  graph [dpi="{dpi}"]\n', 1), "png")


def _laid_out(dot: str, format: str) -> bytes:
    import subprocess  # not before a picture is wanted: importing flowlet imports this file
    import tempfile

    program = [sys.executable, "-P", str(_HERE / "lay_out.py"), format]
    with tempfile.TemporaryDirectory(prefix="flowlet-") as folder:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(_font_config(os.environ.get("FONTCONFIG_FILE")), encoding="utf-8")
        try:
            done = subprocess.run(
                program,
                input=dot.encode("utf-8"),
                capture_output=True,
                env=os.environ | {"FONTCONFIG_FILE": str(fonts)},
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"laying out the picture took more than {PATIENCE:g} s and was given up: save it "
                "as .dot, which takes no layout, or draw a part of the machine"
            ) from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoGraphvizError(said[-1] if said else f"it ended with code {done.returncode}")
    return done.stdout


def _font_config(users_own: str | None) -> str:
    folders = [f"<dir>{escape(folder)}</dir>" for folder in _FONTS]
    if users_own:  # who sets it wants something; ours is only put in front
        folders.append(f'<include ignore_missing="yes">{escape(users_own)}</include>')
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
            "<fontconfig>",
            *folders,
            '<dir prefix="xdg">fonts</dir>',
            '<cachedir prefix="xdg">fontconfig</cachedir>',
            "</fontconfig>",
        ]
    )


def _dressed(laid_out: str) -> str:
    """Graphviz's SVG with a style sheet, and without the comments that tell its version."""
    bare = re.sub(r"<!--.*?-->\n?", "", laid_out, flags=re.DOTALL)
    head, tag, rest = bare.partition("<g id=")
    return f"{head}{_sheet()}{tag}{rest}"


def _sheet() -> str:
    dark = "\n".join(
        f'  [fill="{one.light}"]{{fill:{one.dark}}} [stroke="{one.light}"]{{stroke:{one.dark}}}'
        for one in style.ALL
    )
    halo = "paint-order:stroke;stroke-width:3px;stroke-linejoin:round"
    return f"""<style>
text{{font-family:{style.FONT}}} [font-weight="bold"]{{font-weight:600}}
.edge text{{{halo};stroke:{style.PAPER}}}
a:hover path{{stroke-width:3}} a:hover text{{text-decoration:underline}}
@media (prefers-color-scheme:dark){{
{dark}
  .edge text{{stroke:{style.PAPER.dark}}}
}}
</style>
"""
