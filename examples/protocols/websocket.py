"""WebSocket: RFC 6455, after the handshake, for a server and for a client.

`messages` emits what the peer says, as it says it: `Text`, `Binary`, `Ping`, `Pong`, and at last
`Close`.  Fragments are put together.  Text is checked as it comes: a byte that is no UTF-8 is an
error at once, and not at the end of the message.

`connection` is the whole conversation.  It says what it is sent: `Text`, `Binary`, `Ping`, `Pong`,
`Close`.  It emits what it hears, at last a `Close` that tells how it ended.  Pings are answered,
the peer is asked for signs of life, and both sides have a time to close in.
"""

from __future__ import annotations

import secrets
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Final, Literal, get_args

from examples.protocols.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LAST,
    MOST_CONTROL,
    NO_CLOSE,
    PING,
    PONG,
    SHORT,
    TEXT,
    TOO_LARGE,
    UNEXPECTED,
    Binary,
    Close,
    Message,
    Ping,
    Pong,
    Row,
    Text,
    WebSocketError,
    control,
    frame,
    no_utf8,
    shortened,
    unmasked,
)
from flowlet import Delay, Stream, StreamEndedError, emit, race, receive, state, until

__all__ = [
    "Binary", "Close", "Ping", "Pong", "Role", "Text", "WebSocketError", "connection", "messages",
]  # fmt: skip

#: Which side this is: it reads what the other one sends.
Role = Literal["server", "client"]
ROLES: Final = get_args(Role)
LIMIT: Final = 1 << 20
#: The first bytes that a frame may have: no bit is reserved for what was agreed on, no opcode is
#: reserved, and control frames are not fragmented (5.2, 5.4).
FIRST: Final = {
    *(CONTINUATION, TEXT, BINARY),
    *(LAST | opcode for opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)),
}
NONE: Final[dict[bytes, Row]] = {}
UTF8: Final = getincrementaldecoder("utf-8")
from_bytes: Final = int.from_bytes
new: Final = tuple.__new__


def messages(stream: Stream, *, role: Role = "server", max_message: int = LIMIT) -> None:
    """Read messages up to the peer's Close, or the end of the connection.

    `role` is that of this side.  `max_message` bytes of a message, however many its fragments.
    """
    close = incoming(stream, role, max_message, emit)
    if close is not None:
        emit(close)


def incoming(
    stream: Stream, role: Role, max_message: int, tell: Callable[[Message], object]
) -> Close | None:
    """RFC 6455, 5.4 and 5.5: one message, or control frame, after the other, up to a Close."""
    masked = is_masked(role)
    known_of = (SHORT[masked] if max_message >= MOST_CONTROL else NONE).get
    begun = Fragments()
    try:
        while True:
            try:
                head = stream.read_exactly(2, "frame")
            except StreamEndedError:
                if begun.opcode or stream.unread:
                    raise
                return None
            data = b""
            known = known_of(head)
            if known and not begun.opcode:  # what nearly every frame is, written out
                follow, size, behind, repeated, over = known
                data = stream.read_some(follow, "payload")
                if len(data) == follow:
                    if masked:
                        # The mask is under itself, and zeros are no beginning of a number.
                        number = from_bytes(data)
                        data = (number ^ (number >> behind) * repeated >> over).to_bytes(size)
                    try:
                        text = data.decode()
                    except UnicodeDecodeError as error:
                        raise no_utf8(stream.offset - len(data) + error.start) from None
                    tell(new(Text, (text,)))  # `Text(text)`, in two thirds of the time
                    continue
            message = read_frame(stream, head, data, masked, begun, max_message)
            if isinstance(message, Close):
                return message
            if message is not None:
                tell(message)
    except StreamEndedError as error:
        reason = "the connection ended within a message"
        raise WebSocketError(error.offset, reason, NO_CLOSE) from None


def is_masked(role: Role) -> bool:
    """RFC 6455, 5.1: whether what this side hears is masked; a client masks, a server does not."""
    if role not in ROLES:
        raise ValueError(f"role is 'server' or 'client', that of this side, not {role!r}")
    return role == "server"


def read_frame(
    stream: Stream, head: bytes, data: bytes, masked: bool, begun: Fragments, max_message: int
) -> Message | None:
    """RFC 6455, 5.2: a frame, of which so much has been read; what is complete with it."""
    start = stream.offset - len(data) - len(head)
    first, second = head
    if first not in FIRST:
        raise WebSocketError(start, f"a frame that begins with 0x{first:02x} (5.2)")
    opcode = first & 0x0F
    if (second >= 0x80) is not masked:
        wrong = "a frame of a client without a mask" if masked else "a frame of a server with one"
        raise WebSocketError(start + 1, f"{wrong} (5.1)")
    length = second & 0x7F
    if opcode >= CLOSE:
        if length > MOST_CONTROL:
            raise WebSocketError(start + 1, "a control frame of more than 125 bytes (5.5)")
        mask = stream.read_exactly(4, "mask") if masked else b""
        payload = unmasked(stream.read_exactly(length, "control"), mask) if length else b""
        return control(opcode, payload, stream.offset)
    if (opcode == CONTINUATION) is (begun.opcode == 0):
        wrong = "a message in another" if begun.opcode else "nothing begun to go on with"
        raise WebSocketError(start, f"{wrong} (5.4)")
    if length > MOST_CONTROL:
        length = read_length(stream, length)
    if len(begun.so_far) + length > max_message:
        raise WebSocketError(start, f"a message of more than {max_message} bytes", TOO_LARGE)
    begun.opcode = begun.opcode or opcode
    begun.add(stream, length, masked, data)
    return begun.complete(stream.offset) if first & LAST else None


def read_length(stream: Stream, kind: int) -> int:
    """RFC 6455, 5.2: 16 bits or 63, and no more than are needed."""
    start = stream.offset
    size, least = (2, 126) if kind == 126 else (8, 1 << 16)
    length = from_bytes(stream.read_exactly(size, "length"))
    if not least <= length < 1 << 63:
        raise WebSocketError(start, f"{length} as a length of {size} bytes (5.2)")
    return length


class Fragments:
    """A message that comes in parts: of several frames, or of one in several pieces."""

    def __init__(self) -> None:
        #: That of the first frame; 0 where no message has begun.
        self.opcode = 0
        self.so_far = bytearray()
        self.decoder = UTF8()

    def add(self, stream: Stream, length: int, masked: bool, data: bytes) -> None:
        """Read the rest of a frame, of which this has come; text is checked piece by piece."""
        mask = b""
        if masked:
            while len(data) < 4:
                data += read_more(stream, 4 + length - len(data))
            mask, data = data[:4], data[4:]
        begin = stream.offset - len(data)
        place = 0
        while True:
            piece = unmasked(data, mask[place & 3 :] + mask[: place & 3]) if masked else data
            if self.opcode == TEXT:
                kept = len(self.decoder.getstate()[0])
                try:
                    self.decoder.decode(piece)
                except UnicodeDecodeError as error:
                    raise no_utf8(begin + max(0, place - kept + error.start)) from None
                left = self.decoder.getstate()[0]
                # Python waits for the third byte of a surrogate, which no UTF-8 has.
                if left[:1] == b"\xed" and left[1:] >= b"\xa0":
                    raise no_utf8(begin + max(0, place + len(piece) - 2))
            self.so_far += piece
            place += len(piece)
            if place == length:
                return
            data = read_more(stream, length - place)

    def complete(self, end: int) -> Text | Binary:
        """The whole message, which ends there; another one may begin."""
        kept = self.decoder.getstate()[0]
        if kept:
            raise no_utf8(end - len(kept))
        opcode, whole = self.opcode, bytes(self.so_far)
        self.opcode = 0
        self.so_far = bytearray()
        return Text(whole.decode()) if opcode == TEXT else Binary(whole)


def read_more(stream: Stream, most: int) -> bytes:
    """What has come of a frame."""
    data = stream.read_some(most, "payload")
    if not data:
        raise StreamEndedError(stream.offset, "the stream ended in a frame")
    return data


# -- the whole conversation --------------------------------------------------------------------


def connection(
    stream: Stream,
    role: Role = "server",
    *,
    max_message: int = LIMIT,
    ping_every: float = 20.0,
    pong_within: float = 20.0,
    close_within: float = 10.0,
) -> None:
    """Hold a conversation up to its end, which is emitted as a `Close`; then close the stream.

    Every `ping_every` seconds the peer is asked for a sign of life, but not before `pong_within`
    seconds have passed since; one that sends nothing at all within these is lost.  `close_within`
    seconds it has to take a Close, as many to answer it, and a server to end the connection then.
    A peer that takes nothing any more holds up what is said to it, and none of these times.

    A mistake of the peer is answered by a Close with its code, and raised.  So is what cannot be
    said, a `ValueError`: the peer gets a Close of 1011.
    """
    said = Said(stream, masked=not is_masked(role))

    def heard(message: Message) -> None:
        match message:
            case Ping(data):
                said.say(Pong(data))
            case Text() | Binary():
                emit(message)

    def hear() -> Close:
        lost = Close(NO_CLOSE, "the connection ended without a Close")
        return incoming(stream, role, max_message, heard) or lost

    def talk() -> Close:
        close = converse(stream, said, ping_every, pong_within)
        said.say_last(close, close_within)
        if close.code == UNEXPECTED:
            return Close(NO_CLOSE, close.reason)
        receive(after=Delay("no answer", close_within), at="closing")
        return Close(NO_CLOSE, f"no Close came within {close_within:g} seconds")

    try:
        _, close = race(hear, talk)
    except WebSocketError as error:
        if error.close_code != NO_CLOSE:
            said.say_last(Close(error.close_code, shortened(error.reason)), close_within)
            stream.close()
            raise
        close = Close(NO_CLOSE, error.reason)
    except ValueError:  # what was to be said cannot be, such as a reason that is too long
        said.say_last(Close(UNEXPECTED), close_within)
        stream.close()
        raise
    emit(close)
    if close.code != NO_CLOSE:
        said.say_last(close, close_within)
        if role == "client":  # 7.1.1: the server is the one that ends the connection
            with until(after=Delay("still there", close_within)):
                while stream.read_some(at="closed"):
                    pass
    stream.close()


def converse(stream: Stream, said: Said, ping_every: float, pong_within: float) -> Close:
    """Say what the user says, and Ping from time to time; the Close with which that ends."""
    rest = ping_every
    while True:
        with state("open"), until(after=Delay("ping", rest)):
            return heed(said)
        heard = stream.offset + stream.unread
        with state("asked"), until(after=Delay("pong due", pong_within)):
            said.say(Ping())
            return heed(said)
        if stream.offset + stream.unread == heard:
            return Close(UNEXPECTED, f"no sign of life within {pong_within:g} seconds")
        rest = max(0.0, ping_every - pong_within)


def heed(said: Said) -> Close:
    """Say what the user says, up to the Close."""
    while True:
        match receive(Text, Binary, Ping, Pong, Close):
            case Close() as close:
                return close
            case message:
                said.say(message)


class Said:
    """What this side says; nothing more after a Close (5.5.1)."""

    def __init__(self, stream: Stream, masked: bool) -> None:
        self.stream = stream
        self.masked = masked
        self.closed = False

    def say(self, message: Message) -> None:
        """Send a message, or nothing any more."""
        if not self.closed:
            # 5.3: with a mask that nobody can guess.
            data = frame(message, secrets.token_bytes(4) if self.masked else b"")
            self.closed = isinstance(message, Close)
            self.stream.write(data)  # which has it, also where this is left because it waits

    def say_last(self, close: Close, seconds: float) -> None:
        """Send a Close, and go on where the peer does not take it in time."""
        with until(after=Delay("not taken", seconds)):
            self.say(close)
