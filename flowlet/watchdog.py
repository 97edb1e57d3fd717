"""The watchdog: ends an actor that does not reach a wait for too long.

A thread of its own looks, four times in that time, at who is running.  It asks the actors nothing
and they tell it nothing, so a dispatcher with a watchdog runs as fast as one without; but that
`send` asks which thread it is in, as it does where there is any other.  What it takes for a sign of
life it has to provoke itself:

- the same fiber is running at every look;
- a *sentry*, which stands in the queue of those who are ready, has not had its turn;
- a *probe*, which lies in the fiber's mailbox behind the mail, has not been met, and the mail
  before it is the same.

Then an exception is raised in the actor, as `KeyboardInterrupt` would be.  The look and the raising
are done in one go, without letting go of the interpreter's lock: so what was seen is what is hit,
and it is never the hub or another actor.  It is not raised in flowlet's own code, which would be
left half done; a look that finds the actor there is repeated a moment later.
"""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final
from weakref import ref as weak

from greenlet import GreenletExit, getcurrent

from . import names
from .actor import ActorRef
from .calls import Posted
from .errors import ActorStuckError, Stuck
from .fiber import Fiber
from .mailbox import LOOK, Signal

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

#: Looks in the time that an actor has.
LOOKS: Final = 4
#: Seconds for the clean-up of an actor that was hit, before its waits raise.
GRACE: Final = 5.0
#: Python lets nobody else run for 5 ms, unless told otherwise; a look that took longer than this
#: may be out of date.
FRESH: Final = 0.001
#: A look that cannot be used is repeated so often, after as many seconds.
TRIES, SOON = 20, 0.001


class Sentry(Fiber):
    """Stands among those who are ready; when its turn comes, notes that and hands on."""

    __slots__ = ("queued", "turns")

    queued: bool
    turns: int

    def watch(self) -> None:
        """It has no mail."""

    def unwatch(self) -> None:
        """It has no mail."""


class Probe(Signal):
    """Lies in a mailbox; whoever meets it has reached a wait."""

    __slots__ = ("met",)

    def __init__(self) -> None:
        self.met: bool = False

    def meet(self, fiber: Fiber) -> None:
        """The actor waits; to a step this is no delivery."""
        self.met = True
        if fiber.home.quota is not None and fiber.region is None:
            fiber.home.quota += 1


class Hit(Posted):
    """Tells the hub that an actor was hit, so that its clean-up does not last for ever."""

    __slots__ = ("ref",)

    def __init__(self, ref: ActorRef[Any]) -> None:
        self.ref: ActorRef[Any] = ref

    def let_in(self) -> None:
        """Treat an actor that lives on as one that is stopped."""
        ref = self.ref
        if ref.phase == "alive":
            ref.phase = "stopping"
            ref.arm_grace(GRACE)


class Sight:
    """What a look has seen, to compare the next ones with."""

    __slots__ = ("box", "fiber", "looks", "mail", "probe", "ref", "since", "turns")

    def __init__(self, fiber: Fiber, ref: ActorRef[Any], sentry: Sentry) -> None:
        self.fiber: Fiber = fiber
        self.ref: ActorRef[Any] = ref
        self.since: float = time.monotonic()
        self.looks: int = 0
        self.turns: int = sentry.turns
        self.box: deque[object] | None = fiber.box
        self.probe: Probe | None = None
        if self.box is not None:
            self.probe = Probe()
            self.box.append(self.probe)
        self.mail: int | None = _mail(self.box)

    def still(self, fiber: Fiber, ref: ActorRef[Any], sentry: Sentry) -> bool:
        """Whether it is as before: the actor has given no sign of life."""
        return (
            fiber is self.fiber
            and ref is self.ref
            and sentry.turns == self.turns
            and not (self.probe is not None and self.probe.met)
            and fiber.box is self.box
            and _mail(self.box) == self.mail
        )


def _mail(box: deque[object] | None) -> int | None:
    """What is first in a mailbox; what is sent to it meanwhile is no sign of life."""
    return id(box[0]) if box else None


class Watchdog:
    """Watches one dispatcher; `limit` is in seconds of the wall's clock."""

    __slots__ = ("__weakref__", "_closed", "_hit", "_home", "_sentry", "_sight", "limit", "over")

    def __init__(self, home: Dispatcher, limit: float) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise ValueError(f"watchdog is a number of seconds, more than 0, not {limit!r}")
        import ctypes

        from .dispatcher import next_one, resume

        self.limit: float = limit
        self._home = home
        self._sight: Sight | None = None
        thread = ctypes.c_ulong(home.thread)
        raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
        self._hit: Callable[[], object] = lambda: raise_in_thread(thread, ctypes.py_object(Stuck))

        def stand(sentry: Sentry) -> None:
            resume(sentry.parent)  # type: ignore[arg-type]  # it has one
            while True:
                sentry.queued = False
                sentry.turns += 1
                resume(next_one(sentry))

        sentry = self._sentry = Sentry(stand, getcurrent())
        sentry.home = home
        sentry.ready = home.ready
        sentry.event = LOOK
        sentry.region = None
        sentry.queued = False
        sentry.turns = 0
        resume(sentry, sentry)
        #: Set when the thread has ended.
        self.over: threading.Event = threading.Event()
        #: Free when the dispatcher is closed.
        self._closed = _thread.allocate_lock()
        self._closed.acquire()
        # Not a `threading.Thread`: nobody waits for it at the end of the program.
        _thread.start_new_thread(_watch, (weak(self), self._closed, self.over, limit / LOOKS))

    def close(self) -> None:
        """Watch no more."""
        if self._closed.locked():
            self._closed.release()
            self._sentry.parent = getcurrent()
            self._sentry.throw(GreenletExit)

    def look(self) -> bool:
        """Look who is running, and end who is stuck; false if that could not be told."""
        begun = time.monotonic()
        home = self._home
        frame = sys._current_frames().get(home.thread)
        fiber = None if home._free_hub is not None else _running(frame)
        # Of an actor that has ended, what it leaves may still be cleaned away, by code of theirs.
        ref: ActorRef[Any] | None = getattr(fiber, "ref", None)
        if fiber is None or ref is None or fiber.home is not home:
            self._sight = None
            return True
        assert frame is not None
        if names.is_kernel(frame.f_code):
            return False
        sight = self._sight
        if sight is None or not sight.still(fiber, ref, self._sentry):
            if not self._sentry.queued:
                self._sentry.queued = True
                home.ready.append(self._sentry)
            self._sight = Sight(fiber, ref, self._sentry)
            return True
        sight.looks += 1
        # Looks as well as seconds: a process that was halted has had none.
        if begun - sight.since < self.limit or sight.looks < LOOKS:
            return True
        error = self._error(sight.ref, frame)
        if time.monotonic() - begun > FRESH:
            return False
        if sight.ref.extra.failure is None:
            sight.ref.own_extra().failure = error
        self._unblock(fiber)
        self._hit()
        home._posted.append((None, Hit(sight.ref)))
        sight.since, sight.looks = begun, 0
        return True

    def _error(self, ref: ActorRef[Any], frame: FrameType) -> ActorStuckError:
        place = "{}:{}".format(*names.users_line(frame))
        return ActorStuckError(
            f"actor {ref.name!r} has not reached a wait for {self.limit:g} s and was ended at "
            f"{place}; let it wait now and then (receive, sleep, pause), give what blocks to "
            "perform(), or give the dispatcher a longer watchdog=",
            ref,
        )

    def _unblock(self, fiber: Fiber) -> None:
        """What unwinds hears nothing more."""
        while True:
            fiber.put_to_sleep(self)
            if fiber.region is None:
                return
            fiber = fiber.region.group.conductor


def _running(frame: FrameType | None) -> Fiber | None:
    """The fiber that runs in a thread, by the frames of that thread."""
    while frame is not None:
        if names.is_bottom(frame.f_code):
            fiber = frame.f_locals.get("me")
            return fiber if isinstance(fiber, Fiber) else None
        frame = frame.f_back
    return None


def _watch(
    watchdog: weak[Watchdog], closed: _thread.LockType, over: threading.Event, every: float
) -> None:
    """What the thread does, until the dispatcher is closed or nobody has it any more."""
    tries = 0
    while not closed.acquire(timeout=SOON if tries else every):
        dog = watchdog()
        if dog is None or dog._home.thread not in sys._current_frames():
            break
        tries = 0 if dog.look() else (tries + 1) % TRIES
        del dog
    over.set()
