"""Events as people write them: `Coin(5)`, `Coin`, `{"event": "Coin", "fields": {"value": 5}}`.

Nothing is evaluated.  A text is parsed as a Python expression, and of what it may hold only this is
read: literals, lists, tuples, sets and dicts of them, members of an Enum, and calls of a model, a
dataclass or an event; and values of Python's own as it shows them itself, such as `Decimal('1.5')`.
The names are those of the module that the target is in, of the types that the actor takes, and of
the types of their fields; so a file of events cannot call anything else.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ValidationError

from flowlet import Event
from flowlet.introspect.telling_steps import told
from flowlet.names import unwrapped
from flowlet.tools.as_code import Imports, code_of
from flowlet.tools.targets import TargetError

_LITERALS = (int, float, complex, str, bytes, bool, type(None))
#: What is no literal, as Python shows it, and by what it is made.
_PLAIN: Final[dict[str, Callable[..., Any]]] = {
    "float": float, "set": set, "frozenset": frozenset, "bytearray": bytearray,
    "Decimal": Decimal, "Fraction": Fraction, "UUID": UUID,
    "Path": Path, "PosixPath": Path, "WindowsPath": Path,
    **{f"datetime.{kind.__name__}": kind for kind in (date, datetime, time, timedelta)},
}  # fmt: skip
_NUMBERS: Final = {"inf": math.inf, "nan": math.nan}


class Vocabulary:
    """The classes that may stand in a text, by name."""

    def __init__(self, module: ModuleType, more: Iterable[type] = ()) -> None:
        self.classes: dict[str, type] = {
            name: value for name, value in vars(module).items() if _can_be_made(value)
        }
        self.add(more)

    def add(self, kinds: Iterable[type]) -> None:
        """More classes, such as those that a wait takes; a name that is there keeps its meaning."""
        todo = list(kinds)
        for kind in todo:
            self.classes.setdefault(kind.__name__, kind)
        todo = list(self.classes.values())
        for kind in todo:  # and those of which their fields are
            found = [one for one in _classes_in(kind) if one.__name__ not in self.classes]
            self.classes |= {one.__name__: one for one in found}
            todo += found

    @property
    def events(self) -> dict[str, type]:
        """Of the classes, the events."""
        return {
            name: kind
            for name, kind in self.classes.items()
            if issubclass(kind, Event)
            and not name.startswith("_")
            and kind.__module__.partition(".")[0] != "flowlet"
        }

    # --- text -----------------------------------------------------------------------------

    def event(self, text: str) -> Any:
        """The event that a text says.  Raises `TargetError`, which says what can be said."""
        return self._value(self._parsed(text), text)

    def events_of(self, text: str) -> list[Any]:
        """The events of a text that lists them: `Coin(5), Push`, with or without brackets."""
        tree = self._parsed(text)
        parts = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
        return [self._value(part, text) for part in parts]

    def value(self, text: str) -> Any:
        """A value as a literal or a made object; a text that is neither is taken as it stands."""
        try:
            return self._value(ast.parse(text.strip(), mode="eval").body, text)
        except (SyntaxError, ValueError, TargetError):
            return text

    def _parsed(self, text: str) -> ast.expr:
        try:
            return ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            why = error.msg if isinstance(error, SyntaxError) else str(error)
            raise TargetError(f"cannot read {text!r} as an event ({why}). {self._how()}") from None

    def _value(self, node: ast.expr, text: str) -> Any:
        match node:
            case ast.Constant(value=value) if isinstance(value, _LITERALS):
                return value
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner) if isinstance(
                number := self._value(inner, text), int | float | complex
            ):
                return -number if isinstance(sign, ast.USub) else number
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex())
            ) if isinstance(self._value(left, text), int | float):
                return complex(ast.unparse(node).replace(" ", ""))
            case ast.List(elts=parts):
                return [self._value(part, text) for part in parts]
            case ast.Tuple(elts=parts):
                return tuple(self._value(part, text) for part in parts)
            case ast.Set(elts=parts):
                return {self._value(part, text) for part in parts}
            case ast.Dict(keys=keys, values=values) if None not in keys:
                return {
                    self._value(key, text): self._value(value, text)
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                }
            case ast.Name(id=name) if name in _NUMBERS and name not in self.classes:
                return _NUMBERS[name]
            case ast.Name(id=name):
                return self.make(name, (), {})
            case ast.Attribute(value=ast.Name(id=name), attr=member):
                return self._member(name, member)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if not any(
                isinstance(arg, ast.Starred) for arg in args
            ) and all(one.arg for one in keywords):
                return self.make(name, *self._given(args, keywords, text))
            case ast.Call(
                func=ast.Attribute(value=ast.Name()) as func, args=args, keywords=keywords
            ):
                return self._plain(ast.unparse(func), *self._given(args, keywords, text))
        raise TargetError(
            f"in an event there may be literals and events, not {ast.unparse(node)!r}. "
            f"{self._how()}"
        )

    def _given(
        self, args: list[ast.expr], keywords: list[ast.keyword], text: str
    ) -> tuple[list[Any], dict[str, Any]]:
        named = {str(one.arg): self._value(one.value, text) for one in keywords}
        return [self._value(arg, text) for arg in args], named

    def make(self, name: str, args: Iterable[Any], fields: dict[str, Any]) -> Any:
        """An object of the class of that name.  Raises `TargetError` for fields that are wrong."""
        if name in _PLAIN and name not in self.classes:
            return self._plain(name, args, fields)
        kind = self._class(name)
        if issubclass(kind, Enum):
            return self._by_value(kind, *args)
        try:
            return kind(*args, **fields)
        except ValidationError as error:
            raise TargetError(f"{signature(kind)} does not take that: {_first(error)}.") from None
        except (TypeError, ValueError) as error:
            raise TargetError(f"{signature(kind)} does not take that: {error}.") from None

    def _plain(self, name: str, args: Iterable[Any], fields: dict[str, Any]) -> Any:
        """A value of Python's own."""
        if name not in _PLAIN:
            raise TargetError(f"{name} cannot be read. {self._how()}")
        try:
            return _PLAIN[name](*args, **fields)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise TargetError(f"{name} does not take that: {error}.") from None

    def _by_value(self, kind: type[Enum], *args: Any) -> Any:
        """A member by its value, or several flags together."""
        try:
            (value,) = args
            return kind(value)
        except (TypeError, ValueError):
            members = ", ".join(kind.__members__)
            raise TargetError(f"{kind.__name__} is an Enum: give one of {members}") from None

    def _member(self, name: str, member: str) -> Any:
        kind = self._class(name)
        if not issubclass(kind, Enum):
            raise TargetError(f"{name}.{member} cannot be read. {self._how()}")
        if member not in kind.__members__:
            raise TargetError(
                f"there is no {member} in {name}: give one of {', '.join(kind.__members__)}."
            )
        return kind[member]

    def _class(self, name: str) -> type:
        if name not in self.classes:
            close = difflib.get_close_matches(name, self.events, n=3, cutoff=0.5)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            raise TargetError(f"there is no event {name!r}.{meant} {self._how()}")
        return self.classes[name]

    def _how(self) -> str:
        known = ", ".join(signature(kind) for kind in self.events.values())
        return f"Events there: {known}." if known else "Write it as Coin(5) or Coin(value=5)."

    # --- JSON -----------------------------------------------------------------------------

    def event_of_json(self, said: dict[str, Any]) -> Any:
        """The event of an object `{"event": "Coin", "fields": {"value": 5}}`."""
        name, fields = said.get("event"), said.get("fields", {})
        if not isinstance(name, str) or not isinstance(fields, dict):
            raise TargetError(
                f'an event in JSON is {{"event": "Coin", "fields": {{"value": 5}}}}, not '
                f"{json.dumps(said)}."
            )
        kind = self._class(name)
        if not issubclass(kind, BaseModel):
            return self.make(name, (), fields)
        try:
            # As JSON it may bring what Python's own values would be too strict for.
            return kind.model_validate_json(json.dumps(fields))
        except ValidationError as error:
            raise TargetError(f"{signature(kind)} does not take that: {_first(error)}.") from None


def classes_near(fn: Callable[..., object]) -> Iterator[type]:
    """The classes in the module of a function itself, which may not be where its target is."""
    for value in getattr(unwrapped(fn), "__globals__", {}).values():
        if _can_be_made(value):
            yield value


def signature(kind: type) -> str:
    """How an event is written: `Coin(value: int = 1)`; without fields, its name."""
    fields = []
    for name, info in getattr(kind, "model_fields", {}).items():
        text = f"{name}: {type_text(info.annotation)}"
        if not info.is_required():
            text += " = …" if info.default_factory else f" = {shown(info.default)}"
        fields.append(text)
    return f"{kind.__name__}({', '.join(fields)})" if fields else kind.__name__


def shown(value: Any) -> str:
    """A value as it would be typed, where there is such a text; else as the library tells it."""
    return code_of(value, Imports()) or told(value)


def type_text(annotation: Any) -> str:
    """A type as people write it: `int`, `"water" | "tea"`, `list[int]`."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(shown, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(f"{annotation.__name__}.{one}" for one in annotation.__members__)
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def _classes_in(kind: type) -> Iterator[type]:
    """The classes of which the fields of a class are, whatever stands round them."""
    if issubclass(kind, BaseModel):
        types: list[Any] = [field.annotation for field in kind.model_fields.values()]
    else:
        types = [field.type for field in getattr(kind, "__dataclass_fields__", {}).values()]
    for one in types:
        types += get_args(one)
        if _can_be_made(one):
            yield one


def _can_be_made(value: object) -> bool:
    return isinstance(value, type) and (
        issubclass(value, BaseModel | Enum) or dataclasses.is_dataclass(value)
    )


def _first(error: ValidationError) -> str:
    """The first thing that pydantic objects to."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])
