"""The handshake of WebSocket: RFC 6455, section 4.2, what a server answers to a request.

Afterwards the same stream is read by `websocket.connection`: no byte is between two chairs.

    def server(stream: Stream) -> None:
        if requests(stream):      # the one that was answered by 101, when it is sent Switch()
            stream.switch_protocol(connection)
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from hashlib import sha1

from examples.protocols.http1 import Request, RequestError, body_of, words

#: RFC 6455, 1.3: what is put behind the key, so that nobody says yes who does not know WebSocket.
SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
OTHER_VERSION = (
    b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n"
)


def accept_of(key: bytes) -> bytes:
    """The value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`."""
    return b64encode(sha1(key + SUFFIX).digest())


def answer_to(request: Request) -> bytes:
    """The response to an opening handshake: `101`, or one that refuses it (4.2.1, 4.2.2).

    One with a body is refused, whoever has read that: no byte of it is ever taken for a frame.
    """
    try:
        if body_of(request, 0, 0).length != 0:
            return REFUSED
    except RequestError:  # there is not one Host, or no certain end
        return REFUSED
    found: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        found.setdefault(name.lower(), []).append(value)
    keys, versions = found.get(b"sec-websocket-key", []), found.get(b"sec-websocket-version", [])
    if (
        request.method != b"GET" or request.version != b"1.1"
        or b"upgrade" not in words(found.get(b"connection", []))
        or b"websocket" not in words(found.get(b"upgrade", []))
    ):  # fmt: skip
        return REFUSED
    if versions != [b"13"]:
        return OTHER_VERSION
    if len(keys) != 1 or not _is_key(keys[0]):
        return REFUSED
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_of(keys[0]) + b"\r\n\r\n"
    )


def _is_key(key: bytes) -> bool:
    """Whether these are sixteen bytes in base64."""
    try:
        return len(b64decode(key, validate=True)) == 16
    except NoBase64:
        return False
