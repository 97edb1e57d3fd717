"""Follow TCP connections through a capture: what each end did, and what it got.

A capture shows packets as they pass.  The two machines of a connection are moved by what their
ends did and by what reached them, and that has to be concluded:

- What an end did stands in its own packets: a SYN is its OPEN, a FIN its CLOSE, a RST its ABORT.
- That an end got a SYN or a FIN is shown by its acknowledging it, and its machine is told then.
  So a packet that is lost moves nobody, and FINs that cross are seen to cross.
- Nothing shows that an end got a bare ACK or a RST.  They are taken to need as long as that end
  has been seen to need for an answer (`End.lag`).  Where it turns out that an ACK was lost, the
  state that it led to is dated anew.
- Plain data and the ACKs of it move no state, and never reach a machine.

A segment that says several things says them one after the other.  Sequence numbers are compared
modulo 2**32 (RFC 9293, section 3.4); what lies outside the window of the receiver moves nothing
and is only counted.  So is a connection that began before the capture: no state of it is claimed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from flowlet import Event

from .connection import (
    TWO_MSL,
    Abort,
    AckOfFin,
    AckOfSyn,
    ActiveOpen,
    Close,
    Fin,
    PassiveOpen,
    Rst,
    Syn,
    SynAck,
)
from .ends import HALF, MASK, Connection, End
from .machines import Machines
from .packets import Key, Segment, window_scale

FIN: Final = 1
SYN: Final = 2
RST: Final = 4
ACK: Final = 16
ANY_BUT_FIN: Final = SYN | RST | ACK
ANY: Final = FIN | ANY_BUT_FIN

#: Seconds of silence after which a connection is given up, so that a long capture does not fill
#: the memory: what RFC 5382 (REQ-5) asks of address translators, which have the same task.
SILENCE: Final = 2 * 3600 + 4 * 60.0

#: Seconds between two looks for such connections.
ROUND: Final = 240.0

GONE: Final = {"CLOSED", "LISTEN"}
OPEN: Final = {"SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"}

#: The ways that the acknowledgment of a SYN or FIN leads.
BY_ACK: Final = {
    ("SYN-RECEIVED", "ESTABLISHED"),
    ("FIN-WAIT-1", "FIN-WAIT-2"),
    ("CLOSING", "TIME-WAIT"),
    ("LAST-ACK", "CLOSED"),
}


class Follower:
    """Follows the connections of a capture: give it every segment, then `finish()`.

    `on_end` is called with each connection once no more can come of it.
    """

    def __init__(self, on_end: Callable[[Connection], object]) -> None:
        self.on_end = on_end
        self.machines = Machines()
        self.time = 0.0
        self.segments = 0
        self.connections = 0
        self._ends: dict[Key, End] = {}
        self._going: dict[Connection, None] = {}
        #: Those that are over, until their last packets must have passed.
        self._over: deque[tuple[float, Connection]] = deque()
        self._round = ROUND
        #: The time at which something has to be done, whether a packet comes or not.
        self._due = ROUND

    def segment(self, segment: Segment) -> None:
        """Take the next segment."""
        self.follow((segment,))

    def follow(self, segments: Iterable[Segment]) -> None:
        """Take the next segments."""
        ends, special = self._ends, self._special
        for segment in segments:
            time, key, seq, ack, flags, window, _, size = segment
            self.segments += 1
            if time > self.time:
                self.time = time
                if time >= self._due:
                    self._pass_time(time)
            end = ends.get(key)
            if end is None or end.owes or flags & ANY != ACK:
                special(segment, end)
                continue
            # Plain data and ACKs, as most packets are, with nothing waited for.
            end.packets += 1
            end.connection.last = time
            peer = end.peer
            ahead = (seq - peer.acked) & MASK
            news = (ack - end.acked) & MASK
            if peer.window < ahead < HALF or end.window < news < HALF:
                self._stray(end, segment)
                continue
            if news < HALF:
                end.acked = ack
                end.window = window << end.scale
            if size:
                end.count_data((seq + size) & MASK, size)

    def finish(self) -> None:
        """The capture is at its end: let go of all connections."""
        self.machines.land()
        self._bury_ended()
        left = [connection for _, connection in self._over if not connection.released]
        for connection in sorted([*left, *self._going], key=lambda each: each.number):
            self._release(connection)
        self.machines.dispatcher.close()

    # --- segments that may have something to say --------------------------------------------

    def _special(self, segment: Segment, end: End | None) -> None:
        flags = segment.flags
        if flags & ANY_BUT_FIN == SYN:
            end = self._opening(segment, end)
        elif end is None:
            end = self._begin(segment, first_seen=False)
        connection = end.connection
        end.packets += 1
        connection.last = segment.time
        if connection.over or not connection.first_seen:
            self._count_only(end, segment)
        elif flags & RST:
            self._rst(end, segment)
        elif flags & SYN:
            self._syn(end, segment)
        else:
            self._plain(end, segment)
        machines = self.machines
        if machines.next < self._due:
            self._due = machines.next
        if self._due <= self.time:
            self._pass_time(self.time)
        elif machines.ended:
            self._bury_ended()

    def _opening(self, segment: Segment, end: End | None) -> End:
        """A SYN alone: whose is it?"""
        if end is None:
            return self._begin(segment)
        connection, peer = end.connection, end.peer
        if connection.first_seen and not connection.over:
            if end.begin == segment.seq or (end.begin is None and peer.state == "SYN-SENT"):
                return end  # it comes again; or both open at once
            given_up = end.state == "SYN-SENT" and peer.begin is None
            waiting = [each.state for each in connection.ends if each.state not in GONE]
            if not given_up and waiting != ["TIME-WAIT"] * len(waiting):
                # RFC 9293, section 3.10.7.4: it changes nothing, unless the peer answers it.
                connection.rival = segment
                return end
            connection.rest = "its ports used again"
        elif connection.over and end.begin == segment.seq:
            return end
        self._release(connection)
        return self._begin(segment)

    def _syn(self, end: End, segment: Segment) -> None:
        connection, peer, time = end.connection, end.peer, segment.time
        answer = bool(segment.flags & ACK)
        rival = connection.rival
        if rival is segment:
            connection.odd += 1
        elif rival and answer and end.begin != segment.seq and segment.ack == rival.seq + 1 & MASK:
            # So that end knew nothing of the old connection; this is a new one.
            end.packets -= 1
            peer.packets -= 1
            connection.odd -= 1
            connection.rest = "its ports used again"
            self._release(connection)
            client = self._begin(rival)
            for each, packet in ((client, rival), (client.peer, segment)):
                each.packets += 1
                self._syn(each, packet)
        elif end.begin is None and answer and (peer.begin is None or segment.ack != peer.next):
            connection.odd += 1
        elif end.begin is None:
            end.begin = segment.seq
            end.next = peer.acked = segment.seq + 1 + segment.size & MASK
            end.data += segment.size
            end.syn_time = time
            end.scale = window_scale(segment.options)
            end.window = segment.window
            peer.owes = True
            if not answer:
                end.owes = True  # whatever it acknowledges, it has opened
                self.machines.give(time, end, ACTIVE_OPEN)
                return
            end.owes = False
            end.answers(time - peer.syn_time)
            peer.told_syn = True  # it will take SYN and ACK in one
            self.machines.give(time, end, PASSIVE_OPEN)
            self.machines.give(time, end, SYN_CAME)
        elif end.begin != segment.seq:
            connection.odd += 1
        elif answer and peer.begin is not None and end.state == "SYN-SENT":
            # Both open at once: this says that the SYN of the peer has come.
            end.owes = False
            end.answers(time - peer.syn_time)
            self.machines.give(time, end, SYN_CAME)
            self.machines.let_go(time, end)
            self._send(peer, ACK_OF_SYN)
        else:
            end.again += 1
            end.syn_time = time
            self._asks_again(end)

    def _plain(self, end: End, segment: Segment) -> None:
        """Data, an ACK or a FIN, while one of these is waited for."""
        connection, peer = end.connection, end.peer
        time, _, seq, ack, flags, window, _, size = segment
        ahead = (seq - peer.acked) & MASK
        news = (ack - end.acked) & MASK
        if not flags & ACK or end.begin is None:
            connection.odd += 1
            return
        if peer.window < ahead < HALF or (peer.begin is not None and end.window < news < HALF):
            self._stray(end, segment)
            return
        if news < HALF:
            end.acked = ack
            end.window = window << end.scale
        if end.owes:
            self._acknowledge(end, time, ack)
        if end.state == "SYN-SENT":
            connection.odd += 1
            return
        last = seq + size & MASK
        if flags & FIN:
            self._fin(end, segment, last + 1 & MASK)
        elif size:
            end.count_data(last, size)

    def _acknowledge(self, end: End, time: float, ack: int) -> None:
        """A SYN or FIN of the peer waits for this end's acknowledgment; this may be it."""
        peer = end.peer
        if end.state == "SYN-SENT":
            if peer.begin is not None:
                if (ack - peer.begin - 1) & MASK >= HALF:
                    return
                end.answers(time - peer.syn_time)
            end.held = None
            self.machines.give(time, end, SYN_ACK)
        if peer.begin is not None and not peer.told_syn:
            self._send(peer, ACK_OF_SYN)
        if peer.lost_ack is not None and (peer.fin is None or ack == peer.fin):
            self.machines.redate(time, peer)
        end.owes = peer.fin is not None
        if peer.fin is None or (ack - peer.fin) & MASK >= HALF:
            return
        end.owes = False
        if not end.got_fin:
            end.got_fin = True
            end.answers(time - peer.fin_time)
            self.machines.hurry(time, end, peer.fin_order)
            self.machines.give(time, end, FIN_CAME)
        if not peer.told_fin:
            self._send(peer, ACK_OF_FIN)

    def _fin(self, end: End, segment: Segment, fin: int) -> None:
        connection, time = end.connection, segment.time
        if end.fin is not None and end.fin != fin:
            connection.odd += 1
            return
        end.fin_time, end.fin_order = time, self.segments
        if end.fin is not None:
            end.again += 1
            self._asks_again(end)
            return
        if segment.size:
            end.count_data(fin - 1 & MASK, segment.size)
        if end.data and end.state == "SYN-RECEIVED":
            self.machines.hurry(time, end, self.segments)  # it has sent, so it knew that it may
        if end.state not in OPEN:
            connection.odd += 1
            return
        end.fin = end.next = fin
        end.peer.owes = True
        connection.crossed = bool(connection.closers) and not end.got_fin
        connection.closers.append(end)
        self.machines.give(time, end, CLOSE)

    def _rst(self, end: End, segment: Segment) -> None:
        connection, peer = end.connection, end.peer
        if end.begin is None or (peer.state == "SYN-SENT" and segment.flags & ACK):
            # The answer to a SYN has to acknowledge it (RFC 9293, section 3.10.7.3).
            counts = bool(segment.flags & ACK) and segment.ack == peer.next
            connection.refused = connection.refused or (counts and end.begin is None)
        else:
            # What the peer may be waiting for next (RFC 9293, section 3.10.7.4).
            counts = (segment.seq - peer.acked) & MASK <= (end.next - peer.acked) & MASK
        if not counts or (end.state == "SYN-SENT" and peer.begin is None):
            connection.odd += 1
            return
        if connection.reset_by is end:
            end.again += 1
            return
        if end.state == "SYN-SENT":
            # Closed before the answer came, without a word; the RST is for that answer.
            connection.given_up = True
            self.machines.give(segment.time, end, CLOSE)
        elif end.state not in GONE:
            self.machines.give(segment.time, end, ABORT)
        connection.reset_by = connection.reset_by or end
        self._send(peer, RST_CAME)

    def _asks_again(self, end: End) -> None:
        """It repeats a SYN or FIN; the ACK that has led to where it is was lost after all."""
        if not end.pending and tuple(state for _, state in end.passed[-2:]) in BY_ACK:
            end.lost_ack = len(end.passed) - 1
            end.peer.owes = True

    def _stray(self, end: End, segment: Segment) -> None:
        """A segment out of the window: foreign; or the capture has missed more than a window.

        Then both ends agree on where they are: the peer acknowledges it.
        """
        end.connection.odd += 1
        peer = end.peer
        if segment.ack == peer.stray:
            end.acked = peer.next = segment.ack
            end.window = segment.window << end.scale
        end.stray = segment.seq + segment.size & MASK

    def _count_only(self, end: End, segment: Segment) -> None:
        """A packet of a connection that is over, or whose beginning is not known."""
        connection = end.connection
        end.data += segment.size
        if connection.over:
            end.again += 1
            return
        if segment.flags & FIN and end not in connection.closers:
            connection.closers.append(end)
        if segment.flags & RST or len(connection.closers) == 2:
            self._bury(connection)

    # --- connections --------------------------------------------------------------------------

    def _begin(self, segment: Segment, first_seen: bool = True) -> End:
        self.connections += 1
        connection = Connection(self.connections, segment.key, segment.time, first_seen)
        for end in connection.ends:
            self._ends[end.key] = end
            end.owes = not first_seen
        self._going[connection] = None
        return connection.client

    def _bury(self, connection: Connection) -> None:
        """It is over; its last packets may still be on their way."""
        del self._going[connection]
        connection.over = True
        for end in connection.ends:
            end.owes = True
            self.machines.retire(end)
        client, server = connection.client.passed, connection.server.passed
        if (len(client) > 1 and client[-2][1] == "TIME-WAIT") or (
            len(server) > 1 and server[-2][1] == "TIME-WAIT"
        ):
            self._release(connection)  # which is what TIME-WAIT has waited for
        else:
            until = self.time + TWO_MSL.seconds
            self._over.append((until, connection))
            if until < self._due:
                self._due = until

    def _release(self, connection: Connection) -> None:
        self._going.pop(connection, None)
        connection.released = True
        for end in connection.ends:
            self.machines.retire(end)
            if self._ends.get(end.key) is end:
                del self._ends[end.key]
        self.on_end(connection)
        for end in connection.ends:
            end.let_go()

    # --- time ---------------------------------------------------------------------------------

    def _send(self, end: End, event: Event) -> None:
        """What was seen on its way to an end, and is not shown to arrive."""
        if event is ACK_OF_SYN:
            end.told_syn = True
        elif event is ACK_OF_FIN:
            end.told_fin = True
        self.machines.send(self.time, self.segments, end, event)

    def _pass_time(self, time: float) -> None:
        """Let happen what happens by itself until `time`."""
        machines, over = self.machines, self._over
        machines.run(time)
        if machines.ended:
            self._bury_ended()
        while over and over[0][0] <= time:
            _, connection = over.popleft()
            if not connection.released:
                self._release(connection)
        if self._round <= time:
            self._round = time + ROUND
            for connection in [each for each in self._going if each.last < time - SILENCE]:
                connection.rest = "silent for two hours"
                self._release(connection)
        due = machines.next if machines.next < self._round else self._round
        self._due = over[0][0] if over and over[0][0] < due else due

    def _bury_ended(self) -> None:
        ended = self.machines.ended
        while ended:
            connection = ended.pop()
            client, server = connection.client, connection.server
            if (
                client.state in GONE
                and server.state in GONE
                and not (client.pending or server.pending)
                and connection in self._going
            ):
                self._bury(connection)


# Events without fields are all alike, so one of each will do.
PASSIVE_OPEN: Final = PassiveOpen()
ACTIVE_OPEN: Final = ActiveOpen()
SYN_CAME: Final = Syn()
SYN_ACK: Final = SynAck()
ACK_OF_SYN: Final = AckOfSyn()
CLOSE: Final = Close()
FIN_CAME: Final = Fin()
ACK_OF_FIN: Final = AckOfFin()
RST_CAME: Final = Rst()
ABORT: Final = Abort()
