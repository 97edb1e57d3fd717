"""A play: some actors, and what comes from outside while they run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from flowlet import Event, Exited
from tests.reference.program import Body, indented


@dataclass(frozen=True)
class Tell:
    """An event is sent from outside."""

    to: str
    event: Event

    def __repr__(self) -> str:
        return f"{self.to}.send({self.event!r})"


@dataclass(frozen=True)
class End:
    """An actor is stopped from outside."""

    to: str

    def __repr__(self) -> str:
        return f"{self.to}.stop()"


@dataclass(frozen=True)
class Put:
    """A cell is set from outside."""

    cell: str
    value: int

    def __repr__(self) -> str:
        return f"{self.cell}.value = {self.value}"


@dataclass(frozen=True)
class Attach:
    """A listener that does nothing comes, or goes if there is one."""

    def __repr__(self) -> str:
        return "listen()"


@dataclass(frozen=True)
class Advance:
    """So much time passes; with 0 seconds the actors do what is ready."""

    seconds: int

    def __repr__(self) -> str:
        return f"d.advance({self.seconds})" if self.seconds else "d.settle()"


Unexpected = Literal["discard", "defer", "raise"]
Stimulus = Tell | End | Put | Attach | Advance


@dataclass(frozen=True)
class Options:
    """What `@actor(…)` says."""

    unexpected: Unexpected = "discard"
    mailbox: int | None = None

    def lines(self) -> list[str]:
        if self == Options():
            return []
        limit = "" if self.mailbox is None else f", mailbox={self.mailbox}"
        return [f'@actor(unexpected="{self.unexpected}"{limit})']


@dataclass(frozen=True)
class Play:
    """Some actors, spawned in this order, and what comes from outside."""

    actors: dict[str, Body]
    stimuli: tuple[Stimulus, ...]
    options: dict[str, Options] = field(default_factory=dict)

    def options_of(self, name: str) -> Options:
        return self.options.get(name, Options())

    def __repr__(self) -> str:
        lines = []
        for name, body in self.actors.items():
            lines += ["", *self.options_of(name).lines(), f"def {name}():", *indented(body)]
        lines += ["", *map(repr, self.stimuli)]
        return "\n".join(lines)


def text_of(event: object) -> str:
    """An event in a trace; `Exited` has a handle in it, which each side makes of its own."""
    if isinstance(event, Exited):
        return f"Exited({event.ref.name}, {outcome(event.result, event.error)})"
    return repr(event)


def outcome(result: object, error: BaseException | None) -> str:
    """How an actor has ended."""
    return repr(result) if error is None else type(error).__name__
