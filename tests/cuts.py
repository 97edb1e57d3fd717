"""However the bytes are cut: a parser run on the whole, on single bytes and on random cuts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from flowlet import ParseError, Parser


class Outcome(NamedTuple):
    """What came of some bytes; the facts of the error are its type, offset, reason and others."""

    values: list[Any]
    error: tuple[Any, ...] | None
    written: bytes
    trailing: bytes | None


def outcome(fn: Callable[..., Any], pieces: list[bytes], **limits: Any) -> Outcome:
    """Feed the pieces and the end; errors are final, and the first one counts."""
    parser = Parser(fn, **limits)
    values: list[Any] = []
    error = None
    try:
        for piece in pieces:
            values += parser.feed(piece)
        values += parser.eof()
    except ParseError as raised:
        values += raised.outputs
        error = facts(raised)
        for again in parser.eof, lambda: parser.feed(b"more"), lambda: parser.send(object()):
            assert repeated(again) == (error, [])
    trailing = parser.trailing if error is None else None
    written = parser.data_to_send()
    parser.close()
    return Outcome(joined(values), error, written, trailing)


def facts(error: ParseError) -> tuple[Any, ...]:
    more = {key: value for key, value in vars(error).items() if key not in ("outputs", "__notes__")}
    return (type(error).__name__, more)


def repeated(call: Callable[[], Any]) -> tuple[Any, ...]:
    """What a call raises once the parser has failed."""
    try:
        call()
    except ParseError as error:
        return facts(error), error.outputs
    raise AssertionError("a parser that has failed goes on")


def joined(values: list[Any]) -> list[Any]:
    """The values, with parts of one body put together."""
    result: list[Any] = []
    for value in values:
        if type(value).__name__ == "Data" and result and type(result[-1]) is type(value):
            result[-1] = type(value)(result[-1].data + value.data)
        else:
            result.append(value)
    return result


def cuts(data: bytes, count: int = 50) -> Iterator[list[bytes]]:
    """Single bytes, and so many random cuts, the same ones each time."""
    yield [data[i : i + 1] for i in range(len(data))]
    chance = random.Random(len(data))
    for _ in range(count):
        places = sorted(chance.choices(range(len(data) + 1), k=chance.randint(1, 8)))
        ends = zip([0, *places], [*places, len(data)], strict=True)
        yield [data[start:end] for start, end in ends]


def same_however_cut(
    fn: Callable[..., Any], data: bytes, count: int = 50, **limits: Any
) -> Outcome:
    """What comes of the bytes; fails where that depends on the cuts."""
    whole = outcome(fn, [data], **limits)
    for pieces in cuts(data, count):
        assert outcome(fn, pieces, **limits) == whole, pieces
    return whole
