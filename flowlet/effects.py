"""`perform`: side effects and blocking calls, done in a thread while the actor waits.

The wait is deaf: what is on its way out into the world cannot be taken back, so whoever wants the
actor to leave (an `until`, an `on`, a stop) waits until it is known how the call went.  Then they
are heard before the actor goes on.

Retries are tenacity's: it says after each attempt whether there is another, and when.  The
attempts run in threads, the times between them pass on the dispatcher's clock.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

from . import names
from .blocks import Name, running
from .calls import Call
from .dispatcher import step_aside
from .errors import IllegalCallError
from .events import Delay
from .fiber import Fiber
from .mailbox import LATER, Own, take
from .roles import playing
from .waiting import wait

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class Retry(Protocol):
    """What `retry=` takes: a `tenacity.Retrying`, or what has its `iter`."""

    def iter(self, retry_state: Any) -> Any:
        """What to do next: an attempt, a sleep, or end with this result."""


class _Again(Own):
    """Comes after all that is in the mailbox now."""

    __slots__ = ("met",)

    def __init__(self) -> None:
        self.met = False

    def outcome(self) -> _Again:
        self.met = True
        return self


@overload
def perform(
    fn: Callable[[*Ts], Coroutine[Any, Any, R]],
    *args: *Ts,
    retry: Retry | None = None,
    at: Name | None = None,
) -> R: ...
@overload
def perform(
    fn: Callable[[*Ts], R], *args: *Ts, retry: Retry | None = None, at: Name | None = None
) -> R: ...
@playing("wait")
def perform(
    fn: Callable[[*Ts], Any], *args: *Ts, retry: Retry | None = None, at: Name | None = None
) -> Any:
    """Call a function in a thread and wait for its result: for side effects and blocking calls.

    ```python
    receipt = perform(charge, card, 250)
    page = perform(fetch, url, retry=tenacity.Retrying(stop=tenacity.stop_after_attempt(3)))
    ```

    What the function raises is raised here.  Mail is kept meanwhile.  An `until` or an `on` round
    it, and a stop, wait until the result is known, and are heard before the actor goes on; only
    `close()`, and a stop whose grace is over, do not wait.  On a virtual clock no time passes while
    the call is out.  `retry`: a `tenacity.Retrying`, whose times are seconds on the dispatcher's
    clock; between two attempts an `until` leaves.  `at`: the name of this state.  Under an event
    loop (`flowlet.hosts.aio`) a coroutine function is awaited, as a task of the loop; so is what a
    function makes that is a coroutine.

    The function must not touch the dispatcher, except by `post`.  Raises `IllegalCallError`
    outside an actor and in a `where=`.
    """
    me = running("perform")
    name = names.function_name(fn) if callable(fn) else ""
    if not name or (inspect.iscoroutinefunction(names.unwrapped(fn)) and not me.home.awaits):
        raise TypeError(
            f"perform takes a plain function and its arguments, not {fn!r}; write "
            "perform(charge, 5), not perform(charge(5)), and for a coroutine "
            "perform(asyncio.run, work()), or perform(work) under an event loop, where it is run "
            "by a LoopDispatcher"
        )
    if me.home.asking is me:
        raise IllegalCallError(
            f"perform({name}) was called in a where= or in the predicate of a wait_until, which "
            "are asked again and again in the middle of a wait; call it after the wait"
        )
    if retry is None:
        return _outcome(_attempt(me, fn, args, name, at))
    return _retried(me, fn, args, name, at, retry)


def _attempt(
    me: Fiber, fn: Callable[..., Any], args: tuple[Any, ...], name: str, at: Name | None
) -> Call:
    """Call the function once; back when the result is known and nobody wants the actor to leave."""
    home = me.home
    called = f"perform {name}"
    _heed(me, deaf=True)  # of an actor that is ended at once nothing goes out any more
    call = Call(me, called)
    home.call_out(call, fn, args)
    try:
        wait(me, None, None, None, at, called, own=call, deaf=True)
    finally:
        home.give_up(call)
    if me.region is None:
        _heed(me)
    else:
        # In a region the mail is with its actor, which offers it all once more.
        again = _Again()
        me.signal(again)
        while not again.met:
            wait(me, None, None, None, at, called, own=again, once=True)
    return call


def _outcome(call: Call) -> Any:
    """The result, or the error raised."""
    error = call.error
    if error is None:
        return call.value
    call.error = None  # or the error would hold the call, and the call the error
    trace = error.__traceback__
    try:
        raise error.with_traceback(trace and trace.tb_next)
    finally:
        del error, trace


def _retried(
    me: Fiber,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    name: str,
    at: Name | None,
    retry: Retry,
) -> Any:
    """Call the function until tenacity says that it is enough."""
    try:
        from tenacity import DoAttempt, DoSleep, RetryCallState
    except ImportError:
        raise ImportError(
            "perform(retry=…) leaves it to tenacity when to try again, and tenacity is not "
            "installed; install flowlet[retry]"
        ) from None
    advise = getattr(retry, "iter", None)
    if advise is None or inspect.iscoroutinefunction(advise):
        raise TypeError(
            f"retry takes a tenacity.Retrying, such as tenacity.Retrying(stop="
            f"tenacity.stop_after_attempt(3)), not {retry!r}"
        )
    home = me.home
    begin = getattr(retry, "begin", None)
    if begin is not None:
        begin()
    progress = RetryCallState(retry, fn, args, {})  # type: ignore[arg-type]  # whoever has an iter
    progress.start_time = home.now()
    while True:
        todo = advise(retry_state=progress)
        if isinstance(todo, DoAttempt):
            call = _attempt(me, fn, args, name, at)
            error, call.error = call.error, None
            if error is None:
                progress.set_result(call.value)
            else:
                progress.set_exception((type(error), error, error.__traceback__))
            # tenacity reads the wall's clock; how long it has been trying is for ours to say.
            progress.outcome_timestamp = home.now()
            del error, call
        elif isinstance(todo, DoSleep):
            progress.prepare_for_next_attempt()
            wait(me, None, None, Delay("retry", float(todo)), at, f"perform {name}")
        else:
            return todo


def _heed(me: Fiber, deaf: bool = False) -> None:
    """Look into the mailbox: blocks that hear something there do so now."""
    while me.box and take(me, None, None, deaf) is LATER:
        step_aside(me)
