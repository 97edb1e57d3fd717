"""What comes into a mailbox to end an actor: a stop, a kill, the failure or the end of a child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .errors import ChildFailedError, Stopped
from .events import Over
from .fiber import Fiber
from .mailbox import Halt, Own, Signal
from .names import JOIN

if TYPE_CHECKING:
    from .actor import ActorRef

#: An actor whose waits have raised so often and that still goes on is given up.
MOST_STOPS: Final = 100


class Stop(Signal):
    """Ends the actor: its wait raises, and clean-up runs."""

    __slots__ = ()

    def meet(self, fiber: Fiber) -> None:
        """Unwind the actor; no block that is left hears anything more."""
        fiber.put_to_sleep(self)
        if fiber.returned:
            fiber.returned = False
        raise Stopped


class Kill(Stop, Halt):
    """Ends the actor at once: its every wait raises."""

    __slots__ = ("met",)

    def __init__(self) -> None:
        self.met: int = 0

    def meet(self, fiber: Fiber) -> None:
        """Unwind the actor; one that goes on for ever is given up."""
        self.met += 1
        if self.met > MOST_STOPS:
            fiber.home.abandon(fiber)
        super().meet(fiber)


class Grace:
    """Kills an actor whose clean-up takes longer than it was given."""

    __slots__ = ("ref", "when")

    def __init__(self, ref: ActorRef[Any], when: float) -> None:
        self.ref: ActorRef[Any] = ref
        self.when: float = when

    def fire(self) -> None:
        """The time for clean-up is over."""
        self.ref._kill()


class ChildFailed(Stop):
    """A child has failed: its parent is ended by that, and nothing in it can swallow it."""

    __slots__ = ()


def child_failed(child: ActorRef[Any], parent: ActorRef[Any]) -> None:
    """End the parent of a child that failed; of several failures the first counts."""
    error = ChildFailedError(
        f"actor {child.name!r}, a child of {parent.name!r}, failed with "
        f"{type(child.error).__name__}: {child.error}",
        child,
    )
    error.__cause__ = child.error
    if parent.extra.failure is not None:
        parent.extra.failure.add_note(f"and then: {error}")
        return
    parent.own_extra().failure = error
    if parent.phase == "alive":
        parent.phase = "stopping"
        parent._fiber.signal(ChildFailed(), first=True)


class ChildEnded(Own):
    """A child has ended, and its parent waits for that."""

    __slots__ = ()

    def come(self, fiber: Fiber, _: ActorRef[Any]) -> None:
        """The child has ended: it stands behind what its parent was sent before."""
        fiber.signal(self)

    def outcome(self) -> Over:
        """Nothing but that it has happened."""
        return Over(JOIN)
