"""An HTTP server that clients of others talk to: examples/sockets/http_server.py."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

import pytest

from examples.protocols.http1_events import Request
from examples.sockets.http_server import (
    USUAL,
    Application,
    Content,
    Limits,
    Response,
    conversation,
    hello,
)
from flowlet import Delay, perform, sleep
from flowlet.hosts import aio
from flowlet.introspect import static
from tests.looped import both_loops, come_true, failures_are_heard, run_in

DATE = re.compile(rb"date: \w\w\w, \d\d \w\w\w \d{4} \d\d:\d\d:\d\d GMT\r\n")


class Answer(NamedTuple):
    """What was answered, without the date."""

    status: bytes
    headers: list[bytes]
    body: bytes


@asynccontextmanager
async def served(
    application: Application = hello, limits: Limits = USUAL
) -> AsyncIterator[tuple[aio.Server, asyncio.StreamReader, asyncio.StreamWriter]]:
    async with await aio.serve(conversation, "127.0.0.1", 0, application, limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            yield server, reader, writer
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer that tells its length."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert DATE.search(head), "every answer has its date"
    status, *headers = DATE.sub(b"", head).split(b"\r\n")[:-2]
    length = next((int(h[16:]) for h in headers if h.startswith(b"content-length")), 0)
    return Answer(status, headers, await reader.readexactly(length))


def echoes(request: Request, content: Content) -> Response:
    return Response(body=request.method + b" " + request.target + b" " + content.whole())


@both_loops
async def test_requests_that_come_together_are_answered_in_order() -> None:
    """Pipelining: with bodies of a length, in chunks, and none; the connection is kept."""
    async with served(echoes) as (server, reader, writer):
        writer.write(
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 5\r\n\r\n"
            b"DELETE /4 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        bodies = [(await answer(reader)).body for _ in range(4)]
        assert bodies == [b"GET /1 ", b"POST /2 hello", b"POST /3 hello", b"DELETE /4 "]
        assert len(server.connections) == 1


@both_loops
async def test_head_is_answered_like_get_but_without_the_body() -> None:
    """Nothing of a body goes out, so the next answer is where it is looked for."""
    async with served() as (_, reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 14\r\n" in head
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await answer(reader) == (
            b"HTTP/1.1 200 OK",
            [b"content-type: text/plain", b"content-length: 14"],
            b"Hello, world!\n",
        )


@both_loops
async def test_a_body_in_pieces_goes_out_in_chunks_as_they_come() -> None:
    """To HTTP/1.0, which knows no chunks, it ends with the connection."""

    def slowly(request: Request, content: Content) -> Response:
        def pieces() -> Iterator[bytes]:
            yield b"one "
            sleep(0.001)
            yield b""
            yield b"two"

        return Response(body=pieces())

    async with served(slowly) as (_, reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked\r\n" in head
        assert await reader.readuntil(b"0\r\n\r\n") == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        everything = await reader.read()
        assert b"connection: close\r\n" in everything
        assert everything.endswith(b"\r\n\r\none two")


@both_loops
async def test_who_asks_before_it_sends_its_body_is_told_to() -> None:
    """`100 Continue` comes before the body; for a body that is too large the refusal comes."""
    async with served(echoes) as (_, reader, writer):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % 5)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await answer(reader)).body == b"POST / hello"
        writer.write(head % 2_000_000)
        # What 413 is called has changed in Python 3.13.
        assert (await answer(reader)).status.startswith(b"HTTP/1.1 413 ")
        assert await reader.read() == b""


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
SMALL = Limits(head=200, headers=3, body=50)
FIELD = b"X: y\r\n"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 300 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + FIELD * 3 + b"\r\n", 431),
        (b"GET /" + b"y" * 300 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 51\r\n\r\n" + b"y" * 51, 413),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"20\r\n" + b"y" * 32 + b"\r\n20\r\n" + b"y" * 32 + b"\r\n0\r\n\r\n",
            413,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1;" + b"y" * 5000 + b"\r\ny\r\n0\r\n\r\n",
            431,
        ),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501),
    ],
)
def test_what_is_not_to_be_answered_is_refused_and_nothing_follows(
    loop: str, request_: bytes, status: int
) -> None:
    """Whoever sends on gets the refusal all the same, and the request behind it is not read."""
    asked: list[bytes] = []

    def application(request: Request, content: Content) -> Response:
        content.whole()
        asked.append(request.target)
        return Response()

    async def story() -> None:
        async with served(application, SMALL) as (server, reader, writer):
            writer.write(b"GET /before HTTP/1.1\r\nHost: a\r\n\r\n" + request_)
            writer.write(b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n" + b"y" * 100_000)
            assert (await answer(reader)).status == b"HTTP/1.1 200 OK"
            refused = await answer(reader)
            assert refused.status.startswith(b"HTTP/1.1 %d " % status)
            assert b"connection: close" in refused.headers
            assert await reader.read() == b""
            writer.close()
            await come_true(lambda: not server.connections)
        assert asked == [b"/before"]

    run_in(loop, story())


@both_loops
async def test_a_request_has_its_time_and_so_has_the_pause_before_it() -> None:
    """Whoever sends it byte by byte gets a 408; whoever sends nothing gets nothing."""
    limits = Limits(idle=Delay("idle", 0.03), request=Delay("request", 0.03))
    async with served(limits=limits) as (server, reader, writer):
        for byte in b"GET / HTTP/1.1\r\nHost: a":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        slow = await answer(reader)
        assert (slow.status, slow.body) == (
            b"HTTP/1.1 408 Request Timeout",
            b"408 Request Timeout: no whole request within 0.03 s\n",
        )
        assert await reader.read() == b""
        silent_reader, silent = await asyncio.open_connection("127.0.0.1", server.port)
        assert await silent_reader.read() == b""
        silent.close()


@both_loops
async def test_the_time_of_a_request_begins_with_its_first_byte() -> None:
    """Be it the only one that ever comes; line ends before it are none of its bytes."""
    limits = Limits(idle=Delay("idle", 1000.0), request=Delay("request", 0.03))
    async with served(limits=limits) as (_, reader, writer):
        writer.write(b"\r\nG")
        assert (await answer(reader)).status == b"HTTP/1.1 408 Request Timeout"
        assert await reader.read() == b""
    limits = Limits(idle=Delay("idle", 0.03), request=Delay("request", 1000.0))
    async with served(limits=limits) as (_, reader, writer):
        writer.write(b"\r\n\r")
        assert await reader.read() == b""


@both_loops
async def test_a_few_line_ends_are_passed_over_and_a_flood_of_them_is_refused() -> None:
    """They cost nobody else a turn."""
    async with served() as (_, reader, writer):
        writer.write(b"\r\n" * 8 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await answer(reader)).status == b"HTTP/1.1 200 OK"
        writer.write(b"\r\n" * 9 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await answer(reader)).status == b"HTTP/1.1 400 Bad Request"
        assert await reader.read() == b""


@both_loops
async def test_the_last_request_is_answered_and_the_connection_ends() -> None:
    """`Connection: close`, HTTP/1.0, and the end of the other half, are each the last."""
    for last, closes in (
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False),
    ):
        async with served() as (_, reader, writer):
            writer.write(last)
            if not closes:
                writer.write_eof()
            got = await answer(reader)
            assert (got.body, b"connection: close" in got.headers) == (b"Hello, world!\n", closes)
            assert await reader.read() == b""


@both_loops
async def test_http_1_0_may_keep_its_connection() -> None:
    """If it asks for that; the answer says that it does."""
    async with served() as (_, reader, writer):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"connection: keep-alive" in (await answer(reader)).headers


@both_loops
async def test_a_server_that_closes_answers_what_it_has_begun() -> None:
    """Between two requests it says nothing; within one it finishes it."""
    async with served() as (server, reader, writer):
        idle_reader, idle = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHo")
        await come_true(lambda: [c for c in server.connections if c.actor.state == ("head",)])
        stopping = asyncio.create_task(server.stop(grace=1000))
        assert await idle_reader.read() == b""
        idle.close()
        writer.write(b"st: a\r\n\r\n")
        last = await answer(reader)
        assert last.body == b"Hello, world!\n"
        assert b"connection: close" in last.headers
        assert await reader.read() == b""
        writer.close()
        await stopping


@both_loops
async def test_an_application_that_fails_ends_its_connection() -> None:
    """The loop is told; whoever asked sees the connection end."""
    heard = failures_are_heard()

    def fails(request: Request, content: Content) -> Response:
        raise LookupError(request.target)

    async with served(fails) as (_, reader, writer):
        writer.write(b"GET /lost HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await answer(reader)).status == b"HTTP/1.1 500 Internal Server Error"
        assert await reader.read() == b""
    assert [repr(each["exception"]) for each in heard] == ["LookupError(b'/lost')"]


@both_loops
async def test_an_answer_in_pieces_is_the_last_one_of_a_server_that_closes() -> None:
    """Its head was sent before anybody knew; the request behind it is not read."""

    def in_two(request: Request, content: Content) -> Response:
        def pieces() -> Iterator[bytes]:
            yield b"one"
            perform(more.wait)
            yield b"two"

        return Response(body=pieces())

    more = asyncio.Event()
    async with served(in_two) as (server, reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        await reader.readuntil(b"one\r\n")
        stopping = asyncio.create_task(server.stop(grace=1000))
        await come_true(lambda: server._accepting[0].cancelling())
        more.set()
        assert await reader.read() == b"3\r\ntwo\r\n0\r\n\r\n"
        writer.close()
        await stopping


@both_loops
async def test_an_answer_that_is_none_is_a_failure_of_the_application() -> None:
    """A status that nobody has named is one; what would be a field more is not sent."""
    heard = failures_are_heard()
    answers = {
        b"/299": Response(299),
        b"/103": Response(103),
        b"/split": Response(200, [(b"x", b"y\r\nset-cookie: z")]),
        b"/name": Response(200, [(b"x y", b"z")]),
    }

    def gives(request: Request, content: Content) -> Response:
        return answers[request.target]

    for target in answers:
        async with served(gives) as (_, reader, writer):
            writer.write(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target)
            got = await answer(reader)
            if target == b"/299":
                assert got.status == b"HTTP/1.1 299 "
                continue
            assert got.status == b"HTTP/1.1 500 Internal Server Error"
            assert await reader.read() == b""
    assert [type(each["exception"]) for each in heard] == [ValueError] * 3


def test_its_picture_says_how_a_conversation_goes() -> None:
    """From the source: the states of a conversation, and what its time limits lead to."""
    graph = static(partial(conversation, application=hello))
    triples = graph.triples()
    assert ("between requests", "peek", "head") in triples
    assert ("between requests", "Closing", "end") in triples
    assert ("between requests", "after limits.idle", "end") in triples
    assert ("head", "after limits.request", "end") in triples


# -- bodies ------------------------------------------------------------------------------------


@both_loops
async def test_a_body_is_read_as_the_application_asks_for_it() -> None:
    """What it has not asked for is not read; what it gives back piece by piece is sent at once."""

    def shouts(request: Request, content: Content) -> Response:
        return Response(body=(piece.upper() for piece in content))

    async with served(shouts) as (server, reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for word in b"one", b"three":
            writer.write(b"%x\r\n%s\r\n" % (len(word), word))
            assert await reader.readuntil(b"\r\n") == b"%x\r\n" % len(word)
            assert await reader.readuntil(b"\r\n") == word.upper() + b"\r\n"
        writer.write(b"0\r\nX-Sum: 8\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        assert b"200 OK" in await reader.readuntil(b"0\r\n\r\n")
        assert len(server.connections) == 1


@both_loops
async def test_an_upload_is_never_in_memory_as_a_whole() -> None:
    """Fifty million bytes: those that the application does not ask for stay where they are."""
    total, piece = 50_000_000, bytes(100_000)
    asks, most = asyncio.Event(), 0

    async def asked() -> None:
        await asks.wait()

    def counts(request: Request, content: Content) -> Response:
        nonlocal most
        perform(asked)
        size = 0
        for part in content:
            size += len(part)
            most = max(most, len(part) + content.stream.unread)
        return Response(body=b"%d" % size)

    async with served(counts) as (server, reader, writer):
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)

        async def upload() -> None:
            for _ in range(total // len(piece)):
                writer.write(piece)
                await writer.drain()

        uploading = asyncio.create_task(upload())
        await come_true(lambda: any(each.paused for each in server.connections))
        asks.set()
        assert (await answer(reader)).body == b"%d" % total
        await uploading
        assert 0 < most < 1_000_000


@both_loops
async def test_what_the_application_does_not_want_of_a_body_is_passed_over() -> None:
    """A little of it, for the sake of the connection; else the connection ends."""

    def declines(request: Request, content: Content) -> Response:
        return Response(404)

    post = b"POST / HTTP/1.1\r\nHost: a\r\n"
    async with served(declines) as (_, reader, writer):
        for more in b"Content-Length: 5\r\n\r\nhello", CHUNKED, b"\r\n":
            writer.write(post + more)
            assert b"connection: close" not in (await answer(reader)).headers
    for more, told in (
        (b"Content-Length: 100000\r\n\r\n" + b"y" * 100_000, True),
        (b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", True),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"2000\r\n" + b"y" * 0x2000 * 20, False),
        (b"Transfer-Encoding: chunked\r\n\r\nno size\r\n", False),
    ):
        async with served(declines) as (_, reader, writer):
            writer.write(post + more)
            refused = await answer(reader)
            assert refused.status == b"HTTP/1.1 404 Not Found"
            assert (b"connection: close" in refused.headers) is told
            assert await reader.read() == b""


@both_loops
async def test_a_body_has_the_time_that_its_request_has_left() -> None:
    """A slow one gets a 408; one that was begun to be answered can only end.  What the application
    does in the meantime is not counted.
    """

    def works(request: Request, content: Content) -> Response:
        next(iter(content))
        sleep(0.05)
        if request.target == b"/piecewise":
            return Response(body=iter(content))
        return Response(body=content.whole())

    limits = Limits(request=Delay("request", 0.03))
    head = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    async with served(works, limits) as (_, reader, writer):
        writer.write(b"PUT /" + head + b"abc")
        assert (await answer(reader)).body == b""
        writer.write(b"PUT /" + head + b"ab")
        assert (await answer(reader)).status == b"HTTP/1.1 408 Request Timeout"
        assert await reader.read() == b""
    async with served(works, limits) as (_, reader, writer):
        writer.write(b"PUT /piecewise" + head + b"a")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""


# -- curl --------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
@both_loops
async def test_curl_talks_to_it() -> None:
    """GET, HEAD, a body of a length and one in chunks, `Expect`, and a connection that is kept."""
    async with served(echoes) as (server, _, _):

        async def curl(*options: str, stdin: bytes = b"") -> bytes:
            process = await asyncio.create_subprocess_exec(
                "curl", "--silent", "--show-error", "--fail", "--noproxy", "*", *options,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate(stdin)
            assert process.returncode == 0, err
            return out

        url = f"http://127.0.0.1:{server.port}/"
        assert await curl(url) == b"GET / "
        assert b"content-length: 7" in await curl("--head", url)
        assert await curl("--data", "hello", url + "a") == b"POST /a hello"
        chunked = ("--header", "Transfer-Encoding: chunked", "--data-binary", "@-")
        body = b"x" * 500_000
        assert await curl(*chunked, url, stdin=body) == b"POST / " + body
        assert await curl("--header", "Expect: 100-continue", "--data", "hi", url) == b"POST / hi"
        before = server.accepted
        assert await curl(url + "1", url + "2", url + "3") == b"GET /1 GET /2 GET /3 "
        assert server.accepted == before + 1
