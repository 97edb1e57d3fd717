"""A client of Redis against a real server, which is started here: examples/sockets."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.protocols.resp import Push
from examples.sockets.redis_client import Command, RedisError, UnaskedReplyError, call, client
from flowlet import ActorRef, NoReplyError, Parser
from flowlet.hosts import aio
from tests.looped import come_true, failures_are_heard, run_in


class Server:
    """A Redis on loopback that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--appendonly", "no", "--dir", str(folder)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "eady to accept connections" in line:
                return
        raise AssertionError("redis-server has ended before it listened")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed here; it is a package of Debian")
    server = Server(tmp_path)
    yield server
    server.end()


def told(server: Server, loop: str, story: Any) -> None:
    """Tell a story with a client that is connected."""

    async def whole() -> None:
        async with await aio.connect(client, "127.0.0.1", server.port) as redis:
            await story(redis)

    run_in(loop, whole())


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_it_asks_and_is_answered(server: Server, loop: str) -> None:
    """Values of every kind, in RESP2 and RESP3; an error is raised."""

    async def story(redis: aio.Client) -> None:
        assert await call(redis, "SET", "greeting", "hello") == b"OK"
        assert await call(redis, "GET", "greeting") == b"hello"
        assert await call(redis, "GET", "nothing") is None
        assert await call(redis, "RPUSH", "list", 1, 2, 3) == 3
        assert await call(redis, "LRANGE", "list", 0, -1) == [b"1", b"2", b"3"]
        with pytest.raises(RedisError, match="WRONGTYPE"):
            await call(redis, "INCR", "list")
        said = await call(redis, "HELLO", 3)
        assert said[b"proto"] == 3
        assert await call(redis, "HSET", "map", "a", 1, "b", 2) == 2
        assert await call(redis, "HGETALL", "map") == {b"a": b"1", b"b": b"2"}
        assert await call(redis, "SADD", "set", "x", "y") == 2
        assert await call(redis, "SMEMBERS", "set") == {b"x", b"y"}
        assert await call(redis, "ZADD", "row", 1.5, "x") == 1
        assert await call(redis, "ZSCORE", "row", "x") == 1.5
        large = bytes(range(256)) * 20_000
        assert await call(redis, "SET", "large", large) == b"OK"
        assert await call(redis, "GET", "large") == large

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_many_questions_are_on_their_way_at_once(server: Server, loop: str) -> None:
    """Each gets its own answer; one that nobody waits for any more takes none from others."""

    async def story(redis: aio.Client) -> None:
        given_up = asyncio.create_task(call(redis, "SET", "given up", "yes"))
        await asyncio.sleep(0)
        given_up.cancel()
        asked = [call(redis, "SET", f"key {number}", number) for number in range(500)]
        assert set(await asyncio.gather(*asked)) == {b"OK"}
        asked = [call(redis, "GET", f"key {number}") for number in range(500)]
        assert await asyncio.gather(*asked) == [b"%d" % number for number in range(500)]

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_is_said_unasked_is_emitted(server: Server, loop: str) -> None:
    """A subscriber hears what another client publishes."""

    async def story(redis: aio.Client) -> None:
        await call(redis, "HELLO", 3)
        redis.send(Command((b"SUBSCRIBE", b"news")))
        assert await anext(redis) == Push([b"subscribe", b"news", 1])
        async with await aio.connect(client, "127.0.0.1", server.port) as other:
            assert await call(other, "PUBLISH", "news", "rain") == 1
        assert await anext(redis) == Push([b"message", b"news", b"rain"])

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_who_subscribes_is_answered_and_the_next_ones_too(server: Server, loop: str) -> None:
    """Confirmations are no replies: one answers when all have come, and nobody is one off."""

    async def story(redis: aio.Client) -> None:
        await call(redis, "HELLO", 3)
        await call(redis, "MSET", "a", "of a", "b", "of b")

        async def asked(*words: str) -> list[Any]:
            calls = [call(redis, *words), call(redis, "GET", "a"), call(redis, "GET", "b")]
            reply, *others = await asyncio.gather(*calls)
            assert others == [b"of a", b"of b"]
            return reply.items  # type: ignore[no-any-return]  # of a Push

        assert await asked("SUBSCRIBE", "c", "d", "c") == [b"subscribe", b"c", 2]
        assert await asked("psubscribe", "p*", "q*") == [b"psubscribe", b"q*", 4]
        assert await asked("SSUBSCRIBE", "s") == [b"ssubscribe", b"s", 1]
        assert (await asked("UNSUBSCRIBE"))[::2] == [b"unsubscribe", 2]
        assert await asked("UNSUBSCRIBE") == [b"unsubscribe", None, 2]
        assert await asked("PUNSUBSCRIBE", "q*", "other") == [b"punsubscribe", b"other", 1]
        assert await asked("PUNSUBSCRIBE") == [b"punsubscribe", b"p*", 0]
        assert await asked("SUNSUBSCRIBE", "s") == [b"sunsubscribe", b"s", 0]
        with pytest.raises(RedisError, match="wrong number of arguments"):
            await call(redis, "SUBSCRIBE")
        assert await call(redis, "GET", "a") == b"of a"

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_is_not_answered_in_its_turn_is_refused(server: Server, loop: str) -> None:
    """By name, and nothing is sent of it: the client works on."""

    async def story(redis: aio.Client) -> None:
        async def refused(*words: str | bytes, why: str = "") -> None:
            with pytest.raises(RedisError, match=f"^REFUSED {why}"):
                await call(redis, *words)
            assert await call(redis, "ECHO", "still right") == b"still right"

        await refused("SUBSCRIBE", "c", why="SUBSCRIBE is for RESP3: await the reply to HELLO 3")
        await refused("punsubscribe", why="PUNSUBSCRIBE is for RESP3")
        await refused("MONITOR", why="MONITOR is not answered as others are")
        await refused("client", "reply", "off", why="CLIENT is not answered")
        await refused(why="a command without a word")
        for version in (3, 2):  # while it is asked, which one it is is not certain
            hello = asyncio.create_task(call(redis, "HELLO", version))
            await asyncio.sleep(0)
            await refused("SUBSCRIBE", "c", why="SUBSCRIBE is for RESP3")
            await hello
        await call(redis, "HELLO", 3)
        with pytest.raises(RedisError, match="NOPROTO"):
            await call(redis, "HELLO", 7)
        await call(redis, "SUBSCRIBE", "c")
        await refused("HELLO", "2", why="HELLO 2 where messages may come")
        assert await call(redis, "MULTI") == b"OK"
        with pytest.raises(RedisError, match="between MULTI and EXEC"):
            await call(redis, "UNSUBSCRIBE")
        assert await call(redis, "EXEC") == []
        assert await call(redis, "RESET") == b"RESET"
        await refused("SUBSCRIBE", "c", why="SUBSCRIBE is for RESP3")
        assert (await call(redis, "HELLO", 3))[b"proto"] == 3
        assert (await call(redis, "UNSUBSCRIBE")).items == [b"unsubscribe", None, 0]

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_server_that_dies_leaves_nobody_waiting(server: Server, loop: str) -> None:
    """Who waits for a reply is told that none will come, and so is who asks later."""
    heard: list[dict[str, Any]] = []

    async def story(redis: aio.Client) -> None:
        heard.extend(failures_are_heard())
        waits = asyncio.create_task(call(redis, "BLPOP", "empty", 0))
        assert await call(redis, "PING") == b"PONG"
        server.end()
        with pytest.raises(NoReplyError):
            await waits
        with pytest.raises(NoReplyError, match="has ended"):
            await call(redis, "PING")

    told(server, loop, story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_actor_asks_it_like_any_other(server: Server, loop: str) -> None:
    """They share a dispatcher: the reply of the database is the reply of an actor."""

    def counts(redis: ActorRef[None]) -> list[int]:
        return [redis.ask(Command((b"INCR", b"counter"))) for _ in range(3)]

    async def story() -> None:
        async with aio.LoopDispatcher() as d:
            async with await aio.connect(
                client, "127.0.0.1", server.port, dispatcher=d
            ) as redis:  # fmt: skip
                counter = d.spawn(counts, redis.actor)
                await come_true(lambda: not counter.alive)
                assert counter.result == [1, 2, 3]

    run_in(loop, story())


def test_a_reply_that_nobody_asked_for_is_an_error() -> None:
    """Whose place is told; the connection is of no use any more."""
    parser = Parser(client)
    parser.send(Command((b"PING",)))
    assert parser.feed(b"+PONG\r\n>1\r\n+hint\r\n") == [Push([b"hint"])]
    with pytest.raises(UnaskedReplyError, match="nobody asked for: b'\\+OK'") as raised:
        parser.feed(b"+OK\r\n")
    assert raised.value.offset == 18


def test_a_shard_that_moves_away_answers_nobody() -> None:
    """The server may end a subscription itself: whoever waits for another confirmation waits on."""
    parser = Parser(client)
    for words in ((b"HELLO", b"3"), (b"SSUBSCRIBE", b"s"), (b"SUNSUBSCRIBE", b"t")):
        parser.send(Command(words))
        parser.feed({b"HELLO": b"%1\r\n+proto\r\n:3\r\n"}.get(words[0], b""))
    parser.feed(b">3\r\n+ssubscribe\r\n+s\r\n:1\r\n")
    parser.feed(b">3\r\n+sunsubscribe\r\n+s\r\n:0\r\n")
    parser.feed(b"-ERR of t\r\n")  # which has been waited for
    with pytest.raises(UnaskedReplyError):
        parser.feed(b"+OK\r\n")
