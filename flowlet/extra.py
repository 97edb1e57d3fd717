"""What only few actors have: children, a keeper, somebody who waits for their end.

It stands apart from the handle, and all actors without any of it share one, so that each of the
many that wait is smaller by 56 bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .actor import ActorRef
    from .errors import ActorStuckError, ChildFailedError
    from .life import Keeper
    from .signals import Grace


class Extra:
    """What one actor has of this; see `ActorRef.own_extra`."""

    __slots__ = (
        "children", "discarded", "failure", "grace", "joiners", "keeper", "remembered",
    )  # fmt: skip

    def __init__(self) -> None:
        #: Its children that have not ended, the oldest first.
        self.children: dict[ActorRef[Any], None] = {}
        #: How many events were thrown away because nothing took them.
        self.discarded: int = 0
        #: What it is being ended by: the failure of a child, or the watchdog.
        self.failure: ChildFailedError | ActorStuckError | None = None
        #: What kills it when its clean-up takes too long.
        self.grace: Grace | None = None
        #: Who is told of its end.
        self.joiners: dict[object, Callable[[ActorRef[Any]], object]] = {}
        #: Who decides whether it runs its function again.
        self.keeper: Keeper | None = None
        #: Where its blocks with a history were left.
        self.remembered: dict[Any, tuple[Any, ...]] = {}


#: What all actors without anything of this kind share; it is only read.
NOTHING_EXTRA: Final = Extra()
