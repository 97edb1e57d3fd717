"""The bytes of a stream that have come and are not read yet: cheap to add to, to search, to take.

What is being read from is one `bytes` object and a place in it, so that a read that finds its bytes
there is one `find` and one slice.  When a read is short, what is left over becomes the first of the
pieces that wait; what comes is put behind them.  They are joined once, when the read has enough:
what is copied again is never more than what that read returns.  Small pieces are merged as they
come, so that bytes sent one by one take the memory of bytes.

A search goes on where it ended, over the borders of the pieces; that of a read that was called off
is gone on with by the next one for the same.

Nothing here waits or knows an actor.
"""

from __future__ import annotations

import re
from functools import lru_cache
from re import Pattern
from typing import Any, Final, TypeAlias

from .errors import ParseError, StreamEndedError, TooLongError

#: What is searched: these very bytes, or the first byte that a pattern of one byte matches.
Needle: TypeAlias = bytes | Pattern[bytes]

#: A piece that is shorter is merged with the next one; no separator may be longer.
SMALL: Final = 2048


class Buffer:
    """Unread bytes.

    _data, _at      what is read from, and how far it has been read
    _end            how many bytes that is
    _base           how many bytes of the stream stood before `_data`
    _pieces, _size  what has come behind `_data`, and how many bytes that is; while a read is
                    short, all that is unread
    _needle         what was last searched in the pieces, from the first one on
    _found          where it is, or -1
    _piece, _before, _place   where that search goes on: in which piece, how many bytes stand
                    before it, and from where in it; all zero where there are no pieces
    """

    __slots__ = (
        "_at", "_base", "_before", "_data", "_end", "_found", "_needle", "_piece", "_pieces",
        "_place", "_size",
    )  # fmt: skip

    def __init__(self) -> None:
        self._data = b""
        self._at = self._end = self._base = self._size = 0
        self._pieces: list[bytes] = []
        self._needle: Needle | None = None
        self._found = -1
        self._piece = self._before = self._place = 0

    @property
    def offset(self) -> int:
        """How many bytes of the stream have been read."""
        return self._base + self._at

    @property
    def unread(self) -> int:
        """How many bytes are there to be read."""
        return self._end - self._at + self._size

    def _put(self, data: bytes) -> None:
        """Add what has come."""
        pieces = self._pieces
        self._size += len(data)
        # A piece that is not the last has SMALL bytes, which the search relies on.
        if pieces and len(pieces[-1]) < SMALL:
            pieces[-1] += data
        else:
            pieces.append(data)

    def _gather(self, missed: Needle | None = None) -> None:
        """Make pieces of all that is unread, because a read is short.

        `missed`: what has been searched in vain in what was read from.
        """
        left = self._data[self._at :]
        self._base += self._at
        self._data = b""
        self._at = self._end = 0
        if not left:
            return
        pieces = self._pieces
        self._size += len(left)
        self._forget()
        self._needle = missed
        if missed is not None:
            self._place = max(0, len(left) - _overlap(missed))
        if pieces and len(left) < SMALL:
            pieces[0] = left + pieces[0]
        else:
            pieces.insert(0, left)

    def _find(self, needle: Needle) -> int:
        """Where in the pieces the needle begins first, or -1; goes on where it last ended."""
        if needle is not self._needle and needle != self._needle:
            self._forget()
            self._needle = needle
        if self._found >= 0:
            return self._found
        pieces = self._pieces
        keep = _overlap(needle)
        while self._piece < len(pieces):
            piece = pieces[self._piece]
            found = _first(piece, needle, self._place)
            if found >= 0:
                self._found = found = self._before + found
                return found
            if self._place < len(piece) - keep:
                self._place = len(piece) - keep
            if self._piece + 1 == len(pieces):
                break
            follower = pieces[self._piece + 1]
            if keep:
                border = piece[self._place :] + follower[:keep]
                found = _first(border, needle, 0)
                if found >= 0:
                    self._found = found = self._before + self._place + found
                    return found
                if len(follower) < keep:
                    break  # the border is searched again when there is more of it
            self._piece += 1
            self._before += len(piece)
            self._place = 0
        return -1

    def _forget(self) -> None:
        """What was searched is not there any more."""
        self._needle = None
        self._found = -1
        self._piece = self._before = self._place = 0

    def _rest(self) -> bytes:
        """All that is unread."""
        self._gather()
        return b"".join(self._pieces)

    # --- errors ---------------------------------------------------------------------------

    def _cut_off(self, awaited: str) -> StreamEndedError:
        """The error of a stream that ends in the midst of a read."""
        there = self.unread
        return StreamEndedError(
            self.offset + there, f"the stream ended where {awaited}; {there} more came"
        )

    def _not_found(self, needed: int, limit: int, what: str, why: str) -> ParseError:
        """The error of a search: less than it needed has come, or it was too far."""
        if self.unread < needed:
            return self._cut_off(f"{what} was to come")
        return TooLongError(self.offset + limit, why, limit)


def _overlap(needle: Needle) -> int:
    """How many bytes at the end of what was searched may be the beginning of a needle."""
    return len(needle) - 1 if isinstance(needle, bytes) else 0


def _first(piece: bytes, needle: Needle, start: int) -> int:
    if isinstance(needle, bytes):
        return piece.find(needle, start)
    found = needle.search(piece, start)
    return -1 if found is None else found.start()


def count_of(count: int) -> int:
    """A number of bytes that a read was given."""
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"a number of bytes is an int, not {count!r}")
    if count < 0:
        raise ValueError(f"a number of bytes is zero or more, not {count!r}")
    return count


def bytes_of(data: Any) -> bytes:
    """What was given instead of bytes, as bytes."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"a stream is fed and written with bytes, not {data!r}")
    return bytes(data)


@lru_cache(maxsize=256)
def other_than(chars: bytes) -> re.Pattern[bytes]:
    """What finds the first byte that is none of these."""
    if not isinstance(chars, bytes) or not chars:
        raise ValueError(f"read_while takes the bytes to read, such as b'0123', not {chars!r}")
    return re.compile(b"[^" + b"".join(b"\\x%02x" % char for char in chars) + b"]")
