"""The pages of docs/ as programs.

The `python` blocks of a page are one program, from top to bottom.  A `text` block right after one
of them is what it prints, and one without such a block prints nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<marks>`{3,})(?P<word>\w*)[^\n]*\n(?P<text>.*?)^(?P=marks)$", re.M | re.S)
#: Printed between two blocks, so that each has its own output.
_NEXT = "\x1e"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and what stands right below it as its output."""

    word: str
    text: str
    line: int
    output: str


@dataclass(frozen=True)
class Page:
    """A page with its blocks; `name` is its path in docs/."""

    name: str
    text: str

    def blocks(self, word: str) -> list[Block]:
        fences = list(_FENCE.finditer(self.text))
        found = []
        for fence, after in zip_longest(fences, fences[1:]):
            right_below = after and not self.text[fence.end() : after.start()].strip()
            prints = after["text"] if after and right_below and after["word"] == "text" else ""
            line = self.text.count("\n", 0, fence.start()) + 2
            if fence["word"] == word:
                found.append(Block(word, fence["text"], line, prints))
        return found

    def program(self) -> str:
        return "\n".join(block.text for block in self.blocks("python"))

    def missing(self) -> list[str]:
        """The packages that its program needs and that are not here."""
        wanted = re.findall(r"^(?:from|import) (\w+)", self.program(), re.M)
        return sorted({name for name in wanted if find_spec(name) is None})

    def run(self, folder: Path) -> list[tuple[Block, str]]:
        """Run it in a folder; its blocks, each with what it printed."""
        blocks = self.blocks("python")
        parts = [f"{block.text}\nprint({_NEXT!r}, end='')\n" for block in blocks]
        file = folder / "page_program.py"
        file.write_text("".join(parts), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, file],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return list(zip(blocks, done.stdout.split(_NEXT), strict=False))


PAGES = {
    path.relative_to(DOCS).as_posix(): Page(
        path.relative_to(DOCS).as_posix(), path.read_text("utf-8")
    )
    for path in sorted(DOCS.rglob("*.md"))
}
