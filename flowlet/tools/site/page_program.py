"""The programs of a page as one module: what a picture of `:name` is drawn from.

The `python` blocks above a picture run from top to bottom, once, when the picture is built.  The
module's lines are those of the page, so a line in a message is a line that its author can go to.
They run in an empty folder: a page that shows how to save a file leaves none behind.
"""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

from flowlet.tools.targets import TargetError, resolve

_BEGIN = re.compile(r"^(?P<marks>`{3,}|~{3,})\s*(?P<word>\S*).*$")


class PageProgram:
    """The `python` blocks of a page, down to a line.

    `file` is how the page is called in messages, relative to the root.
    """

    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self.file = file
        self._text = "\n".join(_only_python(lines)) + "\n"

    def look_up(self, name: str) -> Any:
        """What is called so once the blocks have run."""
        return resolve(name, self._ran)[1]

    @cached_property
    def _ran(self) -> ModuleType:
        module = ModuleType(self.file)
        module.__file__ = self.file
        sys.modules[self.file] = module  # classes look for their module
        lines = self._text.splitlines(keepends=True)
        linecache.cache[self.file] = (len(self._text), None, lines, self.file)
        try:
            with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
                exec(compile(self._text, self.file, "exec"), module.__dict__)
        except Exception as error:
            what = traceback.format_exception_only(error)[-1].strip()
            raise TargetError(
                f"the programs above it on the page fail:\n  {what}\n  at {self.file}:"
                f"{self._line(error)}"
            ) from error
        return module

    def _line(self, error: Exception) -> int:
        """The deepest line on the page itself."""
        if isinstance(error, SyntaxError):
            return error.lineno or 0
        frames = traceback.extract_tb(error.__traceback__)
        return next((f.lineno or 0 for f in reversed(frames) if f.filename == self.file), 0)


def _only_python(lines: Sequence[str]) -> list[str]:
    """The page with all else made empty, so that its lines keep their number."""
    kept: list[str] = []
    marks = word = ""
    for line in lines:
        if marks:
            ends = line.strip().startswith(marks) and not line.strip().strip(marks[0])
            kept.append(line if word == "python" and not ends else "")
            marks = "" if ends else marks
        else:
            begin = _BEGIN.match(line)
            marks, word = (begin["marks"], begin["word"]) if begin else ("", "")
            kept.append("")
    return kept
