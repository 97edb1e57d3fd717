"""Text that is safe in a picture: made visible, cut to a width, broken into lines.

A name can be anything: an event's label is formatted from its fields, so quotes, angle brackets,
new lines and control characters do come.  Nothing is dropped in silence: what cannot be drawn is
written as Python writes it, and what is cut off ends in `…` and stays whole in the tooltip.
"""

from __future__ import annotations

import re
import unicodedata

#: Characters a line, and a label in all, before it is broken or cut.
WIDTH = 30
LONGEST = 180

#: After these a name may be broken, as after a space.
_JOINTS = re.compile(r"(?<=[ ,;|/_.:&+=)\]}-])(?=\S)")


def visible(text: str) -> str:
    r"""The text with what has no shape written out, as `\x1b` or `\udc80`; tabs become spaces."""
    return "".join(_visible(char) for char in text.replace("\r\n", "\n").expandtabs(4))


def _visible(char: str) -> str:
    # Cc control, Cf format (direction marks), Cs lone surrogates, Co private, Cn not assigned.
    if char == "\n" or not unicodedata.category(char).startswith("C"):
        return char
    return char.encode("unicode_escape").decode("ascii")


def broken(text: str, width: int = WIDTH, longest: int = LONGEST) -> list[str]:
    """The text in lines of about `width` characters, at most about `longest` in all."""
    text = visible(text)
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    lines = [line for part in text.split("\n") for line in _broken(part, width)]
    return lines or [""]


def _broken(text: str, width: int) -> list[str]:
    lines = [""]
    for piece in _JOINTS.split(text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width + width // 3:  # one word too long for any line
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]
