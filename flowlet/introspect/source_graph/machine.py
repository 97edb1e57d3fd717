"""Going through the source, step by step, from one wait to the next on every way that there is.

Where only a run would know which way it goes, both are gone.  A way ends at a wait or at the end
of the actor; one that has come to where another has been, knowing and having done the same, ends
there as well.
"""

from __future__ import annotations

import ast
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from ..branches import arms_of, negated, text_of
from .changes import extended, stored_at
from .evaluate import evaluate, with_defaults
from .frames import Fiber, Frame, Leg, Open, Stack
from .implicit import may_wait
from .meaning import NeedsCallError
from .patterns import match_pattern, refined
from .program import Step
from .scope import Facts, Scope
from .storing import assign, imported
from .values import (
    NONE,
    UNKNOWN,
    Fn,
    Inst,
    Known,
    Perhaps,
    Value,
    truth,
)

#: Of each level of coarseness: the most steps, and the most waits, before the next one is taken.
#: What they are: see `Facts.level`.
LEVELS: Final = ((5_000, 200), (5_000, 300), (10_000, 500), (200_000, 3_000))
#: The last one.
COARSEST: Final = len(LEVELS) - 1
#: Ways that come to one place with different conditions behind them are told apart up to so many.
_MOST_WAYS: Final = 6

#: The steps at which ways are compared: every loop has one of them.
_LOOKED_AT: Final = frozenset({"for", "if", "jump", "call", "yield"})


#: What an `except*` catches.
_GROUP: Final = Inst(ExceptionGroup)


class TooMuchError(Exception):
    """There are more ways than can be gone."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a fiber: returned, failed or stopped."""

    how: str
    value: Value = NONE


#: What is going on while blocks are left: `("raise", error)`, `("leave", number, event)`,
#: `("become", function, arguments)`, `("return", value)`, `("jump", to, depth)`, `("stop",)`.
Leaving = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Go:
    """A way that goes on."""

    stack: Stack
    leg: Leg
    leaving: Leaving | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A way that has come to a wait, or to the end."""

    at: Fiber | End
    leg: Leg


Item = Go | Stop


class Machine:
    """Goes through the functions of one actor."""

    def __init__(self, facts: Facts, unrolled: int, passed: Callable[[Leg], Leg]) -> None:
        from .calling import Calls
        from .errors import Errors
        from .exits import ExitStacks
        from .groups import Groups
        from .loops import Loops
        from .summaries import Summaries
        from .unwinding import Unwinding

        self.facts = facts
        #: Told of each leg to a block that is passed through; returns the leg from there on.
        self.passed = passed
        self.steps: int = 0
        self.calls: Calls = Calls(self)
        self.unwinding: Unwinding = Unwinding(self)
        self.groups: Groups = Groups(self)
        self.exits: ExitStacks = ExitStacks(self)
        self.errors: Errors = Errors(self)
        self.loops: Loops = Loops(self)
        self.summaries: Summaries = Summaries(self)
        #: How often a function may stand in a stack before it is recursion.
        self.unrolled = unrolled
        #: Whether once is enough, where no block is open in the earlier call.
        self.unrolls_less: bool = False
        self._arm_texts: dict[int, dict[int, tuple[Any, str]]] = {}

    def run(self, *start: Item) -> list[Stop]:
        """Go on from there; where that leads."""
        todo: list[Item] = list(start)[::-1]
        seen: dict[Any, list[frozenset[Any]]] = {}
        stops: dict[Stop, None] = {}
        most = LEVELS[self.facts.level][0]
        while todo:
            item = todo.pop()
            if self.facts.level == COARSEST and item.leg.atoms:
                item = replace(item, leg=replace(item.leg, atoms=()))
            if isinstance(item, Stop):
                stops[item] = None
                continue
            self.steps += 1
            if self.steps > most:
                raise TooMuchError
            if item.leaving is not None or item.stack[-1].step.kind in _LOOKED_AT:
                new = self._new(item, seen)
                if new is None:
                    continue
                item = new
            todo += reversed(self._next(item))
        return list(stops)

    def _new(self, item: Go, seen: dict[Any, list[frozenset[Any]]]) -> Go | None:
        """The way, if none like it has been here; of too many, what their conditions share."""
        key = (item.stack, replace(item.leg, atoms=()), item.leaving)
        ways = seen.setdefault(key, [])
        way = frozenset(item.leg.atoms)
        if way in ways:
            return None
        if len(ways) >= _MOST_WAYS:
            way = way.intersection(*ways)
            if way in ways:
                return None
            atoms = tuple(atom for atom in item.leg.atoms if atom in way)
            item = replace(item, leg=replace(item.leg, atoms=atoms))
        ways.append(way)
        return item

    def _next(self, item: Go) -> list[Item]:
        if item.leaving is not None:
            return list(self.unwinding.leave(item.stack, item.leg, item.leaving))
        frame = item.stack[-1]
        step = frame.step
        name = "do_" + step.kind.replace(" ", "_")
        method: Callable[[Stack, Leg, Step], Iterator[Item]]
        method = getattr(self, name, None) or getattr(self.loops, name)
        try:
            items = list(self.errors.perhaps_raised(item.stack, item.leg, step))
            items += method(item.stack, item.leg, step)
            if may_wait(step, self.scope(frame)):
                items += self.calls.somewhere_in(item.stack, item.leg)
            return items
        except NeedsCallError:
            self.facts.unknown[self.place(step.node, frame)] = None
            return [
                Go((*item.stack[:-1], frame.set(step.name, UNKNOWN).at(frame.pc + 1)), item.leg)
            ]

    # --- helpers --------------------------------------------------------------------------

    def scope(self, frame: Frame) -> Scope:
        """What the names of a frame mean."""
        return Scope(self.facts, frame.fn, frame.env, self.calls.simple)

    def on(self, stack: Stack, leg: Leg, to: int | None = None) -> Go:
        """The way goes on at the next step, or at another one."""
        frame = stack[-1]
        return Go((*stack[:-1], frame.at(frame.pc + 1 if to is None else to)), leg)

    def given(self, stack: Stack, leg: Leg, value: Value) -> Go:
        """The call at which the innermost frame stands has given a value."""
        frame = stack[-1]
        return self.on((*stack[:-1], frame.set(frame.step.name, value)), leg)

    def place(self, node: Any, frame: Frame) -> str:
        """A place in the source, as text."""
        name = os.path.basename(frame.code.co_filename)
        return f"{name}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)}"

    # --- steps ----------------------------------------------------------------------------

    def do_set(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """An assignment."""
        frame = stack[-1]
        if isinstance(step.node, ast.AugAssign) and isinstance(step.target, ast.Name):
            extended(self, frame, step.target.id, step.expr.right)
        for value in evaluate(step.expr, self.scope(frame)):
            if step.text == "keep" and step.expr.id not in dict(frame.env):
                kept = tuple(pair for pair in frame.env if pair[0] != step.target.id)
                yield self.on((*stack[:-1], frame.with_(env=kept)), leg)
                continue
            after = assign(self, frame, step.target, value, step.expr)
            yield self.on((*stack[:-1], after), leg)

    def do_call(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A call."""
        yield from self.calls.call(stack, leg, step)

    def do_if(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A condition: on with the next step where it holds, else elsewhere."""
        frame = stack[-1]
        plain = isinstance(step.node, ast.Constant)
        key = (frame.code, step.node.lineno, step.node.col_offset)
        ways = {truth(value) for value in evaluate(step.expr, self.scope(frame))}
        for holds in (True, False):
            if not ways & {None, holds}:
                continue
            way = leg
            if not plain:
                way = leg.knowing(key, text_of(step.node if holds else negated(step.node)))
            after = refined(self.scope(frame), frame, step.node, holds)
            yield self.on((*stack[:-1], after), way, None if holds else step.to)

    def do_jump(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A jump, out of blocks perhaps."""
        if step.name == "out":
            yield Go(stack, leg, ("jump", step.to, step.depth))
        else:
            yield self.on(stack, leg, step.to)

    def do_arm(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """An arm of a `match`: on with its guard and body, or to the next one."""
        frame = stack[-1]
        value = dict(frame.env).get(step.name, UNKNOWN)
        scope = self.scope(frame)
        verdict, bound = match_pattern(step.target, value, scope)
        if verdict is not False:
            after = frame
            for name, held in bound.items():
                after = assign(self, after, ast.Name(name, ast.Store()), held, None)
            narrow = bound.get("%")
            if narrow is not None:
                after = after.set(step.name, narrow)
                if isinstance(step.expr, ast.Name) and step.expr.id not in frame.program.written:
                    after = after.set(step.expr.id, narrow)
            yield self.on((*stack[:-1], after), leg)
        if verdict is not True:
            yield self.on(stack, leg, step.to)

    def do_note(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The body of an arm begins: what it asks for is a condition of the way."""
        frame = stack[-1]
        key, text = self._arm_text(step, self.scope(frame))
        yield self.on(stack, leg.knowing((frame.code, key), text, again=True) if text else leg)

    def _arm_text(self, step: Step, scope: Scope) -> tuple[Any, str]:
        """The condition of an arm, as an explored graph shows it."""
        whole = step.within
        if id(whole) not in self._arm_texts:

            def value_of(node: ast.AST) -> Any:
                (value, *_) = evaluate(node, scope)
                return value.value if isinstance(value, Known) else UNKNOWN

            arms = arms_of(whole.lineno, whole.cases, value_of)
            self._arm_texts[id(whole)] = {
                id(case): (arm.match, arm.text)
                for case in whole.cases
                for arm in arms
                if arm.first == (case.body[0].lineno, case.body[0].col_offset)
            }
        return self._arm_texts[id(whole)].get(id(step.node), (0, ""))

    def do_enter(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `with` begins."""
        yield from self.unwinding.enter(stack, leg, step)

    def do_exit(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The body of a `with` has come to its end."""
        yield from self.unwinding.exit(stack, leg)

    def do_try(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `try` begins."""
        frame = stack[-1]
        star = ("star",) if step.text == "star" else ()
        opened = frame.with_(open=(*frame.open, Open(step.name, to=step.to, variables=star)))
        yield self.on((*stack[:-1], opened), leg)

    def do_end_try(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The body of a `try`, or of an `except`, has come to its end."""
        frame = stack[-1]
        last = frame.open[-1]
        left = frame.open[:-1]
        if last.kind == "finally":
            left = (*left, Open("ending"))
        yield self.on((*stack[:-1], frame.with_(open=left)), leg)

    def do_end_finally(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `finally` is over; on with what was going on."""
        frame = stack[-1]
        leaving, to = frame.open[-1].held, frame.open[-1].to
        after = frame.with_(open=frame.open[:-1])
        if leaving is None:
            yield self.on((*stack[:-1], after), leg, to if to >= 0 else None)
        else:
            yield Go((*stack[:-1], after), leg, leaving)

    def do_except(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """Whether this `except` is for the error."""
        frame = stack[-1]
        error = frame.open[-1].held
        verdict = self.errors.catches(step, error, self.scope(frame))
        if verdict is not False:
            held = self.errors.caught(step, error, self.scope(frame))
            here = replace(frame.open[-1], held=held, to=step.to)
            after = frame.with_(open=(*frame.open[:-1], here))
            if step.name:
                name = ast.Name(step.name, ast.Store())
                after = assign(self, after, name, _GROUP if step.text == "star" else held, None)
            yield self.on((*stack[:-1], after), replace(leg, risen=False))
        if verdict is not True:
            yield self.on(stack, leg, step.to)

    def do_end_star(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The body of an `except*` has come to its end: on to the next, if something is left."""
        frame = stack[-1]
        caught = frame.open[-1]
        after = (*stack[:-1], frame.with_(open=frame.open[:-1]))
        if "pending" in caught.variables:
            yield Go(after, leg, ("raise", _GROUP))
        else:
            yield self.on(after, leg)
        if self.errors.may_be_group(caught.held):
            yield self.on(stack, leg, caught.to)

    def do_raise(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `raise`."""
        frame = stack[-1]
        if step.expr is None:
            caught = [o.held for f in stack for o in f.open if o.kind == "caught"]
            error = caught[-1] if caught else UNKNOWN
            if isinstance(error, Perhaps) and step.text != "again":
                error = UNKNOWN if error.kind is None else Inst(error.kind)
            yield Go(stack, leg, ("raise", error))
            return
        for value in evaluate(step.expr, self.scope(frame)):
            error = value
            if isinstance(value, Known):
                held = value.value
                error = Inst(held if isinstance(held, type) else type(held), exact=True)
            if isinstance(error, Inst) and not issubclass(error.kind, BaseException):
                error = Inst(TypeError, exact=True)  # it is no exception
            yield Go(stack, leg, ("raise", error))

    def do_return(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `return`, or the end of the function."""
        for value in evaluate(step.expr, self.scope(stack[-1])):
            yield Go(stack, leg, ("return", value))

    def do_define(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `def`."""
        frame = stack[-1]
        inner = frame.program.inner.get(step.node)
        if inner is None:
            yield self.given(stack, leg, UNKNOWN)
            return
        scope = self.scope(frame)
        named = with_defaults(step.node.args)
        choices = [evaluate(default, scope) for default in step.expr.elts]
        if step.name in frame.program.defined and not choices:
            yield self.on(stack, leg)
            return
        for values in itertools.product(*choices):
            made = Fn(
                inner, scope.captured(inner), frame.program, tuple(zip(named, values, strict=True))
            )
            after = assign(self, frame, ast.Name(step.name, ast.Store()), made, None)
            yield self.on((*stack[:-1], after), leg)

    def do_forget(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `del`, or the end of an `except … as name`."""
        frame = stack[-1]
        kept = tuple(pair for pair in frame.env if pair[0] != step.name)
        yield self.on((*stack[:-1], frame.with_(env=kept)), leg)

    def do_drop(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `del` of an item or an attribute."""
        frame = stack[-1]
        if isinstance(step.target, ast.Subscript):
            frame = stored_at(self, frame, step.target, None)
        yield self.on((*stack[:-1], frame), leg)

    def do_import(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """An `import`: what has been imported already is known, and nothing is imported here."""
        value = imported(step.text, step.within, stack[-1].program.globals)
        after = assign(self, stack[-1], ast.Name(step.name, ast.Store()), value, None)
        yield self.on((*stack[:-1], after), leg)

    def do_class(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `class`: its body runs."""
        frame = stack[-1]
        inner = frame.program.inner.get(step.node)
        if inner is None:
            yield self.given(stack, leg, UNKNOWN)
            return
        body = Fn(inner, self.scope(frame).captured(inner), frame.program)
        yield Go((*stack, Frame(body, role="make", held=UNKNOWN)), leg)
