"""The search through the states of a whole system: breadth first, over integers.

For each state and each actor it is looked up what the actor can do there; only where that is not
known yet, the actor's machine is asked (`expand`), and that runs real code only where it must.
Since the search goes breadth first, the way to each state is a shortest one.
"""

from __future__ import annotations

import sys
import time as wall
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from ..events import label_of
from .collecting import seldom
from .exchange import Message
from .moves import Entry, Lookup, Move
from .network import MOST_COPIES
from .scene import START, Stimulus
from .standing import LocalState
from .telling_steps import child_name, flight_line, in_region, numbered, told, told_end
from .universe import Universe

#: How often progress is told: after so many states.
TOLD_EVERY: Final = 2000
#: So many states are followed at once; and fewer where there is less room than if each led to
AT_ONCE: Final = 4096
#: so many others.
MOST_MOVES: Final = 64

Visit = Callable[[int], bool]


class Product(Universe):
    """The search through all states of a system."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: Each state that was found, and the one from which it was found first.
        self.parent: dict[int, int] = {}
        self.terminal: list[int] = []
        self.transitions: int = 0
        self.seconds: float = 0.0
        self.searching: bool = False
        #: Whether somebody has ended it by Ctrl-C, and wants to see what there is.
        self.interrupted: bool = False
        #: The steps that were taken, where some were only tried.
        self.taken: set[Any] | None = None

    # --- the search -----------------------------------------------------------------------

    def run(
        self,
        admits: Visit | None = None,
        visit: Visit | None = None,
        max_states: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Find all states; `visit` is called with each, and ends the search by returning true.

        States that `admits` refuses are not generated.
        """
        began = wall.perf_counter()
        self.searching = True
        try:
            with seldom():
                self._run(admits, visit, max_states, progress)
        except KeyboardInterrupt:
            self.interrupted = True
            self.note("interrupted: what was found until then")
        finally:
            self.seconds = wall.perf_counter() - began
            self.searching = False

    def dispose(self) -> None:
        """Throw all scenes away."""
        for machine in self.machines:
            machine.dispose()

    def _run(
        self,
        admits: Visit | None,
        visit: Visit | None,
        max_states: int | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        most = sys.maxsize if max_states is None else max_states
        door = _Door(self, admits, visit, most)
        frontier: list[int] = []
        if not door.let_in(dict.fromkeys(self.initial(), -1), frontier):
            return
        # No state is met twice, so all actors together are never known.
        groups: Sequence[Lookup] = self.lookup.parts or [self.lookup]
        told = TOLD_EVERY
        while frontier:
            following: list[int] = []
            done = 0
            while done < len(frontier):
                # Near the most, few at once: the search ends where it is reached.
                room = most - len(self.parent)
                states = frontier[done : done + max(1, min(AT_ONCE, room // MOST_MOVES))]
                done += len(states)
                goes_on = self._follow(states, groups, door, following)
                if progress is not None and len(self.parent) >= told:
                    told = len(self.parent) + TOLD_EVERY
                    progress(len(self.parent), len(frontier) - done + len(following))
                if not goes_on:
                    return
                groups = [part for group in groups for part in group.apart()]
            frontier = following

    def _follow(
        self, states: list[int], groups: Sequence[Lookup], door: _Door, following: list[int]
    ) -> bool:
        """Go on from some states to all that come next; whether the search goes on at all."""
        parent = self.parent
        columns = self._entries(states, groups)
        self.transitions += sum([entry.count for column in columns for entry in column])
        before = len(parent)
        # A dictionary keeps the first way to each.  Where nobody is to be asked of new states, the
        # one of all of them takes these at once: of two-phase commit with six managers they are
        # followed in 0.041 s so, and in 0.050 s with one of their own.
        asks = door.asks
        found = {} if asks else parent
        reach = found.setdefault
        # A good part of the search is in these lines, so all that can be is outside.
        for state, entries in zip(states, zip(*columns, strict=True), strict=True):
            for entry in entries:
                for add in entry.adds:
                    reach(state + add, state)
                if entry.both:
                    for add, bits in entry.both:
                        reach(state + add | bits, state)
        goes_on = True
        if asks:
            goes_on = door.let_in(found, following)
        else:
            if len(parent) > door.most:
                goes_on = door.is_full()
                while len(parent) > door.most:
                    parent.popitem()  # the last that came in
            new = list(islice(reversed(parent), len(parent) - before))
            following += reversed(new)
        self._note_ends(states, columns, door)
        return goes_on

    def _entries(self, states: list[int], groups: Sequence[Lookup]) -> list[list[Entry]]:
        """What can happen in some states: for each group of actors, its entry in each."""
        columns: list[list[Any]] = [group.find_each(states) for group in groups]
        # In the order of the states, so that numbers do not depend on how many come at once.
        unknown = [
            (place, number)
            for number, column in enumerate(columns) if None in column
            for place, entry in enumerate(column) if entry is None
        ]  # fmt: skip
        for place, number in sorted(unknown):
            columns[number][place] = groups[number].find(states[place])
        if self.ordered_time:
            for place in range(len(states)):
                if any(column[place].urgent for column in columns):
                    for column in columns:
                        column[place] = column[place].calm
        if self.lossy:
            columns.append([self._losses(state) for state in states])
        return columns

    def _losses(self, state: int) -> Entry:
        adds = [add for _, add in self.network.drops(state)]
        return Entry(adds, count=len(adds))

    def _note_ends(self, states: list[int], columns: list[list[Entry]], door: _Door) -> None:
        """Note which states lead nowhere, and from which more is possible than was let in."""
        if not door.refused:
            # Of the last group first, which is no smaller than the others and so is seldom idle.
            *others, last = columns
            places = [place for place, entry in enumerate(last) if not entry.adds]
            for column in others:
                places = [place for place in places if not column[place].adds]
            for place in places:
                state = states[place]
                both = [pair for column in columns for pair in column[place].both]
                if all(state + add | bits == state for add, bits in both):
                    self.terminal.append(state)
            return
        for state, entries in zip(states, zip(*columns, strict=True), strict=True):
            after = [state + add for entry in entries for add in entry.adds]
            after += [state + add | bits for entry in entries for add, bits in entry.both]
            refused = [new for new in after if new in door.refused]
            if refused:
                self.at_bounds.add(state)
                self.transitions -= sum(new in door.outside for new in refused)
            if all(new == state or new in door.refused for new in after):
                self.terminal.append(state)

    def _too_many(self, state: int) -> None:
        message = next(
            message for message in self.network.in_flight(state)
            if self.network.in_flight(state).count(message) >= MOST_COPIES
        )  # fmt: skip
        self.note(
            f"{MOST_COPIES} of {message.label} to {self.names[message.receiver]} are in flight at "
            "once, which has no bound; cut off there: let the sender wait for an answer, or give "
            "within="
        )

    def note_taken(self) -> None:
        """Note which steps lead to states that were admitted; the others were only tried."""
        taken: set[Any] = set()
        self.taken = taken
        for actor, machine in enumerate(self.machines):
            for begun in machine.states:
                if begun.goes == "start" and self.parent:
                    taken.update((actor, begun.number, step) for step in begun.ran)
        for move, state in self.distinct_moves(lambda actor, _: actor):
            here = self.fields.local(state, move.actor)
            taken.add((move.actor, here, (move.stimulus, move.outcome)))

    def distinct_moves(self, apart: Callable[[int, int], object]) -> Iterator[tuple[Move, int]]:
        """The moves of actors that lead to states that were found, each with one of the states.

        What an actor can do is the same in many states; those count as several for which `apart`,
        of an actor and a state, differs.  Losses of messages are left out.
        """
        #: What was not met yet of all that an entry has; most is at once.
        left: dict[tuple[int, object], tuple[Entry, list[Move]]] = {}
        parent = self.parent
        for state in parent:
            entries = [lookup.find(state) for lookup in self.by_actor]
            calm = self.ordered_time and any(entry.urgent for entry in entries)
            for actor, entry in enumerate(entries):
                key = id(entry), apart(actor, state)
                known = left.get(key)
                if known is None:
                    known = left[key] = entry, list(entry.moves)
                for move in list(known[1]) if known[1] else ():
                    if calm and move.stimulus.kind == "timer":
                        continue
                    if state + move.add | move.bits in parent:
                        known[1].remove(move)
                        yield move, state

    # --- afterwards -----------------------------------------------------------------------

    def all_moves(self, state: int) -> list[Move]:
        """All that can happen in a state."""
        moves = [move for actor in range(len(self.machines)) for move in self.known(actor, state)]
        if self.ordered_time and any(move.is_urgent for move in moves):
            moves = [move for move in moves if move.stimulus.kind != "timer"]
        if self.lossy:
            moves += [self.loss(message, add) for message, add in self.network.drops(state)]
        return moves

    def loss(self, message: Message, add: int) -> Move:
        """That a message gets lost; `add` is what that does to a state."""
        return Move(-1, Stimulus("event", message.number), message, None, add)

    def known(self, actor: int, state: int) -> Sequence[Move]:
        """What an actor can do in a state that was found."""
        return self.by_actor[actor].find(state).moves

    def path_to(self, state: int) -> list[tuple[Move, int]]:
        """The moves that lead to a state, from an initial one on, each with the state before."""
        way = []
        while self.parent[state] != -1:
            before = self.parent[state]
            move = next(m for m in self.all_moves(before) if before + m.add | m.bits == state)
            way.append((move, before))
            state = before
        return way[::-1]

    def local(self, state: int, actor: int) -> LocalState:
        """The local state of an actor."""
        return self.machines[actor].states[self.fields.local(state, actor)]

    def describe(self, move: Move, state: int) -> str:
        """A move in a state as a line: `server: Ping(number=0) from client`."""
        message = move.message
        if move.actor == -1:
            assert message is not None
            return f"lost: {self._message(message, receiver=True)}"
        local = self.local(state, move.actor).standing(move.stimulus.slot)
        region = move.stimulus.region
        awaited, where = local.awaited(region), in_region(region)
        match move.stimulus.kind:
            case "go":
                what = "goes on" + where
            case "start":
                what = "begins"
            case "no reply":
                assert awaited is not None
                what = f"no reply, {self.names[awaited.asks]} has ended"
            case "exited":
                what = told_end(self.names[move.event.actor])
            case "timer":
                what = numbered(local.timers, move.stimulus.place)
            case "result":
                assert awaited is not None
                what = f"{awaited.called} gives {told(move.event)}{where}"
            case _:
                what = told(move.event) if message is None else self._message(message)
        chose = "".join(f", {text}" for text in move.outcome.chose) if move.outcome else ""
        return f"{self.who(move, state)}: {what}{chose}"

    def who(self, move: Move, state: int) -> str:
        """The name of the actor that makes a move, or of the child."""
        name = self.names[move.actor]
        child = self.local(state, move.actor).standing(move.stimulus.slot).child_name
        return child_name(name, child)

    def beginning_text(self, state: int) -> str:
        """The choices on the way to an initial state, as the first line of a path; or nothing."""
        variant, picks = self.beginnings[state]
        chose = [pick.text for pick in self.variants[variant][1].set_up]
        for machine, own in zip(self.machines, picks, strict=True):
            if own:
                unstarted = machine.by_form["unstarted", variant]
                outcomes = [o for _, found in unstarted.known[START] for o in found]
                chose += next(o.chose for o in outcomes if o.picks == own)
        return "begin: " + ", ".join(chose) if chose else ""

    def label(self, move: Move, state: int) -> str:
        """The same, as short as an edge of a picture has it."""
        local = self.local(state, max(move.actor, 0)).standing(move.stimulus.slot)
        if move.message is not None:
            label = move.message.label
        elif move.event is not None and move.stimulus.kind == "event":
            label = label_of(move.event)
        elif move.stimulus.kind == "exited":
            label = "Exited"
        elif move.stimulus.kind == "timer":
            label = local.timers[move.stimulus.place]
        elif move.stimulus.kind in ("go", "result"):
            awaited = local.awaited(move.stimulus.region)
            label = (local.called if awaited is None else awaited.called) or "goes on"
        elif move.stimulus.kind == "start":
            label = "begins"
        else:
            return self.describe(move, state)
        if move.actor == -1:
            return f"lost {label}"
        if len(self.names) == 1 and not move.stimulus.slot:
            return label
        return f"{self.who(move, state)}: {label}"

    def _message(self, message: Message, receiver: bool = False) -> str:
        sender = self.exchange.senders[message.sender] if message.sender >= 0 else "outside"
        to = self.names[message.receiver] if receiver else ""
        return flight_line(message.event, message.reply, sender, to)


class _Door:
    """Decides which of the states that were reached are taken up."""

    def __init__(
        self, search: Product, admits: Visit | None, visit: Visit | None, most: int
    ) -> None:
        self.search = search
        self.admits = admits
        self.visit = visit
        self.most = most
        #: States that are outside the bounds.
        self.outside: set[int] = set()
        #: Those that came last and were not let in.
        self.refused: set[int] = set()
        self.orbits: set[Any] = set()

    @property
    def asks(self) -> bool:
        """Whether there is anything to be asked of a state."""
        search = self.search
        asked = (self.admits, self.visit, search.signature)
        return bool(search.network.guard) or any(each is not None for each in asked)

    def is_full(self) -> bool:
        """Note that there are more states than are wanted."""
        self.search.note(f"stopped after {self.most} states: give a larger max_states=")
        return False

    def let_in(self, found: dict[int, int], following: list[int]) -> bool:
        """Take up the states that are new, each with the one before it; whether to go on."""
        search, parent = self.search, self.search.parent
        admits, visit, signature = self.admits, self.visit, search.signature
        guard = search.network.guard
        self.refused.clear()
        for new, state in found.items():
            if new in parent:
                continue
            # A system may begin with more.
            if new & guard and state != -1:
                search._too_many(new)
                self.refused.add(new)
                continue
            if admits is not None and (new in self.outside or not admits(new)):
                self.outside.add(new)
                self.refused.add(new)
                continue
            if signature is not None:
                orbit = signature(new)
                if orbit in self.orbits:
                    continue
                self.orbits.add(orbit)
            if len(parent) == self.most:
                return self.is_full()
            parent[new] = state
            following.append(new)
            if visit is not None and visit(new):
                return False
        return True
