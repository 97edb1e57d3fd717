"""An HTTP/1.1 server, as one function that holds a conversation from its first byte to its last.

    python -m examples.servers.http_server [PORT [WORKERS]]
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
from collections.abc import Callable, Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

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


#: What an answer is made by; it may raise nothing: what it raises ends the connection.
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
            if not answer(stream, request, body, application(request, content)):
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
    old = request.version == b"1.0"
    content = response.body
    whole = isinstance(content, bytes)
    chunked = not whole and not old and response.status not in BARE
    closes = body.closes or (not whole and not chunked)
    head = [status_line(response.status), date_line(int(time.time()))]
    head += [b"%s: %s\r\n" % field for field in response.headers]
    if chunked:
        head.append(b"transfer-encoding: chunked\r\n")
    elif isinstance(content, bytes) and response.status not in BARE:
        head.append(b"content-length: %d\r\n" % len(content))
    if closes:
        head.append(b"connection: close\r\n")
    elif old:
        head.append(b"connection: keep-alive\r\n")
    head.append(b"\r\n")
    if request.method == b"HEAD" or response.status in BARE:
        stream.write(b"".join(head))
    elif isinstance(content, bytes):
        head.append(content)
        stream.write(b"".join(head))
    else:
        stream.write(b"".join(head))
        for piece in content:
            if piece:
                stream.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            stream.write(b"0\r\n\r\n")
    return not closes


def refuse(stream: Stream, status: int, reason: str) -> None:
    """Answer what was no request to be answered; nothing follows."""
    text = f"{status} {HTTPStatus(status).phrase}: {reason}\n".encode()
    stream.write(
        b"%s%scontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        b"connection: close\r\n\r\n%s"
        % (status_line(status), date_line(int(time.time())), len(text), text)
    )


@lru_cache(maxsize=256)
def status_line(status: int) -> bytes:
    """RFC 9112, 4."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


@lru_cache(maxsize=2)
def date_line(second: int) -> bytes:
    """RFC 9110, 6.6.1; the same for all answers of a second."""
    return f"date: {formatdate(second, usegmt=True)}\r\n".encode()


def main(port: int = 8000, workers: int = 1) -> None:
    aio.run(conversation, "127.0.0.1", port, workers=workers, idle=60.0, limit=10_000)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
