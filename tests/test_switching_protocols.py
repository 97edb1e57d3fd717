"""`stream.switch_protocol`: one function hands the bytes over to another, and goes on as that."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from flowlet import (
    Event,
    IllegalCallError,
    Parser,
    Stream,
    emit,
    flow,
    observe,
    on,
    parallel,
    receive,
    state,
    until,
)
from flowlet.introspect import static
from tests.cuts import same_however_cut


class Upgrade(Event): ...


class Stop(Event): ...


def lines(stream: Stream) -> None:
    """Lines up to one that says how many bytes the frames have."""
    with state("lines"), until(Stop):
        while not (line := stream.read_line()).startswith(b"frames "):
            emit(line)
        stream.switch_protocol(frames, int(line[7:]), end=b"back")


def frames(stream: Stream, size: int, *, end: bytes) -> None:
    with state("frames"):
        while (frame := stream.read_exactly(size)) != end:
            emit(frame)
        stream.switch_protocol(lines)


def test_what_follows_is_read_by_the_other() -> None:
    """From the next byte on, in both directions; the arguments go with the stream."""
    found = same_however_cut(lines, b"a\nframes 4\nframbackb\nframes 4\nxxxxba")
    assert found.values == [b"a", b"fram", b"b", b"xxxx"]
    assert found.error is not None  # in the midst of a frame
    assert found.error[1]["offset"] == 36


def test_what_was_open_is_left_and_cleaned_up() -> None:
    """As by `become`: the state, the `until`; the clean-up runs before the other begins."""
    told: list[object] = []

    def first(stream: Stream) -> None:
        try:
            with state("first"), until(Stop):
                stream.read_exactly(1)
                stream.switch_protocol(second)
        finally:
            told.append("left")

    def second(stream: Stream) -> None:
        told.append("begun")
        with state("second"):
            emit(stream.read_line())

    parser = Parser(first)
    assert (parser.actor.state, parser.actor.accepts) == (("first",), {Stop})
    parser.feed(b"-")
    assert told == ["left", "begun"]
    assert (parser.actor.state, parser.actor.accepts) == (("second",), set())
    assert parser.feed(b"all\n") == [b"all"]


def test_the_stack_does_not_grow() -> None:
    """However often the protocols take turns."""
    times = 3 * sys.getrecursionlimit()
    parser = Parser(lines)
    assert parser.feed(b"frames 4\nback" * times) == []
    assert parser.feed(b"still here\n") == [b"still here"]


def test_inside_a_flow_the_caller_goes_on() -> None:
    """The nearest `flow` ends when the other protocol does."""

    def greeting(stream: Stream) -> None:
        stream.read_exactly(1)
        stream.switch_protocol(Stream.read_line)

    def session(stream: Stream) -> None:
        emit(flow(greeting, stream))
        emit(stream.read_exactly(2))

    assert same_however_cut(session, b"+hello\nok").values == [b"hello", b"ok"]


def test_a_handler_switches_what_is_just_being_read() -> None:
    """The read that it interrupts is left, and has taken nothing."""

    def first(stream: Stream) -> None:
        with state("first"), on(Upgrade, lambda _: stream.switch_protocol(second)):
            stream.read_line()

    def second(stream: Stream) -> None:
        emit(stream.read_exactly(6))

    parser = Parser(first)
    parser.feed(b"half a")
    assert parser.send(Upgrade()) == [b"half a"]


def test_nobody_takes_the_stream_from_another_one() -> None:
    """Who reads it would go on with it: the error says where."""

    def session(stream: Stream) -> None:
        def hears() -> None:
            stream.read_line(at="listening")

        def talks() -> None:
            receive(Upgrade, at="open")
            stream.switch_protocol(lines)

        parallel(hears, talks)

    parser = Parser(session)
    with pytest.raises(IllegalCallError, match=r"switch_protocol\(\) in state .*listening.* first"):
        parser.send(Upgrade())


def test_only_an_actor_switches() -> None:
    with pytest.raises(IllegalCallError, match="switch_protocol"):
        Stream().switch_protocol(lines)


def test_what_is_handed_the_stream_is_a_plain_function() -> None:
    def wrong(stream: Stream) -> None:
        stream.switch_protocol("lines")  # type: ignore[arg-type]  # what is tested

    with pytest.raises(TypeError, match="a function and its arguments"):
        Parser(wrong)


def test_the_source_tells_of_both_protocols() -> None:
    """A reader of the source follows the stream; what is seen is in it, under the same names."""
    parser = Parser(helped)
    observation = observe(parser.dispatcher)
    for byte in b"-a\nframes 4\nxxxxback":
        parser.feed(bytes([byte]))
    read = static(helped)
    assert (read.complete, read.notes) == (True, ())
    assert observation.graph.triples() <= read.triples()
    assert {
        ("helped", "read_exactly", "lines"),
        ("lines", "read_line", "frames"),
        ("frames", "read_exactly", "lines"),
    } <= observation.graph.triples()


def helped(*streams: Stream) -> None:
    """The switch may stand in a helper, and nothing say that this is a stream."""
    hand_over(streams[0])  # type: ignore[no-untyped-call]  # as above


def hand_over(connection):  # type: ignore[no-untyped-def]  # nothing says what it is
    if connection.read_exactly(1):
        connection.switch_protocol(lines)


def test_waits_after_a_switch_are_told_apart() -> None:
    """Two of a kind in one block: a number tells which, running and in the source."""

    def first(stream: Stream) -> None:
        stream.read_exactly(1)
        stream.switch_protocol(second, Stream.read_line)

    def second(stream: Stream, read: Callable[[Stream], bytes]) -> None:
        with state("second"):
            read(stream)
            read(stream)

    parser = Parser(first)
    states = [parser.actor.state]
    for data in b"-", b"\n":
        parser.feed(data)
        states.append(parser.actor.state)
    assert states[1:] == [("second", "read_line"), ("second", "read_line#2")]
    assert {"second/read_line", "second/read_line#2"} <= {s.name for s in static(first).states}
