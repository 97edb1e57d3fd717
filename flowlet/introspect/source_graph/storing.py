"""Assignments: to names, to several at once, to attributes and into collections."""

from __future__ import annotations

import ast
import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Final

from .changes import stored_at
from .frames import Frame
from .items import items_of
from .scope import _MOST_COMPUTED
from .values import (
    DEEPEST,
    PLAIN,
    UNKNOWN,
    Bound,
    Coll,
    Exits,
    Fn,
    Generator,
    Inst,
    Known,
    Method,
    Part,
    Table,
    Value,
    Weak,
    depth_of,
)

if TYPE_CHECKING:
    from .machine import Machine

#: The classes of data.
DATA: Final = (int, float, str, bytes, bool, complex, list, tuple, dict, set, frozenset)


def assign(machine: Machine, frame: Frame, target: Any, value: Value, expr: Any) -> Frame:
    """The frame after `target = value`; `expr` is where the value comes from."""
    match target:
        case ast.Name(id=name):
            return _name(machine, frame, name, _counted(machine, frame, name, value, expr))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            items = items_of(value)
            whole = isinstance(items, Coll) and items.exact and len(items.items) == len(parts)
            whole = whole and not any(isinstance(part, ast.Starred) for part in parts)
            for i, part in enumerate(parts):
                held = items.items[i] if whole and isinstance(items, Coll) else UNKNOWN
                frame = assign(machine, frame, part, held, expr)
            return frame
        case ast.Starred(value=inner):
            return assign(machine, frame, inner, Inst(list), expr)
        case ast.Attribute(attr=attr):
            machine.facts.store(("attribute", attr), value)
        case ast.Subscript():
            return stored_at(machine, frame, target, value)
    return frame


def imported(module: str, name: str | None, globals: dict[str, Any]) -> Value:
    """What an `import` gives, if the module is there already."""
    try:
        found = sys.modules[importlib.util.resolve_name(module, globals.get("__package__"))]
    except (ImportError, KeyError, TypeError, ValueError):
        return UNKNOWN
    if name is None:
        return Known(found)
    return Known(vars(found)[name]) if name in vars(found) else UNKNOWN


def _counted(machine: Machine, frame: Frame, name: str, value: Value, expr: Any) -> Value:
    """The value, unless the variable has been computed to be too many already."""
    if machine.facts.level > 1:
        return by_type(value) if machine.facts.level == 2 else blurred(value)
    if not isinstance(value, Known) or isinstance(expr, ast.Constant):
        return value if depth_of(value) <= DEEPEST else UNKNOWN
    kind = type(value.value)
    if kind not in (int, float, str, bytes, tuple):
        return value
    known = machine.facts.computed.setdefault((frame.code, name), set())
    if value not in known and len(known) >= _MOST_COMPUTED:
        return Inst(kind)
    known.add(value)
    return value


def by_type(value: Value) -> Value:
    """What is left of a value when data is not followed: what may be called, and classes."""
    if isinstance(value, Known):
        held = value.value
        if isinstance(held, PLAIN):
            return UNKNOWN if held is None else Inst(type(held))
        if isinstance(held, tuple | list | dict | set | frozenset):
            return value if any(map(callable, held)) else Inst(type(held))
    if isinstance(value, Coll):
        leads_on = any(
            isinstance(item, Fn | Part | Bound)
            or (isinstance(item, Known) and callable(item.value))
            for item in value.items
        )
        return value if leads_on else Inst(list)
    return value


def blurred(value: Value) -> Value:
    """What is left of a value when not even the classes of data are told apart."""
    value = by_type(value)
    if isinstance(value, Method) and not isinstance(value.owner, Exits | Generator):
        owner = blurred(value.owner)
        return value if owner == value.owner else Method(owner, value.attr)
    if isinstance(value, Table):
        held = (*(key for key, _ in value.items), *(item for _, item in value.items))
        return value if any(map(_leads_on, held)) else UNKNOWN
    if isinstance(value, Inst) and value.kind in DATA:
        return UNKNOWN
    return value


def _leads_on(value: Value) -> bool:
    return isinstance(value, Fn | Part | Bound) or (
        isinstance(value, Known) and callable(value.value)
    )


def _name(machine: Machine, frame: Frame, name: str, value: Value) -> Frame:
    program = frame.program
    facts = machine.facts
    if name in program.globals_written:
        facts.store(("global", id(program.globals), name), value)
        return frame
    if name in program.nonlocals:
        for known, held in frame.fn.env:
            if known == name and isinstance(held, Weak):
                facts.store(held.key, value)
        outer = frame.fn.outer
        if outer is not None and name not in dict(frame.fn.env):
            facts.store((outer.code, name), value)
        return frame
    if name in program.shared:
        facts.store((program.code, name), value)
        if name in program.written:
            return frame
    return frame.set(name, value)
