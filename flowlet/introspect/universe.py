"""What can happen in a state of a system, and what it does to the state.

An integer is a state (see `network`).  What one actor can do depends on the bits under its mask,
and is looked up by them; only where that is not known yet its machine is asked, and that runs real
code only where it must.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from ..errors import ExploreError
from .cast import NoReply
from .exchange import End, Exchange, Message
from .frames_of_views import Frames
from .identity import Reader
from .local import LocalMachine
from .moves import Lookup, Move
from .network import KINDS, Field, Fields, Network, NetworkKind, TooLongError
from .scene import GO, START, Scene, Stimulus, StimulusKind
from .standing import Awaited, LocalState, Outcome, Standing
from .telling_steps import told

ANY_TIME: Final = (
    "any armed timer may go off first, whatever its time (time='any'): time='ordered' lets the "
    "earliest go first"
)


class Universe:
    """A system as a machine of integers: its actors, its network, and what each can do."""

    def __init__(
        self,
        scenes: Callable[[tuple[int, ...]], Scene],
        network: NetworkKind = "fifo",
        lossy: bool = False,
        reader: Reader | None = None,
        results: Callable[[int, Awaited], list[Any]] | None = None,
        replies: Callable[[int, Awaited], list[Any]] | None = None,
        offers: Callable[[LocalState], list[tuple[int, Any]]] | None = None,
        ordered_time: bool = False,
    ) -> None:
        self.reader: Reader = reader or Reader()
        self.lossy = lossy
        #: What the calls that leave the system may give back.
        self.results = results
        #: What actors outside may answer.
        self.replies = replies
        #: What may come too early, in a system that is one actor.
        self.early: Callable[[LocalState], list[tuple[int, Any]]] | None = None
        #: What may come from outside, in a system that is one actor.
        self.offers = offers
        self.scene_for = scenes
        #: Each initial state: under which choice of the system function, and of each actor.
        self.beginnings: dict[int, tuple[int, list[tuple[int, ...]]]] = {}
        self.notes: dict[str, None] = {}
        #: What is worth knowing, and no cut.
        self.hints: dict[str, None] = {}
        self.complete: bool = True
        #: States from which more is possible than was admitted.
        self.at_bounds: set[int] = set()
        #: Equal for states that are one by symmetry.
        self.signature: Callable[[int], Any] | None = None
        self.views: Frames = Frames()
        #: What is asked of each state, by name.
        self.predicates: dict[str, Callable[[Any], object]] = {}
        self.variants: list[tuple[tuple[int, ...], Scene]] = _variants(scenes)
        first = self.variants[0][1]
        self.exchange: Exchange = Exchange(first, self.reader, by_sender=network != "inbox_set")
        self.names: list[str] = self.exchange.names
        self.machines: list[LocalMachine] = [
            LocalMachine(number, name, self.scene_of, self.exchange, self.reader)
            for number, name in enumerate(self.names)
        ]
        for ref in first.cast:
            if ref.options.mailbox is not None:
                self.note(
                    f"{ref.name} has a mailbox with a limit, and while exploring messages wait "
                    "outside it: that it may be full is not seen"
                )
        self.fields: Fields = Fields(self.exchange, ordered_time)
        self.ordered_time = ordered_time
        self.network: Network = KINDS[network](self.fields, self.exchange)
        self.keeps_all: bool = network == "duplicating"
        self.lookup: Lookup = Lookup(range(len(self.names)), self.fields.masks, self.expand)
        #: What each actor alone can do.
        self.by_actor: list[Lookup] = self.lookup.leaves
        #: To whom each actor has sent, and who has ended in some state.
        self.sends_to: list[set[int]] = [set() for _ in self.names]
        self.may_end: set[int] = set()

    def note(self, why: str) -> None:
        """Something is missing, for this reason."""
        self.complete = False
        self.notes[why] = None

    # --- one state ------------------------------------------------------------------------

    def initial(self) -> Iterator[int]:
        """The states in which each actor, in the order of their spawning, has come to a wait."""
        for number, (_, scene) in enumerate(self.variants):
            state = 0
            for cell, field in enumerate(self.fields.cells):
                state += field.code(self.exchange.value_number(scene, cell))
            cells = (*self.fields.values(state), *(0 for _ in self.names))
            for machine, field in zip(self.machines, self.fields.actors, strict=True):
                state += field.code(machine.unstarted(number, cells).number)
            sent = [self.exchange.message_number(sending, scene) for sending in scene.sent]
            try:
                add, bits, _ = self.network.send(state, sent)
            except TooLongError as error:
                self.note(str(error))
                continue
            begun: list[tuple[int, list[tuple[int, ...]]]] = [(state + add | bits, [])]
            for actor in range(len(self.machines)):
                begun = [
                    (state + move.add | move.bits, [*picks, move.picks])
                    for state, picks in begun
                    for move in self.moves(actor, state)[0]
                ]
            for state, picks in begun:
                self.beginnings.setdefault(state, (number, picks))
                yield state

    def cells_in(self, state: int) -> tuple[int, ...]:
        """The numbers of the cells' values, and then for each actor whether it has ended."""
        ended = []
        for actor, machine in enumerate(self.machines):
            local = machine.states[self.fields.local(state, actor)]
            ended.append(int(not local.alive and local.goes != "start"))
        return (*self.fields.values(state), *ended)

    def scene_of(self, variant: int) -> Scene:
        """A fresh scene, under one of the choices of the system function."""
        return self.scene_for(self.variants[variant][0])

    def expand(self, actor: int, state: int) -> list[Move]:
        """What an actor can do in a state; on what else that depends is in its mask from now on."""
        moves, touched = self.moves(actor, state)
        fields = self.fields
        shared = [*fields.cells, *fields.actors]
        for field in (*touched, *(shared[place] for place in self.machines[actor].touched)):
            fields.count(actor, field)
        return moves

    def moves(self, actor: int, state: int) -> tuple[list[Move], set[Field]]:
        """What an actor can do in a state, and the fields that count for that besides its own."""
        machine = self.machines[actor]
        local = machine.states[self.fields.local(state, actor)]
        moves: list[Move] = []
        touched: set[Field] = set()
        if local.cut:
            return moves, touched
        known_cells: list[tuple[int, ...]] = []

        def cells() -> tuple[int, ...]:
            """What most moves do not depend on is found out only for those that do."""
            if not known_cells:
                known_cells.append(self.cells_in(state))
            return known_cells[0]

        def add(stimulus: Stimulus, event: Any, taking: int, message: Message | None) -> bool:
            """What comes of a stimulus; whether the actor reacts."""
            reacts = False
            for outcome in machine.outcomes(local, stimulus, event, cells):
                if outcome.verdict in ("kept", "nothing"):
                    continue
                if outcome.verdict == "discarded" and not self._throws():
                    continue
                reacts = True
                try:
                    change = self._change(actor, state, stimulus, outcome, taking, touched)
                except TooLongError as queue:
                    self.note(str(queue))
                    self.at_bounds.add(state)
                    continue
                move = Move(actor, stimulus, message, outcome, *change, event)
                moves.append(move)
            return reacts

        if local.goes == "start":
            add(START, None, 0, None)
            return moves, touched
        if not local.alive and not local.timers:
            return moves, touched
        for one in local.all:
            if one.goes:
                kind: StimulusKind = "start" if one.goes == "start" else "go"
                add(Stimulus(kind, slot=one.slot), None, 0, None)
            for wait in one.waits:
                if wait.kind == "look" and wait.region:
                    add(Stimulus("go", slot=one.slot, region=wait.region), None, 0, None)
        if self.offers is not None and local.alive:
            for number, event in self.offers(local):
                add(Stimulus("event", -1 - number), event, 0, None)
        if self.early is not None and local.alive:
            for number, event in self.early(local):
                add(Stimulus("early", -1 - number), event, 0, None)
        for one in local.all:
            if one.timers:
                touched.update(self.fields.clocks)
                for place in self._due(actor, state, local, one):
                    add(Stimulus("timer", place, slot=one.slot), None, 0, None)
            for wait in one.waits:
                if wait.kind == "perform" and self.results is not None:
                    for place, result in enumerate(self.results(actor, wait)):
                        made = Stimulus("result", place, slot=one.slot, region=wait.region)
                        add(made, result, 0, None)
        asks = [wait for wait in local.waits if wait.kind == "ask"]
        for wait in asks:
            if wait.asks >= 0:
                touched.add(self.fields.actors[wait.asks])
                if self._will_not_reply(actor, state, wait.asks):
                    failure = NoReply(self.names[wait.asks], "has ended")
                    add(Stimulus("no reply", wait.asks, region=wait.region), failure, 0, None)
            elif self.replies is not None:
                for place, reply in enumerate(self.replies(actor, wait)):
                    add(Stimulus("reply", -1 - place, region=wait.region), reply, 0, None)
        #: Who has said something that comes before the news of their end.
        spoken: set[int] = set()
        # One that has ended receives nothing; all that is left are the letters that it has sent.
        for channel in self.network.arriving(state, actor) if local.alive else ():
            for message, taking in channel:
                spoken.add(message.sender)
                kind = "reply" if message.reply else "event"
                region = self._who_asks(actor, message, asks) if message.reply else 0
                if region < 0:
                    if self.ordered_time and self.keeps_all:
                        break  # it comes again and again, and time would never pass
                    # Too late: a dead letter; the timers run on.
                    timers = tuple(range(sum(len(one.timers) for one in local.all)))
                    late = Outcome("taken", local.number, timers=timers)
                    change = self._change(actor, state, GO, late, taking, touched)
                    moves.append(
                        Move(actor, Stimulus(kind, message.number), message, late, *change)
                    )
                    break
                if add(Stimulus(kind, message.number, region=region), message, taking, message):
                    break
                spoken.discard(message.sender)  # it is kept, and lets the others pass
        for one in local.all:
            for other in one.watches:
                touched.add(self.fields.actors[other])
                there = self.machines[other].states[self.fields.local(state, other)]
                # It is the last that comes from there; what else does, comes to the parent.
                before = other in spoken and self.network.ordered and not one.slot
                if there.alive or there.goes == "start" or before:
                    continue
                end = End(other, there.result, there.error, there.ended_on)
                place = there.number * len(self.names) + other
                add(Stimulus("exited", place, slot=one.slot), end, 0, None)
        return moves, touched

    def _who_asks(self, actor: int, reply: Message, asks: list[Awaited]) -> int:
        """In which region a reply is waited for; -1 where it comes too late."""
        asked = self.exchange.roots[reply.sender]
        regions = [wait.region for wait in asks if wait.asks == asked]
        if len(regions) > 1:
            raise ExploreError(
                f"two regions of {self.names[actor]} ask {self.names[asked]} at one time, and "
                "their replies cannot be told apart; let them ask one after the other"
            )
        return regions[0] if regions else -1

    def _will_not_reply(self, actor: int, state: int, asked: int) -> bool:
        """Whether the actor that was asked has ended, with no reply on its way."""
        other = self.machines[asked].states[self.fields.local(state, asked)]
        if other.alive or other.goes == "start":
            return False
        coming = (m for channel in self.network.arriving(state, actor) for m, _ in channel)
        return not any(m.reply and self.exchange.roots[m.sender] == asked for m in coming)

    def _due(self, actor: int, state: int, local: LocalState, one: Standing) -> Iterable[int]:
        """Which timers of an actor or a child may go off."""
        fields = self.fields
        if not self.ordered_time:
            if len(one.timers) > 1 or len(self.names) > 1 or local.children:
                self.hints[ANY_TIME] = None
            return range(len(one.timers))
        earliest = min(
            left for other in range(len(self.names)) for left in fields.clock(state, other)
        )
        left = fields.clock(state, actor)[one.first_timer :]
        return [place for place in range(len(one.timers)) if left[place] == earliest]

    def _time_passes(self, actor: int, state: int, stimulus: Stimulus, outcome: Outcome) -> int:
        """What it adds to a state that timers are armed, or that time has come to one of them."""
        fields = self.fields
        passed = 0.0
        change = 0
        own = fields.clock(state, actor)
        if stimulus.kind == "timer":
            local = self.machines[actor].states[fields.local(state, actor)]
            passed = own[local.standing(stimulus.slot).first_timer + stimulus.place]
            for other in range(len(self.names)):
                left = fields.clock(state, other)
                if other != actor and left:
                    left = tuple(round(each - passed, 9) for each in left)
                    change += fields.clock_change(state, other, left)
        now = tuple(
            round(own[timer] - passed, 9) if type(timer) is int else float(timer)
            for timer in outcome.timers
        )
        return change + fields.clock_change(state, actor, now)

    def _throws(self) -> bool:
        """Whether mail that nobody takes is thrown away; where there is no order, it stays."""
        return self.network.ordered

    def _change(
        self,
        actor: int,
        state: int,
        stimulus: Stimulus,
        outcome: Outcome,
        taking: int,
        touched: set[Field],
    ) -> tuple[int, int]:
        """What an outcome does to the state: what to add, which bits to set.

        The fields that count for that go to `touched`.
        """
        fields, network = self.fields, self.network
        machine = self.machines[actor]
        change = fields.actors[actor].change(state, outcome.target) + taking
        for cell, value in outcome.written:
            if self.exchange.grows(cell):
                raise TooLongError(
                    f"the shared cell {self.exchange.cell_names[cell]!r} grows without bound, it "
                    f"seems: it has reached {self.exchange.largest[cell]:g}; give it a limit, or "
                    "bound the search: within=lambda v: v.cells[…] <= 5"
                )
            change += fields.cells[cell].change(state, value)
        for number in outcome.sent:
            if self.exchange.swells(number):
                message = self.exchange.messages[number]
                raise TooLongError(
                    f"{message.label} is sent to {self.names[message.receiver]} with ever new "
                    f"contents, the last one {told(message.event)}: it grows without bound, as it "
                    "seems; give it a limit, or bound the search by within="
                )
        if self.ordered_time:
            change += self._time_passes(actor, state, stimulus, outcome)
            touched.update(fields.clocks)
        sent: Collection[int] = outcome.sent
        if not self.keeps_all:
            sent = self._to_living(actor, state, sent)
            touched.update(fields.actors[other] for other in self.sends_to[actor] & self.may_end)
            if not machine.states[outcome.target].alive:
                self._has_ended(actor)
                change += network.emptied(state, actor) - taking
        if not sent:
            return change, 0
        add, bits, counted = network.send(state, sent)
        touched.update(counted)
        return change + add, bits

    def _to_living(self, actor: int, state: int, sent: Collection[int]) -> list[int]:
        """What is sent to actors that have not ended; the rest is gone."""
        living = []
        for number in sent:
            receiver = self.exchange.messages[number].receiver
            if receiver not in self.sends_to[actor]:
                self.sends_to[actor].add(receiver)
            other = self.machines[receiver].states[self.fields.local(state, receiver)]
            if other.alive or other.goes == "start":
                living.append(number)
        return living

    def _has_ended(self, actor: int) -> None:
        """From now on it counts, for those who send to an actor, whether it has ended."""
        if actor not in self.may_end:
            self.may_end.add(actor)
            self.lookup.forget()


def _variants(
    scenes: Callable[[tuple[int, ...]], Scene],
) -> list[tuple[tuple[int, ...], Scene]]:
    """The system function with each choice that it makes: the picks, and a scene of each."""
    found = []
    todo: list[tuple[int, ...]] = [()]
    while todo:
        picks = todo.pop()
        scene = scenes(picks)
        found.append((picks, scene))
        for done in range(len(picks), len(scene.set_up)):
            before = tuple(pick.place for pick in scene.set_up[:done])
            todo += [(*before, other) for other in range(1, scene.set_up[done].options)]
    cast = [[ref.name for ref in scene.cast] for _, scene in found]
    if any(other != cast[0] for other in cast):
        raise ExploreError(
            "the system function spawns other actors for other choices; spawn the same ones, and "
            "let the choice be an argument of theirs"
        )
    if not cast[0]:
        raise ExploreError("the system function spawns no actor; let it d.spawn() some")
    if len(set(cast[0])) != len(cast[0]):
        raise ExploreError(f"two actors have one name: {', '.join(cast[0])}; name them apart")
    return found
