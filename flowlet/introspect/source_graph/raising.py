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
from enum import Enum, EnumType
from types import ModuleType
from typing import Any

from ...actor import ActorRef
from ...asked import asked
from .evaluate import evaluate
from .functions import is_foreign
from .harmless import (
    COLLECTIONS,
    FIXED,
    NUMBERS,
    SEQUENCES,
    TYPE,
    VALUE,
    entered,
    has_key,
    hashed,
    iterated,
    operated,
    set_on,
    shown,
    signed,
    tested,
    true,
)
from .items import items_of
from .meaning import NeedsCallError
from .program import Step
from .scope import Scope
from .values import (
    NONE,
    PERHAPS,
    UNKNOWN,
    Coll,
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
                    yield from iterated(value)
            case "for":
                yield from self._turn(step)
            case "if":
                for value in values:
                    yield from true(value)
            case "enter":
                yield from (risk for value in values for risk in entered(value))

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
                        yield from operated(a, op, b)
            case ast.UnaryOp(op=op, operand=inner):
                yield from self.expression(inner, within)
                for value in self._values(inner):
                    yield from true(value) if isinstance(op, ast.Not) else signed(value)
            case ast.Compare():
                yield from self._compared(node, within)
            case ast.BoolOp() | ast.IfExp():
                for part in ast.iter_child_nodes(node):
                    if isinstance(part, ast.expr):
                        yield from self.expression(part, True)
                        yield from (risk for value in self._values(part) for risk in true(value))
            case ast.FormattedValue(value=inner, format_spec=spec):
                yield from self.expression(inner, within)
                for value in self._values(inner):
                    yield from shown(value, spec)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                yield from self._comprehension(node)
            case ast.Starred(value=inner):
                yield from self.expression(inner, within)
                for value in self._values(inner):
                    yield from iterated(value)
            case ast.keyword(value=inner):
                yield from self.expression(inner, within)
            case _:
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
            key = captured.key if isinstance(captured, Weak) else None
            if isinstance(key, tuple) and key not in stored:
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
            if not any(hasattr(kind, attr) for kind in COLLECTIONS):
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
        if isinstance(found, property) and (found.fget is None or not is_foreign(found.fget)):
            yield Perhaps(AttributeError) if found.fget is None else PERHAPS
            return
        known = found is not None or attr in asked(kind, "model_fields", ())
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
                if held is not None and isinstance(key, Known) and has_key(held, key.value):
                    continue
                yield PERHAPS if "__missing__" in vars(kind or dict) else Perhaps(KeyError)
                yield from hashed(key)
                if key is UNKNOWN:
                    yield TYPE
        elif isinstance(value, Coll) or (kind is not None and issubclass(kind, SEQUENCES)):
            items = items_of(value)
            for key in self._values(index) if not cut else ():
                place = key.value if isinstance(key, Known) else None
                exact = isinstance(items, Coll) and items.exact and type(place) is int
                if exact and -len(items.items) <= place < len(items.items):  # type: ignore[attr-defined, operator]  # it is one
                    continue
                yield Perhaps(IndexError)
                of_index = kind_of(key)
                if of_index is None or not issubclass(of_index, int):
                    yield TYPE
        elif isinstance(value, Known) and isinstance(value.value, EnumType):
            for key in self._values(index):
                if not isinstance(key, Known) or key.value not in list(value.value.__members__):
                    yield Perhaps(KeyError)
        elif isinstance(value, Known) and isinstance(value.value, type):
            return
        elif value == NONE or (kind is not None and issubclass(kind, NUMBERS)):
            yield TYPE
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
                    yield from tested(a, op, b)

    def _comprehension(self, node: Any) -> Iterator[Perhaps]:
        before = set(self.inner)
        for part in node.generators:
            yield from self.expression(part.iter)
            for value in self._values(part.iter):
                yield from iterated(value)
                items = items_of(value)
                for item in items.items if isinstance(items, Coll) else (UNKNOWN,):
                    yield from self.target(part.target, item)
            self.inner |= {n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)}
            for test in part.ifs:
                yield from self.expression(test)
        for part in (getattr(node, "elt", None), getattr(node, "key", None)):
            yield from self.expression(part)
        if isinstance(node, ast.SetComp | ast.DictComp):
            yield TYPE  # a key that is none
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
                    yield from set_on(owner, attr)
            case ast.Subscript(value=base, slice=index, ctx=ctx):
                yield from self.expression(base)
                yield from self.expression(index)
                for owner in self._values(base):
                    kind = kind_of(owner)
                    maps = isinstance(owner, Table) or (kind is not None and issubclass(kind, dict))
                    if isinstance(ctx, ast.Del) or not maps:
                        yield from self._subscript(owner, index)
                    if maps:
                        yield from (r for key in self._values(index) for r in hashed(key))
                    fixed = isinstance(owner, Coll) and owner.fixed
                    if fixed or (kind is not None and issubclass(kind, FIXED)):
                        yield TYPE

    def _unpacked(self, parts: list[ast.expr], value: Value) -> Iterator[Perhaps]:
        items = items_of(value)
        starred = [part for part in parts if isinstance(part, ast.Starred)]
        if isinstance(items, Coll) and items.exact:
            fits = len(items.items) == len(parts)
            if starred:
                fits = len(items.items) >= len(parts) - 1
            if not fits:
                yield VALUE
            for part, item in zip(parts, items.items, strict=False):
                yield from self.target(part, UNKNOWN if starred else item)
            return
        if not (starred and len(parts) == 1):
            yield VALUE
        yield from iterated(value)
