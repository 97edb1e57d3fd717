"""Blocks that are entered and left, and frames that end: by themselves, by an error, by a leave.

Whatever leaves a block leaves it the same way, from the inside out: `finally` runs, context
managers hear of it, named blocks that nobody waited in have been passed through.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...blocks import State
from ...errors import ChildFailedError
from .attributes import attribute
from .calls import block_of
from .evaluate import evaluate
from .exits import exits_of, last_out, with_block
from .frames import (
    JOIN,
    Fiber,
    Frame,
    Leg,
    Open,
    Stack,
    free_number,
    hearing,
    path_of,
)
from .functions import is_foreign
from .labels import word_text
from .machine import End, Go, Item, Leaving, Stop
from .program import Step
from .storing import assign
from .values import (
    NONE,
    UNKNOWN,
    Args,
    Block,
    Bound,
    Closing,
    Exits,
    Generator,
    History,
    Inst,
    Known,
    Named,
    Perhaps,
    Value,
    truth,
)

if TYPE_CHECKING:
    from .machine import Machine


class Unwinding:
    """Enters and leaves blocks for a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    # --- in -------------------------------------------------------------------------------

    def enter(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """A `with` begins."""
        frame = stack[-1]
        for value in evaluate(step.expr, self.machine.scope(frame)):
            if isinstance(value, Block):
                self.note_vague(value, frame)
                if value.after == "after ?":
                    text = word_text(step.node, "after")
                    value = replace(value, after=f"after {text or '?'}")
            yield from self.opened(stack, leg, value)

    def opened(self, stack: Stack, leg: Leg, value: Value) -> Iterator[Item]:
        """A context manager is entered: by a `with`, or into an exit stack."""
        step = stack[-1].step
        if isinstance(value, Known) and isinstance(value.value, State):
            value = block_of(value.value)
        match value:
            case Block(kind="state"):
                yield from self._named(stack, leg, value)
            case Block():
                names = [
                    part.id
                    for part in (step.target, step.expr)
                    if isinstance(part, ast.Name) and not part.id.startswith("%")
                ]
                node = step.node
                placed = replace(value, place=(node.end_lineno, node.end_col_offset))
                number = free_number(stack)
                block = Open(value.kind, number=number, block=placed, variables=tuple(names))
                yield from self.entered(stack, leg, block, value)
            case Generator(frame=inner):
                pushed = inner.with_(role="enter manager")
                yield Go((*stack, pushed), leg)
            case Closing(thing=thing):
                yield from self.entered(stack, leg, Open("closing", held=thing), thing)
            case _:
                yield from self._object(stack, leg, value)

    def note_vague(self, block: Block | None, frame: Frame) -> None:
        """Tell what of a block could not be read: its name, what it hears, its time."""
        node = frame.step.node
        if block is None:
            return
        if block.kind == "state" and not isinstance(block.name, str):
            self.machine.calls.note_name("what this state is called", node, frame)
        if block.vague:
            what = "keeps for later" if block.kind == "state" else "hears"
            self.machine.calls.note_name(f"what this block {what}", node, frame)
        if block.after == "after ?":
            self.machine.calls.note_name("how long it lasts", node, frame)

    def _named(self, stack: Stack, leg: Leg, block: Block) -> Iterator[Item]:
        opened = Open("state", block=block)
        path = path_of(with_block(stack, opened, self._exits(stack)))
        value: Value = block
        if block.history is not None:
            value = History(path, first=leg.source is None)
        yield from self.entered(stack, self.into(leg, path), opened, value)

    def _exits(self, stack: Stack) -> int:
        """The exit stack into which something is entered here; 0 for the `with` itself."""
        frame = stack[-1]
        return exits_of(frame, self.machine.scope(frame)) if frame.step.kind == "call" else 0

    def into(self, leg: Leg, path: tuple[Any, ...]) -> Leg:
        """The leg, on into a named block."""
        return replace(leg, mark=(len(path), len(leg.outputs)), entered=path)

    def _object(self, stack: Stack, leg: Leg, value: Value) -> Iterator[Item]:
        kind = value.kind if isinstance(value, Inst) else None
        if isinstance(value, Known) and not isinstance(value.value, type):
            kind = type(value.value)
        if kind is not None and issubclass(kind, contextlib.ExitStack):
            number = free_number(stack)
            exits = Open("exits", number=number, held=())
            yield from self.entered(stack, leg, exits, Exits(number))
            return
        if kind is not None and issubclass(kind, contextlib.suppress):
            yield from self.entered(stack, leg, Open("suppress"), NONE)
            return
        if isinstance(value, Named) or (kind is not None and not self._is_users(kind)):
            own = (
                isinstance(value, Named | Inst) and getattr(kind, "__module__", "") != "contextlib"
            )
            given = value if own else UNKNOWN
            is_child = isinstance(value, Named) and value.kind == "actor"
            yield from self.entered(stack, leg, Open("child" if is_child else "other"), given)
            return
        if kind is None:
            frame = stack[-1]
            self.machine.calls.note_unknown(frame.step.node, frame)
            yield from self.entered(stack, leg, Open("other"), UNKNOWN)
            return
        method = Bound(Known(inspect.getattr_static(kind, "__enter__")), value)
        yield from self.machine.calls.invoke(
            stack, leg, method, ((), (), True), role="enter", held=value
        )

    @staticmethod
    def _is_users(kind: type) -> bool:
        return any(
            inspect.isfunction(fn := inspect.getattr_static(kind, name, None))
            and not is_foreign(fn)
            for name in ("__enter__", "__exit__")
        )

    def entered(self, stack: Stack, leg: Leg, block: Open, value: Value) -> Iterator[Item]:
        """The block is open; on with its body."""
        step = stack[-1].step
        number = self._exits(stack)
        inside = with_block(stack, replace(block, to=step.to), number)
        if number:
            yield self.machine.given(inside, leg, value)
            return
        after = inside[-1]
        if step.target is not None:
            after = assign(self.machine, after, step.target, value, None)
        yield self.machine.on((*inside[:-1], after), leg)

    # --- out ------------------------------------------------------------------------------

    def exit(self, stack: Stack, leg: Leg) -> Iterator[Item]:
        """The body of a `with` has come to its end."""
        yield from self._left(stack, leg, None)

    def _left(self, stack: Stack, leg: Leg, leaving: Leaving | None) -> Iterator[Item]:
        """The innermost block of the innermost frame is left."""
        frame = stack[-1]
        block = frame.open[-1]
        below = (*stack[:-1], frame.with_(open=frame.open[:-1]))
        error = leaving is not None and leaving[0] in ("raise", "leave", "become", "stop")
        to = block.to if block.stacked else block.to + 1
        match block.kind:
            case "exits" if block.held:
                yield from self._left((*stack[:-1], last_out(frame)), leg, leaving)
                return
            case "state":
                leg = self.out_of(leg, len(path_of(stack)), path_of(stack))
            case "until":
                event: Value = NONE
                if leaving is not None and leaving[0] == "leave" and leaving[1] == block.number:
                    event, leaving = leaving[2], None
                below = self._bound(below, block, event)
                if event is not NONE:
                    yield self._past(below, leg, to)
                    return
            case "finally":
                ending = Open("ending", held=leaving)
                after = frame.with_(open=(*frame.open[:-1], ending))
                yield Go((*stack[:-1], after.at(block.to)), leg)
                return
            case "except" if leaving is not None and leaving[0] == "raise":
                caught = Open("caught", held=leaving[1], variables=block.variables)
                after = frame.with_(open=(*frame.open[:-1], caught))
                yield Go((*stack[:-1], after.at(block.to)), leg)
                return
            case "caught" if "star" in block.variables and leaving is not None:
                yield from self.machine.errors.raised_in_star(stack, leg, leaving)
                return
            case "suppress" if leaving is not None and leaving[0] == "raise":
                yield self._past(below, leg, to)
            case "child":
                if not leg.in_region:  # it may fail while it cleans up
                    yield Stop(End("error", Inst(ChildFailedError, exact=True)), leg)
                yield from self._join((*below[:-1], below[-1].at(block.to)), leg, leaving, to)
            case "ending" if frame.step.kind == "exit":
                yield from self._join(below, leg, leaving, block.to)
            case "manager":
                below = (*below[:-1], below[-1].at(block.to))  # it is called in this line
                pushed = block.held.with_(role="exit manager", held=(leaving, to))
                if error:
                    yield Go((*below, pushed), leg, leaving)
                else:
                    given = pushed.set(pushed.step.name, NONE)
                    yield Go((*below, given.at(pushed.pc + 1)), leg)
                return
            case "object":
                below = (*below[:-1], below[-1].at(block.to))
                kind = type(block.held.value) if isinstance(block.held, Known) else block.held.kind
                method = Bound(Known(inspect.getattr_static(kind, "__exit__")), block.held)
                told = UNKNOWN if error else NONE
                yield from self.machine.calls.invoke(
                    below,
                    leg,
                    method,
                    ((told, told, told), (), True),
                    role="exit",
                    held=(leaving, to),
                )
                return
            case "closing" | "callback" | "pushed":
                yield from self._called_back(below, leg, block, (leaving, to))
                return
        yield self._on(below, leg, leaving, to)

    def _called_back(self, below: Stack, leg: Leg, block: Open, held: Any) -> Iterator[Item]:
        """A function that is called when a block is left."""
        below = (*below[:-1], below[-1].at(block.to))
        given: Args = ((), (), True)
        functions = [block.held]
        if block.kind == "closing":
            functions = attribute(block.held, "close", self.machine.scope(below[-1]))
        elif block.kind == "callback":
            functions, given = [block.held[0]], block.held[1]
        else:
            told = UNKNOWN if held[0] is not None and held[0][0] != "jump" else NONE
            given = ((told, told, told), (), True)
        role = "exit" if block.kind == "pushed" else "call back"
        for function in functions:
            yield from self.machine.calls.invoke(below, leg, function, given, role=role, held=held)

    @staticmethod
    def _join(stack: Stack, leg: Leg, leaving: Leaving | None, to: int = -1) -> Iterator[Item]:
        """The child of a block may clean up; that is a state where something may happen then."""
        frame = stack[-1]
        joining = frame.with_(open=(*frame.open, Open("ending", held=leaving, to=to)))
        fiber = Fiber((*stack[:-1], joining), JOIN)
        if leg.in_region or any(o.kind in ("until", "on") for o in hearing(fiber)):
            yield Stop(fiber, leg)

    def _past(self, stack: Stack, leg: Leg, to: int) -> Item:
        """On from a step, in the innermost frame."""
        return Go((*stack[:-1], stack[-1].at(to)), leg)

    def _on(self, stack: Stack, leg: Leg, leaving: Leaving | None, to: int) -> Item:
        return self._past(stack, leg, to) if leaving is None else Go(stack, leg, leaving)

    def _bound(self, stack: Stack, block: Open, event: Value) -> Stack:
        assert block.block is not None
        over = replace(block.block, event=event, place=(0, 0))
        frame = stack[-1]
        for name in block.variables:
            frame = assign(self.machine, frame, ast.Name(name, ast.Store()), over, None)
        return (*stack[:-1], frame)

    def out_of(self, leg: Leg, depth: int, path: tuple[Any, ...]) -> Leg:
        """The leg, on out of a named block; one that nobody waited in has been passed through."""
        if leg.in_region or leg.mark is None or leg.mark[0] != depth:
            return leg
        place = leg.mark[1]
        if leg.passed is not None:
            place -= leg.passed[1]
            leg = self.machine.passed(leg)
        return replace(leg, mark=None, passed=(path, place))

    def leave(self, stack: Stack, leg: Leg, leaving: Leaving) -> Iterator[Item]:
        """One step of leaving: the innermost block, or the innermost frame."""
        frame = stack[-1]
        depth = leaving[2] if leaving[0] == "jump" else 0
        if len(frame.open) > depth:
            yield from self._left(stack, leg, leaving)
        elif leaving[0] == "jump":
            yield Go((*stack[:-1], frame.at(leaving[1])), leg)
        else:
            below = stack[:-1]
            if leg.in_region and frame.role == "root" and frame.code in self.machine.facts.parents:
                yield from self._join((frame.with_(open=(), env=()),), leg, leaving)
            yield from self._ended(below, leg, frame, frame.role, leaving)
            if frame.again:
                if leaving[0] == "return" and isinstance(leaving[1], Known):
                    leaving = ("return", Inst(type(leaving[1].value)))
                for segment in self.machine.facts.deeper.get((below, frame.code), ()):
                    yield from self._ended((*below, *segment), leg, frame, "call", leaving)

    def _ended(
        self, below: Stack, leg: Leg, frame: Frame, role: str, leaving: Leaving
    ) -> Iterator[Item]:
        """A frame has ended."""
        what = leaving[0]
        if role == "exit manager" and what in ("return", *(frame.held[0] or ("",))[:1]):
            before, to = frame.held
            if what == "return" and before is not None and before[0] in (
                "raise", "leave", "become", "stop",
            ):  # fmt: skip
                if before[0] in ("raise", "leave"):
                    yield self._past(below, leg, to)
                return
            if what == "return":
                yield self._on(below, leg, before, to)
                return
        if what == "become" and role in ("root", "flow"):
            for function, given in ((leaving[1], leaving[2]),):
                yield from self.machine.calls.invoke(below, leg, function, given, role=role)
            return
        if what == "return":
            yield from self.returned(below, leg, role, frame.held, leaving[1])
            return
        if role == "root":
            if what == "raise":
                error = leaving[1]
                if isinstance(error, Perhaps) and not leg.guarded:
                    if leg.risen:  # that is not drawn
                        return
                    error = UNKNOWN if error.kind is None else Inst(error.kind)
                yield Stop(End("error", error), leg)
            else:
                yield Stop(End("stopped"), leg)
            return
        yield Go(below, leg, leaving)

    def returned(
        self, below: Stack, leg: Leg, role: str, held: Any, value: Value
    ) -> Iterator[Item]:
        """A call has returned, in the frame below."""
        match role:
            case "root":
                yield Stop(End("return", value), leg)
            case "handler":
                _, wait, group = held
                yield Stop(Fiber(below, wait, group), leg)
            case "iterate":
                loop = below[-1]
                yield self.machine.on(below, leg, loop.step.to)
            case "enter":
                yield from self.entered(below, leg, Open("object", held=held), value)
            case "exit":
                leaving, to = held
                known = truth(value)
                if leaving is not None and leaving[0] == "raise" and known is not False:
                    yield self._past(below, leg, to)
                if leaving is None or leaving[0] != "raise" or known is not True:
                    yield self._on(below, leg, leaving, to)
            case "call back":
                yield self._on(below, leg, *held)
            case "make":
                yield self.machine.given(below, leg, held)
            case "enter manager" | "exit manager":
                return
            case _:
                yield self.machine.given(below, leg, value)
