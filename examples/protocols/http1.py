"""HTTP/1.1 requests, as a server reads them: RFC 9112, with the fields of RFC 9110.

`requests` emits for each a `Request`, the `Data` of its body as it comes, and an `End`.  It is
strict: what two programs could read in two ways is refused, with the `status` to answer and the
place of the mistake.  After the last request (`Connection: close`) only line ends may follow.

A request may offer to speak another protocol afterwards (`Upgrade`, `CONNECT`).  Then the parser
waits to be told `Stay()`, or `Switch()`: it returns the request, and the stream goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from examples.protocols.http1_events import Data, End, Headers, Request, RequestError, Stay, Switch
from examples.protocols.http1_targets import HOST, fits
from flowlet import Stream, StreamEndedError, TooLongError, emit, receive

__all__ = ["Data", "End", "Request", "RequestError", "Stay", "Switch", "requests"]


class Body(NamedTuple):
    """What the head says of the rest: how long the body is, and what comes after it."""

    length: int | None = 0  # None: chunked
    continues: bool = False
    closes: bool = False
    offers: bool = False


CRLF: Final = b"\r\n"
TOKEN_CHARS: Final = b"!#$%&'*+-.^_`|~" + bytes(c for c in range(128) if chr(c).isalnum())
#: What may stand in a field's value: VCHAR, obs-text, SP and HTAB (RFC 9110, 5.5).
TEXT_CHARS: Final = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"'
REQUEST_LINE: Final = re.compile(rb"(%s) ([!\"$-~]+) HTTP/([0-9]\.[0-9])" % TOKEN)
LENGTH: Final = re.compile(rb"[0-9]{1,32}")
# RFC 9112, 7.1 and 7.1.1.  Sixteen digits are 64 bits.
EXTENSION: Final = rb"[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?" % (TOKEN, TOKEN, QUOTED)
CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,16})(?:%s)*+" % EXTENSION)
MOST: Final = 2**63 - 1
#: The fields that say how a message is read.
DECIDING: Final = set(b"content-length transfer-encoding host connection upgrade expect".split())


def requests(
    stream: Stream,
    *,
    max_head: int = 65_536,
    max_headers: int = 100,
    max_chunk_line: int = 4_096,
    max_body: int = MOST,
    answer_expect: bool = True,
) -> Request | None:
    """Read requests until the connection ends; or return the one whose offer was taken.

    `max_head` bytes of request line and fields, of trailers, and of the extensions of all chunks;
    `max_headers` fields; `max_chunk_line` bytes before a chunk; `max_body` bytes of a body.  With
    `answer_expect`, `100 Continue` is written for whoever waits for it before sending the body.
    """
    try:
        while skip_empty_lines(stream):
            request = read_head(stream, max_head, max_headers)
            body = body_of(request, stream.offset, max_body)
            emit(request)
            if body.continues and answer_expect:
                stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            trailers: Headers = []
            if body.length is None:
                for data in chunks_in(stream, max_chunk_line, max_body, max_head):
                    emit(Data(data))
                trailers = read_trailers(stream, max_head, max_headers)
            elif body.length:
                for data in data_in(stream, body.length):
                    emit(Data(data))
            emit(End(trailers))
            if body.offers and isinstance(receive(Switch, Stay, at="another protocol?"), Switch):
                return request
            if body.closes:
                if skip_empty_lines(stream):
                    raise RequestError(stream.offset, "data after the last request")
                break
    except TooLongError as error:
        raise RequestError(error.offset, f"a line of more than {error.limit} bytes", 431) from None
    except StreamEndedError as error:
        raise RequestError(error.offset, "the connection ended within a request") from None
    return None


def skip_empty_lines(stream: Stream, most: int = 16) -> bool:
    """RFC 9112, 2.2: so many bytes of line ends before a request are passed over; is there more?"""
    while most and stream.peek(1, at="between requests") == b"\r" and stream.peek(2, "CR") == CRLF:
        most -= len(stream.read_exactly(2, at="empty line"))
    return bool(stream.peek(1, at="between requests"))


def read_head(stream: Stream, max_head: int, max_headers: int) -> Request:
    """RFC 9112, 3 and 5: the request line and the fields."""
    start = stream.offset
    try:
        head = stream.read_until(b"\r\n\r\n", max_head, at="head")
    except TooLongError as error:
        status = 431 if CRLF in stream.peek(max_head, at="head") else 414
        raise RequestError(error.offset, f"more than {max_head} bytes", status) from None
    except StreamEndedError:
        text = stream.peek(max_head, at="head").removesuffix(b"\r")
        raise mistake(text, start, "the connection ended in a head") from None
    line, *fields = head.split(CRLF)
    found = REQUEST_LINE.fullmatch(line)
    headers = fields_in(fields)
    # All that is no text is the line ends: no bare CR or LF, no NUL (RFC 9112, 2.2).
    if not found or headers is None or len(head.translate(None, TEXT_CHARS)) != 2 * len(fields):
        raise mistake(head, start)
    method, target, version = found[1], found[2], found[3]
    if version[:1] != b"1":
        raise RequestError(start, f"HTTP/{version.decode()} is not spoken here", 505)
    if (target[:1] != b"/" or method == b"CONNECT") and not fits(method, target):
        raise RequestError(start, f"{target!r} is no target of {method!r} (RFC 9112, 3.2)")
    if len(headers) > max_headers:
        raise RequestError(stream.offset, f"more than {max_headers} fields", 431)
    return Request(method, target, version, headers)


def fields_in(lines: list[bytes]) -> Headers | None:
    """RFC 9112, 5: `name: value`; `None` if one of them is none."""
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name:
            return None
        headers.append((name, value.strip(b" \t")))
    strange = b"".join([name for name, _ in headers]).translate(None, TOKEN_CHARS)
    return None if strange else headers


def mistake(text: bytes, start: int, reason: str = "", number: int = 0) -> RequestError:
    """The first mistake in lines from `start`, after so many; with a `reason`, the last is cut."""
    lines = text.split(CRLF)
    for place, line in enumerate(lines, 1):
        if strange := line.translate(None, TEXT_CHARS)[:1]:
            return RequestError(start + line.index(strange), f"{strange!r} in a head")
        if reason and place == len(lines):
            break
        if not number and REQUEST_LINE.fullmatch(line) is None:
            return RequestError(start, "no `method target HTTP/1.1`, one space apart")
        if number and fields_in([line]) is None:
            what = "a folded line" if line[:1].isspace() else "no `name: value`"
            return RequestError(start, what)
        number += 1
        start += len(line) + 2
    return RequestError(start + len(lines[-1]), reason)


def body_of(request: Request, end: int, max_body: int) -> Body:
    """RFC 9112, 6.3 for requests, 9.3 and 9.6; RFC 9110, 7.2 and 7.8."""
    method, _, version, headers = request
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if (lower := name.lower()) in DECIDING:
            found.setdefault(lower, []).append(value)
    hosts = found.get(b"host", [])
    old = version == b"1.0"
    if len(hosts) > 1 or not (hosts or old) or (hosts and not HOST.fullmatch(hosts[0])):
        raise RequestError(end, f"there is to be one Host (RFC 9112, 3.2), not {hosts!r}")
    if len(found) == len(hosts) and not old and method != b"CONNECT":
        return Body()  # most requests: nothing decides but the host
    tokens = words(found.get(b"connection", []))
    offers = method == b"CONNECT" or (not old and b"upgrade" in tokens and b"upgrade" in found)
    length = length_of(found, old, end)
    if length != 0 and method == b"CONNECT":
        raise RequestError(end, "a CONNECT with a body, which is none (RFC 9110, 9.3.6)")
    if length is not None and length > max_body:
        raise RequestError(end, f"a body of {length} bytes, more than {max_body}", 413)
    continues = length != 0 and not old and b"100-continue" in words(found.get(b"expect", []))
    closes = b"close" in tokens or (old and b"keep-alive" not in tokens)
    return Body(length, continues, closes, offers)


def words(values: list[bytes]) -> list[bytes]:
    """RFC 9110, 5.6.1: the members of a list that may stand in several fields."""
    return [word.strip(b" \t").lower() for word in b",".join(values).split(b",")]


def length_of(found: dict[bytes, list[bytes]], old: bool, end: int) -> int | None:
    """RFC 9112, 6.1 to 6.3: the length of the body; `None` if it is chunked."""
    lengths, codings = found.get(b"content-length", []), found.get(b"transfer-encoding", [])
    if codings:
        *others, last = words(codings)
        if old or lengths or last != b"chunked" or not {b"", b"chunked"}.isdisjoint(others):
            raise RequestError(end, f"a body whose end is not certain: {codings!r}, {lengths!r}")
        if others:
            raise RequestError(end, f"transfer codings that are not known: {codings!r}", 501)
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or LENGTH.fullmatch(lengths[0]) is None or int(lengths[0]) > MOST:
        raise RequestError(end, f"no length: {lengths!r} (RFC 9110, 8.6)")
    return int(lengths[0])


def data_in(stream: Stream, length: int) -> Iterator[bytes]:
    """RFC 9112, 6.2: so many bytes, as they come."""
    while length:
        data = stream.read_some(length, at="body")
        if not data:
            raise RequestError(stream.offset, f"the connection ended {length} bytes too early")
        length -= len(data)
        yield data


def chunks_in(stream: Stream, max_line: int, max_body: int, max_more: int) -> Iterator[bytes]:
    """RFC 9112, 7.1: the data of chunks, up to the last one; `max_more` bytes of extensions."""
    total = 0
    while True:
        start = stream.offset
        size = CHUNK.fullmatch(stream.read_until(CRLF, max_line, at="chunk size"))
        if size is None:
            raise RequestError(start, "no size of a chunk (RFC 9112, 7.1)")
        length = int(size[1], 16)
        total += length
        max_more -= len(size[0]) - len(size[1])
        if max_more < 0:
            raise RequestError(start, "too many chunk extensions (RFC 9112, 7.1.1)", 431)
        if total > max_body:
            raise RequestError(start, f"a body of more than {max_body} bytes", 413)
        if not length:
            return
        yield from data_in(stream, length)
        if stream.read_exactly(2, at="end of chunk") != CRLF:
            raise RequestError(stream.offset - 2, "no line end after a chunk (RFC 9112, 7.1)")


def read_trailers(stream: Stream, max_head: int, max_headers: int) -> Headers:
    """RFC 9112, 7.1.2: fields after the body; none that says how to read it (RFC 9110, 6.5.1)."""
    start, left = stream.offset, max_head
    lines: list[bytes] = []
    while line := stream.read_until(CRLF, left, at="trailers"):
        lines.append(line)
        left = max(0, left - len(line) - 2)
    trailers = fields_in(lines)
    if trailers is None or b"".join(lines).translate(None, TEXT_CHARS):
        raise mistake(CRLF.join(lines), start, number=1)
    if late := DECIDING.intersection([name.lower() for name, _ in trailers]):
        raise RequestError(start, f"{min(late)!r} after the body (RFC 9110, 6.5.1)")
    if len(trailers) > max_headers:
        raise RequestError(start, f"more than {max_headers} trailers", 431)
    return trailers
