"""Whose a function is: the user's, which is gone through, or a library's, which never waits."""

from __future__ import annotations

import functools
import inspect
import sys
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import Any

from ...syntax import is_function
from .values import Bound, Fn, Known, Part, Value, Wrapped


def is_any(called: Any, *functions: Any) -> bool:
    """Whether it is one of these itself; an object of the user's is not asked what it equals."""
    return any(called is one for one in functions)


def is_foreign(fn: Any) -> bool:
    """Whether a function is part of Python or of a library, and so waits for nothing itself."""
    fn = fn.__func__ if isinstance(fn, MethodType) else fn
    code = fn.__code__ if is_function(fn) else inspect.getattr_static(fn, "__code__", None)
    module = getattr(fn, "__module__", None) if is_plain(fn) else type(fn).__module__
    root = module.partition(".")[0] if isinstance(module, str) else ""
    if is_function(fn) and root == "builtins":
        return False  # made of a text that has no name of its own
    if root in sys.stdlib_module_names or root in {"flowlet", "pydantic", "greenlet"}:
        return True
    if not isinstance(code, CodeType):
        return False
    made = code.co_filename.startswith("<") and code.co_name.startswith("__")  # by a decorator
    return "site-packages" in code.co_filename or made


def is_plain(value: Any) -> bool:
    """Whether asking a value for its attributes runs no code of the user's."""
    return is_function(value) or isinstance(
        value,
        type | MethodType | BuiltinFunctionType | MethodDescriptorType | WrapperDescriptorType,
    )


def call_method(kind: type) -> FunctionType | None:
    """The `__call__` of the objects of a class, if it is written in Python."""
    found = inspect.getattr_static(kind, "__call__", None)
    return found if isinstance(found, FunctionType) else None


def user_function(value: Value) -> Any:
    """The function of the user's that a value calls, or `None`."""
    if isinstance(value, Fn):
        return value
    if isinstance(value, Bound | Part | Wrapped):
        return user_function(value.function)
    if isinstance(value, Known):
        held = value.value
        if isinstance(held, functools.partial):
            return user_function(Known(held.func))
        if isinstance(held, MethodType):
            held = held.__func__
        if is_function(held) and not is_foreign(held):
            return value
        wrapped = inspect.getattr_static(held, "__wrapped__", None)
        if wrapped is not None and wrapped is not held:
            return user_function(Known(wrapped))
    return None
