"""The search through the states of a whole system: breadth first, over integers.

For each state and each actor it is looked up what the actor can do there; only where that is not
known yet, the actor's machine is asked (`expand`), and that runs real code only where it must.
Since the search goes breadth first, the way to each state is a shortest one.
"""

from __future__ import annotations

import time as wall
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..events import label_of
from .exchange import Message
from .network import MOST_COPIES
from .scene import START, Stimulus
from .standing import LocalState
from .telling_steps import child_name, flight_line, in_region, numbered, told, told_end
from .universe import Entry, Move, Universe

#: How often progress is told: after so many states.
TOLD_EVERY: Final = 2000

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
        parent, masks, tables = self.parent, self.masks, self.tables
        expand, lossy = self.expand, self.lossy
        outside: set[int] = set()
        signature, orbits = self.signature, set()
        frontier = []
        for state in self.initial():
            if admits is not None and not admits(state):
                continue
            if state not in parent:
                if signature is not None:
                    orbit = signature(state)
                    if orbit in orbits:
                        continue
                    orbits.add(orbit)
                parent[state] = -1
                frontier.append(state)
                if visit is not None and visit(state):
                    return
        actors = range(len(masks))
        told = TOLD_EVERY
        while frontier:
            following: list[int] = []
            for state in frontier:
                leads_on = False
                new_ones: list[int] = []
                calm = self.ordered_time and self.is_urgent(state)
                for actor in actors:
                    # Written out: this loop is the whole search.
                    entry = tables[actor].get(state & masks[actor])
                    if entry is None:
                        entry = expand(actor, state)
                    if calm:
                        entry = entry.without_timers()
                    for add in entry.adds:
                        new = state + add
                        if new not in parent:
                            new_ones.append(new)
                        elif add:
                            leads_on = True
                    self.transitions += len(entry.adds)
                    for add, bits in entry.both:
                        new = state + add | bits
                        if new not in parent:
                            new_ones.append(new)
                        elif new != state:
                            leads_on = True
                        self.transitions += 1
                if lossy:
                    for _, add in self.network.drops(state):
                        self.transitions += 1
                        if state + add not in parent:
                            new_ones.append(state + add)
                        else:
                            leads_on = True
                guard = self.network.guard
                for new in new_ones:
                    if new in parent:
                        leads_on = True
                        continue
                    if new & guard:
                        self._too_many(new)
                        self.at_bounds.add(state)
                        continue
                    if admits is not None and (new in outside or not admits(new)):
                        outside.add(new)
                        self.at_bounds.add(state)
                        self.transitions -= 1
                        continue
                    leads_on = True
                    if signature is not None:
                        orbit = signature(new)
                        if orbit in orbits:
                            continue
                        orbits.add(orbit)
                    if len(parent) == max_states:
                        self.note(f"stopped after {max_states} states: give a larger max_states=")
                        return
                    parent[new] = state
                    following.append(new)
                    if visit is not None and visit(new):
                        return
                if not leads_on:
                    self.terminal.append(state)
            frontier = following
            if progress is not None and len(parent) >= told:
                told = len(parent) + TOLD_EVERY
                progress(len(parent), len(frontier))

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
                    taken.update((actor, begun.number, step) for step in begun.drawn)
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
        parent, tables = self.parent, self.tables
        for state in parent:
            calm = self.ordered_time and self.is_urgent(state)
            for actor, mask in enumerate(self.masks):
                entry = tables[actor].get(state & mask) or self.expand(actor, state)
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

    def is_urgent(self, state: int) -> bool:
        """Whether something can happen in a state that takes no time."""
        for actor in range(len(self.machines)):
            entry = self.tables[actor].get(state & self.masks[actor])
            if (entry or self.expand(actor, state)).urgent:
                return True
        return False

    def all_moves(self, state: int) -> list[Move]:
        """All that can happen in a state."""
        moves = [move for actor in range(len(self.machines)) for move in self.known(actor, state)]
        if self.ordered_time and self.is_urgent(state):
            moves = [move for move in moves if move.stimulus.kind != "timer"]
        if self.lossy:
            moves += [self.loss(message, add) for message, add in self.network.drops(state)]
        return moves

    def loss(self, message: Message, add: int) -> Move:
        """That a message gets lost; `add` is what that does to a state."""
        return Move(-1, Stimulus("event", message.number), message, None, add)

    def known(self, actor: int, state: int) -> list[Move]:
        """What an actor can do in a state that was found."""
        entry = self.tables[actor].get(state & self.masks[actor])
        return (entry or self.expand(actor, state)).moves

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
