"""User code is imported anew for every build, so that a page never shows what was there before.

`mkdocs serve` builds again and again in one process, and Python imports a module once.  What came
in while pictures were drawn is therefore forgotten when a new build begins.  Modules of flowlet
stay, and so does what was imported before: a class must not exist twice.
"""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STAYS = "flowlet"
_LIBRARIES = tuple(sysconfig.get_path(one) for one in ("stdlib", "purelib", "platlib"))


class Modules:
    """The modules that came in for pictures."""

    def __init__(self) -> None:
        self._came: set[str] = set()

    @contextmanager
    def fresh(self, root: Path) -> Iterator[None]:
        """Note what is imported inside, from `root` too; leave the search path as it was."""
        before, path = set(sys.modules), list(sys.path)
        sys.path.insert(0, str(root))
        try:
            yield
        finally:
            self._came |= set(sys.modules) - before
            sys.path[:] = path

    def forget(self) -> None:
        """Let everything that was noted be imported anew."""
        for name in self._came:
            if name.partition(".")[0] != _STAYS and _is_theirs(name):
                sys.modules.pop(name, None)
        self._came.clear()
        linecache.checkcache()


def _is_theirs(name: str) -> bool:
    """Whether it is code that somebody works on: no library, and nothing written in C."""
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return file.endswith(".py") and not file.startswith(_LIBRARIES)
