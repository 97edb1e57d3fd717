"""The block ```` ```flowlet ```` in Markdown: an extension of Python-Markdown.

It sees the page before other extensions do, takes out its own blocks and leaves what they draw.
A block that stands inside another, longer one is text, as it is for any Markdown.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
from __future__ import annotations

import re
from collections.abc import Callable

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

#: What a block says: its target, the lines inside, and how many lines of the page are above it.
Draw = Callable[[str, list[str], int], str]

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})[ ]*(?P<rest>[^`]*)$")

#: Before the extensions that make code blocks (25), after white space is put in order (30).
_PRIORITY = 27


class FlowletFence(Extension):
    """Draws the blocks by the function that it is given."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Be asked about every page."""
        md.preprocessors.register(_Fences(md, self._draw), "flowlet", _PRIORITY)


class _Fences(Preprocessor):
    def __init__(self, md: Markdown, draw: Draw) -> None:
        super().__init__(md)
        self._draw = draw

    def run(self, lines: list[str]) -> list[str]:
        kept: list[str] = []
        inside: list[str] = []  # of a block of ours
        begun: tuple[re.Match[str], int] | None = None
        for number, line in enumerate(lines):
            fence = _FENCE.match(line)
            if begun is None:
                begun = (fence, number) if fence else None
                if fence and _is_ours(fence):
                    inside = []
                else:
                    kept.append(line)
            elif fence and _ends(fence, begun[0]):
                kept += self._drawn(begun[0], inside, begun[1]) if _is_ours(begun[0]) else [line]
                begun = None
            else:
                (inside if _is_ours(begun[0]) else kept).append(line)
        if begun and _is_ours(begun[0]):  # it has no end, so what follows is in it
            kept += self._drawn(begun[0], inside, begun[1])
        return kept

    def _drawn(self, begin: re.Match[str], inside: list[str], above: int) -> list[str]:
        target = begin["rest"].strip().removeprefix("flowlet").strip()
        placeholder = self.md.htmlStash.store(self._draw(target, inside, above))
        return ["", begin["indent"] + placeholder, ""]


def _is_ours(begin: re.Match[str]) -> bool:
    return begin["rest"].split()[:1] == ["flowlet"]


def _ends(fence: re.Match[str], begin: re.Match[str]) -> bool:
    return not fence["rest"].strip() and fence["marks"].startswith(begin["marks"])
