"""Mail that lies in a mailbox: sent, and neither taken nor thrown away so far.

A kept event does nothing at once, so whoever sends it by hand would see nothing happen.  A listener
hears of all that is sent, and of what becomes of it; what is between the two is kept.
"""

from __future__ import annotations

from typing import Any

from flowlet import ActorRef
from flowlet.instrument import DeadLetter, Delivered, Discarded, Ended, Record, Sent


class Mail:
    """A listener that knows which events each actor keeps, oldest first."""

    def __init__(self) -> None:
        self._lies: dict[ActorRef[Any], list[object]] = {}

    def __call__(self, record: Record) -> None:
        """Take a record; called by the dispatcher."""
        match record:
            case Sent(actor=ref, event=event):
                self._lies.setdefault(ref, []).append(event)
            case Delivered(actor=ref, event=event) | Discarded(actor=ref, event=event):
                self._gone(ref, event)
            case DeadLetter(actor=ref, event=event):
                self._gone(ref, event)
            case Ended(actor=ref):
                self._lies.pop(ref, None)

    def _gone(self, ref: ActorRef[Any], event: object) -> None:
        lies = self._lies.get(ref, [])
        # By identity: two events that are equal are two, and one taken by two regions is one.
        place = next((n for n, one in enumerate(lies) if one is event), None)
        if place is not None:
            del lies[place]

    def of(self, ref: ActorRef[Any]) -> tuple[object, ...]:
        """What this actor keeps."""
        return tuple(self._lies.get(ref, ()))
