"""Actors on sockets: how a connection begins, how bytes come and go, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from unittest.mock import Mock

import greenlet
import pytest

from flowlet import (
    ActorRef,
    ConnectionLostError,
    Event,
    Request,
    Stream,
    StreamEndedError,
    UnexpectedEventError,
    actor,
    emit,
    observe,
    on,
    perform,
    receive,
    sleep,
    until,
)
from flowlet.hosts import aio
from flowlet.hosts.sockets import HIGH
from tests.looped import both_loops, come_true, contexts, failures_are_heard, reset


class Go(Event): ...


class Sum(Request[int]): ...


def echo(stream: Stream) -> None:
    while data := stream.read_some():
        stream.write(data)


def shout(stream: Stream) -> None:
    while not stream.at_eof():
        stream.write(stream.read_line().upper() + b"\n")
    stream.write(b"BYE\n")


@asynccontextmanager
async def talking(
    fn: Any, *args: Any, **options: Any
) -> AsyncIterator[tuple[aio.Server, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A server of a function, and one connection to it."""
    async with await aio.serve(fn, "127.0.0.1", 0, *args, **options) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            yield server, reader, writer
        finally:
            writer.close()


async def only(server: aio.Server) -> aio.Connection:
    """The one connection of a server, when its actor waits."""
    await come_true(lambda: [c for c in server.connections if c.actor.state])
    (connection,) = server.connections
    return connection


# -- bytes -------------------------------------------------------------------------------------


@both_loops
async def test_an_actor_serves_a_connection() -> None:
    """It reads and writes as in `Parser`; the end of the other side's half is the stream's end."""
    async with talking(shout) as (_, reader, writer):
        writer.write(b"hello\nwor")
        assert await reader.readline() == b"HELLO\n"
        writer.write(b"ld\n")
        writer.write_eof()
        assert await reader.read() == b"WORLD\nBYE\n"


@both_loops
async def test_arguments_come_after_the_stream() -> None:
    """As in `spawn`: `serve(fn, host, port, *args)`."""

    def greets(stream: Stream, name: str, times: int) -> None:
        stream.write(name.encode() * times)

    async with talking(greets, "ho", 3) as (_, reader, _):
        assert await reader.read() == b"hohoho"


@both_loops
async def test_bytes_cost_one_switch_to_the_actor_and_one_back() -> None:
    """However many reads and writes the actor makes of them; and none if they are not enough."""

    def thrice(stream: Stream) -> None:
        while True:
            for _ in range(3):
                stream.write(stream.read_line())

    async with talking(thrice) as (server, reader, _writer):
        connection = await only(server)
        switches: list[str] = []
        greenlet.settrace(lambda event, _: switches.append(event))
        try:
            connection.data_received(b"a\nb\nc\n")
            whole = len(switches)
            connection.data_received(b"half a line")
            half = len(switches) - whole
        finally:
            greenlet.settrace(None)
        assert (whole, half) == (2, 0)
        assert await reader.readexactly(3) == b"abc"


@both_loops
async def test_what_is_written_before_a_wait_goes_out_in_one_go() -> None:
    """Ten writes, one piece of bytes for the transport."""

    def ten(stream: Stream) -> None:
        stream.read_line()
        for number in range(10):
            stream.write(b"%d" % number)
        stream.read_line()

    async with talking(ten) as (server, _reader, writer):
        connection = await only(server)
        sent: list[bytes] = []

        class Recording:
            def write(self, data: bytes) -> None:
                sent.append(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(transport, name)

        transport = connection.transport
        connection.transport = Recording()  # type: ignore[assignment]
        writer.write(b"\n")
        await come_true(lambda: sent)
        connection.transport = transport
        assert sent == [b"0123456789"]


@both_loops
async def test_a_connection_with_listeners_reads_and_writes_the_same() -> None:
    """Each read is told, also one that finds its bytes; the names are those of any other run."""
    dispatcher = aio.LoopDispatcher()
    seen = observe(dispatcher)
    async with talking(shout, dispatcher=dispatcher) as (_, reader, writer):
        writer.write(b"one\ntwo\n")
        writer.write_eof()
        assert await reader.read() == b"ONE\nTWO\nBYE\n"
    await dispatcher.stop()
    reads = {(a, by) for a, by, _ in seen.graph.triples()}
    assert {("shout/at_eof", "at_eof"), ("shout/read_line", "read_line")} <= reads


@both_loops
async def test_who_has_ended_its_half_is_answered_however_long_that_takes() -> None:
    """The actor hears of the end, and takes its time."""

    def thinks(stream: Stream) -> None:
        assert stream.at_eof()
        receive(Go)
        stream.write(b"at last")

    async with talking(thinks) as (server, reader, writer):
        writer.write_eof()
        connection = await only(server)
        await come_true(lambda: connection.actor.accepts == {Go})
        for _ in range(20):
            await asyncio.sleep(0)
        connection.send(Go())
        assert await reader.read() == b"at last"


# -- back-pressure -----------------------------------------------------------------------------


@both_loops
async def test_who_writes_waits_for_a_reader_that_is_slow() -> None:
    """In a state called `write`: mail is kept, an `on` is answered; what is unsent is bounded."""
    counted: list[int] = []

    def floods(stream: Stream) -> int:
        with on(Go, lambda _: counted.append(len(counted))):
            for _ in range(400):
                stream.write(b"x" * 50_000)
        return 5

    async with talking(floods) as (server, reader, _writer):
        connection = await only(server)
        await come_true(lambda: connection.full and connection.actor.state)
        actor = connection.actor
        assert actor.state == ("floods", "write")
        connection.send(Go())
        await come_true(lambda: counted == [0])
        assert connection.transport.get_write_buffer_size() <= HIGH + 2 * 50_000 + HIGH
        got = 0
        while data := await reader.read(1 << 20):
            got += len(data)
        assert got == 400 * 50_000
        assert actor.result == 5


@both_loops
async def test_an_until_leaves_a_write_and_what_was_written_is_sent() -> None:
    """The bytes are on their way; only the wait is left."""

    def gives_up(stream: Stream) -> None:
        written = 0
        with until(Go):
            while True:
                written += 50_000
                stream.write(b"x" * 50_000)
        stream.write(b"%010d" % written)

    async with talking(gives_up) as (server, reader, _):
        connection = await only(server)
        await come_true(lambda: connection.full and connection.actor.state)
        connection.send(Go())
        everything = await reader.read()
        assert int(everything[-10:]) == len(everything) - 10


@both_loops
async def test_who_is_not_read_from_is_held_up() -> None:
    """What the actor has not read is bounded; when it reads, everything comes."""
    total = 4_000_000

    def later(stream: Stream) -> int:
        receive(Go, at="not yet")
        return len(stream.read_exactly(total, at="all of it"))

    async with talking(later) as (server, _, writer):
        connection = await only(server)
        writer.write(b"x" * total)
        await come_true(lambda: connection.paused)
        assert connection.stream.unread <= HIGH + 256 * 1024
        unread = connection.stream.unread
        for _ in range(20):
            await asyncio.sleep(0)
        assert connection.stream.unread == unread
        connection.send(Go())
        assert await connection.ended() == total


# -- how it ends -------------------------------------------------------------------------------


@both_loops
async def test_a_reset_is_raised_where_the_actor_reads() -> None:
    """It is no end of the stream, so not even `at_eof` takes it for one."""
    log: list[Any] = []

    def reads(stream: Stream, read: Callable[[Stream], object]) -> None:
        stream.write(b"!")
        try:
            log.append(read(stream))
        except ConnectionLostError as error:
            log.append((error.offset, type(error.__cause__).__name__))

    reads_that_wait: list[Callable[[Stream], object]] = [
        lambda stream: stream.at_eof(),
        lambda stream: stream.read_some(),
        lambda stream: stream.read_line(),
        lambda stream: stream.read_exactly(5),
    ]
    for read in reads_that_wait:
        async with talking(reads, read) as (server, reader, writer):
            await reader.readexactly(1)
            reset(writer)
            await come_true(lambda: not server.connections)
    assert log == [(0, "ConnectionResetError")] * 4


@both_loops
async def test_what_came_before_a_reset_is_read() -> None:
    """Only the read that comes short is told of it."""
    log: list[Any] = []

    def reads(stream: Stream) -> None:
        stream.write(b"!")
        log.append(stream.read_line())
        receive(Go)
        log.append(stream.read_line())
        try:
            stream.read_line()
        except ConnectionLostError as error:
            log.append(error.offset)

    async with talking(reads) as (server, reader, writer):
        await reader.readexactly(1)
        writer.write(b"one\n")
        await come_true(lambda: log)
        connection = await only(server)
        connection.data_received(b"two\nthr")
        connection.stream.lost = True
        connection.stream.feed_eof()
        connection.send(Go())
        await come_true(lambda: len(log) == 3)
        assert log == [b"one", b"two", 11]


@both_loops
async def test_a_reset_stops_an_actor_that_waits_for_something_else() -> None:
    """Nobody hears what it would have to say; its clean-up runs, and may wait."""
    log: list[str] = []

    def sleeps(stream: Stream) -> None:
        stream.write(b"!")
        try:
            sleep(1000)
        finally:
            sleep(0.001)
            log.append("clean")

    async with talking(sleeps) as (server, reader, writer):
        await reader.readexactly(1)
        reset(writer)
        await come_true(lambda: not server.connections)
        assert log == ["clean"]


@both_loops
async def test_to_write_on_a_broken_connection_is_an_error() -> None:
    """Also where the actor waits with a write, and that write raises it."""
    log: list[str] = []

    def floods(stream: Stream) -> None:
        try:
            stream.write(b"x" * 20_000_000)
            log.append("written")
        except ConnectionLostError:
            log.append("lost")
        try:
            stream.write(b"more")
        except ConnectionLostError:
            log.append("and still lost")

    async with talking(floods) as (server, _, writer):
        connection = await only(server)
        await come_true(lambda: connection.full)
        reset(writer)
        await come_true(lambda: not server.connections)
        assert log == ["lost", "and still lost"]


@both_loops
async def test_an_actor_that_fails_takes_only_its_connection_with_it() -> None:
    """What it wrote is sent; the loop is told who it was; the others are served."""
    heard = failures_are_heard()

    def fails(stream: Stream) -> None:
        stream.write(b"sorry\n")
        if stream.read_line() == b"fail":
            raise ZeroDivisionError("oh")
        stream.write(b"fine\n")

    async with talking(fails) as (server, reader, writer):
        other_reader, other = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"fail\n")
        assert await reader.read() == b"sorry\n"
        other.write(b"do not\n")
        assert await other_reader.read() == b"sorry\nfine\n"
        other.close()
    (told,) = heard
    assert isinstance(told["exception"], ZeroDivisionError)
    assert told["message"].startswith("actor 'fails' has failed, which served ('127.0.0.1', ")


@both_loops
async def test_bytes_that_are_no_message_are_nothing_to_worry_about() -> None:
    """A `ParseError` that the actor lets go ends its connection; a line in the log tells of it."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("flowlet.hosts")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        async with talking(lambda stream: stream.read_line(limit=3)) as (_, reader, writer):
            writer.write(b"too long\n")
            assert await reader.read() == b""
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    (line,) = lines
    assert line.endswith("lambda at byte 3: a line of more than 3 bytes")


@both_loops
async def test_an_answer_reaches_one_who_is_still_sending() -> None:
    """The server ends its half, and waits for the end of the other: nothing is reset."""

    def refuses(stream: Stream) -> None:
        stream.read_exactly(1)
        stream.write(b"no")

    async with talking(refuses, linger=1000) as (server, reader, writer):
        writer.write(b"x" * 3_000_000)
        assert await reader.read() == b"no"
        await writer.drain()
        writer.write_eof()
        await come_true(lambda: not server.connections)


@both_loops
async def test_who_never_ends_its_half_is_not_waited_for_for_ever() -> None:
    """After the linger time the connection is closed."""
    async with talking(lambda stream: None, linger=0.01) as (server, reader, _):
        assert await reader.read() == b""
        await come_true(lambda: server.accepted == 1 and not server.connections)


@both_loops
async def test_who_talks_on_when_nobody_listens_is_not_waited_for_longer() -> None:
    """What comes then is no sign of life, also where `idle` looks for such."""
    async with talking(lambda stream: None, linger=0.03, idle=1000) as (server, reader, writer):
        assert await reader.read() == b""
        while server.connections:
            with suppress(ConnectionError):
                writer.write(b"and another thing")
            await asyncio.sleep(0)


@both_loops
async def test_who_was_held_up_is_heard_to_the_end_when_the_actor_ends() -> None:
    """All that it sends is thrown away, much as it is; so the end of its half is found."""

    def unread(stream: Stream) -> None:
        receive(Go, at="not yet")
        stream.write(b"no")

    async with talking(unread, linger=1000) as (server, reader, writer):
        connection = await only(server)
        writer.write(b"x" * 4_000_000)
        await come_true(lambda: connection.paused)
        connection.send(Go())
        assert await reader.read() == b"no"
        writer.write_eof()
        await come_true(lambda: not server.connections)


@both_loops
async def test_an_actor_may_close_and_go_on() -> None:
    """What was written is sent; the end of the connection is nothing to it any more."""
    log: list[str] = []

    def closes(stream: Stream) -> None:
        stream.write(b"that is all")
        stream.close()
        receive(Go)
        log.append("went on")

    async with talking(closes) as (server, reader, writer):
        assert await reader.read() == b"that is all"
        connection = await only(server)
        writer.close()
        await come_true(lambda: connection.over)
        assert connection.actor.alive
        connection.send(Go())
        await come_true(lambda: not server.connections)
        assert log == ["went on"]


@both_loops
async def test_silence_has_its_limit_and_so_has_a_conversation() -> None:
    """`idle`: nothing comes or goes; `lifetime`: however much does."""
    log: list[tuple[str, str]] = []

    def reads(stream: Stream) -> None:
        try:
            while stream.read_line():
                stream.write(b".")
        except ConnectionLostError as error:
            log.append((error.reason, type(error.__cause__).__name__))

    async with talking(reads, idle=0.03) as (server, reader, writer):
        writer.write(b"here\n")
        assert await reader.read() == b"."
        await come_true(lambda: not server.connections)
    async with talking(reads, idle=1000, lifetime=0.03) as (server, reader, writer):
        connection = await only(server)
        while not connection.over:
            writer.write(b"here\n")
            await asyncio.sleep(0)
        await come_true(lambda: not server.connections)
    assert log == [
        ("nothing has come or gone for 0.03 s", "TimeoutError"),
        ("the connection has lasted 0.03 s", "TimeoutError"),
    ]


@both_loops
async def test_silence_ends_who_does_not_read_its_answers() -> None:
    """Nothing goes, because nobody takes it: the writer is told, and nothing is kept."""

    def floods(stream: Stream) -> None:
        while True:
            stream.write(b"x" * 50_000)

    async with talking(floods, idle=0.03) as (server, _, _):
        connection = await only(server)
        await come_true(lambda: not server.connections)
        assert isinstance(connection.actor.error, ConnectionLostError)
        assert connection.actor.error.reason == "nothing has come or gone for 0.03 s"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is not acknowledged")
@both_loops
async def test_who_reads_slowly_is_seen_to_read() -> None:
    """Though the socket takes no more: what was acknowledged went.  Who stops reading is found."""

    def floods(stream: Stream) -> None:
        while True:
            stream.write(b"x" * 50_000)

    def time_is_up(connection: aio.Connection) -> None:
        connection._seen -= 2000
        connection.fire()

    async with await aio.serve(floods, "127.0.0.1", 0, idle=1000) as server:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            slow.connect(("127.0.0.1", server.port))
            connection = await only(server)
            await come_true(lambda: connection.full)
            time_is_up(connection)
            held = connection.transport.get_write_buffer_size()
            for _ in range(5):
                slow.recv(100_000, socket.MSG_WAITALL)
                time_is_up(connection)
                assert connection.transport.get_write_buffer_size() == held
                assert not connection.transport.is_closing()
            time_is_up(connection)
            await come_true(lambda: not server.connections)


# -- servers -----------------------------------------------------------------------------------


@both_loops
async def test_at_its_limit_a_server_accepts_when_somebody_leaves() -> None:
    """The third waits in the system's queue, and loses nothing."""
    async with talking(shout, limit=2) as (server, first, writer):
        second, other = await asyncio.open_connection("127.0.0.1", server.port)
        third, late = await asyncio.open_connection("127.0.0.1", server.port)
        late.write(b"late\n")
        other.write(b"second\n")
        assert await second.readline() == b"SECOND\n"
        assert server.accepted == 2
        writer.write_eof()
        assert await first.read() == b"BYE\n"
        assert await third.readline() == b"LATE\n"
        assert server.accepted == 3
        other.close()
        late.close()


@both_loops
async def test_the_limit_holds_for_all_addresses_of_a_server_together() -> None:
    """Each address had begun to accept when the last place was taken: nobody gets in too many."""
    most = 0

    def stays(stream: Stream) -> None:
        nonlocal most
        most = max(most, len(server.connections))
        stream.write(b"in")
        stream.read_some()

    listeners = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))]
    server = await aio.serve(stays, sockets=listeners, limit=2)
    ports = [port for _, port in server.addresses]
    guests: list[asyncio.StreamWriter] = []

    async def visits(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        guests.append(writer)
        assert await reader.read(2) == b"in"
        writer.close()

    await asyncio.gather(*[visits(port) for _ in range(6) for port in ports])
    assert (most, server.accepted) == (2, 12)
    await come_true(lambda: not server.connections)
    await server.stop()


@both_loops
async def test_who_was_accepted_and_has_no_place_yet_is_let_go_when_the_server_stops() -> None:
    """It waits with its socket in hand; nothing is left of it."""
    listeners = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))]
    server = await aio.serve(echo, sockets=listeners, limit=1)
    (_, first), (_, second) = server.addresses
    _, present = await asyncio.open_connection("127.0.0.1", first)
    await come_true(lambda: server.connections)
    waiting, writer = await asyncio.open_connection("127.0.0.1", second)
    for _ in range(20):
        await asyncio.sleep(0)
    assert server.accepted == 1
    present.close()
    stopping = asyncio.create_task(server.stop())
    with suppress(ConnectionResetError):
        assert await waiting.read() == b""
    writer.close()
    await stopping


@both_loops
async def test_a_server_stops_between_two_messages() -> None:
    """Who listens for `Closing` finishes what it is at; then nothing is accepted any more."""

    def lines(stream: Stream) -> None:
        while True:
            with until(aio.Closing) as end:
                stream.at_eof(at="between")
            if end.event is not None:
                stream.write(b"closing\n")
                return
            stream.write(stream.read_line(at="in a line") + b"\n")

    server = await aio.serve(lines, "127.0.0.1", 0)
    idle_reader, idle = await asyncio.open_connection("127.0.0.1", server.port)
    busy_reader, busy = await asyncio.open_connection("127.0.0.1", server.port)
    busy.write(b"half")
    await come_true(
        lambda: {c.actor.state for c in server.connections} == {("between",), ("in a line",)}
    )
    stopping = asyncio.create_task(server.stop(grace=1000))
    assert await idle_reader.read() == b"closing\n"
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    assert not stopping.done()
    busy.write(b" a line\n")
    assert await busy_reader.read() == b"half a line\nclosing\n"
    busy.close()
    await stopping
    await server.stopped()


@both_loops
async def test_nobody_is_in_the_wrong_for_not_hearing_that_the_server_closes() -> None:
    """An actor that takes no mail but what it waits for goes on; other mail still ends it."""

    @actor(unexpected="raise")
    def strict(stream: Stream) -> str:
        receive(Go, at="ready")
        return "went"

    async def connected(server: aio.Server) -> aio.Connection:
        await come_true(lambda: len(server.connections) == 1)
        (connection,) = server.connections
        await come_true(lambda: connection.actor.state == ("ready",))
        return connection

    heard = failures_are_heard()
    async with talking(strict) as (server, _, writer):
        connection = await connected(server)
        stopping = asyncio.create_task(server.stop(grace=1000))
        await come_true(lambda: connection.actor.discarded == 1)
        connection.send(Go())
        assert await connection.ended() == "went"
        writer.close()
        await stopping
    async with talking(strict) as (server, _, writer):
        connection = await connected(server)
        connection.send(Sum())
        with pytest.raises(UnexpectedEventError):
            await connection.ended()
    assert heard == []


@both_loops
async def test_when_a_stop_has_lasted_its_time_nobody_is_waited_for() -> None:
    """As for a client that keeps its connection for later use, and looks at it only then."""

    def patient(stream: Stream, *events: type[Event]) -> None:
        stream.write(b"hello\n")
        with until(*events, after=1000):
            stream.read_some()

    for events in ((), (aio.Closing,)):
        async with talking(patient, *events, linger=1000.0, grace=1000.0) as (server, reader, _):
            assert await reader.readline() == b"hello\n"
            await server.stop(grace=0.01)
            assert await reader.read() == b""


@both_loops
async def test_when_a_stop_has_lasted_its_time_a_last_word_still_arrives() -> None:
    """Though much has come that the actor did not read: to close then would be a reset."""

    def says_why(stream: Stream) -> None:
        try:
            receive(Go)
        finally:
            stream.write(b"503 bye")

    async with talking(says_why) as (server, reader, writer):
        writer.write(bytes(1_000_000))
        await come_true(lambda: any(each.stream.unread for each in server.connections))
        await server.stop(grace=0)
        assert await reader.read() == b"503 bye"


@both_loops
async def test_an_actor_that_has_closed_and_goes_on_holds_up_no_stop() -> None:
    """It is stopped, and the other side is not waited for."""

    def goes_on(stream: Stream) -> None:
        stream.close()
        receive(Go)

    async with talking(goes_on, linger=1000.0, grace=1000.0) as (server, _, _):
        await come_true(lambda: server.connections)
        await server.stop(grace=0.01)


@both_loops
async def test_who_does_not_hear_that_the_server_closes_is_stopped() -> None:
    """After the grace of `stop`; with its clean-up, which may write."""

    def deaf(stream: Stream) -> None:
        try:
            stream.read_line()
        finally:
            stream.write(b"stopped")

    server = await aio.serve(deaf, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await only(server)
    stopping = asyncio.create_task(server.stop(grace=0.01))
    assert await reader.read() == b"stopped"
    writer.close()
    await stopping


@both_loops
async def test_a_server_may_share_a_dispatcher_with_other_actors() -> None:
    """So connections ask one that they all know; it outlives the server."""
    asked: list[int] = []

    def teller(stream: Stream, book: ActorRef[None]) -> None:
        stream.write(b"%d" % book.ask(Sum()))

    def keeper() -> None:
        while True:
            asked.append(1)
            receive(Sum).reply(len(asked))

    async with aio.LoopDispatcher() as d:
        book = d.spawn(keeper)
        for number in (1, 2):
            async with talking(teller, book, dispatcher=d) as (_, reader, _):
                assert await reader.read() == b"%d" % number
        assert book.alive


@both_loops
async def test_what_the_actor_emits_goes_to_a_consumer_of_its_connection() -> None:
    """Which may send it something: so an echo is a machine that emits and one that is told."""

    def lines(stream: Stream) -> None:
        while not stream.at_eof():
            emit(stream.read_line())
            stream.write(receive(Go).model_dump_json().encode() + b"\n")

    got: list[bytes] = []

    def consumer(connection: aio.Connection) -> Callable[[bytes], None]:
        def consume(value: bytes) -> None:
            got.append(value)
            connection.send(Go())

        return consume

    async with talking(lines, on_output=consumer) as (_, reader, writer):
        writer.write(b"one\ntwo\n")
        assert await reader.readline() == b"{}\n"
        assert await reader.readline() == b"{}\n"
        assert got == [b"one", b"two"]


@both_loops
async def test_a_consumer_that_cannot_be_made_costs_its_connection_and_no_place() -> None:
    """The loop is told, nobody is served, and the next one is accepted; a client raises it."""
    heard = failures_are_heard()
    fails = True

    def consumer(connection: aio.Connection) -> Callable[[bytes], None]:
        if fails:
            raise LookupError("no consumer")
        return lambda value: None

    async with talking(shout, on_output=consumer, limit=1) as (server, reader, _):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        fails = False
        other, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"hello\n")
        assert await other.readline() == b"HELLO\n"
        writer.close()
        fails = True
        with pytest.raises(LookupError, match="no consumer"):
            await aio.connect(shout, "127.0.0.1", server.port, on_output=consumer)
    assert [str(each["exception"]) for each in heard] == ["no consumer", "no consumer"]


@both_loops
async def test_an_actor_awaits_what_asyncio_knows_to_do() -> None:
    """It opens a connection of its own, in a coroutine, by `perform`."""

    async def fetch(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        return line

    def forwards(stream: Stream, port: int) -> None:
        stream.write(perform(fetch, port))

    async with await aio.serve(shout, "127.0.0.1", 0) as behind:
        async with talking(forwards, behind.port) as (_, reader, _):
            assert await reader.read() == b"HELLO\n"


# -- from here ---------------------------------------------------------------------------------


@both_loops
async def test_a_connection_from_here_is_a_handle_of_its_actor() -> None:
    """It gives what is emitted, and takes events and questions; at the end of the block it ends."""

    def talks(stream: Stream) -> int:
        stream.write(b"one\ntwo\n")
        for _ in range(2):
            emit(stream.read_line())
        receive(Sum).reply(2)
        receive(Go)
        return 5

    async with await aio.serve(shout, "127.0.0.1", 0) as server:
        async with await aio.connect(talks, "127.0.0.1", server.port) as client:
            got = []
            async for value in client:
                got.append(value)
                if len(got) == 2:
                    break
            assert got == [b"ONE", b"TWO"]
            assert await client.ask(Sum()) == 2
            client.send(Go())
            assert await client.ended() == 5
            assert [value async for value in client] == []
            assert client.peer == ("127.0.0.1", server.port)


@both_loops
async def test_what_a_client_gives_may_be_taken_by_several() -> None:
    """Each value goes to one of them, the end to all; one that gives up takes none with it."""

    def reads(stream: Stream) -> None:
        while not stream.at_eof():
            emit(stream.read_line())

    async def takes(client: aio.Client) -> list[bytes]:
        return [value async for value in client]

    def says(stream: Stream) -> None:
        for number in range(10):
            receive(Go)
            stream.write(b"%d\n" % number)

    async with await aio.serve(says, "127.0.0.1", 0) as server:
        async with await aio.connect(reads, "127.0.0.1", server.port) as client:
            tasks = [asyncio.create_task(takes(client)) for _ in range(3)]
            for _ in range(3):
                await asyncio.sleep(0)
            tasks.pop().cancel()
            says_it = await only(server)
            for _ in range(10):
                says_it.send(Go())
            taken = await asyncio.gather(*tasks)
            values = sorted(value for each in taken for value in each)
            assert values == [b"%d" % number for number in range(10)]


@both_loops
async def test_who_leaves_a_client_does_not_wait_for_the_other_side() -> None:
    """What was written is sent, however much; the end of the other half is not awaited."""
    total = 3_000_000

    def writes(stream: Stream, waits: bool) -> None:
        stream.write(b"x" * total)
        if waits:
            receive(Go)

    took: list[int] = []

    def takes_all(stream: Stream) -> None:
        took.append(len(stream.read_exactly(total)))
        receive(Go)  # and does not end its half

    async def leaves(server: aio.Server, waits: bool) -> None:
        client = await aio.connect(writes, "127.0.0.1", server.port, waits, linger=1000)
        async with client:
            connection = await only(server)
            if waits:
                await come_true(lambda: client.actor.accepts == {Go})
            else:
                await client.ended()
        assert client.over
        await come_true(lambda: len(took) == 1 + waits)
        connection.send(Go())
        await come_true(lambda: not server.connections)

    async with await aio.serve(takes_all, "127.0.0.1", 0) as server:
        for waits in (False, True):
            await leaves(server, waits)
    assert took == [total, total]


@both_loops
async def test_an_error_of_a_client_is_raised_where_its_values_are_taken() -> None:
    """Behind those that came before it."""

    def reads(stream: Stream) -> None:
        while True:
            emit(stream.read_line())

    async with await aio.serve(lambda s: s.write(b"one\ntwo\nthr"), "127.0.0.1", 0) as server:
        async with await aio.connect(reads, "127.0.0.1", server.port) as client:
            assert [await anext(client), await anext(client)] == [b"one", b"two"]
            with pytest.raises(StreamEndedError) as caught:
                await anext(client)
            assert caught.value.offset == 11


@both_loops
async def test_values_that_nobody_takes_hold_up_the_server() -> None:
    """No more is read while so many wait; when they are taken, all come."""
    count = 300_000

    def sends(stream: Stream) -> None:
        for _ in range(count // 1000):
            stream.write(b"a line\n" * 1000)

    def reads(stream: Stream) -> None:
        with until(Go):
            while True:
                emit(stream.read_line())
        while not stream.at_eof():
            emit(stream.read_line())

    async with await aio.serve(sends, "127.0.0.1", 0) as server:
        async with await aio.connect(reads, "127.0.0.1", server.port) as client:
            await come_true(lambda: client.paused)
            held = len(client._outputs)
            client.send(Go())  # also where another read begins
            for _ in range(20):
                await asyncio.sleep(0)
            assert client.paused
            assert len(client._outputs) == held <= 256 + 256 * 1024 // 7
            assert sum([1 async for _ in client]) == count


@both_loops
async def test_where_nobody_listens_there_is_no_connection() -> None:
    """The error is the system's; no actor has begun."""
    server = await aio.serve(echo, "127.0.0.1", 0)
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await aio.connect(echo, "127.0.0.1", server.port)


# -- TLS ---------------------------------------------------------------------------------------


@both_loops
async def test_the_same_function_talks_through_tls() -> None:
    """From both sides, with the certificate looked at; back-pressure works as without."""
    ours, theirs = contexts()
    total = 2_000_000

    def sends(stream: Stream) -> bytes:
        stream.write(b"x" * total)
        return stream.read_exactly(total)

    async with await aio.serve(echo, "127.0.0.1", 0, ssl=ours) as server:
        client = await aio.connect(
            sends, "127.0.0.1", server.port, ssl=theirs, server_hostname="localhost"
        )
        async with client:
            assert await client.ended() == b"x" * total


@both_loops
async def test_who_does_not_speak_tls_gets_no_actor_and_keeps_no_place() -> None:
    """A handshake counts against the limit, and it has its time."""
    ours, theirs = contexts()
    async with await aio.serve(shout, "127.0.0.1", 0, ssl=ours, handshake=0.05, limit=1) as server:
        _, silent = await asyncio.open_connection("127.0.0.1", server.port)
        _, plain = await asyncio.open_connection("127.0.0.1", server.port)
        plain.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=ssl.create_default_context()
            )
        good, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=theirs, server_hostname="localhost"
        )
        writer.write(b"hello\n")
        assert await good.readline() == b"HELLO\n"
        assert server.accepted == 4
        for each in (silent, plain, writer):
            each.close()


@both_loops
async def test_a_server_that_stops_waits_for_no_handshake() -> None:
    """Whoever is still at it is let go, and nobody else is."""
    ours, _ = contexts()
    async with await aio.serve(shout, "127.0.0.1", 0, ssl=ours, handshake=1000) as server:
        reader, silent = await asyncio.open_connection("127.0.0.1", server.port)
        await come_true(lambda: server.accepted)
        await server.stop(grace=0.01)
        assert await reader.read() == b""
        silent.close()


@both_loops
async def test_what_the_loop_cannot_take_over_is_closed_and_told() -> None:
    """It costs its connection and no place; nor does one that the loop had no time for."""
    heard = failures_are_heard()
    loop = asyncio.get_running_loop()

    def fails(*args: Any, **options: Any) -> Any:
        raise LookupError("not like this")

    async with await aio.serve(shout, "127.0.0.1", 0, limit=1) as server:
        server.dispatcher.loop = Mock(wraps=loop, connect_accepted_socket=fails)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()
        server.dispatcher.loop = loop
        before = server.accepted
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.setblocking(False)
            await come_true(lambda: server.accepted > before)
            (greeting,) = server._greetings
            greeting.cancel()  # before it has begun, as when the loop ends just now
            assert await loop.sock_recv(sock, 1) == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"HELLO\n"
        writer.close()
    assert [str(each["exception"]) for each in heard] == ["not like this"]


@both_loops
async def test_a_server_may_stop_at_any_moment_of_a_handshake() -> None:
    """Also just when it is done."""
    ours, theirs = contexts()
    for turns in range(0, 40, 2):
        server = await aio.serve(echo, "127.0.0.1", 0, ssl=ours)
        made = asyncio.ensure_future(
            asyncio.open_connection(
                "127.0.0.1", server.port, ssl=theirs, server_hostname="localhost"
            )
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.stop(grace=0)
        with suppress(OSError):
            _, writer = await made
            writer.close()


async def says_and_ends(port: int, context: ssl.SSLContext, text: bytes) -> bytes:
    """Say something through TLS, end only our half, and read up to the end of the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, goes, server_hostname="localhost")

    async def done(call: Callable[[], Any]) -> Any:
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                writer.write(goes.read())
                data = await reader.read(65_536)
                came.write(data) if data else came.write_eof()

    await done(tls.do_handshake)
    tls.write(text)
    with suppress(ssl.SSLWantReadError):
        tls.unwrap()  # our close_notify; that of the other side need not be here yet
    writer.write(goes.read())
    answer = b""
    with suppress(ssl.SSLZeroReturnError):
        while data := await done(lambda: tls.read(65_536)):
            answer += data
    writer.close()
    return answer


@both_loops
async def test_through_tls_the_end_of_one_half_is_soon_that_of_both() -> None:
    """asyncio ends ours when the actor waits the next time: what it wrote until then is sent.

    One that waits for something else is stopped, as by a connection that breaks.
    """
    ours, theirs = contexts()
    ended: list[str] = []

    def answers(stream: Stream, later: bool) -> None:
        said = stream.read_exactly(5)
        try:
            assert stream.at_eof()
            if later:
                receive(Go, at="thinking")
            stream.write(said.upper())
        finally:
            ended.append("later" if later else "at once")

    for later, answer in ((False, b"HELLO"), (True, b"")):
        async with await aio.serve(answers, "127.0.0.1", 0, later, ssl=ours) as server:
            assert await says_and_ends(server.port, theirs, b"hello") == answer
            await come_true(lambda: not server.connections)
    assert ended == ["at once", "later"]


@pytest.mark.parametrize(
    ("option", "value", "error", "told"),
    [
        ("limit", 0, ValueError, "limit is how many connections .* 1 or more, not 0"),
        ("limit", -1, ValueError, "1 or more, not -1"),
        ("limit", 1.5, TypeError, "1 or more, not 1.5"),
        ("backlog", -5, ValueError, "0 or more, not -5"),
        ("idle", 0, ValueError, "idle is in seconds, more than 0, or None for no limit, not 0"),
        ("idle", "60", TypeError, "not '60'"),
        ("lifetime", math.nan, ValueError, "lifetime is in seconds, .* not nan"),
        ("linger", -1, ValueError, "linger is in seconds, 0 or more, not -1"),
        ("grace", None, TypeError, "grace is in seconds, 0 or more, not None"),
        ("handshake", 0, ValueError, "handshake is in seconds, more than 0, not 0"),
        ("ssl", True, TypeError, "ssl is an ssl.SSLContext, or None for no TLS, not True"),
        ("on_output", 5, TypeError, "on_output is a function"),
    ],
)
def test_an_option_that_makes_no_sense_is_an_error(
    option: str, value: object, error: type[Exception], told: str
) -> None:
    """It says which one, what it is to be and what it was, before anything is bound or made."""

    async def story(begin: Any) -> None:
        options: dict[str, Any] = {option: value}
        with pytest.raises(error, match=told):
            await begin(echo, "127.0.0.1", 0, **options)

    asyncio.run(story(aio.serve))
    if option not in ("limit", "backlog", "handshake"):
        asyncio.run(story(aio.connect))


def test_several_workers_are_no_matter_of_one_loop() -> None:
    """It is told what starts them."""

    async def story() -> None:
        await aio.serve(echo, "127.0.0.1", 0, workers=2)

    with pytest.raises(TypeError, match=r"aio.run\(…, workers=2\) starts processes"):
        asyncio.run(story())


def test_a_generator_function_is_no_actor() -> None:
    """It is told before the port is bound."""

    def generates(stream: Stream) -> Any:
        yield stream

    async def story() -> None:
        await aio.serve(generates, "127.0.0.1", 0)

    with pytest.raises(TypeError, match="serve takes a plain function"):
        asyncio.run(story())
