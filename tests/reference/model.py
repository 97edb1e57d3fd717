"""The rules, written down as a program that is slow and plain.

A mailbox is a list, so are the timers and the queue of who is ready.  A program is walked by a
generator that yields where it waits (`tests.reference.words`).  Nothing here comes from flowlet but
events.

The rules, as they are followed here:

- Actors go in the order in which they became ready.  One goes on through its mailbox, oldest
  first, one thing at a time, until nothing in it is for anybody.
- When nobody is ready, time moves to the next deadline.  All that is due then is put into the
  mailboxes, in the order in which it was armed, before anything of it is handled.
- Each event makes one round.  Every region is offered it once, in order: first its wait, then the
  blocks round that, from inside out.  What no region takes, the blocks outside them are offered.
- Deferred by a state: kept, and the blocks outside that state are not asked.
- Thrown away: when all that wait in the actor are at a `receive` and none of them names its type.
- While a handler runs, its block and all inside it rest: they hear nothing and defer nothing.  What
  falls due for them stays, and comes after the mail that is there when the handler has returned.
- What ends an actor comes before all else in its mailbox.  What is being left hears nothing more.
- A state with a history remembers where its strand waited last; waits of clean-up do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flowlet import Event, Timeout
from tests.reference.deadlines import Deadlines
from tests.reference.others import fail
from tests.reference.parts import (
    Actor,
    Asking,
    ChildFailedError,
    Ear,
    Halt,
    Handle,
    Left,
    Look,
    MailboxFullError,
    Named,
    Over,
    Stopped,
    Strand,
    Timer,
    UnexpectedEventError,
    Wait,
    fall_silent,
    inside_out,
    is_deaf,
    note,
)
from tests.reference.play import Options, outcome, text_of
from tests.reference.program import CELLS, GRACE, Body
from tests.reference.words import life

Line = tuple[float, str, str]

TAKEN, DEFERRED, KEPT, UNWANTED = "taken", "deferred", "kept", "unwanted"


@dataclass
class Model(Deadlines):
    """A run: its actors, who of them is ready, and the one that has its turn."""

    ready: list[Actor] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    named: dict[str, Actor] = field(default_factory=dict)
    dead_letters: int = 0
    sends: int = 0
    #: The errors that come out of the run: of actors without a parent, which nobody watches.
    raised: list[str] = field(default_factory=list)
    askings: list[Asking] = field(default_factory=list)
    cells: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CELLS, 0))
    #: Who waits for a change of which cell.
    looks: dict[str, list[Look]] = field(default_factory=lambda: {cell: [] for cell in CELLS})
    #: The actor that has its turn.
    turn: Actor | None = None
    trace: list[Line] = field(default_factory=list)

    def log(self, who: str, what: str) -> None:
        self.trace.append((self.time, who, what))

    # --- the run ------------------------------------------------------------------------------

    def spawn(
        self, name: str, body: Body, parent: Actor | None = None, options: Options | None = None
    ) -> Actor:
        actor = Actor(name, body, parent, options or Options())
        self.actors.append(actor)
        self.ready.append(actor)
        self.named[name] = actor
        if parent is not None:
            parent.children.append(actor)
        return actor

    def settle(self) -> None:
        while True:
            while self.ready:
                self.take_turn(self.ready.pop(0))
            if not self.fire_due():
                return

    def advance(self, seconds: float) -> None:
        end = self.time + seconds
        self.settle()
        while self.timers and self.next_deadline() <= end:
            self.time = self.next_deadline()
            self.settle()
        self.time = end

    def fire_due(self) -> bool:
        """All that is due, in the order in which it was armed; whether anything was."""
        due = self.take_due()
        for timer in due:
            if timer.kill is not None:
                self.kill(timer.kill)
            elif timer.letter is not None:
                sender, to, event = timer.letter
                silent = sender.parent is not None and sender.phase == "ended"
                if silent or to.phase == "ended" or not has_room(to):
                    self.dead_letters += 1  # the end of a child is the last that it says
                else:
                    self.deliver(to, event)
            elif not (isinstance(timer.owner, Ear) and timer.owner.left):
                assert timer.strand is not None
                self.signal(timer.strand.actor, timer)
        return bool(due)

    def close(self) -> None:
        while self.actors:
            for actor in reversed(list(self.actors)):
                self.kill(actor)
            while self.ready:
                self.take_turn(self.ready.pop(0))

    def find(self, name: str, sender: Actor) -> Actor:
        """The actor of that name; `me` if there is none."""
        if name == "parent":
            return sender.parent or sender
        if name == "child":
            name = f"{sender.name}/{sender.spawned}"
        return self.named.get(name, sender)

    # --- mail and signals ---------------------------------------------------------------------

    def send(self, to: Actor, event: Event) -> None:
        if to.phase == "ended":
            self.dead_letters += 1
        elif has_room(to):
            self.deliver(to, event)
        else:
            raise MailboxFullError

    def deliver(self, to: Actor, event: Event) -> None:
        to.mailbox.append(event)
        wait = to.root.wait
        if wait is None or wait.kinds is not None or wait.regions or any_ear(to.root):
            self.wake(to)  # who waits for something else, with nothing round it, sleeps on

    def signal(self, to: Actor, what: object, first: bool = False) -> None:
        to.mailbox.insert(0 if first else len(to.mailbox), what)
        self.wake(to)

    def wake(self, actor: Actor) -> None:
        if actor is not self.turn and actor not in self.ready:
            self.ready.append(actor)

    def over(self, strand: Strand, wait: Wait) -> None:
        """A wait that takes no event is over."""
        self.signal(strand.actor, Over(strand, wait))

    def stop(self, actor: Actor, grace: int = GRACE) -> None:
        """Stop an actor for good."""
        if actor.keeper is not None:
            actor.keeper.dismiss(actor)
        self.halt(actor, grace)

    def halt(self, actor: Actor, grace: int = GRACE) -> None:
        if actor.phase == "new":
            self.end(actor, None, None)
        elif actor.phase == "alive":
            actor.phase = "stopping"
            self.signal(actor, Halt(), first=True)
        if actor.phase == "stopping" and actor.grace is None:
            actor.grace = self.arm(grace, kill=actor)

    def kill(self, actor: Actor) -> None:
        if actor.phase == "new":
            self.end(actor, None, None)
        elif actor.phase in ("alive", "stopping"):
            actor.phase = "stopping"
            self.signal(actor, Halt(final=True), first=True)

    # --- one actor's turn ---------------------------------------------------------------------

    def take_turn(self, actor: Actor) -> None:
        if actor.phase == "ended":
            return
        self.turn, actor.looks = actor, None
        actor.root.parked += 1
        if actor.phase == "new":
            actor.phase = "alive"
            self.start(actor.root, actor.body)
        elif actor.root.wait is not None and actor.root.wait.pause == "queued":
            actor.root.wait.pause = "turn"
        while actor.phase != "ended" and (self.handle_one(actor) or self.end_pause(actor)):
            self.decide(actor.root)
        self.turn = None
        wait = actor.root.wait
        if wait is not None and wait.pause == "asked":
            wait.pause = "queued"
            actor.looks = wait.number
            self.wake(actor)

    def end_pause(self, actor: Actor) -> bool:
        """Go on after a pause, if the others have had their turn."""
        wait = actor.root.wait
        if wait is None or wait.pause != "turn":
            return False
        self.resume(actor.root)
        return True

    def start(self, strand: Strand, body: Body) -> None:
        strand.steps = life(self, strand, body)
        self.resume(strand)

    def resume(
        self, strand: Strand, value: object = None, error: BaseException | None = None
    ) -> None:
        """Let a strand go on to its next wait, or to its end."""
        assert strand.steps is not None
        if strand is not strand.actor.root:
            strand.parked += 1
        strand.wait = None
        try:
            strand.wait = strand.steps.send(value) if error is None else strand.steps.throw(error)
        except StopIteration:
            strand.done = True
        if strand.wait is not None:
            note(strand)
            self.decide(strand)

    def decide(self, strand: Strand) -> None:
        """At the end of a round: whoever waits for regions that need no more goes on."""
        wait = strand.wait
        if wait is None:
            return
        for region in wait.regions:
            self.decide(region)
        if not wait.regions or strand.wait is not wait:
            return
        if wait.decided():
            self.resume(strand)
        else:
            note(strand)

    def end_region(self, region: Strand) -> bool:
        """Have a region end; whether at once, since the whole actor is ended so."""
        fall_silent(region, 0, "end")
        self.resume(region, error=Stopped())
        return any(isinstance(item, Halt) and item.final for item in region.actor.mailbox)

    def handle_one(self, actor: Actor) -> bool:
        """Handle the first thing in the mailbox that is for anybody; whether there was one."""
        place = 0
        while place < len(actor.mailbox):
            item = actor.mailbox[place]
            if self.is_for_later(actor, item):
                place += 1
                continue
            if not (isinstance(item, Halt) and item.final):
                del actor.mailbox[place]
            if not isinstance(item, Event):
                if self.meet(actor, item):
                    return True
                continue
            answer = self.offer(actor.root, item)
            if answer == TAKEN:
                return True
            if answer != UNWANTED or actor.options.unexpected == "defer":
                actor.mailbox.insert(place, item)
                place += 1
            elif actor.options.unexpected == "raise":
                self.resume(actor.root, error=UnexpectedEventError())
                return True
            else:
                self.discard(actor, item)
        return False

    def is_for_later(self, actor: Actor, item: object) -> bool:
        if isinstance(item, Halt):
            return item.final and is_deaf(actor.root)
        if isinstance(item, Over) and is_put_off(item.strand):
            return True
        if not isinstance(item, Timer | Over) or not self.resting(item):
            return False
        item.passed_over = True
        return True

    def discard(self, actor: Actor, event: Event) -> None:
        """Nobody takes it; whoever asked hears of that."""
        actor.discarded += 1
        self.log(actor.name, f"discard {text_of(event)}")
        for asking in self.askings:
            if asking.request is event:
                fail(self, asking)

    def offer(self, strand: Strand, event: Event) -> str:
        """One round of an event: what the strand makes of it."""
        wait = strand.wait
        assert wait is not None
        answer = UNWANTED
        if wait.regions:
            answers = [self.offer(region, event) for region in wait.going()]
            if TAKEN in answers:
                self.decide(strand)
                return TAKEN
            if DEFERRED in answers:
                return DEFERRED
            if KEPT in answers:
                answer = KEPT
        elif wait.kinds is None:
            answer = KEPT
        elif isinstance(event, wait.kinds):
            if wait.least is None or event.n >= wait.least:  # type: ignore[attr-defined]
                self.resume(strand, event)
                return TAKEN
            answer = KEPT
        for block in inside_out(strand):
            if isinstance(block, Named):
                if isinstance(event, block.defer):
                    return DEFERRED
            elif block.hears(event):
                if block.handler is None:
                    self.leave(strand, block, event)
                else:
                    self.resume(strand, Handle(block, event))
                return TAKEN
        return answer

    def meet(self, actor: Actor, item: Halt | Timer | Over) -> bool:
        """Handle what is no mail; false for what has come too late, or too early."""
        if actor.phase == "ending" and not isinstance(item, Over):
            return False
        if isinstance(item, Halt):
            fall_silent(actor.root, 0, "end")
            self.resume(actor.root, error=Stopped())
            return True
        strand = item.strand
        assert strand is not None
        if not takes_part(strand):
            return False
        if isinstance(item, Over):
            if strand.wait is not item.wait:
                return False
            self.resume(strand)
        elif isinstance(item.owner, Wait):
            if strand.wait is not item.owner:
                return False
            assert item.owner.after is not None
            self.resume(strand, Timeout(None, item.owner.after))
        else:
            assert item.owner is not None
            if item.owner.left or item.owner not in strand.blocks:
                return False
            assert item.owner.after is not None
            self.leave(strand, item.owner, Timeout(None, item.owner.after))
        return True

    def resting(self, item: Timer | Over) -> bool:
        """Whether it is for something that sleeps while a handler runs."""
        owner = item.wait if isinstance(item, Over) else item.owner
        assert owner is not None
        assert item.strand is not None
        if owner.resting:
            return True
        region: Strand | None = item.strand
        while region is not None and region.group is not None:
            if region.group.resting:
                return True
            region = region.outer
        return False

    def resting_in(self, strand: Strand) -> list[Timer | Over]:
        """What has fallen due for those who sleep while a handler of this strand runs."""
        signals = [item for item in strand.actor.mailbox if isinstance(item, Timer | Over)]
        return [item for item in signals if rests_in(item, strand)]

    def put_behind(self, strand: Strand, late: list[Timer | Over]) -> None:
        """A handler has returned: the mailbox comes first, then what fell due meanwhile."""
        actor = strand.actor
        due = [item for item in late if not rests_in(item, strand)]
        for item in due:
            item.passed_over = False  # it is on its way again
        actor.mailbox = [item for item in actor.mailbox if item not in due] + due

    def leave(self, strand: Strand, block: Ear, cause: object) -> None:
        block.cause = cause
        fall_silent(strand, strand.blocks.index(block), block)
        self.resume(strand, error=Left(block))

    # --- ends ---------------------------------------------------------------------------------

    def end(self, actor: Actor, result: object, error: Exception | None) -> None:
        """The last that an actor does."""
        if actor.phase == "new" and actor.keeper is not None:
            del self.named[actor.name]  # nobody has ever had its handle
        actor.phase = "ended"
        actor.root.result, actor.root.error = result, error
        self.actors.remove(actor)
        self.disarm(actor.grace)
        self.log(actor.name, f"ended {outcome(result, error)}")
        minded = any(isinstance(key, Actor) and key.phase != "ended" for key in actor.joiners)
        minded = minded or (actor.keeper is not None and actor.keeper.minds(actor))
        parent = actor.parent
        if parent is not None:
            parent.children.remove(actor)
            if error is not None and not minded and parent.failure is None:
                parent.failure = ChildFailedError()
                if parent.phase == "alive":
                    parent.phase = "stopping"
                    self.signal(parent, Halt(), first=True)
        elif error is not None and not minded:
            self.raised.append(type(error).__name__)
        for tell in actor.joiners.values():
            tell()


def has_room(actor: Actor) -> bool:
    limit = actor.options.mailbox
    return limit is None or sum(isinstance(item, Event) for item in actor.mailbox) < limit


def any_ear(strand: Strand) -> bool:
    return any(isinstance(block, Ear) for block in inside_out(strand))


def rests_in(item: Timer | Over, strand: Strand) -> bool:
    """Whether it is for something that sleeps while a handler of this very strand runs."""
    owner = item.wait if isinstance(item, Over) else item.owner
    inner = item.strand
    assert owner is not None
    assert inner is not None
    if inner is strand:
        return bool(owner.resting)
    while inner.outer is not None and inner.outer is not strand:
        inner = inner.outer
    return inner.outer is strand and inner.group is not None and bool(inner.group.resting)


def is_put_off(strand: Strand) -> bool:
    """Whether a strand waits until other regions have cleaned up."""
    return not takes_part(strand) and not has_ended(strand)


def has_ended(strand: Strand | None) -> bool:
    """Whether a strand, or a region that it is in, has ended."""
    while strand is not None:
        if strand.done:
            return True
        strand = strand.outer
    return False


def takes_part(strand: Strand | None) -> bool:
    """Whether a strand, and the regions that it is in, have not ended and are not being ended."""
    while strand is not None:
        if strand.done or (strand.group is not None and strand not in strand.group.going()):
            return False
        strand = strand.outer
    return True
