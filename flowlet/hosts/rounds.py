"""Rounds: how an asyncio event loop drives a dispatcher.

Nothing here waits in a thread, and nothing polls.  Whoever puts an actor into the queue of those
who are ready while nothing runs *rings*: the loop is to call `go_round` soon.  Bytes that have come
do not even take that way: the connection calls it at once, so a read costs one switch to the actor
and one back, no task and no future.

A *round* gives one turn to each actor that is ready when it begins; who becomes ready in it has its
turn in the next one, after the loop has looked at its sockets.  So two actors that never stop
pausing for each other hold up nobody.  What an actor has to compute holds up all, as in any
callback: it belongs in `perform`, and `watchdog=` ends who does not come to a wait.

The clock is the real one.  However many timers are armed, the loop has one handle, for the
earliest; it is left where it is when that timer is called off, because most are, and then finds
nothing due.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from greenlet import getcurrent, greenlet

from ..actor import ActorRef
from ..chance import Seed
from ..clock import RealClock
from ..dispatcher import Dispatcher, resume
from ..errors import IllegalCallError
from ..events import Delay
from ..instrument import Listener
from ..sending import Delayed
from ..watchdog import Watchdog

if TYPE_CHECKING:
    from ..reading import Stream
    from .connection import Connection

#: How many instants are fired before the loop looks at its sockets again.
INSTANTS: Final = 64
#: A loop that counts in milliseconds may call too early by a part of one: it is not asked again and
#: again in what is left.
TICK: Final = 0.001


class LoopClock(RealClock):
    """The real clock; what other threads have to tell wakes the loop."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def wake(self) -> None:
        """May be called from any thread."""
        self._call()


class Ready(deque[greenlet]):
    """Those who are ready.

    While nothing runs, `append` is another function, which stands in the dictionary of this very
    object; so nothing is asked during a run.
    """


class LoopRef(ActorRef[Any]):
    """The handle of an actor under a loop, which is told of what is sent for later."""

    __slots__ = ()

    def _send_later(self, event: object, after: float | Delay) -> Delayed:
        delayed = super()._send_later(event, after)
        home: Any = self._home
        home.arm()
        return delayed


class Rounds(Dispatcher):
    """The part of a `LoopDispatcher` that runs."""

    handle: ClassVar[type[ActorRef[Any]]] = LoopRef

    __slots__ = (
        "_bell", "_handle", "_rung", "_when", "_woken", "connections", "loop", "written",
    )  # fmt: skip

    def __init__(
        self,
        *,
        seed: Seed = 0,
        watchdog: float | None = None,
        instruments: Iterable[Listener] = (),
    ) -> None:
        try:
            #: The loop that drives it.
            self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        except RuntimeError:
            raise IllegalCallError(
                "LoopDispatcher() was called where no event loop runs; make it in a coroutine, or "
                "take Dispatcher(clock=RealClock()), which runs by itself"
            ) from None
        super().__init__(clock=LoopClock(self._wake), seed=seed, instruments=instruments)
        ready = Ready()
        self.ready: deque[greenlet] = ready
        self._bell: Callable[[greenlet], None] = self._ring
        ready.__dict__["append"] = self._bell
        #: Whether the loop is going to call `_go_on`: asked by its own thread, and by others.
        self._rung = self._woken = False
        #: The loop's one handle, and for when.
        self._handle: asyncio.TimerHandle | None = None
        self._when = math.inf
        #: Connections whose actors have written something that is not on its way yet.
        self.written: list[Connection] = []
        #: The connections of its actors.
        self.connections: dict[ActorRef[Any], Connection] = {}
        if watchdog is not None:
            self.watchdog: Watchdog | None = Watchdog(self, watchdog)

    def close(self) -> None:
        """End all actors at once, as `Dispatcher.close` does."""
        self.ready.__dict__.clear()
        if self._handle is not None:
            self._handle.cancel()
        try:
            super().close()
        finally:
            self._send_written()
            for connection in list(self.connections.values()):
                connection.abort()

    def run(self, until: Any = None) -> NoReturn:
        """Not here: the loop runs it."""
        raise IllegalCallError(
            "run() was called on a dispatcher that its event loop runs; `await d.ended(ref)` waits "
            "for an actor"
        )

    def advance(self, seconds: float) -> NoReturn:
        """Not here: time is real."""
        raise IllegalCallError(
            "advance() was called on a dispatcher whose time is real; to move time, run the same "
            "actors in Dispatcher()"
        )

    # --- rounds ---------------------------------------------------------------------------

    def go_round(self) -> None:
        """Give one turn to each actor that is ready now."""
        hub = getcurrent()
        if hub is not self._free_hub:
            self._take_over("go_round")
        ready = self.ready
        ready.__dict__.clear()
        self._free_hub = None
        try:
            if self._posted:
                self._let_in()
            if ready:
                deque.append(ready, hub)
                while True:
                    try:
                        resume(ready.popleft())
                    except (KeyboardInterrupt, SystemExit):
                        raise
                    except BaseException as error:
                        self.tell_of(error)
                    if hub not in ready:
                        break
        finally:
            while hub in ready:
                ready.remove(hub)
            self._free_hub = hub
            ready.__dict__["append"] = self._bell
        if self.written:
            self._send_written()
        if ready and not self._rung:
            self._rung = True
            self.loop.call_soon(self._go_on)
        heap = self._heap
        if heap and heap[0] < self._when:
            self.arm()

    def take_in(self, stream: Stream, data: bytes) -> None:
        """Feed a stream with what has come, and let its reader go on."""
        ready = self.ready
        ready.__dict__.clear()
        stream.feed(data)
        if ready:
            self.go_round()
        else:
            ready.__dict__["append"] = self._bell

    def arm(self, least: float = 0.0) -> None:
        """Have the loop call when the earliest timer is due, and not before so many seconds."""
        when = self.timers.next()
        if when is None or when >= self._when or self._closed:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._when = when
        wait = max(least, when - self.clock.now())
        self._handle = self.loop.call_at(self.loop.time() + wait, self._on_time)

    def tell_of(self, error: BaseException) -> None:
        """Hand a failure that nobody minds to the loop's exception handler."""
        self.loop.call_exception_handler({"message": "an actor has failed", "exception": error})

    def _ring(self, fiber: greenlet) -> None:
        """Somebody is ready while nothing runs."""
        deque.append(self.ready, fiber)
        if not self._rung:
            self._rung = True
            self.loop.call_soon(self._go_on)

    def _wake(self) -> None:
        """Something was posted by another thread, perhaps."""
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        self._rung = self._woken = False
        if not self._closed:
            self.go_round()

    def _on_time(self) -> None:
        self._handle = None
        if self._closed:
            return
        self._when = -math.inf  # nobody arms meanwhile
        early = True
        for _ in range(INSTANTS):
            self.ready.__dict__.clear()
            if not self._fire_due():
                self.ready.__dict__["append"] = self._bell
                break
            early = False
            self.go_round()
            if self.ready:
                break
        self._when = math.inf
        self.arm(TICK if early else 0.0)

    def _send_written(self) -> None:
        written = self.written
        while written:
            written.pop().flush()
