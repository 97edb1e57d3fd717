"""Errors on their way: which are raised, which `except` is for them, and groups of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .evaluate import evaluate
from .frames import Leg, Stack, sees_errors
from .machine import Go, Item, Leaving
from .program import Step
from .raising import risks
from .scope import Scope
from .values import PERHAPS, UNKNOWN, Coll, Inst, Known, Perhaps, Value, is_instance

if TYPE_CHECKING:
    from .machine import Machine


class Errors:
    """Raises and catches for a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def perhaps_raised(
        self, stack: Stack, leg: Leg, step: Step, always: bool = False
    ) -> Iterator[Item]:
        """The way of an error in this step, where somebody round it would see that."""
        if leg.guarded or sees_errors(stack):
            found = {PERHAPS} if always else risks(step, self.machine.scope(stack[-1]))
            yield from self.risen(stack, leg, *sorted(found, key=str))

    @staticmethod
    def risen(stack: Stack, leg: Leg, *errors: Perhaps) -> Iterator[Item]:
        """The ways of errors that a step may raise by itself."""
        if leg.guarded or sees_errors(stack):
            for error in errors:
                yield Go(stack, replace(leg, risen=True), ("raise", error))

    @staticmethod
    def may_be_group(error: Value) -> bool:
        """Whether an error may be a group of several."""
        kind = error.kind if isinstance(error, Perhaps | Inst) else None
        return kind is None or issubclass(kind, BaseExceptionGroup)

    def caught(self, step: Step, error: Value, scope: Scope) -> Value:
        """An error that an `except` has caught, as far as its class is known by that."""
        if isinstance(error, Perhaps) and error.kind is not None:
            return Inst(error.kind)
        if error is not UNKNOWN and error != PERHAPS:
            return error
        kinds = self._kinds(step, scope)
        if kinds is None or len(kinds) != 1 or kinds[0] in (Exception, BaseException):
            return error
        return Inst(kinds[0])

    def _kinds(self, step: Step, scope: Scope) -> list[type] | None:
        """The classes of an `except`; `None` where only a run knows them."""
        kinds: list[type] = []
        for value in evaluate(step.expr, scope):
            for each in value.items if isinstance(value, Coll) else (value,):
                if not isinstance(each, Known):
                    return None
                more = each.value if isinstance(each.value, tuple) else (each.value,)
                kinds += [kind for kind in more if isinstance(kind, type)]
        return kinds

    def catches(self, step: Step, error: Value, scope: Scope) -> bool | None:
        """Whether an `except` is for an error; `None` if only a run knows."""
        if step.expr is None:
            return True
        kinds = self._kinds(step, scope)
        if kinds is None:
            return None
        if step.text == "star" and self.may_be_group(error):
            return None
        if isinstance(error, Perhaps) and error.kind is not None:
            error = Inst(error.kind)
        if error == PERHAPS or error is UNKNOWN:
            return True if any(kind in (Exception, BaseException) for kind in kinds) else None
        return is_instance(error, tuple(kinds))

    def raised_in_star(self, stack: Stack, leg: Leg, leaving: Leaving) -> Iterator[Item]:
        """The body of an `except*` is left; an error waits for the others, and is in a group."""
        frame = stack[-1]
        block = frame.open[-1]
        below = (*stack[:-1], frame.with_(open=frame.open[:-1]))
        if leaving[0] != "raise" or frame.step.text == "again":
            yield Go(below, leg, leaving)
            return
        yield Go(below, leg, ("raise", Inst(ExceptionGroup)))
        if self.may_be_group(block.held):
            pending = replace(block, variables=("star", "pending"))
            after = frame.with_(open=(*frame.open[:-1], pending))
            yield Go((*stack[:-1], after.at(block.to)), leg)
