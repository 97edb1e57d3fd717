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
from examples.sockets.redis_client import Command, RedisError, call, client
from flowlet import ActorRef, NoReplyError
from flowlet.hosts import aio
from tests.looped import come_true, failures_are_heard, run_in

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="redis-server is not installed here; it is a package of Debian",
)


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
