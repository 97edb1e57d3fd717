"""An HTTP/1.1 server, as one function that holds a conversation from its first byte to its last.

    python -m examples.sockets.http_server [PORT [WORKERS]]
    curl -v http://127.0.0.1:8000/ --data hello

`conversation` reads requests with the functions of examples/protocols/http1.py, and answers each
before it reads the next: so pipelined requests are answered in order, and whoever does not read the
answers is not read either.  The time limits stand where they hold, as `until` blocks.

An *application* is a function of a request and its `Content`, the body, which it goes over piece by
piece, as they come, or takes as a whole.  It runs in the connection's actor: it may wait, ask other
actors, and `perform` what blocks.  A body that it gives as several pieces is sent as they come.  So
neither is ever in memory as a whole, unless the application wants it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

from examples.protocols.http1 import (
    TEXT_CHARS,
    TOKEN_CHARS,
    Body,
    body_of,
    chunks_in,
    data_in,
    read_head,
    read_trailers,
    skip_empty_lines,
)
from examples.protocols.http1_events import Headers, Request, RequestError
from flowlet import Delay, Stream, StreamEndedError, TooLongError, now, on, until
from flowlet.hosts import aio

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
#: So much of a body that the application did not want is read and thrown away, for the sake of the
#: connection; where more is left, it is closed.
LEFT_OVER: Final = 65_536
#: Answers that have no body, and no length of one (RFC 9110, 8.6).
BARE: Final = {204, 304}


class Response(NamedTuple):
    """What an application answers; its length, the date and the like are seen to."""

    status: int = 200
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes | Iterable[bytes] = b""


class Limits(NamedTuple):
    """Bytes of a head and of a body, fields of a head, and seconds."""

    head: int = 65_536
    headers: int = 100
    body: int = 1 << 30
    #: Bytes of a body that an application takes as a whole.
    whole: int = 1_048_576
    #: Between two requests; then the connection is closed without a word.
    idle: Delay = Delay("idle", 60.0)
    #: That a request may be waited for, from its first byte to its last, line ends before it not
    #: counted; what the application does
    #: between two pieces does not count.
    request: Delay = Delay("request", 30.0)


class Content:
    """The body of a request, which is read as the application asks for it."""

    __slots__ = (
        "_pieces", "awaited", "ended", "left", "length", "limits", "seconds", "stream", "trailers",
    )  # fmt: skip

    def __init__(self, stream: Stream, body: Body, limits: Limits, seconds: float) -> None:
        self.stream = stream
        self.limits = limits
        #: How long it is; `None` where nobody knows before its end.
        self.length = body.length
        #: The fields that came after it, when it has been read.
        self.trailers: Headers = []
        self.ended = body.length == 0
        #: Whether the other side waits to be told to send it.
        self.awaited = body.continues
        #: How many bytes of it are to come; 0 where nobody knows.
        self.left = body.length or 0
        self._pieces = (
            chunks_in(stream, 4_096, limits.body, limits.head)
            if body.length is None
            else data_in(stream, body.length)
        )
        #: How much longer it may be waited for.
        self.seconds = seconds

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read_piece():
            yield piece

    def read_piece(self) -> bytes:
        """What comes next of it; `b""` at its end."""
        if self.ended:
            return b""
        if self.awaited:
            self.awaited = False
            self.stream.write(CONTINUE)
        began = now()
        with until(after=Delay("request", self.seconds)):
            piece = self._next_piece()
            self.seconds = max(0.0, self.seconds - (now() - began))
            return piece
        raise too_slow(self.stream, self.limits)

    def _next_piece(self) -> bytes:
        piece = next(self._pieces, b"")
        self.left = max(0, self.left - len(piece))
        if not piece:
            self.ended = True
            if self.length is None:
                limits = self.limits
                self.trailers = read_trailers(self.stream, limits.head, limits.headers)
        return piece

    def whole(self) -> bytes:
        """All of it, if it is not too large for that."""
        pieces: list[bytes] = []
        most = self.limits.whole
        if self.length is not None and self.length > most:
            raise RequestError(self.stream.offset, f"a body of more than {most} bytes", 413)
        size = 0
        for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise RequestError(self.stream.offset, f"a body of more than {most} bytes", 413)
        return b"".join(pieces)

    @property
    def is_far(self) -> bool:
        """Whether its end is not worth being waited for, or will perhaps not be sent."""
        return not self.ended and (self.awaited or self.left > LEFT_OVER)

    def pass_over(self) -> bool:
        """Throw away what is left of it; whether it was not too much."""
        left = LEFT_OVER
        while not self.is_far and left > 0 and (piece := self.read_piece()):
            left -= len(piece)
        return self.ended


#: What an answer is made by.
Application = Callable[[Request, Content], Response]


def hello(request: Request, content: Content) -> Response:
    """The application that is served here: it says what it was told."""
    if request.method not in (b"GET", b"HEAD", b"POST"):
        return Response(405, [(b"allow", b"GET, HEAD, POST")])
    if request.target == b"/count":
        return Response(body=(b"%d\n" % number for number in range(1, 6)))
    told = content.whole()
    return Response(200, [(b"content-type", b"text/plain")], told or b"Hello, world!\n")


USUAL: Final = Limits()


def conversation(stream: Stream, application: Application = hello, limits: Limits = USUAL) -> None:
    """Answer the requests of one connection, until it ends or one of them is not to be answered."""
    told: list[aio.Closing] = []
    try:
        with on(aio.Closing, told.append):
            while not told and comes(stream, limits):
                request, body, content = read_request(stream, limits)
                try:
                    response = application(request, content)
                    check(response)
                except (RequestError, TooLongError, StreamEndedError):
                    raise
                except Exception:
                    refuse(stream, 500, "the application has failed")
                    raise
                if told:  # the server is being stopped
                    body = body._replace(closes=True)
                if not answer(stream, request, body, content, response):
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


def read_request(stream: Stream, limits: Limits) -> tuple[Request, Body, Content]:
    """Read a request up to its body."""
    start, began = stream.offset, now()
    with until(after=limits.request):
        request = read_head(stream, limits.head, limits.headers)
        body = body_of(request, stream.offset, limits.body)
        if request.method == b"CONNECT":
            raise RequestError(start, "this is no proxy", 501)
        seconds = max(0.0, limits.request.seconds - (now() - began))
        return request, body, Content(stream, body, limits, seconds)
    raise too_slow(stream, limits)


def too_slow(stream: Stream, limits: Limits) -> RequestError:
    reason = f"no whole request within {limits.request.seconds:g} s"
    return RequestError(stream.offset, reason, 408)


def check(response: Response) -> None:
    """Whether it can be sent: what an application answers may come from elsewhere."""
    if not 200 <= response.status <= 599:
        raise ValueError(f"{response.status!r} is the status of no answer (RFC 9110, 15)")
    for name, value in response.headers:
        if not name or name.translate(None, TOKEN_CHARS) or value.translate(None, TEXT_CHARS):
            raise ValueError(f"{name!r}: {value!r} is no field (RFC 9110, 5.1 and 5.5)")


def answer(
    stream: Stream, request: Request, body: Body, content: Content, response: Response
) -> bool:
    """Write a response; whether another request may follow."""
    if isinstance(response.body, bytes) and content.is_far:
        body = body._replace(closes=True)
    head, pieces, closes = in_bytes(request, body, response)
    stream.write(head)
    try:
        for piece in pieces:
            stream.write(piece)
        return not closes and content.pass_over()
    except (RequestError, TooLongError):
        return False  # it is too late to say so


def in_bytes(
    request: Request, body: Body, response: Response
) -> tuple[bytes, Iterable[bytes], bool]:
    """A response as it is sent: the beginning, what comes behind, and whether it is the last."""
    status, headers, content = response
    old = request.version == b"1.0"
    head = [status_line(status), date_line(), *(b"%s: %s\r\n" % field for field in headers)]
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
    head = status_line(status) + date_line()
    head += b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(text)
    return head + b"connection: close\r\n\r\n" + text


#: RFC 9112, 4.
STATUS_LINES: Final = {
    int(status): f"HTTP/1.1 {status:d} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def status_line(status: int) -> bytes:
    """RFC 9112, 4; a status without a name is one of its hundred."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


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
