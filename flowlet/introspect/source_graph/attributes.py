"""What `value.attr` is: of real objects, of objects of a known class, of the values of a reader."""

from __future__ import annotations

import functools
import inspect
from enum import Enum
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

from pydantic import BaseModel

from ...actor import ActorRef
from ...asked import asked
from ...events import Delay
from ...named_ref import NamedRef
from .functions import is_foreign
from .meaning import Names
from .values import (
    NONE,
    PLAIN,
    UNKNOWN,
    Above,
    Block,
    Bound,
    History,
    Inst,
    Known,
    Method,
    Named,
    Part,
    Value,
    few,
    kind_of,
    of_type,
)


def attribute(value: Value, attr: str, names: Names) -> list[Value]:
    """The values of `value.attr`; none where it is an error."""
    match value:
        case Known(value=None):
            return []
        case Known(value=held):
            return _of_object(held, attr, names)
        case Inst(kind=kind):
            return _of_instance(kind, value, attr, names)
        case Named(kind="actor" | "me"):
            if attr == "name":
                return [Known(value.name) if value.name else Inst(str)]
            return _of_instance(ActorRef, value, attr, names)
        case Named(name=name):
            return [Known(name) if attr == "name" and name else Inst(float)]
        case Block(kind="until", event=event) if attr == "event":
            return [event] if event is not UNKNOWN else [NONE, UNKNOWN]
        case History(key=key, first=first) if attr == "last":
            return [NONE] if first else names.remembered(key)
        case Above(kind=below, owner=owner):
            return [_above(below, owner, attr)]
    return [Method(value, attr)]


def _above(below: type, owner: Value, attr: str) -> Value:
    """A method that is found behind a class in the order of an object's classes."""
    kind = kind_of(owner) or below
    order = kind.__mro__[kind.__mro__.index(below) + 1 :] if below in kind.__mro__ else ()
    for above in order:
        if attr in vars(above):
            method = _method(vars(above)[attr], owner, kind)
            return Method(owner, attr) if method is None else method
    return Method(owner, attr)


def _of_object(held: Any, attr: str, names: Names) -> list[Value]:
    if isinstance(held, ModuleType | type | Enum):
        found = asked(held, attr, UNKNOWN)
        if isinstance(held, ModuleType) or found is UNKNOWN:
            return [UNKNOWN] if found is UNKNOWN else [Known(found)]
        return few([Known(found), *names.attributes(attr)])
    if isinstance(held, (*PLAIN, tuple, list, dict, set, frozenset, range)):
        return [Method(Known(held), attr)]
    if isinstance(held, Delay):
        return [Known(getattr(held, attr, None))]
    if isinstance(held, ActorRef | NamedRef):
        return _of_instance(ActorRef, Known(held), attr, names)
    if isinstance(held, FunctionType | MethodType):
        found = asked(held, attr, UNKNOWN)
        return [UNKNOWN] if found is UNKNOWN else [Known(found)]
    found = inspect.getattr_static(held, attr, UNKNOWN)
    method = _method(found, Known(held), type(held))
    if method is not None:
        return [method]
    if isinstance(found, property):
        return _of_property(found)
    if isinstance(held, BaseModel) and type(held).model_config.get("frozen"):
        found = asked(held, attr, UNKNOWN)
        return [UNKNOWN] if found is UNKNOWN else [Known(found)]
    stored = list(names.attributes(attr))
    if found is UNKNOWN:
        return few(stored or [UNKNOWN])
    if isinstance(found, (*PLAIN, tuple)) and attr not in getattr(held, "__dict__", {}):
        return few([Known(found), *stored])
    if isinstance(found, PLAIN) and not isinstance(found, bool | None):
        return [Inst(type(found))] if not stored else few([Inst(type(found)), *stored])
    if isinstance(found, bool):
        return [Inst(bool)]
    if type(found) in (list, dict, set):
        return [Inst(type(found))]
    if type(found).__name__ == "member_descriptor":
        return [Known(getattr(held, attr))] if hasattr(held, attr) else [UNKNOWN]
    return few([Known(found), *stored])


def _method(found: Any, owner: Value, kind: type) -> Value | None:
    if isinstance(found, FunctionType):
        return Bound(Known(found), owner)
    if isinstance(found, staticmethod):
        return Known(found.__func__)
    if isinstance(found, classmethod):
        return Bound(Known(found.__func__), Known(kind))
    if isinstance(found, functools.partialmethod):
        words = tuple((name, Known(value)) for name, value in found.keywords.items())
        return Part(Known(found.func), (owner, *map(Known, found.args)), words)
    if callable(found) and asked(found, "__objclass__") is not None:
        return Method(owner, found.__name__)
    return None


def _of_instance(kind: type, owner: Value, attr: str, names: Names) -> list[Value]:
    if has_field(kind, attr):
        made = list(names.attributes(attr)) if _is_exact(owner) else []
        annotation = _annotation_of(kind, attr)
        return few(made or of_type(Any if annotation is None else annotation))
    fields = asked(kind, "model_fields", {})
    if attr in fields:
        return of_type(fields[attr].annotation)
    if issubclass(kind, Enum) and attr in ("value", "name"):
        return few(Known(getattr(member, attr)) for member in kind)
    found = inspect.getattr_static(kind, attr, UNKNOWN)
    method = _method(found, owner, kind)
    if method is not None:
        return [method]
    if isinstance(found, property):
        return _of_property(found)
    stored = list(names.attributes(attr))
    if found is not UNKNOWN and (callable(found) or issubclass(kind, Enum)):
        return few([Known(found), *stored])
    if isinstance(found, (*PLAIN, tuple)):
        kinds: list[type] = [] if _is_exact(owner) else type.__subclasses__(kind)
        below = [Known(vars(each).get(attr, found)) for each in kinds]
        return few([Known(found), *below, *stored])
    annotation = _annotation_of(kind, attr)
    if stored:
        own = kind is SimpleNamespace or not is_foreign(kind)
        whole = found is UNKNOWN and _is_exact(owner) and own
        if whole or (found is UNKNOWN and annotation is not None):
            return few([*stored, *([] if whole else of_type(annotation))])
        return few([*stored, UNKNOWN])
    return of_type(annotation) if annotation is not None else [Method(owner, attr)]


def has_field(kind: type, attr: str) -> bool:
    """Whether an attribute is a field of a dataclass, or of a named tuple."""
    fields: Any = asked(kind, "__dataclass_fields__") or asked(kind, "_fields", ())
    return attr in fields


def _is_exact(owner: Value) -> bool:
    return isinstance(owner, Known) or (isinstance(owner, Inst) and owner.exact)


def _annotation_of(kind: type, attr: str) -> Any:
    for base in kind.__mro__:
        try:
            noted = inspect.get_annotations(base, eval_str=True)
        except Exception:
            continue
        if attr in noted:
            return noted[attr]
    return None


def _of_property(found: property) -> list[Value]:
    if found.fget is None:  # a property that can only be set
        return [UNKNOWN]
    try:
        noted = inspect.get_annotations(found.fget, eval_str=True)
    except Exception:
        return [UNKNOWN]
    return of_type(noted["return"]) if "return" in noted else [UNKNOWN]
