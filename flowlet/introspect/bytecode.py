"""What the bytecode of a function says about the places where it can be suspended.

For each instruction: the locals that are still read after it (backward liveness), how many values
lie on the evaluation stack under the call in progress, and whether nothing but a return is left
to do.  These three make the identity of a suspended frame exact: a variable that is dead but
still bound would split a state that is one, a value on the stack that nobody sees would merge two
that differ, and a frame that can only return is no state at all.

Exceptions are edges as well: from every instruction that a handler covers to the handler.  One
edge is left out: Python compiles a `with` so that its exit may swallow an exception, but those of
`state` and of child actors never do, and their handlers lead nowhere.
"""

from __future__ import annotations

import ast
import dis
import inspect
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Literal

from ..syntax import node_of
from .continuations import Continuations

Tail = Literal["no", "result", "constant"]

#: Whether the context manager that an expression makes may swallow an exception.
Swallows = Callable[[ast.expr], bool]

_ENDS = {"RETURN_VALUE", "RETURN_CONST", "RERAISE", "RAISE_VARARGS"}
_JUMPS_ALWAYS = {
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "JUMP_ABSOLUTE",
}


#: The names by which code gets at the exception that it handles.
_LOOK_BACK = frozenset({"exc_info", "exception", "print_exc", "format_exc"})


@dataclass(frozen=True, slots=True)
class Point:
    """A place where a frame can be suspended.

    `place`: its source text, and a number for its instructions that go on otherwise.
    `live`: the names read later; `shared`: those that only functions defined in the frame may
    read before the frame itself sets them.
    `hidden`: how many values stand on the stack below the call; `marks`: which of these are none
    of the program's, but say where an exception was raised, for its traceback.
    `tail`: what the rest of the frame does: return the call's result, return a `constant`, more.
    """

    place: tuple[Any, int]
    live: frozenset[str]
    shared: frozenset[str]
    hidden: int
    tail: Tail
    constant: Any = None
    marks: frozenset[int] = frozenset()


class Layout:
    """The points of one code object."""

    def __init__(self, code: CodeType, swallows: Swallows) -> None:
        self.code = code
        bytecode: Any = dis.Bytecode(code)
        self.steps: list[dis.Instruction] = list(bytecode)
        self.offsets: list[int] = [step.offset for step in self.steps]
        self.index: dict[int, int] = {offset: place for place, offset in enumerate(self.offsets)}
        self.entries: list[Any] = list(bytecode.exception_entries)
        never = self._exits_that_never_swallow(swallows)
        self.continuations: Continuations = Continuations(
            self.steps, self._handler, lambda place: self._is_swallow(place, never)
        )
        self.next: list[list[int]] = [
            self._successors(place, never) for place in range(len(self.steps))
        ]
        self.live: list[frozenset[str]] = self._liveness(_set)
        self.live_alone: list[frozenset[str]] = (
            self._liveness(_set_or_shared) if code.co_cellvars else self.live
        )
        self.depth: list[int] = self._depths()
        self.marks: dict[int, set[int]] = self._marks()
        #: All names of locals.
        self.names: tuple[str, ...] = tuple(
            dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
        )
        self.is_generator: bool = bool(code.co_flags & inspect.CO_GENERATOR)
        #: The one constant that every return gives, in a tuple; `None` where they differ.
        self.always_returns: tuple[Any, ...] | None = self._returned()
        #: By `f_lasti`.
        self._points: dict[int, Point] = {}
        self._looking_back: dict[int, bool] = {}

    def callee(self, frame: FrameType, read: Callable[[FrameType, int], Any]) -> Any:
        """What a suspended frame is calling, if it stands at a call; `None` where it does not."""
        step = self.steps[bisect_right(self.offsets, frame.f_lasti) - 1]
        if not step.opname.startswith("CALL"):
            return None
        below = self.at(frame.f_lasti).hidden
        values = read(frame, below + 2)
        # A function stands with an empty slot beside it, a method with its object.
        return next((v for v in (values or [])[below:] if callable(v)), None)

    def _returned(self) -> tuple[Any, ...] | None:
        found = set()
        for before, step in zip([None, *self.steps], self.steps, strict=False):
            if step.opname == "RETURN_CONST":
                found.add((type(step.argval), step.argval))
            elif step.opname == "RETURN_VALUE":
                if before is None or before.opname != "LOAD_CONST":
                    return None
                found.add((type(before.argval), before.argval))
        return (found.pop()[1],) if len(found) == 1 else None

    def at(self, lasti: int) -> Point:
        """The point of a frame whose `f_lasti` is this (it may stand in an instruction's cache)."""
        point = self._points.get(lasti)
        if point is None:
            point = self._points[lasti] = self._point(bisect_right(self.offsets, lasti) - 1)
        return point

    def looks_back(self, lasti: int) -> bool:
        """Whether the exception that is being handled there may still be raised again or read."""
        place = bisect_right(self.offsets, lasti) - 1
        if place not in self._looking_back:
            named = not _LOOK_BACK.isdisjoint(self.code.co_names)
            self._looking_back[place] = named or self._raises_again(place)
        return self._looking_back[place]

    def _raises_again(self, start: int) -> bool:
        """Whether a bare `raise` comes after a place, and before its handler is left."""
        seen = set()
        # With each place goes how many handlers were entered since: their `raise` is of another.
        todo = [(after, 0) for after in self.next[start]]
        while todo:
            place, inner = todo.pop()
            if (place, inner) in seen:
                continue
            seen.add((place, inner))
            step = self.steps[place]
            if step.opname == "RAISE_VARARGS" and step.arg == 0 and not inner:
                return True
            if step.opname == "PUSH_EXC_INFO":
                inner = min(inner + 1, 9)
            elif step.opname == "POP_EXCEPT":
                if not inner:
                    continue
                inner -= 1
            todo += [(after, inner) for after in self.next[place]]
        return False

    def _point(self, place: int) -> Point:
        step = self.steps[place]
        live: set[str] = set()
        alone: set[str] = set()
        for after in self.next[place]:
            live |= self.live[after]
            alone |= self.live_alone[after]
        tail, constant = self._tail(place)
        effect = _effect(step, jump=False)
        return Point(
            (tuple(step.positions or ()), self.continuations.number(place)),
            frozenset(alone),
            frozenset(live - alone),
            self.depth[place] + effect - 1,
            tail,
            constant,
            frozenset(self.marks.get(place, ())),
        )

    def _exits_that_never_swallow(self, swallows: Swallows) -> set[int]:
        """The handlers (by offset) of `with` items whose exit never swallows."""
        node = node_of(self.code)
        if node is None:
            return set()
        items: dict[tuple[int, ...], list[ast.expr]] = {}
        for inner in ast.walk(node):
            if isinstance(inner, ast.With):
                exprs = [item.context_expr for item in inner.items]
                # The instruction stands at the statement on 3.11 and 3.12, at the item on 3.13.
                items[_span(inner)] = exprs
                for expr in exprs:
                    items[_span(expr)] = [expr]
        handler_at = {entry.start: entry.target for entry in self.entries}
        met: dict[tuple[int, ...], int] = {}
        never: set[int] = set()
        for place, step in enumerate(self.steps):
            if step.opname != "BEFORE_WITH" or step.positions is None:
                continue
            p = step.positions
            span = (p.lineno or 0, p.end_lineno or 0, p.col_offset or 0, p.end_col_offset or 0)
            there = items.get(span)
            if there is None:
                continue
            which = met[span] = met.get(span, -1) + 1
            target = handler_at.get(self.offsets[place + 1])
            if target is not None and not swallows(there[which % len(there)]):
                never.add(target)
        return never

    def _successors(self, place: int, never: set[int]) -> list[int]:
        step = self.steps[place]
        after: list[int] = []
        if step.opname not in _ENDS and step.opname not in _JUMPS_ALWAYS:
            after.append(place + 1)
        jumps = step.opcode in dis.hasjrel or step.opcode in dis.hasjabs
        if jumps and not self._is_swallow(place, never):
            after.append(self.index[step.argval])
        handler, _ = self._handler(place)
        return after if handler < 0 else [*after, handler]

    def _handler(self, place: int) -> tuple[int, Any]:
        """Where an exception leads from there, and what is kept on the stack; -1 where it ends."""
        offset = self.offsets[place]
        for entry in self.entries:
            if entry.start <= offset < entry.end:
                return self.index[entry.target], (entry.depth, entry.lasti)
        return -1, None

    def _is_swallow(self, place: int, never: set[int]) -> bool:
        """Whether this is the jump past a `with` that has swallowed, where it never does."""
        before = place - 1
        while before > 0 and self.steps[before].opname in ("TO_BOOL", "CACHE"):
            before -= 1
        return (
            before > 0
            and self.steps[before].opname == "WITH_EXCEPT_START"
            and self.steps[before - 1].offset in never
        )

    def _liveness(self, sets: Callable[[dis.Instruction], frozenset[str]]) -> list[frozenset[str]]:
        steps = self.steps
        uses = [_used(step) for step in steps]
        kills = [sets(step) for step in steps]
        live: list[frozenset[str]] = [frozenset()] * len(steps)
        changed = True
        while changed:
            changed = False
            for place in range(len(steps) - 1, -1, -1):
                out: set[str] = set()
                for after in self.next[place]:
                    out |= live[after]
                new = frozenset((out - kills[place]) | uses[place])
                if new != live[place]:
                    live[place] = new
                    changed = True
        return live

    def _depths(self) -> list[int]:
        depth = [-1] * len(self.steps)
        todo = [(0, 0)]
        for entry in self.entries:
            todo.append((self.index[entry.target], entry.depth + entry.lasti + 1))
        while todo:
            place, now = todo.pop()
            if place >= len(self.steps) or depth[place] >= 0:
                continue
            depth[place] = now
            step = self.steps[place]
            if step.opname not in _ENDS and step.opname not in _JUMPS_ALWAYS:
                effect = _effect(step, jump=False)
                todo.append((place + 1, now + effect))
            if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
                effect = _effect(step, jump=True)
                todo.append((self.index[step.argval], now + effect))
        return depth

    def _marks(self) -> dict[int, set[int]]:
        """By place, where on the stack handlers have put where their exception was raised."""
        marks: dict[int, set[int]] = {}
        for entry in self.entries:
            todo = [self.index[entry.target]] if entry.lasti else []
            while todo:
                place = todo.pop()
                here = marks.setdefault(place, set())
                if entry.depth not in here and self.depth[place] > entry.depth:
                    here.add(entry.depth)
                    todo += self.next[place]
        return marks

    def _tail(self, place: int) -> tuple[Tail, Any]:
        step = self.steps[place]
        if self.is_generator or any(
            entry.start <= step.offset < entry.end for entry in self.entries
        ):
            return "no", None
        popped = False
        for after in self.steps[place + 1 :]:
            match after.opname:
                case "NOP" | "CACHE" | "RESUME":
                    continue
                case "POP_TOP" if not popped:
                    popped = True
                case "RETURN_VALUE" if not popped:
                    return "result", None
                case "RETURN_CONST" if popped:
                    return "constant", after.argval
                case "LOAD_CONST" if popped:
                    last = self.steps[self.index[after.offset] + 1]
                    return (
                        ("constant", after.argval)
                        if last.opname == "RETURN_VALUE"
                        else ("no", None)
                    )
                case _:
                    return "no", None
        return "no", None


def _effect(step: dis.Instruction, jump: bool) -> int:
    if step.opname == "RETURN_GENERATOR":
        return 1  # what is sent first, for the POP_TOP that follows; Python counts 0
    return dis.stack_effect(step.opcode, step.arg, jump=jump)


def _span(node: Any) -> tuple[int, ...]:
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)


def _names(step: dis.Instruction) -> tuple[str, ...]:
    return step.argval if isinstance(step.argval, tuple) else (step.argval,)


def _used(step: dis.Instruction) -> frozenset[str]:
    match step.opname:
        case "LOAD_FAST" | "LOAD_FAST_CHECK" | "LOAD_FAST_AND_CLEAR" | "LOAD_FAST_LOAD_FAST":
            return frozenset(_names(step))
        case "STORE_FAST_LOAD_FAST":
            stored, *loaded = _names(step)
            return frozenset(loaded) - {stored}
        case "LOAD_DEREF" | "LOAD_CLASSDEREF" | "LOAD_FROM_DICT_OR_DEREF" | "LOAD_CLOSURE":
            return frozenset(_names(step))
    return frozenset()


def _set(step: dis.Instruction) -> frozenset[str]:
    match step.opname:
        case "STORE_FAST" | "DELETE_FAST" | "STORE_FAST_STORE_FAST":
            return frozenset(_names(step))
        case "STORE_FAST_LOAD_FAST":
            return frozenset(_names(step)[:1])
    return frozenset()


def _set_or_shared(step: dis.Instruction) -> frozenset[str]:
    """What is set, the variables of functions that are defined in the frame too."""
    return frozenset(_names(step)) if step.opname == "STORE_DEREF" else _set(step)
