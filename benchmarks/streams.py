"""How fast the parsers of examples/protocols are, beside those that people use.

    python -m benchmarks.streams [ROUNDS]

The same bytes go in, and the same fields come out: of a request its method, target, version and
fields, and its end; of a reply a list of ten strings.  Each is used as its documentation says.  h11
is measured in both ways that it has: a connection for each request, and one connection, on which
each request is answered, since it goes on in no other way.  httptools and hiredis are written in C,
and show how far that goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import h11
import hiredis
import httptools
from redis._parsers.encoders import Encoder
from redis._parsers.resp2 import _RESP2Parser
from redis._parsers.resp3 import _RESP3Parser
from redis._parsers.socket import SocketBuffer

from benchmarks import bars
from benchmarks.measure import Samples, Subject, interleave, timed
from examples.protocols.http1 import requests
from examples.protocols.resp import replies
from flowlet import Parser

PACKAGES = ("h11", "httptools", "redis", "hiredis")

#: 438 bytes, 8 fields: what a browser asks for.
GET = (
    b"GET /cookies/2026/11/a-long-path-to-some-picture-in-it.jpg?size=large&p=2 HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/99.0\r\n"
    b"Accept: image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Referer: http://www.example.com/gallery\r\n"
    b"Cookie: session=0123456789abcdef\r\n"
    b"Cache-Control: max-age=10, no-cache\r\n\r\n"
)
PIECES = [GET[at : at + 16] for at in range(0, len(GET), 16)]
REPLY = b"*10\r\n" + b"".join(b"$16\r\n%016d\r\n" % number for number in range(10))
#: Requests and replies that come together.
MANY = 32

WHOLE, CUT, TOGETHER = "GET, 438 B", "GET, 16-byte pieces", f"{MANY} GETs in one piece"
ARRAY, ARRAYS = "RESP array of 10", f"{MANY} RESP arrays in one piece"


# -- requests ----------------------------------------------------------------------------------


def _fed(data: bytes | list[bytes], each: int = 1) -> Callable[[int], float]:
    """flowlet: one parser for all requests."""
    pieces = data if isinstance(data, list) else [data]

    def run(count: int) -> float:
        feed = Parser(requests).feed
        got: list[Any] = []
        with timed() as watch:
            for _ in range(count // each):
                for piece in pieces:
                    got = feed(piece)
        assert len(got) == 2 * each
        return watch.seconds

    return run


def new_parser(count: int) -> float:
    request: Any = None
    with timed() as watch:
        for _ in range(count):
            parser = Parser(requests)
            request, _ = parser.feed(GET)
            parser.close()
    assert len(request.headers) == 8
    return watch.seconds


def _h11(pieces: list[bytes]) -> Callable[[int], float]:
    """h11: a connection for each request."""

    def run(count: int) -> float:
        event: Any = None
        end: Any = None
        with timed() as watch:
            for _ in range(count):
                connection = h11.Connection(h11.SERVER)
                for piece in pieces:
                    connection.receive_data(piece)
                    event = connection.next_event()
                end = connection.next_event()
        assert isinstance(event, h11.Request)
        assert isinstance(end, h11.EndOfMessage)
        return watch.seconds

    return run


def h11_kept(count: int) -> float:
    connection = h11.Connection(h11.SERVER)
    answer, done = h11.Response(status_code=204, headers=[]), h11.EndOfMessage()
    with timed() as watch:
        for _ in range(count):
            connection.receive_data(GET)
            connection.next_event()
            connection.next_event()
            connection.send(answer)
            connection.send(done)
            connection.start_next_cycle()
    return watch.seconds


class Callbacks:
    """What httptools calls."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def _httptools(pieces: list[bytes]) -> Callable[[int], float]:
    def run(count: int) -> float:
        callbacks = Callbacks()
        with timed() as watch:
            for _ in range(count):
                callbacks = Callbacks()
                parser = httptools.HttpRequestParser(callbacks)
                for piece in pieces:
                    parser.feed_data(piece)
        assert len(callbacks.headers) == 8
        return watch.seconds

    return run


# -- replies -----------------------------------------------------------------------------------


class Peer:
    """A socket that has what is put into it."""

    data = b""

    def recv(self, size: int) -> bytes:
        data, self.data = self.data[:size], self.data[size:]
        return data

    def settimeout(self, seconds: float | None) -> None: ...


def _redis(kind: Any, each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        got: Any = None
        peer = Peer()
        parser = kind(65_536)
        parser._sock = peer
        parser._buffer = SocketBuffer(peer, 65_536, None)
        parser.encoder = Encoder("utf-8", "strict", False)
        data = REPLY * each
        with timed() as watch:
            for _ in range(count // each):
                peer.data = data
                for _ in range(each):
                    got = parser.read_response()
        assert len(got) == 10
        return watch.seconds

    return run


def _replies(each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        feed = Parser(replies).feed
        data = REPLY * each
        got: list[Any] = []
        with timed() as watch:
            for _ in range(count // each):
                got = feed(data)
        assert [len(reply) for reply in got] == [10] * each
        return watch.seconds

    return run


def _hiredis(each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        got: Any = None
        reader = hiredis.Reader()
        data = REPLY * each
        with timed() as watch:
            for _ in range(count // each):
                reader.feed(data)
                for _ in range(each):
                    got = reader.gets()
        assert len(got) == 10
        return watch.seconds

    return run


SUBJECTS = (
    Subject(WHOLE, "flowlet", _fed(GET), 640),
    Subject(WHOLE, "flowlet, a parser each", new_parser, 640),
    Subject(WHOLE, "h11, a connection each", _h11([GET]), 640),
    Subject(WHOLE, "h11, one connection that answers", h11_kept, 640),
    Subject(WHOLE, "httptools (C)", _httptools([GET]), 640),
    Subject(CUT, "flowlet", _fed(PIECES), 320),
    Subject(CUT, "h11", _h11(PIECES), 320),
    Subject(CUT, "httptools (C)", _httptools(PIECES), 320),
    Subject(TOGETHER, "flowlet", _fed(GET * MANY, MANY), 640),
    Subject(ARRAY, "flowlet", _replies(1), 640),
    Subject(ARRAY, "redis-py, RESP2", _redis(_RESP2Parser, 1), 640),
    Subject(ARRAY, "redis-py, RESP3", _redis(_RESP3Parser, 1), 640),
    Subject(ARRAY, "hiredis (C)", _hiredis(1), 640),
    Subject(ARRAYS, "flowlet", _replies(MANY), 640),
    Subject(ARRAYS, "redis-py, RESP2", _redis(_RESP2Parser, MANY), 640),
    Subject(ARRAYS, "hiredis (C)", _hiredis(MANY), 640),
)


def rows(samples: Samples) -> list[bars.Row]:
    """What is promised of parsers."""

    def times(task: str, other: str, own: str = "flowlet") -> float:
        return samples.times(f"{task}: {own}", f"{task}: {other}")

    new = times(WHOLE, "h11, a connection each", "flowlet, a parser each")
    pipelined = times(ARRAYS, "redis-py, RESP2")
    return [
        bars.at_least("a GET against h11", times(WHOLE, "h11, a connection each"), 2.5, 4),
        bars.Row("the same, a parser for each", new, f"{new:.2f} x"),
        bars.at_least("a GET in 16-byte pieces against h11", times(CUT, "h11"), 1.8, 1.8),
        bars.at_least("a RESP array against redis-py", times(ARRAY, "redis-py, RESP2"), 1.1, 1.4),
        bars.Row(f"the same, {MANY} at a time", pipelined, f"{pipelined:.2f} x"),
    ]


def main() -> None:
    from benchmarks.__main__ import machine, stay_on_one_core, tell_bars, tell_subjects

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    core = stay_on_one_core()
    print(machine() + ("" if core is None else f", on core {core}"))
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    samples = interleave(SUBJECTS, rounds)
    print(f"\nmedians of {rounds} rounds; a raw greenlet round trip takes", end=" ")
    print(f"{1e9 * samples.unit:.0f} ns here, and is 1 below")
    tell_subjects(SUBJECTS, samples)
    tell_bars(rows(samples))


if __name__ == "__main__":
    main()
