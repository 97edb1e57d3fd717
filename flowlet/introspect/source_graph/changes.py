"""Collections that change: who else may see what is put into one.

A variable that alone holds a collection has it changed in its own frame.  Of every other one only
this is noted: what was ever put into some list, set or dict of that sort.  Whoever reads such a
collection may find it there.
"""

from __future__ import annotations

import ast
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from .evaluate import evaluate
from .items import items_of
from .values import NONE, UNKNOWN, Args, Coll, Inst, Known, Method, Table, Value

if TYPE_CHECKING:
    from .frames import Frame, Stack
    from .machine import Machine
    from .scope import Facts

#: The key of what was put into collections of one sort.
CHANGED: Final = "changed"

_OF_SETS: Final = frozenset({"add", "discard", "update"})
_OF_DICTS: Final = frozenset({"popitem", "setdefault"})
_OF_LISTS: Final = frozenset(
    {"append", "appendleft", "extend", "insert", "remove", "reverse", "sort"}
)
CHANGES: Final = (
    _OF_SETS | _OF_DICTS | _OF_LISTS | {"clear", "pop", "__setitem__", "__delitem__", "popleft"}
)
_ADDS_ITS_LAST: Final = frozenset(
    {"append", "appendleft", "add", "insert", "setdefault", "__setitem__"}
)

#: The key of an attribute of which the name is not known.
ANY_ATTRIBUTE: Final = "*"

_SORTS: Final = {dict: "dict", list: "list", set: "set", deque: "list"}


def _sort_of(owner: Value) -> Any:
    """What sort of collection it is: one made on the way, a real one, any of a class."""
    match owner:
        case Table(origin=origin) | Coll(origin=origin) if origin:
            return origin
        case Table():
            return "made dict"
        case Coll():
            return "made list"
        case Known(value=held) if type(held) in _SORTS:
            return id(held)
        case Inst(kind=kind):
            return next((sort for known, sort in _SORTS.items() if issubclass(kind, known)), "any")
    return "any"


def _seen_by(value: Table | Coll | Known) -> tuple[Any, ...]:
    match value:
        case Table(origin=origin) | Coll(origin=origin) if origin:
            own: tuple[Any, ...] = (origin,)
        case Table() | Coll():
            own = ("made dict" if isinstance(value, Table) else "made list",)
        case _:
            own = (id(value.value),)
    dicts = isinstance(value, Table) or (isinstance(value, Known) and isinstance(value.value, dict))
    return (*own, "any", *(("dict",) if dicts else ("list", "set")))


def change(facts: Facts, owner: Value, *items: Value, attr: str = "") -> None:
    """Note what was put into some collection of which nobody knows who else has it."""
    sort = _sort_of(owner)
    if sort == "any":
        sort = "dict" if attr in _OF_DICTS else "list" if attr in _OF_LISTS else sort
    key = (CHANGED, sort)
    if key not in facts.stored:
        facts.stored[key] = {}
        facts.changed = True
    for item in items:
        facts.store(key, item)


def as_changed(facts: Facts, value: Value) -> Value:
    """A collection that whoever has it may have changed."""
    if isinstance(value, Known):
        may_change = type(value.value) in _SORTS
    else:
        may_change = isinstance(value, Table) or (isinstance(value, Coll) and not value.fixed)
    if not may_change or not isinstance(value, Table | Coll | Known):
        return value
    stored = [facts.stored[(CHANGED, s)] for s in _seen_by(value) if (CHANGED, s) in facts.stored]
    if not stored:
        return value
    added = [item for each in stored for item in each]
    if isinstance(value, Known):
        held = value.value
        if isinstance(held, dict):
            pairs = tuple((Known(key), Known(item)) for key, item in held.items())
            value = Table(pairs if len(pairs) <= 64 else ((UNKNOWN, UNKNOWN),), False, id(held))
        else:
            items = items_of(value)
            if not isinstance(items, Coll):
                return value
            value = replace(items, fixed=False, origin=id(held))
    if isinstance(value, Table):
        more = tuple((UNKNOWN, item) for item in added if (UNKNOWN, item) not in value.items)
        return Table((*value.items, *more), False, value.origin)
    assert isinstance(value, Coll)
    return value.adding(*added)


# --- what calls change ----------------------------------------------------------------------


def changes(function: Value, given: Args) -> bool:
    """Whether a call changes a collection or an object that is not its own."""
    if isinstance(function, Method) and function.attr in CHANGES:
        return True
    handed = (*given[0], *(value for _, value in given[1]))
    return function in _SETTERS or any(
        isinstance(value, Method) and value.attr in CHANGES for value in handed
    )


_SETTERS: Final = (Known(setattr), Known(delattr), Known(vars))


def mutated(machine: Machine, stack: Stack, function: Value, given: Args) -> Stack:
    """The stack after a call that changes something: `items.append(x)`, `setattr(object, n, x)`."""
    facts = machine.facts
    args = given[0]
    if function in _SETTERS:
        name = args[1] if len(args) > 1 else UNKNOWN
        known = isinstance(name, Known) and isinstance(name.value, str)
        value = args[2] if len(args) > 2 and known else UNKNOWN
        facts.store(("attribute", name.value if known else ANY_ATTRIBUTE), value)  # type: ignore[attr-defined]  # it is known
        return stack
    for handed in (*args, *(value for _, value in given[1])):
        if isinstance(handed, Method) and handed.attr in CHANGES:
            change(facts, handed.owner, UNKNOWN, attr=handed.attr)
    if isinstance(function, Known) and _may_change(function.value):
        for handed in args:
            if isinstance(handed, Table) or (isinstance(handed, Coll) and not handed.fixed):
                change(facts, handed, *(other for other in args if other is not handed))
        return stack
    if not isinstance(function, Method) or function.attr not in CHANGES:
        return stack
    return _changed_by_method(machine, stack, function, given)


def _may_change(called: Any) -> bool:
    """Whether a library's function may put things into a collection that it is given."""
    module = getattr(called, "__module__", None)
    kinds = ("_heapq", "heapq", "_bisect", "bisect", "_operator", "operator", "random")
    return not isinstance(called, type) and module in kinds


def _changed_by_method(machine: Machine, stack: Stack, method: Method, given: Args) -> Stack:
    frame = stack[-1]
    owner, attr = method.owner, method.attr
    args, words, whole = given
    added: tuple[Value, ...] = ()
    if attr == "setdefault" and len(args) == 1:
        added = (NONE,)
    elif attr in _ADDS_ITS_LAST:
        added = args[-1:]
    elif attr in ("extend", "update"):
        more = args[0] if args else Coll(())
        held = more.items if isinstance(more, Table) else ()
        if isinstance(more, Known) and isinstance(more.value, dict):
            held = tuple((Known(key), Known(value)) for key, value in more.value.items())
        items = items_of(more)
        added = tuple(value for _, value in held) or (
            items.items if isinstance(items, Coll) else (UNKNOWN,)
        )
        added = (*added, *(value for _, value in words), *(() if whole else (UNKNOWN,)))
    func = frame.step.expr.func
    name = func.value.id if isinstance(getattr(func, "value", None), ast.Name) else "%"
    if not is_own(frame, name):
        if not isinstance(owner, Inst) or issubclass(owner.kind, dict | list | set):
            change(machine.facts, owner, *added, attr=attr)
        return stack
    if isinstance(owner, Coll):
        return (*stack[:-1], frame.set(name, owner.adding(*added)))
    if isinstance(owner, Table):
        if attr == "__setitem__" and len(args) == 2:
            return (*stack[:-1], frame.set(name, owner.holding(args[0], args[1])))
        return (*stack[:-1], frame.set(name, owner.adding(*added)))
    return stack


def is_own(frame: Frame, name: str) -> bool:
    """Whether a collection is held by this variable alone."""
    return name in frame.program.alone and any(known == name for known, _ in frame.env)


def stored_at(machine: Machine, frame: Frame, target: ast.Subscript, value: Value | None) -> Frame:
    """The frame after `target = value`, or after `del target`."""
    scope = machine.scope(frame)
    base = target.value
    name = base.id if isinstance(base, ast.Name) else "%"
    if isinstance(base, ast.Attribute) and base.attr == "__dict__":
        machine.facts.store(("attribute", ANY_ATTRIBUTE), UNKNOWN)
    added: tuple[Value, ...] = () if value is None else (value,)
    if isinstance(target.slice, ast.Slice) and value is not None:
        items = items_of(value)
        added = items.items if isinstance(items, Coll) else (UNKNOWN,)
    if not is_own(frame, name):
        for owner in evaluate(base, scope):
            change(machine.facts, owner, *added)
        return frame
    held = dict(frame.env)[name]
    if isinstance(held, Coll):
        return frame.set(name, held.adding(*added))
    if isinstance(held, Table):
        keys = evaluate(target.slice, scope)
        key = keys[0] if len(keys) == 1 else UNKNOWN
        if value is None:
            kept = tuple(pair for pair in held.items if pair[0] != key or key is UNKNOWN)
            return frame.set(name, Table(kept, held.exact and kept != held.items, held.origin))
        return frame.set(name, held.holding(key, value))
    return frame


def extended(machine: Machine, frame: Frame, name: str, more: ast.expr) -> None:
    """`name += more` changes the very collection that other names may be of as well."""
    scope = machine.scope(frame)
    if is_own(frame, name):
        return
    for before in scope.look_up(name):
        changing = isinstance(before, Table) or (isinstance(before, Coll) and not before.fixed)
        if isinstance(before, Known):
            changing = type(before.value) in _SORTS
        for by in evaluate(more, scope) if changing else ():
            items = items_of(by)
            held = [value for _, value in by.items] if isinstance(by, Table) else []
            added = held or (items.items if isinstance(items, Coll) else (UNKNOWN,))
            change(machine.facts, before, *added)
