"""The words that actor functions are written in.

Each finds its actor from the greenlet that is running, so no argument has to be handed down and
a helper of any depth may wait.  Those that park go through `dispatcher.wait`; `receive` has a
short way of its own, because it is what nearly every actor does nearly always.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappushpop
from typing import (
    Any,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    overload,
)

from greenlet import getcurrent

from .actor import ActorRef
from .blocks import Name, Seconds, check_kinds, outside, running
from .dispatcher import next_one, resume, step_aside
from .errors import IllegalCallError, NotAnEventTypeError
from .events import Delay, EventMeta, Over, Timeout, seconds_of
from .fiber import Fiber
from .mailbox import KEEPS, LOOK, QUEUED, Alarm, Mark
from .named_ref import NamedRef
from .names import check_function
from .regions import Group
from .reports import report_delivery
from .roles import playing
from .waiting import go_on_waiting, wait

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

Fn0: TypeAlias = Callable[[], R]

Where = Callable[[Any], object] | None

#: Stands for a type that was not given, so that `None` given by mistake is seen.
ABSENT = Mark("nothing")

EVER: Final = math.inf


# --- receive --------------------------------------------------------------------------------


# fmt: off
# ruff: noqa: E501
@overload
def receive(
    k1: type[A], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A: ...
@overload
def receive(
    k1: type[A], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B: ...
@overload
def receive(
    k1: type[A], k2: type[B], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C | D: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | D | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F | G: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F | G | Timeout: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], k8: type[H], /, *,
    after: None = None, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F | G | H: ...
@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], k8: type[H], /, *,
    after: Seconds, where: Where = None, at: Name | None = None,
) -> A | B | C | D | E | F | G | H | Timeout: ...
@overload
def receive(*, after: Seconds, at: Name | None = None) -> Timeout: ...
# fmt: on
def receive(
    k1: Any = ABSENT, k2: Any = ABSENT, k3: Any = ABSENT, k4: Any = ABSENT,
    k5: Any = ABSENT, k6: Any = ABSENT, k7: Any = ABSENT, k8: Any = ABSENT,
    after: Any = None, where: Any = None, at: Any = None,
) -> Any:  # fmt: skip
    """Wait for an event of one of the types, and return it.

    ```python
    match receive(Coin, Refund, after=30, at="paying"):
        case Coin(value): ...
        case Refund(): ...
        case Timeout(): ...
    ```

    `after`: seconds (or a `Delay`) after which a `Timeout` is returned instead.  `where`: a
    predicate on the event, asked once a wait; one for which it is false stays in the mailbox.
    `at`: the name of this state.  What nothing here or round here takes is thrown away (see
    `actor(unexpected=…)`).  For more than eight types, give a base class of theirs.

    Raises `NotAnEventTypeError` for what is no class, `IllegalCallError` outside an actor.
    """
    # By position, not as *kinds with keywords after it: Python then fills in the defaults in one
    # go, which saves a tenth of a greenlet round trip (CPython 3.11).  And one name for what is
    # looked at, be it the mailbox, the queue or the event: a local is 8 bytes for every parked actor.
    me: Any = getcurrent()
    try:
        found = me.box
    except AttributeError:
        raise outside("receive") from None
    if found:
        if k2 is ABSENT and where is None and type(found) is deque and type(found[0]) is k1:
            me.entered = None
            return found.popleft()
    elif k2 is ABSENT:
        if (
            after is None and where is None and (at is None or (type(at) is str and at))
            and (type(k1) is EventMeta or isinstance(k1, type))
        ):  # fmt: skip
            me.at = at
            me.entered = None
            me.want = k1
            found = me.ready
            resume(found.popleft() if found else me.home.hub)
            found = me.event
            if found is LOOK:
                return wait(me, (k1,), None, None, at)
            return found
    elif k3 is ABSENT and after is where is None and (at is None or (type(at) is str and at)):
        found = me.home.checked.get((k1, k2)) if type(k1) is type(k2) is EventMeta else None
        if found is not None:
            me.at = at
            me.called = me.entered = None
            me.want = me.kinds = found
            found = me.ready
            resume(found.popleft() if found else me.home.hub)
            found = me.event
            return found if found is not LOOK else wait(me, me.kinds, None, None, at)
    found = (k1, k2, k3, k4, k5, k6, k7, k8)
    return _receive(me, found, after, where, at)


def _receive(me: Fiber, given: tuple[Any, ...], after: Any, where: Any, at: Any) -> Any:
    """Look at what was given, and into the mailbox."""
    if isinstance(after, type):
        raise NotAnEventTypeError(
            f"receive takes at most {len(given)} types; give it a class that they derive from"
        )
    kinds = given[: given.index(ABSENT)] if ABSENT in given else given
    checked = me.home.checked
    try:
        sound = kinds in checked
    except TypeError:  # what cannot be hashed is no class
        sound = False
    if not sound:
        check_kinds(kinds, "receive", "receive(Coin), and test fields with match or where=")
        checked[kinds] = kinds
    named = at is None or (type(at) is str and at)
    if not me.box and after is None and where is None and kinds and named:
        # Several types, and nothing that needs the long way.
        me.at = at
        me.called = me.entered = None
        me.want = me.kinds = kinds
        resume(next_one(me))
        event = me.event
        return event if event is not LOOK else wait(me, kinds, None, None, at)
    if after is None and not kinds and me.block is None:
        raise NotAnEventTypeError(
            "receive() without types and without after= would wait for ever; name the types of "
            "events that it waits for, or give it a time: receive(after=5), sleep(5)"
        )
    return wait(me, kinds, where, after, at)


playing("receive")(receive)


# --- time -----------------------------------------------------------------------------------


@playing("wait")
def sleep(seconds: Seconds, at: Name | None = None) -> None:
    """Wait for so many seconds on the dispatcher's clock; mail is kept meanwhile."""
    me: Any = getcurrent()
    try:
        box = me.box
    except AttributeError:
        raise outside("sleep") from None
    home = me.home
    if (
        box or me.block is not None or me.region is not None or home.asking is not None
        or (type(seconds) is not float and type(seconds) is not int) or not 0 <= seconds < EVER
    ):  # fmt: skip
        if seconds is None:  # a wait that has no time limit
            seconds_of(seconds)
        wait(me, None, None, seconds, at, seconds.name if type(seconds) is Delay else "sleep")
        return
    # The short way, where nothing else can come but a stop: half the time of the long one.
    clock = home.plain_clock
    when = home.deadline(seconds) if clock is None else clock.time + seconds
    alarm = me.nap
    if alarm is None:
        alarm = me.nap = Alarm.__new__(Alarm)
        alarm.fiber = me
    alarm.after = seconds
    alarm.when = when
    me.alarm = alarm
    me.at = at
    me.called = "sleep"
    me.kinds = ()
    me.entered = None
    me.want = KEEPS
    timers, armed = home.timers, home.timers.armed
    if me.ready or armed.setdefault(when, alarm) is not alarm:
        timers.arm(when, alarm)
        resume(next_one(me))
    else:
        # Virtual time passes in here: 0.8 of a greenlet round trip less than by the hub.
        when = heappushpop(timers.heap, when)
        timed = armed.pop(when, None)
        if (
            type(timed) is Alarm and clock is not None and clock.time < when <= home.horizon
            and not home._posted
            # And as in `Alarm.fire`.
            and (fiber := timed.fiber).alarm is timed and fiber.want is not None
            and not fiber.box and fiber.region is None
        ):  # fmt: skip
            clock.time = when
            fiber.want = None
            fiber.event = timed
        else:
            if timed is not None:
                armed[when] = timed
            fiber = home.wake_next(when)
        if fiber is not me:
            resume(fiber)
    if me.event is not alarm:
        me.nap = None  # it may be in the mailbox
        go_on_waiting(me, None, None, alarm)
    me.alarm = me.called = None  # `receive` sets `called` only where it has to


def now() -> float:
    """The time on the dispatcher's clock, in seconds."""
    return running("now").home.now()


@playing("wait")
def pause(label: str = "", at: Name | None = None) -> None:
    """Let the others run, then go on; mail is kept meanwhile.

    `label` names the edge that leads on, for a step that has a name and no event.  In a region
    the others are all that is ready at this instant.
    """
    me = running("pause")
    label = label or "pause"
    if me.region is not None:
        wait(me, None, None, 0.0, at, label)
    else:
        wait(me, None, None, None, at, label, own=QUEUED, once=True)
        if me.home.quota == 0:
            step_aside(me)
        me.home.spend()
    report_delivery(me, Over(label))


# --- regions ------------------------------------------------------------------------------


def _regions(call: str, fns: tuple[Any, ...], at: Any) -> Group:
    me = running(call)
    for fn in fns:
        check_function(
            fn,
            call,
            "functions without arguments",
            f"{call}(walk, talk), or {call}(lambda: walk(3), talk)",
        )
    if me.home.asking is me:
        raise IllegalCallError(f"{call} was called in a where=, which is asked in a wait")
    return Group(me, fns, call == "race", at)


# fmt: off
@overload
def parallel(f1: Fn0[A], /, *, at: Name | None = None) -> tuple[A]: ...
@overload
def parallel(f1: Fn0[A], f2: Fn0[B], /, *, at: Name | None = None) -> tuple[A, B]: ...
@overload
def parallel(f1: Fn0[A], f2: Fn0[B], f3: Fn0[C], /, *, at: Name | None = None) -> tuple[A, B, C]: ...
@overload
def parallel(f1: Fn0[A], f2: Fn0[B], f3: Fn0[C], f4: Fn0[D], /, *, at: Name | None = None) -> tuple[A, B, C, D]: ...
@overload
def parallel(f1: Fn0[A], f2: Fn0[B], f3: Fn0[C], f4: Fn0[D], f5: Fn0[E], /, *, at: Name | None = None) -> tuple[A, B, C, D, E]: ...
@overload
def parallel(*fns: Fn0[A], at: Name | None = None) -> tuple[A, ...]: ...
# fmt: on
@playing("parallel")
def parallel(*fns: Fn0[Any], at: Any = None) -> tuple[Any, ...]:
    """Run functions side by side in this actor, as its regions, until all have ended.

    ```python
    picture, sound = parallel(fetch_picture, fetch_sound)
    ```

    Returns their results in order.  Each event is offered to every region once, in order, before
    the next event; it is thrown away only where all are at a `receive` and none wants it.  The
    first error ends the others, later ones first, and is raised here.
    """
    group = _regions("parallel", fns, at)
    results: tuple[Any, ...] = group.conduct()
    return results


# fmt: off
@overload
def race(f1: Fn0[A], /, *, at: Name | None = None) -> tuple[Literal[0], A]: ...
@overload
def race(f1: Fn0[A], f2: Fn0[B], /, *, at: Name | None = None) -> tuple[Literal[0], A] | tuple[Literal[1], B]: ...
@overload
def race(f1: Fn0[A], f2: Fn0[B], f3: Fn0[C], /, *, at: Name | None = None) -> tuple[Literal[0], A] | tuple[Literal[1], B] | tuple[Literal[2], C]: ...
@overload
def race(f1: Fn0[A], f2: Fn0[B], f3: Fn0[C], f4: Fn0[D], /, *, at: Name | None = None) -> tuple[Literal[0], A] | tuple[Literal[1], B] | tuple[Literal[2], C] | tuple[Literal[3], D]: ...
@overload
def race(*fns: Fn0[A], at: Name | None = None) -> tuple[int, A]: ...
# fmt: on
@playing("race")
def race(*fns: Fn0[Any], at: Any = None) -> tuple[int, Any]:
    """Run functions side by side until the first has ended; the others end with their clean-up.

    Returns the place of the first, counted from 0, and its result.  It is decided when the event
    has been offered to all; of several that it has ended, the first in order has won.
    """
    if not fns:
        raise TypeError("race() has nobody to win it; give it functions without arguments")
    group = _regions("race", fns, at)
    winner: tuple[int, Any] = group.conduct()
    return winner


# --- others ---------------------------------------------------------------------------------


@playing("spawn")
def spawn(fn: Callable[[*Ts], R], *args: *Ts, name: str | None = None) -> ActorRef[R]:
    """Make a child actor: it ends with this one, or with the block: `with spawn(fn) as child:`.

    In a region, it ends with the region.

    A child that fails ends this actor too, with `ChildFailedError` at its wait.
    """
    me = running("spawn")
    child = me.home.spawn_under(me.ref, fn, args, name, None)
    if me.region is not None:
        me.region.children.append(child)
    return child


def emit(value: object) -> None:
    """Give out a value to whoever drives this actor: `ref.take()` or `spawn(on_output=…)`."""
    me: Any = getcurrent()
    try:
        out = me.out
    except AttributeError:
        raise outside("emit") from None
    if out is None:
        me.ref.emit(value, me)
    else:
        out(value)


def me() -> ActorRef[Any]:
    """The handle of the actor that is running."""
    return running("me").ref


def whereis(name: str) -> ActorRef[Any]:
    """The actor of that name in this dispatcher, looked up whenever the handle is used.

    Raises `LookupError`, with the names that there are, if nobody has the name then.
    """
    return NamedRef(running("whereis").home, name)
