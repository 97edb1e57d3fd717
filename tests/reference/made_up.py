"""Plays made up at random, the same for the same seed.

A play uses about half of the words, so that those which it uses meet often.  What comes from
outside is made up while the model plays: mostly what somebody would take just then, or time enough
for something to fall due.
"""

from __future__ import annotations

from random import Random
from typing import Final

from flowlet import Event, Exited
from tests.reference import program as p
from tests.reference.parts import Actor, accepted
from tests.reference.play import (
    Advance,
    Attach,
    End,
    Options,
    Play,
    Put,
    Stimulus,
    Tell,
    Unexpected,
)
from tests.reference.stage import Rules

#: Statements without a body, and those with one; what is there twice comes more often.
WAITS: Final = ("receive", "receive", "receive", "sleep", "picky", "deaf", "pause")
DEEDS: Final = (
    "emit", "send", "send", "send later", "send later", "cancel", "stop", "raise", "return", "ask",
    "serve", "watch", "set", "wait until", "listen",
)  # fmt: skip
HEADS: Final = (
    "state", "state", "until", "until", "limit", "try", "on", "on", "parallel", "race", "loop",
    "catch", "flow", "become", "spawn", "child", "supervise", "history",
)  # fmt: skip
#: Of words that are of little use without each other, all are used or none.
TOGETHER: Final = (
    ("ask", "serve"),
    ("set", "wait until"),
    ("send later", "cancel"),
)


class Author:
    """Makes up one play."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = ("a", "b", "c")[: self.random.choice((1, 1, 1, 2, 2, 3))]
        used = {*self.random.choices(HEADS, k=4), *self.random.choices(DEEDS, k=4)}
        for words in TOGETHER:
            if used.intersection(words):
                used.update(words)
        self.deeds = [word for word in DEEDS if word in used]
        self.heads = [word for word in HEADS if word in used]
        self.waits = self.random.choices(WAITS, k=4)
        self.kinds: list[type[Event]] = [p.A, *self.random.choices((p.A, p.B, p.C, p.Special), k=2)]
        if "ask" in used:
            self.kinds.append(p.Get)
        if "watch" in used:
            self.kinds.append(Exited)
        self.times = self.random.choices(range(5), k=3)

    # --- small things ---------------------------------------------------------------------

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def seconds(self) -> int:
        return self.random.choice(self.times)

    def limit(self) -> int | None:
        return self.seconds() if self.chance(0.4) else None

    def some(self) -> p.Kinds:
        """One or two types of events."""
        kinds = (self.random.choice(self.kinds), self.random.choice(self.kinds))
        return kinds if self.chance(0.3) and kinds[0] is not kinds[1] else kinds[:1]

    def event(self) -> Event:
        kind = self.random.choice(self.kinds)
        return (p.A if kind is Exited else kind)(n=self.random.randint(0, 2))

    def whom(self) -> str:
        return self.random.choice((*self.names, "me", "parent", "child", "child"))

    def other(self) -> str:
        return self.random.choice((*self.names[1:], "parent", "child", "child"))

    def cell(self) -> str:
        return self.random.choice(p.CELLS)

    def bodies(self, depth: int) -> tuple[p.Body, ...]:
        return tuple(self.body(depth) for _ in range(self.random.choice((1, 2, 2, 3))))

    # --- programs -------------------------------------------------------------------------

    def body(self, depth: int, cleaning: bool = False) -> p.Body:
        """Some statements; those of a `finally` must not hide what unwinds."""
        number = self.random.choice((1, 1, 2, 2, 3))
        if depth > 0 and self.chance(0.7):
            # Early, since what comes late is seldom reached.
            first = self.composed(self.random.choice(self.heads), depth - 1, cleaning)
            return (first, *(self.statement(depth, cleaning) for _ in range(number - 1)))
        return tuple(self.statement(depth, cleaning) for _ in range(number))

    def waiting(self, depth: int, cleaning: bool) -> p.Body:
        """The same, with a wait among them, in which blocks round it can hear."""
        body = self.body(depth, cleaning)
        return (*body[:1], self.wait(), *body[1:])

    def statement(self, depth: int, cleaning: bool) -> p.Statement:
        if depth > 0 and self.chance(0.3):
            return self.composed(self.random.choice(self.heads), depth - 1, cleaning)
        if self.chance(0.6):
            return self.wait()
        return self.deed(self.random.choice(self.deeds), cleaning)

    def wait(self) -> p.Statement:
        match self.random.choice(self.waits):
            case "sleep":
                return p.Sleep(self.seconds())
            case "picky":
                kinds = tuple(kind for kind in self.some() if kind is not Exited) or (p.A,)
                return p.Receive(kinds, self.limit(), self.random.randint(1, 2))
            case "deaf":
                return p.Receive((), self.seconds())
            case "pause":
                return p.Pause()
            case _:
                return p.Receive(self.some(), self.limit())

    def deed(self, word: str, cleaning: bool) -> p.Statement:
        match word:
            case "send":
                return p.Send(self.whom(), self.event())
            case "send later":
                return p.Send(self.whom(), self.event(), self.seconds())
            case "cancel":
                return p.Cancel()
            case "stop":
                return p.Stop(self.whom(), self.random.choice((0, 2, p.GRACE)))
            case "raise":
                return p.Raise()
            case "return" if not cleaning:
                return p.Return(self.random.randint(0, 9))
            case "ask":
                return self.ask()
            case "serve":
                return self.serve()
            case "watch":
                if self.chance(0.5):
                    return p.Watch(self.whom())
                watching = (p.Spawn(self.child(0)), p.Watch("child"), self.wait())
                return p.Flow((*watching, p.Receive((Exited,), self.limit())))
            case "set":
                return p.Set(self.cell(), self.random.randint(0, 2))
            case "wait until":
                return p.WaitUntil(self.cell(), self.random.randint(0, 2))
            case "listen":
                return p.Listen()
            case _:
                return p.Emit(self.random.randint(0, 9))

    def composed(self, word: str, depth: int, cleaning: bool) -> p.Statement:
        """A statement with a body, or several."""
        match word:
            case "state":
                defer = self.some() if self.chance(0.6) else ()
                return p.State(self.random.choice("st"), defer, self.waiting(depth, cleaning))
            case "history":
                depths: list[p.Depth] = ["deep", "shallow"]
                last, body = self.random.choice(depths), self.waiting(depth, cleaning)
                state = p.State(self.random.choice("st"), (), body, last)
                return p.Loop(2, (state,))
            case "until":
                return p.Until(self.some(), self.limit(), self.waiting(depth, cleaning))
            case "limit":
                return p.Until((), self.seconds(), self.waiting(depth, cleaning))
            case "try":
                return p.Try(self.body(depth, cleaning), self.body(depth, cleaning=True))
            case "on":
                kind, freeze = self.random.choice(self.kinds), self.chance(0.5)
                handler = (self.replying if kind is p.Get else self.body)(depth, cleaning)
                return p.On(kind, handler, freeze, self.waiting(depth, cleaning))
            case "parallel":
                return p.Parallel(self.bodies(depth))
            case "race":
                return p.Race(self.bodies(depth))
            case "loop":
                return p.Loop(self.random.randint(1, 2), self.body(depth, cleaning))
            case "catch":
                body = self.body(depth, cleaning)
                return p.Catch((*body, p.Raise()) if self.chance(0.5) else body)
            case "become" if not cleaning:
                jump = p.Become(self.body(depth))
                return p.Try((jump,), (self.wait(),)) if self.chance(0.3) else jump
            case "spawn":
                return p.Spawn(self.child(depth))
            case "child":
                return p.Child(self.child(depth), self.waiting(depth, cleaning))
            case "supervise":
                return self.supervise(depth)
            case _:
                return p.Flow(self.body(depth))

    def ask(self) -> p.Statement:
        request = p.Get(self.random.randint(0, 2))
        if self.chance(0.5):
            return p.Ask(self.other(), request, self.limit())
        return p.Child((self.serve(),), (p.Ask("child", request, self.limit()),))

    def serve(self) -> p.Statement:
        return p.Loop(2, (p.Receive((p.Get,)), *self.replying(0, cleaning=False)))

    def child(self, depth: int) -> p.Body:
        body = self.body(depth)
        return (*body, p.Raise()) if self.chance(0.2) else body

    def replying(self, depth: int, cleaning: bool) -> p.Body:
        reply = p.Reply(self.random.randint(0, 9))
        return (*self.body(depth, cleaning), reply) if self.chance(0.3) else (reply,)

    def supervise(self, depth: int) -> p.Supervise:
        children = self.bodies(depth)
        children = tuple((*body, p.Raise()) if self.chance(0.5) else body for body in children)
        restarts: list[p.Restart] = ["on_error", "on_error", "always", "never"]
        strategies: list[p.Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]
        return p.Supervise(
            children,
            tuple(self.random.choice(restarts) for _ in children),
            self.random.choice(strategies),
            self.random.randint(0, 3),
        )

    # --- the play -------------------------------------------------------------------------

    def play(self) -> Play:
        actors = {name: self.program() for name in self.names}
        options = {name: self.options() for name in self.names if self.chance(0.1)}
        rules = Rules(Play(actors, (), options))
        stimuli: list[Stimulus] = []
        while len(stimuli) < 25 and (rules.model.actors or len(stimuli) < 3):
            stimuli.append(self.stimulus(rules))
            rules.meet(stimuli[-1])
        rules.end()
        if self.chance(0.9):
            stimuli.append(Advance(0))
        return Play(actors, tuple(stimuli), options)

    def program(self) -> p.Body:
        """A program that may go round, so that it lasts longer."""
        body = self.body(3)
        return (p.Loop(3, body),) if self.chance(0.5) else body

    def options(self) -> Options:
        unexpected: list[Unexpected] = ["discard", "defer", "raise"]
        return Options(self.random.choice(unexpected), self.random.choice((None, 1, 2)))

    def stimulus(self, rules: Rules) -> Stimulus:
        model = rules.model
        wanted = [(name, kind) for name, actor in model.named.items() for kind in wants(actor)]
        choice = self.random.random()
        if choice < 0.5 and wanted:
            to, kind = self.random.choice(wanted)
            return Tell(to, kind(n=self.random.randint(0, 2)))
        if choice < 0.55:
            return Tell(self.random.choice(self.names), self.event())
        if choice < 0.57:
            return End(self.random.choice([*model.named]))
        if choice < 0.63 and "set" in self.deeds:
            return Put(self.cell(), self.random.randint(0, 2))
        if choice < 0.66 and "listen" in self.deeds:
            return Attach()
        if choice < 0.8 and model.timers:
            return Advance(int(model.next_deadline() - model.time))
        return Advance(self.random.choice((0, 0, 1, 2, 5)))


def wants(actor: Actor) -> list[type[Event]]:
    """The types of what would make a difference to it now; the test cannot make an `Exited`."""
    taken, deferred = accepted(actor.root)
    return sorted({*taken, *deferred} - {Exited}, key=lambda kind: kind.__name__)


def made_up(seed: int) -> Play:
    return Author(seed).play()
