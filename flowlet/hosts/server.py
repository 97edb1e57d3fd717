"""A server: connections are accepted, each gets an actor, and in the end all are let go.

It accepts by itself, and not by asyncio's `create_server`, because that goes on accepting for
ever: at its `limit` this one leaves those who want to connect in the system's queue, where another
process that listens on the same socket may take them, or they wait.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl as tls
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Final, Self, TypeVarTuple

from ..errors import MailboxFullError
from ..events import Event
from ..names import check_function
from ..reading import Stream
from .binding import addresses, bound
from .connection import LOG, Connection
from .loop import LoopDispatcher
from .terms import Consumer, Terms, check_context, check_count, check_seconds

Ts = TypeVarTuple("Ts")

#: What `accept` fails with when the process or the machine has no room, and how many seconds it is
#: then left alone.
NO_ROOM: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
PAUSE: Final = 0.5
#: So many are accepted before those who are connected have their turn.
BURST: Final = 64


class Closing(Event):
    """The server is being stopped: finish what you are at, and end.

    Every connection's actor is sent it.  `with until(Closing):` round the wait for the next request
    is what a server needs that ends between two requests, and not within one.  An actor that does
    not listen for it throws it away, also one with `unexpected="raise"`.
    """

    may_be_missed: ClassVar[bool] = True


class Server:
    """A server that is running; `serve` gives one.

    ```python
    async with await serve(echo, "127.0.0.1", 8000) as server:
        await server.stopped()
    ```
    """

    def __init__(
        self,
        home: LoopDispatcher,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        listeners: Sequence[socket.socket],
        terms: Terms,
        limit: int | None,
        ssl: tls.SSLContext | None,
        handshake: float,
        owns_home: bool,
    ) -> None:
        self.dispatcher = home
        #: The connections that are there, lingering ones included.
        self.connections: set[Connection] = set()
        #: How many were accepted so far.
        self.accepted: int = 0
        self._fn = fn
        self._args = args
        self._listeners = listeners
        #: Where it listens.
        self.addresses: list[Any] = [each.getsockname() for each in listeners]
        self._terms = terms
        self._limit = limit
        self._ssl = ssl
        self._handshake = handshake
        self._owns_home = owns_home
        self._room = asyncio.Event()
        self._room.set()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._over = asyncio.Event()
        self._stopping = False
        self._present = 0
        self._greetings: dict[asyncio.Task[None], Connection] = {}
        self._accepting = [home.loop.create_task(self._accept(each)) for each in listeners]

    @property
    def port(self) -> int:
        """The port of the first address."""
        port: int = self.addresses[0][1]
        return port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def stopped(self) -> None:
        """Await that somebody stops it, and that this is done."""
        await self._over.wait()

    async def stop(self, grace: float = 5.0) -> None:
        """Accept no more, tell all actors by a `Closing`, and await their end.

        After `grace` seconds those that are left are stopped; their clean-up may take as long as
        `serve(grace=…)` says, and the other side has a quarter of a second to end its half.
        """
        await self._accept_no_more()
        for connection in self.connections:
            if connection.actor.alive:
                with suppress(MailboxFullError):
                    connection.actor.send(Closing())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._nobody.wait(), grace)
        for greeting, connection in self._greetings.items():
            if not connection.made:  # or asyncio would close it, as we do: TLS bears that once
                greeting.cancel()
        for connection in list(self.connections):
            connection.hurry()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._nobody.wait(), self._terms.grace)
        for connection in list(self.connections):
            connection.abort()
        await self._nobody.wait()
        if self._owns_home:
            await self.dispatcher.stop()
        self._over.set()

    async def _accept_no_more(self) -> None:
        """Stop accepting; who has been accepted just now is let go."""
        self._stopping = True
        for listener in self._listeners:
            # The loop of Windows watches no sockets; a second stop finds them closed.
            with suppress(NotImplementedError, ValueError):
                self.dispatcher.loop.remove_reader(listener)
        # What the loop has accepted is told to our tasks now; cancelled before, they would lose it.
        await asyncio.sleep(0)
        for task in self._accepting:
            task.cancel()
        await asyncio.sleep(0)  # the loop forgets the listeners while they are still open
        for listener in self._listeners:
            listener.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = self.dispatcher.loop
        while True:
            await self._room.wait()
            if self._stopping:
                return
            try:
                sock, _ = await loop.sock_accept(listener)
                if self._stopping:
                    sock.close()
                    return
                await self._place_for(sock)
            except OSError as error:
                if error.errno in NO_ROOM:
                    LOG.error("no connection can be accepted for now: %s", error)
                    await asyncio.sleep(PAUSE)
                    continue
                if error.errno in (errno.ECONNABORTED, errno.EPROTO):
                    continue  # whoever wanted to connect has gone again
                context = {"message": f"{listener!r} accepts no more", "exception": error}
                loop.call_exception_handler(context)
                return
            self.accepted += 1
            self._present += 1
            self._nobody.clear()
            if self._is_full():
                self._room.clear()
            connection = Connection(self.dispatcher, self._fn, self._args, self._terms, self)
            greeting = loop.create_task(self._greet(connection, sock))
            self._greetings[greeting] = connection
            greeting.add_done_callback(partial(self._greeted, connection, sock))
            if self.accepted % BURST == 0:
                await asyncio.sleep(0)

    def _is_full(self) -> bool:
        return self._limit is not None and self._present >= self._limit

    async def _place_for(self, sock: socket.socket) -> None:
        """Wait for a place: the last one may have been taken at another address meanwhile."""
        try:
            while self._is_full():
                await self._room.wait()
        except asyncio.CancelledError:
            sock.close()
            raise

    async def _greet(self, connection: Connection, sock: socket.socket) -> None:
        """Have the loop take the socket over; with TLS, hear who the other side is."""
        connection.begun = True
        try:
            await self.dispatcher.loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._ssl,
                ssl_handshake_timeout=None if self._ssl is None else self._handshake,
            )
        except OSError as error:  # also what TLS finds
            LOG.info("a connection was not made: %s", error)
        except Exception as error:
            sock.close()
            context = {"message": "a connection was not made", "exception": error}
            self.dispatcher.loop.call_exception_handler(context)

    def _greeted(
        self, connection: Connection, sock: socket.socket, greeting: asyncio.Task[None]
    ) -> None:
        self._greetings.pop(greeting, None)
        if not connection.begun:
            sock.close()
        if not connection.made:
            self._left()

    def came(self, connection: Connection) -> None:
        """A connection was made."""
        self.connections.add(connection)

    def gone(self, connection: Connection) -> None:
        """Nothing is left of it."""
        self.connections.discard(connection)
        self._left()

    def _left(self) -> None:
        self._present -= 1
        if self._present == 0:
            self._nobody.set()
        if not self._is_full():
            self._room.set()


def check_options(
    ssl: object = None, limit: object = None, handshake: object = 10.0, backlog: object = 1024
) -> None:
    """Raise where one of them makes no sense."""
    check_context(ssl)
    check_seconds("handshake", handshake)
    check_count("backlog", backlog, 0, "may wait in the system's queue")
    if limit is not None:
        check_count("limit", limit, 1, "connections there may be at a time")


async def serve(
    fn: Callable[[Stream, *Ts], Any],
    host: str | None = None,
    port: int = 0,
    *args: *Ts,
    ssl: tls.SSLContext | None = None,
    limit: int | None = None,
    idle: float | None = None,
    lifetime: float | None = None,
    handshake: float = 10.0,
    linger: float = 5.0,
    grace: float = 5.0,
    backlog: int = 1024,
    on_output: Consumer | None = None,
    dispatcher: LoopDispatcher | None = None,
    sockets: Sequence[socket.socket] | None = None,
    workers: int = 1,
) -> Server:
    """Run an actor for each connection that is made to a port.

    `fn` is called with the stream of the connection and then `args`.  `host`: `None` is every
    address of the machine; `port`: 0 is any that is free, see `Server.port`.  `sockets`, which are
    bound already, come instead of both.

    `limit`: so many connections at a time; others wait in the system's queue, of `backlog`.
    `idle`: a connection on which nothing comes or goes for so many seconds is closed; `lifetime`:
    so is one that lasts longer.  `handshake`: seconds for that of TLS.  `linger`: seconds for the
    other side to end its half when ours is ended.  `grace`: seconds for the clean-up of actors that
    are stopped.

    `on_output` is called with each `Connection`, and what it returns with each value that its
    actor emits, in the actor, so that it may wait; without it, what is emitted is dropped.
    `dispatcher`: another than one of its own, which stops with the server.  More than one of
    `workers`, which are processes, is for `run` and `Workers`.

    Raises `OSError` where the port cannot be had.
    """
    check_function(fn, "serve", "an actor function, whose first argument is a stream")
    if workers != 1:
        raise TypeError(
            f"serve runs in the loop that it is called in, with one worker and not {workers!r}; "
            f"aio.run(…, workers={workers!r}) starts processes and waits, aio.Workers only starts "
            "them"
        )
    terms = Terms(on_output, idle, lifetime, linger, grace)
    check_options(ssl, limit, handshake, backlog)
    if sockets is None:
        loop = asyncio.get_running_loop()
        sockets = bound(await loop.run_in_executor(None, addresses, host, port))
    for sock in sockets:
        sock.setblocking(False)
        sock.listen(backlog)
    return Server(
        LoopDispatcher() if dispatcher is None else dispatcher,
        fn,
        args,
        sockets,
        terms,
        limit,
        ssl,
        handshake,
        owns_home=dispatcher is None,
    )
