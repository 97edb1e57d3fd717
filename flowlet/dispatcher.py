"""The run: who goes next, and the only place where one greenlet switches to another.

The *hub* is the greenlet that called `run`, `settle` or another of those.  Actors that have
something to do stand in `ready`, first come, first served.  An actor that parks hands over to the
next of them by itself; only when there is none does it go back to the hub.  (Through the hub, a
thousand actors in turn cost 1.8 greenlet round trips each; handing over, 1.3.)

Order, so that the same inputs give the same run: events reach an actor as they were sent; actors
go as they became ready; when nothing is ready, time moves to the next deadline, and all that is
due then becomes ready as it was armed.

No actor starts a greenlet, and none stands in `ready` that has not been started: see `_start`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from functools import partial
from heapq import heappop
from typing import Any, Final, NoReturn, TypeVar, cast, overload

from greenlet import GreenletExit, getcurrent, greenlet

from .actor import ActorRef, current_actor
from .chance import Seed
from .clock import RealClock, VirtualClock
from .errors import DeadlockError, IllegalCallError, Jump
from .fiber import Fiber
from .instrument import TOLD, Listener
from .life import NO_KEYWORDS, end_stuck, go_through, goes_on
from .mailbox import KEEPS, LATER, LOOK, NOTHING, take
from .named_ref import NamedRef
from .reports import note_join, report_delivery
from .roster import Roster
from .signals import ChildEnded
from .watchdog import Watchdog

R = TypeVar("R")

#: The trap door.  A greenlet goes on where it was; the caller goes on when somebody resumes it.
resume: Final = greenlet.switch

POOL = 1024  # idle greenlets kept for the next actors; each holds about 6 kB


class Dispatcher(Roster):
    """Owns a run: its actors, their mailboxes, the timers and the clock.

    ```python
    with Dispatcher() as d:
        gate = d.spawn(turnstile)
        gate.send(Coin())
        d.settle()
    ```

    `clock` is a `VirtualClock` unless another is given; `instruments` are listeners, called with
    every record of `flowlet.instrument`.  The same `seed` gives the same choices and random
    numbers.  `watchdog`: an actor that does not reach a wait for so many seconds of the wall's
    clock is ended with `ActorStuckError`; a call into C, such as `time.sleep`, returns first.  At
    the end of the `with` block all actors are stopped.
    """

    __slots__ = (
        "_abandoned", "_free_hub", "_goal", "_heap", "_starter", "_unstarted",
    )  # fmt: skip

    def __init__(
        self,
        *,
        clock: VirtualClock | RealClock | None = None,
        seed: Seed = 0,
        watchdog: float | None = None,
        instruments: Iterable[Listener] = (),
    ) -> None:
        super().__init__(VirtualClock() if clock is None else clock, instruments, seed)
        self._goal: ActorRef[Any] | None = None
        self._starter: greenlet | None = None
        self._unstarted: deque[Fiber] = deque()
        self._abandoned: list[Fiber] = []
        #: The hub when nothing runs, and `None` during a run: one look tells a call inside a run,
        #: from another greenlet, and from another thread.
        self._free_hub: greenlet | None = self.hub
        self._heap = self.timers.heap
        if watchdog is not None:
            self.watchdog: Watchdog | None = Watchdog(self, watchdog)
        for call in TOLD.get() if self.handle is ActorRef else ():  # on a stage nothing happens
            call(self)

    # --- running --------------------------------------------------------------------------

    def settle(self) -> None:
        """Do everything that is ready; time stands still.

        Raises the error of an actor that fails and has no parent, once; the others go on at the
        next call.
        """
        # Written out: of a run for one event, which is what most are, calls would be a third.
        hub = getcurrent()
        if hub is not self._free_hub:
            self._take_over("settle")
        self._free_hub = None
        ready = self.ready
        try:
            while ready:
                resume(ready.popleft())
            if self._posted or (self._heap and self._heap[0] <= self.clock.time):
                self._settle()
        finally:
            self._free_hub = hub

    @overload
    def run(self, until: float | None = None) -> None: ...
    @overload
    def run(self, until: ActorRef[R]) -> R: ...
    def run(self, until: float | ActorRef[R] | None = None) -> R | None:
        """Go on until nothing can happen any more, until a time, or until an actor has ended.

        `until=ref` returns the actor's result, raises its error, or raises `DeadlockError` with
        a report of who waits where.  On a `RealClock`, `run()` ends when all actors have.  A time
        between two ticks of a `VirtualClock(hz=…)` is the tick before.
        """
        if isinstance(until, NamedRef):
            until = until.resolve()
        goal = until if isinstance(until, ActorRef) else None
        limit = None
        if isinstance(until, int | float) and not isinstance(until, bool) and until == until:
            limit = until
        if goal is not None and goal._home is not self:
            raise IllegalCallError(f"{goal!r} lives in another dispatcher; run that one")
        if until is not None and goal is None and limit is None:
            raise TypeError(f"run(until=…) takes seconds or an ActorRef, not {until!r}")
        self._run("run", limit, goal)
        if goal is not None and goal.error is not None:
            raise goal.error
        return None if goal is None else goal.result

    def advance(self, seconds: float) -> None:
        """Move time on by so many seconds, from deadline to deadline."""
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise TypeError(f"advance takes seconds, not {seconds!r}")
        if not seconds >= 0:
            raise ValueError(f"time moves forward: advance(seconds >= 0), not {seconds!r}")
        self._run("advance", self.deadline(seconds), None)

    def _run(self, call: str, limit: float | None, goal: ActorRef[Any] | None) -> None:
        self._begin(call)
        if limit is not None and type(self.clock) is VirtualClock:
            limit = self.clock.tick_at(limit)
        try:
            self._goal = goal
            while goal is None or goal.phase != "ended":
                self._settle()
                if goal is not None and goal.phase == "ended":
                    return
                if goal is None and type(self.clock) is VirtualClock:
                    self._skim(self.clock, limit)
                if not self._pass_time(limit, goal):
                    return
        finally:
            self._goal = None
            self._free_hub = self.hub

    def step(self) -> bool:
        """Make one delivery: a first turn, an event, or a time that is due; time stands still.

        Returns whether there was anything to do.
        """
        self._begin("step")
        ready = self.ready
        try:
            while True:
                self._let_in()
                while not ready:
                    if not self._fire_due():
                        return False
                self._turn()
                if self.quota == 0:
                    return True
        finally:
            self.quota = None
            self._free_hub = self.hub

    def _turn(self) -> None:
        """Let the first of those who are ready go on to its next wait, or to one delivery."""
        ready = self.ready
        fiber = ready.popleft()
        if fiber is self._starter:
            fiber = self._unstarted.popleft()
        if not isinstance(fiber, Fiber):
            resume(fiber)  # which is no turn of an actor
            return
        self.quota = 1 if fiber.event is LOOK else 0  # what woke it counts, but for a mere look
        fiber.watch()
        ready.appendleft(self.hub)
        try:
            resume(fiber)
        finally:
            if ready and ready[0] is self.hub:
                ready.popleft()
            if not self.listeners:
                fiber.unwatch()

    def close(self) -> None:
        """End all actors, the youngest first: their waits raise at once, and their `finally` runs.

        Raises the first error that comes out of the clean-up.
        """
        if self._closed:
            return
        self._begin("close")
        failed: list[BaseException] = []
        try:
            while self._actors or self.ready:
                for ref in reversed(list(self._actors)):
                    ref._kill()
                if self._actors and not self.ready:
                    raise RuntimeError(f"{self.actors} cannot be ended; please report how it came")
                while self.ready:
                    try:
                        self._go()
                    except BaseException as error:
                        failed.append(error)
        finally:
            self._closed = True
            for fiber in self._idle:
                fiber.parent = self.hub
                fiber.throw(GreenletExit)
            self._idle.clear()
            if self._starter is not None:
                self._starter.parent = self.hub
                self._starter.throw(GreenletExit)
            self._shut_down()
        if failed:
            raise failed[0]

    # --- for the kernel -------------------------------------------------------------------

    def call_hub(self, ref: ActorRef[Any], error: BaseException | None) -> None:
        """Have the hub go on before anybody else: it waits for this end, or has to raise this."""
        if ref is self._goal:
            self.ready.appendleft(self.hub)  # which raises by itself what its goal has raised
        else:
            self.raise_soon(error)

    def abandon(self, fiber: Fiber) -> NoReturn:
        """Give up the running actor, which swallows every stop; its greenlet never runs again."""
        self._abandoned.append(fiber)
        end_stuck(self, fiber)
        while True:
            resume(next_one(fiber))

    def join(self, refs: list[ActorRef[Any]], deaf: bool = False) -> None:
        """Wait, as the running actor, until these have ended; `deaf`: come what may."""
        me = cast(Fiber, getcurrent())
        for ref in refs:
            if ref.phase == "ended":
                continue
            is_state = note_join(me)
            over = me.own = ChildEnded()
            ref.at_end(over, partial(over.come, me))
            try:
                while True:
                    got = take(me, None, None) if me.box and not deaf else NOTHING
                    if got is LATER:
                        step_aside(me)
                        continue
                    if got is not NOTHING or (deaf and not ref.alive):
                        break
                    me.want = KEEPS
                    resume(next_one(me))
                if is_state:
                    report_delivery(me, over.outcome())
            finally:
                me.own = None
                ref.not_at_end(over)

    def _begin(self, call: str) -> None:
        if getcurrent() is not self._free_hub:
            self._take_over(call)
        self._free_hub = None

    def _take_over(self, call: str) -> None:
        """Make the caller the hub, if it may be."""
        self._check_use(call)
        if self._free_hub is None:
            raise IllegalCallError(
                f"{call}() was called while this dispatcher runs, from "
                f"{current_actor() or 'a listener'}; an actor waits (receive, sleep) instead, "
                "and the outermost run goes on by itself"
            )
        while self.hub in self.ready:
            self.ready.remove(self.hub)
        self.hub: greenlet = getcurrent()

    def _settle(self) -> None:
        while True:
            if self._posted:
                self._let_in()
            self._go()
            if self._goal is not None and self._goal.phase == "ended":
                return
            if not self._posted and not self._fire_due():
                return

    def _go(self) -> None:
        ready, goal = self.ready, self._goal
        while ready:
            resume(ready.popleft())
            if goal is not None and goal.phase == "ended":
                return

    def _skim(self, clock: VirtualClock, limit: float | None) -> None:
        """Let virtual time pass from instant to instant, while that is all there is to do.

        `run` does the same and looks at more in between: a third slower for actors that sleep.
        """
        timers, ready, posted = self.timers, self.ready, self._posted
        self.horizon = math.inf if limit is None else limit
        try:
            while not posted:
                when = timers.next()
                if when is None or when > self.horizon:
                    return
                if when > clock.time:
                    clock.time = when
                timers.fire(when)
                while ready:
                    resume(ready.popleft())
        finally:
            self.horizon: float = -math.inf

    def _pass_time(self, limit: float | None, goal: ActorRef[Any] | None) -> bool:
        """Let time pass to the next deadline; false when the run is over."""
        if self._posted or self.clock.go_on(self.timers.next(), limit, bool(self._actors)):
            return True
        if goal is not None:
            raise DeadlockError(self.report_waits(f"{goal.name!r} cannot end"))
        return False

    # --- fibers ---------------------------------------------------------------------------

    def fresh_fiber(self) -> Fiber:
        """An idle greenlet, or one that has not been started."""
        if self._idle:
            return self._idle.pop()
        if self._starter is None:
            self._starter = greenlet(_start, self.hub)
            resume(self._starter, self._unstarted, getcurrent())
        fiber = Fiber(_work, self.hub)
        fiber.home = self
        fiber.nap = None
        return fiber

    def begin(self, fiber: Fiber) -> None:
        """Have a fiber begin its work when its turn comes."""
        if fiber:  # it has been started
            self.ready.append(fiber)
        else:
            assert self._starter is not None
            self._unstarted.append(fiber)
            self.ready.append(self._starter)

    def begin_now(self, fiber: Fiber) -> None:
        """Let a fiber begin, and wait until it hands back; called in another one."""
        if fiber:
            resume(fiber)
        else:
            assert self._starter is not None
            self._unstarted.appendleft(fiber)
            resume(self._starter)


def _start(unstarted: deque[Fiber], creator: greenlet) -> None:
    """Start one greenlet whenever it is resumed.

    A greenlet of its own does that, since a greenlet inherits the recursion depth of whoever
    starts it: a chain of actors that start each other would end in a `RecursionError`.
    """
    resume(creator)
    while True:
        resume(unstarted.popleft())


def _work() -> None:
    """What every greenlet does: run one actor, or one region of an actor, after another."""
    # All in one frame: since 3.12 each frame takes some 200 bytes for every parked actor.
    me = cast(Fiber, getcurrent())
    job: tuple[Any, ...] | None = None
    while True:
        back: greenlet | None = None
        region, ref = me.region, me.ref
        result = error = None
        if region is not None:
            back = region.run(me)
        elif ref.phase == "spawned":
            ref.phase = "alive"
            while True:
                try:
                    if job is not None:
                        result = go_through(*job)
                    elif ref._args:
                        result = go_through(ref._fn, ref._args, NO_KEYWORDS)
                    else:
                        result = ref._fn()
                except Jump as jump:
                    job = jump.args
                    me.unwinding = None
                    continue
                except BaseException as failure:
                    error = failure
                job = None
                if not goes_on(me, ref, result, error):
                    break
                result = error = None
        del me.ref, region, ref, result, error
        me.event = me.box = me.want = me.path = me.entered = me.at = me.region = me.out = None
        # No name for the dispatcher here: an idle greenlet may be kept longer than it.
        if len(me.home._idle) >= POOL:
            me.parent = back or next_one(me)
            me.nap = None
            return
        me.home._idle.append(me)
        resume(back or next_one(me))


# --- parking ------------------------------------------------------------------------------


def next_one(me: Fiber) -> greenlet:
    """To whom a fiber that parks hands over: the next that is ready, or the hub."""
    if me.ready:
        return me.ready.popleft()
    home = me.home
    if home.horizon >= 0 and home._heap:
        return home.wake_next(heappop(home._heap))
    return home.hub


def step_aside(me: Fiber) -> None:
    """A step has made its one delivery; the next one goes on here."""
    ready = me.ready
    hub = ready.popleft()
    me.want = None
    before, me.event = me.event, LOOK
    ready.appendleft(me)
    resume(hub)
    me.event = before  # it has not waited for anything
