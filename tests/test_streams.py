"""Streams: a read is a wait that takes its bytes when it has them, however they were cut."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from greenlet import greenlet
from hypothesis import example, given
from hypothesis import strategies as st

from flowlet import (
    Dispatcher,
    Event,
    ExploreError,
    IllegalCallError,
    ParseError,
    Parser,
    Stream,
    StreamEndedError,
    Timeout,
    TooLongError,
    become,
    emit,
    explore,
    flow,
    observe,
    on,
    parallel,
    receive,
    spawn,
    state,
    until,
)
from flowlet.introspect import static
from tests.cuts import same_however_cut
from tests.linear import SIZES, grows_linearly


class Hangup(Event): ...


class Question(Event): ...


def netstrings(stream: Stream) -> None:
    while not stream.at_eof():
        size = int(stream.read_until(b":", limit=3, at="length"))
        emit(stream.read_exactly(size, at="text"))
        if stream.read_exactly(1, at="comma") != b",":
            raise ParseError(stream.offset - 1, "no comma")


# -- reading -----------------------------------------------------------------------------------


def test_a_parser_gives_out_what_the_bytes_so_far_say() -> None:
    parser = Parser(netstrings)
    assert parser.feed(b"5:hel") == []
    assert parser.actor.state == ("text",)
    assert parser.feed(b"lo,0:,3:a") == [b"hello", b""]
    assert parser.feed(b"ll,") == [b"all"]
    assert parser.eof() == []
    assert not parser.actor.alive


NO_COMMA = ("ParseError", {"offset": 7, "reason": "no comma"})
NO_COLON = ("TooLongError", {"offset": 3, "reason": "no b':' within 3 bytes", "limit": 3})
NO_MORE = "the stream ended where {} to come; {} more came"
IN_LENGTH = ("StreamEndedError", {"offset": 3, "reason": NO_MORE.format("b':' was", 3)})
IN_TEXT = ("StreamEndedError", {"offset": 4, "reason": NO_MORE.format("3 bytes were", 2)})


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"5:hello,0:,", None),
        (b"5:hello!", NO_COMMA),
        (b"12345:", NO_COLON),
        (b"123", IN_LENGTH),
        (b"3:ab", IN_TEXT),
    ],
)
def test_limits_and_errors_do_not_depend_on_the_cuts(data: bytes, error: Any) -> None:
    """The values, the place of a mistake and its reason are those of the whole."""
    assert same_however_cut(netstrings, data).error == error


Step = tuple[str, Any, Any]
FEW = st.integers(0, 9)
SEPARATORS = st.sampled_from([b"a", b"ab", b"aab", b"\n"])
SETS = st.sampled_from([b"a", b"b\r", b"ab"])


def read(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), *arguments, *[st.none()] * (2 - len(arguments)))


STEPS = st.lists(
    read("read_exactly", FEW)
    | read("read_until", SEPARATORS, FEW)
    | read("read_line", FEW)
    | read("read_while", SETS, FEW)
    | read("peek", FEW)
    | read("at_eof"),
    max_size=12,
)


def steps_read(stream: Stream, steps: list[Step]) -> None:
    for name, *arguments in steps:
        emit((stream.offset, getattr(stream, name)(*(a for a in arguments if a is not None))))


def by_the_book(data: bytes, steps: list[Step]) -> tuple[list[Any], Any, int]:
    """The same reads, as the words of `Stream` say it, on bytes that are all there."""
    at = 0
    out: list[Any] = []
    got: object
    for name, first, second in steps:
        rest = data[at:]
        cut_off = ("StreamEndedError", len(data))
        match name:
            case "read_exactly":
                if len(rest) < first:
                    return out, cut_off, at
                got, used = rest[:first], first
            case "peek":
                got, used = rest[:first], 0
            case "at_eof":
                got, used = not rest, 0
            case "read_until":
                end = rest.find(first)
                if end > second or (end < 0 and len(rest) >= second + len(first)):
                    return out, ("TooLongError", at + second), at
                if end < 0:
                    return out, cut_off, at
                got, used = rest[:end], end + len(first)
            case "read_line":
                end = rest.find(b"\n")
                got = rest[: max(end, 0)].removesuffix(b"\r")
                if len(got) > first or (end < 0 and len(rest) >= first + 2):
                    return out, ("TooLongError", at + first), at
                if end < 0:
                    return out, cut_off, at
                used = end + 1
            case _:
                used = len(rest) - len(rest.lstrip(first))
                if used > second:
                    return out, ("TooLongError", at + second), at
                got = rest[:used]
        out.append((at, got))
        at += used
    return out, None, at


@given(st.text("ab\r\n", max_size=40), STEPS)
def test_reads_do_what_their_words_say(text: str, steps: list[Step]) -> None:
    data = text.encode()
    found = same_however_cut(partial(steps_read, steps=steps), data, count=4)
    error = found.error and (found.error[0], found.error[1]["offset"])
    assert (found.values, error) == by_the_book(data, steps)[:2]


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([b"\r\n\r\n", b"x", b"\r\r\n"]))
def test_a_separator_is_found_over_the_border_of_large_pieces(
    before: int, size: int, sep: bytes
) -> None:
    def reader(stream: Stream) -> None:
        emit(len(stream.read_until(sep, limit=10_000)))
        emit(stream.read_until(b"!", limit=3))

    parser = Parser(reader)
    data = b"\r" * before + sep + b"end!"
    found = []
    for start in range(0, len(data), size):
        found += parser.feed(data[start : start + size])
    assert found == [data.index(sep), data[data.index(sep) + len(sep) : -1]]


@pytest.mark.parametrize("ends", [(1, 2, 3), (1, 2), (2, 3), (1, 3), (1,), (2,), (3,), ()])
def test_a_separator_is_found_that_comes_byte_by_byte_behind_a_large_piece(
    ends: tuple[int, ...],
) -> None:
    sep = b"\r\n\r\n"
    parser = Parser(lambda stream: emit(len(stream.read_until(sep))))
    parts = [sep[a:b] for a, b in pairwise([0, *ends, 4])]
    parser.feed(b"x" * 3000 + parts[0])
    assert [value for part in parts[1:] for value in parser.feed(part)] == [3000] * bool(ends)


@pytest.mark.parametrize(("size", "piece"), SIZES)
@pytest.mark.parametrize("read", ["read_until", "read_line", "read_while"])
def test_whoever_goes_on_after_a_limit_pays_for_each_byte_once(
    read: str, size: int, piece: int
) -> None:
    """What is not within the limit is not searched beyond it, and nothing is copied for that."""

    def skipping(stream: Stream) -> None:
        while not stream.at_eof():
            try:
                if read == "read_line":
                    stream.read_line(100)
                else:
                    getattr(stream, read)(b"\r\n" if read == "read_until" else b"x", 100)
            except TooLongError:
                stream.read_exactly(100)

    def run(size: int) -> Any:
        def parse() -> None:
            parser = Parser(skipping)
            for _ in range(0, size, piece):
                parser.feed(b"x" * piece)

        return parse

    grows_linearly(run, size)


def test_read_some_takes_what_is_there() -> None:
    def taking(stream: Stream) -> None:
        while part := stream.read_some(4):
            emit(part)

    parser = Parser(taking)
    assert parser.feed(b"abcdef") == [b"abcd", b"ef"]
    assert parser.feed(b"g") == [b"g"]
    assert parser.eof() == []


def test_the_only_piece_is_handed_on_as_it_came() -> None:
    """What need not be copied is not: a piece of a body is the very object that was fed."""
    parser = Parser(lambda stream: emit(stream.read_some()))
    piece = b"x" * 100_000
    assert parser.feed(piece)[0] is piece


def test_reads_refuse_what_makes_no_sense() -> None:
    def raised(call: Callable[[Stream], object]) -> str:
        with pytest.raises((ValueError, TypeError, IllegalCallError)) as error:
            Parser(call)
        return str(error.value)

    assert "a separator is 1 to" in raised(lambda stream: stream.read_until(b""))
    assert "zero or more" in raised(lambda stream: stream.read_exactly(-1))
    assert "is an int" in raised(lambda stream: stream.peek(1.5))  # type: ignore[arg-type]
    assert "the bytes to read" in raised(lambda stream: stream.read_while(b""))
    assert "at least 1" in raised(lambda stream: stream.read_some(0))
    with pytest.raises(IllegalCallError, match="read_exactly was called outside an actor"):
        Stream().read_exactly(1)
    with pytest.raises(TypeError, match="with bytes"):
        Stream().feed("text")  # type: ignore[arg-type]


# -- the driver --------------------------------------------------------------------------------


def test_after_an_error_there_is_only_that_error() -> None:
    parser = Parser(netstrings)
    with pytest.raises(ParseError) as first:
        parser.feed(b"1:a,2:bc!")
    assert (first.value.offset, first.value.reason) == (8, "no comma")
    assert first.value.outputs == [b"a", b"bc"]
    for call in parser.eof, lambda: parser.feed(b"1:a,"), lambda: parser.send(Hangup()):
        with pytest.raises(ParseError) as later:
            call()
        assert (later.value.offset, later.value.reason, later.value.outputs) == (8, "no comma", [])
    assert first.value.outputs == [b"a", b"bc"]


def test_a_mistake_of_the_parser_itself_is_raised_too_and_for_ever() -> None:
    parser = Parser(lambda stream: int(stream.read_line()))
    with pytest.raises(ValueError, match="invalid literal") as first:
        parser.feed(b"one\n")
    with pytest.raises(ValueError, match="invalid literal") as later:
        parser.feed(b"2\n")
    assert later.value is first.value


def test_what_was_given_out_before_a_mistake_of_its_own_is_left() -> None:
    """No call returns it, so it is in `outputs`; with a `ParseError` it has gone with that."""

    def sums(stream: Stream) -> None:
        while True:
            emit(int(stream.read_line()))

    parser = Parser(sums)
    assert parser.feed(b"1\n") == [1]
    with pytest.raises(ValueError, match="invalid literal"):
        parser.feed(b"2\n3\nfour\n5\n")
    assert parser.outputs == [2, 3]
    with pytest.raises(ValueError, match="invalid literal"):
        parser.eof()
    assert parser.outputs == [2, 3]

    other = Parser(sums)
    other.feed(b"6\n7")
    with pytest.raises(ParseError) as error:
        other.eof()
    assert (error.value.outputs, other.outputs) == ([], [])


def test_a_parser_is_closed_at_the_end_of_a_with() -> None:
    """Its clean-up has run then, whatever the block has ended by."""
    cleaned = []

    def careful(stream: Stream) -> None:
        try:
            emit(stream.read_line())
            stream.read_line()
        finally:
            cleaned.append(stream.offset)

    with Parser(careful) as parser:
        assert parser.feed(b"all\n") == [b"all"]
        assert cleaned == []
    with pytest.raises(KeyError), Parser(careful):
        raise KeyError
    assert cleaned == [4, 0]
    assert not parser.actor.alive


@pytest.mark.parametrize("wrong", [None, 2.5, math.inf, "10", b"10"])
def test_what_is_no_number_of_bytes_is_told(wrong: Any) -> None:
    """Whatever has come, and by the same error."""
    reads: list[Callable[[Stream], object]] = [
        lambda stream: stream.read_exactly(wrong),
        lambda stream: stream.read_until(b"\n", wrong),
        lambda stream: stream.read_line(wrong),
        lambda stream: stream.read_while(b"a", wrong),
        lambda stream: stream.read_some(wrong),
        lambda stream: stream.peek(wrong),
    ]
    for read in reads[:4] + reads[5:] if wrong is None else reads:
        for data in b"", b"aaaa\n":
            parser = Parser(after_a_line, read)
            with pytest.raises(TypeError, match=r"a number of bytes is an int, not .*"):
                parser.feed(b"\n" + data)


def after_a_line(stream: Stream, read: Callable[[Stream], object]) -> None:
    stream.read_line()
    read(stream)


@pytest.mark.parametrize("wrong", ["\n", None, [b"\n"], b"", b"x" * 3000])
def test_what_is_no_separator_is_told(wrong: Any) -> None:
    for data in b"", b"aaaa\n":
        parser = Parser(after_a_line, lambda stream: stream.read_until(wrong))
        with pytest.raises(ValueError, match=r"a separator is 1 to 2048 bytes, such as b'\\r\\n'"):
            parser.feed(b"\n" + data)


def test_what_it_does_before_the_first_byte_is_not_lost() -> None:
    def greeting(stream: Stream) -> None:
        stream.write(b"220 ready\r\n")
        emit("greeted")
        raise ParseError(0, "closed for today")

    parser = Parser(greeting)
    assert parser.data_to_send() == b"220 ready\r\n"
    with pytest.raises(ParseError) as error:
        parser.feed(b"")
    assert error.value.outputs == ["greeted"]


def test_what_follows_is_for_whoever_speaks_next() -> None:
    """A parser that ends leaves the rest; another one begins with it."""

    def hello(stream: Stream) -> None:
        emit(stream.read_line())

    first = Parser(hello)
    assert first.feed(b"HELLO\r\n5:hello,3:a") == [b"HELLO"]
    assert first.feed(b"ll,") == []
    second = Parser(netstrings)
    assert second.feed(first.trailing) == [b"hello", b"all"]


def test_one_function_hands_the_stream_to_another() -> None:
    """`become` and `flow` with the same stream: no byte is between two chairs."""

    def handshake(stream: Stream) -> None:
        with state("handshake"):
            emit(stream.read_line())
            become(netstrings, stream)

    def session(stream: Stream) -> None:
        flow(handshake, stream)

    assert same_however_cut(session, b"HELLO\n2:ab,").values == [b"HELLO", b"ab"]


def test_a_parser_that_is_forgotten_leaves_nothing() -> None:
    """A parked greenlet and its dispatcher hold each other, so forgetting has to end it."""
    cleaned = []

    def careful(stream: Stream) -> None:
        try:
            stream.read_line()
        finally:
            cleaned.append(stream.offset)

    def alive() -> int:
        gc.collect()
        return sum(isinstance(thing, greenlet) for thing in gc.get_objects())

    for _ in range(40):  # as many as are kept for the next ones
        Parser(careful)
    before = alive()
    for _ in range(200):
        Parser(careful).feed(b"half a line")
    assert len(cleaned) == 240
    assert alive() <= before


def test_a_stream_is_fed_in_the_thread_of_its_reader() -> None:
    with Dispatcher() as d:
        stream = Stream()
        d.spawn(netstrings, stream)
        d.settle()
        raised: list[BaseException] = []

        def elsewhere() -> None:
            try:
                stream.feed(b"1:a,")
            except IllegalCallError as error:
                raised.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert "thread" in str(raised[0])
        assert stream.unread == 0


# -- beside other waits ------------------------------------------------------------------------


def test_a_read_that_is_left_has_taken_nothing() -> None:
    """A time that is up, and mail, leave the read; the next one begins with the same byte."""

    def patient(stream: Stream) -> None:
        for _ in range(3):
            with until(Hangup, after=5) as end:
                emit(stream.read_until(b"\r\n", limit=20))
            emit(end.event)

    with Dispatcher() as d:
        stream = Stream()
        reader = d.spawn(patient, stream)
        stream.feed(b"a slow")
        d.advance(5)
        stream.feed(b" line\r")
        reader.send(Hangup())
        d.settle()
        stream.feed(b"\nmore")
        d.settle()
        assert reader.take() == [Timeout(None, 5), Hangup(), b"a slow line", None]
        assert stream.unread == 4


HANGUP = b"hang up"
PIECES = st.lists(st.text("ab\r\n", min_size=1, max_size=6).map(str.encode) | st.just(HANGUP))


@given(PIECES, STEPS)
@example([b"aa\na", HANGUP], [("read_exactly", 5, None), ("read_line", 2, None)])
@example(
    [b"bbbb", HANGUP, b"b", b"ab"],
    [("read_until", b"ab", 9), ("read_exactly", 5, None), ("read_until", b"ab", 9)],
)
@example([b"ba", b"b"], [("read_exactly", 1, None), ("read_until", b"ab", 9)])
@example([b"ba\r\nbbb"], [("read_exactly", 1, None), ("read_line", 1, None)])
def test_whatever_is_left_is_there_for_the_next_read(
    pieces: list[bytes], steps: list[Step]
) -> None:
    """Each read as its words say it, on what was left by those before, also by those called off."""

    def impatient(stream: Stream) -> None:
        for step in steps:
            with until(Hangup):
                emit((stream.offset, None))
                steps_read(stream, [step])

    expected: list[Any] = []
    come, at, left = b"", 0, [*steps]
    if left:
        expected.append((0, None))
    for piece in [b"", *pieces]:
        come += b"" if piece is HANGUP else piece
        hangup = piece is HANGUP
        while left:
            got, error, used = by_the_book(come[at:], left[:1])
            if error is not None and error[0] == "TooLongError":
                left = []
                expected.append(("TooLongError", at + error[1]))
            elif error is None and not is_open(left[0], come[at:]):
                expected.append((at, got[0][1]))
                at += used
            elif not hangup:
                break
            else:
                hangup = False
            left = left[1:]
            if left:
                expected.append((at, None))
    parser = Parser(impatient)
    found: list[Any] = parser.feed(b"")
    try:
        for piece in pieces if steps else []:
            if parser.actor.alive:
                found += parser.send(Hangup()) if piece is HANGUP else parser.feed(piece)
    except TooLongError as error:
        found += [*error.outputs, ("TooLongError", error.offset)]
    parser.close()
    assert found == expected


def is_open(step: Step, rest: bytes) -> bool:
    """Whether a read that an end would end has to wait for more."""
    name, first, _ = step
    match name:
        case "peek":
            return len(rest) < int(first)
        case "at_eof":
            return not rest
        case "read_while":
            return not rest.lstrip(first)
    return False


def test_what_was_searched_is_not_searched_again_by_the_next_read() -> None:
    """The search of a read that was left goes on where it ended."""

    def impatient(stream: Stream) -> None:
        while True:
            with until(Hangup):
                emit(len(stream.read_until(b"\n", limit=10**6)))
                return

    with Dispatcher() as d:
        stream = Stream()
        reader = d.spawn(impatient, stream)
        stream.feed(b"x" * 50_000)
        for _ in range(3):
            d.settle()
            assert (stream._before, stream._place) == (0, 50_000)
            reader.send(Hangup())
        stream.feed(b"x" * 50_000 + b"\n")
        d.settle()
        assert reader.take() == [100_000]


def test_mail_is_kept_while_the_actor_reads_and_handlers_are_called() -> None:
    answered: list[Question] = []

    def busy(stream: Stream) -> None:
        with on(Question, answered.append):
            emit(stream.read_line(at="reading"))
            emit(receive(Hangup))

    with Dispatcher() as d:
        stream = Stream()
        reader = d.spawn(busy, stream)
        d.settle()
        reader.send(Hangup())
        reader.send(Question())
        d.settle()
        assert reader.state == ("reading",)
        assert reader.accepts == {Question}
        assert answered == [Question()]
        stream.feed(b"line\n")
        d.settle()
        assert reader.take() == [b"line", Hangup()]


def test_a_handler_that_waits_keeps_the_read_asleep() -> None:
    """Bytes that come meanwhile wake nobody; the read has them when the handler is done."""
    log: list[Any] = []

    def ask_back(_: Question) -> None:
        log.append(receive(Hangup))

    def busy(stream: Stream) -> None:
        with on(Question, ask_back):
            log.append(stream.read_line())

    with Dispatcher() as d:
        stream = Stream()
        reader = d.spawn(busy, stream)
        d.settle()
        reader.send(Question())
        d.settle()
        stream.feed(b"line\n")
        d.settle()
        assert log == []
        reader.send(Hangup())
        d.settle()
        assert log == [Hangup(), b"line"]


def test_an_actor_holds_several_streams() -> None:
    """A proxy: two regions, each reads one side and writes the other."""

    def proxy(client: Stream, server: Stream) -> None:
        def copy(source: Stream, target: Stream) -> None:
            while data := source.read_some():
                target.write(data)

        parallel(partial(copy, client, server), partial(copy, server, client))

    with Dispatcher() as d:
        client, server = Stream(), Stream()
        relay = d.spawn(proxy, client, server)
        d.settle()
        assert relay.state == ((("copy",), ("copy",)),)
        client.feed(b"ping")
        d.settle()
        server.feed(b"pong")
        client.feed_eof()
        d.settle()
        assert (server.data_to_send(), client.data_to_send()) == (b"ping", b"pong")
        assert relay.alive
        server.feed_eof()
        d.settle()
        assert not relay.alive


def test_a_stream_has_one_reader_at_a_time() -> None:
    def parent(stream: Stream) -> None:
        spawn(netstrings, stream, name="child")
        receive(Hangup, after=0)
        stream.read_line()

    with Dispatcher() as d:
        d.spawn(parent, Stream())
        with pytest.raises(IllegalCallError, match="'child' is reading already, in state"):
            d.run()


def test_writing_and_closing() -> None:
    sent: list[bytes] = []
    with Dispatcher() as d:
        stream = Stream(on_write=sent.append)

        def speaker() -> None:
            stream.write(b"bye")
            stream.close()
            stream.write(b"too late")

        d.spawn(speaker)
        with pytest.raises(IllegalCallError, match="closed"):
            d.settle()
    assert sent == [b"bye"]
    assert stream.closed
    stream.feed(b"dropped")
    assert stream.unread == 0
    stream.feed_eof()
    with pytest.raises(IllegalCallError, match="has ended"):
        stream.feed(b"x")


def test_stopping_a_reader_runs_its_clean_up() -> None:
    log = []

    def careful(stream: Stream) -> None:
        try:
            stream.read_exactly(3)
        finally:
            log.append(stream.offset)

    with Dispatcher() as d:
        stream = Stream()
        reader = d.spawn(careful, stream)
        stream.feed(b"ab")
        d.settle()
        stream.feed(b"c")  # it has enough, and is stopped before it goes on
        reader.stop()
        d.settle()
        assert log == [0]
        assert stream.unread == 3


# -- seen from outside -------------------------------------------------------------------------


def test_a_read_is_a_state_and_its_name_is_the_edge() -> None:
    """Where no `at=` says otherwise, it is called what it is; two of a kind are told apart."""

    def pairs(stream: Stream) -> None:
        while True:
            stream.read_until(b":")
            stream.read_exactly(1)
            stream.read_exactly(2)

    parser = Parser(pairs)
    states = [parser.actor.state]
    for data in b"key:", b"a":
        parser.feed(data)
        states.append(parser.actor.state)
    assert states == [
        ("pairs", "read_until"), ("pairs", "read_exactly"), ("pairs", "read_exactly#2"),
    ]  # fmt: skip


def test_what_is_seen_does_not_depend_on_the_cuts_and_the_source_says_the_same() -> None:
    def seen(pieces: list[bytes]) -> set[tuple[str, str, str]]:
        parser = Parser(netstrings)
        observation = observe(parser.dispatcher)
        for piece in pieces:
            parser.feed(piece)
        parser.eof()
        return observation.graph.triples()

    whole = b"5:hello,0:,"
    said = static(netstrings)
    assert seen([whole]) == seen([whole[i : i + 1] for i in range(len(whole))])
    assert seen([whole]) == {each for each in said.triples() if "error" not in each[2]}
    assert {each for each in said.triples() if "error" in each[2]} == {
        ("length", "read_until", "error: TooLongError"),
        ("length", "read_until", "error: StreamEndedError"),
        ("text", "read_exactly", "error: StreamEndedError"),
        ("comma", "read_exactly", "error: StreamEndedError"),
        ("comma", "read_exactly", "error: ParseError"),
    }
    assert said.notes == ()


def test_whoever_begins_to_watch_in_the_midst_misses_no_read() -> None:
    """Unread bytes that a quick read would take are told as well, from the next read on."""

    def lines(stream: Stream) -> None:
        stream.read_line(at="first")
        receive(Hangup, at="between")
        stream.read_line(at="second")
        stream.read_line(at="third")

    parser = Parser(lines)
    parser.feed(b"1\n2\n")
    observation = observe(parser.dispatcher)
    parser.send(Hangup())
    assert observation.graph.triples() == {
        ("between", "Hangup", "second"), ("second", "read_line", "third"),
    }  # fmt: skip
    parser.dispatcher.unlisten(observation)
    parser.feed(b"3\n")
    assert not parser.actor.alive


def test_the_last_state_does_not_depend_on_the_cuts() -> None:
    """A read that found its bytes is a wait too: the block before it is no final state."""

    def one(stream: Stream) -> None:
        with state("reading"):
            stream.read_line()

    ends = set()
    for pieces in [[b"line\n"], [b"li", b"ne\n"]]:
        parser = Parser(one)
        for piece in pieces:
            parser.feed(piece)
        ends.add(parser.actor.state)
    with Dispatcher() as d:
        stream = Stream()
        stream.feed(b"a\nb\n")

        def after_another_line() -> None:
            stream.read_line()
            one(stream)

        reader = d.spawn(after_another_line)
        d.settle()
        ends.add(reader.state)
    assert ends == {("end",)}


def test_a_read_cannot_be_explored_and_says_so() -> None:
    with pytest.raises(ExploreError, match=r"netstrings reads a stream, at_eof\(\)"):
        explore(partial(netstrings, Stream()))


def test_errors_are_kinds_of_parse_error() -> None:
    """One `except` is enough."""
    assert issubclass(TooLongError, ParseError)
    assert issubclass(StreamEndedError, ParseError)
