"""Who is there: the actors of a dispatcher by name, who listens to them, and the mail to the dead.

The half of a dispatcher that switches nothing; `dispatcher.py` is the other.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from random import Random
from threading import get_ident
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, TypeVarTuple, cast

from greenlet import getcurrent, greenlet

from . import names
from .actor import ActorRef
from .calls import OUT, Call, Calls
from .cells import Cell, Cells
from .chance import Chance, Seed, picked
from .clock import RealClock, Timers, VirtualClock
from .errors import IllegalCallError, MailboxFullError, NotAnEventTypeError
from .fiber import Fiber
from .instrument import DeadLetter, Listener, Record, Spawned
from .life import end_actor, raise_in_hub
from .mailbox import Kinds, LimitedBox
from .named_ref import NamedRef
from .options import options_of

if TYPE_CHECKING:
    from .watchdog import Watchdog

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def _waits_for(ref: ActorRef[Any]) -> str:
    """What could end the waits of an actor: `takes Coin`, or `ask Get of 'shop'`."""
    waits = []
    kinds = ", ".join(sorted(kind.__name__ for kind in ref.accepts))
    for fiber in ref._fiber.all_fibers():
        if fiber.called is not None:
            # Whom an `ask` has asked; other waits are for nobody in particular.
            asked = getattr(fiber.own, "target", None)
            waits.append(fiber.called if asked is None else f"{fiber.called} of {asked.name!r}")
    if kinds or not waits:
        waits.append(f"takes {kinds or 'no event'}")
    return ", ".join(waits)


class Roster:
    """The actors of a run, and those who watch them."""

    #: What handles are made of; an exploration has others, which keep the mail to themselves.
    handle: ClassVar[type[ActorRef[Any]]] = ActorRef
    #: Whether `perform` takes coroutine functions here.
    awaits: ClassVar[bool] = False

    __slots__ = (
        "__weakref__", "_actors", "_calls", "_chance", "_closed", "_idle", "_named",
        "_posted", "_serials", "asking", "cells", "checked", "clock", "dead_letters", "deadline",
        "explored", "horizon", "hub", "listeners", "now", "plain_clock", "quota", "ready",
        "thread", "timers", "watchdog",
    )  # fmt: skip

    def __init__(
        self,
        clock: VirtualClock | RealClock,
        instruments: Iterable[Listener],
        seed: Seed,
    ) -> None:
        self.clock: VirtualClock | RealClock = clock
        self.now: Callable[[], float] = clock.now
        self.deadline: Callable[[float], float] = clock.deadline
        self.timers: Timers = Timers()
        self.ready: deque[greenlet] = deque()
        self.listeners: list[Listener] = list(instruments)
        #: How many deliveries a `step` may still make; `None` when it is no step.
        self.quota: int | None = None
        #: The clock where it is a virtual one without ticks: to read it takes no call.
        self.plain_clock: VirtualClock | None = (
            clock if type(clock) is VirtualClock and clock.hz is None else None
        )
        #: How far virtual time may pass while nothing is ready; not at all where the hub looks.
        self.horizon: float = -math.inf
        #: The greenlet from which the run goes out.
        self.hub: greenlet = getcurrent()
        self.thread: int = get_ident()
        #: How many events, and replies, came to nobody: who was to have them had ended, had no
        #: room, or no longer waited.
        self.dead_letters: int = 0
        self._actors: dict[ActorRef[Any], None] = {}
        self._named: dict[str, ActorRef[Any]] = {}
        self._serials: dict[str, int] = {}
        self._idle: list[Fiber] = []
        #: What a `receive` has been given before and was found to be types, and those types.
        self.checked: dict[tuple[Any, ...], Kinds] = {}
        #: Mail from other threads, and (without a ref) what else they have to tell.
        self._posted: deque[tuple[ActorRef[Any] | None, Any]] = deque()
        self._calls: Calls | None = None
        self._chance = Chance(seed)
        self.watchdog: Watchdog | None = None
        self.cells: Cells = Cells()
        #: Whether the stacks of its actors are read at their waits.
        self.explored: bool = False
        #: The actor whose `where=`, or the predicate of whose `wait_until`, is being asked.
        self.asking: Fiber | None = None
        self._closed = False

    # --- actors ---------------------------------------------------------------------------

    def spawn(
        self,
        fn: Callable[[*Ts], R],
        *args: *Ts,
        name: str | None = None,
        on_output: Callable[[Any], object] | None = None,
    ) -> ActorRef[R]:
        """Make an actor of a function; it begins when the dispatcher runs next.

        `on_output` is called with each value that the actor emits; without it, `ref.take()`
        gives them.  Raises `ValueError` for a name that a living actor has.
        """
        return self.spawn_under(None, fn, args, name, on_output)

    def spawn_under(
        self,
        parent: ActorRef[Any] | None,
        fn: Callable[..., R],
        args: tuple[Any, ...],
        name: str | None,
        on_output: Callable[[Any], object] | None,
    ) -> ActorRef[R]:
        """`spawn` for a child of `parent`."""
        if type(fn) is not FunctionType or fn.__code__.co_flags & names.NO_PLAIN_FUNCTION:
            names.check_function(fn, "spawn", "a function and its arguments")
        self._check_use("spawn")
        options = options_of(fn)
        name = name or options.name
        if name is not None and name in self._named:
            raise ValueError(f"there is an actor {name!r} already: {self._named[name]!r}")
        fn_name = names.function_name(fn)
        serial = self._serials[fn_name] = self._serials.get(fn_name, 0) + 1
        fiber = self.fresh_fiber()
        ref: ActorRef[R] = self.handle(
            cast(Any, self), fiber, fn, args, name or serial, options, parent, on_output
        )
        fiber.outfit(ref)
        if options.mailbox is not None:
            fiber.box = LimitedBox()
        self._actors[ref] = None
        if name is not None:
            self._named[name] = ref
        if parent is not None:
            parent.own_extra().children[ref] = None
        if self.listeners:
            fiber.watch()
            self.report(Spawned(self.now(), ref, parent))
        self.begin(fiber)
        return ref

    def find(self, name: str) -> ActorRef[Any] | None:
        """The living actor of that name."""
        if name in self._named:
            return self._named[name]
        return next((ref for ref in self._actors if ref.name == name), None)

    @property
    def actors(self) -> list[ActorRef[Any]]:
        """All living actors, in the order in which they were spawned."""
        return list(self._actors)

    @property
    def next_deadline(self) -> float | None:
        """The time at which the next timer is due, or `None`."""
        return self.timers.next()

    def post(self, ref: ActorRef[Any], event: object) -> None:
        """Send an event from another thread; the only call that other threads may make.

        What cannot be delivered when its turn comes is a dead letter.  Raises
        `NotAnEventTypeError` for a class, `TypeError` for what is no handle.
        """
        if not isinstance(ref, ActorRef):
            raise TypeError(f"post takes the handle of an actor and an event, not {ref!r}")
        if isinstance(event, type):
            raise NotAnEventTypeError(
                f"post got the class {event.__name__}; post one of it: "
                f"post(ref, {event.__name__}(…))"
            )
        self._posted.append((ref, event))
        if self._closed:
            self._bury()
        elif isinstance(self.clock, RealClock):
            self.clock.wake()
        elif self._calls is not None:
            self._calls.wake()

    # --- what actors share, and chance ------------------------------------------------------

    def shared(self, name: str, value: T) -> Cell[T]:
        """Make a cell that actors read and write, and wait for with `wait_until`.

        Raises `ValueError` for a name that another cell of this dispatcher has.
        """
        self._check_use("shared")
        named = self.cells.named
        if name in named:
            raise ValueError(
                f"there is a shared cell {name!r} already: {named[name]!r}; hand it on as an "
                "argument, or give this one another name"
            )
        cell = named[name] = Cell(self, name, value)
        return cell

    def choose(self, *options: T) -> T:
        """Choose one of the options by the seed, outside of all actors."""
        self._check_thread("choose")
        return self.choose_for(None, options)

    def choose_for(self, ref: ActorRef[Any] | None, options: tuple[T, ...]) -> T:
        """Choose for an actor, from the stream that is its own."""
        return picked(self._chance.stream("choose", ref), options)

    def rng_for(self, ref: ActorRef[Any]) -> Random:
        """The random numbers of an actor."""
        return self._chance.stream("rng", ref)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except Exception as late:
            if error is None:
                raise
            error.add_note(f"and while the dispatcher was closed: {late!r}")

    def run(self, until: Any = None) -> Any:
        """The dispatcher's."""
        raise NotImplementedError

    def close(self) -> None:
        """The dispatcher's."""
        raise NotImplementedError

    # --- who listens ----------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record from now on."""
        self._check_thread("listen")
        self.listeners.append(listener)
        for ref in self._actors:
            ref._fiber.watch()

    def unlisten(self, listener: Listener) -> None:
        """Call it no more."""
        self._check_thread("unlisten")
        self.listeners.remove(listener)
        if not self.listeners:
            for ref in self._actors:
                ref._fiber.unwatch()

    def report(self, record: Record) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(record)

    # --- time -----------------------------------------------------------------------------

    def _fire_due(self) -> bool:
        when = self.timers.next()
        return when is not None and when <= self.clock.time and self.timers.fire(when)

    def forget_old(self, times: deque[float], within: float) -> None:
        """Take out of a row of times those that are longer ago than so many seconds."""
        now = self.clock.time
        while times and times[0] + within < now:
            times.popleft()

    def wake_next(self, when: float) -> greenlet:
        """Let virtual time pass in the midst of a run, as `_skim` does; who goes on then.

        `when` is the earliest instant of the queue, taken out of it.
        """
        timers, clock = self.timers, self.clock
        while when <= self.horizon and not self._posted:
            if when in timers.armed and when > clock.time:
                clock.time = when  # type: ignore[misc]  # a virtual clock's
            timers.fire(when)
            if self.ready:
                return self.ready.popleft()
            if not timers.heap:
                return self.hub
            when = heappop(timers.heap)
        heappush(timers.heap, when)
        return self.hub

    # --- for the kernel -------------------------------------------------------------------

    def refuse(self, why: str) -> NoReturn:
        """Say what cannot be explored; an exploration's."""
        raise NotImplementedError

    def call_out(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have a function called in a thread, for an actor that waits for it."""
        if self._calls is None:
            self._calls = Calls(self)
        self._calls.make(call, fn, args)

    def await_result(self, call: Call, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Await what a call has made, and tell its actor: a dispatcher's that has an event loop."""
        coroutine.close()
        call.error = TypeError(
            f"{call.label} has made a coroutine, which is awaited under an event loop alone, by a "
            "LoopDispatcher; here, perform(asyncio.run, work()) awaits it in the thread"
        )
        call.let_in()

    def give_up(self, call: Call) -> None:
        """The actor does not wait for the call any more."""
        if self._calls is not None:
            self._calls.give_up(call)

    def _shut_down(self) -> None:
        """End the threads."""
        if self._calls is not None:
            self._calls.close()
        if self.watchdog is not None:
            self.watchdog.close()
        self._bury()

    def _bury(self) -> None:
        """Count what was posted and will not be delivered any more; in whatever thread."""
        # Each is taken out by one thread, however many are here; listeners hear of none of it.
        with suppress(IndexError):
            while True:
                ref, _ = self._posted.popleft()
                if ref is not None:
                    self.dead_letters += 1

    def _let_in(self) -> None:
        """Take in what was posted; with nothing else to do, wait for a call that is out."""
        posted = self._posted
        calls = self._calls
        try:
            while True:
                while posted:
                    ref, event = posted.popleft()
                    if ref is None:
                        event.let_in()
                    else:
                        self._take_in(ref, event)
                if calls is None or not calls.waiting() or self.ready:
                    return
                if not self._fire_due():
                    calls.let_in_oldest()
        finally:
            if calls is not None and calls.waiting():
                posted.append((None, OUT))

    def _take_in(self, ref: ActorRef[Any], event: object) -> None:
        """Send what was posted; who posted it has gone on, and cannot be told of an error."""
        try:
            ref = ref.resolve() if isinstance(ref, NamedRef) else ref
        except LookupError:
            self.dead_letter(ref, event, None)
            return
        if ref.phase == "ended":
            self.dead_letter(ref, event, None)
            return
        try:
            ref.send(event)
        except MailboxFullError:
            self.dead_letter(ref, event, None)

    def forget(self, ref: ActorRef[Any]) -> None:
        """An actor that has not begun is stopped."""
        end_actor(cast(Any, self), ref, None, None, ())

    def spend(self) -> None:
        """Count a delivery against the quota of a step."""
        if self.quota:
            self.quota -= 1

    def raise_soon(self, error: BaseException | None) -> None:
        """Have an error raised in the hub, before anybody else goes on."""
        self.ready.appendleft(greenlet(partial(raise_in_hub, cast(Any, self), error), self.hub))

    def dead_letter(self, ref: ActorRef[Any], event: object, sender: ActorRef[Any] | None) -> None:
        """An event has come to an actor that has ended, or a reply to one that has gone on."""
        self.dead_letters += 1
        if self.listeners:
            self.report(DeadLetter(self.now(), ref, event, sender))

    def wrong_thread(self, call: str) -> IllegalCallError:
        """The error of a call from a thread that does not own the dispatcher."""
        return IllegalCallError(
            f"{call} was called from another thread than the one that made this dispatcher; from "
            "other threads use dispatcher.post(ref, event), which takes the event in safely"
        )

    def report_waits(self, why: str) -> str:
        """Every actor, its state and the line at which it waits, as a text."""
        lines = [f"{why}: nothing is on its way, and no timer is armed. Who waits where:"]
        for ref in self._actors:
            places = " and ".join(stack[-1] for stack in ref.stacks() if stack) or "?"
            lines.append(f"  {ref.name} in {ref.path_text()} at {places}, {_waits_for(ref)}")
        if any(ref.accepts for ref in self._actors):
            lines.append("Send one of these events, or give the wait an after=.")
        else:
            lines.append(
                "No event helps: none of them takes any. Give one of these waits an after= or an "
                "until(…) round it, or have who is asked answer meanwhile, with on(…)."
            )
        return "\n".join(lines)

    def _check_thread(self, call: str) -> None:
        if get_ident() != self.thread:
            raise self.wrong_thread(f"{call}()")

    def _check_use(self, call: str) -> None:
        self._check_thread(call)
        if self._closed:
            raise IllegalCallError(
                f"{call}() was called on a dispatcher that is closed; make a new Dispatcher"
            )

    def fresh_fiber(self) -> Fiber:
        """The dispatcher's, since starting a greenlet is a switch."""
        raise NotImplementedError

    def begin(self, fiber: Fiber) -> None:
        """The dispatcher's, likewise."""
        raise NotImplementedError
