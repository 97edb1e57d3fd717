"""A dispatcher that an asyncio event loop drives, as asyncio code knows it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from .. import names
from ..actor import ActorRef
from ..calls import Call
from ..chance import Seed
from ..events import Delay, Timeout
from ..fiber import Fiber
from ..instrument import Listener
from ..named_ref import NamedRef
from .rounds import Rounds

if TYPE_CHECKING:
    from ..requests import Request

A = TypeVar("A")
R = TypeVar("R")


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


class LoopDispatcher(Rounds):
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

    awaits = True

    __slots__ = ("_tasks",)

    def __init__(
        self,
        *,
        seed: Seed = 0,
        watchdog: float | None = None,
        instruments: Iterable[Listener] = (),
    ) -> None:
        super().__init__(seed=seed, watchdog=watchdog, instruments=instruments)
        #: What actors await.
        self._tasks: dict[Call, asyncio.Task[None]] = {}

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
        super().close()
        for task in self._tasks.values():
            task.cancel()

    # --- for the kernel -------------------------------------------------------------------

    def call_out(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have a function called in a thread, or a coroutine function in a task."""
        if not inspect.iscoroutinefunction(names.unwrapped(fn)):
            super().call_out(call, fn, args)
            return
        context = contextvars.copy_context()
        self._tasks[call] = self.loop.create_task(_await(call, fn, args), context=context)

    def await_result(self, call: Call, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Await what a plain function has made, as `perform(lambda: work(5))` does."""
        context = call.fiber.gr_context
        self._tasks[call] = self.loop.create_task(
            _await(call, lambda: coroutine, ()), context=None if context is None else context.copy()
        )

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
