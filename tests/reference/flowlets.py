"""The same programs, run by flowlet; what happens is written down as the model writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flowlet
from flowlet import (
    ActorRef,
    ChildFailedError,
    Dispatcher,
    become,
    emit,
    flow,
    receive,
    sleep,
    spawn,
    state,
    until,
)
from tests.reference import program as p
from tests.reference.model import Line


@dataclass
class Done:
    """A `return` on its way out of a body."""

    value: object


@dataclass
class Run:
    """One dispatcher, its actors, and what they say."""

    d: Dispatcher
    named: dict[str, ActorRef[Any]] = field(default_factory=dict)
    names: dict[ActorRef[Any], str] = field(default_factory=dict)
    spawned: dict[str, int] = field(default_factory=dict)
    sends: int = 0
    broken: bool = False
    trace: list[Line] = field(default_factory=list)

    def log(self, who: str, what: str) -> None:
        self.trace.append((self.d.now(), who, what))

    def listen(self, record: object) -> None:
        """An instrument: what the actors cannot say themselves."""
        kind = type(record).__name__
        if kind == "Discarded":
            self.log(self.names[record.actor], f"discard {record.event!r}")
        elif kind == "Ended":
            error = record.error
            what = repr(record.result) if error is None else type(error).__name__
            self.log(self.names[record.actor], f"ended {what}")

    def note(self, error: Exception) -> None:
        """An error has come out of the run; those that the programs raise are seen elsewhere."""
        if not isinstance(error, ValueError | ChildFailedError):
            self.log("all", f"got {error!r}")
            self.broken = True

    def spawn(self, name: str, body: p.Body) -> None:
        ref = self.d.spawn(Script(self, name, name).machine, body)
        self.named[name] = ref
        self.names[ref] = name


@dataclass
class Script:
    """The words of the language, as one actor or one region says them."""

    run: Run
    actor: str
    who: str

    def log(self, what: str) -> None:
        self.run.log(self.who, what)

    def machine(self, body: p.Body) -> object:
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
                got: Any = receive(*kinds, after=after, where=where, at=statement.at)  # type: ignore[call-overload]
                self.log(f"took {got!r}")
            case p.Sleep(seconds):
                sleep(seconds, at="sleep")
                self.log("slept")
            case p.Pause():
                flowlet.pause(at="pause")
                self.log("went on")
            case p.Parallel(regions):
                self.log(f"joined {flowlet.parallel(*self.functions(regions))!r}")
            case p.Race(regions):
                self.log(f"won {flowlet.race(*self.functions(regions))!r}")
            case p.State(name, defer, body):
                with state(name, defer=defer):
                    self.log(f"enter {name}")
                    try:
                        return self.body(body)
                    finally:
                        self.log(f"leave {name}")
            case p.Until(kinds, after, body):
                done = None
                with until(*kinds, after=after) as end:
                    done = self.body(body)
                self.log(f"until {end.event!r}")
                return done
            case p.On(kind, handler, freeze, body):

                def answer(event: object) -> None:
                    self.log(f"handling {event!r}")
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
            case p.Stop(to):
                self.find(to).stop()
            case p.Spawn(body):
                self.child(body)
            case _:
                raise TypeError(statement)
        return None

    def send(self, to: ActorRef[Any], event: object, after: int | None) -> None:
        self.run.sends += 1
        if self.run.sends > p.MOST_SENDS:
            return
        if after is None:
            to.send(event)
        else:
            to.send(event, after=after)

    def find(self, name: str) -> ActorRef[Any]:
        return self.run.named[self.actor if name == "me" else name]

    def child(self, body: p.Body) -> tuple[str, ActorRef[Any]]:
        run = self.run
        number = run.spawned[self.actor] = run.spawned.get(self.actor, 0) + 1
        name = f"{self.actor}/{number}"
        ref = spawn(Script(run, name, name).machine, body)
        run.named[name] = ref
        run.names[ref] = name
        self.log(f"spawned {name}")
        return name, ref

    def functions(self, regions: tuple[p.Body, ...]) -> list[Any]:
        def function(number: int, body: p.Body) -> Any:
            script = Script(self.run, self.actor, f"{self.who}.{number}")
            return lambda: script.machine(body)

        return [function(number, body) for number, body in enumerate(regions)]
