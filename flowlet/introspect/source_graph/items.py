"""What is in a collection, as far as it is known: all of it, an item, or a part."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any

from .values import NONE, UNKNOWN, Coll, Inst, Known, Table, Value, few, kind_of


def items_of(value: Value) -> Value:
    """What a loop over a value meets: a collection, or unknown."""
    if isinstance(value, Coll):
        return value
    if isinstance(value, Table):
        return Coll(tuple(key for key, _ in value.items), value.exact)
    if isinstance(value, Known):
        held = value.value
        if isinstance(held, tuple | list | range | str | frozenset | set | dict | deque):
            exact = isinstance(held, tuple | range | str)
            if len(held) <= 24:
                return Coll(tuple(map(Known, held)), exact)
        if isinstance(held, type) and issubclass(held, Enum):
            return Coll(tuple(map(Known, held)))
        if isinstance(held, range):
            return Coll((Inst(int),), False)
    return UNKNOWN


def _sliced(value: Value, cut: Value) -> Value:
    where = cut.value if isinstance(cut, Known) else None
    if isinstance(value, Known) and isinstance(value.value, str | bytes):
        return Inst(type(value.value)) if where is None else Known(value.value[where])
    items = items_of(value)
    if not isinstance(items, Coll):
        return value if isinstance(value, Inst) and value.kind in (str, bytes, list) else UNKNOWN
    if where is None or not items.exact:
        return Coll(items.items, False)
    part: tuple[Value, ...] = items.items[slice(where.start, where.stop, where.step)]
    return Coll(part)


def subscript(value: Value, index: Value) -> list[Value]:
    """The values of `value[index]`; none where it is an error."""
    if value == NONE:
        return []
    if kind_of(index) is slice:
        return [_sliced(value, index)]
    if isinstance(value, Known) and isinstance(value.value, dict):
        held = value.value
        if isinstance(index, Known) and _hashable(index.value) and index.value in held:
            return [Known(held[index.value])]
        return few(map(Known, held.values())) if held else [UNKNOWN]
    if isinstance(value, Known) and isinstance(value.value, type):
        return [value]  # a generic class
    if isinstance(value, Table):
        if not isinstance(index, Known):
            return few(held for _, held in value.items) if value.items else [UNKNOWN]
        found = [held for key, held in value.items if key == index][-1:]
        perhaps = [held for key, held in value.items if not isinstance(key, Known)]
        return few([*found, *perhaps])
    items = items_of(value)
    if not isinstance(items, Coll):
        return [UNKNOWN]
    if isinstance(index, Known) and type(index.value) is int and items.exact:
        place = index.value
        if -len(items.items) <= place < len(items.items):
            return [items.items[place]]
        return [UNKNOWN]
    return few(items.items) if items.items else [UNKNOWN]


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
