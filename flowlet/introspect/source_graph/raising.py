"""What a step may raise by itself: whatever is not sure to be harmless.

Only asked where somebody would see the error: inside a `try`, or a block that cleans up.  Where the
class of the error is known it is told, so that an `except` for another one is not entered.  Of an
object of which nothing is known, it is taken for granted that it can be compared, shown as text,
and asked whether it is true.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, Final

from pydantic import BaseModel

from ...actor import ActorRef
from ...events import Delay, timeout_of
from .evaluate import _BINARY, evaluate, items_of
from .functions import is_foreign
from .meaning import NeedsCallError
from .program import Step
from .scope import Scope
from .values import (
    NONE,
    PERHAPS,
    PLAIN,
    UNKNOWN,
    Args,
    Block,
    Coll,
    Fn,
    Generator,
    Inst,
    Known,
    Method,
    Named,
    Perhaps,
    Table,
    Value,
    Weak,
    kind_of,
)
from .values import Iterator as Over

_NUMBERS: Final = (int, float, bool, complex)
_SEQUENCES: Final = (list, tuple, str, bytes, bytearray, range)
_COLLECTIONS: Final = (*_SEQUENCES, set, frozenset, dict)
_TYPE: Final = Perhaps(TypeError)
_VALUE: Final = Perhaps(ValueError)


def risks(step: Step, scope: Scope) -> set[Perhaps]:
    """The errors that a step may raise by itself, apart from what a call in it does."""
    try:
        return set(_Risks(scope).of(step))
    except NeedsCallError:
        return {PERHAPS}


class _Risks:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        #: The variables of the comprehensions that the expression stands in.
        self.inner: set[str] = set()

    def of(self, step: Step) -> Iterator[Perhaps]:
        if step.text == "keep" or step.kind == "arm":  # the subject is a step before
            return
        if step.kind in ("forget", "import"):
            yield from self._statement(step)
            return
        yield from self.expression(step.expr)
        if step.kind == "call":
            return
        values = evaluate(step.expr, self.scope) if step.expr is not None else [NONE]
        match step.kind:
            case "set":
                for value in values:
                    yield from self.target(step.target, value)
            case "drop":
                yield from self.target(step.target, UNKNOWN)
            case "iter":
                for value in values:
                    yield from _iterated(value)
            case "for":
                yield from self._turn(step)
            case "enter" if UNKNOWN in values:
                yield PERHAPS

    def _statement(self, step: Step) -> Iterator[Perhaps]:
        if step.kind == "import":
            yield PERHAPS  # the code of a module may do anything
        elif not step.text:
            yield from self._name(step.name)

    def _turn(self, step: Step) -> Iterator[Perhaps]:
        over = dict(self.scope.env).get(step.name, UNKNOWN)
        if not isinstance(over, Over) or not isinstance(over.over, Coll):
            return
        if over.unsure:
            yield PERHAPS
        for item in over.over.items:
            yield from self.target(step.target, item)

    # --- expressions ----------------------------------------------------------------------

    def expression(self, node: Any, within: bool = False) -> Iterator[Perhaps]:
        """The errors of an expression; `within` one of which a part decides about another."""
        match node:
            case None | ast.Constant() | ast.Lambda():
                return
            case ast.Name(id=name):
                yield from self._name(name)
            case ast.Attribute(value=base, attr=attr):
                yield from self.expression(base, within)
                values = self._values(base)
                for value in values:
                    if value != NONE or not within or len(values) == 1:
                        yield from self._attribute(value, attr)
            case ast.Subscript(value=base, slice=index):
                yield from self.expression(base, within)
                yield from self.expression(index, within)
                for value in self._values(base):
                    yield from self._subscript(value, index)
            case ast.BinOp(left=left, op=op, right=right):
                yield from self.expression(left, within)
                yield from self.expression(right, within)
                for a in self._values(left):
                    for b in self._values(right):
                        yield from _operated(a, op, b)
            case ast.UnaryOp(op=op, operand=inner):
                yield from self.expression(inner, within)
                if not isinstance(op, ast.Not):
                    for value in self._values(inner):
                        yield from _signed(value)
            case ast.Compare():
                yield from self._compared(node, within)
            case ast.BoolOp() | ast.IfExp():
                for part in ast.iter_child_nodes(node):
                    if isinstance(part, ast.expr):
                        yield from self.expression(part, True)
                        yield from (r for v in self._values(part) for r in _hook(v, "__bool__"))
            case ast.FormattedValue(value=inner, format_spec=spec):
                yield from self.expression(inner, within)
                for value in self._values(inner):
                    yield from _shown(value, spec)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                yield from self._comprehension(node)
            case ast.Starred(value=inner):
                yield from self.expression(inner, within)
                for value in self._values(inner):
                    yield from _iterated(value)
            case ast.keyword(value=inner):
                yield from self.expression(inner, within)
            case ast.AST():
                for part in ast.iter_child_nodes(node):
                    if isinstance(part, ast.expr | ast.keyword):
                        yield from self.expression(part, within)

    def _values(self, node: ast.expr) -> list[Value]:
        if self.inner & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}:
            return [UNKNOWN]
        return evaluate(node, self.scope)

    def _name(self, name: str) -> Iterator[Perhaps]:
        scope, program = self.scope, self.scope.program
        if name.startswith("%") or name in self.inner or any(n == name for n, _ in scope.env):
            return
        code = program.code
        stored = scope.facts.stored
        if name in program.assigned or name in code.co_varnames:
            known = name in program.defined or (code, name) in stored
            if not known and name not in program.globals_written | program.nonlocals:
                yield Perhaps(UnboundLocalError)
            return
        captured = dict(scope.fn.env).get(name)
        if captured is not None or name in code.co_freevars:
            if isinstance(captured, Weak) and isinstance(captured.key, tuple):
                if captured.key not in stored:
                    yield Perhaps(NameError)
            return
        names = program.globals.get("__builtins__", {})
        names = names if isinstance(names, dict) else vars(names)
        if name not in program.globals and name not in names:
            yield Perhaps(NameError)

    def _attribute(self, value: Value, attr: str) -> Iterator[Perhaps]:
        if value is UNKNOWN or isinstance(value, Method):
            yield PERHAPS
            return
        if isinstance(value, Coll | Table):
            if not any(hasattr(kind, attr) for kind in _COLLECTIONS):
                yield Perhaps(AttributeError)
            return
        kind = ActorRef if isinstance(value, Named) and value.kind != "delay" else kind_of(value)
        if kind is None or value is NONE or value == NONE:
            if value == NONE:
                yield Perhaps(AttributeError)
            return
        yield from self._of_class(kind, value.value if isinstance(value, Known) else None, attr)

    def _of_class(self, kind: type, held: Any, attr: str) -> Iterator[Perhaps]:
        found = inspect.getattr_static(kind, attr, None)
        if isinstance(found, property) and found.fget is not None and not is_foreign(found.fget):
            yield PERHAPS
            return
        known = found is not None or attr in getattr(kind, "model_fields", ())
        if isinstance(held, type | ModuleType):
            known = known or inspect.getattr_static(held, attr, None) is not None
            known = known or attr in dir(held)
        elif held is not None:
            known = known or inspect.getattr_static(held, attr, None) is not None
        known = known or any(attr in getattr(base, "__annotations__", ()) for base in kind.__mro__)
        if known or self.scope.attributes(attr) or (issubclass(kind, Enum) and attr == "value"):
            return
        hook = inspect.getattr_static(kind, "__getattr__", None)
        yield Perhaps(AttributeError) if hook is None else PERHAPS

    def _subscript(self, value: Value, index: ast.expr) -> Iterator[Perhaps]:
        kind = kind_of(value)
        cut = isinstance(index, ast.Slice)
        if isinstance(value, Table) or (kind is not None and issubclass(kind, dict)):
            held = value.value if isinstance(value, Known) else None
            for key in self._values(index):
                if (
                    isinstance(value, Table)
                    and value.exact
                    and any(k == key for k, _ in value.items)
                ):
                    continue
                if held is not None and isinstance(key, Known) and _has(held, key.value):
                    continue
                yield PERHAPS if "__missing__" in vars(kind or dict) else Perhaps(KeyError)
                if key is UNKNOWN:
                    yield _TYPE
        elif isinstance(value, Coll) or (kind is not None and issubclass(kind, _SEQUENCES)):
            items = items_of(value)
            for key in self._values(index) if not cut else ():
                place = key.value if isinstance(key, Known) else None
                exact = isinstance(items, Coll) and items.exact and type(place) is int
                if exact and -len(items.items) <= place < len(items.items):  # type: ignore[attr-defined, operator]  # it is one
                    continue
                yield Perhaps(IndexError)
                if key is UNKNOWN:
                    yield _TYPE
        elif isinstance(value, Known) and isinstance(value.value, type):
            return
        elif value == NONE or (kind is not None and issubclass(kind, _NUMBERS)):
            yield _TYPE
        else:
            yield PERHAPS

    def _compared(self, node: ast.Compare, within: bool) -> Iterator[Perhaps]:
        sides = [node.left, *node.comparators]
        for side in sides:
            yield from self.expression(side, within)
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            if isinstance(op, ast.Is | ast.IsNot):
                continue
            for a in self._values(left):
                for b in self._values(right):
                    yield from _tested(a, op, b)

    def _comprehension(self, node: Any) -> Iterator[Perhaps]:
        before = set(self.inner)
        for part in node.generators:
            yield from self.expression(part.iter)
            for value in self._values(part.iter):
                yield from _iterated(value)
            self.inner |= {n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)}
            for test in part.ifs:
                yield from self.expression(test)
        for part in (getattr(node, "elt", None), getattr(node, "key", None)):
            yield from self.expression(part)
        yield from self.expression(getattr(node, "value", None))
        if any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            yield PERHAPS
        self.inner = before

    # --- targets --------------------------------------------------------------------------

    def target(self, target: Any, value: Value) -> Iterator[Perhaps]:
        """The errors of an assignment of a value."""
        match target:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                yield from self._unpacked(parts, value)
            case ast.Starred(value=inner):
                yield from self.target(inner, UNKNOWN)
            case ast.Attribute(value=base, attr=attr, ctx=ctx):
                yield from self.expression(base)
                for owner in self._values(base):
                    if isinstance(ctx, ast.Del):
                        yield Perhaps(AttributeError)
                    yield from _set_on(owner, attr)
            case ast.Subscript(value=base, slice=index, ctx=ctx):
                yield from self.expression(base)
                yield from self.expression(index)
                for owner in self._values(base):
                    kind = kind_of(owner)
                    maps = isinstance(owner, Table) or (kind is not None and issubclass(kind, dict))
                    if isinstance(ctx, ast.Del) or not maps:
                        yield from self._subscript(owner, index)

    def _unpacked(self, parts: list[ast.expr], value: Value) -> Iterator[Perhaps]:
        items = items_of(value)
        starred = [part for part in parts if isinstance(part, ast.Starred)]
        if isinstance(items, Coll) and items.exact:
            fits = len(items.items) == len(parts)
            if starred:
                fits = len(items.items) >= len(parts) - 1
            if not fits:
                yield _VALUE
            for part, item in zip(parts, items.items, strict=False):
                yield from self.target(part, UNKNOWN if starred else item)
            return
        if not (starred and len(parts) == 1):
            yield _VALUE
        yield from _iterated(value)


def _has(held: Any, key: Any) -> bool:
    try:
        return key in held
    except Exception:
        return False


def _hook(value: Value, name: str) -> Iterator[Perhaps]:
    """The error of a method of Python's, if a class of the user's has one of its own."""
    kind = kind_of(value)
    found = None if kind is None else inspect.getattr_static(kind, name, None)
    if isinstance(found, FunctionType) and not is_foreign(found):
        yield PERHAPS


def _iterated(value: Value) -> Iterator[Perhaps]:
    """The error of going over something."""
    kind = kind_of(value)
    if isinstance(value, Coll | Table | Generator | Over) or items_of(value) is not UNKNOWN:
        return
    if kind is None or not (kind is object or issubclass(kind, PLAIN)):
        made = kind is not None and (issubclass(kind, _COLLECTIONS) or is_foreign(kind))
        if not made or not hasattr(kind, "__iter__"):
            yield PERHAPS if kind is None or hasattr(kind, "__iter__") else _TYPE
    elif not issubclass(kind, str | bytes):
        yield _TYPE


def _operated(a: Value, op: ast.operator, b: Value) -> Iterator[Perhaps]:
    if isinstance(a, Known) and isinstance(b, Known):
        if isinstance(a.value, type) or isinstance(b.value, type):
            return
        if isinstance(a.value, PLAIN) and isinstance(b.value, PLAIN):
            yield from _computed(a.value, op, b.value)
            return
    kinds = [
        list if isinstance(v, Coll) else dict if isinstance(v, Table) else kind_of(v)
        for v in (a, b)
    ]
    first, second = kinds
    if first is None or second is None:
        yield PERHAPS
    elif issubclass(first, _NUMBERS) and issubclass(second, _NUMBERS):
        yield from _counted(op, b)
    elif issubclass(first, str) and isinstance(op, ast.Mod):
        yield _TYPE
        yield _VALUE
    elif (first is second and issubclass(first, _COLLECTIONS) and not isinstance(op, ast.Mod)) or (
        isinstance(op, ast.Mult) and issubclass(first, _SEQUENCES) and issubclass(second, int)
    ):
        return
    elif issubclass(first, (*PLAIN, *_COLLECTIONS)) and issubclass(second, (*PLAIN, *_COLLECTIONS)):
        if not isinstance(op, ast.Add | ast.BitOr | ast.Sub | ast.BitAnd) or kinds[0] in PLAIN:
            yield _TYPE
    else:
        yield PERHAPS


def _computed(a: Any, op: ast.operator, b: Any) -> Iterator[Perhaps]:
    if isinstance(op, ast.Pow | ast.LShift | ast.Mult) and isinstance(b, int) and abs(b) > 10_000:
        return
    function = _BINARY.get(type(op))
    try:
        if function is not None:
            function(a, b)
    except Exception as error:
        yield Perhaps(type(error))


def _counted(op: ast.operator, b: Value) -> Iterator[Perhaps]:
    by = b.value if isinstance(b, Known) else None
    if isinstance(op, ast.Div | ast.Mod | ast.FloorDiv) and not by:
        yield Perhaps(ZeroDivisionError)
    elif isinstance(op, ast.Pow) and (by is None or isinstance(by, complex) or by < 0):
        yield Perhaps(ZeroDivisionError)
        yield Perhaps(OverflowError)
    elif isinstance(op, ast.LShift | ast.RShift) and (by is None or by < 0):
        yield _VALUE


def _signed(value: Value) -> Iterator[Perhaps]:
    kind = kind_of(value)
    if kind is None or not issubclass(kind, _NUMBERS):
        yield _TYPE if kind is not None and issubclass(kind, (*PLAIN, *_COLLECTIONS)) else PERHAPS


def _tested(a: Value, op: ast.cmpop, b: Value) -> Iterator[Perhaps]:
    for value in (a, b):
        for name in ("__eq__", "__contains__", "__lt__", "__gt__", "__le__", "__ge__"):
            yield from _hook(value, name)
    if isinstance(op, ast.Eq | ast.NotEq):
        return
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(b, Known) and isinstance(b.value, str):
            text = kind_of(a)
            if text is None or not issubclass(text, str):
                yield _TYPE
            return
        yield from _iterated(b)
        return
    kinds = [list if isinstance(v, Coll) else kind_of(v) for v in (a, b)]
    first, second = kinds
    if first is None or second is None:
        yield PERHAPS
    elif issubclass(first, int | float) and issubclass(second, int | float):
        return
    elif first is not second or not issubclass(first, str | bytes | set | frozenset):
        yield _TYPE


def _shown(value: Value, spec: Any) -> Iterator[Perhaps]:
    yield from _hook(value, "__str__")
    yield from _hook(value, "__format__")
    text = spec.values[0].value if spec and isinstance(spec.values[0], ast.Constant) else None
    if spec is None:
        return
    kind = kind_of(value)
    sample = value.value if isinstance(value, Known) else kind() if kind in PLAIN else None
    try:
        if sample is None or text is None:
            raise ValueError
        format(sample, text)
    except Exception:
        yield _VALUE
        yield _TYPE


def _set_on(owner: Value, attr: str) -> Iterator[Perhaps]:
    """The error of setting an attribute."""
    kind = kind_of(owner)
    if isinstance(owner, Fn) or (isinstance(owner, Known) and isinstance(owner.value, type)):
        return
    if kind is None:
        yield PERHAPS if owner is UNKNOWN or isinstance(owner, Method) else Perhaps(AttributeError)
    elif issubclass(kind, (*PLAIN, *_COLLECTIONS)):
        yield Perhaps(AttributeError)
    elif (
        issubclass(kind, BaseModel)
        or isinstance(inspect.getattr_static(kind, attr, None), property)
        or kind.__setattr__ is not object.__setattr__
    ):
        yield PERHAPS
    elif not hasattr(kind, "__dict__") and inspect.getattr_static(kind, attr, None) is None:
        yield Perhaps(AttributeError)


# --- calls ----------------------------------------------------------------------------------


def is_sure(function: Value, values: list[Value], given: Args) -> bool:
    """Whether a call that does not wait, and gives one of these, never raises."""
    args = given[0]
    if not isinstance(function, Known):
        return isinstance(function, Block)
    called = function.value
    if isinstance(called, type) and issubclass(called, BaseException):
        return True
    if called is len:
        kind = kind_of(args[0]) if args else None
        sized = kind is not None and issubclass(kind, _COLLECTIONS)
        return sized or any(isinstance(arg, Coll | Table) for arg in args)
    if called is Delay:
        return all(isinstance(value, Known) for value in values)
    if any(isinstance(v, Block) and (v.vague or v.name is UNKNOWN) for v in values):
        return False
    plain = (isinstance, issubclass, type, str, repr, bool)
    own = getattr(called, "__module__", None) or ""
    return any(called is each for each in plain) or str(own).startswith("flowlet")


def of_time(after: Value | None) -> list[Perhaps]:
    """The errors of a wait for so long."""
    if after is None or after == NONE or isinstance(after, Named):
        return []
    if isinstance(after, Known):
        try:
            timeout_of(after.value)
        except Exception as error:
            return [Perhaps(type(error))]
        return []
    return [_VALUE] if isinstance(after, Inst) else [_VALUE, _TYPE]
