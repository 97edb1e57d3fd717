"""The stream of a socket: what an actor reads and writes, with back-pressure both ways.

What the actor writes is gathered until it waits, and then sent in one go.  A `write` that leaves
more than `HIGH` bytes unsent is a wait, called `write`, until the other side has taken most of it:
mail is kept meanwhile, an `until` leaves it, and what was written stays written.

What the actor has not read is at most `HIGH` bytes and what one read of the socket gives; then
nothing more is read from the socket until a read of the actor comes short.  One that waits for more
than that gets it: its own limit is the bound.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from greenlet import getcurrent

from ..blocks import Name
from ..buffer import Needle, bytes_of
from ..events import Over
from ..fiber import Fiber
from ..mailbox import Own
from ..reading import Stream, WatchedStream
from ..waiting import wait

if TYPE_CHECKING:
    from .connection import Connection

#: So many bytes may be unread, or unsent, before whoever sends them has to wait.
HIGH: Final = 65_536


def unsent(transport: asyncio.WriteTransport) -> int:
    """How many bytes the other side has not got yet, as far as can be known.

    The system takes a socket's bytes in large steps; on Linux it also says how many of those it has
    were not acknowledged (tcp(7), `SIOCOUTQ`).  So one who reads slowly is seen to read.
    """
    try:
        size = transport.get_write_buffer_size()
        sock = transport.get_extra_info("socket")
    except AttributeError:  # asyncio's own, of TLS that has been closed
        return 0
    if sys.platform == "linux" and sock is not None:
        import fcntl
        import termios

        try:
            queued = fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # it is no socket of that kind, or closed
            return size
        size += int.from_bytes(queued, sys.byteorder)
    return size


class Room(Own):
    """The signal that there is room for what is written."""

    __slots__ = ("fiber",)

    def __init__(self, fiber: Fiber) -> None:
        self.fiber: Fiber = fiber

    def outcome(self) -> Over:
        """The name of the edge."""
        return Over("write")


class SocketStream(Stream):
    """The stream of a connection."""

    __slots__ = ("connection", "lost")

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection: Connection = connection
        #: Whether it has not ended but was cut off.
        self.lost: bool = False

    def write(self, data: bytes) -> None:
        """Have bytes sent.

        Waits, in a state called `write`, where the other side does not take what was written
        before.  Raises `ConnectionLostError` where it cannot any more, `IllegalCallError` on a
        stream that is closed.
        """
        if type(data) is not bytes:
            data = bytes_of(data)
        connection = self.connection
        if self.closed or connection.over:
            self._refuse_to_write(data)
        out = connection.out
        if not out:
            connection.home.written.append(connection)
        out.append(data)
        connection.gathered += len(data)
        if connection.gathered >= HIGH or connection.home._free_hub is not None:
            connection.flush()
        if connection.full:
            self._wait_for_room()

    def close(self) -> None:
        """Have no more read and written; what was written before is still sent."""
        super().close()
        self.connection.finish()

    def _wait(self, need: int, needle: Needle | None, called: str, at: Name | None) -> int:
        connection = self.connection
        if connection.paused:
            connection.wants_more()
        found = super()._wait(need, needle, called, at)
        if self.lost and found < 0 and self._end < need:
            raise connection.lost_error()
        return found

    def _wait_for_room(self) -> None:
        """Wait until the other side has taken enough."""
        me = getcurrent()
        if not isinstance(me, Fiber):
            return  # whoever is no actor is not held up
        connection = self.connection
        while connection.full:
            room = Room(me)
            connection.writers.append(room)
            try:
                wait(me, None, None, None, None, "write", own=room)
            finally:
                if room in connection.writers:
                    connection.writers.remove(room)
            if connection.over:
                raise connection.lost_error()

    def _refuse_to_write(self, data: bytes) -> None:
        """Raise where nothing can be written any more."""
        if self.closed:
            super().write(data)  # which raises
        raise self.connection.lost_error()

    def _watch(self, told: bool = True) -> None:
        cast(Any, self).__class__ = WatchedSocketStream if told else SocketStream


class WatchedSocketStream(SocketStream, WatchedStream):
    """The same, for an actor with listeners."""

    __slots__ = ()
