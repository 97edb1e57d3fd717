"""Who is there: the actors of a dispatcher by name, who listens to them, and the mail to the dead.

The half of a dispatcher that switches nothing; `dispatcher.py` is the other.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable
from threading import get_ident
from typing import Any, TypeVar, TypeVarTuple, cast

from greenlet import greenlet

from . import names
from .actor import ActorRef, options_of
from .clock import RealClock, Timers, VirtualClock
from .errors import IllegalCallError
from .fiber import Fiber
from .instrument import DeadLetter, Listener, Record, Spawned
from .mailbox import Kinds

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


_NO_PLAIN_FUNCTION = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Roster:
    """The actors of a run, and those who watch them."""

    __slots__ = (
        "__weakref__", "_actors", "_closed", "_idle", "_named", "_posted", "_serials", "asking",
        "checked", "clock", "dead_letters", "deadline", "listeners", "now", "ready", "thread",
        "timers",
    )  # fmt: skip

    def __init__(self, clock: VirtualClock | RealClock, instruments: Iterable[Listener]) -> None:
        self.clock = clock
        self.now: Callable[[], float] = clock.now
        self.deadline: Callable[[float], float] = clock.deadline
        self.timers = Timers()
        self.ready: deque[greenlet] = deque()
        self.listeners: list[Listener] = list(instruments)
        self.thread = get_ident()
        #: How many events were sent between actors to one that had ended.
        self.dead_letters = 0
        self._actors: dict[ActorRef[Any], None] = {}
        self._named: dict[str, ActorRef[Any]] = {}
        self._serials: dict[str, int] = {}
        self._idle: list[Fiber] = []
        #: What a `receive` has been given before and was found to be types, and those types.
        self.checked: dict[tuple[Any, ...], Kinds] = {}
        self._posted: deque[tuple[ActorRef[Any], object]] = deque()
        #: The actor whose `where=` is being asked.
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
        if not callable(fn):
            raise TypeError(f"spawn takes a function and its arguments, not {fn!r}")
        code = getattr(names.unwrapped(fn), "__code__", None)
        if code is not None and code.co_flags & _NO_PLAIN_FUNCTION:
            raise TypeError(
                f"spawn takes a plain function that calls receive() where it waits, but "
                f"{names.function_name(fn)} is a generator or a coroutine function: leave out "
                "yield, async and await"
            )
        self._check_use("spawn")
        options = options_of(fn)
        name = name or options.name
        if name is not None and name in self._named:
            raise ValueError(f"there is an actor {name!r} already: {self._named[name]!r}")
        fn_name = names.function_name(fn)
        serial = self._serials[fn_name] = self._serials.get(fn_name, 0) + 1
        fiber = self.fresh_fiber()
        ref: ActorRef[R] = ActorRef(
            cast(Any, self), fiber, (fn, args), name, serial, options, parent, on_output
        )
        fiber.outfit(ref)
        self._actors[ref] = None
        if name is not None:
            self._named[name] = ref
        if parent is not None:
            if parent._children is None:
                parent._children = {}
            parent._children[ref] = None
        if self.listeners:
            fiber.watch()
            self.report(Spawned(self.now(), ref, parent))
        self.ready.append(fiber)
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
        """Send an event from another thread; the only call that other threads may make."""
        self._posted.append((ref, event))
        if isinstance(self.clock, RealClock):
            self.clock.wake()

    # --- who listens ----------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record from now on."""
        self.listeners.append(listener)
        for ref in self._actors:
            ref._fiber.watch()
            ref._out = None

    def unlisten(self, listener: Listener) -> None:
        """Call it no more."""
        self.listeners.remove(listener)
        if not self.listeners:
            for ref in self._actors:
                ref._fiber.unwatch()

    def report(self, record: Record) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(record)

    # --- for the kernel -------------------------------------------------------------------

    def _let_in(self) -> None:
        while self._posted:
            ref, event = self._posted.popleft()
            if ref.phase == "ended":
                self.dead_letter(ref, event, None)
            else:
                ref.send(event)

    def dead_letter(self, ref: ActorRef[Any], event: object, sender: ActorRef[Any] | None) -> None:
        """An event has come to an actor that has ended."""
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
            place = ref.where()
            takes = ", ".join(sorted(kind.__name__ for kind in ref.accepts)) or "no event"
            lines.append(
                f"  {ref.name} in {ref.path_text()} at {place[-1] if place else '?'}, takes {takes}"
            )
        lines.append("Send one of these events, or give the wait an after=.")
        return "\n".join(lines)

    def _check_use(self, call: str) -> None:
        if get_ident() != self.thread:
            raise self.wrong_thread(f"{call}()")
        if self._closed:
            raise IllegalCallError(
                f"{call}() was called on a dispatcher that is closed; make a new Dispatcher"
            )

    def fresh_fiber(self) -> Fiber:
        """The dispatcher's, since starting a greenlet is a switch."""
        raise NotImplementedError
