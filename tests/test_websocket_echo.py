"""A WebSocket server with which the client of `websockets` talks: examples/sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from examples.protocols.websocket import Binary, Close, Ping, Text, connection
from examples.sockets.websocket_echo import conversation, echoes
from flowlet import Stream, emit
from flowlet.hosts import aio
from tests.looped import both_loops, come_true, reset

websockets = pytest.importorskip(
    "websockets", reason="websockets, whose client talks to the server, is not installed here"
)


@asynccontextmanager
async def echoing() -> AsyncIterator[aio.Server]:
    async with await aio.serve(conversation, "127.0.0.1", 0, on_output=echoes) as server:
        yield server


def talking(server: aio.Server, **options: Any) -> Any:
    from websockets.asyncio.client import connect

    return connect(f"ws://127.0.0.1:{server.port}/", proxy=None, compression=None, **options)


@both_loops
async def test_what_a_client_says_comes_back() -> None:
    """Text, bytes, nothing, much, and what is sent in fragments; pings are answered."""
    async with echoing() as server, talking(server, max_size=None) as client:
        for message in ("hello", "", "grüße", b"\x00\xff", "x" * 900_000, b"y" * 70_000):
            await client.send(message)
            assert await client.recv() == message
        await client.send(["in ", "three ", "parts"])
        assert await client.recv() == "in three parts"
        await (await client.ping(b"there?"))


@both_loops
async def test_either_side_closes() -> None:
    """The client with its code; the server, when it is stopped, with 1001."""
    async with echoing() as server:
        async with talking(server) as client:
            await client.close(4000, "enough")
            assert (client.close_code, client.close_reason) == (4000, "enough")
        await come_true(lambda: not server.connections)
        async with talking(server) as client:
            stopping = asyncio.create_task(server.stop(grace=1000))
            await client.wait_closed()
            assert (client.close_code, client.close_reason) == (1001, "the server is going away")
            await stopping


@both_loops
async def test_a_mistake_is_answered_by_its_code() -> None:
    """Here a byte that is no UTF-8: the client hears why the connection ends."""
    async with echoing() as server, talking(server) as client:
        await client.send(b"\xff", text=True)
        await client.wait_closed()
        assert client.close_code == 1007


@both_loops
async def test_who_asks_for_something_else_is_refused() -> None:
    """No handshake, no conversation."""
    async with echoing() as server:
        for request in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"rubbish\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()


@both_loops
async def test_who_does_not_read_is_not_read() -> None:
    """A client floods the server and reads nothing: the server holds what it may, and no more."""
    async with echoing() as server:
        async with talking(server) as client:
            await client.ping()
            (link,) = server.connections
            flood = b"\x82\xfe\x40\x00\x00\x00\x00\x00" + b"x" * 16_384
            client.transport.pause_reading()
            for _ in range(1000):
                client.transport.write(flood)
            await come_true(lambda: link.full and link.paused)
            for _ in range(50):
                await asyncio.sleep(0)
            held = link.stream.unread + link.gathered + link.transport.get_write_buffer_size()
            assert held < 1_000_000
            assert not link.actor._fiber.box
            client.transport.abort()
        await come_true(lambda: not server.connections)


@both_loops
async def test_our_client_talks_to_their_server() -> None:
    """The same conversation in the other role; what it is sent it says, what it hears it emits."""
    from websockets.asyncio.server import ServerConnection, serve

    async def theirs(peer: ServerConnection) -> None:
        async for message in peer:
            await peer.send(message)

    def ours(stream: Stream) -> None:
        stream.write(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        emit(stream.read_until(b"\r\n\r\n").partition(b"\r\n")[0])
        connection(stream, "client")

    async with serve(theirs, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with await aio.connect(ours, "127.0.0.1", port) as client:
            assert await anext(client) == b"HTTP/1.1 101 Switching Protocols"
            for message in (Text("hello"), Binary(b"\x00" * 100_000)):
                client.send(message)
                assert await anext(client) == message
            client.send(Ping(b"?"))
            client.send(Close(1000, "done"))
            assert [value async for value in client] == [Close(1000, "done")]


@both_loops
async def test_a_reset_ends_a_conversation() -> None:
    """It is emitted as how it ended, though nobody said so; nothing is left of it."""
    ends: list[object] = []

    def hears(link: aio.Connection) -> Callable[[object], None]:
        return ends.append

    async with await aio.serve(partial(connection), "127.0.0.1", 0, on_output=hears) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await come_true(lambda: [link for link in server.connections if link.actor.state])
        reset(writer)
        await come_true(lambda: not server.connections)
    (end,) = ends
    assert isinstance(end, Close)
    assert end.code == 1006
