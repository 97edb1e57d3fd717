"""What the model is made of: actors, their regions, the blocks round a wait, waits, timers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING, Any

from flowlet import Event
from tests.reference.play import Options
from tests.reference.program import KINDS as KINDS_OF_EVENTS
from tests.reference.program import Body, Depth, Get, Kinds

if TYPE_CHECKING:
    from tests.reference.supervising import Keeper


class Unwinding(BaseException):
    """What goes through a program to end it, or a part of it."""


class Stopped(Unwinding):
    """The actor, or the region, is being ended."""


class Left(Unwinding):
    """An `until` is being left."""

    def __init__(self, block: Ear) -> None:
        super().__init__()
        self.block = block


class Jumped(Unwinding):
    """A `become` goes on as another program."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body


@dataclass(eq=False)
class Timer:
    """Something that is due at a time; of one time, what was armed first comes first."""

    when: float
    order: int
    #: Whose it is: a wait or an `until`, which hear of it by mail.
    owner: Wait | Ear | None = None
    strand: Strand | None = None
    #: Or what it does at once: a grace that is over, an event that was sent late.
    kill: Actor | None = None
    letter: tuple[Actor, Actor, Event] | None = None
    passed_over: bool = False

    @property
    def place(self) -> tuple[float, int]:
        return self.when, self.order


@dataclass(eq=False)
class Named:
    """A `state` that is open."""

    name: str
    defer: Kinds
    history: Depth | None = None
    #: Where the strand has waited last below it, for the history.
    waited: tuple[Any, ...] | None = None
    resting: int = 0
    left: bool = False


@dataclass(eq=False)
class Ear:
    """An `until` or an `on` that is open: a block that hears."""

    kinds: Kinds
    handler: Body | None = None
    freeze: bool = False
    after: int | None = None
    timer: Timer | None = None
    #: How many waits there were when it was entered.
    depth: int = 0
    #: How many handlers are running round it: while there are any, it hears nothing.
    resting: int = 0
    #: It is being left, or one round it is: it hears nothing any more.
    left: bool = False
    cause: object = None

    def hears(self, event: Event) -> bool:
        return not self.left and isinstance(event, self.kinds)


@dataclass(eq=False)
class Wait:
    """Where a strand is parked."""

    at: str
    #: The types that it takes; `None` for a wait that takes no mail.
    kinds: Kinds | None = None
    least: int | None = None
    after: int | None = None
    timer: Timer | None = None
    #: The regions that it waits for, and whether one is enough.
    regions: list[Strand] = field(default_factory=list)
    race: bool = False
    #: While the regions are being ended: the one whose clean-up runs.
    only: Strand | None = None
    resting: int = 0
    #: It waits for the end of who was ended at once, and is not given up for the same reason.
    deaf: bool = False
    #: Of a pause: `asked`, `queued` behind the others, or its `turn` has come.
    pause: str | None = None
    #: Of a pause before a look at a cell: which of them began first.
    number: int | None = None

    def going(self) -> list[Strand]:
        """The regions that take part."""
        alive = [region for region in self.regions if not region.done]
        return alive if self.only is None else [self.only] if self.only in alive else []

    def decided(self) -> bool:
        """Whether the regions need no more rounds."""
        if self.only is not None:
            return self.only.done
        done = [region.done for region in self.regions]
        failed = any(region.done and region.error for region in self.regions)
        return failed or (any(done) if self.race else all(done))


@dataclass(eq=False)
class Strand:
    """What runs one program: an actor, or one of its regions."""

    actor: Actor
    who: str
    outer: Strand | None = None
    #: Of a region: the wait of the outer strand that it belongs to.
    group: Wait | None = None
    steps: Generator[Wait, Any, None] | None = None
    wait: Wait | None = None
    #: Where it is parked, and the waits that handlers have interrupted, the oldest first.
    waits: list[Wait] = field(default_factory=list)
    #: The blocks that it is in, the outermost first; a region's own only.
    blocks: list[Named | Ear] = field(default_factory=list)
    #: How often it had to park: an actor till its next turn, a region till it is offered something.
    parked: int = 0
    #: Blocks are being left, and nothing has stopped that.
    unwinding: object = None
    #: How many blocks there were when the nearest `flow` began.
    floor: int = 0
    children: list[Actor] = field(default_factory=list)
    #: The last state entered since the last wait: the final one, if the strand ends there.
    entered: tuple[str, ...] | None = None
    final: tuple[str, ...] = ("end",)
    done: bool = False
    result: object = None
    error: Exception | None = None


@dataclass(eq=False)
class Actor:
    name: str
    body: Body
    parent: Actor | None = None
    options: Options = field(default_factory=Options)
    mailbox: list[Any] = field(default_factory=list)
    #: new, alive, stopping, ending, ended
    phase: str = "new"
    root: Strand = field(init=False)
    children: list[Actor] = field(default_factory=list)
    spawned: int = 0
    outputs: list[object] = field(default_factory=list)
    discarded: int = 0
    failure: ChildFailedError | None = None
    grace: Timer | None = None
    #: Who runs it again, if anybody.
    keeper: Keeper | None = None
    #: Who hears of its end: a strand that waits for it, a watcher, who has asked it, its keeper.
    joiners: dict[object, Callable[[], None]] = field(default_factory=dict)
    #: By strand and block: where a block with a history was left.
    remembered: dict[tuple[str, tuple[str, ...]], tuple[Any, ...]] = field(default_factory=dict)
    #: What it has sent for later last.
    later: Timer | None = None
    #: The requests that it has taken, and how many of them it has answered.
    requests: list[Get] = field(default_factory=list)
    answered: int = 0
    #: It is ready only to look at a cell, for a wait that began with this number.
    looks: int | None = None

    def __post_init__(self) -> None:
        self.root = Strand(self, self.name)


# --- what else there is in a mailbox ----------------------------------------------------------


@dataclass(eq=False)
class Halt:
    """Ends the actor; one that is `final` stays, so that every wait meets it."""

    final: bool = False


@dataclass(eq=False)
class Over:
    """A wait that takes no event is over: by an end, a reply, the change of a cell."""

    strand: Strand
    wait: Wait
    passed_over: bool = False


@dataclass(eq=False)
class Asking:
    """A request on its way, and what has come of it."""

    strand: Strand
    wait: Wait
    request: Event
    value: int | None = None
    answered: bool = False
    failed: bool = False
    #: Whoever asked has gone on.
    over: bool = False


@dataclass(eq=False)
class Look:
    """A wait for a cell to change; `number` says which of them began first."""

    strand: Strand
    number: int
    wait: Wait
    sent: bool = False


@dataclass
class Handle:
    """What a wait is told when an `on` hears: run the handler, and then go on waiting."""

    block: Ear
    event: Event


class ChildFailedError(Exception):
    """A child has failed, and so its parent does."""


class NoReplyError(Exception):
    """Who was asked has ended, was restarted, or has thrown the request away."""


class RestartLimitError(Exception):
    """A child was run again too often."""


class UnexpectedEventError(Exception):
    """An event came that nothing takes, to an actor that is ended by that."""


class MailboxFullError(Exception):
    """There is no room for one more event."""


def is_deaf(strand: Strand) -> bool:
    """Whether it, or the region that it ends just now, waits for the end of who was killed."""
    wait = strand.wait
    if wait is None:
        return False
    return wait.deaf or (wait.only is not None and is_deaf(wait.only))


def fall_silent(strand: Strand, first: int, why: object) -> None:
    """The blocks from here in are being left, and hear nothing more."""
    strand.unwinding = why
    for block in strand.blocks[first:]:
        block.left = True


# --- what is seen of an actor -----------------------------------------------------------------

KINDS = [kind.__name__ for kind in KINDS_OF_EVENTS]
GIVEN = {
    "s", "t", "sleep", "pause", "ask", "wait_until", "supervise", "nothing", "end",
    *KINDS, *("|".join(pair) for pair in permutations(KINDS, 2)),
}  # fmt: skip


def known(path: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """A path without what the programs did not name: a wait for the end of a child has no `at`."""
    if path is None:
        return None
    return tuple(
        known(part) if isinstance(part, tuple) else part
        for part in path
        if isinstance(part, tuple) or part in GIVEN
    )


def path(strand: Strand) -> tuple[Any, ...]:
    """Where it waits: the names of the blocks, then of the wait; regions side by side."""
    if strand.done:
        return strand.final
    assert strand.wait is not None
    named = names(strand)
    regions = strand.wait.regions
    last = tuple(path(region) for region in regions) if regions else strand.wait.at
    return (*named, last)


def names(strand: Strand) -> tuple[str, ...]:
    """Of the states that are open; a handler is outside those that rest."""
    return tuple(b.name for b in strand.blocks if isinstance(b, Named) and not b.resting)


def accepts(strand: Strand) -> set[type[Event]]:
    """The types that it would take now."""
    return accepted(strand)[0]


def accepted(strand: Strand) -> tuple[set[type[Event]], Kinds]:
    """The types that it would take, and those that it defers, so that nothing outside hears."""
    wait = strand.wait
    if wait is None:
        return set(), ()
    kinds: set[type[Event]] = set(wait.kinds or ())
    deferred: Kinds = ()
    for region in wait.going():
        inside, kept = accepted(region)
        kinds |= inside
        deferred += kept
    for block in inside_out(strand):
        if isinstance(block, Named):
            deferred += block.defer
        elif not block.left:
            kinds |= {kind for kind in block.kinds if not issubclass(kind, deferred)}
    return kinds, deferred


def inside_out(strand: Strand) -> list[Named | Ear]:
    """The blocks of a strand that do not rest, the innermost first."""
    return [block for block in reversed(strand.blocks) if not block.resting]


# --- history ----------------------------------------------------------------------------------


def note(strand: Strand) -> None:
    """Where a strand waits, for the blocks with a history round it; clean-up is no place to be."""
    assert strand.wait is not None
    if strand.unwinding is not None or strand.wait.only is not None or strand.wait.at == "join":
        return
    above = 0
    for block in strand.blocks:
        if isinstance(block, Named) and not block.resting:
            above += 1
            if block.history is not None:
                below = path(strand)[above:]
                block.waited = below if block.history == "deep" else outermost(below)


def outermost(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """One level of a path; where that is regions, one of each."""
    if path and isinstance(path[0], tuple):
        return (tuple(outermost(region) for region in path[0]),)
    return path[:1]
