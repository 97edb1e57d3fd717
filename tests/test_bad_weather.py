"""What the network does to a server: nothing of it is left behind, and nothing of it grows."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import random
import socket
import tracemalloc
from contextlib import suppress
from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest

from examples.sockets.http_server import Response, conversation, hello
from flowlet import Stream, pause, perform
from flowlet.hosts import aio
from flowlet.hosts.sockets import HIGH
from tests.looped import (
    both_loops,
    break_off,
    come_true,
    contexts,
    reset,
    run_in,
)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def visit(port: int, number: int) -> None:
    """Connect, and leave in one of the ways in which clients leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    match number % 6:
        case 0:
            pass  # without a word
        case 1:
            writer.write(GET[: number % len(GET)])  # in the midst of a request
        case 2:
            writer.write(GET)
            await reader.readuntil(b"world!\n")
        case 3:
            writer.write(GET * 3)  # without waiting for answers
        case 4:
            writer.write(GET)
            writer.write_eof()
            await reader.read()
        case 5:
            writer.write(b"rubbish\r\n\r\n")
    if number % 4 == 0:
        reset(writer)
    else:
        writer.close()


async def many_visits(server: aio.Server, count: int) -> None:
    """So many, fifty at a time; then everybody is gone."""
    numbers = iter(range(count))

    async def visitor() -> None:
        for number in numbers:
            await visit(server.port, number)

    async with asyncio.TaskGroup() as visitors:
        for _ in range(50):
            visitors.create_task(visitor())
    await come_true(lambda: not server.connections)


async def nothing_is_left_of(count: int) -> None:
    async with await aio.serve(conversation, "127.0.0.1", 0) as server:
        # Greenlets are kept for the next actors, buffers by the allocator: the first visits fill
        # what is filled once.
        await many_visits(server, 200)
        gc.collect()
        files = open_files() if Path("/proc/self/fd").exists() else 0
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await many_visits(server, count)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert server.accepted == count + 200
        assert server.dispatcher.actors == []
        assert server.dispatcher.connections == {}
        assert server.dispatcher.timers.next() is None
        assert asyncio.all_tasks() == {asyncio.current_task(), *server._accepting}
        if files:
            await come_true(lambda: open_files() == files)
        # What caches hold: the same after 300 and after 10,000.
        assert grown < 300_000, "what is left of them"


@both_loops
async def test_nothing_is_left_of_a_connection() -> None:
    """No socket, task, actor, timer or memory, however it ended."""
    await nothing_is_left_of(300)


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_nothing_is_left_of_10_000_connections(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, ten thousand times: what grows, however little, is seen."""
    monkeypatch.setattr("tests.looped.PATIENCE", 300.0)
    run_in(loop, nothing_is_left_of(10_000))


@both_loops
async def test_a_client_that_never_reads_costs_what_it_may() -> None:
    """It asks for a large answer again and again: what it does not take is not made for it."""
    made = 0

    def large(request: object, content: object) -> Response:
        nonlocal made
        made += 1
        return Response(body=b"x" * 100_000)

    async with await aio.serve(conversation, "127.0.0.1", 0, large) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET * 10_000)
        await come_true(lambda: [link for link in server.connections if link.full and link.paused])
        for _ in range(50):
            await asyncio.sleep(0)
        (link,) = server.connections
        held = link.stream.unread + link.gathered + link.transport.get_write_buffer_size()
        # What is unread, and one answer beyond what may be unsent.
        assert held < 2 * HIGH + 256 * 1024 + 2 * 100_000
        assert made < 200
        reset(writer)
        await come_true(lambda: not server.connections)


@both_loops
async def test_a_connection_that_is_half_open_is_found_out() -> None:
    """The other side is gone, and no word of that has come: the time without a word ends it."""
    async with await aio.serve(conversation, "127.0.0.1", 0, idle=0.03) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET + GET[:10])
        await reader.readuntil(b"world!\n")
        await come_true(lambda: not server.connections)
        writer.close()


@both_loops
async def test_resets_in_the_middle_of_everything_hurt_nobody_else() -> None:
    """One client goes on being answered while others break their connections at any byte."""
    chance = random.Random(1)
    async with await aio.serve(conversation, "127.0.0.1", 0, hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        post = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        post += b"5\r\nhello\r\n0\r\n\r\n"
        for at in chance.sample(range(len(post)), 40):
            _, other = await asyncio.open_connection("127.0.0.1", server.port)
            other.write(post[:at])
            await asyncio.sleep(0)
            reset(other)
            writer.write(GET)
            assert (await reader.readuntil(b"world!\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
        await come_true(lambda: not server.connections)


@both_loops
async def test_who_is_gone_at_once_keeps_no_place() -> None:
    """A scanner connects and breaks off; the clean-up waits, and then fails of that."""

    async def save() -> None:
        await asyncio.sleep(0)

    def guarded(stream: Stream) -> None:
        try:
            stream.read_exactly(10)
        finally:
            perform(save)

    async with await aio.serve(guarded, "127.0.0.1", 0, limit=2) as server:
        for _ in range(6):
            with socket.create_connection(("127.0.0.1", server.port)) as scanner:
                break_off(scanner)
        await come_true(lambda: server.accepted == 6 and not server.connections)


async def goes_without_a_word(server: aio.Server, context: SSLContext | None) -> Any:
    """Connect, say something, and close; what becomes of the actor, when nothing is left of it."""
    name = None if context is None else "localhost"
    _, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=context, server_hostname=name
    )
    writer.write(b"x")
    await come_true(lambda: server.connections)
    (connection,) = server.connections
    ended = asyncio.ensure_future(connection.ended())
    await asyncio.sleep(0)
    writer.close()
    try:
        return await ended
    except LookupError as error:
        return str(error)
    finally:
        await come_true(lambda: not server.connections)


@both_loops
async def test_an_actor_may_go_on_when_the_other_side_has_gone() -> None:
    """Also through TLS, where our half has ended too; how it ends is told."""
    ours, theirs = contexts()

    def lasts(stream: Stream, end: str) -> str:
        while stream.read_some():
            pass
        pause()
        pause()
        if end == "closes":
            stream.close()
        if end == "fails":
            raise LookupError(end)
        return end

    for end in ("ends", "closes", "fails"):
        async with await aio.serve(lasts, "127.0.0.1", 0, end) as server:
            assert await goes_without_a_word(server, None) == end
        async with await aio.serve(lasts, "127.0.0.1", 0, end, ssl=ours) as server:
            assert await goes_without_a_word(server, theirs) == end


@both_loops
async def test_through_tls_an_actor_that_waits_for_something_else_is_stopped() -> None:
    """Nobody is there any more; without TLS the other side may still read."""
    ours, theirs = contexts()

    async def save() -> None:
        await asyncio.sleep(0.01)

    def saves(stream: Stream) -> str:
        while stream.read_some():
            pass
        perform(save)
        return "saved"

    async with await aio.serve(saves, "127.0.0.1", 0) as server:
        assert await goes_without_a_word(server, None) == "saved"
    async with await aio.serve(saves, "127.0.0.1", 0, ssl=ours) as server:
        assert await goes_without_a_word(server, theirs) is None


@both_loops
async def test_a_connection_that_is_given_up_while_it_is_made_leaves_nothing() -> None:
    """However far it has come, also through TLS."""
    ours, theirs = contexts()
    shared = aio.LoopDispatcher()

    async def give_up(port: int, turns: int, **options: Any) -> None:
        connecting = aio.connect(conversation, "127.0.0.1", port, **options)
        made = asyncio.ensure_future(connecting)
        for _ in range(turns):
            await asyncio.sleep(0)
        made.cancel()
        with suppress(asyncio.CancelledError):
            await (await made).close()

    for context in (None, ours):
        options = {} if context is None else {"ssl": theirs, "server_hostname": "localhost"}
        async with await aio.serve(conversation, "127.0.0.1", 0, ssl=context) as server:
            for turns in range(12):
                await give_up(server.port, turns, **options)
                await give_up(server.port, turns, dispatcher=shared, **options)
                await come_true(lambda: not shared.connections)
    await shared.stop()


@both_loops
async def test_a_server_without_room_for_more_files_waits_for_some() -> None:
    """It says so in the log, and accepts again when there is room."""
    patch = pytest.MonkeyPatch()
    patch.setattr("flowlet.hosts.server.PAUSE", 0.001)
    server = await aio.serve(conversation, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    full = 2

    async def sock_accept(listener: object) -> object:
        nonlocal full
        if full:
            full -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return await loop.sock_accept(listener)  # type: ignore[arg-type]

    class Full:
        def __getattr__(self, name: str) -> object:
            return sock_accept if name == "sock_accept" else getattr(loop, name)

    for task in server._accepting:
        task.cancel()
    server.dispatcher.loop = Full()  # type: ignore[assignment]
    server._accepting = [loop.create_task(server._accept(each)) for each in server._listeners]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    await reader.readuntil(b"world!\n")
    assert full == 0
    writer.close()
    await server.stop()
    patch.undo()
