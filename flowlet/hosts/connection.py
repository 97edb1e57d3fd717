"""A connection: an asyncio transport, a stream, and the actor that reads and writes it.

What has come is fed to the stream in the loop's own callback, and its reader goes on there.

*How it ends.*  The other side ends its half: reads find the end of the stream, and writing goes on.
The connection breaks, or nothing has come or gone for too long: reads that come short, and writes,
raise `ConnectionLostError`, and an actor that waits for something else is stopped, since nobody
will hear what it has to say.  The actor ends, however it does, or closes the stream: what it wrote
is still sent; then our half is ended, and what comes is thrown away until the other side has ended
its own, or the linger time is over.  To close at once would have the kernel send a reset if there
is anything unread, which may take the answer away from whoever was about to read it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar, cast

from ..actor import ActorRef
from ..errors import ConnectionLostError, ParseError
from ..events import Delay, Timeout
from ..requests import Request
from .loop import MINDED, LoopDispatcher
from .sockets import HIGH, SocketStream, unsent
from .terms import Owner, Terms

A = TypeVar("A")

LOG: Final = logging.getLogger("flowlet.hosts")

#: While something is unsent, so often within the time in which nothing may go is looked whether
#: something went.
STEPS: Final = 4
#: Seconds for the other side to end its half, when the server is done with waiting.  To close at
#: once might take the last answer away from it.
HURRY: Final = 0.25


class Connection(asyncio.Protocol):
    """One connection, and the actor that serves it; `connect` gives one, a server has many.

    In asyncio code it is a handle of the actor: `send`, `ask`, `ended`, `close`.
    """

    transport: asyncio.Transport
    #: What the actor reads and writes.
    stream: SocketStream
    #: The handle of the actor.
    actor: ActorRef[Any]

    def __init__(
        self,
        home: LoopDispatcher,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        terms: Terms,
        owner: Owner,
    ) -> None:
        self.home = home
        self.terms = terms
        self._fn = fn
        self._args = args
        self._owner = owner
        self._peer: Any = None
        #: What the actor has written since it last waited, and how many bytes that is.
        self.out: list[bytes] = []
        self.gathered: int = 0
        #: Whether more is unsent than should be, and who waits for that.
        self.full: bool = False
        self.writers: list[Any] = []
        #: Whether no more is read for now.
        self.paused: bool = False
        #: Whether the other side has ended its half; ours is being ended; all is over.
        self.eof: bool = False
        self.finishing: bool = False
        self.over: bool = False
        #: Whether the transport was told to close; whether the server is done with waiting.
        self._closing: bool = False
        self._hurried: bool = False
        #: Whether the loop has its socket; whether it has an actor.
        self.begun: bool = False
        self.made: bool = False
        #: What has ended it, where that was not one of the two sides.
        self.cause: Exception | None = None
        self._timed = terms.idle is not None
        self._seen = monotonic()
        self._ends = math.inf if terms.lifetime is None else self._seen + terms.lifetime
        #: When `fire` is called next, on the dispatcher's clock; and what was unsent at that time.
        self._due = math.inf
        self._unsent = 0
        #: How many await the end of the actor.
        self._awaited = 0

    # --- for asyncio code -----------------------------------------------------------------

    @property
    def peer(self) -> Any:
        """The address of the other side, as `socket.getpeername` gives it."""
        return self._peer

    def send(self, event: object) -> None:
        """Send the actor an event.  One that has ended gets no more: the other side may be gone."""
        if self.actor.alive:
            self.actor.send(event)
        else:
            self.home.dead_letter(self.actor, event, None)

    async def ask(self, request: Request[A], after: float | Delay | None = None) -> A | Timeout:
        """Ask the actor, and await its reply.  Raises `NoReplyError` where none will come."""
        answer: A | Timeout = await self.home.ask(self.actor, request, cast(Any, after))
        return answer

    async def ended(self) -> Any:
        """Await the end of the actor; its result.  Raises its error."""
        self._awaited += 1
        try:
            return await self.home.ended(self.actor)
        finally:
            self._awaited -= 1

    def abort(self) -> None:
        """Close at once; what is unsent is not sent."""
        if not self.over:
            self.transport.abort()

    # --- the transport's side -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make the actor."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=HIGH)
        self._peer = transport.get_extra_info("peername")  # while there is somebody
        try:
            self._begin()
        except Exception as error:
            self.cause = error
            self.transport.abort()
            raise
        self.made = True
        self._owner.came(self)
        if self._timed or self._ends != math.inf:
            self._arm(min(self.terms.idle or math.inf, self._ends - monotonic()))

    def _begin(self) -> None:
        home, consumer = self.home, self.terms.consumer
        self.stream = stream = SocketStream(self)
        on_output = _drop if consumer is None else consumer(self)
        args = (stream, *self._args)
        self.actor = actor = home.spawn_under(None, self._fn, args, None, on_output)
        actor.own_extra().keeper = MINDED
        actor.at_end(self, self._actor_ended)
        home.connections[actor] = self

    def data_received(self, data: bytes) -> None:
        """Feed the stream; whoever reads it goes on."""
        if self.finishing or self.over:
            return  # thrown away, and no sign of life: only the end of that half is waited for
        if self._timed:
            self._seen = monotonic()
        stream = self.stream
        self.home.take_in(stream, data)
        if (
            stream._reader is None and not self.paused and stream.unread > HIGH
            and not self.finishing
        ):  # fmt: skip
            self.paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The other side has ended its half: we may go on writing, if the transport can do that."""
        self.eof = True
        if self.finishing or self.over:
            return False
        self.stream.feed_eof()
        self.home.go_round()
        return self.transport.can_write_eof()

    def pause_writing(self) -> None:
        """More is unsent than should be."""
        self.full = True

    def resume_writing(self) -> None:
        """Whoever waits with a write goes on."""
        self.full = False
        self._call_writers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the actor, unless it has ended the connection itself."""
        if self.over:
            return  # uvloop does not always say it, and whoever gave up the connection has
        self.over = True
        if not self.made:
            return
        self.full = False
        self.out.clear()
        if self.cause is None:
            self.cause = exc
        self._disarm()
        actor, stream = self.actor, self.stream
        if actor.alive and not self.finishing:
            hears = stream._reader is not None or bool(self.writers)
            if not stream._ended:
                stream.lost = True
                stream.feed_eof()
            self._call_writers()
            if not hears:
                actor.stop(self.terms.grace)
            self.home.go_round()
        self._leave()

    # --- the stream's side ----------------------------------------------------------------

    def flush(self) -> None:
        """Hand over to the transport what the actor has written."""
        out = self.out
        if not out or self.over:
            return
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self.gathered = 0
        self.transport.write(data)
        if self._timed:
            self._seen = monotonic()

    def wants_more(self) -> None:
        """A read has come short."""
        if self.paused and not self.transport.is_closing():
            self.paused = False
            self.transport.resume_reading()

    def lost_error(self) -> ConnectionLostError:
        """What is raised where nothing can be read or written any more."""
        cause = self.cause
        reason = "the connection was closed by the other side" if cause is None else str(cause)
        offset = self.stream.offset + self.stream.unread
        error = ConnectionLostError(offset, reason or type(cause).__name__)
        error.__cause__ = cause
        return error

    def finish(self) -> None:
        """End our half when all is sent, then wait for the other side to end its own."""
        if self.finishing or self.over:
            return
        self.flush()
        self.finishing = True
        transport = self.transport
        if self.eof or self.home._closed or not transport.can_write_eof():
            self.close_transport()
        else:
            self.wants_more()
            try:
                transport.write_eof()
            except (OSError, RuntimeError):  # it is broken or closed, which we are told later
                transport.abort()
        self._linger()

    def close_transport(self) -> None:
        """Close when all is sent.  Once: asyncio's TLS forgets who it is when told again."""
        if not self._closing:
            self._closing = True
            self.transport.close()

    def hurry(self) -> None:
        """Stop the actor; hardly wait any more for the other side to end its half."""
        self._hurried = True
        if self.finishing:
            self._linger()
        if self.actor.alive:
            self.actor.stop(self.terms.grace)

    def _linger(self) -> None:
        """Wait for the other side to end its half."""
        self._disarm()
        self._seen = monotonic()
        self._unsent = unsent(self.transport)
        self._look_again(self._patience(), self._seen)

    def _patience(self) -> float:
        linger = self.terms.linger
        return min(linger, HURRY) if self._hurried else linger

    # --- ends -----------------------------------------------------------------------------

    def _actor_ended(self, ref: ActorRef[Any]) -> None:
        self.stream.closed = True
        self.finish()
        self._leave()
        error = None if self._awaited else ref.error
        if isinstance(error, ParseError):
            LOG.info("%s: %s %s", self.peer, ref.name, error)
        elif error is not None:
            self.home.loop.call_exception_handler(
                {
                    "message": f"actor {ref.name!r} has failed, which served {self.peer}",
                    "exception": error,
                    "transport": self.transport,
                }
            )

    def _leave(self) -> None:
        """Nothing is left of it when the actor has ended and the transport is gone."""
        connections = self.home.connections
        if self.over and not self.actor.alive and self.actor in connections:
            del connections[self.actor]
            self._owner.gone(self)

    def _call_writers(self) -> None:
        for room in self.writers:
            room.fiber.signal(room)

    # --- time -----------------------------------------------------------------------------

    def fire(self) -> None:
        """Called by the dispatcher, at a time that may be too early."""
        self._due = math.inf
        now = monotonic()
        left = unsent(self.transport)
        if left != self._unsent:
            self._unsent, self._seen = left, now  # something went, by now
        idle = self._patience() if self.finishing else (self.terms.idle or math.inf)
        if min(self._seen + idle, self._ends) > now:
            self._look_again(idle, now)
            return
        if not self.finishing:
            self.cause = TimeoutError(
                f"the connection has lasted {self.terms.lifetime:g} s"
                if now >= self._ends
                else f"nothing has come or gone for {idle:g} s"
            )
        self.transport.abort()

    def _look_again(self, idle: float, now: float) -> None:
        """Have `fire` called when the time is up; while something is unsent, earlier."""
        seconds = min(self._seen + idle, self._ends) - now
        self._arm(min(seconds, idle / STEPS) if self._unsent else seconds)

    def _arm(self, seconds: float) -> None:
        self._due = self.home.deadline(seconds)
        self.home.timers.arm(self._due, self)
        self.home.arm()

    def _disarm(self) -> None:
        if self._due != math.inf:
            self.home.timers.disarm(self._due, self)
            self._due = math.inf


def _drop(value: object) -> None:
    """What is emitted and nobody wants."""
