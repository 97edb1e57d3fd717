"""How far a long search is, for whoever sits before the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

Progress = Callable[[int, int], None]

#: Seconds that a search takes before it is worth a line.
LONG: Final = 1.0


class Line:
    """A line that tells the states found, how many a second, and how many wait to be continued."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began = time.perf_counter()
        self.status: Any = None

    def __call__(self, states: int, frontier: int) -> None:
        """Tell it; called by the search."""
        seconds = time.perf_counter() - self.began
        if seconds < LONG:
            return
        text = (
            f"exploring {self.what}: {states:,} states, {states / seconds:,.0f} a second, "
            f"{frontier:,} to go on from (Ctrl-C keeps what is there)"
        )
        if self.status is None:
            from rich.console import Console

            self.status = Console(stderr=True).status(text)
            self.status.start()
        self.status.update(text)

    def end(self) -> None:
        """Take the line away."""
        if self.status is not None:
            self.status.stop()


def line_for(what: str) -> Line | None:
    """A line at the terminal; `None` where nobody looks."""
    return Line(what) if sys.stderr.isatty() else None
