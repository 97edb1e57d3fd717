"""The steps of loops: of `for`, of comprehensions, and of generators, which go a turn at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .evaluate import evaluate
from .frames import Leg, Open, Stack
from .items import items_of
from .machine import Go, Item
from .meaning import NeedsCallError
from .program import Step
from .storing import assign
from .values import NONE, UNKNOWN, Coll, Generator, Inst, Known, Value, kind_of
from .values import Iterator as Over

if TYPE_CHECKING:
    from .machine import Machine


class Loops:
    """Goes round the loops of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def do_iter(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The beginning of a loop."""
        frame = stack[-1]
        for value in evaluate(step.expr, self.machine.scope(frame)):
            over: Value = value
            if not isinstance(value, Generator):
                items = items_of(value)
                held = value.value if isinstance(value, Known) else None
                if isinstance(held, list) and isinstance(items, Coll):
                    items = replace(items, exact=not self.machine.facts.touched)
                if isinstance(step.expr, ast.List | ast.Set) and isinstance(items, Coll):
                    items = replace(items, fixed=True)  # nobody else has it
                unsure = not isinstance(items, Coll) and kind_of(value) is None
                over = Over(
                    items if isinstance(items, Coll) else Coll((UNKNOWN,), False), 0, unsure
                )
                if isinstance(value, Inst) and value.kind in (range, str):
                    over = Over(Coll((Inst(int if value.kind is range else str),), False))
            yield self.machine.given(stack, leg, over)

    def do_for(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The next turn of a loop, or its end."""
        frame = stack[-1]
        over = dict(frame.env).get(step.name, UNKNOWN)
        if isinstance(over, Generator):
            inner = over.frame
            if inner.held:
                inner = inner.set(inner.step.name, NONE).at(inner.pc + 1)
            # What the last turn has set is over, and the generator is where it is.
            kept = frame.at(frame.pc).set(step.name, UNKNOWN)
            below = (*stack[:-1], kept)
            yield Go((*below, inner.with_(role="iterate", held=True)), leg)
            return
        key = (frame.code, "for", step.node.lineno, step.node.col_offset)
        more = leg.knowing(key, f"more in {step.text}")
        over_now = leg.knowing(key, f"{step.text} is over")
        coll = over.over if isinstance(over, Over) else UNKNOWN
        if not isinstance(over, Over) or not isinstance(coll, Coll):
            coll, over = Coll((UNKNOWN,), False), Over(Coll((UNKNOWN,), False))
        if coll.exact:
            if over.place < len(coll.items):
                after = frame.set(step.name, replace(over, place=over.place + 1))
                after = assign(self.machine, after, step.target, coll.items[over.place], None)
                yield self.machine.on((*stack[:-1], after), more)
            else:
                yield self.machine.on(stack, over_now, step.to)
            return
        for item in coll.items:
            yield self.machine.on(
                (*stack[:-1], assign(self.machine, frame, step.target, item, None)), more
            )
        yield self.machine.on(stack, over_now, step.to)

    def do_yield(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A generator gives out a value, and is suspended."""
        frame = stack[-1]
        below = stack[:-1]
        for value in evaluate(step.expr, self.machine.scope(frame)):
            if frame.role == "iterate":
                caller = below[-1]
                loop = caller.step
                after = caller.set(loop.name, Generator(frame.with_(role="call")))
                after = assign(self.machine, after, loop.target, value, None)
                yield self.machine.on((*below[:-1], after), leg)
            elif frame.role == "enter manager":
                yield from self.machine.unwinding.entered(
                    below, leg, Open("manager", held=frame.with_(role="call")), value
                )

    def do_collect(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A comprehension: at once, or item by item."""
        frame = stack[-1]
        scope = self.machine.scope(frame)
        if step.text != "add":
            try:
                values = evaluate(step.expr, scope)
            except NeedsCallError:
                yield self.machine.given(stack, leg, Coll((), True))
                return
            for value in values:
                yield self.machine.on((*stack[:-1], frame.set(step.name, value)), leg, step.to)
            return
        held = dict(frame.env).get(step.name)
        so_far = held if isinstance(held, Coll) else Coll(())
        for value in evaluate(step.expr, scope):
            yield self.machine.given(stack, leg, so_far.adding(value))
