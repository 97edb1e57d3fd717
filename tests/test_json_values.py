"""examples/protocols/json_values: the grammar of RFC 8259, however the bytes were cut."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.protocols.json_values import values
from flowlet import Parser, observe
from flowlet.introspect import static
from tests.cuts import cuts, same_however_cut
from tests.linear import SIZES, parses_linearly

GOOD: dict[str, list[Any]] = {
    "": [],
    " \t\r\n": [],
    "null": [None],
    "true false": [True, False],
    "0 -0 10 -1": [0, 0, 10, -1],
    "1.50": [Decimal("1.50")],
    "-1.5e-3 1E400 2e+2": [Decimal("-0.0015"), Decimal("1E400"), Decimal("2e2")],
    "123456789012345678901234567890": [123456789012345678901234567890],
    "0.1": [Decimal("0.1")],
    '""': [""],
    '"a" "b"': ["a", "b"],
    '[]{}[[]]{"":{}}': [[], {}, [[]], {"": {}}],
    ' [ 1 , "x" , null ] ': [[1, "x", None]],
    '{ "a" : 1 , "b" : [ { } ] }': [{"a": 1, "b": [{}]}],
    '{"a":1,"a":2}': [{"a": 2}],
    r'"\"\\\/\b\f\n\r\t\u0041"': ['"\\/\b\f\n\r\tA'],
    r'"\\" "\\\"" "\\\\"': ["\\", '\\"', "\\\\"],
    r'"\ud83d\ude00" "\uD800"': ["\U0001f600", "\ud800"],
    '"é€😀\x7f\u2028"': ["é€😀\x7f\u2028"],
}


@pytest.mark.parametrize("text", GOOD)
def test_a_text_is_its_value(text: str) -> None:
    found = same_however_cut(values, text.encode())
    assert (found.values, found.error) == (GOOD[text], None)
    assert repr(found.values) == repr(GOOD[text])  # 1 is not True, and 1.50 not 1.5


BAD = [
    (b"tru", 0), (b"nul ", 0), (b"True", 0), (b"nullx", 0), (b"truefalse", 0), (b"NaN", 0),
    (b"Infinity", 0), (b"@", 0), (b"'a'", 0), (b"\xef\xbb\xbf1", 0), (b"[", 1), (b"[1", 2),
    (b"[1,]", 3), (b"[,1]", 1), (b"[1 2]", 3), (b"[1}", 2), (b"]", 0), (b"{", 1), (b"{}}", 2),
    (b"{,}", 1), (b'{"a"}', 4), (b'{"a":}', 5), (b'{"a":1,}', 7), (b'{"a" 1}', 5), (b"{1:2}", 1),
    (b'{"a":1 "b":2}', 7), (b"01", 1), (b"-", 0), (b"-a", 0), (b"+1", 0), (b".5", 0), (b"1.", 1),
    (b"1.e1", 1), (b"1e", 1), (b"1e+", 1), (b"1-2", 1), (b"1.2.3", 3), (b"0x1", 1), (b"--1", 0),
    (b'"', 1), (b'"abc', 4), (b'"a\nb"', 2), (b'"\x00"', 1), (b'"\\x"', 1), (b'"\\', 2),
    (b'"\\u12G4"', 2), (b'"\\u123"', 2), ("\"é\\q\"".encode(), 3), (b'"\xff"', 1),
    (b'"ab\xc3"', 3), (b'"\xed\xa0\x80"', 1), (b'"\xc0\xaf"', 1), (b"1e99999999999999999999", 0),
    (b'["a"\x0b]', 4), (b"\x0c1", 0),
]  # fmt: skip


@pytest.mark.parametrize(("data", "offset"), BAD)
def test_a_mistake_has_its_place(data: bytes, offset: int) -> None:
    error = same_however_cut(values, data).error
    assert error is not None
    assert error[1]["offset"] == offset


def test_what_came_before_a_mistake_is_given_out() -> None:
    found = same_however_cut(values, b'1 [2] "x" ]')
    assert (found.values, found.error and found.error[1]["offset"]) == ([1, [2], "x"], 10)


@pytest.mark.parametrize(
    ("data", "limits", "offset"),
    [
        (b"[" * 11, {"max_depth": 10}, 10),
        (b'{"a":' * 11, {"max_depth": 10}, 50),
        (b'"' + b"x" * 30, {"max_string": 20}, 21),
        (b'"' + b'\\"' * 30, {"max_string": 20}, 21),
        (b'"' + b'\\"' * 30, {"max_string": 21}, 22),
        (b"1" * 30, {"max_number": 20}, 20),
        (b"1" * 5000, {"max_number": 10_000}, 4_300),
        (b"a" * 30, {}, 0),
        (b"1 [" + b"[]," * 30, {"max_document": 20}, 22),
        (b'{"a":' + b" " * 30 + b"1}", {"max_document": 20}, 20),
        (b'["' + b"x" * 30 + b'",1]', {"max_document": 20}, 20),
    ],
)
def test_limits_have_their_place(data: bytes, limits: Any, offset: int) -> None:
    error = same_however_cut(values, data, **limits).error
    assert error is not None
    assert error[1]["offset"] == offset


def test_depth_is_limited_by_its_limit_alone() -> None:
    """Far deeper than Python's stack goes."""
    depth = 100_000
    [value] = Parser(values, max_depth=depth).feed(b"[" * depth + b"]" * depth + b" ")
    for _ in range(depth - 1):
        [value] = value
    assert value == []


def test_floats_where_they_will_do() -> None:
    assert Parser(values, floats=True).feed(b"0.1 ") == [0.1]


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_it_reads_what_others_write(document: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    found = same_however_cut(values, text.encode("utf-8", "replace"), count=2, floats=True)
    assert found.values == [json.loads(text)]


WORDS = st.sampled_from(list('[]{},:"\\ 019.-+eEtrufalsn')) | st.text(max_size=2)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_it_takes_what_python_takes(text: str) -> None:
    """One document at a time, and apart from the names that Python has for what is no number."""
    found = same_however_cut(values, text.encode("utf-8", "replace"), count=2, floats=True)
    try:
        expected = json.loads(text.encode("utf-8", "replace").decode())
    except ValueError:
        assert found.error is not None or len(found.values) != 1
    else:
        assert (found.values, found.error) == ([expected], None)


SHAPES = {
    "nested": lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    "spaces": lambda n: b" " * n + b"1 ",
    "quotation marks": lambda n: b'"' + b'\\"' * (n // 2) + b'"',
    "backslashes": lambda n: b'"' + b"\\\\" * (n // 2) + b'"',
    "numbers": lambda n: b"[" + b"1," * (n // 2) + b"1]",
    "names": lambda n: b'{"":1' + b',"":1' * (n // 5) + b"}",
    "documents": lambda n: b"{}" * (n // 2),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "piece"), SIZES)
def test_time_is_linear_in_the_bytes(shape: str, size: int, piece: int) -> None:
    parses_linearly(values, SHAPES[shape], size, piece, max_depth=1 << 20)


def test_what_was_seen_is_in_the_source() -> None:
    parser = Parser(values)
    observation = observe(parser.dispatcher)
    for piece in next(cuts("\n".join(GOOD).encode("utf-8", "surrogatepass"))):
        parser.feed(piece)
    parser.eof()
    assert observation.graph.triples() <= static(values).triples()
