"""How an actor waits: the long way, which every wait but the plainest `receive` goes.

A wait looks into the mailbox, and parks if there is nothing for it.  Whoever has something for it
leaves that in the fiber's slot, or puts it into the mailbox and has it look again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dispatcher import next_one, resume, step_aside
from .errors import IllegalCallError
from .events import Delay, name_of, timeout_of
from .fiber import Fiber
from .mailbox import (
    KEEPS,
    LATER,
    LOOK,
    NOTHING,
    QUEUED,
    Alarm,
    Kinds,
    LimitedBox,
    Own,
    Seen,
    WatchedBox,
    take,
)
from .reports import note_wait, report_delivery
from .signals import Stop


def wait(
    me: Fiber,
    kinds: Kinds | None,
    where: Callable[[Any], object] | None,
    after: float | Delay | None,
    at: Any,
    called: str | None = None,
    *,
    own: Own | None = None,
    once: bool = False,
    deaf: bool = False,
) -> Any:
    """Park the running actor until something comes that this wait takes: the long way.

    `kinds` is `None` for a wait that takes no mail.  Returns the event, a `Timeout` after `after`
    seconds, or the outcome of the signal `own`.  `once` returns `None` whenever the actor was
    woken, for waits that look at something else.  `QUEUED` lets the others run
    first.  A `deaf` wait hears no block and no stop.
    """
    home = me.home
    if home.asking is me:
        raise IllegalCallError(
            "a wait was called in a where= or in the predicate of a wait_until, which are asked in "
            "the middle of a wait; let it only look there, and wait afterwards"
        )
    if where is not None and not callable(where):
        raise TypeError(f"where= is a predicate, where=lambda event: event.n > 3, not {where!r}")
    if at is not None and (type(at) is not str or not at):
        name_of(at)  # raises here, and not where somebody asks for the state
    alarm = None if after is None else Alarm(me, after)
    if called is None and not kinds and after is not None and at is None:
        called = timeout_of(after).label
    me.at = at
    me.called = called
    me.kinds = kinds or ()
    me.alarm = alarm
    me.own = own
    if me.box.__class__ is WatchedBox and (own is QUEUED or not once):
        note_wait(me)
    me.entered = None
    return go_on_waiting(me, kinds, where, alarm, own, once, deaf)


def go_on_waiting(
    me: Fiber,
    kinds: Kinds | None,
    where: Callable[[Any], object] | None,
    alarm: Alarm | None,
    own: Own | None = None,
    once: bool = False,
    deaf: bool = False,
) -> Any:
    """A wait that has begun: look into the mailbox, park, and so on until it is over."""
    seen: Seen | None = None
    try:
        while True:
            if me.box:
                got = take(
                    me, kinds, where, deaf, 0 if seen is None else seen.place_in(me.box)
                )  # fmt: skip
                if got is LATER:
                    step_aside(me)
                    continue
                if got is not NOTHING:
                    if not once:
                        report_delivery(me, got)
                    return got
            # Nothing is handed over past a mailbox with a limit: what is kept may fill it.
            if where is not None or isinstance(me.box, WatchedBox | LimitedBox):
                me.want = () if kinds is not None else KEEPS
            else:
                me.want = KEEPS if kinds is None else kinds
            if own is QUEUED:
                me.want = None
                me.event = LOOK
                me.ready.append(me)
            if me.box:
                seen = seen or Seen()
                seen.note(me.box)
            kept = 0 if me.box is None else len(me.box)
            resume(next_one(me))
            got = me.event
            if got is not LOOK:
                return got if got is not alarm else alarm.outcome()  # type: ignore[union-attr]  # no None
            if me.returned:
                put_behind(me, kept)
            if once:
                while me.box and take(me, None, None) is LATER:
                    step_aside(me)
                return None
    finally:
        me.alarm = me.own = me.called = None
        if alarm is not None:
            alarm.cancel()


def put_behind(me: Fiber, kept: int) -> None:
    """Put an event that was put back behind the `kept` ones, which are older."""
    me.returned = False
    box = me.box
    assert box is not None
    place = next(place for place, item in enumerate(box) if not isinstance(item, Stop))
    event = box[place]
    del box[place]
    box.insert(place + kept, event)
