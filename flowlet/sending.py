"""Mail that does not go straight into a mailbox: sent for later, or to a mailbox that is full.

Neither costs the plain `send` anything.  A delayed event stands in the dispatcher's queue of times,
like any time limit.  An actor with a limit has a mailbox of another class, which the short way of
`send` does not know.
"""

from __future__ import annotations

import _thread
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from .errors import MailboxFullError
from .events import Delay, Timeout, seconds_of
from .mailbox import LOOK, Signal

if TYPE_CHECKING:
    from .actor import ActorRef

#: How many threads there are besides the first.  Where Python does not say, `send` asks each time.
other_threads: Final[Callable[[], int]] = getattr(_thread, "_count", _thread.get_ident)


class Delayed:
    """An event on its way to an actor; `cancel()` calls it off.  What `send(event, after=5)` gives.

    ```python
    reminder = clerk.send(Reminder(), after=60)
    ...
    reminder.cancel()
    ```

    What a child actor has sent for later does not come once the child has ended.
    """

    __slots__ = ("_ref", "_sender", "event", "when")

    def __init__(
        self,
        ref: ActorRef[Any],
        event: object,
        sender: ActorRef[Any] | None,
        after: float | Delay,
    ) -> None:
        self._ref = ref
        self._sender = sender
        #: What is sent.
        self.event: object = event
        home = ref._home
        #: When it is due, in seconds on the dispatcher's clock.
        self.when: float = home.deadline(seconds_of(after))
        if self.when != math.inf:
            home.timers.arm(self.when, self)

    def cancel(self) -> bool:
        """Call it off; returns whether that was in time, before the event was delivered."""
        home = self._ref._home
        home._check_thread("cancel")
        if self.when == math.inf:
            return True
        return home.timers.disarm(self.when, self)

    def fire(self) -> None:
        """Its time has come; called by the dispatcher."""
        ref, sender = self._ref, self._sender
        # The end of a child is the last that it says.
        silent = sender is not None and sender.parent is not None and sender.phase == "ended"
        if silent or ref.phase == "ended" or not has_room(ref, running_here=False):
            ref._home.dead_letter(ref, self.event, self._sender)
        else:
            ref._deliver(self.event, self._sender)

    def __repr__(self) -> str:
        return f"<{self.event!r} to {self._ref.name!r} at {self.when:g}>"


def has_room(ref: ActorRef[Any], running_here: bool) -> bool:
    """Whether the actor's mailbox may take one more event; times and stops do not count."""
    limit = ref.options.mailbox
    if limit is None:
        return True
    fiber = ref._fiber
    box = fiber.box or ()
    unread = len(box)
    if fiber.want is None and ref.phase != "spawned" and not running_here:
        # It is about to go on with an event that was handed to it past the mailbox.
        unread += fiber.event is not LOOK and not isinstance(fiber.event, Timeout | Signal)
    if unread < limit:
        return True
    return unread - sum(isinstance(item, Signal) for item in box) < limit


def check_room(ref: ActorRef[Any], event: object, running_here: bool) -> None:
    """Raise `MailboxFullError` where the actor's mailbox holds as much as it may."""
    if has_room(ref, running_here):
        return
    limit = ref.options.mailbox
    assert limit is not None
    raise MailboxFullError(
        f"{event!r} was sent to actor {ref.name!r}, which has {limit} unread events in state "
        f"{ref.path_text()}, as many as @actor(mailbox={limit}) allows; let it go on to its next "
        "receive first, send less, or allow more",
        ref,
        event,
        limit,
    )
