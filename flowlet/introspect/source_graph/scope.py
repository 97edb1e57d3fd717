"""What names mean in one frame, and what all ways through the source share.

A variable that several functions write, an attribute, a block with a history: what is stored there
on one way may be read on another.  Of those, everything that was ever stored is kept, and the
source is gone through again until nothing new comes.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any, Final

from ...asked import asked
from ...events import label_of, label_of_type
from ...syntax import node_of
from ..alphabet import Alphabet
from .binding import arguments
from .changes import _OF_SETS, ANY_ATTRIBUTE, CHANGES, as_changed, changes
from .compiler import compile_function
from .evaluate import evaluate
from .meaning import NeedsCallError
from .program import Program
from .values import (
    DEEPEST,
    NONE,
    UNKNOWN,
    Args,
    Env,
    Fn,
    Known,
    Value,
    Weak,
    depth_of,
    few,
)

#: So many values of one shared variable are told apart.
_MOST_STORED: Final = 8

#: So many numbers that one variable was computed to be are told apart.
_MOST_COMPUTED: Final = 12


@dataclass
class Facts:
    """What all ways through one actor function share."""

    alphabet: Alphabet
    #: How coarsely data is looked at: 0 exactly, 1 without computing, 2 by its type alone, 3 as
    #: something of which nothing is known; then conditions are not followed either, and what a
    #: function comes to that does not wait is found once for all places that call it.
    level: int = 0
    #: Whether some list is changed somewhere: else each has the items that it had.
    touched: bool = False
    stored: dict[Any, dict[Value, None]] = field(default_factory=dict)
    computed: dict[tuple[CodeType, str], set[Value]] = field(default_factory=dict)
    left: dict[Any, dict[Value, None]] = field(default_factory=dict)
    programs: dict[CodeType, Program | None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    #: Names and times that only a run knows, each with what is drawn instead.
    unnamed: dict[str, None] = field(default_factory=dict)
    deaf: dict[Value, bool] = field(default_factory=dict)
    classes: dict[type, list[type]] = field(default_factory=dict)
    #: Where a recursion that is collapsed may return to: by what is below, and by the function.
    deeper: dict[Any, dict[Any, None]] = field(default_factory=dict)
    #: The functions of the regions that spawn children: they end with those.
    parents: set[CodeType] = field(default_factory=set)
    changed: bool = False

    def store(self, key: Any, value: Value) -> None:
        """Note what was stored under a key."""
        known = self.stored.setdefault(key, {})
        if value in known or UNKNOWN in known:
            return
        self.changed = True
        known[value] = None
        if len(known) > _MOST_STORED:
            known.clear()
            known[UNKNOWN] = None

    def remember(self, key: Any, path: tuple[Any, ...]) -> None:
        """Note that a block with a history may be left here."""
        known = self.left.setdefault(key, {})
        value = Known(path)
        if value not in known:
            known[value] = None
            self.changed = True

    def program_of(self, fn: FunctionType) -> Program | None:
        """The program of a function; `None` where there is no source."""
        code = fn.__code__
        if code not in self.programs:
            node = node_of(code)
            made = None if node is None else compile_function(code, node, fn.__globals__)
            self.programs[code] = made
            if made is not None:
                self._look_for_changes(made.node)
        return self.programs[code]

    def _look_for_changes(self, node: Any) -> None:
        for inner in ast.walk(node):
            changing = isinstance(inner, ast.Attribute) and inner.attr in CHANGES - _OF_SETS
            if isinstance(inner, ast.Subscript) and not isinstance(inner.ctx, ast.Load):
                changing = True
            if changing and not self.touched:
                self.touched = self.changed = True

    def function(self, fn: FunctionType) -> Fn | None:
        """A real function, with its closure and its defaults."""
        program = self.program_of(fn)
        if program is None:
            return None
        cells = zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=False)
        env: list[tuple[str, Value]] = [(name, Weak(_Cell(cell))) for name, cell in cells]
        defaults: list[tuple[str, Value]] = []
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
        given = fn.__defaults__ or ()
        defaults += zip(names[len(names) - len(given) :], map(Known, given), strict=True)
        defaults += [(name, Known(v)) for name, v in (fn.__kwdefaults__ or {}).items()]
        return Fn(program, tuple(sorted(env)), None, tuple(defaults))

    def library(self, fn: Any) -> Fn:
        """A function that stands for one of Python's own."""
        found = self.function(fn)
        assert found is not None
        return found

    def classes_of(self, kind: type) -> list[type]:
        """The classes of the events that a wait for this one may get."""
        if kind not in self.classes:
            asked = [k for k in self.alphabet._constants.kinds if issubclass(k, kind)]
            known = [kind] if not inspect.isabstract(kind) else []
            below = list(_below(kind))
            if len(below) <= 12:
                asked += below
            self.classes[kind] = list(dict.fromkeys([*known, *asked]))
        return self.classes[kind]

    def labels_of(self, kind: type) -> list[str]:
        """How events of exactly this class are called on an edge."""
        label = asked(kind, "label")
        if not isinstance(label, str) or "{" not in label:
            return [label_of_type(kind)]
        try:
            events = [event for event in self.alphabet.of(kind) if type(event) is kind]
            return list(dict.fromkeys(map(label_of, events))) or [label]
        except Exception:
            return [label]


class _Cell:
    """The key of a variable that lives in the cell of a real closure."""

    __slots__ = ("cell",)

    def __init__(self, cell: Any) -> None:
        self.cell = cell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Cell) and self.cell is other.cell

    def __hash__(self) -> int:
        return id(self.cell)

    def __lt__(self, other: object) -> bool:
        return False

    def value(self) -> Value:
        try:
            return Known(self.cell.cell_contents)
        except ValueError:
            return UNKNOWN


def _below(kind: type) -> Iterable[type]:
    if kind is object:
        return
    sub: type
    for sub in type.__subclasses__(kind):
        yield sub
        yield from _below(sub)


@dataclass
class Scope:
    """The names of one frame on one way."""

    facts: Facts
    fn: Fn
    env: Env
    simple_call: Callable[[Value, Args, Scope], list[Value] | None]

    @property
    def program(self) -> Program:
        """The function that the frame runs."""
        return self.fn.program

    @property
    def coarse(self) -> bool:
        """Whether numbers are not followed."""
        return self.facts.level > 0

    def look_up(self, name: str) -> list[Value]:
        """The values that a name may have."""
        found = self._look_up(name)
        return found if name in self.program.alone else [self.changed(value) for value in found]

    def changed(self, value: Value) -> Value:
        """A collection as whoever else has it may have changed it."""
        return as_changed(self.facts, value)

    def store(self, key: Any, value: Value) -> None:
        """Note what a variable that is read later has been."""
        self.facts.store(key, value)

    def _look_up(self, name: str) -> list[Value]:
        program = self.program
        for known, value in self.env:
            if known == name:
                return self._read(value)
        if name in program.nonlocals or name in program.globals_written:
            return self._outside(name)
        if name in program.written:
            return few(self.facts.stored.get((program.code, name), {UNKNOWN: None}))
        if name in program.defined:
            return [self._inner_function(program.defined[name])]
        if name.startswith("%") or name in program.assigned or name in program.code.co_varnames:
            return [UNKNOWN]
        return self._outside(name)

    def _outside(self, name: str) -> list[Value]:
        for known, value in self.fn.env:
            if known == name:
                return self._read(value)
        outer = self.fn.outer
        if outer is not None and name in self.program.code.co_freevars:
            if name in outer.defined:
                node = outer.defined[name]
                if node in outer.inner:
                    return [Fn(outer.inner[node], self.fn.env, outer)]
            return few(self.facts.stored.get((outer.code, name), {UNKNOWN: None}))
        stored = self.facts.stored.get(("global", id(self.program.globals), name), {})
        if name in self.program.globals:
            return few([Known(self.program.globals[name]), *stored])
        builtins = self.program.globals.get("__builtins__", {})
        names = builtins if isinstance(builtins, dict) else vars(builtins)
        if name in names:
            return [Known(names[name])]
        return few(stored or [UNKNOWN])

    def _read(self, value: Value) -> list[Value]:
        if not isinstance(value, Weak):
            return [value]
        stored = self.facts.stored.get(value.key, {})
        if isinstance(value.key, _Cell):
            return few([value.key.value(), *stored])
        return few(stored or [UNKNOWN])

    def _inner_function(self, node: Any) -> Value:
        inner = self.program.inner.get(node)
        return UNKNOWN if inner is None else Fn(inner, self.captured(inner), self.program)

    def captured(self, inner: Program) -> Env:
        """What a function that is defined here takes along."""
        found: dict[str, Value] = dict(self.fn.env)
        own = dict(self.env)
        program = self.program
        for name in program.shared:
            found.pop(name, None)
            once = name in program.once and name not in program.written
            if name in own and once and depth_of(own[name]) < DEEPEST - 1:
                found[name] = own[name]
            elif name in program.defined:
                continue
            else:
                found[name] = Weak((program.code, name))
        needed = set(inner.code.co_freevars)
        for other in program.defined:  # they call each other
            if other in needed and program.defined[other] in program.inner:
                needed |= set(program.inner[program.defined[other]].code.co_freevars)
        return tuple(sorted(((n, v) for n, v in found.items() if n in needed), key=lambda p: p[0]))

    def closure(self, node: Any) -> Value:
        """The function that a lambda makes here."""
        return self._inner_function(node)

    def attributes(self, name: str) -> Iterable[Value]:
        """What was ever stored under an attribute of this name."""
        stored = self.facts.stored
        anywhere = stored.get(("attribute", ANY_ATTRIBUTE), {})
        return {**stored.get(("attribute", name), {}), **anywhere}

    def remembered(self, key: Any) -> list[Value]:
        """Where a block with a history may have been left."""
        return [NONE, *self.facts.left.get(key, {})]

    def call(self, node: ast.Call, within: Any) -> list[Value]:
        """What a call gives that surely does not wait."""
        found: list[Value] = []
        for function in evaluate(node.func, within):
            for given in arguments(node, within):
                values = self.simple_call(function, given, self)
                if values is None or changes(function, given):
                    raise NeedsCallError
                found += values
        return few(found)
