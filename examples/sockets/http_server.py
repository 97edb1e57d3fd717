"""An HTTP/1.1 server, as one function that holds a conversation from its first byte to its last.

    python -m examples.sockets.http_server [PORT [WORKERS]]
    curl -v http://127.0.0.1:8000/ --data hello

`conversation` reads requests with the functions of examples/protocols/http1.py, and answers each
before it reads the next: so pipelined requests are answered in order, and whoever does not read the
answers is not read either.  Both time limits stand where they hold, as `until` blocks.

An *application* is a function of a request and its body.  It runs in the connection's actor: it
may wait, ask other actors, and `perform` what blocks.  A body that it gives as several pieces is
sent as they come.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

from examples.protocols.http1 import (
    Body,
    body_of,
    read_chunks,
    read_data,
    read_head,
    read_trailers,
    skip_empty_lines,
)
from examples.protocols.http1_events import Data, Request, RequestError
from flowlet import Delay, Stream, TooLongError, until
from flowlet.hosts import aio

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
#: Answers that have no body, and no length of one (RFC 9110, 8.6).
BARE: Final = {204, 304}


class Response(NamedTuple):
    """What an application answers; its length, the date and the like are seen to."""

    status: int = 200
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes | Iterable[bytes] = b""


#: What an answer is made by.
Application = Callable[[Request, bytes], Response]


class Limits(NamedTuple):
    """Bytes of a head and of a body, fields of a head, and seconds."""

    head: int = 65_536
    headers: int = 100
    body: int = 1_048_576
    #: Between two requests; then the connection is closed without a word.
    idle: Delay = Delay("idle", 60.0)
    #: From the first byte of a request to its last.
    request: Delay = Delay("request", 30.0)


def hello(request: Request, body: bytes) -> Response:
    """The application that is served here: it says what it was told."""
    if request.method not in (b"GET", b"HEAD", b"POST"):
        return Response(405, [(b"allow", b"GET, HEAD, POST")])
    if request.target == b"/count":
        return Response(body=(b"%d\n" % number for number in range(1, 6)))
    return Response(200, [(b"content-type", b"text/plain")], body or b"Hello, world!\n")


USUAL: Final = Limits()


def conversation(stream: Stream, application: Application = hello, limits: Limits = USUAL) -> None:
    """Answer the requests of one connection, until it ends or one of them is not to be answered."""
    try:
        while comes(stream, limits) and (asked := read_request(stream, limits)) is not None:
            request, body, content = asked
            try:
                response = application(request, content)
            except Exception:
                refuse(stream, 500, "the application has failed")
                raise
            if not answer(stream, request, body, response):
                return
    except TooLongError as error:
        refuse(stream, 431, error.reason)
    except RequestError as error:
        refuse(stream, error.status, error.reason)


def comes(stream: Stream, limits: Limits) -> bool:
    """Wait for a request; whether one comes."""
    with until(aio.Closing, after=limits.idle):
        return skip_empty_lines(stream)
    return False


def read_request(stream: Stream, limits: Limits) -> tuple[Request, Body, bytes] | None:
    """Read a request and its body; `None` for one that is too slow, which has been answered."""
    start = stream.offset
    with until(after=limits.request):
        request = read_head(stream, limits.head, limits.headers)
        body = body_of(request, start, stream.offset, limits.body)
        if request.method == b"CONNECT":
            raise RequestError(start, "this is no proxy", 501)
        if body.continues:
            stream.write(CONTINUE)
        return request, body, read_body(stream, body, limits)
    refuse(stream, 408, f"no whole request within {limits.request.seconds:g} s")
    return None


def read_body(stream: Stream, body: Body, limits: Limits) -> bytes:
    """The whole body; the fields after it are read and not looked at."""
    if body.length == 0:
        return b""
    pieces: list[bytes] = []

    def keep(data: Data) -> None:
        pieces.append(data.data)

    if body.length is None:
        read_chunks(stream, 4_096, limits.body, keep)
        read_trailers(stream, limits.head, limits.headers)
    else:
        read_data(stream, body.length, keep)
    return b"".join(pieces)


def answer(stream: Stream, request: Request, body: Body, response: Response) -> bool:
    """Write a response; whether another request may follow."""
    head, pieces, closes = in_bytes(request, body, response)
    stream.write(head)
    for piece in pieces:
        stream.write(piece)
    return not closes


def in_bytes(
    request: Request, body: Body, response: Response
) -> tuple[bytes, Iterable[bytes], bool]:
    """A response as it is sent: the beginning, what comes behind, and whether it is the last."""
    status, headers, content = response
    old = request.version == b"1.0"
    head = [STATUS_LINES[status], date_line(), *(b"%s: %s\r\n" % field for field in headers)]
    pieces: Iterable[bytes] = ()
    closes = body.closes
    if status in BARE:
        content = b""
    elif isinstance(content, bytes):
        head.append(b"content-length: %d\r\n" % len(content))
    elif old:
        closes, pieces, content = True, content, b""
    else:
        head.append(b"transfer-encoding: chunked\r\n")
        pieces, content = chunks(content), b""
    if closes:
        head.append(b"connection: close\r\n")
    elif old:
        head.append(b"connection: keep-alive\r\n")
    head.append(b"\r\n")
    if request.method == b"HEAD":
        return b"".join(head), (), closes
    head.append(content)
    return b"".join(head), pieces, closes


def chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 9112, 7.1; an empty chunk is the last one."""
    for piece in pieces:
        if piece:
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def refuse(stream: Stream, status: int, reason: str) -> None:
    """Answer what is not to be answered otherwise; nothing follows."""
    stream.write(refusal(status, reason))


def refusal(status: int, reason: str) -> bytes:
    text = f"{status} {HTTPStatus(status).phrase}: {reason}\n".encode()
    head = STATUS_LINES[status] + date_line()
    head += b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(text)
    return head + b"connection: close\r\n\r\n" + text


#: RFC 9112, 4.
STATUS_LINES: Final = {
    int(status): f"HTTP/1.1 {status:d} {status.phrase}\r\n".encode() for status in HTTPStatus
}
#: The second of the last answer, and its line.
DATE: Final[list[Any]] = [0, b""]


def date_line() -> bytes:
    """RFC 9110, 6.6.1; the same for all answers of a second."""
    second = int(time.time())
    if second != DATE[0]:
        DATE[:] = [second, f"date: {formatdate(second, usegmt=True)}\r\n".encode()]
    return cast(bytes, DATE[1])


def main(port: int = 8000, workers: int = 1) -> None:
    aio.run(conversation, "127.0.0.1", port, workers=workers, idle=60.0, limit=10_000)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
