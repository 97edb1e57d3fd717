"""A dispatcher that an asyncio event loop drives.

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
import contextvars
import inspect
import math
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, overload

from greenlet import getcurrent, greenlet

from .. import names
from ..actor import ActorRef
from ..calls import Call
from ..chance import Seed
from ..clock import RealClock
from ..dispatcher import Dispatcher, resume
from ..errors import IllegalCallError
from ..events import Delay, Timeout
from ..fiber import Fiber
from ..instrument import Listener
from ..named_ref import NamedRef
from ..sending import Delayed
from ..watchdog import Watchdog

if TYPE_CHECKING:
    from ..reading import Stream
    from ..requests import Request
    from .connection import Connection

A = TypeVar("A")
R = TypeVar("R")

#: How many instants are fired before the loop looks at its sockets again.
INSTANTS: Final = 64


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


class Minded:
    """Stands for whoever awaits the end of an actor, and so deals with its failure."""

    def goes_on(self, me: Fiber, ref: object, error: object, stopped: bool) -> bool:
        """It is over."""
        return False

    def dismiss(self, ref: object) -> None:
        """It is over."""

    def minds(self, ref: object) -> bool:
        """It does."""
        return True


MINDED: Final = Minded()


def asking(target: ActorRef[Any], request: Request[Any], after: float | Delay | None) -> Any:
    """The actor that asks for somebody outside."""
    return target.ask(request) if after is None else target.ask(request, after=after)


class LoopDispatcher(Dispatcher):
    """A dispatcher that runs in an asyncio event loop, the one in which it is made.

    ```python
    async def main() -> None:
        async with LoopDispatcher() as d:
            shop = d.spawn(keeper)
            total = await d.ask(shop, Total())
    ```

    Actors begin, and go on, by themselves; nobody calls `run`.  At the end of the `async with`
    block they are stopped, and their clean-up is waited for.  In its actors, `perform` takes
    coroutine functions too, and runs them as tasks of the loop.  The failure of an actor that
    nobody awaits goes to the loop's exception handler; the others run on.

    `seed`, `watchdog` and `instruments` are as for `Dispatcher`; the clock is the real one.  Raises
    `IllegalCallError` where no loop runs.
    """

    handle = LoopRef
    awaits = True

    __slots__ = (
        "_bell", "_handle", "_rung", "_tasks", "_when", "_woken", "connections", "loop", "written",
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
            self.loop = asyncio.get_running_loop()
        except RuntimeError:
            raise IllegalCallError(
                "LoopDispatcher() was called where no event loop runs; make it in a coroutine, or "
                "take Dispatcher(clock=RealClock()), which runs by itself"
            ) from None
        super().__init__(clock=LoopClock(self._wake), seed=seed, instruments=instruments)
        ready = self.ready = Ready()
        self._bell: Callable[[greenlet], None] = self._ring
        ready.__dict__["append"] = self._bell
        #: Whether the loop is going to call `_go_on`: asked by its own thread, and by others.
        self._rung = self._woken = False
        #: The loop's one handle, and for when.
        self._handle: asyncio.TimerHandle | None = None
        self._when = math.inf
        self._tasks: dict[Call, asyncio.Task[None]] = {}
        #: Connections whose actors have written something that is not on its way yet.
        self.written: list[Connection] = []
        #: The connections of its actors.
        self.connections: dict[ActorRef[Any], Connection] = {}
        if watchdog is not None:
            self.watchdog = Watchdog(self, watchdog)

    # --- for asyncio code -----------------------------------------------------------------

    @overload
    async def ask(self, ref: ActorRef[Any], request: Request[A], after: None = None) -> A: ...
    @overload
    async def ask(
        self, ref: ActorRef[Any], request: Request[A], after: float | Delay
    ) -> A | Timeout: ...
    async def ask(self, ref: ActorRef[Any], request: Any, after: Any = None) -> Any:
        """Ask an actor, and await its reply; with `after`, at most so many seconds.

        Raises `NoReplyError` as `ref.ask` does.  Where the task is cancelled, nobody waits on.
        """
        asker = self.spawn(asking, ref, request, after)
        try:
            return await self.ended(asker)
        finally:
            asker.stop(grace=0)

    async def ended(self, ref: ActorRef[R]) -> R | None:
        """Await the end of an actor; its result.  Raises its error."""
        if isinstance(ref, NamedRef):
            ref = ref.resolve()
        if ref.alive:
            over: asyncio.Future[None] = self.loop.create_future()
            extra = ref.own_extra()
            if extra.keeper is None:
                extra.keeper = MINDED
            ref.at_end(over, lambda _: None if over.done() else over.set_result(None))
            try:
                await over
            finally:
                ref.not_at_end(over)
                if extra.keeper is MINDED and not any(
                    isinstance(key, asyncio.Future) for key in extra.joiners
                ):
                    extra.keeper = None
        if ref.error is not None:
            raise ref.error
        return ref.result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def stop(self, grace: float = 5.0) -> None:
        """Stop all actors, await their clean-up for at most so many seconds each, and close."""
        try:
            while self._actors:
                await self._stopped(self.actors, grace)
        finally:
            self.close()

    async def _stopped(self, refs: list[ActorRef[Any]], grace: float) -> None:
        """Stop these, and await the end of the last one."""
        over: asyncio.Future[None] = self.loop.create_future()
        left = set(refs)

        def gone(ref: ActorRef[Any]) -> None:
            left.discard(ref)
            if not left and not over.done():
                over.set_result(None)

        for ref in reversed(refs):
            ref.at_end(over, gone)
            ref.stop(grace)
        await over

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
            for task in self._tasks.values():
                task.cancel()

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

    def arm(self) -> None:
        """Have the loop call when the earliest timer is due."""
        when = self.timers.next()
        if when is None or when >= self._when or self._closed:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._when = when
        wait = max(0.0, when - self.clock.now())
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
        for _ in range(INSTANTS):
            self.ready.__dict__.clear()
            fired = self._fire_due()
            self.go_round()
            if not fired or self.ready:
                break
        self._when = math.inf
        self.arm()

    def _send_written(self) -> None:
        written = self.written
        while written:
            written.pop().flush()

    # --- for the kernel -------------------------------------------------------------------

    def call_out(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have a function called in a thread, or a coroutine function in a task."""
        if not inspect.iscoroutinefunction(names.unwrapped(fn)):
            super().call_out(call, fn, args)
            return
        context = contextvars.copy_context()
        self._tasks[call] = self.loop.create_task(_await(call, fn, args), context=context)

    def give_up(self, call: Call) -> None:
        """The actor does not wait for the call any more: its task is cancelled."""
        task = self._tasks.pop(call, None)
        if task is None:
            super().give_up(call)
            return
        call.given_up = True
        if not call.over:
            task.cancel()


async def _await(call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Await what a coroutine function does, and tell the actor that waits for it."""
    try:
        call.value = await fn(*args)
    except asyncio.CancelledError:
        # Another class: asyncio's would end the actor as if it had been told to stop.
        call.error = CancelledError(f"{call.label} was cancelled, its task and not its actor")
    except BaseException as error:
        call.error = error
    call.over = True
    call.let_in()
