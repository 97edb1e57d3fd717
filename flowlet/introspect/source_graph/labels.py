"""What waits, outputs and actors are called where they are read, and what waits give."""

from __future__ import annotations

import ast
import inspect
from enum import Enum
from typing import Any

from ...asked import asked
from ...blocks import State
from ...events import label_of, label_of_type, name_of
from ...names import function_name
from ...requests import Request
from ...roles import READS, is_request
from .calls import block_of
from .functions import user_function
from .values import (
    NONE,
    PLAIN,
    UNKNOWN,
    Block,
    Bound,
    Fn,
    Inst,
    Known,
    Method,
    Named,
    Part,
    Value,
    Wrapped,
    of_type,
)

#: Of a longer call that gives out what is not known, an edge shows only what is called.
LONG = 32


def can_hash(value: Any) -> bool:
    """Whether a value can be a key."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def block_of_function(called: Any) -> Block:
    """The block that a decorated function is the body of."""
    names = called.__code__.co_freevars
    held = called.__closure__[names.index("self")].cell_contents
    assert isinstance(held, State)
    return block_of(held)


def is_unknown(value: Value) -> bool:
    """Whether nothing can be read of a function."""
    return user_function(value) is None


def may_be_actor(owner: Value) -> bool:
    """Whether something may be sent to this."""
    return owner is UNKNOWN or isinstance(owner, Named | Method)


def is_asked(value: Value) -> bool:
    """Whether a value is a request."""
    kind = value.kind if isinstance(value, Inst) else None
    if isinstance(value, Known):
        kind = type(value.value)
    return is_request(kind)


def at_of(named: dict[str, Value], node: Any) -> str | None:
    """The `at=` of a wait; `?` where only a run knows."""
    at = named.get("at", NONE)
    if isinstance(at, Known):
        try:
            return None if at.value is None else name_of(at.value)
        except TypeError:
            return "?"
    return "?"


def at_by_place(word: str, args: tuple[Value, ...]) -> dict[str, Value]:
    """The name of a read that is given without `at=`; the stream is the first argument."""
    place = READS.get(word, len(args)) + 1
    return {"at": args[place]} if len(args) > place else {}


def result_of_read(word: str) -> Value:
    """What a read gives; of another wait this says nothing."""
    if word not in READS:
        return UNKNOWN
    return Inst(bool if word == "at_eof" else bytes)


def word_text(node: Any, word: str) -> str:
    """The text of an argument given by keyword."""
    for keyword in getattr(node, "keywords", ()):
        if keyword.arg == word:
            return ast.unparse(keyword.value)
    return ""


def given_node(node: Any, place: int) -> Any:
    """The argument at this place."""
    args = getattr(node, "args", ())
    return args[place] if len(args) > place else None


def given_text(node: Any, place: int, word: str) -> str:
    """The text of an argument given by place or by keyword."""
    given = given_node(node, place)
    return ast.unparse(given) if given is not None else word_text(node, word)


def name_of_called(value: Value) -> str:
    """The name of a function that is handed over."""
    while isinstance(value, Part | Bound | Wrapped):
        value = value.function
    if isinstance(value, Fn):
        return value.program.code.co_name.strip("<>")
    if isinstance(value, Known):
        return function_name(value.value)
    return "?"


def results_of(value: Value | None) -> tuple[Value, ...]:
    """What a function may return, by its annotation."""
    held = value.value if isinstance(value, Known) else None
    if held is None:
        return (UNKNOWN,)
    try:
        noted = inspect.get_annotations(held, eval_str=True)
    except Exception:
        return (UNKNOWN,)
    return tuple(of_type(noted["return"])) if "return" in noted else (UNKNOWN,)


def answers_to(kind: Any) -> tuple[Value, ...]:
    """The answers that a request may get."""
    for base in getattr(kind, "__mro__", ()):
        meta = getattr(base, "__pydantic_generic_metadata__", None)
        if meta and meta.get("origin") is Request and meta.get("args"):
            return tuple(of_type(meta["args"][0]))
    return (UNKNOWN,)


def value_text(value: Value, node: Any) -> str:
    """A value that is given out, as an edge shows it."""
    if isinstance(value, Known):
        if isinstance(value.value, Enum):
            return str(value.value.name)
        if isinstance(value.value, PLAIN):
            return repr(value.value)
    return value_label(value, node)


def value_label(value: Value, node: Any) -> str:
    """The label of a value that is given out."""
    if isinstance(value, Known):
        return label_of(value.value)
    if isinstance(value, Inst) and value.exact:
        label = asked(value.kind, "label")
        if not isinstance(label, str) or "{" not in label:
            return label_of_type(value.kind)
    if node is None:
        return "?"
    text = ast.unparse(node)
    if len(text) > LONG and isinstance(node, ast.Call):
        return f"{ast.unparse(node.func)}(…)"
    return text


def actor_text(owner: Value, node: Any) -> str:
    """Who something is sent to."""
    if isinstance(owner, Named) and owner.name:
        return owner.name
    if isinstance(owner, Known) and (name := asked(owner.value, "name")) is not None:
        return str(name)
    func = getattr(node, "func", None)
    return ast.unparse(func.value) if isinstance(func, ast.Attribute) else "?"
