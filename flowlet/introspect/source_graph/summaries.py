"""What a function that surely does not wait comes to, found once for all places that call it.

Where a source is so large that it is looked at as coarsely as can be, most steps are those of small
functions that make a value, or an error: the same ones, gone through again from each place that
calls them.  Here each is gone through by itself, once for the arguments that it is given, and only
its results are taken over.
"""

from __future__ import annotations

from dataclasses import replace
from types import CodeType
from typing import TYPE_CHECKING

from .frames import Frame, Leg, Stack, sees_errors
from .machine import End, Go, Item
from .storing import blurred

if TYPE_CHECKING:
    from .machine import Machine


class Summaries:
    """The results of functions, of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._found: dict[tuple[Frame, Leg], list[tuple[End, bool]] | None] = {}
        #: The functions of which it is known that they do more.
        self._busy: set[CodeType] = set()

    def of(self, stack: Stack, leg: Leg, frame: Frame) -> list[tuple[End, bool]] | None:
        """How a call ends that begins with this frame, and whether an error was raised on the way.

        `None` where it does more than to end: it enters a block, or spawns.
        """
        if frame.code in self._busy:
            return None
        guarded = leg.guarded or sees_errors(stack)
        begin = Leg(guarded=guarded, in_region=leg.in_region, risen=leg.risen)
        key = (frame, begin)
        if key not in self._found:
            self._found[key] = self._run(frame, begin)
            if self._found[key] is None:
                self._busy.add(frame.code)
        return self._found[key]

    def _run(self, frame: Frame, begin: Leg) -> list[tuple[End, bool]] | None:
        machine = self.machine
        parents, passed = set(machine.facts.parents), machine.passed
        machine.passed = _refuse
        alone: Item = Go((frame.with_(role="root", held=None),), begin)
        ends: dict[tuple[End, bool], None] = {}
        try:
            for stop in machine.run(alone):
                same = replace(stop.leg, risen=begin.risen, atoms=()) == begin
                if not isinstance(stop.at, End) or not same:
                    return None
                end = replace(stop.at, value=blurred(stop.at.value))
                ends[end, stop.leg.risen] = None
        except _PassedError:
            return None
        finally:
            machine.passed = passed
        if machine.facts.parents != parents:
            machine.facts.parents = parents
            return None
        return list(ends)


class _PassedError(Exception):
    """A named block was passed through."""


def _refuse(leg: Leg) -> Leg:
    raise _PassedError
