"""The greenlet in which an actor runs, with the few slots that are read at every switch.

They stand on the greenlet itself because that is where they are cheapest to reach.  Fibers outlive
actors: one whose actor has ended is used again for the next, since a fresh greenlet costs about
ten times as much as a used one.  Nothing here switches: that is the dispatcher's.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from greenlet import greenlet

from . import names
from .mailbox import (
    EVERY,
    KEEPS,
    LOOK,
    MUCH,
    Alarm,
    Block,
    Held,
    Kinds,
    LimitedBox,
    Mark,
    Own,
    Signal,
    WatchedBox,
    warn_of_kept,
)

if TYPE_CHECKING:
    from .actor import ActorRef
    from .dispatcher import Dispatcher
    from .reading import Stream
    from .regions import Group, Region

#: Where `become` lands outside every `flow`.
GROUND: Final[tuple[Block | None, Held | None]] = (None, None)


class Fiber(greenlet):
    """The greenlet in which an actor runs.

    want      the exact type that the actor waits for, or a tuple of types, or `KEEPS`
              (takes no mail); `None` while it runs or is about to
    event     what woke it
    handled   the exception in whose `except` it waits, where it is explored
    box       its mailbox, `None` until it is needed
    path      the blocks that it is in: `(state, outer path, entered before)` or `None`
    entered   the last block entered since the last wait, as such a cell
    block     the innermost `until` round where it is
    kinds     what the wait takes, where `want` does not say it
    called    what the wait is called by what it awaits, where that is no type of event
    at        what the wait is called by its author
    left      the block out of which the last exception went, as `(id(error), cell)`
    alarm     the time limit of the wait, `own` another signal that would end it
    held      what is asleep while a handler runs
    region    the region that runs in this fiber, of an actor that has several
    group     the regions that this fiber conducts
    out       where its outputs go; `None` if that has to be asked
    nap       the alarm of its `sleep`, used again for the next one
    returned  whether an event that was handed over has been put back, first in the mailbox
    floor     where `become` lands: the block that it does not leave, and the handler that it is in
    unwinding what blocks are being left for, until one of them has stopped that
    histories the blocks that it is in and that remember where they are left, outermost first
    streams   those that it has read from
    """

    __slots__ = (
        "alarm", "at", "block", "box", "called", "entered", "event", "floor", "home", "kinds",
        "nap", "out", "own", "path", "ready", "ref", "region", "unwinding", "want",
    )  # fmt: skip

    want: type | Kinds | Mark | None
    event: object
    box: deque[object] | None
    path: names.Cell | None
    entered: names.Cell | None
    block: Block | None
    kinds: Kinds
    called: str | None
    at: Any
    alarm: Alarm | None
    out: Callable[[Any], object] | None
    nap: Alarm | None
    own: Own | None
    region: Region | None
    floor: tuple[Block | None, Held | None]
    unwinding: object
    home: Dispatcher
    ready: deque[greenlet]
    ref: ActorRef[Any]

    # What few actors need has no slot, and stands in the greenlet's dictionary while it is not as
    # here: 40 bytes less for all others.
    group: Group | None = None
    handled: BaseException | None = None
    held: Held | None = None
    histories: tuple[Any, ...] = ()
    left: tuple[int, names.Cell] | None = None
    returned: bool = False
    streams: tuple[Stream, ...] = ()

    def outfit(self, ref: ActorRef[Any]) -> None:
        """Make ready for a new actor, or a new region of one."""
        self.ref = ref
        self.ready = self.home.ready
        self.box = self.want = self.event = self.at = self.called = None
        self.path = self.entered = self.block = self.out = None
        self.alarm = self.own = self.region = None
        self.kinds = ()
        self.floor = GROUND
        self.unwinding = None
        if self.left is not None:  # all else without a slot is over with the call that set it
            self.left = None
        context = contextvars.copy_context()
        # An empty one is made by whoever sets the first variable: 64 bytes less for all others.
        self.gr_context = context if context else None

    def let_go(self) -> None:
        """Its actor, or region, is over: no block hears any more, no stream is read."""
        self.block = None
        if self.streams:
            for stream in self.streams:
                stream._owner = None
            self.streams = ()

    def offer(self, event: object) -> None:
        """Take in an event that is of none of the very types that the actor waits for."""
        want = self.want
        box = self.box
        if box is None:
            box = self.box = deque()
        box.append(event)
        if want is None or (want is KEEPS and self.block is None):
            if len(box) == MUCH and self.held is not None:
                warn_of_kept(self)  # a handler that sleeps looks at none of it
            return
        self.want = None
        self.event = LOOK
        self.ready.append(self)

    def signal(self, signal: Signal, first: bool = False) -> None:
        """Put a signal into the mailbox and have the actor look; the `first` is met before all."""
        if self.region is not None:
            self.region.pass_on(signal)
            return
        box = self.box
        if box is None:
            box = self.box = deque()
        if first:
            if self.want is None and self.event is not LOOK and self in self.ready:
                # What was handed over past the mailbox has not been met yet either.
                box.appendleft(self.event)
                self.event = LOOK
                self.returned = True
            box.appendleft(signal)
        else:
            box.append(signal)
        if self.want is not None:
            self.want = None
            self.event = LOOK
            self.ready.append(self)

    def all_fibers(self) -> list[Fiber]:
        """This one, and those of the regions that it conducts."""
        inner = () if self.group is None else self.group.fibers()
        return [self, *(each for fiber in inner for each in fiber.all_fibers())]

    def kinds_now(self) -> Kinds:
        """The types that the wait takes."""
        want, event = self.want, self.event
        if isinstance(want, type):
            return (want,)
        if want is None and not isinstance(event, (Mark, Signal, type(None), *self.kinds)):
            return (type(event),)  # handed over, so of the one very type that was waited for
        return self.kinds

    def awaits(self) -> str:
        """What the wait is called where it has no name of its own."""
        return self.called or names.kinds_text(self.kinds_now())

    def here(self) -> str:
        """The state of the wait in which the actor is just now, for messages; called inside it."""
        fn = None if self.region is None else self.region.fn
        return names.text(self.ref.state_of(self, fn, names.frame_here()))

    def takes(self) -> list[type]:
        """The types that the actor would take now: its wait's, then its blocks', inside out.

        What an open state defers does not reach the blocks outside it.
        """
        kinds = dict.fromkeys(self.kinds_now() if self.group is None else self.group.takes())
        deferred: tuple[type, ...] = () if self.group is None else self.group.deferred()
        cell = self.path
        block = self.block
        while block is not None:
            while cell is not None and cell is not block.path:
                deferred += cell[0].deferred
                cell = cell[1]
            if not block.asleep:
                kinds.update((k, None) for k in block.kinds if not issubclass(k, deferred))
            block = block.outer
        return list(kinds)

    def is_listening(self) -> bool:
        """Whether a block round the wait hears of something."""
        block = self.block
        while block is not None:
            if not block.asleep:
                return True
            block = block.outer
        return False

    def put_to_sleep(
        self, why: object, last: Block | None = None, handler: Held | None = None
    ) -> None:
        """Blocks from the innermost to before `last`, which `handler` is in, hear nothing more.

        They are being left, for a reason that is a signal, an `until` or `become`.  Their clean-up
        may wait; a block that heard in there would swallow what unwinds it.  Handlers inside are
        left as well, each with what it has interrupted.
        """
        self.unwinding = why
        block, held = self.block, self.held
        while held is not handler:
            assert held is not None
            self._sleep(block, held.last.outer)
            block, held = held.block, held.outer
        self._sleep(block, last)

    @staticmethod
    def _sleep(block: Block | None, last: Block | None) -> None:
        while block is not last:
            assert block is not None
            block.asleep = True
            block = block.outer

    def handler_round(self, block: Block) -> Held | None:
        """The running handler that has opened a block, or `None`."""
        inner, held = self.block, self.held
        while held is not None:
            while inner is not held.last.outer:
                assert inner is not None
                if inner is block:
                    return held
                inner = inner.outer
            inner, held = held.block, held.outer
        return None

    def watch(self) -> None:
        """Go the long way from now on (see `WatchedBox`)."""
        if self.group is not None:
            for fiber in self.group.fibers():
                fiber.watch()
        self.out = None
        for stream in self.streams:
            stream._watch()
        if self.box.__class__ is not WatchedBox:
            self.box = WatchedBox(self.box or ())
        if isinstance(self.want, type):
            self.kinds = (self.want,)
            self.want = ()
        elif self.want is EVERY or self.want.__class__ is tuple:
            self.want = ()

    def unwatch(self) -> None:
        """Go the short way again."""
        if self.group is not None:
            for fiber in self.group.fibers():
                fiber.unwatch()
        if self.box.__class__ is WatchedBox and not self.histories:
            limited = self.ref.options.mailbox is not None and self.region is None
            self.box = LimitedBox(self.box or ()) if limited else deque(self.box or ()) or None
