"""examples/protocols/resp: Redis replies as Python values, however the bytes were cut."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.protocols.resp import Attributes, Error, Members, Pairs, Push, Verbatim, replies
from flowlet import Parser, observe
from tests.cuts import cuts, same_however_cut
from tests.linear import SIZES, parses_linearly

#: Those of the protocol's own page, by and large.
VALUES: dict[bytes, Any] = {
    b"+OK\r\n": b"OK",
    b"+\r\n": b"",
    b"-ERR unknown command 'asdf'\r\n": Error(b"ERR unknown command 'asdf'"),
    b":0\r\n": 0,
    b":-1000\r\n": -1000,
    b":+7\r\n": 7,
    b"$5\r\nhello\r\n": b"hello",
    b"$0\r\n\r\n": b"",
    b"$4\r\n\r\n\r\n\r\n": b"\r\n\r\n",
    b"$-1\r\n": None,
    b"*0\r\n": [],
    b"*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n": [b"hello", b"world"],
    b"*3\r\n:1\r\n$-1\r\n*1\r\n+x\r\n": [1, None, [b"x"]],
    b"*-1\r\n": None,
    b"_\r\n": None,
    b"#t\r\n": True,
    b"#f\r\n": False,
    b",1.23\r\n": 1.23,
    b",10\r\n": 10.0,
    b",1e-3\r\n": 0.001,
    b",inf\r\n": math.inf,
    b",-inf\r\n": -math.inf,
    b"(349289032840923850932485094385094382502438\r\n": 349289032840923850932485094385094382502438,
    b"!21\r\nSYNTAX invalid syntax\r\n": Error(b"SYNTAX invalid syntax"),
    b"=15\r\ntxt:Some string\r\n": Verbatim(b"txt", b"Some string"),
    b"%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n": {b"first": 1, b"second": 2},
    b"~4\r\n:1\r\n+a\r\n_\r\n:1\r\n": {1, b"a", None},
    b"~3\r\n:1\r\n,2\r\n#f\r\n": {1, 2.0, False},
    b"%2\r\n+a\r\n:1\r\n+a\r\n:2\r\n": {b"a": 2},
    b"%1\r\n*1\r\n:1\r\n*0\r\n": Pairs([([1], [])]),
    b"%2\r\n:1\r\n+a\r\n#t\r\n+b\r\n": Pairs([(1, b"a"), (True, b"b")]),
    b"~2\r\n:3\r\n,3\r\n": Members([3, 3.0]),
    b"~2\r\n:0\r\n#f\r\n": Members([0, False]),
    b"~3\r\n:1\r\n~1\r\n:2\r\n:1\r\n": Members([1, {2}, 1]),
    b"~1\r\n%1\r\n:1\r\n*0\r\n": Members([{1: []}]),
    b"~1\r\n~1\r\n*0\r\n": Members([Members([[]])]),
    b"~2\r\n:1\r\n(9223372036854775808\r\n": Members([1, 1 << 63]),
    b"~2\r\n:-9223372036854775808\r\n(9223372036854775807\r\n": {-1 << 63, (1 << 63) - 1},
    b">2\r\n+message\r\n$1\r\nx\r\n": Push([b"message", b"x"]),
    b"$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;2\r\nld\r\n;0\r\n": b"Hello world",
    b"*?\r\n:1\r\n$1\r\na\r\n.\r\n": [1, b"a"],
    b"%?\r\n+a\r\n:1\r\n.\r\n": {b"a": 1},
    b"*2\r\n|1\r\n+ttl\r\n:3600\r\n:1\r\n:2\r\n": [1, 2],
}


@pytest.mark.parametrize("data", VALUES)
def test_a_reply_is_a_value(data: bytes) -> None:
    found = same_however_cut(replies, data)
    assert found.error is None
    assert found.values == [VALUES[data]]
    assert type(found.values[0]) is type(VALUES[data])
    if isinstance(found.values[0], Members | Pairs):
        assert repr(found.values) == repr([VALUES[data]])  # 1 and True are the same to `==`


def test_replies_follow_each_other() -> None:
    found = same_however_cut(replies, b"".join(VALUES))
    assert found.values == list(VALUES.values())


def test_no_number_is_a_number() -> None:
    [value] = same_however_cut(replies, b",1.5\r\n").values
    assert value == 1.5
    [nan] = Parser(replies).feed(b",nan\r\n")
    assert math.isnan(nan)


def test_attributes_come_before_the_reply_they_are_about() -> None:
    found = same_however_cut(replies, b"|1\r\n+ttl\r\n:1\r\n*1\r\n:7\r\n")
    assert found.values == [Attributes({b"ttl": 1}), [7]]


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"?\r\n", 0),
        (b"+OK\r\nhello\r\n", 5),
        (b":1_0\r\n", 0),
        (b":9223372036854775808\r\n", 0),
        (b"*1\r\n:-9223372036854775809\r\n", 4),
        (b":1.5\r\n", 0),
        (b": 1\r\n", 0),
        (b"$+5\r\nhello\r\n", 0),
        (b"$5\r\nhelloXX", 9),
        (b"*1\r\n$5\r\nhello\n\r", 13),
        (b"*1\r\n$2000\r\n" + b"x" * 2000 + b"\r.", 2011),
        (b"*-2\r\n", 0),
        (b"+O\rK\r\n", 0),
        (b"-ERR\n+OK\r\n", 0),
        (b"*1\r\n>0\r\n", 4),
        (b"*?\r\n|1\r\n+a\r\n:1\r\n.\r\n", 16),
        (b"#x\r\n", 0),
        (b",.\r\n", 0),
        (b"_x\r\n", 0),
        (b"=3\r\nabc\r\n", 9),
        (b"!-1\r\n", 0),
        (b".\r\n", 0),
        (b"*1\r\n.\r\n", 4),
        (b"%?\r\n+a\r\n.\r\n", 11),
        (b"$?\r\n+a\r\n", 4),
        (b"*2\r\n:1\r\n", 8),
        (b"$5\r\nhel", 7),
        (b"+OK\r", 4),
        (b"(" + b"1" * 5000 + b"\r\n", 0),
    ],
)
def test_a_mistake_has_its_place(data: bytes, offset: int) -> None:
    error = same_however_cut(replies, data, count=10).error
    assert error is not None
    assert error[1]["offset"] == offset


@pytest.mark.parametrize(
    ("data", "limits", "offset"),
    [
        (b"+" + b"x" * 30 + b"\r\n", {"max_line": 20}, 20),
        (b"$21\r\n", {"max_bulk": 20}, 0),
        (b"*1\r\n$21\r\n", {"max_bulk": 20}, 4),
        (b"$?\r\n;9\r\n123456789\r\n;2\r\nab\r\n", {"max_bulk": 10}, 19),
        (b"*4\r\n", {"max_items": 3}, 0),
        (b"*?\r\n" + b":1\r\n" * 4, {"max_items": 3}, 16),
        (b"*1\r\n" * 4, {"max_depth": 3}, 12),
        (b"*1\r\n" * 200, {}, 256),
        (b"*1\r\n" * 201, {"max_depth": 200}, 800),
        (b"+OK\r\n" + b"*2\r\n*20\r\n" + b"$3\r\nabc\r\n" * 20, {"max_reply": 140}, 145),
        (b"*20\r\n" + b":1\r\n" * 20, {"max_reply": 64}, 64),
        (b"%?\r\n" + b"$?\r\n;1\r\nx\r\n;0\r\n" * 20, {"max_reply": 224}, 224),
        (b"*0\r\n" * 3 + b"*?\r\n" + b"*0\r\n" * 9, {"max_reply": 64 * 4}, 28),
        (b"*?\r\n" + b"%0\r\n" * 9, {"max_reply": 64 + 224 * 3}, 16),
        (b"*?\r\n" + b"%1\r\n+a\r\n+b\r\n" * 9, {"max_reply": 64 + 288 * 3}, 40),
        (b"~9\r\n" + b":1\r\n" * 9, {"max_reply": 500}, 0),
        (b"*?\r\n~?\r\n" + b":1\r\n" * 9 + b".\r\n*0\r\n", {"max_reply": 600}, 47),
        (b"*?\r\n" + b"~0\r\n" * 9, {"max_reply": 64 + 224 * 3}, 16),
    ],
)
def test_limits_have_their_place(data: bytes, limits: Any, offset: int) -> None:
    error = same_however_cut(replies, data, **limits).error
    assert error is not None
    assert error[1]["offset"] == offset


def test_nesting_is_bounded() -> None:
    """As deep as may be asked for is read; deeper than that cannot be asked for."""
    depth = 200
    [value] = Parser(replies, max_depth=depth).feed(b"%1\r\n+a\r\n" * depth + b"_\r\n")
    while value is not None:
        value, depth = value[b"a"], depth - 1
    assert depth == 0
    with pytest.raises(ValueError, match="max_depth is at most 200, not 5000"):
        Parser(replies, max_depth=5000)


#: The numbers of which Python's hash is the same: all that are so many times this.
MODULUS = sys.hash_info.modulus
SHAPES: dict[str, Callable[[int], bytes]] = {
    "a set of numbers": lambda n: aggregate(b"~", (b"(%d\r\n" % (i * MODULUS) for i in counted(n))),
    "a map of numbers": lambda n: aggregate(
        b"%", (b"(%d\r\n_\r\n" % (i * MODULUS) for i in counted(n))
    ),
    "a set of pairs": lambda n: aggregate(b"~", map(colliding, counted(n))),
    "short strings": lambda n: b"*%d\r\n" % (n // 5) + b"$0\r\n\r\n" * (n // 5),
    "one string": lambda n: b"$%d\r\n" % n + b"x" * n + b"\r\n",
    "a streamed string": lambda n: b"$?\r\n" + b";1\r\nx\r\n" * (n // 7) + b";0\r\n",
    "a long line": lambda n: b"+" + b"\r" * n,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "piece"), SIZES)
def test_time_is_linear_in_the_bytes(shape: str, size: int, piece: int) -> None:
    parses_linearly(replies, SHAPES[shape], size, piece, max_line=1 << 30)


def counted(size: int) -> range:
    """Numbers, for as many lines as take so many bytes."""
    return range(1000, 1000 + size // 26)


def aggregate(kind: bytes, parts: Iterable[bytes]) -> bytes:
    held = list(parts)
    return b"%b%d\r\n" % (kind, len(held)) + b"".join(held)


def colliding(number: int) -> bytes:
    """A pair in a pair, so often that Python's hash of it is the same: that of -1 is that of -2."""
    bits = [-1 - (number >> place & 1) for place in range(16)]
    return b"*16\r\n" + b"".join(b":%d\r\n" % bit for bit in bits)


WORDS = st.sampled_from([*VALUES, b"\r\n", b"*2\r\n", b"%1\r\n", b"$3\r\n", b"*?\r\n", b"|1\r\n"])


@given(st.lists(WORDS | st.binary(max_size=3), max_size=10).map(b"".join))
def test_nothing_but_its_own_error_comes_out(data: bytes) -> None:
    same_however_cut(replies, data, count=3)


def test_what_was_seen() -> None:
    """Deeper calls of a parser that calls itself are the same states."""
    parser = Parser(replies)
    observation = observe(parser.dispatcher)
    for piece in next(cuts(b"".join(VALUES))):
        parser.feed(piece)
    assert observation.graph.triples() == {
        ("between replies", "at_eof", "line"),
        ("line", "read_until", "between replies"),
        ("line", "read_until", "line"),
        ("line", "read_until", "string"),
        ("string", "read_exactly", "between replies"),
        ("string", "read_exactly", "line"),
    }
