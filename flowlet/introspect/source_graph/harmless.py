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
from .functions import is_any, is_foreign
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
#: Into these nothing can be put.
FIXED: Final = (tuple, str, bytes, range, frozenset)
COLLECTIONS: Final = (*SEQUENCES, set, frozenset, dict)
TYPE: Final = Perhaps(TypeError)
VALUE: Final = Perhaps(ValueError)


def has_key(held: Any, key: Any) -> bool:
    """Whether a real dict has a key."""
    try:
        return key in held
    except Exception:
        return False


def is_plain(value: Value) -> bool:
    """Whether it is a constant such as a number or a text."""
    return isinstance(value, Known) and isinstance(value.value, PLAIN)


def hook(value: Value, name: str) -> Iterator[Perhaps]:
    """The error of a method of Python's, if a class of the user's has one of its own."""
    kind = kind_of(value)
    found = None if kind is None else inspect.getattr_static(kind, name, None)
    if isinstance(found, FunctionType) and not is_foreign(found):
        yield PERHAPS


def true(value: Value) -> Iterator[Perhaps]:
    """The error of asking whether something is true."""
    yield from hook(value, "__bool__")
    yield from hook(value, "__len__")


def hashed(value: Value) -> Iterator[Perhaps]:
    """The error of taking something as a key."""
    kind = kind_of(value)
    is_open = isinstance(value, Table) or (isinstance(value, Coll) and not value.fixed)
    if is_open or (kind is not None and getattr(kind, "__hash__", None) is None):
        yield TYPE
    yield from hook(value, "__hash__")


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


def entered(value: Value) -> Iterator[Perhaps]:
    """The error of a `with` of what is no context manager, or of what nothing is known."""
    kind = kind_of(value)
    if value is UNKNOWN or isinstance(value, Method):
        yield PERHAPS
    elif isinstance(value, Coll | Table | Fn) or (kind and not hasattr(kind, "__enter__")):
        yield TYPE


def operated(a: Value, op: ast.operator, b: Value) -> Iterator[Perhaps]:
    """The errors of an operator between two values."""
    if isinstance(a, Known) and isinstance(b, Known):
        if isinstance(a.value, type) or isinstance(b.value, type):
            if not isinstance(op, ast.BitOr):  # `int | str` is a type
                yield PERHAPS
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
    elif issubclass(first, str | bytes) and isinstance(op, ast.Mod):
        yield TYPE
        yield VALUE
    elif any(isinstance(v, Coll) for v in (a, b)):
        # Of a display it is not told whether it is a list, a tuple or a set.
        same = isinstance(a, Coll) and isinstance(b, Coll) and a.fixed == b.fixed
        times = isinstance(op, ast.Mult) and (issubclass(first, int) or issubclass(second, int))
        if not times and not (same and isinstance(op, ast.Add)):
            yield TYPE
    elif {first, second} <= {*PLAIN, *COLLECTIONS}:
        empty = [range(0) if kind is range else kind() for kind in (first, second)]
        yield from _computed(empty[0], op, empty[1])
    else:
        yield PERHAPS


def _computed(a: Any, op: ast.operator, b: Any) -> Iterator[Perhaps]:
    if isinstance(op, ast.Pow | ast.LShift | ast.Mult) and isinstance(b, int) and abs(b) > 10_000:
        return
    try:
        _BINARY[type(op)](a, b)
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
    if isinstance(owner, Known) and isinstance(owner.value, type):
        if is_foreign(owner.value):
            yield TYPE
        return
    if isinstance(owner, Fn):
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
    elif not kind.__dictoffset__ and inspect.getattr_static(kind, attr, None) is None:
        yield Perhaps(AttributeError)  # it has slots, and none for this


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
    if is_any(called, str, repr, bool):
        names = ("__bool__", "__len__") if called is bool else ("__str__", "__repr__")
        return not any(risk for arg in args for name in names for risk in hook(arg, name))
    if is_any(called, isinstance, issubclass):
        return len(args) == 2 and not is_plain(args[1])
    own = getattr(called, "__module__", None) or ""
    return called is type or str(own).startswith("flowlet")


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
