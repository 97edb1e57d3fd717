"""The stream: bytes that an actor reads where it stands.

A read that finds its bytes takes them and goes on; one that is short is a wait like any other: it
has a state, mail is kept meanwhile, an `until` leaves it, an `on` is handled in it.  It is woken
once, when it has enough: whoever feeds the stream looks for what the read waits for.  What a read
returns, and the error that it raises, never depends on how the bytes were cut; `read_some` alone
does.  A read takes its bytes when it returns, so one that is left has taken none.

The quick way of a read asks nothing but the buffer.  A stream that is read by an actor with
listeners is a `WatchedStream`, whose every read is told: so no other one asks for listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any, Concatenate, Final, NoReturn, ParamSpec, TypeVar, cast

from greenlet import getcurrent

from .blocks import Name, outside, running
from .buffer import SMALL, Needle, bytes_of, count_of, other_than
from .dispatcher import next_one, resume
from .errors import IllegalCallError, TooLongError
from .events import Over, name_of
from .fiber import Fiber
from .jumps import become
from .mailbox import KEEPS, Enough, WatchedBox
from .misreading import no_read, no_switch
from .reports import note_wait, report_delivery
from .roles import playing
from .sending import other_threads
from .waiting import go_on_waiting, wait
from .writing import Writing

R = TypeVar("R")
P = ParamSpec("P")

#: The most bytes of a read that looks for an end, where nothing else is said.
LIMIT: Final = 65_536


class Stream(Writing):
    """Bytes in, read by an actor; bytes out, written by it.

    ```python
    def netstrings(stream: Stream) -> None:
        while not stream.at_eof():
            size = int(stream.read_until(b":", limit=9))
            emit(stream.read_exactly(size))
            stream.read_exactly(1)
    ```

    Whoever has the bytes calls `feed` and `feed_eof`, and takes what is to be sent by
    `data_to_send`; with `on_write`, that is called with all that is written instead.  `Parser` does
    it for one actor.  `at=` in a read is the name of the state, as in other waits.
    """

    __slots__ = (
        "_ended", "_enough", "_need", "_owner", "_reader", "_spare", "_told",
    )  # fmt: skip

    def __init__(self, on_write: Callable[[bytes], object] | None = None) -> None:
        super().__init__(on_write)
        #: Who waits in a read, the signal that it waits for, and how many bytes are enough.
        self._reader: Fiber | None = None
        self._enough: Enough | None = None
        self._need = 0
        #: A signal to be used again.
        self._spare: Enough | None = None
        #: Who has it among its streams.
        self._owner: Fiber | None = None
        self._ended = False
        self._told = False

    # --- reading --------------------------------------------------------------------------

    @playing("wait")
    def read_exactly(self, count: int, at: Name | None = None) -> bytes:
        """Read so many bytes.

        Raises `StreamEndedError` if the stream ends before.
        """
        start = self._at
        try:
            end = start + count
            if end <= self._end and count >= 0:
                data = self._data[start:end]
                getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
                self._at = end
                return data
        except TypeError:
            count_of(count)  # which tells what is wrong
            raise
        if count < 0 or count.__class__ is not int:
            count = count_of(count)
        self._wait(count, None, "read_exactly", at)
        if self._end < count:
            raise self._cut_off(f"{count} bytes were to come")
        self._at = count
        return self._data[:count]

    @playing("wait")
    def read_until(self, sep: bytes, limit: int = LIMIT, at: Name | None = None) -> bytes:
        """Read up to a separator, which is read too and is no part of the result.

        `limit`: the most bytes before the separator.  Raises `TooLongError` if it is not there,
        `StreamEndedError` if the stream ends before, `ValueError` for an empty separator.
        """
        data = self._data
        start = self._at
        try:
            end = data.find(sep, start, start + limit)
        except TypeError:  # told below
            end = -1
        if end >= 0 <= limit and sep:
            getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
            self._at = end + len(sep)
            return data[start:end]
        if not isinstance(sep, bytes) or not 0 < len(sep) <= SMALL:
            raise ValueError(f"a separator is 1 to {SMALL} bytes, such as b'\\r\\n', not {sep!r}")
        most = count_of(limit) + len(sep)
        if self._end - start > limit:  # the last places are not looked at yet
            getcurrent().entered = None  # type: ignore[attr-defined]
            end = data.find(sep, max(start, start + limit - len(sep) + 1), start + most)
        if end < 0 and self._end - start < most:
            start, end = 0, self._wait(most, sep, "read_until", at)
        if start <= end <= start + limit:
            self._at = end + len(sep)
            return self._data[start:end]
        raise self._not_found(most, limit, repr(sep), f"no {sep!r} within {limit} bytes")

    @playing("wait")
    def read_line(self, limit: int = LIMIT, at: Name | None = None) -> bytes:
        r"""Read a line, which ends in `\n` or `\r\n`; the end is no part of the result.

        `limit`: the most bytes of the line.  Raises `TooLongError` for a longer one, and
        `StreamEndedError` if the stream ends before.
        """
        data, start = self._data, self._at
        try:
            end = data.find(b"\n", start, most := start + limit + 2)
        except TypeError:
            count_of(limit)
            raise
        if end >= start:
            stop = end - 1 if end > start and data[end - 1] == 13 else end
            if stop - start <= limit:
                getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
                self._at = end + 1
                return data[start:stop]
        if self._end < most or limit < 0:
            end = self._wait(count_of(limit) + 2, b"\n", "read_line", at)
            if 0 <= end <= limit + 1:
                line = self._data[:end].removesuffix(b"\r")
                if len(line) <= limit:
                    self._at = end + 1
                    return line
        raise self._not_found(limit + 2, limit, "a line", f"a line of more than {limit} bytes")

    @playing("wait")
    def read_while(self, chars: bytes, limit: int = LIMIT, at: Name | None = None) -> bytes:
        """Read the bytes that are all among these, up to the first other one or the stream's end.

        For what has no end of its own: numbers, words, white space.  May read nothing.  `limit`:
        the most bytes.  Raises `TooLongError` if there are more.
        """
        other = other_than(chars)
        data, start = self._data, self._at
        try:
            found = other.search(data, start, start + limit + 1)
        except TypeError:
            count_of(limit)
            raise
        if found is not None:
            getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
            self._at = end = found.start()
            return data[start:end]
        if self._end - start <= limit or limit < 0:
            end = self._wait(count_of(limit) + 1, other, "read_while", at)
            if end < 0:
                end = self._end  # the stream has ended
            if end <= limit:
                self._at = end
                return self._data[:end]
        raise TooLongError(self.offset + limit, f"more than {limit} bytes of {chars!r}", limit)

    @playing("wait")
    def read_some(self, most: int | None = None, at: Name | None = None) -> bytes:
        """Read what is there, at most so many bytes; wait only if there is nothing.

        Returns `b""` when the stream has ended.  The only read whose result depends on the cuts.
        """
        start = self._at
        end = self._end
        if most is not None:
            if (most.__class__ is not int or most < 1) and not count_of(most):
                raise ValueError(f"read_some reads at least 1 byte, not {most!r}")
            if start + most < end:
                end = start + most
        if start < end:
            getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
            self._at = end
            return self._data[start:end]
        self._wait(1, None, "read_some", at)
        end = self._end
        if most is not None and most < end:
            end = most
        self._at = end
        return self._data[:end]

    @playing("wait")
    def peek(self, count: int, at: Name | None = None) -> bytes:
        """Look at the next so many bytes and leave them unread; at the stream's end, fewer."""
        start = self._at
        if count.__class__ is int and 0 <= count <= self._end - start:
            getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
            return self._data[start : start + count]
        self._wait(count_of(count), None, "peek", at)
        return self._data[:count]

    @playing("wait")
    def at_eof(self, at: Name | None = None) -> bool:
        """Wait for one more byte, which stays unread; whether the stream has ended instead."""
        if self._at < self._end:
            getcurrent().entered = None  # type: ignore[attr-defined]  # as in every wait
            return False
        self._wait(1, None, "at_eof", at)
        return not self._data

    @playing("become")
    def switch_protocol(
        self, fn: Callable[Concatenate[Stream, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> NoReturn:
        """Go on as `fn(stream, …)`, which reads from the next byte on: `become` for a stream.

        Raises `IllegalCallError` where another one, such as another region, is reading it.
        """
        me = running("switch_protocol")
        if self._reader is not None and self._reader is not me:
            raise no_switch(me, self._reader)
        become(fn, self, *args, **kwargs)

    # --- for whoever has the bytes ----------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Add bytes that have come; whoever reads goes on when the dispatcher runs.

        After `close` they are dropped.  Raises `IllegalCallError` after `feed_eof`, and in another
        thread than that of the dispatcher whose actor reads.
        """
        if self._ended:
            raise IllegalCallError("feed() after feed_eof(): this stream has ended")
        if type(data) is not bytes:
            data = bytes_of(data)
        if not data or self.closed:
            return
        enough = self._enough
        if enough is None:
            self._put(data)
            return
        if other_threads():
            self._check_thread("feed")
        needle = self._needle
        if self._pieces:
            self._put(data)
        else:
            self._pieces.append(data)
            self._size = len(data)
        if self._size < self._need and (needle is None or self._find(needle) < 0):
            return
        # As a time that is up does, see `Alarm.fire`.
        fiber: Any = self._reader
        self._enough = None
        if (
            fiber.own is enough and fiber.want is not None
            and not fiber.box and fiber.region is None
        ):  # fmt: skip
            fiber.want = None
            fiber.event = enough
            fiber.ready.append(fiber)
        else:
            fiber.signal(enough)

    def feed_eof(self) -> None:
        """Tell that no more bytes come; whoever reads goes on when the dispatcher runs."""
        if self._enough is not None:
            self._check_thread("feed_eof")
            self._reader.signal(self._enough)  # type: ignore[union-attr]  # somebody reads
            self._enough = None
        self._ended = True

    def _check_thread(self, call: str) -> None:
        home = self._reader.home  # type: ignore[union-attr]  # somebody reads
        if get_ident() != home.thread:
            raise home.wrong_thread(f"stream.{call}()")

    # --- waiting --------------------------------------------------------------------------

    def _wait(self, need: int, needle: Needle | None, called: str, at: Name | None) -> int:
        """Wait until so many bytes, or the needle, are there, or the stream has ended.

        Then all that is unread is in `_data`, from its beginning.  Returns where the needle is in
        it, or -1.
        """
        me: Any = getcurrent()
        if me.__class__ is not Fiber:
            raise outside(called)
        home = me.home
        if self._reader is not None or self.closed or home.asking is me or home.explored:
            raise no_read(me, self._reader, self.closed, called)
        if at is not None and (type(at) is not str or not at):
            name_of(at)  # raises here, and not where somebody asks for the state
        if self._at < self._end:
            self._gather(needle)
        else:
            self._base += self._end
            self._data = b""
            self._at = self._end = 0
        if self._owner is not me:
            self._owner = me
            me.streams = (*me.streams, self)
        watched = me.box.__class__ is WatchedBox
        if watched or self.__class__ is not Stream:
            self._watch(watched)
            self._told = True
        if self._ended or self._size >= need:
            is_there = True
        elif needle is None:
            is_there = False
            if self._needle is not None:
                self._forget()
        elif self._pieces:
            is_there = self._find(needle) >= 0
        else:
            is_there = False
            self._needle = needle
        if is_there:
            if watched:
                self._tell(me, called, at)
            me.entered = None
        else:
            self._need = need
            enough = self._spare = self._spare or Enough()
            enough.called = called
            self._enough = enough
            self._reader = me
            try:
                if me.box or me.region is not None:
                    self._spare = None
                    wait(me, None, None, None, at, called, own=enough)
                else:
                    me.at = at
                    me.called = called
                    me.kinds = ()
                    me.own = enough
                    me.entered = None
                    me.want = KEEPS
                    ready = me.ready
                    if ready or home.horizon >= 0:
                        resume(next_one(me))
                    else:
                        resume(home.hub)
                    if me.event is enough:
                        me.own = me.called = None
                    else:
                        self._spare = None  # it may be in the mailbox
                        go_on_waiting(me, None, None, None, enough)
            finally:
                self._reader = self._enough = None
        found = -1 if needle is None else self._find(needle)
        if self._needle is not None:
            self._forget()
        pieces = self._pieces
        if len(pieces) == 1:
            self._data = pieces.pop()
        else:
            self._data = b"".join(pieces)
            pieces.clear()
        self._end, self._size = self._size, 0
        return found

    def _watch(self, told: bool = True) -> None:
        """Tell of every read from now on, or of none."""
        cast(Any, self).__class__ = WatchedStream if told else Stream

    @staticmethod
    def _tell(me: Fiber, called: str, at: Name | None) -> None:
        """Tell of a read that found its bytes: a wait that was over at once."""
        me.at, me.called, me.kinds = at, called, ()
        note_wait(me)
        report_delivery(me, Over(called))
        me.called = None


class WatchedStream(Stream):
    """A stream that is read by an actor with listeners: each of its reads is told.

    So what they see does not depend on how the bytes were cut either.
    """

    __slots__ = ()

    def read_exactly(self, count: int, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("read_exactly", at, Stream.read_exactly, count)

    def read_until(self, sep: bytes, limit: int = LIMIT, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("read_until", at, Stream.read_until, sep, limit)

    def read_line(self, limit: int = LIMIT, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("read_line", at, Stream.read_line, limit)

    def read_while(self, chars: bytes, limit: int = LIMIT, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("read_while", at, Stream.read_while, chars, limit)

    def read_some(self, most: int | None = None, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("read_some", at, Stream.read_some, most)

    def peek(self, count: int, at: Name | None = None) -> bytes:
        """As in `Stream`, and told."""
        return self._seen("peek", at, Stream.peek, count)

    def at_eof(self, at: Name | None = None) -> bool:
        """As in `Stream`, and told."""
        return self._seen("at_eof", at, Stream.at_eof)

    def _seen(self, called: str, at: Name | None, read: Callable[..., R], *args: Any) -> R:
        """Read, and tell of it if it was over at once; if it was not, it has been told."""
        me = running(called)
        if me.box.__class__ is not WatchedBox:
            self._watch(False)  # nobody listens any more
            return read(self, *args, at)
        entered = me.entered
        self._told = False
        result = read(self, *args, at)
        if not self._told:
            me.entered = entered
            self._tell(me, called, at)
            me.entered = None
        return result
