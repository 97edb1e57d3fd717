"""Whether an actor has gone on since: to another wait, or to other mail in the same one.

What an actor sends to itself stands in its mailbox, and it has a turn to look at that.  It may
throw it away there, or keep it, and wait on where it waited: a step too, after which it does
something else with what comes.
"""

from __future__ import annotations

from typing import Any

from .. import names
from ..actor import ActorRef
from ..cells import Look
from ..fiber import Fiber
from ..mailbox import Signal


class Before:
    """Where an actor stood, cheaply."""

    __slots__ = ("frames", "had_turn", "mail", "ref")

    def __init__(self, ref: ActorRef[Any]) -> None:
        self.ref: ActorRef[Any] = ref
        self.frames: list[Any] = _wait_frames(ref)
        self.mail: list[object] = _mail(ref._fiber)
        self.had_turn: bool = has_to_look(ref._fiber)

    @property
    def has_moved(self) -> bool:
        """Whether it waits elsewhere; the old frames are held, so no new one is taken for them."""
        frames = _wait_frames(self.ref)
        return len(frames) != len(self.frames) or any(
            mine is not other for mine, other in zip(self.frames, frames, strict=True)
        )

    @property
    def has_looked(self) -> bool:
        """Whether it has thrown mail away, or has looked at some in vain."""
        fiber = self.ref._fiber
        return (self.had_turn and not has_to_look(fiber)) or list(map(id, _mail(fiber))) != list(
            map(id, self.mail)
        )


def has_to_look(fiber: Fiber) -> bool:
    """Whether it is still to look at what is in its mailbox.

    One that waits for cells looks whenever the search says so.
    """
    return (
        fiber in fiber.ready
        and bool(_mail(fiber))
        and not any(isinstance(each.own, Look) for each in fiber.all_fibers())
    )


def _mail(fiber: Fiber) -> list[object]:
    return [item for item in fiber.box or () if not isinstance(item, Signal)]


def _wait_frames(ref: ActorRef[Any]) -> list[Any]:
    """The frame of each wait, in the actor and its regions: another wait has another one."""
    found = []
    for fiber in ref._fiber.all_fibers():
        frame, inner = fiber.gr_frame, None
        while frame is not None and not names.is_users_file(frame.f_code.co_filename):
            frame, inner = frame.f_back, frame
        found.append(inner)
    return found
