"""What Python itself raises: of an operator, a loop, a call, for what is known of the values."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import FunctionType, NoneType
from typing import Any, Final

from pydantic import BaseModel

from ...events import Delay, timeout_of
from .evaluate import _BINARY
from .functions import is_foreign
from .items import items_of
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
    kind_of,
)
from .values import Iterator as Over

NUMBERS: Final = (int, float, bool, complex)
SEQUENCES: Final = (list, tuple, str, bytes, bytearray, range)
COLLECTIONS: Final = (*SEQUENCES, set, frozenset, dict)
TYPE: Final = Perhaps(TypeError)
VALUE: Final = Perhaps(ValueError)


def has_key(held: Any, key: Any) -> bool:
    """Whether a real dict has a key."""
    try:
        return key in held
    except Exception:
        return False


def hook(value: Value, name: str) -> Iterator[Perhaps]:
    """The error of a method of Python's, if a class of the user's has one of its own."""
    kind = kind_of(value)
    found = None if kind is None else inspect.getattr_static(kind, name, None)
    if isinstance(found, FunctionType) and not is_foreign(found):
        yield PERHAPS


def iterated(value: Value) -> Iterator[Perhaps]:
    """The error of going over something."""
    kind = kind_of(value)
    if isinstance(value, Coll | Table | Generator | Over) or items_of(value) is not UNKNOWN:
        return
    if kind is None or not (kind is object or issubclass(kind, PLAIN)):
        made = kind is not None and (issubclass(kind, COLLECTIONS) or is_foreign(kind))
        if not made or not hasattr(kind, "__iter__"):
            yield PERHAPS if kind is None or hasattr(kind, "__iter__") else TYPE
    elif not issubclass(kind, str | bytes):
        yield TYPE


def operated(a: Value, op: ast.operator, b: Value) -> Iterator[Perhaps]:
    """The errors of an operator between two values."""
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
    elif issubclass(first, NUMBERS) and issubclass(second, NUMBERS):
        yield from _counted(op, b)
    elif issubclass(first, str) and isinstance(op, ast.Mod):
        yield TYPE
        yield VALUE
    elif (first is second and issubclass(first, COLLECTIONS) and not isinstance(op, ast.Mod)) or (
        isinstance(op, ast.Mult) and issubclass(first, SEQUENCES) and issubclass(second, int)
    ):
        return
    elif issubclass(first, (*PLAIN, *COLLECTIONS)) and issubclass(second, (*PLAIN, *COLLECTIONS)):
        if not isinstance(op, ast.Add | ast.BitOr | ast.Sub | ast.BitAnd) or kinds[0] in PLAIN:
            yield TYPE
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
        yield VALUE


def signed(value: Value) -> Iterator[Perhaps]:
    """The errors of a sign in front of a value."""
    kind = kind_of(value)
    if kind is None or not issubclass(kind, NUMBERS):
        yield TYPE if kind is not None and issubclass(kind, (*PLAIN, *COLLECTIONS)) else PERHAPS


def tested(a: Value, op: ast.cmpop, b: Value) -> Iterator[Perhaps]:
    """The errors of a comparison."""
    for value in (a, b):
        for name in ("__eq__", "__contains__", "__lt__", "__gt__", "__le__", "__ge__"):
            yield from hook(value, name)
    if isinstance(op, ast.Eq | ast.NotEq):
        return
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(b, Known) and isinstance(b.value, str):
            text = kind_of(a)
            if text is None or not issubclass(text, str):
                yield TYPE
            return
        yield from iterated(b)
        return
    kinds = [list if isinstance(v, Coll) else kind_of(v) for v in (a, b)]
    first, second = kinds
    if first is None or second is None:
        yield PERHAPS
    elif issubclass(first, int | float) and issubclass(second, int | float):
        return
    elif first is not second or not issubclass(first, str | bytes | set | frozenset):
        yield TYPE


def shown(value: Value, spec: Any) -> Iterator[Perhaps]:
    """The errors of a value in an f-string."""
    yield from hook(value, "__str__")
    yield from hook(value, "__format__")
    text = spec.values[0].value if spec and isinstance(spec.values[0], ast.Constant) else None
    if spec is None:
        return
    kind = kind_of(value)
    made: Any = kind if kind in PLAIN and kind is not NoneType else lambda: None
    sample = value.value if isinstance(value, Known) else made()
    try:
        if sample is None or text is None:
            raise ValueError
        format(sample, str(text))
    except Exception:
        yield VALUE
        yield TYPE


def set_on(owner: Value, attr: str) -> Iterator[Perhaps]:
    """The error of setting an attribute."""
    kind = kind_of(owner)
    if isinstance(owner, Fn) or (isinstance(owner, Known) and isinstance(owner.value, type)):
        return
    if kind is None:
        yield PERHAPS if owner is UNKNOWN or isinstance(owner, Method) else Perhaps(AttributeError)
    elif issubclass(kind, (*PLAIN, *COLLECTIONS)):
        yield Perhaps(AttributeError)
    elif (
        issubclass(kind, BaseModel)
        or isinstance(inspect.getattr_static(kind, attr, None), property)
        or isinstance(inspect.getattr_static(kind, "__setattr__", None), FunctionType)
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
        sized = kind is not None and issubclass(kind, COLLECTIONS)
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
    return [VALUE] if isinstance(after, Inst) else [VALUE, TYPE]
