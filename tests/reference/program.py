"""A small language of actor programs as data, which prints itself as the code that it stands for.

A program is a tuple of statements.  `tests.reference.model` runs it by the rules, slowly and
plainly; `tests.reference.flowlets` runs it with flowlet.  Both write down what happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowlet import Event


class A(Event):
    n: int = 0


class B(Event):
    n: int = 0


class C(Event):
    n: int = 0


class Special(A):
    """An event of a derived type: who waits for `A` takes it."""


KINDS: tuple[type[Event], ...] = (A, B, C, Special)

Kinds = tuple[type[Event], ...]

MOST_SENDS = 30


@dataclass(frozen=True, repr=False)
class Statement:
    """One statement; `lines` is its code."""

    def lines(self) -> list[str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return "\n".join(self.lines())


Body = tuple[Statement, ...]


# --- waits ------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Receive(Statement):
    """`least` stands for a `where`: the event's `n` must be so much."""

    kinds: Kinds = ()
    after: int | None = None
    least: int | None = None

    def lines(self) -> list[str]:
        return [f"receive({arguments(self.kinds, after=self.after, least=self.least)})"]

    @property
    def at(self) -> str:
        return "|".join(kind.__name__ for kind in self.kinds) or "nothing"


@dataclass(frozen=True, repr=False)
class Sleep(Statement):
    seconds: int

    def lines(self) -> list[str]:
        return [f"sleep({self.seconds})"]


@dataclass(frozen=True, repr=False)
class Pause(Statement):
    def lines(self) -> list[str]:
        return ["pause()"]


@dataclass(frozen=True, repr=False)
class Parallel(Statement):
    regions: tuple[Body, ...]

    def lines(self) -> list[str]:
        return ["parallel(", *functions(self.regions), ")"]


@dataclass(frozen=True, repr=False)
class Race(Statement):
    regions: tuple[Body, ...]

    def lines(self) -> list[str]:
        return ["race(", *functions(self.regions), ")"]


# --- blocks -----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class State(Statement):
    name: str
    defer: Kinds
    body: Body

    def lines(self) -> list[str]:
        defer = f", defer={names(self.defer)}" if self.defer else ""
        return [f"with state({self.name!r}{defer}):", *indented(self.body)]


@dataclass(frozen=True, repr=False)
class Until(Statement):
    kinds: Kinds
    after: int | None
    body: Body

    def lines(self) -> list[str]:
        return [f"with until({arguments(self.kinds, after=self.after)}):", *indented(self.body)]


@dataclass(frozen=True, repr=False)
class On(Statement):
    kind: type[Event]
    handler: Body
    freeze: bool
    body: Body

    def lines(self) -> list[str]:
        freeze = ", freeze=True" if self.freeze else ""
        return [
            "def handler(event):",
            *indented(self.handler),
            f"with on({self.kind.__name__}, handler{freeze}):",
            *indented(self.body),
        ]


@dataclass(frozen=True, repr=False)
class Child(Statement):
    """A child that ends with a block."""

    child: Body
    body: Body

    def lines(self) -> list[str]:
        return [
            "def child():",
            *indented(self.child),
            "with spawn(child):",
            *indented(self.body),
        ]


# --- Python's own -----------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Loop(Statement):
    times: int
    body: Body

    def lines(self) -> list[str]:
        return [f"for _ in range({self.times}):", *indented(self.body)]


@dataclass(frozen=True, repr=False)
class Try(Statement):
    body: Body
    cleanup: Body

    def lines(self) -> list[str]:
        return ["try:", *indented(self.body), "finally:", *indented(self.cleanup)]


@dataclass(frozen=True, repr=False)
class Catch(Statement):
    body: Body

    def lines(self) -> list[str]:
        return ["try:", *indented(self.body), "except Exception: pass"]


@dataclass(frozen=True, repr=False)
class Raise(Statement):
    def lines(self) -> list[str]:
        return ["raise ValueError"]


@dataclass(frozen=True, repr=False)
class Return(Statement):
    value: int

    def lines(self) -> list[str]:
        return [f"return {self.value}"]


# --- what does not wait -----------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Flow(Statement):
    body: Body

    def lines(self) -> list[str]:
        return ["def machine():", *indented(self.body), "flow(machine)"]


@dataclass(frozen=True, repr=False)
class Become(Statement):
    body: Body

    def lines(self) -> list[str]:
        return ["def other():", *indented(self.body), "become(other)"]


@dataclass(frozen=True, repr=False)
class Emit(Statement):
    value: int

    def lines(self) -> list[str]:
        return [f"emit({self.value})"]


@dataclass(frozen=True, repr=False)
class Send(Statement):
    """`to` is the name of an actor, or `me` for the one that sends.

    In one run only so many are sent: a handler could answer itself for ever.
    """

    to: str
    event: Event
    after: int | None = None

    def lines(self) -> list[str]:
        after = "" if self.after is None else f", after={self.after}"
        return [f"{self.to}.send({self.event!r}{after})"]


@dataclass(frozen=True, repr=False)
class Stop(Statement):
    """Stops another actor."""

    to: str

    def lines(self) -> list[str]:
        return [f"{self.to}.stop()"]


@dataclass(frozen=True, repr=False)
class Spawn(Statement):
    body: Body

    def lines(self) -> list[str]:
        return ["def child():", *indented(self.body), "spawn(child)"]


# --- what comes from outside ------------------------------------------------------------------


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
class Advance:
    """So much time passes; with 0 seconds the actors do what is ready."""

    seconds: int

    def __repr__(self) -> str:
        return f"d.advance({self.seconds})" if self.seconds else "d.settle()"


Stimulus = Tell | End | Advance


@dataclass(frozen=True)
class Play:
    """Some actors, spawned in this order, and what comes from outside."""

    actors: dict[str, Body]
    stimuli: tuple[Stimulus, ...]

    def __repr__(self) -> str:
        lines = []
        for name, body in self.actors.items():
            lines += ["", f"def {name}():", *indented(body)]
        lines += ["", *map(repr, self.stimuli)]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # hypothesis prints dataclasses field by field, unless they say otherwise.
        printer.text(repr(self))


# --- as text ----------------------------------------------------------------------------------


def indented(body: Body) -> list[str]:
    """The lines of a body, four to the right."""
    return ["    " + line for statement in body for line in statement.lines()] or ["    pass"]


def functions(regions: tuple[Body, ...]) -> list[str]:
    """Regions, written as functions without names."""
    lines = []
    for body in regions:
        lines += ["    function:", *("    " + line for line in indented(body))]
    return lines


def names(kinds: Kinds) -> str:
    """A tuple of types."""
    return "(" + "".join(f"{kind.__name__}, " for kind in kinds).rstrip() + ")"


def arguments(kinds: Kinds, *, after: int | None = None, least: int | None = None) -> str:
    """What stands in the brackets of a `receive` or an `until`."""
    parts = [kind.__name__ for kind in kinds]
    if after is not None:
        parts.append(f"after={after}")
    if least is not None:
        parts.append(f"where=lambda event: event.n >= {least}")
    return ", ".join(parts)
