"""Where an actor stands: what the search has to know of a local state without running it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .growth import Growth
from .identity import Snapshot
from .scene import Scene, Stimulus, Verdict

if TYPE_CHECKING:
    from .record import Move


class Outcome(NamedTuple):
    """What came of a stimulus: the new local state, what was sent, and which cells were set."""

    verdict: Verdict
    target: int
    #: By number: see `Exchange`.
    sent: tuple[int, ...] = ()
    #: Cells by number, each with the number of its new value.
    written: tuple[tuple[int, int], ...] = ()
    #: What each `choose` on the way took, as it reads.
    picks: tuple[int, ...] = ()
    chose: tuple[str, ...] = ()
    #: Each timer that is armed then: where it was before, or the seconds for which it is new.
    timers: tuple[int | float, ...] = ()
    #: What a child has thrown away, or its parent of what a child has sent: the slot, and what.
    threw: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Ran:
    """A step as it was run: by what, and under which values of the cells; and what was seen."""

    event: Any
    cells: tuple[int, ...]
    #: What the actor did, as it is drawn.
    drawn: tuple[Move, ...]
    #: What was given out, all of it and in order.
    given: tuple[str, ...]
    #: Whether the branches on its way are known, and not only where it led.
    is_traced: bool = False


@dataclass(frozen=True, slots=True)
class Awaited:
    """A wait that is no event's and no time's: an ask, a call, something that is to be true."""

    #: In which of the actor's greenlets: 0 is its own, then come those of its regions.
    region: int
    kind: Literal["ask", "perform", "look"]
    called: str
    #: Whom it asks, -1 for somebody outside; and the type of the request.
    asks: int = -1
    requests: type | None = None
    performs: Callable[..., Any] | None = None


@dataclass(slots=True)
class Standing:
    """Where an actor stands, or a child that it has spawned."""

    #: The state as people name it.
    path: tuple[Any, ...]
    #: Of a child: which it is, and what it is called.
    slot: int = 0
    child_name: str | None = None
    #: Which of the timers of the actor and its children is its first.
    first_timer: int = 0
    alive: bool = True
    result: Any = None
    error: BaseException | None = None
    accepts: tuple[type, ...] = ()
    #: The types that stay in the mailbox where nothing takes them.
    keeps: tuple[type, ...] = ()
    #: Whether mail that nothing takes is thrown away here.
    throws: bool = False
    #: Whether it goes on by itself: `"turn"`; or when cells allow it: `"cells"`; before its first
    #: turn: `"start"`.
    goes: str = ""
    #: The labels of the timers that may go off, in their order.
    timers: tuple[str, ...] = ()
    #: What it asked, or performs.
    called: str = ""
    stuck: bool = False
    snapshot: Snapshot | None = None
    #: The line at which it waits, `file:line`.
    line: str = ""
    #: The types of the mail that it keeps.
    mail: tuple[type, ...] = ()
    #: Whose end it is still to hear of.
    watches: tuple[int, ...] = ()
    #: What it asks, performs and looks for, in itself and in its regions.
    waits: tuple[Awaited, ...] = ()

    def awaited(self, region: int) -> Awaited | None:
        """What it waits for there."""
        return next((wait for wait in self.waits if wait.region == region), None)


@dataclass(slots=True, kw_only=True)
class LocalState(Standing):
    """A state of one actor, with the children that it has then."""

    number: int
    form: Any
    #: From which local state, by which stimulus with what event, and under which values of the
    #: cells it was first reached.
    origin: tuple[LocalState | None, Stimulus, Any, tuple[int, ...]]
    #: The children that it has spawned, and theirs, each where it stands.
    children: tuple[Standing, ...] = ()
    #: Its data grows without bound; what comes after it is left out.
    cut: bool = False
    growth: Growth | None = None
    #: Where it has ended: of that scene are the handles in its result.
    ended_on: Scene | None = None
    scenes: list[Scene] = field(default_factory=list)
    #: The steps from here that were run.
    ran: dict[tuple[Stimulus, Outcome], Ran] = field(default_factory=dict)
    #: By stimulus: what was read, and what came of it.
    known: dict[Stimulus, list[tuple[tuple[tuple[int, int], ...], tuple[Outcome, ...]]]] = field(
        default_factory=dict
    )

    @property
    def all(self) -> tuple[Standing, ...]:
        """It, and its children."""
        return (self, *self.children)

    @property
    def is_timed(self) -> bool:
        """Whether something may go off by time, for it or for a child."""
        return bool(self.timers) or any(one.timers for one in self.children)

    def standing(self, slot: int) -> Standing:
        """It, or the child in a slot."""
        return next(one for one in self.all if one.slot == slot)
