"""JSON texts, one after the other: RFC 8259, as they come.

`values` reads a stream of documents, with or without white space between them, and emits each as a
Python value.  Numbers are exact: an `int` where there is no fraction and no exponent, a `Decimal`
otherwise.  What is nested stands in a list of what is open, not on Python's stack, so depth is
limited by `max_depth` alone.  Of several members of one name the last one counts.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed lacks it
from typing import Any, Final

from flowlet import ParseError, Stream, StreamEndedError, TooLongError, emit

SPACE: Final = b" \t\n\r"
LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: What a number is made of; where it is no number, the mistake is looked for afterwards.
NUMBER_CHARS: Final = b"0123456789+-.eE"
NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
LITERALS: Final = {b"true": True, b"false": False, b"null": None}
CONTROL: Final = re.compile(rb"[\x00-\x1f]")
#: Python refuses to read longer integers from text, because that takes quadratic time.
MOST_DIGITS: Final = 4_300


def values(
    stream: Stream,
    *,
    max_depth: int = 1_000,
    max_string: int = 16 * 1024 * 1024,
    max_number: int = 1_000,
    max_document: int = 256 * 1024 * 1024,
    floats: bool = False,
) -> None:
    """Read documents until the stream ends.

    `max_depth` arrays and objects inside each other; `max_string` bytes of a string as it is
    written, `max_number` of a number, `max_document` before the last value in a document.
    `floats`: numbers that are no integers are floats, where speed counts more than the last digit.
    """
    max_number = min(max_number, MOST_DIGITS)
    while next_byte(stream):
        end = stream.offset + max_document
        emit(read_document(stream, max_depth, max_string, max_number, end, floats))


def read_document(
    stream: Stream,
    max_depth: int,
    max_string: int,
    max_number: int,
    end: int,
    floats: bool,
) -> Any:
    """RFC 8259, 2 to 5: one value, with all that is in it."""
    # The arrays and objects that are open; of an object also the name whose value comes next.
    opened: list[Any] = []
    names: list[str | None] = []
    while True:
        # A value begins.
        first = next_byte(stream)
        if stream.offset > end:
            raise ParseError(end, "a document that is too long")
        value: Any
        if first == b"[" or first == b"{":
            if len(opened) == max_depth:
                raise ParseError(stream.offset, f"nested more than {max_depth} deep")
            stream.read_exactly(1, "sign")
            value = [] if first == b"[" else {}
            if next_byte(stream) != (b"]" if first == b"[" else b"}"):
                opened.append(value)
                names.append(read_name(stream, max_string) if first == b"{" else None)
                continue
            stream.read_exactly(1, "sign")
        elif first == b'"':
            value = read_string(stream, max_string)
        elif first in b"-0123456789" and first:
            value = read_number(stream, max_number, floats)
        else:
            value = read_literal(stream)
        # It has ended, and so perhaps have those round it.
        while True:
            if not opened:
                return value
            inside, name = opened[-1], names[-1]
            if name is None:
                inside.append(value)
            else:
                inside[name] = value
            after = next_byte(stream)
            if after == b",":
                stream.read_exactly(1, "sign")
                if name is not None:
                    names[-1] = read_name(stream, max_string)
                break
            if after != (b"]" if name is None else b"}"):
                raise wrong(stream, "a comma or the end of the array or object is missing", after)
            stream.read_exactly(1, "sign")
            names.pop()
            value = opened.pop()


def next_byte(stream: Stream) -> bytes:
    """The next byte that is no white space, unread; `b""` at the end."""
    while (first := stream.peek(1, "token")) and first in SPACE:
        try:
            stream.read_while(SPACE, at="white space")
        except TooLongError as error:
            stream.read_exactly(error.limit, "white space")
    return first


def read_name(stream: Stream, max_string: int) -> str:
    """RFC 8259, 4: the name of a member, and the colon."""
    first = next_byte(stream)
    if first != b'"':
        raise wrong(stream, "the name of a member is missing", first)
    name = read_string(stream, max_string)
    colon = next_byte(stream)
    if colon != b":":
        raise wrong(stream, "the colon after a name is missing", colon)
    stream.read_exactly(1, "sign")
    return name


def read_string(stream: Stream, max_string: int) -> str:
    """RFC 8259, 7 and 8.1: UTF-8 between quotation marks."""
    stream.read_exactly(1, "sign")
    start = stream.offset
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            part = stream.read_until(b'"', max_string - size, "string")
        except TooLongError as error:
            reason = f"a string of more than {max_string} bytes"
            raise ParseError(error.offset, reason) from None
        except StreamEndedError as error:
            raise ParseError(error.offset, "the stream ended within a string") from None
        parts.append(part)
        # A quotation mark behind an odd number of backslashes is one of the string.
        if part[-1:] != b"\\" or (len(part) - len(part.rstrip(b"\\"))) % 2 == 0:
            break
        parts.append(b'"')
        size = stream.offset - start
        if size > max_string:
            raise ParseError(start + max_string, f"a string of more than {max_string} bytes")
    text = parts[0] if len(parts) == 1 else b"".join(parts)
    return text_of(text, start)


def text_of(raw: bytes, start: int) -> str:
    """What is written between quotation marks; `start` is where it stands in the stream."""
    control = CONTROL.search(raw)
    place = len(raw) if control is None else raw.index(control[0])
    try:
        text = raw[:place].decode()
    except UnicodeDecodeError as error:
        raise ParseError(start + error.start, "no UTF-8 (RFC 8259, 8.1)") from None
    if control is not None:
        raise ParseError(start + place, "a control character in a string")
    if "\\" not in text:
        return text
    try:
        decoded: str = scanstring(text + '"', 0, True)[0]
        return decoded
    except JSONDecodeError as error:
        before = len(text[: error.pos].encode())
        raise ParseError(start + before, "no escape that JSON has") from None


def read_number(stream: Stream, max_number: int, floats: bool) -> int | float | Decimal:
    """RFC 8259, 6."""
    start = stream.offset
    try:
        text = stream.read_while(NUMBER_CHARS, max_number, "number")
    except TooLongError as error:
        reason = f"a number of more than {max_number} characters"
        raise ParseError(error.offset, reason) from None
    found = NUMBER.match(text)
    if found is None or len(found[0]) != len(text):
        wrong = 0 if found is None else len(found[0])
        raise ParseError(start + wrong, f"no number: {text[:40]!r}")
    if found[1] is None and found[2] is None:
        return int(text)
    try:
        return float(text) if floats else Decimal(text.decode())
    except InvalidOperation:
        raise ParseError(start, f"an exponent that is too large: {text[:40]!r}") from None


def read_literal(stream: Stream) -> bool | None:
    """RFC 8259, 3: `true`, `false` or `null`."""
    start = stream.offset
    try:
        word = stream.read_while(LETTERS, 16, "literal")
    except TooLongError:
        word = b""
    if word not in LITERALS:
        found = word or stream.peek(1, "literal")
        what = f"no value begins with {found!r}" if found else "the stream ended before a value"
        raise ParseError(start, what)
    return LITERALS[word]


def wrong(stream: Stream, reason: str, found: bytes) -> ParseError:
    """The error of the next byte."""
    what = "the stream ended" if not found else f"{found!r} stands there"
    return ParseError(stream.offset, f"{reason}: {what}")
