"""Clocks, and the queue of what is to happen when.

Most timeouts never fire: they stand beside an event that comes first.  So arming and disarming
must be cheap, firing less so.  The queue is a heap of bare instants, and beside it a dictionary
from each instant to those who wait for it, in the order in which they were armed.  Disarming
deletes from the dictionary and leaves the instant in the heap; when more than half of the heap
is such leftovers, it is built anew.
"""

from __future__ import annotations

import math
import threading
import time as times
from heapq import heapify, heappop, heappush
from typing import Final, Protocol

#: The time that never comes.
NEVER: Final = math.inf

#: A part of a tick that is rounding in somebody's arithmetic, and not meant.
ROUNDING: Final = 1e-6


class Timed(Protocol):
    """Something that can be armed: `fire` is called when its instant has come."""

    def fire(self) -> None:
        """Do what was to be done then."""


class Timers:
    """What is armed, by instant; within one instant in the order of arming."""

    __slots__ = ("armed", "heap")

    def __init__(self) -> None:
        #: The instants, leftovers included; empty only if nothing is armed.
        self.heap: list[float] = []
        #: By instant: what is armed, or a dictionary of several in their order.
        self.armed: dict[float, Timed | dict[Timed, None]] = {}

    def arm(self, when: float, timed: Timed) -> None:
        """Have `timed` fired at `when`, in seconds on the clock; at `math.inf`, never."""
        there = self.armed.get(when)
        if there is None:
            if when == NEVER:
                return
            self.armed[when] = timed
            heappush(self.heap, when)
        elif type(there) is dict:
            there[timed] = None
        else:
            self.armed[when] = {there: None, timed: None}  # type: ignore[dict-item]  # `there` is none

    def disarm(self, when: float, timed: Timed) -> bool:
        """Forget `timed`; false, and nothing happens, if it has fired already."""
        armed = self.armed
        there = armed.get(when)
        if there is not timed:
            if type(there) is not dict or timed not in there:
                return False
            del there[timed]
            if there:
                return True
        del armed[when]
        heap = self.heap
        if len(heap) > 64 and len(heap) > 2 * len(armed):
            heap[:] = armed
            heapify(heap)
        return True

    def next(self) -> float | None:
        """The earliest instant for which something is armed."""
        heap = self.heap
        armed = self.armed
        while heap:
            if heap[0] in armed:
                return heap[0]
            heappop(heap)
        return None

    def fire(self, when: float) -> bool:
        """Fire all that is armed for an instant, in the order of arming; whether anything was."""
        there = self.armed.pop(when, None)
        if isinstance(there, dict):
            for timed in there:
                timed.fire()
        elif there is not None:
            there.fire()
        return there is not None

    def all_armed(self) -> list[tuple[float, Timed]]:
        """All that is armed, earliest first, within an instant in the order of arming."""
        found: list[tuple[float, Timed]] = []
        armed = self.armed
        for when in sorted(armed) if len(armed) > 1 else armed:
            there = armed[when]
            found += [(when, timed) for timed in (there if isinstance(there, dict) else (there,))]
        return found

    def __len__(self) -> int:
        return len(self.all_armed())


class VirtualClock:
    """Time that moves only when the dispatcher moves it, from deadline to deadline.

    Starts at 0.0.  A program that waits for a day runs in no time, and always the same way.
    With `hz` it counts whole ticks, so many a second: a wait lasts its seconds rounded up to one,
    and ten thousand of them add up without drift.
    """

    def __init__(self, hz: float | None = None) -> None:
        if hz is not None:
            if not isinstance(hz, int | float) or isinstance(hz, bool):
                raise TypeError(f"hz is the number of ticks a second, not {hz!r}")
            if not 0 < hz < math.inf:
                raise ValueError(
                    f"hz is the number of ticks a second, more than 0 and finite, not {hz!r}"
                )
        self.hz = hz
        #: Seconds since the clock was made.
        self.time: float = 0.0

    def deadline(self, seconds: float) -> float:
        """The time that is so many seconds from now."""
        if self.hz is None:
            return self.time + seconds
        ticks = seconds * self.hz
        if ticks == math.inf:
            return NEVER
        return (round(self.time * self.hz) + math.ceil(ticks - ROUNDING)) / self.hz

    def tick_at(self, when: float) -> float:
        """The last tick that is not after a time; any time is one for a clock without ticks."""
        if self.hz is None or when * self.hz == math.inf:
            return when
        return math.floor(when * self.hz + ROUNDING) / self.hz

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self.time

    def move_to(self, when: float) -> None:
        """Make it `when`; time never goes back."""
        if when > self.time:
            self.time = when

    def go_on(self, when: float | None, limit: float | None, anyone: bool) -> bool:
        """Move to the next deadline, or to the limit; false when the run is over by that.

        `anyone`: whether an actor is left, which makes no difference here.
        """
        if limit is not None and limit != NEVER and (when is None or when > limit):
            self.move_to(limit)
            return False
        if when is not None:
            self.move_to(when)
        return when is not None


class RealClock:
    """The time of day in seconds, read so that it never goes back while the program runs."""

    def __init__(self) -> None:
        self._offset = times.time() - times.monotonic()
        self._woken = threading.Event()

    def now(self) -> float:
        """Seconds since the epoch."""
        return times.monotonic() + self._offset

    @property
    def time(self) -> float:
        """Seconds since the epoch."""
        return times.monotonic() + self._offset

    def deadline(self, seconds: float) -> float:
        """The time that is so many seconds from now."""
        return self.now() + seconds

    def wait_until(self, when: float | None) -> None:
        """Sleep until `when`, or until another thread calls `wake`."""
        # Who is woken too early, by so long a time, looks and sleeps again.
        left = None if when is None else min(max(0.0, when - self.now()), threading.TIMEOUT_MAX)
        self._woken.wait(left)
        self._woken.clear()

    def go_on(self, when: float | None, limit: float | None, anyone: bool) -> bool:
        """Sleep until the next deadline, the limit, or a call from another thread.

        False when the limit has come, or when there is no limit and nobody is left.  `math.inf`
        is no limit.
        """
        if limit is None or limit == NEVER:
            if not anyone:
                return False
        elif when is None or when > limit:
            if self.now() >= limit:
                return False
            when = limit
        self.wait_until(when)
        return True

    def wake(self) -> None:
        """End a `wait_until` that is going on; may be called from any thread."""
        self._woken.set()
