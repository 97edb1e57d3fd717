"""What WebSocket says, and how it stands in a frame: RFC 6455, section 5."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from flowlet import ParseError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
#: In the first byte, with the opcode: this is the last fragment of the message.
LAST: Final = 0x80
#: RFC 6455, 7.4.1: what a Close without a code counts as, and a connection that ended without one.
NO_CODE, NO_CLOSE = 1005, 1006
MISTAKE, NO_UTF8, TOO_LARGE, UNEXPECTED = 1002, 1007, 1009, 1011
#: The codes that may stand in a frame: 7.4.1, those registered since, and 7.4.2.
CODES: Final = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}
MOST_CONTROL: Final = 125


class Text(NamedTuple):
    """A message of text."""

    text: str


class Binary(NamedTuple):
    """A message of bytes."""

    data: bytes


class Ping(NamedTuple):
    """The peer asks whether somebody is there; the answer is a Pong with the same bytes."""

    data: bytes = b""


class Pong(NamedTuple):
    """The answer to a Ping, or a sign of life that nobody asked for."""

    data: bytes = b""


class Close(NamedTuple):
    """The last that a side says; 1005 stands for no code, 1006 for an end without a Close."""

    code: int = 1000
    reason: str = ""


Message: TypeAlias = Text | Binary | Ping | Pong | Close


class WebSocketError(ParseError):
    """What was sent is no WebSocket, or a message too large.

    `close_code` is what to say in the Close that answers; 1006 where nobody is left to answer.
    """

    def __init__(self, offset: int, reason: str, close_code: int = MISTAKE) -> None:
        super().__init__(offset, reason)
        self.close_code = close_code


def frame(message: Message, mask: bytes = b"") -> bytes:
    """The frame in which a message is sent; with four bytes of `mask`, as a client sends it.

    Raises `ValueError` for a control frame of more than 125 bytes and for a Close that no peer
    would take.
    """
    match message:
        case Text(text):
            opcode, payload = TEXT, text.encode()
        case Binary(payload):
            opcode = BINARY
        case Ping(payload):
            opcode = PING
        case Pong(payload):
            opcode = PONG
        case Close(code, reason):
            opcode, payload = CLOSE, _payload_of_close(code, reason)
    size = len(payload)
    if opcode >= CLOSE and size > MOST_CONTROL:
        raise ValueError(f"a control frame holds at most 125 bytes (RFC 6455, 5.5), not {size}")
    masked = 0x80 if mask else 0
    if size <= 125:
        head = bytes((LAST | opcode, masked | size))
    elif size < 1 << 16:
        head = bytes((LAST | opcode, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((LAST | opcode, masked | 127)) + size.to_bytes(8, "big")
    return head + mask + unmasked(payload, mask) if mask else head + payload


def _payload_of_close(code: int, reason: str) -> bytes:
    if code == NO_CODE and not reason:
        return b""
    if code not in CODES:
        raise ValueError(f"{code} is no code to send in a Close (RFC 6455, 7.4): say 1000, or 4000")
    return code.to_bytes(2, "big") + reason.encode()


Row: TypeAlias = tuple[int, int, int, int, int]


def row(size: int, masked: bool) -> Row:
    """What is to be known of a text of `size` bytes; first how many bytes follow on its head.

    They are read as one number, from which a multiplication takes off the mask at once: that wants
    the bits behind the mask, what repeats the mask, and how many bits too many this makes.
    """
    follow = 4 + size if masked else size
    words = -(-follow // 4)
    return follow, size, 8 * size, sum(1 << 32 * word for word in range(words)), -8 * follow % 32


#: The heads of short texts: to look that up is quicker than to take a head apart.  By whether they
#: are masked; without a mask, an empty one has nothing to follow.
SHORT: Final = {
    masked: {
        bytes((LAST | TEXT, (0x80 if masked else 0) | size)): row(size, masked)
        for size in range(0 if masked else 1, MOST_CONTROL + 1)
    }
    for masked in (True, False)
}


def no_utf8(place: int) -> WebSocketError:
    """RFC 6455, 8.1."""
    return WebSocketError(place, "no UTF-8 (8.1)", NO_UTF8)


def control(opcode: int, payload: bytes, end: int) -> Ping | Pong | Close:
    """RFC 6455, 5.5: what a control frame says; it ends there."""
    if opcode != CLOSE:
        return Ping(payload) if opcode == PING else Pong(payload)
    if not payload:
        return Close(NO_CODE)
    code = int.from_bytes(payload[:2], "big")
    if code not in CODES:  # which half a code never is
        what = "half a code" if len(payload) == 1 else f"the code {code}"
        raise WebSocketError(end - len(payload), f"{what} in a Close (7.4)")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise no_utf8(end - len(payload) + 2 + error.start) from None


def shortened(reason: str) -> str:
    """A reason that there is room for in a Close."""
    return reason.encode()[: MOST_CONTROL - 2].decode(errors="ignore")


#: For each byte of a mask, what every byte becomes under it.
TABLES: Final = [bytes(byte ^ mask for byte in range(256)) for mask in range(256)]
#: From so many bytes on, four tables are quicker than one long number.
MANY: Final = 8_192


def unmasked(data: bytes, mask: bytes) -> bytes:
    """RFC 6455, 5.3: the bytes under a mask, or without it."""
    size = len(data)
    if size >= MANY:
        lanes = bytearray(data)
        for lane, byte in enumerate(mask):
            lanes[lane::4] = data[lane::4].translate(TABLES[byte])
        return bytes(lanes)
    under = int.from_bytes((mask * (size + 3 >> 2))[:size], "little")
    return (int.from_bytes(data, "little") ^ under).to_bytes(size, "little")
