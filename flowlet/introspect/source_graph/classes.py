"""Calls of classes, and of what Python computes from constants."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import MISSING
from enum import Enum
from types import FunctionType, SimpleNamespace, UnionType
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

from ...asked import asked
from ...blocks import until
from ...events import Delay, timeout_of
from ...handlers import on
from .binding import MORE
from .functions import is_any, is_foreign
from .implicit import constructor_waits, hooks_wait
from .items import items_of
from .values import (
    NONE,
    PLAIN,
    UNKNOWN,
    Args,
    Block,
    Closing,
    Coll,
    Inst,
    Known,
    Named,
    Part,
    Some,
    Value,
    few,
    truth,
)

if TYPE_CHECKING:
    from .scope import Facts

#: What only keeps what it is given.
_KEEPS: Final = (functools.partial, contextlib.closing, until, on, type)
_FIXED: Final = (tuple, frozenset)

#: What some of Python's own functions return.
TYPED: Final[dict[Any, type]] = {
    len: int, int: int, float: float, str: str, bool: bool, bytes: bytes, repr: str, format: str,
    sum: int, hash: int, ord: int, chr: str, any: bool, all: bool, callable: bool, id: int,
    complex: complex, divmod: tuple,
}  # fmt: skip


def made(kind: Any, given: Args, calls_back: bool) -> list[Value] | None:
    """What a class makes; `None` where its `__init__` has to be gone through."""
    args, words, whole = given
    named = dict(words)
    if is_foreign(kind) and kind not in _KEEPS and any(map(hooks_wait, args)):
        return None
    if kind is Delay:
        return [_delay(args, named)]
    if kind is functools.partial and args:
        return [Part(args[0], args[1:], words)]
    if kind is until:
        after = time_label(named.get("after"))
        vague = MORE in named or not are_types(args)
        return [Block("until", kinds=types_in(args), after=after, vague=vague)]
    if kind is on:
        handler = args[1] if len(args) > 1 else named.get("handler", UNKNOWN)
        vague = MORE in named or not are_types(args[:1])
        return [Block("on", kinds=types_in(args[:1]), handler=handler, vague=vague)]
    if kind is type and len(args) == 1:
        value = args[0]
        exact = isinstance(value, Known) or (isinstance(value, Inst) and value.exact)
        return [Known(_kind(value))] if exact else [UNKNOWN]
    if kind in (list, tuple, set, frozenset, deque):
        if not args:
            return [Coll((), fixed=kind in _FIXED)]
        items = items_of(args[0])
        unordered = kind in (set, frozenset)
        if isinstance(items, Coll):
            return [Coll(items.items, items.exact and not unordered, kind in _FIXED)]
        return [Inst(kind)]
    if kind in (enumerate, zip, reversed):
        return [_paired(kind, args)]
    if kind is dict:
        return [Inst(dict)]
    if kind is contextlib.closing and len(args) == 1:
        return [Closing(args[0])]
    if kind is super:
        return [UNKNOWN]
    if kind in (int, float, str, bool, bytes, range, complex):
        return folded(kind, given)
    if issubclass(kind, Enum):
        return _member(kind, args)
    if constructor_waits(kind):
        return None
    if issubclass(kind, BaseModel) and whole:
        values = [*args, *named.values()]
        if all(isinstance(v, Known) and isinstance(v.value, (*PLAIN, Enum)) for v in values):
            try:
                made = kind(
                    *(v.value for v in args if isinstance(v, Known)),
                    **{name: v.value for name, v in words if isinstance(v, Known)},
                )
                hash(made)
            except Exception:
                return [Inst(kind, exact=True)]
            return [_Made.of(made)]
        return [Inst(kind, exact=True)]
    init = getattr(kind, "__init__", None)
    if isinstance(init, FunctionType) and not is_foreign(init):
        return None
    if issubclass(kind, BaseModel | BaseException):
        return [Inst(kind, exact=True)]
    if calls_back and is_foreign(kind):
        return None
    return [Inst(kind, exact=True)]


class _Made(Known):
    """An event made of constants: one of the same fields is the same."""

    __slots__ = ()

    @classmethod
    def of(cls, made: Any) -> Known:
        value = Known(made)
        value.key = (type(made), repr(made))
        return value


def _kind(value: Value) -> Any:
    return type(value.value) if isinstance(value, Known) else getattr(value, "kind", None)


def _delay(args: tuple[Value, ...], named: dict[str, Value]) -> Value:
    given = [*args, *(named[n] for n in ("name", "seconds") if n in named)]
    if len(given) == 2 and all(isinstance(v, Known) for v in given):
        try:
            return Known(Delay(*(v.value for v in given if isinstance(v, Known))))
        except (TypeError, ValueError):
            return Named("delay")
    name = given[0].value if given and isinstance(given[0], Known) else None
    return Named("delay", name if isinstance(name, str) else None)


def _paired(kind: Any, args: tuple[Value, ...]) -> Value:
    colls = [items_of(arg) for arg in args]
    if not all(isinstance(c, Coll) for c in colls) or not colls:
        return Coll((UNKNOWN,), False)
    exact = all(c.exact for c in colls if isinstance(c, Coll))
    lists = [c.items for c in colls if isinstance(c, Coll)]
    if kind is reversed:
        return Coll(lists[0][::-1], exact)
    if kind is enumerate:
        first = lists[0]
        if exact:
            return Coll(tuple(Coll((Known(i), v)) for i, v in enumerate(first)))
        return Coll(tuple(Coll((Inst(int), v)) for v in first), False)
    if exact:
        return Coll(tuple(Coll(pair) for pair in zip(*lists, strict=False)))
    return Coll(tuple(Coll(pair) for pair in itertools.product(*lists))[:24], False)


def note_fields(kind: type, given: Args, facts: Facts) -> None:
    """Note what the fields of an object are, where they are just what it is made of."""
    args, words, whole = given
    fields = asked(kind, "__dataclass_fields__", {})
    init = vars(kind).get("__init__")
    if kind is SimpleNamespace:
        names = [name for name, _ in words]
    elif fields and init is not None and is_foreign(init):
        names = [name for name, each in fields.items() if each.init and not each.kw_only]
    else:
        names = list(asked(kind, "_fields", ()))
        fields = asked(kind, "_field_defaults", {})
    given_by = {**dict(zip(names, args, strict=False)), **dict(words)}
    for name in dict.fromkeys([*names, *fields]):
        default = getattr(fields.get(name), "default", fields.get(name, MISSING))
        other = Known(default) if default is not MISSING else UNKNOWN
        facts.store(("attribute", name), given_by.get(name, other) if whole else UNKNOWN)


def _member(kind: Any, args: tuple[Value, ...]) -> list[Value]:
    if args and isinstance(args[0], Known):
        try:
            return [Known(kind(args[0].value))]
        except ValueError:
            return [Inst(kind)]
    return few(map(Known, kind))


def folded(called: Any, given: Args) -> list[Value]:
    """What Python computes from constants, or the class of it."""
    args, words, whole = given
    plain = all(isinstance(v, Known) and isinstance(v.value, (*PLAIN, tuple, range)) for v in args)
    if plain and whole and not words and args:
        try:
            value = called(*(v.value for v in args if isinstance(v, Known)))
        except Exception:
            return [UNKNOWN]
        if isinstance(value, (*PLAIN, range)):
            return [Known(value)]
    if called is len and args and isinstance(args[0], Coll) and args[0].exact:
        return [Known(len(args[0].items))]
    if is_any(called, any, all) and args and isinstance(args[0], Coll) and args[0].exact:
        answers = {truth(v) for v in args[0].items}
        if None not in answers:
            return [Known(called(answers))]
    if is_any(called, min, max) and args and isinstance(args[0], Coll):
        return few(args[0].items) if not words else [UNKNOWN]
    if called is bool and args:
        known = truth(args[0])
        return [Inst(bool)] if known is None else [Known(known)]
    kind = TYPED.get(called)
    return [Inst(kind)] if kind is not None else [UNKNOWN]


def spread(args: Iterable[Value]) -> list[Value]:
    """Some arguments, with all that may be among them."""
    return [v for arg in args for v in (arg.items if isinstance(arg, Some) else (arg,))]


def types_in(args: tuple[Value, ...]) -> tuple[type, ...]:
    """The classes among some arguments; a tuple of classes counts by its items."""
    found: list[type] = []
    for arg in spread(args):
        if isinstance(arg, Known) and isinstance(arg.value, type):
            found.append(arg.value)
        elif isinstance(arg, Known) and isinstance(arg.value, UnionType):
            found += [kind for kind in get_args(arg.value) if isinstance(kind, type)]
        else:
            items = items_of(arg)
            if isinstance(items, Coll):
                found += [
                    i.value for i in items.items
                    if isinstance(i, Known) and isinstance(i.value, type)
                ]  # fmt: skip
    return tuple(dict.fromkeys(found))


def are_types(args: tuple[Value, ...]) -> bool:
    """Whether all of some arguments are known to be classes."""
    for arg in spread(args):
        items = items_of(arg)
        parts = items.items if isinstance(items, Coll) and items.exact else (arg,)
        if not all(isinstance(p, Known) and isinstance(p.value, type | UnionType) for p in parts):
            return False
    return True


def is_time(after: Value | None) -> bool:
    """Whether it is known what the edge of a time is called."""
    if isinstance(after, Known):
        return after.value is None or time_label(after) != "after ?"
    return after is None or (isinstance(after, Named) and bool(after.name))


def time_label(after: Value | None, text: str = "") -> str | None:
    """What the edge of a time is called; `None` where there is no time."""
    if after is None or after == NONE:
        return None
    if isinstance(after, Known):
        try:
            return timeout_of(after.value).label
        except (TypeError, ValueError, AttributeError):
            return "after ?"
    if isinstance(after, Named) and after.name:
        return after.name
    return f"after {text or '?'}"
