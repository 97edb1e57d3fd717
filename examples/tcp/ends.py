"""What is known of a connection and of its two ends: plain data, filled by `follow`."""

from __future__ import annotations

from typing import Final

from flowlet import ActorRef, Event

from .packets import Key, Segment

MASK: Final = 0xFFFFFFFF
#: Of two sequence numbers the later one is less than this ahead, modulo 2**32.
HALF: Final = 1 << 31

#: The largest window that can be offered (RFC 7323, section 2.3); so much is believed of an end
#: that has not offered one yet.
LARGEST_WINDOW: Final = 1 << 30


class End:
    """One end of a connection: where its machine is, and what its packets have told."""

    __slots__ = (
        "acked", "again", "begin", "connection", "data", "fin", "fin_order", "fin_time", "got_fin",
        "held", "key", "lag", "lost_ack", "name", "next", "owes", "packets", "passed", "path",
        "peer", "pending", "ref", "scale", "state", "stray", "syn_time", "told_fin", "told_syn",
        "window",
    )  # fmt: skip

    def __init__(self, connection: Connection, key: Key, name: str) -> None:
        self.connection = connection
        self.peer: End
        self.key = key
        self.name = name
        # The machine.
        self.ref: ActorRef[None] | None = None
        #: Where it is: as it says itself, and by the RFC's name.
        self.path: tuple[str, ...] = ("CLOSED",)
        self.state = "CLOSED"
        #: The states that it came to, with the times in seconds.
        self.passed: list[tuple[float, str]] = []
        #: What is on its way to it.
        self.pending: list[Arrival] = []
        self.held: Arrival | None = None
        # What it has sent: packets, bytes of data, and packets that only repeat earlier ones.
        self.packets = 0
        self.data = 0
        self.again = 0
        # Sequence numbers: of its SYN, of what comes next, of what follows its FIN.
        self.begin: int | None = None
        self.next = 0
        self.fin: int | None = None
        #: Where it went on in a place that the peer's window does not explain.
        self.stray: int | None = None
        # When SYN and FIN passed last, in seconds, and the FIN as which packet of the capture.
        self.syn_time = 0.0
        self.fin_time = 0.0
        self.fin_order = 0
        # What it has acknowledged of the peer's numbers, and the room that it offers after that.
        self.acked = 0
        self.window = LARGEST_WINDOW
        self.scale = 14
        #: Whether a SYN or a FIN of the peer still waits for this end's acknowledgment, or any
        #: other reason to look at its plain packets.
        self.owes = False
        self.got_fin = False
        # Whether the peer's acknowledgment of its SYN and FIN has been seen.
        self.told_syn = False
        self.told_fin = False
        #: Which state was wrongly dated, because the ACK that led to it was lost after all.
        self.lost_ack: int | None = None
        #: Seconds from a packet's passing to this end's answer to it, at their shortest.
        self.lag: float | None = None

    def answers(self, seconds: float) -> None:
        """It has answered after so many seconds."""
        if self.lag is None or seconds < self.lag:
            self.lag = seconds

    def count_data(self, last: int, size: int) -> None:
        """It has sent data up to number `last`: new, or once more."""
        news = (last - self.next) & MASK
        if 0 < news < HALF:
            self.next = last
            self.data += news if news < size else size
        else:
            self.again += 1

    def let_go(self) -> None:
        """Nothing more comes: cut the circle of connection and ends, to free them at once.

        Left to the garbage collector, they would make following an eighth slower.
        """
        del self.connection, self.peer


class Arrival:
    """An event on its way to a machine: sent with packet `order`, there at `due`."""

    __slots__ = ("due", "end", "event", "order", "sent")

    def __init__(self, sent: float, order: int, end: End, event: Event) -> None:
        self.sent = self.due = sent
        self.order = order
        self.end = end
        self.event = event


class Connection:
    """One connection; `client` is the end that sent the first packet."""

    __slots__ = (
        "begin", "client", "closers", "crossed", "first_seen", "given_up", "last", "number", "odd",
        "over", "refused", "released", "reset_by", "rest", "rival", "server",
    )  # fmt: skip

    def __init__(self, number: int, key: Key, time: float, first_seen: bool) -> None:
        source, target, source_port, target_port = key
        self.number = number
        self.client = End(self, key, "client")
        self.server = End(self, (target, source, target_port, source_port), "server")
        self.client.peer = self.server
        self.server.peer = self.client
        self.begin = self.last = time
        #: Whether its first packet was seen; of one that began before, no state is claimed.
        self.first_seen = first_seen
        self.over = self.released = False
        #: Who sent a FIN, in order, and whether the second did so before it had the first.
        self.closers: list[End] = []
        self.crossed = False
        self.refused = self.given_up = False
        self.reset_by: End | None = None
        #: Packets that fit nowhere, and a SYN among them that may yet begin a new connection.
        self.odd = 0
        self.rival: Segment | None = None
        #: What else is to be said of its end.
        self.rest = ""

    @property
    def ends(self) -> tuple[End, End]:
        return self.client, self.server

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        return f"{self._outcome()}, {self.rest}" if self.rest else self._outcome()

    def _outcome(self) -> str:
        if not self.first_seen:
            return "began before the capture"
        if self.refused:
            return "refused by the server"
        if self.given_up:
            return "given up by the client before the answer"
        if self.reset_by is not None:
            return f"reset by the {self.reset_by.name}"
        if self.server.begin is None:
            silent = self.client.state == "SYN-SENT"
            return "not answered" if silent else "only the client's packets were captured"
        if not self.closers:
            return "still open"
        by = "both at once" if self.crossed else f"the {self.closers[0].name}"
        if len(self.closers) == 1:
            return f"half closed by {by}, and still open"
        acked = self.client.told_fin and self.server.told_fin
        return f"closed by {by}" if acked else f"closed by {by}, but for the last ACK"
