"""Replies of Redis: RESP2 and RESP3, as the protocol's page describes them.

`replies` reads one reply after the other and emits it as a Python value:

    +OK  $4 ... =15 txt:...     bytes, bytes, Verbatim
    :1  (3492890...  ,1.5  #t   int, int, float, bool
    *2  ~2  %1  _  $-1  *-1     list, set, dict, None, None, None
    -ERR ...  !21 ...           Error
    >2                          Push
    |1                          Attributes, before the reply that they are about

A set or map that Python's own cannot hold is `Members` or `Pairs`, all of it as it came: with
aggregates as members or keys, with integers of more than 64 bits there, and with 1, 1.0 and true in
one.  So nobody who sends can choose what collides, and no two entries become one.  Lines end in
CRLF and nothing else; lengths are digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, NamedTuple

from flowlet import ParseError, Stream, emit

CRLF: Final = b"\r\n"
BREAK: Final = re.compile(rb"[\r\n]")
INTEGER: Final = re.compile(rb"[+-]?[0-9]+")
DOUBLE: Final = re.compile(rb"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|[+-]?inf|[+-]?nan")
#: The lines before short strings, and how much to read then, line end included: to look that up is
#: quicker than to read a number.
SHORT: Final = {b"$%d" % size: size + 2 for size in range(1024)}
#: The lines before short lists, and how many items these have.
FEW: Final = {b"*%d" % count: count for count in range(1024)}
LONGEST: Final = len("$1023") + 2 + 1023 + 2
NONE: Final[dict[bytes, int]] = {}
#: Python refuses to read longer integers from text, because that takes quadratic time.
MOST_DIGITS: Final = 4_300
#: Values stand in values as calls in calls, for which Python's stack has to be deep enough.
DEEPEST: Final = 200
#: What an aggregate takes, over and above what it holds, is worth so many bytes of a reply; so much
#: more does a set or map, and each member, key and value in it.
WORTH: Final = 64
HASHED: Final = 160
MEMBER: Final = 32
NUMBERS: Final = (bool, int, float)


class Error(NamedTuple):
    """An error that the server answers: `b"ERR unknown command"`."""

    message: bytes


class Push(NamedTuple):
    """What comes unasked, such as `[b"invalidate", [b"key"]]`."""

    items: list[Any]


class Verbatim(NamedTuple):
    """A text with its format: `b"txt"` or `b"mkd"`."""

    format: bytes
    text: bytes


class Members(NamedTuple):
    """What a set was sent with, where a `set` cannot hold it."""

    items: list[Any]


class Pairs(NamedTuple):
    """What a map was sent with, where a `dict` cannot hold it: keys and values."""

    items: list[tuple[Any, Any]]


class Attributes(NamedTuple):
    """What a server tells about the reply that follows, or about the item."""

    items: dict[Any, Any] | Pairs


@dataclass(slots=True)
class Limits:
    """How much one reply may hold."""

    line: int
    bulk: int
    items: int
    depth: int
    #: The bytes of the whole, and where those of the present one end in the stream.
    reply: int
    end: int = 0
    #: What is left of the bytes of the whole for aggregates.
    left: int = 0
    #: With so many items, all of them short, no reply comes to a limit.
    few: int = -1

    def __post_init__(self) -> None:
        if self.bulk >= len(SHORT):
            self.few = (self.reply - self.line - 2) // LONGEST

    def begin(self, start: int) -> None:
        """A reply begins there."""
        self.end = start + self.reply
        self.left = self.reply


def replies(
    stream: Stream,
    *,
    max_line: int = 65_536,
    max_bulk: int = 512 * 1024 * 1024,
    max_items: int = 16_777_216,
    max_depth: int = 64,
    max_reply: int = 1 << 30,
) -> None:
    """Read replies until the connection ends.

    `max_line` bytes of a line, `max_bulk` bytes of a string, `max_items` in an aggregate, these
    nested at most `max_depth` deep, which is up to 200, and `max_reply` bytes in all: so much may
    come, and so much may be taken by aggregates: each counts as 64 bytes; a set or map as 224, and
    each member, key and value in it as 32.
    """
    if max_depth > DEEPEST:
        raise ValueError(f"max_depth is at most {DEEPEST}, not {max_depth!r}")
    limits = Limits(max_line, max_bulk, max_items, max_depth, max_reply)
    while not stream.at_eof("between replies"):
        limits.begin(stream.offset)
        line = stream.read_until(CRLF, max_line, "line")
        if line in FEW:  # what most replies are
            emit(read_items(stream, line, limits, 0))
        elif line[:1] == b"|":
            emit(Attributes(read_map(stream, line, limits, 0)))
        else:
            emit(value_of(stream, line, limits, 0))


def value_of(stream: Stream, line: bytes, limits: Limits, depth: int) -> Any:
    """The value that a line begins, with all that is in it."""
    if stream.offset > limits.end:
        raise ParseError(limits.end, f"a reply of more than {limits.reply} bytes")
    rest = line[1:]
    match line[:1]:
        case b"$":
            return None if rest == b"-1" else read_string(stream, line, limits)
        case b":" if INTEGER.fullmatch(rest) and len(rest) <= MOST_DIGITS:
            if is_short(number := int(rest)):
                return number
        case b"(" if INTEGER.fullmatch(rest) and len(rest) <= MOST_DIGITS:
            return int(rest)
        case b"+" | b"-" if not BREAK.search(rest):
            return rest if line[:1] == b"+" else Error(rest)
        case b"*":
            return None if rest == b"-1" else read_items(stream, line, limits, depth)
        case b"%":
            return read_map(stream, line, limits, depth)
        case b"~":
            return set_of(read_items(stream, line, limits, depth, hashed=1))
        case b">" if not depth:  # between replies, and never within one
            return Push(read_items(stream, line, limits, depth))
        case b"_" if not rest:
            return None
        case b"#" if rest in (b"t", b"f"):
            return rest == b"t"
        case b"," if DOUBLE.fullmatch(rest):
            return float(rest)
        case b"!":
            return Error(read_string(stream, line, limits))
        case b"=":
            text = read_string(stream, line, limits)
            if text[3:4] != b":":
                raise ParseError(stream.offset, "no format before a verbatim string")
            return Verbatim(text[:3], text[4:])
    raise wrong(stream, line, "no reply")


def read_string(stream: Stream, line: bytes, limits: Limits, read: int = 0) -> bytes:
    """So many bytes and a line end; a streamed one comes in parts, `read` counts what came."""
    if line[1:] == b"?":
        parts: list[bytes] = []
        while not parts or parts[-1]:
            line = stream.read_until(CRLF, limits.line, "line")
            if line[:1] != b";":
                raise wrong(stream, line, "no part of a streamed string")
            if line == b";0":
                break
            parts.append(read_string(stream, line, limits, read))
            read += len(parts[-1])
        return b"".join(parts)
    length = length_in(stream, line, limits.bulk - read)
    data = stream.read_exactly(length + 2, "string")
    if data[-2:] != CRLF:
        raise ParseError(stream.offset - 2, "no line end after a string")
    return data[:-2]


def read_items(
    stream: Stream, line: bytes, limits: Limits, depth: int, hashed: int = 0
) -> list[Any]:
    """So many values, or those up to the line `.` that ends a streamed aggregate.

    `hashed`: 1 for those of a set, and 2 for those of a map.
    """
    most = limits.items
    if depth == limits.depth:
        raise wrong(stream, line, f"nested more than {depth} deep")
    limits.left -= WORTH
    streamed = False
    count = FEW.get(line, most + 1)
    if count > most:
        streamed = line[1:] == b"?"
        count = most + 1 if streamed else (hashed or 1) * length_in(stream, line, most)
    if hashed:
        limits.left -= HASHED + (0 if streamed else count * MEMBER)
    if limits.left < 0:
        raise wrong(stream, line, f"more aggregates than {limits.reply} bytes are for")
    items: list[Any] = []
    # Where all of them are short and still no limit is passed, none need be looked at.
    is_far = count <= limits.few and (not depth or stream.offset + count * LONGEST <= limits.end)
    longest, short = limits.line, SHORT if is_far else NONE
    for _ in repeat(None, count):
        line = stream.read_until(CRLF, longest, "line")
        size = short.get(line)
        if size is not None:  # what nearly every item is, written out
            data = stream.read_exactly(size, "string")
            if data[-2:] != CRLF:
                raise ParseError(stream.offset - 2, "no line end after a string")
            items.append(data[:-2])
            continue
        if line == b"." and streamed:
            limits.left -= len(items) * MEMBER * bool(hashed)
            return items
        while line[:1] == b"|":  # told of an item: passed over
            read_map(stream, line, limits, depth + 1)
            line = stream.read_until(CRLF, longest, "line")
        items.append(value_of(stream, line, limits, depth + 1))
    if streamed:
        raise wrong(stream, line, f"more than {most} items")
    return items


def read_map(stream: Stream, line: bytes, limits: Limits, depth: int) -> dict[Any, Any] | Pairs:
    """Keys and values in turn."""
    items = read_items(stream, line, limits, depth, hashed=2)
    if len(items) % 2:
        raise ParseError(stream.offset, "a key without a value")
    keys, values = items[::2], items[1::2]
    pairs = list(zip(keys, values, strict=True))
    return dict(pairs) if is_simple(keys) else Pairs(pairs)


def set_of(items: list[Any]) -> set[Any] | Members:
    """What a set was sent with."""
    return set(items) if is_simple(items) else Members(items)


def is_simple(items: list[Any]) -> bool:
    """Whether Python can hold them as members or keys, tell them apart, and that quickly.

    The hash of bytes is salted; those of numbers are not, and of long ones as many as one likes are
    the same; so are those of tuples and frozensets of numbers.
    """
    kinds = set(map(type, items))
    if kinds == {bytes}:
        return True
    if not kinds.isdisjoint((list, set, dict, Members, Pairs)):
        return False
    if int in kinds and not all(is_short(item) for item in items if type(item) is int):
        return False
    if len(kinds.intersection(NUMBERS)) < 2:
        return True
    apart = sum(len({item for item in items if type(item) is kind}) for kind in NUMBERS)
    return apart == len({item for item in items if isinstance(item, NUMBERS)})


def is_short(number: int) -> bool:
    """Whether it is one of 64 bits."""
    return -(1 << 63) <= number < 1 << 63


def length_in(stream: Stream, line: bytes, most: int) -> int:
    """The length or count that a line tells."""
    digits = line[1:]
    if digits.isdigit() and len(digits) < 20:
        length = int(digits)
        if length <= most:
            return length
    raise wrong(stream, line, f"no length up to {most}")


def wrong(stream: Stream, line: bytes, reason: str) -> ParseError:
    """The error of the line that was read last."""
    return ParseError(stream.offset - len(line) - 2, f"{reason}: {line[:40]!r}")
