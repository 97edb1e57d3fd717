"""A client of Redis: one actor on one connection, which anybody may ask.

    python -m examples.sockets.redis_client PORT SET greeting hello
    python -m examples.sockets.redis_client PORT GET greeting

Two regions share the stream: one writes commands as they are asked, the other reads replies and
hands each to the oldest command that waits.  So as many are on their way as are asked, and no reply
can get to a wrong one: a command that nobody waits for any more keeps its place in the row, and one
that is not answered once, and in its turn, is refused by name.  What the server says unasked is
emitted.

To subscribe, ask `HELLO 3` first: only there can be told what was asked and what was not.  The
reply is the last `Push` that confirms it; these are emitted too, and then what is published.

In an actor it is `redis.ask(Command((b"GET", b"key")))`, in asyncio code `await call(redis, "GET",
"key")`.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Any, Final

from examples.protocols.resp import CRLF, Attributes, Error, Limits, Push, read_map, value_of
from flowlet import ParseError, Request, Stream, emit, race, receive
from flowlet.hosts import aio

LINE: Final = 65_536
#: What confirms that a channel, a pattern or a channel of a shard is subscribed to, or no more.
SORTS: Final = (b"subscribe", b"psubscribe", b"ssubscribe")
KINDS: Final = {sort: sort for sort in SORTS} | {
    b"unsubscribe": b"subscribe", b"punsubscribe": b"psubscribe", b"sunsubscribe": b"ssubscribe",
}  # fmt: skip
SUBSCRIBING: Final = {kind.upper() for kind in KINDS}
#: What has no reply, or more than one.
NEVER: Final = {b"MONITOR", b"SYNC", b"PSYNC", (b"CLIENT", b"REPLY")}


class Command(Request[Any]):
    """What is asked, word for word."""

    words: tuple[bytes, ...]

    @property
    def name(self) -> bytes:
        """Its first word, as the server reads it."""
        return b"".join(self.words[:1]).upper()

    def encoded(self) -> bytes:
        """An array of strings."""
        parts = [b"*%d\r\n" % len(self.words)]
        parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in self.words]
        return b"".join(parts)


class RedisError(Exception):
    """The server has answered with an error."""


class UnaskedReplyError(ParseError):
    """The server has replied, and no command waits for it."""


def client(stream: Stream) -> None:
    """Ask what is asked, up to the end of the connection."""
    row = Row()

    def asks() -> None:
        while True:
            command = receive(Command, at="open")
            refused = row.refused(command)
            if refused:
                command.reply(Error(b"REFUSED " + refused))
            else:
                row.add(command)
                stream.write(command.encoded())

    def hears() -> None:
        limits = Limits(line=LINE, bulk=1 << 29, items=1 << 24, depth=64, reply=1 << 30)
        while not stream.at_eof(at="between replies"):
            start = stream.offset
            limits.begin(start)
            line = stream.read_until(CRLF, LINE, at="reply")
            if line[:1] == b"|":
                emit(Attributes(read_map(stream, line, limits, 0)))
                continue
            value = value_of(stream, line, limits, 0)
            if isinstance(value, Push):
                emit(value)
                row.confirm(value)
            elif row.waiting:
                row.answer(value)
            else:
                raise UnaskedReplyError(start, f"a reply that nobody asked for: {line[:40]!r}")

    race(hears, asks)


class Row:
    """The commands that wait for a reply, oldest first, and what says how they are answered."""

    def __init__(self) -> None:
        self.waiting: deque[Command] = deque()
        #: The version of the protocol, and how many commands that wait may change it.
        self.protocol = 2
        self.changing = 0
        #: Whether commands are being queued, and whether it has ever subscribed.
        self.queues = self.subscribes = False
        #: What it is subscribed to, and how many confirmations of the oldest command have come.
        self.subscribed: dict[bytes, set[Any]] = {sort: set() for sort in SORTS}
        self.confirmed = self.expected = 0

    def refused(self, command: Command) -> bytes:
        """Why a command is not sent, if it is one that is not answered in its turn."""
        name, second = command.name, b"".join(command.words[1:2]).upper()
        if not name:
            return b"a command without a word, which is not answered"
        if name in NEVER or (name, second) in NEVER:
            return b"%s is not answered as others are; use a connection of its own" % name
        if name in SUBSCRIBING:
            if self.protocol != 3 or self.changing:
                return b"%s is for RESP3: await the reply to HELLO 3 first" % name
            if self.queues:
                return b"%s between MULTI and EXEC is not answered once" % name
        if name == b"HELLO" and self.subscribes and second not in (b"", b"3"):
            return b"HELLO %s where messages may come: ask RESET first" % second
        return b""

    def add(self, command: Command) -> None:
        """A command that is sent now."""
        self.waiting.append(command)
        match command.name:
            case b"HELLO":
                self.changing += 1
            case b"RESET":
                self.changing += 1
                self.queues = self.subscribes = False
            case b"MULTI":
                self.queues = True
            case b"EXEC" | b"DISCARD":
                self.queues = False
            case name if name in SUBSCRIBING:
                self.subscribes = True

    def answer(self, value: Any) -> None:
        """Hand a reply to the oldest command."""
        command = self.waiting.popleft()
        if command.name in (b"HELLO", b"RESET"):
            self.changing -= 1
            if not isinstance(value, Error):
                self.protocol = 2
            if isinstance(value, dict):
                self.protocol = value.get(b"proto", 3)
            elif command.name == b"RESET":
                self.subscribed = {sort: set() for sort in SORTS}
        command.reply(value)

    def confirm(self, push: Push) -> None:
        """Keep in mind what is subscribed to; the last confirmation answers the oldest command."""
        kind, channel, *_ = [*push.items, None, None]
        if kind not in KINDS:
            return
        sort = KINDS[kind]
        command = self.waiting[0] if self.waiting else None
        asked = command is not None and command.name == kind.upper()
        if (
            command is not None
            and asked
            and (not command.words[1:] or channel in command.words[1:])
        ):
            if not self.confirmed:  # without a channel, all of the sort are left
                self.expected = len(command.words) - 1 or len(self.subscribed[sort]) or 1
            self.confirmed += 1
            if self.confirmed == self.expected:
                self.confirmed = 0
                self.waiting.popleft().reply(push)
        if kind == sort:
            self.subscribed[sort].add(channel)
        else:
            self.subscribed[sort].discard(channel)


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
