"""A WebSocket server that says what it is told.

    python -m examples.sockets.websocket_echo [PORT]
    python -m websockets ws://127.0.0.1:8001/

The handshake is a request and its answer; then the same stream is read by `connection`, which holds
the conversation: it answers pings, asks for signs of life, and closes as the RFC says.  What it
hears it emits, and `echoes` writes it back.  A write waits in the very region that reads, so
whoever does not read what comes back is not read any more either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from examples.protocols.http1 import RequestError, read_head, skip_empty_lines
from examples.protocols.websocket import Binary, Close, Text, connection
from examples.protocols.websocket_frames import Message, frame
from examples.protocols.websocket_handshake import REFUSED, answer_to
from flowlet import Delay, Stream, TooLongError, me, on, until
from flowlet.hosts import aio

#: RFC 6455, 7.4.1: the server is going away.
AWAY: Final = 1001
HANDSHAKE: Final = Delay("handshake", 10.0)


def conversation(stream: Stream) -> None:
    """The handshake, and then messages up to the Close of either side."""
    if not shake_hands(stream):
        return
    with on(aio.Closing, say_goodbye):
        connection(stream)


def shake_hands(stream: Stream) -> bool:
    """RFC 6455, 4.2: read the request, and answer it; whether it is WebSocket from here on."""
    with until(after=HANDSHAKE):
        if not skip_empty_lines(stream):
            return False
        try:
            request = read_head(stream, 8_192, 100)
        except (RequestError, TooLongError):
            stream.write(REFUSED)
            return False
        answer = answer_to(request)
        stream.write(answer)
        return answer.startswith(b"HTTP/1.1 101 ")
    return False


def say_goodbye(_: aio.Closing) -> None:
    """The server is being stopped: have the conversation closed."""
    me().send(Close(AWAY, "the server is going away"))


def echoes(link: aio.Connection) -> Callable[[Message], None]:
    """What is done with the messages of one connection."""

    def say(message: Message) -> None:
        if isinstance(message, Text | Binary):
            link.stream.write(frame(message))

    return say


def main(port: int = 8001) -> None:
    aio.run(conversation, "127.0.0.1", port, on_output=echoes)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
