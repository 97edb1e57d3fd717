"""Calls that leave the run: each runs in a thread, and its result comes back in an order.

On a virtual clock no time passes while a call is out, and results come back in the order in which
the calls were made, however long each took: so the same inputs give the same run.  A run that has
nothing else to do waits for the oldest call.  On a real clock results come back as they come.

Both go through the queue of what other threads have posted.  While calls are out on a virtual
clock, `OUT` stands in that queue, so that no run ends before they are back; so `settle`, which is
asked for every event, asks nothing more than before.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from .clock import RealClock
from .events import Over
from .fiber import Fiber
from .mailbox import Own

if TYPE_CHECKING:
    from .roster import Roster

#: On Windows Ctrl-C does not end a wait for a lock, so there the wait ends by itself now and then.
_PATIENCE: Final = 1.0 if sys.platform == "win32" else None


class Posted:
    """Something in the queue of what was posted that is no event; the hub lets it in."""

    __slots__ = ()

    def let_in(self) -> None:
        """Do what it is for."""


#: Stands in the queue while calls are out.
OUT: Final = Posted()


class Call(Own, Posted):
    """One call of a function in a thread, and the signal that it is over."""

    __slots__ = ("error", "fiber", "given_up", "label", "over", "value")

    def __init__(self, fiber: Fiber, label: str) -> None:
        self.fiber: Fiber = fiber
        self.label: str = label
        self.value: Any = None
        self.error: BaseException | None = None
        #: Whether the function has ended; the last that the thread sets.
        self.over: bool = False
        #: Whether nobody waits for the result any more.
        self.given_up: bool = False

    def run(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Call the function; in the thread."""
        try:
            self.value = fn(*args)
        except BaseException as error:
            self.error = error
        self.over = True
        if self.given_up:
            self.drop()

    def drop(self) -> None:
        """Nobody wants to know what it has made; in whatever thread."""
        if self.value.__class__ is CoroutineType:
            self.value.close()  # or Python warns that nobody has awaited it

    def let_in(self) -> None:
        """Tell the actor that waits for it; what it has made may have to be awaited before."""
        if self.given_up:
            self.drop()
        elif self.value.__class__ is CoroutineType:
            coroutine, self.value = self.value, None
            self.fiber.home.await_result(self, coroutine)
        else:
            self.fiber.signal(self)

    def outcome(self) -> Over:
        """What listeners hear; the result is in the call itself."""
        return Over(self.label)


class Calls:
    """The calls of one dispatcher that are out, and the threads that they run in."""

    __slots__ = ("_home", "_news", "_out", "_pool")

    def __init__(self, home: Roster) -> None:
        self._home = home
        # With it comes logging: 3 ms, for those alone who call `perform`.
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(thread_name_prefix="perform")
        #: Set when a call is over or an event was posted.
        self._news = threading.Event()
        #: On a virtual clock, the calls whose results have not been let in, oldest first.
        self._out: dict[Call, None] = {}

    def make(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have a function called in a thread, in a copy of the caller's context."""
        if not isinstance(self._home.clock, RealClock):
            if not self._out:
                self._home._posted.append((None, OUT))
            self._out[call] = None
        self._pool.submit(contextvars.copy_context().run, self._run, call, fn, args)

    def _run(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """In the thread."""
        call.run(fn, args)
        clock = self._home.clock
        if isinstance(clock, RealClock):
            self._home._posted.append((None, call))
            clock.wake()
        else:
            self._news.set()

    def give_up(self, call: Call) -> None:
        """Nobody waits for this call any more; the thread goes on, and its result is dropped."""
        call.given_up = True
        self._out.pop(call, None)
        if call.over:
            call.drop()

    def wake(self) -> None:
        """An event was posted: a run that waits for a call looks at that first."""
        self._news.set()

    def waiting(self) -> bool:
        """Whether the run has to wait for a call."""
        return bool(self._out)

    def let_in_oldest(self) -> None:
        """Wait for the oldest call, and let its result in; or until something is posted."""
        oldest = next(iter(self._out))
        while True:
            self._news.clear()
            if oldest.over:
                break
            if self._home._posted:
                return
            self._news.wait(_PATIENCE)
        del self._out[oldest]
        oldest.let_in()

    def close(self) -> None:
        """Let the threads end when they have nothing more to do; nobody waits for them here."""
        self._out.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
