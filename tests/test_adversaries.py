"""What is meant to hurt costs at most three times as much, a byte, as what is not.

What is not: the smallest message that says something, over and over.  A parser has most to do for
it a byte, and yet everybody may send it.  (A request of a browser costs a tenth of that; so anybody
can make a parser ten times as busy a byte, with no ill will, by asking for little.)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from examples.protocols.http1 import requests
from examples.protocols.json_values import values
from examples.protocols.resp import replies
from examples.protocols.websocket import messages
from flowlet import ParseError, Parser
from tests import test_http1, test_json_values, test_resp, test_websocket

SIZE: Final = 1 << 20
ROUNDS: Final = 3
MOST: Final = 3.0
NO_LIMIT: Final = 1 << 30


class Parsed(NamedTuple):
    """A parser, a plain message, what is meant to hurt, and limits that let it come."""

    fn: Callable[..., Any]
    plain: bytes
    shapes: dict[str, Callable[[int], bytes]]
    limits: dict[str, int]


PARSERS: Final = {
    "requests": Parsed(
        requests,
        test_http1.GET,
        test_http1.SHAPES,
        {"max_head": NO_LIMIT, "max_headers": NO_LIMIT, "max_chunk_line": NO_LIMIT},
    ),
    "replies": Parsed(replies, b"+OK\r\n", test_resp.SHAPES, {"max_line": NO_LIMIT}),
    "messages": Parsed(
        messages, test_websocket.raw(0x81, b"x"), test_websocket.SHAPES, {"max_message": NO_LIMIT}
    ),
    "values": Parsed(
        values,
        b'{"name": "a person", "age": 42, "tags": ["x", "yy"], "score": 1.5}\n',
        test_json_values.SHAPES,
        {"max_depth": NO_LIMIT},
    ),
}


def seconds_a_byte(parsed: Parsed, data: bytes, piece: int) -> float:
    """The processor's time, up to the end or the error."""
    parser = Parser(parsed.fn, **parsed.limits)
    pieces = [data[place : place + piece] for place in range(0, len(data), piece)]
    began = time.process_time()
    try:
        for each in pieces:
            parser.feed(each)
    except ParseError:
        pass
    taken = time.process_time() - began
    parser.close()
    return taken / len(data)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [SIZE, 64])
@pytest.mark.parametrize("name", PARSERS)
def test_ill_will_costs_little_more_a_byte(name: str, piece: int) -> None:
    """A megabyte of each; of several rounds the best, which is the least disturbed."""
    parsed = PARSERS[name]
    sent = {"plain": parsed.plain * (SIZE // len(parsed.plain))}
    sent |= {shape: make(SIZE) for shape, make in parsed.shapes.items()}
    best = dict.fromkeys(sent, math.inf)
    for _ in range(ROUNDS):
        for shape, data in sent.items():
            best[shape] = min(best[shape], seconds_a_byte(parsed, data, piece))
    found = {shape: round(each / best["plain"], 2) for shape, each in best.items()}
    assert {shape: ratio for shape, ratio in found.items() if ratio >= MOST} == {}
