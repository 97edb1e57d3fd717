"""Calls without parentheses: operators, properties, loops and truth, of a class of the user's.

They are not followed.  One that waits is told of as a call that nobody knows: it leads to a state
`?`, and on from there.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any, Final

from pydantic import BaseModel

from ...asked import asked
from ...source import reading_of
from .evaluate import evaluate
from .functions import is_foreign
from .meaning import NeedsCallError
from .program import Step
from .scope import Scope
from .values import Coll, Known, Table, Value, kind_of

_OPERATORS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.MatMult: "matmul", ast.LShift: "lshift",
    ast.RShift: "rshift", ast.BitOr: "or", ast.BitXor: "xor", ast.BitAnd: "and",
}  # fmt: skip
_COMPARISONS: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.Eq: ("__eq__", "__eq__"), ast.NotEq: ("__ne__", "__ne__"), ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"), ast.Gt: ("__gt__", "__lt__"), ast.GtE: ("__ge__", "__le__"),
    ast.In: ("", "__contains__"), ast.NotIn: ("", "__contains__"),
}  # fmt: skip
_UNARY: Final[dict[type[ast.AST], str]] = {
    ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__", ast.Not: "__bool__",
}  # fmt: skip


def may_wait(step: Step, scope: Scope) -> bool:
    """Whether what a step does without a call in the source is to wait somewhere."""
    if step.kind == "raise" and step.expr is not None and _raised_waits(step, scope):
        return True
    asked = [*_asked(step)]
    for node, hooks in asked:
        try:
            kinds = {kind_of(value) for value in evaluate(node, scope)}
        except NeedsCallError:
            continue
        if any(_waits(kind, hook) for kind in kinds - {None} for hook in hooks):
            return True
    return False


def _raised_waits(step: Step, scope: Scope) -> bool:
    """Whether a class that is raised waits where its error is made."""
    values = evaluate(step.expr, scope)
    kinds = [v.value for v in values if isinstance(v, Known) and isinstance(v.value, type)]
    return any(_is_wait(inspect.getattr_static(kind, "__init__", None)) for kind in kinds)


def _asked(step: Step) -> Iterator[tuple[ast.expr, tuple[str, ...]]]:
    """Each expression of which something is asked, with the methods that answer."""
    if step.kind == "if" and step.expr is not None:
        yield step.expr, ("__bool__", "__len__")
    if step.kind == "iter" and step.expr is not None:
        yield step.expr, ("__iter__", "__next__", "__getitem__")
    for whole in (step.expr, step.target):
        if not isinstance(whole, ast.expr):
            continue
        for node in ast.walk(whole):
            match node:
                case ast.BinOp(left=left, op=op, right=right):
                    name = _OPERATORS[type(op)]
                    yield left, (f"__{name}__",)
                    yield right, (f"__r{name}__",)
                case ast.UnaryOp(op=op, operand=inner):
                    yield inner, (_UNARY[type(op)],)
                case ast.BoolOp(values=parts):
                    for part in parts:
                        yield part, ("__bool__", "__len__")
                case ast.Compare(left=left, ops=ops, comparators=others):
                    for one, test, other in zip([left, *others], ops, others, strict=False):
                        first, second = _COMPARISONS.get(type(test), ("", ""))
                        yield one, (first,)
                        yield other, (second,)
                case ast.Subscript(value=value, ctx=ctx):
                    yield value, ("__getitem__" if isinstance(ctx, ast.Load) else "__setitem__",)
                case ast.Attribute(value=value, attr=attr, ctx=ctx):
                    yield value, (f"{'get' if isinstance(ctx, ast.Load) else 'set'} {attr}",)
                case ast.FormattedValue(value=value):
                    yield value, ("__str__", "__repr__", "__format__")


@functools.lru_cache(maxsize=4096)
def _waits(kind: Any, hook: str) -> bool:
    """Whether a method of a class waits; `get x` and `set x` are an attribute's."""
    if not hook:
        return False
    way, _, attr = hook.partition(" ")
    if not attr:
        return _is_wait(inspect.getattr_static(kind, hook, None))
    found = inspect.getattr_static(kind, attr, None)
    if isinstance(found, property):
        return _is_wait(found.fget if way == "get" else found.fset)
    if isinstance(found, functools.cached_property):
        return way == "get" and _is_wait(found.func)
    if found is None:
        return _is_wait(inspect.getattr_static(kind, f"__{way}attr__", None))
    return _is_wait(inspect.getattr_static(type(found), f"__{way}__", None))


def constructor_waits(kind: type) -> bool:
    """Whether to make an object of a class is to wait somewhere, but in a plain `__init__`."""
    hooks = [inspect.getattr_static(kind, name, None) for name in _MAKING]
    hooks.append(inspect.getattr_static(type(kind), "__call__", None))
    fields = asked(kind, "__dataclass_fields__", {})
    hooks += [getattr(each, "default_factory", None) for each in fields.values()]
    if issubclass(kind, BaseModel):
        hooks += [each.default_factory for each in kind.model_fields.values()]
        marks = kind.__pydantic_decorators__
        for marked in (marks.validators, marks.field_validators, marks.root_validators):
            hooks += [mark.func for mark in marked.values()]
        hooks += [mark.func for mark in marks.model_validators.values()]
    return any(map(_is_wait, hooks))


_MAKING: Final = ("__new__", "__post_init__", "model_post_init")


def hooks_wait(value: Value) -> bool:
    """Whether a library that is given a value may make it wait: by a method of its own name."""
    kind = kind_of(value)
    if isinstance(value, Coll | Table):
        items = value.items if isinstance(value, Coll) else [v for _, v in value.items]
        return any(map(hooks_wait, items))
    if kind is None or is_foreign_class(kind):
        return False
    return any(
        _is_wait(found)
        for base in kind.__mro__[:-1]
        for name, found in vars(base).items()
        if name.startswith("__") and name not in ("__init__", "__call__", *_MAKING)
    )


def is_foreign_class(kind: type) -> bool:
    """Whether a class is one of Python or of a library, with nothing of the user's in it."""
    return all(is_foreign(base) for base in kind.__mro__)


def _is_wait(fn: Any) -> bool:
    fn = (
        getattr(fn, "__func__", fn)
        if isinstance(fn, staticmethod | classmethod | MethodType)
        else fn
    )
    return isinstance(fn, FunctionType) and not is_foreign(fn) and bool(reading_of(fn).sites)
