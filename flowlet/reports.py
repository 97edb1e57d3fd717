"""What is told to listeners of an actor that waits and of what it takes."""

from __future__ import annotations

import sys
from types import FrameType

from . import names
from .fiber import Fiber
from .instrument import Delivered, Parked
from .mailbox import WatchedBox


def note_wait(me: Fiber, frame: FrameType | None = None) -> None:
    """Tell where the actor waits now, also to the blocks that remember it.

    A region leaves the telling to its actor.
    `frame` is that of the wait, where it is not the caller's.
    """
    home = me.home
    if home.explored:
        # A suspended greenlet does not show it, and a bare `raise` after the wait is made of it.
        me.handled = sys.exc_info()[1]
    listened = home.listeners and me.region is None
    if not listened and not me.histories:
        return
    ref = me.ref
    frame = frame or names.frame_here()
    state = ref.state_of(me, None if me.region is None else me.region.fn, frame)
    cleans_up = me.unwinding is not None or me.called is names.JOIN
    if not cleans_up and (me.group is None or me.group.only is None):
        # The waits of clean-up are nowhere to come back to.
        for history in me.histories:
            history.note(state)
    if not listened:
        return
    passed = names.passed_blocks(me.entered, me.path) if me.entered is not None else ()
    home.report(Parked(home.now(), ref, state, passed, names.users_line(frame)))


def note_join(me: Fiber) -> bool:
    """The actor waits for the end of a child; whether that is told.

    It is a state where something may happen meanwhile; elsewhere the way goes on when it is over.
    """
    me.at, me.called, me.kinds = None, names.JOIN, ()
    if me.box.__class__ is not WatchedBox or (me.region is None and not me.is_listening()):
        return False
    note_wait(me)
    me.entered = None
    return True


def report_delivery(
    me: Fiber,
    event: object,
    block: names.Path | None = None,
    handled: names.Path | None = None,
) -> None:
    """Tell what the actor took; what several regions take is told once."""
    home = me.home
    if not home.listeners:
        return
    region = me.region
    if region is not None and not region.group.first_to_take(event):
        return
    home.report(Delivered(home.now(), me.ref, event, block, handled))
