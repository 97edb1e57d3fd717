"""Whatever is fed to the parsers of examples/protocols: values or their own error, within limits.

`python -m tests.fuzz` feeds a million inputs to each.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from examples.protocols.http1 import requests
from examples.protocols.json_values import values
from examples.protocols.resp import replies
from examples.protocols.websocket import messages
from flowlet import ParseError, Parser
from tests.fuzz import CHUNKED, HEAD, MASK, TARGETS, fuzz

Part = tuple[Callable[..., object], bytes, bytes]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    ("count", "seed"), [(500, 1), pytest.param(20_000, 2, marks=pytest.mark.slow)]
)
def test_nothing_comes_out_but_values_and_its_own_error(name: str, count: int, seed: int) -> None:
    done = fuzz(name, count, seed)
    assert done["inputs"] == count
    # Of both there is enough: the changes are neither too few nor too many.
    assert count / 10 < done["refused"] < count
    assert done["values"] > count / 10


#: What goes on for ever: how it begins, and what comes again and again.
ENDLESS: dict[str, Part] = {
    "a target": (requests, b"GET /", b"a"),
    "fields": (requests, HEAD, b"a: b\r\n"),
    "a chunk's extension": (requests, CHUNKED + b"1", b";a"),
    "chunks": (requests, CHUNKED, b"1\r\na\r\n"),
    "trailers": (requests, CHUNKED + b"0\r\n", b"a: b\r\n"),
    "a line": (replies, b"+", b"a"),
    "a streamed string": (replies, b"$?\r\n", b";1\r\na\r\n"),
    "a streamed list": (replies, b"*?\r\n", b"*0\r\n"),
    "a list of sets": (replies, b"*?\r\n", b"~0\r\n"),
    "a list of maps": (replies, b"*?\r\n", b"%1\r\n_\r\n_\r\n"),
    "a list of lists": (replies, b"", b"*9\r\n" + b"*9\r\n" + b"$1\r\na\r\n" * 9),
    "a string": (values, b'"', b"a"),
    "escapes": (values, b'"', b'\\"'),
    "a number": (values, b"", b"1"),
    "an array": (values, b"[", b"[],"),
    "an object": (values, b"{", b'"a":{},'),
    "fragments": (messages, b"\x01\x80" + MASK, b"\x00\x81" + MASK + b"V"),
}
#: All of them are for so many bytes.
LIMIT = 5_000
LIMITS = {
    requests: {"max_head": LIMIT, "max_headers": LIMIT, "max_chunk_line": LIMIT, "max_body": LIMIT},
    replies: {"max_line": LIMIT, "max_bulk": LIMIT, "max_items": LIMIT, "max_reply": LIMIT},
    values: {"max_string": LIMIT, "max_document": LIMIT},
    messages: {"max_message": LIMIT},
}


def feed_in_pieces(parser: Parser, data: bytes, size: int) -> None:
    for place in range(0, len(data), size):
        parser.feed(data[place : place + size])


def most_taken(name: str, size: int) -> int:
    """The most bytes of memory that are taken until it ends at a limit."""
    fn, begin, again = ENDLESS[name]
    data = again * (10 * LIMIT // len(again))
    parser = Parser(fn, **LIMITS[fn])
    if begin:
        parser.feed(begin)
    tracemalloc.start()
    try:
        with pytest.raises(ParseError):
            feed_in_pieces(parser, data, size)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        parser.close()


def is_measured() -> bool:
    """Whether coverage.py is at work, which takes memory for what it notes."""
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("size", [1, 4096])
def test_what_goes_on_for_ever_ends_at_a_limit(name: str, size: int) -> None:
    """And until then it takes no more memory than some times what the limit allows."""
    taken = most_taken(name, size)
    if is_measured():
        pytest.skip("coverage.py takes memory too, so only that it ends was looked at")
    assert taken < 30 * LIMIT
