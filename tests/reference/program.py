"""A small language of actor programs as data, which prints itself as the code that it stands for.

A program is a tuple of statements.  `tests.reference.model` runs it by the rules, slowly and
plainly; `tests.reference.flowlets` runs it with flowlet.  Both write down what happens.  What
comes from outside is `tests.reference.play`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowlet import Event, Exited, Request


class A(Event):
    n: int = 0


class B(Event):
    n: int = 0


class C(Event):
    n: int = 0


class Special(A):
    """An event of a derived type: who waits for `A` takes it."""


class Get(Request[int]):
    n: int = 0


KINDS: tuple[type[Event], ...] = (A, B, C, Special, Get, Exited)

Kinds = tuple[type[Event], ...]

Depth = Literal["deep", "shallow"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart = Literal["on_error", "always", "never"]

CELLS = ("x", "y")

#: In one run only so many are sent, asked or watched: a handler could answer itself for ever.
MOST_SENDS = 30
#: Seconds for clean-up, where a stop names none.
GRACE = 5
#: Seconds in which a child may be run again only so often.
WITHIN = 5


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
class Ask(Statement):
    """Asks another actor; nobody asks himself."""

    to: str
    request: Get
    after: int | None = None

    def lines(self) -> list[str]:
        return [f"{self.to}.ask({self.request!r}{late(self.after)})"]


@dataclass(frozen=True, repr=False)
class WaitUntil(Statement):
    cell: str
    least: int

    def lines(self) -> list[str]:
        return [f"wait_until(lambda: {self.cell}.value >= {self.least})"]


@dataclass(frozen=True, repr=False)
class Supervise(Statement):
    """Children that are run again, each as its `restarts` says."""

    children: tuple[Body, ...]
    restarts: tuple[Restart, ...]
    strategy: Strategy
    max_restarts: int

    @property
    def given(self) -> list[tuple[Body, Restart]]:
        return list(zip(self.children, self.restarts, strict=False))

    def lines(self) -> list[str]:
        lines = [f'supervise(strategy="{self.strategy}", max_restarts={self.max_restarts},']
        for body, restart in self.given:
            lines += [f'    child(restart="{restart}"):']
            lines += ["    " + line for line in indented(body)]
        return [*lines, ")"]


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
    """With a `history` it tells where it was last left."""

    name: str
    defer: Kinds
    body: Body
    history: Depth | None = None

    def lines(self) -> list[str]:
        defer = f", defer={names(self.defer)}" if self.defer else ""
        history = f", history={self.history!r}" if self.history else ""
        return [f"with state({self.name!r}{defer}{history}):", *indented(self.body)]


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
    """`to` is the name of an actor, `me`, my `parent`, or the last `child` that I spawned."""

    to: str
    event: Event
    after: int | None = None

    def lines(self) -> list[str]:
        return [f"{self.to}.send({self.event!r}{late(self.after)})"]


@dataclass(frozen=True, repr=False)
class Cancel(Statement):
    """Calls off the last that this actor has sent for later."""

    def lines(self) -> list[str]:
        return ["sent.cancel()"]


@dataclass(frozen=True, repr=False)
class Reply(Statement):
    """Answers the oldest request that this actor has taken and not answered, if there is one."""

    value: int

    def lines(self) -> list[str]:
        return [f"request.reply({self.value})"]


@dataclass(frozen=True, repr=False)
class Set(Statement):
    cell: str
    value: int

    def lines(self) -> list[str]:
        return [f"{self.cell}.value = {self.value}"]


@dataclass(frozen=True, repr=False)
class Stop(Statement):
    to: str
    grace: int = GRACE

    def lines(self) -> list[str]:
        return [f"{self.to}.stop({'' if self.grace == GRACE else self.grace})"]


@dataclass(frozen=True, repr=False)
class Watch(Statement):
    whom: str

    def lines(self) -> list[str]:
        return [f"watch({self.whom})"]


@dataclass(frozen=True, repr=False)
class Listen(Statement):
    """A listener that does nothing comes, or goes if there is one."""

    def lines(self) -> list[str]:
        return ["listen()"]


@dataclass(frozen=True, repr=False)
class Spawn(Statement):
    body: Body

    def lines(self) -> list[str]:
        return ["def child():", *indented(self.body), "spawn(child)"]


# --- as text ----------------------------------------------------------------------------------


def indented(body: Body) -> list[str]:
    """The lines of a body, four to the right."""
    return ["    " + line for statement in body for line in statement.lines()] or ["    pass"]


def late(seconds: int | None) -> str:
    return "" if seconds is None else f", after={seconds}"


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


def add_once(requests: list[Get], request: Get) -> None:
    """Several regions may take one request, which is to be answered once."""
    if not any(request is other for other in requests):
        requests.append(request)
