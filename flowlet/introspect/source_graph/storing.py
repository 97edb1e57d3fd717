"""Assignments: to names, to several at once, to attributes and into collections."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from .evaluate import evaluate, items_of
from .frames import Frame
from .scope import _MOST_COMPUTED
from .values import (
    DEEPEST,
    PLAIN,
    UNKNOWN,
    Bound,
    Coll,
    Fn,
    Inst,
    Known,
    Part,
    Table,
    Value,
    Weak,
    depth_of,
)

if TYPE_CHECKING:
    from .machine import Machine


def assign(machine: Machine, frame: Frame, target: Any, value: Value, expr: Any) -> Frame:
    """The frame after `target = value`; `expr` is where the value comes from."""
    match target:
        case ast.Name(id=name):
            _note_alias(machine, frame, name, value, expr)
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
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            held = dict(frame.env).get(name)
            if not is_own(machine, frame, name):
                machine.facts.change(value)
                return frame
            if isinstance(held, Coll):
                return frame.set(name, held.adding(value))
            if isinstance(held, Table):
                keys = evaluate(index, machine.scope(frame))
                key = keys[0] if len(keys) == 1 else UNKNOWN
                kept = tuple(pair for pair in held.items if pair[0] != key)
                return frame.set(name, Table((*kept, (key, value))[-24:], False))
        case ast.Subscript():
            machine.facts.change(value)
    return frame


def is_own(machine: Machine, frame: Frame, name: str) -> bool:
    """Whether a collection is held by this variable alone."""
    program = frame.program
    spec = program.node.args
    given = {arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    return (
        name in dict(frame.env)
        and name not in given
        and name not in program.shared
        and (frame.code, name) not in machine.facts.aliased
    )


def _note_alias(machine: Machine, frame: Frame, name: str, value: Value, expr: Any) -> None:
    """Of two names for one collection, neither is its only one."""
    if isinstance(value, Coll | Table) and not (isinstance(value, Coll) and value.fixed):
        other = getattr(expr, "id", "%")
        if isinstance(expr, ast.Name | ast.Attribute | ast.Subscript) and other[0] != "%":
            new = {(frame.code, name), (frame.code, other)} - machine.facts.aliased
            machine.facts.aliased |= new
            machine.facts.changed = machine.facts.changed or bool(new)


def _counted(machine: Machine, frame: Frame, name: str, value: Value, expr: Any) -> Value:
    """The value, unless the variable has been computed to be too many already."""
    if machine.facts.level > 1:
        return _by_type(value)
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


def _by_type(value: Value) -> Value:
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
