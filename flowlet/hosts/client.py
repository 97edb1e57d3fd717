"""A connection that is made from here, for asyncio code to talk through."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Self, TypeVarTuple

from ..actor import ActorRef
from ..names import check_function
from ..reading import Stream
from .connection import Connection
from .loop import LoopDispatcher
from .terms import Consumer, Terms, check_context

Ts = TypeVarTuple("Ts")

#: So many values that nobody has taken yet, before no more is read from the socket.
MANY: Final = 256


class Client(Connection):
    """A connection that was made from here; `connect` gives one.

    As an `async with` block, it is closed at the end.  `async for value in client` gives what the
    actor emits, until it has ended; its error is raised there.  Several tasks may do so: each value
    goes to one of them.  While many values wait to be taken, nothing is read.
    """

    def __init__(
        self,
        home: LoopDispatcher,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        terms: Terms,
        owns_home: bool,
    ) -> None:
        if terms.consumer is None:
            terms = replace(terms, consumer=lambda _: self._put)
        super().__init__(home, fn, args, terms, self)
        self._owns_home = owns_home
        self._outputs: deque[Any] = deque()
        self._news = asyncio.Event()
        self._is_left = False
        self._gone = asyncio.Event()

    async def close(self) -> None:
        """Stop the actor, if it goes on, and await that the connection is closed.

        What it wrote is still sent; nobody waits for the other side to end its half.  Through TLS
        that is so by its own rules: there it has the `linger` time to say goodbye.
        """
        self._is_left = True
        self.actor.stop(self.terms.grace)
        if not self.actor.alive:
            self.close_transport()
        await self._gone.wait()
        if self._owns_home:
            await self.home.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        outputs = self._outputs
        while not outputs:
            if not self.actor.alive:
                if self.actor.error is not None:
                    raise self.actor.error
                raise StopAsyncIteration
            self._awaited += 1
            self._news.clear()
            try:
                await self._news.wait()
            finally:
                self._awaited -= 1
        value = outputs.popleft()
        if self.stream._reader is not None:
            self.wants_more()
        return value

    def data_received(self, data: bytes) -> None:
        """Feed the stream, and read no more while too much of what came of it is not taken."""
        super().data_received(data)
        if len(self._outputs) >= MANY and not self.paused and not self.finishing:
            self.paused = True
            self.transport.pause_reading()

    def wants_more(self) -> None:
        """A read has come short."""
        if len(self._outputs) < MANY:
            super().wants_more()

    def came(self, connection: Connection) -> None:
        """It was made."""

    def gone(self, connection: Connection) -> None:
        """Nothing is left of it."""
        self._gone.set()

    def _put(self, value: Any) -> None:
        self._outputs.append(value)
        self._news.set()

    def _actor_ended(self, ref: ActorRef[Any]) -> None:
        super()._actor_ended(ref)
        self._news.set()
        if self._is_left:
            self.close_transport()


async def connect(
    fn: Callable[[Stream, *Ts], Any],
    host: str,
    port: int,
    *args: *Ts,
    ssl: tls.SSLContext | None = None,
    server_hostname: str | None = None,
    idle: float | None = None,
    lifetime: float | None = None,
    linger: float = 5.0,
    grace: float = 5.0,
    on_output: Consumer | None = None,
    dispatcher: LoopDispatcher | None = None,
) -> Client:
    """Connect to a port, and run an actor on the connection.

    ```python
    async with await connect(talk, "127.0.0.1", 6379) as redis:
        answer = await redis.ask(Command(b"GET", b"key"))
    ```

    `fn` is called with the stream of the connection and then `args`.  `server_hostname`: the name
    that the certificate is to have, where it is not `host`.  The times, `on_output` and
    `dispatcher` are as for `serve`; without `on_output` the client gives what the actor emits.

    Raises `OSError` where nobody answers.
    """
    check_function(fn, "connect", "an actor function, whose first argument is a stream")
    terms = Terms(on_output, idle, lifetime, linger, grace)
    check_context(ssl)
    home = LoopDispatcher() if dispatcher is None else dispatcher
    client = Client(home, fn, args, terms, owns_home=dispatcher is None)
    try:
        await home.loop.create_connection(
            lambda: client, host, port, ssl=ssl, server_hostname=server_hostname
        )
        if not client.made and client.cause is not None:
            raise client.cause
    except BaseException:
        if client.made:  # uvloop forgets to say that what was made and given up is lost
            client.connection_lost(None)
        if dispatcher is None:
            home.close()
        raise
    return client
