"""How far a long search is, for whoever sits before the terminal.

Telling it must leave no trace in what is explored: what is drawn from `random` meanwhile (by the
library that paints the line, or by a caller's own function) is put back.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

Progress = Callable[[int, int], None]

#: Seconds that a search takes before it is worth a line.
LONG: Final = 1.0


class Line:
    """A line that tells the states found, how many a second, and how many wait to be continued."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began: float = time.perf_counter()
        self.live: Any = None

    def __call__(self, states: int, frontier: int) -> None:
        """Tell it; called by the search."""
        seconds = time.perf_counter() - self.began
        if seconds < LONG:
            return
        text = (
            f"exploring {self.what}: {states:,} states, {states / seconds:,.0f} a second, "
            f"{frontier:,} to go on from (Ctrl-C keeps what is there)"
        )
        if self.live is None:
            from rich.console import Console
            from rich.live import Live
            from rich.spinner import Spinner

            self.spinner: Any = Spinner("dots", text)
            # Painted only when told: a thread of its own would do so amid a step of an actor.
            self.live = Live(
                self.spinner, console=Console(stderr=True), auto_refresh=False, transient=True
            )
            self.live.start()
        self.spinner.update(text=text)
        self.live.refresh()

    def end(self) -> None:
        """Take the line away."""
        if self.live is not None:
            with without_chance():
                self.live.stop()


def line_for(what: str) -> Line | None:
    """A line at the terminal; `None` where nobody looks."""
    return Line(what) if sys.stderr.isatty() else None


@contextmanager
def without_chance() -> Iterator[None]:
    """What is drawn from `random` inside is as if it had not been."""
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)


def unnoticed(progress: Progress | None) -> Progress | None:
    """The same, without a trace in what is explored."""
    if progress is None:
        return None

    def tell(states: int, frontier: int) -> None:
        with without_chance():
            progress(states, frontier)

    return tell
