"""The same programs, run by flowlet; what happens is written down as the model writes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flowlet
from flowlet import (
    ActorRef,
    Cell,
    ChildFailedError,
    Dispatcher,
    MailboxFullError,
    NoReplyError,
    RestartLimitError,
    UnexpectedEventError,
    become,
    emit,
    flow,
    me,
    receive,
    sleep,
    spawn,
    state,
    until,
)
from flowlet.instrument import Discarded, Ended
from flowlet.sending import Delayed
from tests.reference import program as p
from tests.reference.model import Line
from tests.reference.parts import known
from tests.reference.play import Options, outcome, text_of

MADE_UP = (
    ValueError,
    ChildFailedError,
    MailboxFullError,
    NoReplyError,
    RestartLimitError,
    UnexpectedEventError,
)


@dataclass
class Done:
    """A `return` on its way out of a body."""

    value: object


class Run:
    """One dispatcher, its actors, and what they say."""

    def __init__(self, d: Dispatcher) -> None:
        self.d = d
        self.named: dict[str, ActorRef[Any]] = {}
        self.cells: dict[str, Cell[int]] = {name: d.shared(name, 0) for name in p.CELLS}
        self.spawned: Counter[str] = Counter()
        self.sends = 0
        #: By actor: the requests that it has taken, how many of them it has answered; what it
        #: sent for later last.
        self.requests: defaultdict[str, list[p.Get]] = defaultdict(list)
        self.answered: Counter[str] = Counter()
        self.later: dict[str, Delayed] = {}
        self.raised: list[str] = []
        self.broken = False
        self.trace: list[Line] = []

    def log(self, who: str, what: str) -> None:
        self.trace.append((self.d.now(), who, what))

    def listen(self, record: object) -> None:
        """An instrument: what the actors cannot say themselves."""
        if isinstance(record, Discarded):
            self.log(record.actor.name, f"discard {text_of(record.event)}")
        elif isinstance(record, Ended):
            self.log(record.actor.name, f"ended {outcome(record.result, record.error)}")

    def attach(self) -> None:
        """A listener that does nothing comes, or goes if it is there."""
        if nothing in self.d.listeners:
            self.d.unlisten(nothing)
        else:
            self.d.listen(nothing)

    def note(self, error: Exception) -> None:
        """An error has come out of the run; of those that nobody has made up it is the last."""
        self.raised.append(type(error).__name__)
        if type(error) not in MADE_UP:
            self.log("all", f"got {error!r}")
            self.broken = True

    def spawn(self, name: str, body: p.Body, options: Options) -> None:
        fn = Script(self, name, name).function(body)
        given = flowlet.actor(unexpected=options.unexpected, mailbox=options.mailbox)
        self.named[name] = self.d.spawn(given(fn), name=name)

    def find(self, name: str, sender: str) -> ActorRef[Any]:
        """The actor of that name; `me` if there is none."""
        if name == "parent":
            name = sender.rpartition("/")[0]
        elif name == "child":
            name = f"{sender}/{self.spawned[sender]}"
        return self.named.get(name) or self.d.find(name) or self.named[sender]


def nothing(record: object) -> None:
    """Listens, and says nothing."""


@dataclass
class Script:
    """The words of the language, as one actor or one region says them."""

    run: Run
    actor: str
    who: str

    def log(self, what: str) -> None:
        self.run.log(self.who, what)

    def take(self, what: str, event: object) -> None:
        """It has taken an event; a request is remembered, so that it can be answered."""
        self.log(f"{what} {text_of(event)}")
        if isinstance(event, p.Get):
            p.add_once(self.run.requests[self.actor], event)

    def find(self, name: str) -> ActorRef[Any]:
        return self.run.find(name, self.actor)

    def machine(self, body: p.Body) -> object:
        self.run.named[self.actor] = me()
        done = self.body(body)
        return None if done is None else done.value

    def body(self, body: p.Body) -> Done | None:
        for statement in body:
            done = self.say(statement)
            if done is not None:
                return done
        return None

    def say(self, statement: p.Statement) -> Done | None:
        match statement:
            case p.Receive(kinds, after, least):
                where = None if least is None else lambda event: event.n >= least
                got: Any = receive(*kinds, after=after, where=where, at=statement.at)
                self.take("took", got)
            case p.Sleep(seconds):
                sleep(seconds, at="sleep")
                self.log("slept")
            case p.Pause():
                flowlet.pause(at="pause")
                self.log("went on")
            case p.Ask(to, request, after):
                self.ask(self.find(to), request, after)
            case p.WaitUntil(cell, least):
                flowlet.wait_until(lambda: self.run.cells[cell].value >= least, at="wait_until")
                self.log(f"{cell} is {least} or more")
            case p.Supervise():
                self.log(f"supervised {self.supervise(statement)!r}")
            case p.Parallel(regions):
                self.log(f"joined {flowlet.parallel(*self.functions(regions))!r}")
            case p.Race(regions):
                self.log(f"won {flowlet.race(*self.functions(regions))!r}")
            case p.State(name, defer, body, None):
                with state(name, defer=defer):
                    self.log(f"enter {name}")
                    return self.inside(name, body)
            case p.State(name, defer, body, "deep" | "shallow" as history):
                with state(name, defer=defer, history=history) as h:
                    self.log(f"enter {name} {known(h.last)}")
                    return self.inside(name, body)
            case p.Until(kinds, after, body):
                done = None
                with until(*kinds, after=after) as end:
                    done = self.body(body)
                self.take("until", end.event)
                return done
            case p.On(kind, handler, freeze, body):

                def answer(event: object) -> None:
                    self.take("handling", event)
                    self.body(handler)
                    self.log("handled")

                with flowlet.on(kind, answer, freeze=freeze):
                    return self.body(body)
            case p.Child(child, body):
                name, ref = self.child(child)
                with ref:
                    done = self.body(body)
                self.log(f"without {name}")
                return done
            case p.Loop(times, body):
                for _ in range(times):
                    done = self.body(body)
                    if done is not None:
                        return done
            case p.Try(body, cleanup):
                try:
                    done = self.body(body)
                finally:
                    self.log("cleaning")
                    self.body(cleanup)
                    self.log("cleaned")
                return done
            case p.Catch(body):
                try:
                    return self.body(body)
                except Exception as error:
                    self.log(f"caught {type(error).__name__}")
            case p.Raise():
                raise ValueError
            case p.Return(value):
                return Done(value)
            case p.Flow(body):
                self.log(f"flow gave {flow(self.machine, body)!r}")
            case p.Become(body):
                become(self.machine, body)
            case p.Emit(value):
                emit(value)
                self.log(f"emit {value}")
            case p.Send(to, event, after):
                self.send(self.find(to), event, after)
            case p.Cancel():
                later = self.run.later.get(self.actor)
                self.log(f"cancelled {later is not None and later.cancel()}")
            case p.Reply(value):
                self.reply(value)
            case p.Set(cell, value):
                self.run.cells[cell].value = value
            case p.Stop(to, grace):
                self.find(to).stop(grace)
            case p.Watch(whom):
                target = self.find(whom)
                if self.may_send() and target != flowlet.me():  # nobody hears of its own end
                    flowlet.watch(target)
            case p.Listen():
                self.run.attach()
            case p.Spawn(body):
                self.child(body)
            case _:
                raise TypeError(statement)
        return None

    def inside(self, name: str, body: p.Body) -> Done | None:
        """The body of a state, and that it is left."""
        try:
            return self.body(body)
        finally:
            self.log(f"leave {name}")

    def may_send(self) -> bool:
        self.run.sends += 1
        return self.run.sends <= p.MOST_SENDS

    def send(self, to: ActorRef[Any], event: object, after: int | None) -> None:
        if not self.may_send():
            return
        if after is None:
            to.send(event)
        else:
            self.run.later[self.actor] = to.send(event, after=after)

    def ask(self, target: ActorRef[Any], request: p.Get, after: int | None) -> None:
        if target is me() or not self.may_send():
            return
        self.log(f"answer {target.ask(request, after=after, at='ask')!r}")

    def reply(self, value: int) -> None:
        run, actor = self.run, self.actor
        if run.answered[actor] < len(run.requests[actor]):
            run.answered[actor] += 1
            run.requests[actor][run.answered[actor] - 1].reply(value)

    def name_child(self) -> str:
        self.run.spawned[self.actor] += 1
        return f"{self.actor}/{self.run.spawned[self.actor]}"

    def child(self, body: p.Body) -> tuple[str, ActorRef[Any]]:
        name = self.name_child()
        ref = self.run.named[name] = spawn(Script(self.run, name, name).function(body), name=name)
        self.log(f"spawned {name}")
        return name, ref

    def supervise(self, statement: p.Supervise) -> tuple[Any, ...]:
        children = []
        for body, restart in statement.given:
            name = self.name_child()
            function = Script(self.run, name, name).function(body)
            children.append(flowlet.child(function, name=name, restart=restart))
        return flowlet.supervise(
            *children,
            strategy=statement.strategy,
            max_restarts=statement.max_restarts,
            within=p.WITHIN,
            at="supervise",
        )

    def functions(self, regions: tuple[p.Body, ...]) -> list[Callable[[], object]]:
        names = [f"{self.who}.{number}" for number in range(len(regions))]
        scripts = [Script(self.run, self.actor, name) for name in names]
        return [script.function(body) for script, body in zip(scripts, regions, strict=True)]

    def function(self, body: p.Body) -> Callable[[], object]:
        """A function without arguments that runs a program."""
        machines = [self.machine]  # out of a list: else flowlet would read all of this for names

        def run() -> object:
            return machines[0](body)

        run.__name__ = self.who  # a region's history is its own, by this name
        return run
