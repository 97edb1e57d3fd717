"""Very many inputs through each parser: what others and we have written, changed at random.

    python -m tests.fuzz [COUNT] [--seed N]... [--parser NAME]...

Each input is one of the vectors, or some of them together, with bytes changed, cut out, repeated,
or put in from the words of the protocol; it is fed in one to four pieces.  Nothing may come out but
values and the parser's own error, which stays; what waits unread stays within the limits; and of
every twentieth input byte by byte brings the same as the whole.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from examples.protocols.http1 import Data, RequestError, requests
from examples.protocols.json_values import values
from examples.protocols.resp import replies
from examples.protocols.websocket import WebSocketError, connection, messages
from flowlet import ParseError, Parser

#: How many inputs are also fed byte by byte, one in so many.
SLOWLY = 20
MOST_CHANGES = 4
LONGEST = 400


class Target(NamedTuple):
    """A parser, what it is fed, and what may come of that."""

    fn: Callable[..., Any]
    vectors: list[bytes]
    words: list[bytes]
    error: type[ParseError]
    #: Small, so that they are met.
    limits: dict[str, int]
    #: The most bytes that may wait unread while it waits.
    unread: int


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HTTP = [
    b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n",
    HEAD + b"Content-Length: 5\r\n\r\nabcde",
    CHUNKED + b'3;a="b"\r\nabc\r\n0\r\nX: y\r\n\r\n',
    HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    HEAD + b"Connection: close\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
]
HTTP_WORDS = [
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b" ", b":", b"\t", b"\x00", b"0\r\n\r\n", b"1.1", b"HTTP/",
    b"chunked", b"Content-Length: 3\r\n", b"Transfer-Encoding: gzip\r\n", b"Upgrade: x\r\n",
    b"Connection: upgrade\r\n", b"ffffffffffffffff\r\n", b"Host: b\r\n", b"\xff", b'"', b";",
]  # fmt: skip
RESP = [
    b"+OK\r\n", b"-ERR no\r\n", b":12\r\n", b"$3\r\nabc\r\n", b"*2\r\n$1\r\na\r\n:7\r\n", b"_\r\n",
    b"#t\r\n", b",1.5e3\r\n", b"(123456789012345678901\r\n", b"!3\r\nERR\r\n", b"=7\r\ntxt:abc\r\n",
    b"%1\r\n+a\r\n*1\r\n:1\r\n", b"~2\r\n:1\r\n~0\r\n", b">1\r\n+x\r\n", b"$?\r\n;1\r\na\r\n;0\r\n",
    b"*?\r\n:1\r\n.\r\n", b"|1\r\n+t\r\n:1\r\n+x\r\n", b"*-1\r\n", b"$-1\r\n",
]  # fmt: skip
RESP_WORDS = [
    b"\r\n", b"*", b"$", b"%", b"~", b"|1\r\n", b">", b"*?\r\n", b".\r\n", b"-1", b"9", b"0", b",",
    b"inf", b"nan", b"_", b";0\r\n", b"*1\r\n", b"%1\r\n", b"*99\r\n", b"$999\r\n",
]  # fmt: skip
JSON = [
    b'{"a": [1, 2.5, -3e4], "b": {"c": null}}', b"[true, false]", b'"\\u00e9\\n\\"x"', b"12", b"[]",
    '{"é": "😀"}'.encode(), b'[[[["deep"]]]]', b"-0.0", b"1e400",
]  # fmt: skip
JSON_WORDS = [
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\\u", b"\\ud83d", b"0", b"-", b".", b"e",
    b" ", b"null", b"tru", b"\xff", b"\xc3", b"\x00", b"\xed\xa0\x80", b"9" * 30, b"e99999",
]  # fmt: skip
MASK = b"\x37\xfa\x21\x3d"
FRAMES = [
    bytes.fromhex("818537fa213d7f9f4d5158"), b"\x01\x81" + MASK + b"V", b"\x80\x80" + MASK,
    b"\x00\x81" + MASK + b"\xf4", b"\x82\x83" + MASK + b"\x00\x01\x02", b"\x89\x80" + MASK,
    b"\x8a\x81" + MASK + b"x", b"\x88\x80" + MASK, b"\x88\x82" + MASK + b"\x34\x12",
    b"\x82\xfe\x00\x80" + MASK + bytes(128),
]  # fmt: skip
FRAME_WORDS = [
    b"\x81", b"\x80", b"\x01", b"\x00", b"\x88", b"\xfe", b"\xff", MASK, b"\x81\x80" + MASK,
    b"\xc1", b"\x00\x7d", bytes(8), b"\x7f", b"\x89\x80" + MASK,
]  # fmt: skip

TARGETS = {
    "http1.requests": Target(
        requests, HTTP, HTTP_WORDS, RequestError,
        {"max_head": 150, "max_headers": 4, "max_chunk_line": 30, "max_body": 40}, 154,
    ),
    "resp.replies": Target(
        replies, RESP, RESP_WORDS, ParseError,
        {"max_line": 40, "max_bulk": 60, "max_items": 20, "max_depth": 4, "max_reply": 200}, 62,
    ),
    "json_values.values": Target(
        values, JSON, JSON_WORDS, ParseError,
        {"max_depth": 6, "max_string": 40, "max_number": 20, "max_document": 200}, 42,
    ),
    "websocket.messages": Target(
        messages, FRAMES, FRAME_WORDS, WebSocketError, {"max_message": 150}, 154
    ),
    "websocket.connection": Target(
        connection, FRAMES, FRAME_WORDS, WebSocketError, {"max_message": 150}, 154
    ),
}  # fmt: skip


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """Inputs without end, the same ones for a seed."""
    chance = random.Random(seed)
    pick, below = chance.choice, chance.randrange
    while True:
        data = b"".join(pick(target.vectors) for _ in range(1 + below(3)))
        for _ in range(below(MOST_CHANGES + 1)):
            at = below(len(data) + 1)
            to = min(len(data), at + below(8))
            match below(5):
                case 0:
                    data = data[:at] + bytes([below(256)]) + data[at + 1 :]
                case 1:
                    data = data[:at] + data[to:]
                case 2:
                    data = data[:to] + data[at:]
                case 3:
                    data = data[:at] + pick(target.words) + data[at:]
                case _:
                    data = data[:at] + pick(target.words) * below(9) + data[to:]
        yield data[:LONGEST]


def run(target: Target, pieces: list[bytes]) -> tuple[list[Any], ParseError | None]:
    """What comes of an input; anything but the parser's own error goes up."""
    parser = Parser(target.fn, **target.limits)
    out: list[Any] = []
    failed = None
    try:
        for piece in pieces:
            out += parser.feed(piece)
            unread = parser.stream.unread
            if unread > target.unread and parser.actor.alive and not _may_keep(parser):
                raise AssertionError(f"{unread} bytes wait unread")
        out += parser.eof()
    except target.error as error:
        failed = error
        out += error.outputs
        try:
            parser.feed(b"x")
        except target.error as again:
            if (again.offset, again.reason) != (error.offset, error.reason):
                raise AssertionError(f"{again} after {error}") from None
        else:
            raise AssertionError("a parser that has failed goes on")
    finally:
        parser.close()
    return out, failed


def _may_keep(parser: Parser) -> bool:
    """Whether it waits for its user, who has to say how the bytes are meant."""
    return parser.actor.state == ("another protocol?",)


def together(out: list[Any]) -> list[Any]:
    """Parts of one body as one, and what is no number as a word."""
    found: list[Any] = []
    for value in out:
        if isinstance(value, Data) and found and isinstance(found[-1], Data):
            found[-1] = Data(found[-1].data + value.data)
        else:
            found.append(value)
    return found


def fuzz(name: str, count: int, seed: int) -> Counter[str]:
    """Feed so many inputs; how many there were, and what became of them."""
    target = TARGETS[name]
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    for number, data in zip(range(count), inputs(target, seed), strict=False):
        places = sorted(chance.choices(range(len(data) + 1), k=chance.randrange(4)))
        ends = zip([0, *places], [*places, len(data)], strict=True)
        pieces = [data[start:end] for start, end in ends]
        try:
            out, failed = run(target, pieces)
            done["inputs"] += 1
            done["bytes"] += len(data)
            done["values"] += len(out)
            done["refused"] += failed is not None
            if number % SLOWLY == 0:
                done["fed byte by byte"] += 1
                again, error = run(target, [data[i : i + 1] for i in range(len(data))])
                # By what they look like: of what is no number none is equal to another.
                assert repr(together(again)) == repr(together(out)), (again, out)
                assert repr(error) == repr(failed), (error, failed)
        except BaseException as error:
            error.add_note(f"{name}, seed {seed}, input {number}: {pieces!r}")
            raise
    return done


def main() -> None:
    arguments = argparse.ArgumentParser(prog="tests.fuzz", description="Very many inputs.")
    arguments.add_argument("count", nargs="?", type=int, default=1_000_000, help="for each parser")
    arguments.add_argument("--seed", type=int, action="append", help="several share the count")
    arguments.add_argument("--parser", choices=sorted(TARGETS), action="append")
    given = arguments.parse_args()
    seeds = given.seed or [1, 2, 3, 4]
    for name in given.parser or TARGETS:
        began = time.perf_counter()
        done: Counter[str] = Counter()
        for seed in seeds:
            done += fuzz(name, -(-given.count // len(seeds)), seed)
        told = ", ".join(f"{number:,} {what}" for what, number in done.items())
        sys.stdout.write(f"{name}: {told}, {time.perf_counter() - began:.0f} s\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
