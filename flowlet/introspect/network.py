"""The state of a whole system as one integer, and the networks that carry its messages.

A state is a Python integer made of fields: one for the local state of each actor, one for the
value of each cell, and then what is in flight.  So what one actor can do depends on the bits under
its *mask*, which is one `&` and one look into a dictionary; and what it does is one number to add,
and bits to set.

In flight, by network: a counter for each message (`unordered`), a bit for each (`inbox_set`,
`duplicating`), or, for each pair of actors, the number of a queue (`fifo`).  Fields for messages
are made when the message is first sent; in states from before that they are zero, which is right.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from ..errors import ExploreError
from .exchange import Exchange, Message

NetworkKind = Literal["fifo", "unordered", "inbox_set", "duplicating"]
NETWORKS: Final = ("fifo", "unordered", "inbox_set", "duplicating")

ACTOR_BITS: Final = 24
CELL_BITS: Final = 20
QUEUE_BITS: Final = 24
CLOCK_BITS: Final = 24
#: A counter's highest bit is a guard: a message of which so many are in flight has no bound.
COUNT_BITS: Final = 6
#: A queue that is longer than this is taken to have no bound.
LONGEST_QUEUE: Final = 64
MOST_COPIES: Final = 1 << (COUNT_BITS - 1)


class TooLongError(Exception):
    """A queue has no bound, as it seems."""


class Fields:
    """Where in the integer what is."""

    def __init__(self, exchange: Exchange, ordered_time: bool = False) -> None:
        self.exchange = exchange
        actors, cells = len(exchange.names), len(exchange.cell_names)
        self.actor_at: list[int] = [ACTOR_BITS * number for number in range(actors)]
        start = ACTOR_BITS * actors
        self.cell_at: list[int] = [start + CELL_BITS * number for number in range(cells)]
        self.end: int = start + CELL_BITS * cells
        #: What is left of each actor's timers, by number, where that counts.
        self.clock_at: list[int] = (
            [self.take(CLOCK_BITS) for _ in range(actors)] if ordered_time else []
        )
        self.clocks: list[tuple[float, ...]] = [()]
        self._clock_numbers: dict[tuple[float, ...], int] = {(): 0}

    def take(self, bits: int) -> int:
        """A new field of so many bits; where it begins."""
        begin = self.end
        self.end += bits
        return begin

    def local(self, state: int, actor: int) -> int:
        """The number of an actor's local state."""
        return state >> self.actor_at[actor] & (1 << ACTOR_BITS) - 1

    def value(self, state: int, cell: int) -> int:
        """The number of a cell's value."""
        return state >> self.cell_at[cell] & (1 << CELL_BITS) - 1

    def values(self, state: int) -> tuple[int, ...]:
        """The numbers of all cells' values."""
        return tuple(self.value(state, cell) for cell in range(len(self.cell_at)))

    def clock(self, state: int, actor: int) -> tuple[float, ...]:
        """What is left of each of an actor's timers, in seconds."""
        return self.clocks[state >> self.clock_at[actor] & (1 << CLOCK_BITS) - 1]

    def clock_change(self, state: int, actor: int, left: tuple[float, ...]) -> int:
        """What it adds to a state that this is left of an actor's timers."""
        number = self._clock_numbers.get(left)
        if number is None:
            number = self._clock_numbers[left] = len(self.clocks)
            self.clocks.append(left)
        begin = self.clock_at[actor]
        return number - (state >> begin & (1 << CLOCK_BITS) - 1) << begin

    @property
    def clock_mask(self) -> int:
        """The bits of all clocks."""
        mask = 0
        for begin in self.clock_at:
            mask |= (1 << CLOCK_BITS) - 1 << begin
        return mask

    def actor_mask(self, actor: int) -> int:
        """The bits of an actor's local state."""
        return (1 << ACTOR_BITS) - 1 << self.actor_at[actor]

    def cell_mask(self, cell: int) -> int:
        """The bits of a cell."""
        return (1 << CELL_BITS) - 1 << self.cell_at[cell]


class Network(ABC):
    """What all networks can do."""

    #: Bits that must stay zero: one that is set means that a counter has run over.
    guard = 0
    #: Whether a message that its actor throws away is gone; where there is no order, it stays.
    ordered = False

    def __init__(self, fields: Fields, exchange: Exchange) -> None:
        self.fields = fields
        self.exchange = exchange
        #: By actor: the bits that say what it may receive.
        self.inbox: list[int] = [0] * len(exchange.names)
        #: The search's masks, which have to know of a new field at once.
        self.masks: list[int] = [fields.actor_mask(actor) for actor in range(len(exchange.names))]

    def _new_field(self, receiver: int, bits: int) -> int:
        begin = self.fields.take(bits)
        mask = (1 << bits) - 1 << begin
        self.inbox[receiver] |= mask
        self.masks[receiver] |= mask
        return begin

    @abstractmethod
    def send(self, state: int, numbers: Iterable[int]) -> tuple[int, int, int]:
        """What sending these does to a state: what to add, which bits to set, which bits count."""

    @abstractmethod
    def arriving(self, state: int, actor: int) -> Iterator[list[tuple[Message, int]]]:
        """What an actor may receive in a state: channels, each with its messages in order.

        With each message comes what taking it adds to the state.  Of a channel a message may be
        taken when those before it are kept.
        """

    def emptied(self, state: int, actor: int) -> int:
        """What it adds to a state that an actor ends, and all mail to it is gone."""
        return -(state & self.inbox[actor])

    @abstractmethod
    def drops(self, state: int) -> Iterator[tuple[Message, int]]:
        """Each message that may get lost, with what that adds to the state."""

    @abstractmethod
    def in_flight(self, state: int) -> list[Message]:
        """All messages that are on their way."""


class _Bag(Network):
    """Messages without order: each has a field of its own."""

    bits = 1
    stays = False

    def __init__(self, fields: Fields, exchange: Exchange) -> None:
        super().__init__(fields, exchange)
        self.at: list[int] = []
        self.by_receiver: list[list[tuple[Message, int, int]]] = [[] for _ in exchange.names]

    def _field(self, number: int) -> int:
        messages = self.exchange.messages
        while len(self.at) <= number:
            message = messages[len(self.at)]
            begin = self._new_field(message.receiver, self.bits)
            mask = (1 << self.bits) - 1 << begin
            self.at.append(begin)
            self.by_receiver[message.receiver].append((message, begin, mask))
            if self.bits > 1:
                self.guard |= 1 << begin + self.bits - 1
        return self.at[number]

    def arriving(self, state: int, actor: int) -> Iterator[list[tuple[Message, int]]]:
        """What an actor may receive in a state."""
        for message, begin, mask in self.by_receiver[actor]:
            if state & mask:
                yield [(message, 0 if self.stays else -(1 << begin))]

    def drops(self, state: int) -> Iterator[tuple[Message, int]]:
        """Each message that may get lost."""
        for number, begin in enumerate(self.at):
            if state >> begin & (1 << self.bits) - 1:
                yield self.exchange.messages[number], -(1 << begin)

    def in_flight(self, state: int) -> list[Message]:
        """All messages that are on their way."""
        found = []
        for number, begin in enumerate(self.at):
            count = state >> begin & (1 << self.bits) - 1
            found += [self.exchange.messages[number]] * count
        return found


class Unordered(_Bag):
    """A multiset: delivered once for each time that it was sent, in any order."""

    bits = COUNT_BITS

    def send(self, state: int, numbers: Iterable[int]) -> tuple[int, int, int]:
        """What sending these does to a state."""
        return sum(1 << self._field(number) for number in numbers), 0, 0


class InboxSet(_Bag):
    """A set for each receiver: equal messages are one until it is received."""

    def send(self, state: int, numbers: Iterable[int]) -> tuple[int, int, int]:
        """What sending these does to a state."""
        bits = 0
        for number in numbers:
            bits |= 1 << self._field(number)
        return 0, bits, 0


class Duplicating(InboxSet):
    """A set of all that was ever sent: nothing is removed by being received."""

    stays = True


class Fifo(Network):
    """A queue for each pair of actors."""

    ordered = True

    def __init__(self, fields: Fields, exchange: Exchange) -> None:
        super().__init__(fields, exchange)
        self.channels: dict[tuple[int, int], int] = {}
        self.by_receiver: list[list[int]] = [[] for _ in exchange.names]
        #: By number: the queue as numbers of messages.
        self.queues: list[tuple[int, ...]] = [()]
        self._known: dict[tuple[int, ...], int] = {(): 0}

    def _number(self, queue: tuple[int, ...]) -> int:
        number = self._known.get(queue)
        if number is None:
            number = self._known[queue] = len(self.queues)
            self.queues.append(queue)
            if number >> QUEUE_BITS:
                raise ExploreError("more different queues are in flight than can be counted")
        return number

    def _channel(self, sender: int, receiver: int) -> int:
        pair = sender, receiver
        begin = self.channels.get(pair)
        if begin is None:
            begin = self.channels[pair] = self._new_field(receiver, QUEUE_BITS)
            self.by_receiver[receiver].append(begin)
        return begin

    def _queue(self, state: int, begin: int) -> int:
        return state >> begin & (1 << QUEUE_BITS) - 1

    def send(self, state: int, numbers: Iterable[int]) -> tuple[int, int, int]:
        """What sending these does to a state."""
        longer: dict[int, tuple[int, ...]] = {}
        for number in numbers:
            message = self.exchange.messages[number]
            begin = self._channel(message.sender, message.receiver)
            queue = longer.get(begin)
            if queue is None:
                queue = self.queues[self._queue(state, begin)]
            longer[begin] = (*queue, number)
            if len(queue) >= LONGEST_QUEUE:
                names = self.exchange.senders
                raise TooLongError(
                    f"the queue from {names[message.sender]} to {names[message.receiver]} grows "
                    f"without bound (it has reached {LONGEST_QUEUE}, {message.label} the last); "
                    "cut off there: let the sender wait for an answer, or give within="
                )
        add = touched = 0
        for begin, queue in longer.items():
            add += self._number(queue) - self._queue(state, begin) << begin
            touched |= (1 << QUEUE_BITS) - 1 << begin
        return add, 0, touched

    def arriving(self, state: int, actor: int) -> Iterator[list[tuple[Message, int]]]:
        """What an actor may receive in a state."""
        messages = self.exchange.messages
        for begin in self.by_receiver[actor]:
            number = self._queue(state, begin)
            queue = self.queues[number]
            if queue:
                yield [
                    (
                        messages[queue[place]],
                        self._number(queue[:place] + queue[place + 1 :]) - number << begin,
                    )
                    for place in range(len(queue))
                ]

    def drops(self, state: int) -> Iterator[tuple[Message, int]]:
        """Each message that may get lost."""
        for actor in range(len(self.inbox)):
            for channel in self.arriving(state, actor):
                yield from channel

    def in_flight(self, state: int) -> list[Message]:
        """All messages that are on their way."""
        messages = self.exchange.messages
        found = []
        for begin in self.channels.values():
            found += [messages[number] for number in self.queues[self._queue(state, begin)]]
        return found


KINDS: Final[dict[str, type[Network]]] = {
    "fifo": Fifo,
    "unordered": Unordered,
    "inbox_set": InboxSet,
    "duplicating": Duplicating,
}
