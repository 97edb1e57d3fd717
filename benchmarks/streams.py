"""How fast the parsers of examples/protocols are, beside those that people use.

    python -m benchmarks.streams [ROUNDS]

The same bytes go in, and the same fields come out, which each run looks at when it is over: of a
request its method, target, version and fields, and its end; of a reply a list of ten strings; of a
frame its text.  Each is used as its documentation says.  h11 is measured in both ways that it has:
a connection for each request, and one connection, on which each request is answered, since it goes
on in no other way.  httptools and hiredis are written in C, and show how far that goes;
`websockets` has its masks in C, and is measured also with those that it has in Python.

What is promised is told of the best round of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from benchmarks import bars
from benchmarks.measure import Samples, Subject, interleave, timed
from examples.protocols.http1 import End, Request, requests
from examples.protocols.resp import replies
from examples.protocols.websocket import Text, messages
from examples.protocols.websocket_frames import frame
from flowlet import Parser

# What they are is none of a type checker's business here: their insides are used too.
h11: Any = import_module("h11")
hiredis: Any = import_module("hiredis")
httptools: Any = import_module("httptools")
redis: Any = import_module("redis._parsers")
redis_socket: Any = import_module("redis._parsers.socket")
frames: Any = import_module("websockets.frames")
protocol: Any = import_module("websockets.protocol")
apply_mask: Any = import_module("websockets.utils").apply_mask

PACKAGES = ("h11", "hiredis", "httptools", "redis", "websockets")

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
FIELDS: Final[list[Any]] = [tuple(line.split(b": ")) for line in GET.split(b"\r\n")[1:-2]]
REQUEST: Final = (b"GET", GET.split()[1], b"1.1", FIELDS)
ITEMS = [b"%016d" % number for number in range(10)]
REPLY = b"*10\r\n" + b"".join(b"$16\r\n%s\r\n" % item for item in ITEMS)
TEXT = "thirty-two letters in each frame"
FRAME = frame(Text(TEXT), b"\x37\xfa\x21\x3d")
#: Requests, replies and frames that come together.
MANY = 32
ROUNDS = 60

WHOLE, CUT, TOGETHER = "GET, 438 B", "GET, 16-byte pieces", f"{MANY} GETs in one piece"
ARRAY, ARRAYS = "RESP array of 10", f"{MANY} RESP arrays in one piece"
ALONE, FRAMES = "WebSocket frame, 32 B", f"{MANY} WebSocket frames in one piece"


# -- requests ----------------------------------------------------------------------------------


def _fed(data: bytes | list[bytes], each: int = 1) -> Callable[[int], float]:
    """flowlet: one parser for all requests."""
    pieces = data if isinstance(data, list) else [data]

    def run(count: int) -> float:
        feed = Parser(requests).feed
        got: list[Any] = []
        with timed() as watch:
            for _ in range(-(-count // each)):
                for piece in pieces:
                    got = feed(piece)
        assert got == [Request(*REQUEST), End([])] * each
        return watch.seconds

    return run


def new_parser(count: int) -> float:
    got: list[Any] = []
    with timed() as watch:
        for _ in range(count):
            parser = Parser(requests)
            got = parser.feed(GET)
            parser.close()
    assert got == [Request(*REQUEST), End([])]
    return watch.seconds


def _is_request(event: Any) -> bool:
    """Whether h11 has read what was sent; it makes the names of fields small."""
    fields = [(name.lower(), value) for name, value in FIELDS]
    found = (event.method, event.target, event.http_version, list(event.headers))
    return found == (*REQUEST[:3], fields)


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
        assert _is_request(event)
        assert isinstance(end, h11.EndOfMessage)
        return watch.seconds

    return run


def h11_kept(count: int) -> float:
    event: Any = None
    connection = h11.Connection(h11.SERVER)
    answer, done = h11.Response(status_code=204, headers=[]), h11.EndOfMessage()
    with timed() as watch:
        for _ in range(count):
            connection.receive_data(GET)
            event = connection.next_event()
            connection.next_event()
            connection.send(answer)
            connection.send(done)
            connection.start_next_cycle()
    assert _is_request(event)
    return watch.seconds


class Callbacks:
    """What httptools calls."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.ended = False

    def on_url(self, url: bytes) -> None:
        self.url += url  # it comes as it was cut

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_message_complete(self) -> None:
        self.ended = True


def _httptools(pieces: list[bytes]) -> Callable[[int], float]:
    def run(count: int) -> float:
        callbacks, method, number = Callbacks(), b"", ""
        with timed() as watch:
            for _ in range(count):
                callbacks = Callbacks()
                parser = httptools.HttpRequestParser(callbacks)
                for piece in pieces:
                    parser.feed_data(piece)
                method, number = parser.get_method(), parser.get_http_version()
        found = (method, callbacks.url, number.encode(), callbacks.headers)
        assert found == REQUEST
        assert callbacks.ended
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
        parser._buffer = redis_socket.SocketBuffer(peer, 65_536, None)
        parser.encoder = redis.Encoder("utf-8", "strict", False)
        data = REPLY * each
        with timed() as watch:
            for _ in range(-(-count // each)):
                peer.data = data
                for _ in range(each):
                    got = parser.read_response()
        assert got == ITEMS
        return watch.seconds

    return run


def _replies(each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        feed = Parser(replies).feed
        data = REPLY * each
        got: list[Any] = []
        with timed() as watch:
            for _ in range(-(-count // each)):
                got = feed(data)
        assert got == [ITEMS] * each
        return watch.seconds

    return run


def _hiredis(each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        got: Any = None
        reader = hiredis.Reader()
        data = REPLY * each
        with timed() as watch:
            for _ in range(-(-count // each)):
                reader.feed(data)
                for _ in range(each):
                    got = reader.gets()
        assert got == ITEMS
        return watch.seconds

    return run


# -- frames ------------------------------------------------------------------------------------


def _messages(each: int) -> Callable[[int], float]:
    def run(count: int) -> float:
        feed = Parser(messages).feed
        data = FRAME * each
        got: list[Any] = []
        with timed() as watch:
            for _ in range(-(-count // each)):
                got = feed(data)
        assert got == [Text(TEXT)] * each
        return watch.seconds

    return run


def _websockets(each: int, masks: Any = frames.apply_mask) -> Callable[[int], float]:
    """websockets: its events are frames, of which it is its user who makes text."""

    def run(count: int) -> float:
        before, frames.apply_mask = frames.apply_mask, masks
        peer = protocol.Protocol(protocol.SERVER, state=protocol.State.OPEN)
        data = FRAME * each
        got: list[Any] = []
        try:
            with timed() as watch:
                for _ in range(-(-count // each)):
                    peer.receive_data(data)
                    got = [event.data.decode() for event in peer.events_received()]
        finally:
            frames.apply_mask = before
        assert got == [TEXT] * each
        return watch.seconds

    return run


#: How often in a turn: so that it takes a millisecond or two.
SUBJECTS = (
    Subject(WHOLE, "flowlet", _fed(GET), 160),
    Subject(WHOLE, "flowlet, a parser each", new_parser, 64),
    Subject(WHOLE, "h11, a connection each", _h11([GET]), 64),
    Subject(WHOLE, "h11, one connection that answers", h11_kept, 64),
    Subject(WHOLE, "httptools (C)", _httptools([GET]), 640),
    Subject(CUT, "flowlet", _fed(PIECES), 64),
    Subject(CUT, "h11", _h11(PIECES), 32),
    Subject(CUT, "httptools (C)", _httptools(PIECES), 320),
    Subject(TOGETHER, "flowlet", _fed(GET * MANY, MANY), 160),
    Subject(ARRAY, "flowlet", _replies(1), 160),
    Subject(ARRAY, "redis-py, RESP2", _redis(redis._RESP2Parser, 1), 160),
    Subject(ARRAY, "redis-py, RESP3", _redis(redis._RESP3Parser, 1), 160),
    Subject(ARRAY, "hiredis (C)", _hiredis(1), 640),
    Subject(ARRAYS, "flowlet", _replies(MANY), 192),
    Subject(ARRAYS, "redis-py, RESP2", _redis(redis._RESP2Parser, MANY), 192),
    Subject(ARRAYS, "hiredis (C)", _hiredis(MANY), 640),
    Subject(ALONE, "flowlet", _messages(1), 480),
    Subject(ALONE, "websockets", _websockets(1), 480, "masks in C"),
    Subject(ALONE, "websockets, masks in Python", _websockets(1, apply_mask), 480),
    Subject(FRAMES, "flowlet", _messages(MANY), 960),
    Subject(FRAMES, "websockets", _websockets(MANY), 960, "masks in C"),
    Subject(FRAMES, "websockets, masks in Python", _websockets(MANY, apply_mask), 960),
)


def rows(samples: Samples) -> list[bars.Row]:
    """What is promised of parsers: of the best rounds, since one of them is a few milliseconds."""

    def times(task: str, other: str, own: str = "flowlet") -> float:
        return samples.best_times(f"{task}: {own}", f"{task}: {other}")

    def told(what: str, value: float) -> bars.Row:
        return bars.Row(what, value, f"{value:.2f} x")

    each, kept = "h11, a connection each", "h11, one connection that answers"
    redis, in_python = "redis-py, RESP2", "websockets, masks in Python"
    return [
        bars.at_least("a GET against h11, a connection each", times(WHOLE, each), 2.5, 4),
        told("the same, h11 on one connection that answers", times(WHOLE, kept)),
        told("the same, a parser for each too", times(WHOLE, each, "flowlet, a parser each")),
        told("the same, httptools (C)", times(WHOLE, "httptools (C)")),
        bars.at_least("a GET in 16-byte pieces against h11", times(CUT, "h11"), 1.8, None),
        bars.at_least("a RESP array against redis-py", times(ARRAY, redis), 1.1, 1.4),
        told(f"the same, {MANY} at a time", times(ARRAYS, redis)),
        told("the same, hiredis (C)", times(ARRAY, "hiredis (C)")),
        bars.at_least("WebSocket frames against websockets", times(FRAMES, "websockets"), 2, 3),
        told("the same, its masks in Python", times(FRAMES, in_python)),
        told("the same, one frame at a time", times(ALONE, "websockets")),
        told("the same, one at a time, its masks in Python", times(ALONE, in_python)),
    ]


def main() -> None:
    from benchmarks.__main__ import machine, stay_on_one_core, tell_bars, tell_subjects

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
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
