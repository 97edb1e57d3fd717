"""The machines of all ends, and the clock that they live by: events reach them when they arrive.

After each event the machine is asked where it is (`ActorRef.state`).  That gives the states passed
and the edges taken, and costs a fraction of what an instrument would (`flowlet.observe` hears of
every sending, taking and waiting): there is nearly an event for every packet, and a packet must
not cost more here than reading it did.
"""

from __future__ import annotations

from collections import defaultdict, deque
from heapq import heappop, heappush

from flowlet import ActorRef, Delay, Dispatcher, Event, VirtualClock
from flowlet.introspect import Evidence, StateGraph, Transition

from .connection import TWO_MSL, AckOfSyn, connection
from .ends import Arrival, Connection, End

NEVER = float("inf")

Path = tuple[str, ...]


class Machines:
    """Runs an actor for each end; the dispatcher's clock shows the time of the capture."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.dispatcher = Dispatcher(clock=self.clock)
        self._settle = self.dispatcher.settle
        self._now = 0.0
        #: Connections of which an end has come to CLOSED, or back to LISTEN.
        self.ended: list[Connection] = []
        #: The next time at which something happens without a packet.
        self.next = NEVER
        #: By the time when they are due, and the packet that they came with.
        self._arrivals: list[tuple[float, int, int, Arrival]] = []
        self._expected = 0
        #: Ends in TIME-WAIT, and until when; all wait equally long.
        self._waiting: deque[tuple[float, End]] = deque()
        #: Machines that are back in CLOSED and free for the next connection.
        self._free: list[ActorRef[None]] = []
        #: How often each edge was taken, and the paths of the states by their last names.
        self._taken: defaultdict[tuple[str, type[Event] | Delay, str], int] = defaultdict(int)
        self._paths: dict[str, Path] = {"CLOSED": ("CLOSED",)}

    def give(self, time: float, end: End, event: Event) -> None:
        """Let a machine have an event, at `time`."""
        if time > self._now:
            self._now = time
            self.clock.move_to(time)
        ref = end.ref
        if ref is None:
            ref = end.ref = self._free.pop() if self._free else self.dispatcher.spawn(connection)
        ref.send(event)
        self._settle()
        path = ref.state
        if path != end.path:  # else it had no use for it
            self._moved(time, end, path, type(event))

    def send(self, time: float, order: int, end: End, event: Event) -> None:
        """Let a machine have, once it gets there, what passes at `time` with packet `order`."""
        if end.ref is not None:
            self._expect(Arrival(time, order, end, event), time + (end.lag or 0.0))

    def hurry(self, time: float, end: End, order: int) -> None:
        """What passed up to packet `order` has arrived by `time`, as has now been shown."""
        for arrival in [each for each in end.pending if each.order <= order]:
            self._arrive(time, arrival)

    def let_go(self, time: float, end: End) -> None:
        """What was of no use before the SYN was there goes on its way."""
        arrival, end.held = end.held, None
        if arrival is not None:
            self._expect(arrival, max(time, arrival.sent + (end.lag or 0.0)))

    def redate(self, time: float, end: End) -> None:
        """The ACK that we took for received was lost; this one, passing at `time`, is not."""
        place, end.lost_ack = end.lost_ack, None
        if place is not None:
            later = time + (end.lag or 0.0)
            after = end.passed[place + 1][0] if place + 1 < len(end.passed) else NEVER
            end.passed[place] = (min(later, after), end.passed[place][1])

    def run(self, until: float) -> None:
        """Let arrive what arrives until then, and time pass."""
        arrivals, waiting = self._arrivals, self._waiting
        while True:
            self.next = arrivals[0][0] if arrivals else NEVER
            if waiting and waiting[0][0] < self.next:
                self.next = waiting[0][0]
                if self.next > until:
                    return
                self._end_waiting()
            elif self.next > until:
                return
            else:
                arrival = heappop(arrivals)[3]
                if arrival in arrival.end.pending:
                    self._arrive(arrival.due, arrival)

    def land(self) -> None:
        """Let arrive all that is on its way."""
        while self._arrivals:
            arrival = heappop(self._arrivals)[3]
            if arrival in arrival.end.pending:
                self._arrive(arrival.due, arrival)

    def retire(self, end: End) -> None:
        """The machine of this end is not needed any more."""
        end.pending.clear()
        ref, end.ref = end.ref, None
        if ref is None:
            return
        if end.state == "CLOSED":
            self._free.append(ref)
        else:
            ref.stop()
            self.dispatcher.settle()

    @property
    def graph(self) -> StateGraph:
        """What the machines did, as a graph with counts."""
        return StateGraph(
            transitions=tuple(
                Transition(
                    source="/".join(self._paths[source]),
                    event=cause.name if isinstance(cause, Delay) else cause.label or "",
                    target="/".join(self._paths[target]),
                    evidence=Evidence(seen=count),
                )
                for (source, cause, target), count in self._taken.items()
            )
        )

    def _moved(self, time: float, end: End, path: Path, cause: type[Event] | Delay) -> None:
        """Note where an event has led."""
        state = path[-1]
        # Keyed by names, whose hash Python keeps; that of a path it would count each time.
        self._taken[end.state, cause, state] += 1
        end.path = self._paths[state] = path
        end.state = state
        end.passed.append((time, state))
        if state == "CLOSED" or state == "LISTEN":
            self.ended.append(end.connection)
        elif state == "TIME-WAIT":
            self._waiting.append((self.clock.now() + TWO_MSL.seconds, end))
            if self._waiting[0][0] < self.next:
                self.next = self._waiting[0][0]

    def _end_waiting(self) -> None:
        """The next end in TIME-WAIT has waited long enough, unless it is gone already."""
        time, end = self._waiting.popleft()
        self.clock.move_to(time)
        self._settle()
        if end.ref is not None and end.state == "TIME-WAIT":
            path = end.ref.state
            if path != end.path:
                self._moved(time, end, path, TWO_MSL)

    def _expect(self, arrival: Arrival, due: float) -> None:
        arrival.due = due
        arrival.end.pending.append(arrival)
        self._expected += 1  # so that no two are alike, and arrivals are never compared
        heappush(self._arrivals, (due, arrival.order, self._expected, arrival))
        if due < self.next:
            self.next = due

    def _arrive(self, time: float, arrival: Arrival) -> None:
        end = arrival.end
        end.pending.remove(arrival)
        if type(arrival.event) is AckOfSyn and end.state == "SYN-SENT":
            # Nothing has shown yet that this end has the SYN that this ACK goes with.
            end.held = arrival
            return
        self.give(time, end, arrival.event)
        if end.state == "CLOSED":
            self.ended.append(end.connection)  # also where there was nothing left to end
