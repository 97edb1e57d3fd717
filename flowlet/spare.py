"""Idle greenlets that the next parser of this thread uses again.

A dispatcher pools those of its own.  A parser has one of its own, and may live for no more than a
message; two greenlets made and thrown away cost five times as much as that message.  What is kept
is idle greenlets, so many and no more: nothing of a run.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from greenlet import greenlet

from .dispatcher import Dispatcher
from .fiber import Fiber

#: How many parsers that have ended leave theirs to others.
MOST: Final = 32


class _Spare(threading.local):
    def __init__(self) -> None:
        self.kept: list[tuple[Fiber, greenlet, deque[Fiber]]] = []


_SPARE: Final = _Spare()


def furnish(home: Dispatcher) -> None:
    """Give a new dispatcher what an earlier one has left."""
    if _SPARE.kept:
        fiber, home._starter, home._unstarted = _SPARE.kept.pop()
        fiber.home = home
        fiber.parent = home._starter.parent = home.hub
        home._idle.append(fiber)


def keep(home: Dispatcher) -> None:
    """Take what a dispatcher that is about to close has no more use for."""
    kept = _SPARE.kept
    if len(kept) < MOST and home._idle and home._starter is not None and not home._unstarted:
        kept.append((home._idle.pop(), home._starter, home._unstarted))
        home._starter = None
        home._unstarted = deque()
