"""The sending part of a QUIC stream: RFC 9000, section 3.1 and its Figure 2.

    python -m examples.rfc quic run
    python -m examples.rfc quic graph

Here the stream itself does most of what happens: it sends.  Where it is about to, it makes a
`pause` that is called by what it sends next; the rest of the connection has its turn, and whoever
wants to abandon the stream can.

How much may be sent at once (flow control), and what is lost and sent again, the figure leaves out.
"""

from __future__ import annotations

from flowlet import Event, emit, pause, receive, state, until

#: So many bytes of data go into a frame, to fit into the smallest packet (section 14).
ROOM = 1150


class CreateStream(Event):
    label = "create stream"


class PeerCreatesStream(Event):
    label = "peer creates bidirectional stream"


class Abandon(Event):
    """The application no longer wants to send."""

    label = "abandon"


class StopSending(Event):
    """The peer no longer wants to receive."""

    label = "recv STOP_SENDING"


class AllAcked(Event):
    label = "recv all ACKs"


class ResetAcked(Event):
    label = "recv ACK"


# Frames, which are outputs.


class Stream(Event):
    label = "STREAM"

    offset: int
    data: bytes = b""
    fin: bool = False


class ResetStream(Event):
    label = "RESET_STREAM"


def send_stream(data: bytes = b"GET /\r\n") -> None:
    """Sends all of the data, unless one end loses interest before the last of it has arrived."""
    receive(CreateStream, PeerCreatesStream, at="START")
    with until(Abandon, StopSending):
        # A new stream; what the application has written so far waits to be sent.
        pause("send STREAM / STREAM_DATA_BLOCKED", at="Ready")
        for offset in range(0, len(data), ROOM):
            emit(Stream(offset, data[offset : offset + ROOM]))

        # The application has said that this is all.
        pause("send STREAM + FIN", at="Send")
        emit(Stream(len(data), fin=True))

        # From here on only what is lost is sent again.
        receive(AllAcked, at="Data Sent")
        with state("Data Recvd"):
            return

    emit(ResetStream())
    receive(ResetAcked, at="Reset Sent")
    with state("Reset Recvd"):
        return
