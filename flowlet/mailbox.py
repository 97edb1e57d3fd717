"""The rules of mail: what a wait takes from the mailbox, what it keeps, what it throws away.

A mailbox is a deque, made when the first event has to wait.  A wait goes through it, oldest
first, in the actor's own greenlet: the wait has first choice of each event, then the `until`
blocks round it, from inside out.  What nobody takes is kept (by a wait that is no `receive`, by
`where`, by an actor that defers) or it is unexpected.

Besides mail there are signals in it: a time that is up, a stop, the failure of a child.  They are
met in their place between the events, so that what was in flight before them is handled before
them; whose cause is gone by then is dropped.
"""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from .errors import KeptMailWarning, UnexpectedEventError
from .events import Delay, Over, label_of_type, seconds_of, timeout_of
from .instrument import Discarded

if TYPE_CHECKING:
    from .fiber import Fiber
    from .names import Cell
    from .regions import Group

Kinds = tuple[type, ...]

#: So many events kept at one wait are told; few programs mean to.
MUCH: Final = 1000


class Mark:
    """A value that is only itself."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    def __repr__(self) -> str:
        return self.name


#: Left in an actor's slot instead of an event: look into the mailbox.
LOOK: Final = Mark("LOOK")
#: What `take` returns when the mailbox has nothing for this wait.
NOTHING: Final = Mark("NOTHING")
#: What `take` returns when a step has made its one delivery and more is there.
LATER: Final = Mark("LATER")
#: What the conductor of regions is waiting for: any event, to be offered to them.
EVERY: Final = Mark("EVERY")
#: What a wait that takes no mail is waiting for.
KEEPS: Final = Mark("KEEPS")


class Signal:
    """Something in a mailbox that is no mail."""

    __slots__ = ()

    def meet(self, fiber: Fiber) -> None:
        """Do what it is for, in the actor's own greenlet; raises to unwind the actor."""
        # No ABC: its isinstance() is written in Python, and every look into a mailbox asks for it.
        raise NotImplementedError  # no ABC, see above


class Block(Signal):
    """A block of code that hears events while the actor is inside it; `outer` is the next one.

    It is `asleep` while the actor is leaving it, or one round it: what unwinds hears nothing more.
    """

    __slots__ = ("asleep", "kinds", "outer", "path")

    kinds: Kinds
    #: The named blocks round it, as a cell of `flowlet.names`.
    path: Cell | None
    outer: Block | None
    asleep: bool

    def hears(self, event: object) -> bool:
        """Whether the block takes this event."""
        return not self.asleep and isinstance(event, self.kinds)

    def hear(self, me: Fiber, event: object) -> None:
        """Take an event that has come while the actor is inside: leave, or handle it in place."""
        raise NotImplementedError  # as in `Signal`: no ABC


class Own(Signal):
    """A signal that one wait waits for: it ends that wait, and every other one drops it."""

    __slots__ = ()

    def outcome(self) -> object:
        """What the wait returns."""
        raise NotImplementedError  # as in `Signal`: no ABC

    def meet(self, fiber: Fiber) -> None:
        """Dropped: the wait that it belonged to is over."""


class Enough(Own):
    """The signal that a read of a stream has what it waits for."""

    __slots__ = ("called",)
    called: str

    def outcome(self) -> Over:
        """The name of the edge."""
        return Over(self.called)


#: What a wait waits for that only lets the others run; never sent.
QUEUED: Final = Own()


class Alarm(Own):
    """The time limit of one wait."""

    __slots__ = ("after", "fiber", "when")

    def __init__(self, fiber: Fiber, after: float | Delay) -> None:
        self.fiber: Fiber = fiber
        self.after: float | Delay = after
        home = fiber.home
        self.when: float = home.deadline(seconds_of(after))
        if self.when != math.inf:
            home.timers.arm(self.when, self)

    def fire(self) -> None:
        """Called by the dispatcher when the time is up."""
        fiber = self.fiber
        if fiber.alarm is self and fiber.want is not None and not fiber.box and not fiber.region:
            fiber.want = None
            fiber.event = self
            fiber.ready.append(fiber)
        else:
            fiber.signal(self)  # what is in the mailbox comes first

    def cancel(self) -> None:
        """The wait is over; an alarm that is in the mailbox already is dropped there."""
        self.fiber.home.timers.disarm(self.when, self)

    def outcome(self) -> object:
        """The `Timeout`."""
        return timeout_of(self.after)


class _Guard(Own):
    """In a mailbox while its actor is asked something, so that a `receive` in there is noticed.

    The short way of `receive` takes the first event without a question; this is none.
    """

    __slots__ = ()


GUARD: Final = _Guard()


class Halt(Signal):
    """A signal that stays in the mailbox, so that every later wait meets it as well."""

    __slots__ = ()


class WatchedBox(deque[object]):
    """The mailbox of an actor that somebody watches: it is true even when it is empty.

    `receive` has a short way for an empty mailbox and for an event of the very type that is
    wanted.  A watched actor never goes it: so records are made on the long way only, and the
    short one holds no test for listeners.
    """

    __slots__ = ()

    # No function of Python's, which a trace would tell of: that was one in twenty of what it told.
    __bool__: Any = MethodType(bool, True)


class LimitedBox(deque[object]):
    """The mailbox of an actor with a limit; `send` has no short way into it.

    Only a `deque` itself is filled without a question; this one is, like a `WatchedBox`, another
    class, so that no other actor pays for the question whether there is room.
    """

    __slots__ = ()


class Asked:
    """Mail whose sender waits for what becomes of it."""

    __slots__ = ()

    def _thrown_away(self, me: Fiber) -> None:
        """Tell the sender that nothing here takes it; called in the actor that got it."""


class Held:
    """What is asleep while an `on` handler waits: its block, and all that is inside.

    `block` is the innermost block inside, `alarm` and `own` are the signals of the wait that goes
    on afterwards, `group` is the regions that it conducts.  Handlers that were interrupted
    themselves are the `outer` ones.
    """

    __slots__ = ("alarm", "block", "frozen", "group", "kinds", "last", "outer", "own")

    def __init__(self, me: Fiber, last: Block) -> None:
        self.block: Block | None = me.block
        self.last: Block = last
        self.kinds: tuple[type, ...] = me.kinds_now()
        #: The times that stand still, each with the seconds that were left.
        self.frozen: list[tuple[Any, float]] = []
        self.alarm: Alarm | None = me.alarm
        self.own: Own | None = me.own
        self.group: Group | None = me.group
        self.outer: Held | None = me.held

    def holds(self, signal: Signal) -> bool:
        """Whether a signal is for something that this handler has put to sleep."""
        if signal is self.alarm or signal is self.own:
            return True
        region = getattr(signal, "region", None)
        if region is not None:
            return region.group is self.group
        block = self.block
        while block is not self.last and block is not None:
            if block is signal:
                return True
            block = block.outer
        return False


def asleep(me: Fiber, signal: Signal) -> bool:
    """Whether a signal is for something that a handler which is running has put to sleep."""
    held = me.held
    while held is not None:
        if held.holds(signal):
            return True
        held = held.outer
    return False


class Seen:
    """How far into a mailbox a parked wait has looked: it looks again only at what is new.

    Without this, each event that comes would cost as much as all that are kept.  The bounds are
    kept as well, because others may put something first, or take out what they have put in.
    """

    __slots__ = ("count", "newest", "oldest")

    def __init__(self) -> None:
        self.count: int = 0
        self.oldest: object = None
        self.newest: object = None

    def note(self, box: Sequence[object], count: int | None = None) -> None:
        """So many, or all that are there now, have been passed over."""
        self.count = len(box) if count is None else count
        if self.count:
            self.oldest, self.newest = box[0], box[self.count - 1]

    def place_in(self, box: deque[object]) -> int:
        """Where what is new begins."""
        count = self.count
        if (
            count and len(box) >= count
            and box[0] is self.oldest and box[count - 1] is self.newest
        ):  # fmt: skip
            return count
        return 0


def take(
    me: Fiber,
    kinds: Kinds | None,
    where: Callable[[Any], object] | None,
    deaf: bool = False,
    place: int = 0,
) -> object:
    """The first thing in the mailbox for a wait for `kinds`, or `NOTHING`.

    What stands before `place` has been looked at.

    `kinds` is `None` for a wait that takes no mail.  Leaves an enclosing block, runs a handler,
    stops the actor, or throws away what is unexpected on the way.  A `deaf` wait hears nothing
    but its own signal, and what ends the actor at once.
    """
    box = me.box
    if box is None:
        return NOTHING
    home = me.home
    region = me.region  # a region is offered what it may take, and throws nothing away
    while place < len(box):
        item = box[place]
        if isinstance(item, Signal):
            own = item is me.alarm or item is me.own
            if (
                (deaf and not own and not isinstance(item, Halt))
                or (me.held is not None and asleep(me, item))
            ):  # fmt: skip
                place += 1
                continue
            if home.quota == 0 and region is None:
                return LATER
            if not isinstance(item, Halt):
                del box[place]
            if region is None:
                home.spend()
            if own:
                assert isinstance(item, Own)
                return item.outcome()
            item.meet(me)
            continue
        wanted = kinds is not None and isinstance(item, kinds)
        chosen = wanted and (where is None or _asked(me, where, item))
        if me.box is not box or box[place] is not item:
            box = me.box  # the predicate has stopped the actor, or had it watched: look again
            place = 0
            if box is None:
                return NOTHING
            continue
        if chosen:
            if home.quota == 0 and region is None:
                return LATER
            del box[place]
            if region is None:
                home.spend()
            return item
        if deaf:
            place += 1
            continue
        block, keep = hearer(me, item)
        if block is None and (
            keep or kinds is None or wanted or region is not None
            or me.ref.options.unexpected == "defer"
        ):  # fmt: skip
            place += 1
            if place == MUCH and (wanted or me.held is not None):
                warn_of_kept(me)
            continue
        if home.quota == 0 and region is None:
            return LATER
        del box[place]
        if region is None:
            home.spend()
        if block is None:
            unexpected(me, kinds or (), item)
        else:
            block.hear(me, item)
            # The wait goes on, and the mailbox comes first: another one, where a listener has come
            # or gone while the handler waited.
            place = 0
            box = me.box
            if box is None:
                return NOTHING
    return NOTHING


def warn_of_kept(me: Fiber) -> None:
    """Warn of an actor that keeps much mail, at a wait that passes it over each time."""
    box = me.box
    oldest = next((item for item in box or () if not isinstance(item, Signal)), None)
    warnings.warn(
        f"actor {me.ref.name!r} keeps {MUCH} events in state {me.here()}, the oldest {oldest!r}; "
        "a where= keeps what fails it, a region or a handler that sleeps keeps all mail: take the "
        "event and test it with `if`, or wait by receive(after=…), which throws away what nobody "
        "wants",
        KeptMailWarning,
        stacklevel=2,
    )


def _asked(me: Fiber, where: Callable[[Any], object], event: object) -> object:
    """What the `where` of a wait says of an event; a wait in it would walk the mailbox again."""
    home = me.home
    home.asking = me
    box = me.box
    assert box is not None
    box.appendleft(GUARD)
    try:
        return where(event)
    finally:
        home.asking = None
        box.remove(GUARD)


def hearer(me: Fiber, event: object) -> tuple[Block | None, bool]:
    """The innermost block that takes an event, and whether an open state defers it before that."""
    cell = me.path
    block = me.block
    while True:
        # The states inside this block come before it.
        around = None if block is None else block.path
        while cell is not None and cell is not around:
            deferred = cell[0].deferred
            if deferred and isinstance(event, deferred):
                return None, True
            cell = cell[1]
        if block is None:
            return None, False
        if block.hears(event):
            return block, False
        block = block.outer


def unexpected(me: Fiber, kinds: Kinds, event: object) -> None:
    """Throw away an event that nothing takes, or end the actor by it."""
    ref = me.ref
    home = me.home
    if ref.options.unexpected == "raise" and not getattr(event, "may_be_missed", False):
        wanted = ", ".join(map(label_of_type, kinds)) or "nothing"
        raise UnexpectedEventError(
            f"actor {ref.name!r} got {event!r} in state {me.here()}, where it takes "
            f"{wanted}; receive it there, or spawn the actor with unexpected='discard' or 'defer'",
            ref,
            event,
        )
    if isinstance(event, Asked):
        event._thrown_away(me)
    ref.own_extra().discarded += 1
    if home.listeners:
        home.report(Discarded(home.now(), ref, event))
