"""What names mean in one frame, and what all ways through the source share.

A variable that several functions write, an attribute, a block with a history: what is stored there
on one way may be read on another.  Of those, everything that was ever stored is kept, and the
source is gone through again until nothing new comes.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import Any, Final

from ...events import label_of, label_of_type
from ...syntax import is_function, node_of
from ..alphabet import Alphabet
from .compiler import compile_function
from .evaluate import evaluate, items_of
from .meaning import NeedsCallError
from .program import Program
from .values import (
    DEEPEST,
    NONE,
    UNKNOWN,
    Args,
    Bound,
    Coll,
    Env,
    Fn,
    Inst,
    Known,
    Part,
    Table,
    Value,
    Weak,
    Wrapped,
    depth_of,
    few,
    of_type,
)

#: The key of what was put into collections.
CHANGED: Final = "changed"
#: So many values of one shared variable are told apart.
_MOST_STORED: Final = 8
_OF_SETS: Final = frozenset({"add", "discard", "update"})
CHANGES: Final = _OF_SETS | {
    "append", "appendleft", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse",
    "setdefault", "sort",
}  # fmt: skip

#: So many numbers that one variable was computed to be are told apart.
_MOST_COMPUTED: Final = 12


@dataclass
class Facts:
    """What all ways through one actor function share."""

    alphabet: Alphabet
    #: How coarsely data is looked at: 0 exactly, 1 without computing, 2 by its type alone.
    level: int = 0
    #: What is done to lists and sets somewhere: an untouched one has the items that it had.
    touched: set[str] = field(default_factory=set)
    stored: dict[Any, dict[Value, None]] = field(default_factory=dict)
    computed: dict[tuple[CodeType, str], set[Value]] = field(default_factory=dict)
    left: dict[Any, dict[Value, None]] = field(default_factory=dict)
    #: Variables whose collection has another name as well.
    aliased: set[tuple[CodeType, str]] = field(default_factory=set)
    programs: dict[CodeType, Program | None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
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

    def change(self, *items: Value) -> None:
        """Note what was put into some list, set or dict of which nobody knows who else has it."""
        if CHANGED not in self.stored:
            self.stored[CHANGED] = {}
            self.changed = True
        for item in items:
            self.store(CHANGED, item)

    def as_changed(self, value: Value) -> Value:
        """A collection that whoever has it may have changed."""
        if CHANGED not in self.stored:
            return value
        added = self.stored[CHANGED]
        if isinstance(value, Known) and isinstance(value.value, list | set):
            items = items_of(value)
            value = replace(items, fixed=False) if isinstance(items, Coll) else value
        if isinstance(value, Coll) and not value.fixed:
            return value.adding(*added)
        if isinstance(value, Table):
            more = tuple((UNKNOWN, item) for item in added if (UNKNOWN, item) not in value.items)
            return Table((*value.items, *more), False)
        return value

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
            if isinstance(inner, ast.Attribute) and inner.attr in CHANGES:
                self.touched.add("set" if inner.attr in _OF_SETS else "list")
            elif isinstance(inner, ast.Subscript) and not isinstance(inner.ctx, ast.Load):
                self.touched.add("list")

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
        label = getattr(kind, "label", None)
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
        return [self.facts.as_changed(value) for value in self._look_up(name)]

    def _look_up(self, name: str) -> list[Value]:
        program = self.program
        for known, value in self.env:
            if known == name:
                return self._read(value)
        if name in program.written:
            return few(self.facts.stored.get((program.code, name), {UNKNOWN: None}))
        if name in program.defined:
            return [self._inner_function(program.defined[name])]
        if name.startswith("%") or name in program.assigned:
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
            once = program.assigned.get(name, 0) <= 1 and name not in program.written
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
        return self.facts.stored.get(("attribute", name), {})

    def remembered(self, key: Any) -> list[Value]:
        """Where a block with a history may have been left."""
        return [NONE, *self.facts.left.get(key, {})]

    def call(self, node: ast.Call, within: Any) -> list[Value]:
        """What a call gives that surely does not wait."""
        found: list[Value] = []
        for function in evaluate(node.func, within):
            for given in arguments(node, within):
                values = self.simple_call(function, given, self)
                if values is None:
                    raise NeedsCallError
                found += values
        return few(found)


def arguments(node: ast.Call, names: Any) -> list[Args]:
    """The arguments of a call: by position, by keyword, and whether these are all."""
    choices: list[list[tuple[Value, ...]]] = []
    whole = True
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            expanded: list[tuple[Value, ...]] = []
            for value in evaluate(arg.value, names):
                items = value if isinstance(value, Coll) else items_of(value)
                whole = whole and isinstance(items, Coll) and items.exact
                expanded.append(items.items if isinstance(items, Coll) else ())
            choices.append(expanded)
        else:
            choices.append([(value,) for value in evaluate(arg, names)])
    words: list[list[tuple[str, Value]]] = []
    for word in node.keywords:
        if word.arg is None:
            whole = False
            continue
        words.append([(word.arg, value) for value in evaluate(word.value, names)])
    found: list[Args] = []
    for positions in _product(choices):
        for named in _product(words):
            flat = tuple(value for part in positions for value in part)
            found.append((flat, tuple(named), whole))
    return found


def _product(choices: list[list[Any]]) -> list[tuple[Any, ...]]:
    total = functools.reduce(lambda n, c: n * len(c), choices, 1)
    if total > 64:
        # Too many together: what has alternatives is not known.
        choices = [c if len(c) == 1 else [_merged(c)] for c in choices]
    return list(itertools.product(*choices))


def _merged(choice: list[Any]) -> Any:
    first = choice[0]
    return (first[0], UNKNOWN) if isinstance(first[0], str) else (UNKNOWN,)


def is_foreign(fn: Any) -> bool:
    """Whether a function is part of Python or of a library, and so waits for nothing itself."""
    fn = fn.__func__ if isinstance(fn, MethodType) else fn
    code = fn.__code__ if is_function(fn) else inspect.getattr_static(fn, "__code__", None)
    module = getattr(fn, "__module__", None) if is_plain(fn) else type(fn).__module__
    root = module.partition(".")[0] if isinstance(module, str) else ""
    if is_function(fn) and root == "builtins":
        return False  # made of a text that has no name of its own
    if root in sys.stdlib_module_names or root in {"flowlet", "pydantic", "greenlet"}:
        return True
    if not isinstance(code, CodeType):
        return False
    made = code.co_filename.startswith("<") and code.co_name.startswith("__")  # by a decorator
    return "site-packages" in code.co_filename or made


def is_plain(value: Any) -> bool:
    """Whether asking a value for its attributes runs no code of the user's."""
    return is_function(value) or isinstance(
        value, type | MethodType | BuiltinFunctionType | MethodDescriptorType | WrapperDescriptorType
    )


def call_method(value: Any) -> FunctionType | None:
    """The `__call__` that an object of the user's has."""
    found = inspect.getattr_static(type(value), "__call__", None)
    return found if isinstance(found, FunctionType) else None


def bind_arguments(
    node: Any, args: tuple[Value, ...], words: Iterable[tuple[str, Value]], whole: bool, fn: Fn
) -> dict[str, Value]:
    """The parameters of a function that is called so."""
    spec = node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    bound: dict[str, Value] = {}
    noted = {arg.arg: arg.annotation for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    rest = tuple(args[len(names) :])
    bound.update(zip(names, args, strict=False))
    if spec.vararg is not None:
        bound[spec.vararg.arg] = Coll(rest, whole)
    extra = []
    known = {*names, *(arg.arg for arg in spec.kwonlyargs)}
    for name, value in words:
        if name in known:
            bound[name] = value
        else:
            extra.append((name, value))
    if spec.kwarg is not None:
        bound[spec.kwarg.arg] = Inst(dict)
    for name, value in fn.defaults:
        if name not in bound:
            bound[name] = value if whole else UNKNOWN
    for name, annotation in noted.items():
        if (name not in bound or bound[name] is UNKNOWN) and annotation is not None:
            bound[name] = annotated(annotation, fn)
        elif name not in bound:
            bound[name] = UNKNOWN
    return bound


def annotated(annotation: ast.expr, fn: Fn) -> Value:
    """Some value of the type that an annotation names."""
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    try:
        kind = eval(str(text), fn.program.globals, {})
    except Exception:
        return UNKNOWN
    values = of_type(kind)
    return values[0] if len(values) == 1 else UNKNOWN


def user_function(value: Value) -> Any:
    """The function of the user's that a value calls, or `None`."""
    if isinstance(value, Fn):
        return value
    if isinstance(value, Bound | Part | Wrapped):
        return user_function(value.function)
    if isinstance(value, Known):
        held = value.value
        if isinstance(held, functools.partial):
            return user_function(Known(held.func))
        if isinstance(held, MethodType):
            held = held.__func__
        if is_function(held) and not is_foreign(held):
            return value
        wrapped = inspect.getattr_static(held, "__wrapped__", None)
        if wrapped is not None and wrapped is not held:
            return user_function(Known(wrapped))
    return None
