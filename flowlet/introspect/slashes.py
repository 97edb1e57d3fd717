r"""A name with a slash in it beside blocks: `a/b` may be a state of that name, or `b` in `a`.

People read a path joined by `/`, and graphs tell states apart by that.  Where a machine has both,
the slash that is part of a name is marked, and they are `a\/b` and `a/b`; elsewhere a name stays as
it was given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import names

Path = tuple[Any, ...]


def doubtful_names(paths: Iterable[Path]) -> set[str]:
    """What several states or blocks would be called."""
    called: dict[str, Path] = {}
    doubtful = set()
    for path in paths:
        for depth in range(1, len(path) + 1):
            begin = path[:depth]
            name = names.text(begin)
            if called.setdefault(name, begin) != begin:
                doubtful.add(name)
    return doubtful


def marked(path: Path, doubtful: set[str]) -> Path:
    """The path with its own slashes marked, if it is one of those or leads through one."""
    begins = (names.text(path[:depth]) for depth in range(1, len(path) + 1))
    if doubtful.isdisjoint(begins):
        return path
    return tuple(part.replace("/", "\\/") if isinstance(part, str) else part for part in path)
