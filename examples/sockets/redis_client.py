"""A client of Redis: one actor on one connection, which anybody may ask.

    python -m examples.sockets.redis_client PORT SET greeting hello
    python -m examples.sockets.redis_client PORT GET greeting

Two regions share the stream: one writes commands as they are asked, the other reads replies and
hands each to the oldest command that waits.  So as many are on their way as are asked, and no reply
can get to a wrong one: a command that nobody waits for any more keeps its place in the row.  What
the server says unasked is emitted.

In an actor it is `redis.ask(Command((b"GET", b"key")))`, in asyncio code `await call(redis, "GET",
"key")`.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Any, Final

from examples.protocols.resp import CRLF, Attributes, Error, Limits, Push, read_map, value_of
from flowlet import Request, Stream, emit, race, receive
from flowlet.hosts import aio

LINE: Final = 65_536


class Command(Request[Any]):
    """What is asked, word for word."""

    words: tuple[bytes, ...]

    def encoded(self) -> bytes:
        """An array of strings."""
        parts = [b"*%d\r\n" % len(self.words)]
        parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in self.words]
        return b"".join(parts)


class RedisError(Exception):
    """The server has answered with an error."""


def client(stream: Stream) -> None:
    """Ask what is asked, up to the end of the connection."""
    waiting: deque[Command] = deque()

    def asks() -> None:
        while True:
            command = receive(Command, at="open")
            waiting.append(command)
            stream.write(command.encoded())

    def hears() -> None:
        limits = Limits(line=LINE, bulk=1 << 29, items=1 << 24, depth=64, reply=1 << 30)
        while not stream.at_eof(at="between replies"):
            limits.end = stream.offset + limits.reply
            line = stream.read_until(CRLF, LINE, at="reply")
            if line[:1] == b"|":
                emit(Attributes(read_map(stream, line, limits, 0)))
                continue
            value = value_of(stream, line, limits, 0)
            if isinstance(value, Push):
                emit(value)
            else:
                waiting.popleft().reply(value)

    race(hears, asks)


async def call(redis: aio.Client, *words: str | bytes | float) -> Any:
    """Ask the server something, and await the reply.

    Raises `RedisError` with what it says is wrong, `NoReplyError` where the connection is lost.
    """
    encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    reply = await redis.ask(Command(tuple(encoded)))
    if isinstance(reply, Error):
        raise RedisError(reply.message.decode("utf-8", "replace"))
    return reply


async def main(port: str, *words: str) -> None:
    async with await aio.connect(client, "127.0.0.1", int(port)) as redis:
        print(await call(redis, *words))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
