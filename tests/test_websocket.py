"""examples/protocols/websocket: RFC 6455, however the bytes were cut."""

from __future__ import annotations

import random
import secrets
from codecs import getincrementaldecoder
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.protocols.http1 import End, Request, Switch, requests
from examples.protocols.websocket import (
    Binary,
    Close,
    Ping,
    Pong,
    Text,
    WebSocketError,
    connection,
    messages,
)
from examples.protocols.websocket_frames import MANY, Message, frame, unmasked
from examples.protocols.websocket_handshake import REFUSED, accept_of, answer_to
from examples.sockets.websocket_echo import conversation
from flowlet import Dispatcher, Event, Parser, Stream, observe, receive, state
from flowlet.introspect import static
from tests.cuts import cuts, outcome, same_however_cut
from tests.linear import SIZES, parses_linearly

KEY = b"\x37\xfa\x21\x3d"
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")


def raw(first: int, payload: bytes = b"", mask: bytes = KEY) -> bytes:
    """A frame with any first byte, as a client sends it."""
    return bytes([first]) + frame(Binary(payload), mask)[1:]


# -- frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "role", "values"),
    [
        ("810548656c6c6f", "client", [Text("Hello")]),
        ("818537fa213d7f9f4d5158", "server", [Text("Hello")]),
        ("010348656c80026c6f", "client", [Text("Hello")]),
        ("890548656c6c6f", "client", [Ping(b"Hello")]),
        ("8a8537fa213d7f9f4d5158", "server", [Pong(b"Hello")]),
        ("827e0100" + "ab" * 256, "client", [Binary(b"\xab" * 256)]),
        ("827f0000000000010000" + "ab" * 65536, "client", [Binary(b"\xab" * 65536)]),
    ],
)
def test_the_examples_of_the_rfc(data: str, role: Any, values: list[Any]) -> None:
    """Section 5.7, in its order."""
    found = same_however_cut(messages, bytes.fromhex(data), count=10, role=role)
    assert (found.values, found.error) == (values, None)


SIZES_OF_FRAMES = [0, 1, 3, 124, 125, 126, 127, 65_535, 65_536]


@pytest.mark.parametrize("size", SIZES_OF_FRAMES)
@pytest.mark.parametrize("role", ["server", "client"])
def test_what_is_framed_is_read(size: int, role: Any) -> None:
    """Both forms of a length, and both sides of each border."""
    sent: list[Message] = [Text("é" * (size // 2) + "x" * (size % 2)), Binary(b"\x00" * size)]
    data = b"".join(frame(each, KEY if role == "server" else b"") for each in sent)
    whole = outcome(messages, [data], role=role)
    assert (whole.values, whole.error) == (sent, None)
    for pieces in (
        [data[:1], data[1:7], data[7:]],
        [data[i : i + 900] for i in range(0, len(data), 900)],
    ):
        assert outcome(messages, pieces, role=role) == whole


@given(
    st.binary(max_size=70) | st.integers(MANY - 5, MANY + 5).map(bytes),
    st.binary(min_size=4, max_size=4),
)
def test_a_mask_is_under_every_byte(data: bytes, mask: bytes) -> None:
    """The quick ways to unmask do what 5.3 says; twice is nothing."""
    by_the_book = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    assert unmasked(data, mask) == by_the_book
    assert unmasked(by_the_book, mask) == data


def test_control_frames_come_between_fragments() -> None:
    data = (
        raw(0x01, b"Hel") + raw(0x89, b"there?") + raw(0x00, b"") + raw(0x8A) + raw(0x80, b"lo")
        + raw(0x02, b"\xff") + raw(0x88, b"\x03\xe8bye")
    )  # fmt: skip
    found = same_however_cut(messages, data)
    assert found.values == [Ping(b"there?"), Pong(b""), Text("Hello"), Close(1000, "bye")]
    assert found.error is None


def test_a_character_may_be_cut_by_fragments() -> None:
    text = "κόσμε €"
    data = text.encode()
    frames = [
        raw(0x01, data[:1]),
        *(raw(0x00, data[i : i + 1]) for i in range(1, len(data))),
        raw(0x80),
    ]
    assert same_however_cut(messages, b"".join(frames)).values == [Text(text)]


def test_what_follows_a_close_is_not_read() -> None:
    found = same_however_cut(messages, raw(0x88) + HELLO)
    assert (found.values, found.trailing) == ([Close(1005, "")], HELLO)


def test_an_end_between_messages_is_no_mistake_of_the_bytes() -> None:
    """It is one of the conversation, which `connection` tells."""
    assert same_however_cut(messages, HELLO).error is None


PING = raw(0x89)
MISTAKES = {
    "a reserved bit": (PING + raw(0xC1, b"x"), 6, 1002),
    "another one": (raw(0x91, b"x"), 0, 1002),
    "a reserved bit of a control frame": (raw(0xB9), 0, 1002),
    "a reserved opcode": (raw(0x83), 0, 1002),
    "a reserved control opcode": (raw(0x8B), 0, 1002),
    "a Ping in parts": (raw(0x09), 0, 1002),
    "a long Ping": (raw(0x89, b"x" * 126), 1, 1002),
    "no mask": (PING + b"\x81\x01a", 7, 1002),
    "no mask and nothing in it": (b"\x81\x00", 1, 1002),
    "an unmasked long one": (b"\x82\x7e", 1, 1002),
    "16 bits for 125": (b"\x82\xfe\x00\x7d", 2, 1002),
    "63 bits for 65535": (b"\x82\xff" + (65535).to_bytes(8, "big"), 2, 1002),
    "64 bits": (b"\x82\xff" + (1 << 63).to_bytes(8, "big"), 2, 1002),
    "nothing to go on with": (PING + raw(0x80, b"x"), 6, 1002),
    "a message in another": (raw(0x01, b"x") + raw(0x81, b"y"), 7, 1002),
    "half a code": (raw(0x88, b"\x03"), 6, 1002),
    "a code that is not sent": (raw(0x88, b"\x03\xed"), 6, 1002),
    "a code that nobody has": (raw(0x88, b"\x03\xe7"), 6, 1002),
    "a code above all": (raw(0x88, b"\x13\x88"), 6, 1002),
    "a reason that is no UTF-8": (raw(0x88, b"\x03\xe8ab\xff"), 10, 1007),
    "no UTF-8": (raw(0x81, b"ab\xffcd"), 8, 1007),
    "no UTF-8 in the first part": (raw(0x01, b"\xc0\xaf") + raw(0x80), 6, 1007),
    "no UTF-8 over a border": (raw(0x01, b"\xe2\x82") + raw(0x80, b"x"), 14, 1007),
    "a surrogate": (raw(0x81, b"x\xed\xa0\x80"), 7, 1007),
    "a surrogate that is not whole": (raw(0x01, b"x\xed\xbf") + raw(0x89), 7, 1007),
    "a surrogate over a border": (raw(0x01, b"x\xed") + raw(0x80, b"\xa0"), 14, 1007),
    "half a character at the end": (raw(0x81, b"x\xe2\x82"), 7, 1007),
    "half a character at the very end": (raw(0x01, b"x") + raw(0x80, b"\xe2"), 13, 1007),
    "an end in a head": (b"\x81", 1, 1006),
    "an end in a length": (b"\x82\xfe\x01", 3, 1006),
    "an end in a mask": (HELLO[:5], 5, 1006),
    "an end in a text": (HELLO[:9], 9, 1006),
    "an end before a text": (HELLO[:6], 6, 1006),
    "an end in a Ping": (raw(0x89, b"abc")[:-1], 8, 1006),
    "an end between parts": (raw(0x01, b"abc"), 9, 1006),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_its_place_and_its_code(name: str) -> None:
    data, offset, code = MISTAKES[name]
    error = same_however_cut(messages, data, count=10).error
    assert error is not None
    assert (error[0], error[1]["offset"], error[1]["close_code"]) == (
        "WebSocketError",
        offset,
        code,
    )


def test_a_server_does_not_mask() -> None:
    error = same_however_cut(messages, HELLO, role="client").error
    assert error is not None
    assert (error[1]["offset"], error[1]["close_code"]) == (1, 1002)


@pytest.mark.parametrize(
    "code", [999, 1000, 1003, 1004, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000]
)
def test_only_some_codes_are_sent(code: int) -> None:
    """7.4: those that are defined for a frame, and those of libraries and applications."""
    error = same_however_cut(messages, raw(0x88, code.to_bytes(2, "big")), count=2).error
    assert (error is None) is (code in (1000, 1003, 1007, 1014, 3000, 4999))


def test_text_is_checked_as_it_comes() -> None:
    """The byte that is wrong is the last one needed, of a frame and of a message."""
    whole = raw(0x01, b"caf\xc3\xa9 \xff and so on")
    for size in range(6 + 6):
        Parser(messages).feed(whole[:size])
    with pytest.raises(WebSocketError) as error:
        Parser(messages).feed(whole[: 6 + 7])
    assert (error.value.offset, error.value.close_code) == (12, 1007)


@given(st.binary(max_size=3).map(lambda end: b"\xed" + end) | st.binary(max_size=4))
def test_text_is_refused_where_it_can_be_none_any_more(text: bytes) -> None:
    """A beginning of a text is taken if and only if some text begins so."""
    ends = [b"", b"\x80", b"\x80\x80", b"\x80\x80\x80", b"\x90\x80\x80", b"\xa0\x80", b"\xbf"]
    begins = any(is_text(text + end) for end in ends)
    if begins:
        assert Parser(messages).feed(raw(0x01, text)) == []
    else:
        with pytest.raises(WebSocketError):
            Parser(messages).feed(raw(0x01, text))


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("data", "limit", "offset"),
    [
        (raw(0x81, b"x" * 11), 10, 0),
        (raw(0x02, b"x" * 6) + raw(0x00, b"x" * 5), 10, 12),
        (raw(0x81, b"x" * 201)[:4], 200, 0),
        (b"\x82\xff" + (2**62).to_bytes(8, "big"), 1 << 20, 0),
    ],
)
def test_a_message_that_is_too_large_is_refused_by_its_head(
    data: bytes, limit: int, offset: int
) -> None:
    error = same_however_cut(messages, data, max_message=limit).error
    assert error is not None
    assert (error[1]["offset"], error[1]["close_code"]) == (offset, 1009)


def test_memory_is_bounded_by_the_limit() -> None:
    """Very many parts with nothing in them leave nothing; others leave their bytes."""
    parser = Parser(messages, max_message=1000)
    parser.feed(raw(0x01))
    for _ in range(2000):
        parser.feed(raw(0x00))
    assert parser.stream.unread == 0
    frames = [parser.feed(raw(0x00, b"x")) for _ in range(1000)]
    assert not any(frames)
    with pytest.raises(WebSocketError, match="more than 1000 bytes"):
        parser.feed(raw(0x00, b"x"))


def test_what_no_peer_takes_is_not_framed() -> None:
    for wrong in (
        Ping(b"x" * 126),
        Close(1000, "x" * 124),
        Close(1006),
        Close(999),
        Close(1005, "x"),
    ):
        with pytest.raises(ValueError, match="RFC 6455"):
            frame(wrong)


SHAPES = {
    "small texts": lambda n: raw(0x81, b"x") * (n // 7),
    "nothing": lambda n: raw(0x81) * (n // 6),
    "pings": lambda n: raw(0x89) * (n // 6),
    "parts of nothing": lambda n: raw(0x01) + raw(0x00) * (n // 6),
    "parts of a byte": lambda n: raw(0x01) + raw(0x00, b"x") * (n // 7) + raw(0x80),
    "cut characters": lambda n: raw(0x01) + (raw(0, b"\xe2") + raw(0, b"\x82\xac")) * (n // 15),
    "one text": lambda n: raw(0x81, b"\xc3\xa9" * (n // 2)),
    "one of bytes": lambda n: raw(0x82, bytes(n)),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "piece"), SIZES)
def test_time_is_linear_in_the_bytes(shape: str, size: int, piece: int) -> None:
    parses_linearly(messages, SHAPES[shape], size, piece, max_message=1 << 30)


# -- beside another one ------------------------------------------------------------------------


def of_websockets(data: bytes, limit: int) -> tuple[list[Any], int | None]:
    """What the sans-I/O protocol of `websockets` says: messages, and the code of a mistake.

    It leaves text to its user, so that is decoded here, frame by frame.
    """
    protocol = pytest.importorskip("websockets.protocol")
    frames = pytest.importorskip("websockets.frames")
    opcodes = frames.Opcode
    peer = protocol.Protocol(protocol.SERVER, state=protocol.State.OPEN, max_size=limit)
    peer.receive_data(data)
    values: list[Any] = []
    parts: list[bytes] = []
    decoder, kind = getincrementaldecoder("utf-8")(), None
    for each in peer.events_received():
        payload = bytes(each.data)
        if each.opcode is opcodes.CLOSE:
            close = frames.Close.parse(payload)
            values.append(Close(int(close.code), close.reason))
        elif each.opcode in (opcodes.PING, opcodes.PONG):
            values.append((Ping if each.opcode is opcodes.PING else Pong)(payload))
        else:
            kind = kind if each.opcode is opcodes.CONT else each.opcode
            parts.append(payload)
            if kind is opcodes.TEXT:
                try:
                    decoder.decode(payload, each.fin)
                except UnicodeDecodeError:
                    return values, 1007
            if each.fin:
                whole = b"".join(parts)
                values.append(Text(whole.decode()) if kind is opcodes.TEXT else Binary(whole))
                parts = []
    if peer.parser_exc is None:
        return values, None
    assert peer.close_sent is not None
    return values, int(peer.close_sent.code)


TEXTS = st.text("aé€\U0001f600", max_size=8).map(str.encode)
PAYLOADS = TEXTS | st.binary(max_size=20)
CLOSES = st.sampled_from([b"", b"\x03", b"\x03\xe8", b"\x03\xe9bye", b"\x03\xee", b"\x0f\xa0\xff"])
FRAMES = st.one_of(
    st.builds(raw, st.sampled_from([0x01, 0x02, 0x00, 0x80, 0x81, 0x82]), PAYLOADS),
    st.builds(raw, st.sampled_from([0x01, 0x00, 0x80, 0x81]), TEXTS),
    st.builds(raw, st.sampled_from([0x89, 0x8A]), st.binary(max_size=9)),
    st.builds(raw, st.sampled_from([0x88]), CLOSES),
    st.builds(raw, st.integers(0, 255), st.binary(max_size=3)),
    st.sampled_from([b"\x81\x01a", raw(0x82, bytes(130)), raw(0x89, bytes(126))]),
)


@given(st.lists(FRAMES, max_size=8), st.sampled_from([40, 200, 1 << 20]))
def test_it_takes_what_websockets_takes(frames: list[bytes], limit: int) -> None:
    """Message for message, and the code of the mistake.

    Only a Close between fragments is taken here (5.4: control frames may stand there) and not
    there.  Where a frame has two mistakes, one in its length, either may be named.
    """
    data = b"".join(frames)
    found = same_however_cut(messages, data, count=2, max_message=limit)
    expected, code = of_websockets(data, limit)
    ours = None if found.error is None else found.error[1]["close_code"]
    if found.values and isinstance(found.values[-1], Close) and code == 1002:
        assert found.values[:-1] == expected
        return
    assert found.values == expected
    if ours == 1006 and code is None:
        return  # the end came within a message: told there when the connection has ended
    assert ours == code or {ours, code} == {1002, 1009}


WORDS = FRAMES | st.binary(max_size=6) | FRAMES.map(lambda data: data[:3])


@given(st.lists(WORDS, max_size=8).map(b"".join))
def test_nothing_but_its_own_error_comes_out(data: bytes) -> None:
    same_however_cut(messages, data, count=3)


# -- the whole conversation --------------------------------------------------------------------


class Side:
    """One side of a conversation, and what it has heard so far."""

    def __init__(self, role: Any, **options: Any) -> None:
        self.parser = Parser(connection, role, **options)
        self.heard: list[Any] = []

    def say(self, message: Message) -> None:
        self.heard += self.parser.send(message)

    def hear(self, data: bytes) -> None:
        self.heard += self.parser.feed(data)

    def wait(self, seconds: float) -> None:
        self.parser.dispatcher.advance(seconds)
        self.hear(b"")

    @property
    def sent(self) -> bytes:
        return self.parser.data_to_send()

    @property
    def states(self) -> set[str]:
        """Where its regions are; or where it is, when it has none."""
        (state, *_) = self.parser.actor.state
        return {state} if isinstance(state, str) else {"/".join(path) for path in state}

    @property
    def closed(self) -> bool:
        return self.parser.stream.closed and not self.parser.actor.alive


@pytest.fixture
def server() -> Side:
    return Side("server")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Side:
    monkeypatch.setattr(secrets, "token_bytes", bytes)  # zeros: what is sent can be read
    return Side("client")


def masked(message: Message) -> bytes:
    return frame(message, KEY)


def test_a_ping_is_answered_while_messages_come_and_go(server: Side) -> None:
    server.hear(masked(Text("hello"))[:7])
    server.say(Text("welcome"))
    server.hear(masked(Text("hello"))[7:] + masked(Ping(b"7")) + masked(Binary(b"\x00")))
    assert server.heard == [Text("hello"), Binary(b"\x00")]
    assert server.sent == frame(Text("welcome")) + frame(Pong(b"7"))
    assert server.states == {"frame", "open"}


def test_the_peer_closes(server: Side) -> None:
    """The code comes back, and the server is the one that ends the connection."""
    server.hear(masked(Close(1001, "going")) + masked(Text("too late")))
    assert server.heard == [Close(1001, "going")]
    assert server.sent == frame(Close(1001, "going"))
    assert server.closed


def test_a_close_without_a_code_is_answered_by_one(server: Side) -> None:
    server.hear(masked(Close(1005)))
    assert (server.heard, server.sent) == ([Close(1005, "")], b"\x88\x00")


def test_this_side_closes_and_hears_what_was_under_way(server: Side) -> None:
    """Nothing more is said after a Close, not even a Pong; what the peer had said counts."""
    server.say(Close(1000, "done"))
    server.say(Text("more"))
    assert server.states == {"frame", "closing"}
    server.hear(masked(Text("wait")) + masked(Ping()) + masked(Close(1000, "done")))
    assert server.heard == [Text("wait"), Close(1000, "done")]
    assert server.sent == frame(Close(1000, "done"))
    assert server.closed


def test_a_peer_that_does_not_close_is_left_after_a_time(server: Side) -> None:
    server.say(Close())
    server.wait(9.9)
    assert not server.closed
    server.wait(0.1)
    assert server.heard == [Close(1006, "no Close came within 10 seconds")]
    assert server.closed


def test_a_client_waits_until_the_server_ends_the_connection(client: Side) -> None:
    """7.1.1; but not for ever."""
    client.hear(frame(Close(1000)))
    assert client.heard == [Close(1000, "")]
    assert client.sent == frame(Close(1000), bytes(4))
    assert client.states == {"closed"}
    client.wait(10)
    assert client.closed

    other = Side("client")
    other.hear(frame(Close(1000)))
    other.parser.eof()
    assert other.closed


def test_both_sides_close_at_the_same_time(server: Side, client: Side) -> None:
    server.say(Close(1000, "a"))
    client.say(Close(1001, "b"))
    to_client, to_server = server.sent, client.sent
    server.hear(to_server)
    client.hear(to_client)
    assert (server.heard, client.heard) == ([Close(1001, "b")], [Close(1000, "a")])
    assert (server.sent, client.sent) == (b"", b"")
    assert server.closed


def test_a_peer_is_asked_every_so_many_seconds() -> None:
    """However soon it answers."""
    side = Side("server", ping_every=20, pong_within=5)
    for _ in range(3):
        side.wait(20 - 5 * (side.heard != []))
        assert (side.sent, side.states) == (frame(Ping()), {"frame", "asked"})
        side.hear(masked(Text("here")))
        side.wait(5)
        assert (side.sent, side.states) == (b"", {"frame", "open"})
    assert not side.closed


def test_a_silent_peer_is_asked_and_then_left(server: Side) -> None:
    """Asked after 20 seconds, left after 20 more: any byte is a sign of life."""
    server.wait(20)
    assert server.sent == frame(Ping())
    server.hear(masked(Binary(bytes(1000)))[:10])  # not a Pong yet, but it will come behind this
    server.wait(20)
    assert (server.sent, server.closed) == (frame(Ping()), False)
    server.wait(20)
    assert server.heard == [Close(1006, "no sign of life within 20 seconds")]
    assert server.sent == frame(Close(1011, "no sign of life within 20 seconds"))
    assert server.closed


def test_a_peer_may_have_longer_to_answer_than_until_it_is_asked_again() -> None:
    """Then it is asked again when that time has passed."""
    side = Side("server", ping_every=5, pong_within=60)
    side.wait(5)
    assert side.sent == frame(Ping())
    side.hear(masked(Pong()))
    side.wait(59)
    assert side.sent == b""
    side.wait(1)
    assert (side.sent, side.closed) == (frame(Ping()), False)


@pytest.mark.parametrize(
    "message", [Close(1000, "x" * 130), Close(1006), Ping(b"x" * 126), Text("\ud800")]
)
def test_what_cannot_be_said_is_raised_and_the_peer_is_told(server: Side, message: Message) -> None:
    """RFC 6455, 7.4.1: 1011 is for what this side did not expect."""
    with pytest.raises(ValueError, match=r"at most 125 bytes|no code to send|surrogates"):
        server.say(message)
    assert (server.sent, server.parser.stream.closed) == (frame(Close(1011)), True)


def test_a_pong_that_nobody_has_asked_for_can_be_said(server: Side) -> None:
    """RFC 6455, 5.5.3: as a sign of life."""
    server.say(Pong(b"here"))
    assert server.sent == frame(Pong(b"here"))


@pytest.mark.parametrize("fn", [messages, connection])
def test_there_are_two_roles(fn: Any) -> None:
    with pytest.raises(ValueError, match="'server' or 'client', that of this side, not 'Server'"):
        Parser(fn, role="Server")


class Room(Event): ...


class Stuck:
    """A conversation with a peer that takes nothing: every write waits."""

    def __init__(self, close_within: float = 10) -> None:
        self.sent: list[bytes] = []
        self.heard: list[Any] = []
        self.dispatcher = Dispatcher()
        self.stream = Stream(on_write=self.write)
        conversation = partial(connection, close_within=close_within)
        self.actor = self.dispatcher.spawn(conversation, self.stream, on_output=self.heard.append)
        self.dispatcher.settle()

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        receive(Room, at="write")

    def hear(self, data: bytes) -> None:
        self.stream.feed(data)
        self.dispatcher.settle()

    def say(self, message: Message) -> None:
        self.actor.send(message)
        self.dispatcher.settle()


def test_a_peer_that_takes_nothing_is_found_dead() -> None:
    """Though everything that is said waits: the Ping, then the Close, and before them a Text."""
    peer = Stuck()
    peer.say(Text("anybody?"))
    peer.hear(masked(Ping()))
    peer.dispatcher.advance(20)
    assert peer.sent == [frame(Text("anybody?")), frame(Pong()), frame(Ping())]
    peer.dispatcher.advance(20)
    assert peer.sent[3:] == [frame(Close(1011, "no sign of life within 20 seconds"))]
    assert peer.actor.alive
    peer.dispatcher.advance(10)
    assert peer.heard == [Close(1006, "no sign of life within 20 seconds")]
    assert (peer.actor.alive, peer.stream.closed) == (False, True)


@pytest.mark.parametrize("heard", [masked(Close(4000)), b"\xff\xff"])
def test_the_last_word_to_a_peer_that_takes_nothing_has_its_time(heard: bytes) -> None:
    """It closes, or makes a mistake: the answer waits for so long, and the connection ends."""
    peer = Stuck(close_within=3)
    peer.hear(heard)
    assert (len(peer.sent), peer.stream.closed) == (1, False)
    with suppress(WebSocketError):
        peer.dispatcher.advance(3)
    assert (len(peer.sent), peer.actor.alive, peer.stream.closed) == (1, False, True)


def test_a_close_that_is_not_taken_is_waited_for_in_vain() -> None:
    """Once, and nothing is said behind it."""
    peer = Stuck(close_within=3)
    peer.say(Close(1000))
    peer.dispatcher.advance(3)
    peer.hear(masked(Ping()))
    peer.dispatcher.advance(3)
    assert peer.sent == [frame(Close(1000))]
    assert peer.heard == [Close(1006, "no Close came within 3 seconds")]
    assert not peer.actor.alive


def test_bytes_that_nobody_has_read_yet_are_a_sign_of_life(server: Side) -> None:
    """A frame that is not whole waits unread; one that stays so is none."""
    slow = masked(Ping(b"x" * 100))
    server.hear(slow[:50])
    server.wait(20)
    server.hear(slow[50:60])
    server.wait(19)
    assert server.states == {"control", "asked"}
    server.wait(1)
    assert (server.sent, server.closed) == (frame(Ping()) * 2, False)
    server.wait(20)
    assert server.closed


def test_who_is_asked_can_still_be_talked_to(server: Side) -> None:
    server.wait(20)
    server.say(Text("are you there?"))
    server.say(Close(1000))
    assert server.sent == frame(Ping()) + frame(Text("are you there?")) + frame(Close(1000))
    assert server.states == {"frame", "closing"}


def test_a_mistake_is_answered_by_its_code_and_raised(server: Side) -> None:
    with pytest.raises(WebSocketError) as error:
        server.hear(masked(Text("fine")) + raw(0x01, b"\xff"))
    assert (error.value.close_code, error.value.outputs) == (1007, [Text("fine")])
    assert server.sent == frame(Close(1007, "no UTF-8 (8.1)"))
    assert server.parser.stream.closed
    with pytest.raises(WebSocketError):
        server.hear(b"")


def test_a_connection_that_breaks_off_is_told(server: Side) -> None:
    """1006, which stands in no frame: there is nobody left to say it to."""
    server.heard += server.parser.eof()
    assert server.heard == [Close(1006, "the connection ended without a Close")]
    assert (server.sent, server.closed) == (b"", True)

    other = Side("server")
    other.hear(HELLO[:8])
    assert other.parser.eof() == [Close(1006, "the connection ended within a message")]
    assert (other.sent, other.closed) == (b"", True)


def test_what_a_server_and_a_client_of_it_say_to_each_other(server: Side, client: Side) -> None:
    """Random words, cut anywhere: each hears what the other has said, in order."""
    chance = random.Random(6455)
    said: dict[Side, list[Message]] = {server: [], client: []}
    for _ in range(200):
        speaker, listener = chance.choice([(server, client), (client, server)])
        size = chance.choice([0, 1, 125, 126, 300])
        message: Message = Text("é" * size) if size % 2 else Binary(chance.randbytes(size))
        speaker.say(message)
        said[speaker].append(message)
        data = speaker.sent
        at = chance.randint(0, len(data))
        listener.hear(data[:at])
        listener.hear(data[at:])
        assert speaker.sent == b""
    assert (client.heard, server.heard) == (said[server], said[client])


def test_a_client_masks_with_what_nobody_can_guess() -> None:
    """5.3: with other bytes each time."""
    parser = Parser(connection, "client")
    masks = set()
    for _ in range(20):
        parser.send(Text("x"))
        masks.add(parser.data_to_send()[2:6])
    assert len(masks) == 20
    parser.close()


# -- before it ---------------------------------------------------------------------------------


def asked(**changes: bytes | None) -> Request:
    """The handshake of section 1.3, with some fields as given."""
    fields = {
        "Host": b"server.example.com",
        "Upgrade": b"websocket",
        "Connection": b"keep-alive, Upgrade",
        "Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": b"13",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    headers = [(name.encode(), value) for name, value in fields.items() if value is not None]
    return Request(b"GET", b"/chat", b"1.1", headers)


def test_a_handshake_is_answered() -> None:
    assert accept_of(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    answer = answer_to(asked())
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": b"h2c"}, b"400"),
        ({"Connection": b"keep-alive"}, b"400"),
        ({"Sec_WebSocket_Key": b"dGhl"}, b"400"),
        ({"Sec_WebSocket_Key": b"dGhlIHNhbXBsZSBub25jZQ=!"}, b"400"),
        ({"Sec_WebSocket_Version": b"8"}, b"426"),
        ({"Host": None}, b"400"),
        ({"host": b"another.example"}, b"400"),
        ({"Host": b"a b"}, b"400"),
        ({"Content_Length": b"5"}, b"400"),
        ({"Content_Length": b"x"}, b"400"),
        ({"Content_Length": b"0", "content_length": b"0"}, b"400"),
        ({"Transfer_Encoding": b"chunked"}, b"400"),
    ],
)
def test_a_handshake_that_is_none_is_refused(changes: Any, status: bytes) -> None:
    assert answer_to(asked(**changes)).startswith(b"HTTP/1.1 " + status)
    assert answer_to(asked()._replace(method=b"POST")).startswith(b"HTTP/1.1 400")
    assert answer_to(asked(Content_Length=b"0")).startswith(b"HTTP/1.1 101 ")


def test_a_body_is_no_conversation() -> None:
    """What a client has put into a request, for another one, is not taken for its frames."""
    head = b"".join(name + b": " + value + b"\r\n" for name, value in asked().headers)
    parser = Parser(conversation)
    body = masked(Text("smuggled"))
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert parser.feed(b"GET /chat HTTP/1.1\r\n" + head + length + body) == []
    assert parser.data_to_send() == REFUSED
    assert not parser.actor.alive


def site(stream: Stream) -> None:
    """Requests, and a conversation where one of them was switched on."""
    with state("http"):
        if requests(stream):
            stream.switch_protocol(connection, max_message=100)


@pytest.mark.parametrize("piece", range(1, 40))
def test_one_parser_reads_both_protocols_however_cut(piece: int) -> None:
    """Requests before the one that switches, and frames behind it in the same packet."""
    head = b"".join(name + b": " + value + b"\r\n" for name, value in asked().headers)
    upgrade = b"GET /chat HTTP/1.1\r\n" + head + b"\r\n"
    said = [HELLO, masked(Binary(b"")), masked(Ping()), masked(Close())]
    data = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade + b"".join(said)
    parser = Parser(site)
    heard: list[Any] = []
    for place in range(0, len(data), piece):
        heard += parser.feed(data[place : place + piece])
        if Switch in parser.actor.accepts:
            heard += parser.send(Switch())
    assert [type(each).__name__ for each in heard] == (
        ["Request", "End", "Request", "End", "Text", "Binary", "Close"]
    )
    assert parser.data_to_send() == frame(Pong()) + frame(Close())
    assert (parser.actor.alive, parser.trailing) == (False, b"")


@pytest.mark.slow
def test_both_protocols_are_in_the_source() -> None:
    """Read from one to the other, to the end."""
    read = static(site)
    assert read.complete
    assert any(
        (source, event) == ("http/another protocol?", "Switch") and target.startswith("frame | ")
        for source, event, target in read.triples()
    )


@pytest.mark.parametrize("why", [b"", b"Connection: close\r\n"])
def test_nobody_speaks_a_protocol_that_nobody_asked_for(why: bytes) -> None:
    """A connection that ends, or is to end, has been one of HTTP to its end."""
    parser = Parser(site)
    head, end = parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\n" + why + b"\r\n")
    assert (type(head), type(end)) == (Request, End)
    assert (parser.eof(), parser.actor.alive) == ([], False)


def test_http_hands_its_stream_to_websocket() -> None:
    """No byte is between two chairs: the first frame may come right behind the request."""
    head = b"".join(name + b": " + value + b"\r\n" for name, value in asked().headers)
    parser = Parser(site)
    request, _ = parser.feed(b"GET /chat HTTP/1.1\r\n" + head + b"\r\n" + HELLO + masked(Ping()))
    parser.stream.write(answer_to(request))
    assert parser.send(Switch()) == [Text("Hello")]
    assert parser.data_to_send() == answer_to(asked()) + frame(Pong())
    parser.close()


# -- its picture -------------------------------------------------------------------------------


def seen_of(pieces: list[bytes]) -> set[Any]:
    parser = Parser(messages)
    observation = observe(parser.dispatcher)
    for piece in pieces:
        parser.feed(piece)
    return set(observation.graph.triples())


def test_what_was_seen_is_in_the_source() -> None:
    said = static(messages).triples()
    fine = (
        HELLO + raw(0x82, bytes(200)) + raw(0x01, b"a") + PING + raw(0x80) + raw(0x82, bytes(9))
        + raw(0x88)
    )  # fmt: skip
    for data in fine, HELLO * 3:
        for pieces in [data], *list(cuts(data[:400], 2)):
            assert seen_of(pieces) <= said
