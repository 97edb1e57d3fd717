"""The model's time: what is due when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.parts import Ear, Named, Timer, Wait


@dataclass
class Deadlines:
    """Time, and the timers in no order."""

    time: float = 0.0
    timers: list[Timer] = field(default_factory=list)
    number: int = 0

    def next_number(self) -> int:
        """What began first has the smaller one."""
        self.number += 1
        return self.number

    def next_deadline(self) -> float:
        return min(timer.when for timer in self.timers)

    def take_due(self) -> list[Timer]:
        """All that is due, in the order in which it was armed."""
        due = [timer for timer in self.timers if timer.when <= self.time]
        self.timers = [timer for timer in self.timers if timer.when > self.time]
        return sorted(due, key=lambda timer: timer.place)

    def arm(self, seconds: float, **what: Any) -> Timer:
        timer = Timer(self.time + seconds, self.next_number(), **what)
        self.timers.append(timer)
        return timer

    def disarm(self, timer: Timer | None) -> None:
        if timer in self.timers:
            self.timers.remove(timer)

    def freeze(self, parts: list[Named | Ear | Wait]) -> list[tuple[Timer, float]]:
        """Stop the timers of these, and of the regions inside: each with the seconds left.

        A `wait_until` in a region looks when nobody is ready any more; that is no time limit.
        """
        frozen = []
        for part in parts:
            if isinstance(part, Wait) and part.at == "wait_until":
                continue
            if not isinstance(part, Named) and part.timer in self.timers:
                self.timers.remove(part.timer)
                frozen.append((part.timer, part.timer.when - self.time))
            if isinstance(part, Wait):
                for region in part.regions:
                    frozen += self.freeze([*region.blocks, *region.waits])
        return sorted(frozen, key=lambda each: each[0].place)

    def thaw(self, frozen: list[tuple[Timer, float]]) -> None:
        """Arm them again, in their order."""
        for timer, seconds in frozen:
            timer.when, timer.order = self.time + seconds, self.next_number()
            self.timers.append(timer)
