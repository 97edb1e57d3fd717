"""`on`: events that are handled in place, in the midst of whatever wait is inside the block.

The handler runs on top of the wait that it interrupts.  Until it returns, its block and all that
is inside are asleep: they hear nothing, and what is for them stays in the mailbox, mail first and
then what fell due.  With `freeze` their times stand still.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

from greenlet import getcurrent

from . import names
from .blocks import check_kinds, open_already, outside, until
from .fiber import Fiber
from .mailbox import Alarm, Block, Held, Kinds, Signal
from .reports import note_wait, report_delivery
from .roles import playing

E = TypeVar("E")


@playing("on")
class on(Block):
    """Handle events of a type in place, at whatever wait is inside; the wait goes on afterwards.

    ```python
    def answer(question: Status) -> None:
        question.reply_to.send(Fine())

    with on(Status, answer):
        work()
    ```

    `handler` is called with the event.  It may wait itself: until it returns, this block and all
    that is inside are asleep, and events for the wait inside stay in the mailbox.  With `freeze`
    the times that are armed inside stand still meanwhile.  What the handler raises is raised at
    the wait.

    Raises `NotAnEventTypeError` for what is no class.
    """

    __slots__ = ("fiber", "frame", "freeze", "handler", "histories", "lasti")

    fiber: Fiber | None

    def __init__(self, kind: type[E], handler: Callable[[E], object], freeze: bool = False) -> None:
        check_kinds((kind,), "on", "with on(Status, answer):")
        names.check_function(handler, "on", "a function of the event")
        self.kinds: Kinds = (kind,)
        self.handler: Callable[[Any], object] = handler
        self.freeze: bool = freeze
        #: Where the block stands: its handler's waits are named as if it were called there.
        self.lasti: int = sys._getframe(1).f_lasti
        self.frame: FrameType | None = None
        self.fiber = None

    def __enter__(self) -> on:
        me: Any = getcurrent()
        try:
            outer = me.block
        except AttributeError:
            raise outside("with on(…)") from None
        if self.fiber is not None:
            raise open_already("on", self.fiber)
        self.fiber = me
        self.outer = outer
        #: How many blocks round it remember where they are left.
        self.histories: int = len(me.histories)
        self.path: names.Cell | None = me.path
        self.asleep: bool = False
        self.frame = sys._getframe(1)
        me.block = self
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.asleep = True
        me: Any = getcurrent()
        me.block = self.outer
        self.frame = self.fiber = None

    def hear(self, me: Fiber, event: object) -> None:
        """Run the handler in the midst of the wait."""
        if me.home.listeners:
            report_delivery(me, event, handled=names.path_of(self.path))
        block, path, at, called, kinds = me.block, me.path, me.at, me.called, me.kinds
        histories = me.histories
        held = Held(me, self)
        me.home.cells.turn(me)
        queued = {id(item) for item in me.box or () if isinstance(item, Signal)}
        woken_by, me.event = me.event, None  # whoever parks is woken by something
        if self.freeze:
            held.frozen = self._freeze(me)
        me.held = held
        me.block, me.path = self.outer, self.path
        # Where those inside would be left is the wait, and not where the handler is.
        me.histories = histories[: self.histories]
        me.alarm = me.own = me.group = me.called = None
        try:
            self.handler(event)
        finally:
            me.histories = histories
            if histories:
                me.watch()  # one that the handler has opened may have ended that
            me.block, me.path, me.at, me.called, me.kinds = block, path, at, called, kinds
            me.alarm, me.own, me.group, me.held = held.alarm, held.own, held.group, held.outer
            for timed, left in held.frozen:
                timed.when = me.home.deadline(left)
                me.home.timers.arm(timed.when, timed)
            if me.event is not None:
                queued = set()
            else:
                me.event = woken_by
            self._after(me, held, queued)
        note_wait(me, sys._getframe(1))
        me.entered = None

    def _freeze(self, me: Fiber) -> list[tuple[Any, float]]:
        """Stop the times that are armed inside; how many seconds of each were left."""
        home = me.home
        inside = {id(timed) for timed in times_inside(me, self)}
        frozen = []
        # As they were armed: of those with as much time left, the first stays the first.
        for when, timed in home.timers.all_armed():
            if id(timed) in inside:
                home.timers.disarm(when, timed)
                frozen.append((timed, max(0.0, when - home.now())))
        return frozen

    def _after(self, me: Fiber, held: Held, queued: set[int]) -> None:
        """What fell due inside while the handler waited comes after the mail that is there.

        Of a handler that did not wait, what was `queued` before keeps its place: it could hold that
        off for ever by sending to its own actor.
        """
        box = me.box
        if not box:
            return
        due = [
            item for item in box
            if isinstance(item, Signal) and id(item) not in queued and held.holds(item)
        ]  # fmt: skip
        for item in due:
            box.remove(item)
            if me.region is None:
                box.append(item)
            else:
                me.region.pass_on(item)  # after the mail that the other regions are offered


def times_inside(fiber: Fiber, last: Block | None) -> Iterator[Any]:
    """All times that are armed inside a block (`None`: inside the whole region or actor)."""
    yield from _times(fiber.alarm, fiber.block, last, fiber.group)
    held = fiber.held
    # A handler that is running inside has put more to sleep.
    while held is not None and is_inside(held.last.outer, last):
        yield from _times(held.alarm, held.block, held.last, held.group)
        held = held.outer


def times_awake(fiber: Fiber) -> Iterator[Any]:
    """All times of a fiber and its regions but those that a running handler has put to sleep."""
    yield from _times(fiber.alarm, fiber.block, None, None)
    if fiber.group is not None:
        for other in fiber.group.fibers():
            yield from times_awake(other)


def _times(
    alarm: Alarm | None, block: Block | None, last: Block | None, group: Any
) -> Iterator[Any]:
    if alarm is not None:
        yield alarm
    while block is not None and block is not last:
        if isinstance(block, until) and block.after is not None:
            yield block
        block = block.outer
    if group is not None:
        for fiber in group.fibers():
            yield from times_inside(fiber, None)


def is_inside(block: Block | None, last: Block | None) -> bool:
    """Whether `last` is the block or one round it; `None` is round all."""
    while block is not last and block is not None:
        block = block.outer
    return block is last
