"""Reads that make no sense where they stand, and what to do instead."""

from __future__ import annotations

from .errors import IllegalCallError
from .fiber import Fiber


def no_read(me: Fiber, reader: Fiber | None, closed: bool, called: str) -> IllegalCallError:
    """The error of a read in an actor: `reader` reads the stream already, or it is `closed`.

    Or it is a look at something in the midst of a wait; or the actor is explored, which raises.
    """
    if closed:
        return IllegalCallError(f"{called}() on a stream that is closed; read before")
    if reader is not None:
        return IllegalCallError(
            f"{called}() on a stream that actor {reader.ref.name!r} is reading already, in state "
            f"{reader.ref.path_text()}; a stream has one reader at a time: let that one read it "
            "and send on what it has read"
        )
    if me.home.asking is me:
        return IllegalCallError(
            f"{called}() was called in a where= or in the predicate of a wait_until, which are "
            "asked in the middle of a wait; read before, and let it look at what was read"
        )
    raise me.home.refuse(
        f"{me.ref.name} reads a stream, {called}(), and what may come in it is without number; "
        "feed it by Parser and observe it, or read its source with static()"
    )


def no_switch(me: Fiber, reader: Fiber) -> IllegalCallError:
    """The error of a stream that is handed over while another one reads it."""
    return IllegalCallError(
        f"switch_protocol() in state {me.here()} on a stream that actor {reader.ref.name!r} is "
        f"reading, in state {reader.ref.path_text()}, and which would go on with it; let the one "
        "that reads switch, or end its read first"
    )
