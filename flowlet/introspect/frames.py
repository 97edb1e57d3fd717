"""Reading what Python does not show of a suspended frame: the values on its evaluation stack.

A `for` loop keeps its iterator there, a `with` its exit, a half-built call its arguments.  On
CPython 3.11 to 3.13 they lie in the interpreter's own frame, nine words in, behind the locals.
The layout is checked by a self-test at the first use; where it is not as expected, nothing is
read, and what needs it is refused instead.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from types import CodeType, FrameType
from typing import Any, Final

#: In a frame object: the header of two words, the frame outside, then the interpreter's frame.
_INNER: Final = 3
#: In the interpreter's frame: eight pointers and one word of small fields, then the locals.
_LOCALS: Final = 9
#: The word of small fields: on 3.11 its byte 4 says that C entered the frame; from 3.12 on its
#: byte 6 says whose the frame is, and a frame that C entered stands on one that is C's.
_SMALL: Final = 8
_OWNED_BY_C: Final = 3
_WORD: Final = ctypes.sizeof(ctypes.c_void_p)


class _Null:
    """Stands for an empty slot of the stack."""

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = _Null()


@functools.lru_cache(maxsize=4096)
def _locals_of(code: CodeType) -> int:
    cells = sum(name not in code.co_varnames for name in code.co_cellvars)
    return code.co_nlocals + cells + len(code.co_freevars)


def stack_values(frame: FrameType, count: int) -> list[Any] | None:
    """The lowest `count` values on a suspended frame's stack; `None` where they cannot be read."""
    return _read(frame, count) if count == 0 or can_read() else None


def _read(frame: FrameType, count: int) -> list[Any]:
    if count == 0:
        return []
    inner = ctypes.c_void_p.from_address(id(frame) + _INNER * _WORD).value
    assert inner is not None
    first = inner + (_LOCALS + _locals_of(frame.f_code)) * _WORD
    values: list[Any] = []
    for place in range(count):
        address = first + place * _WORD
        if ctypes.c_void_p.from_address(address).value is None:
            values.append(NULL)
        else:
            values.append(ctypes.py_object.from_address(address).value)
    return values


def entered_from_c(frame: FrameType) -> bool:
    """Whether a frame was called by C code and not directly by the Python frame outside it."""
    if not can_read():
        return False
    inner = ctypes.c_void_p.from_address(id(frame) + _INNER * _WORD).value
    assert inner is not None
    if sys.version_info < (3, 12):
        return bool(ctypes.c_ubyte.from_address(inner + _SMALL * _WORD + 4).value)
    outside = ctypes.c_void_p.from_address(inner + _WORD).value
    if outside is None:
        return True
    return ctypes.c_ubyte.from_address(outside + _SMALL * _WORD + 6).value == _OWNED_BY_C


@functools.cache
def can_read() -> bool:
    """Whether the interpreter's frames look as expected; found out on a frame that is known."""
    if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return False
    if sys.version_info[:2] == (3, 13) and not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False

    def known(first: Any, second: Any) -> Any:
        kept = (first, second)
        for _ in iter(first):
            yield kept

    numbers = [object(), object(), object()]
    run = known(numbers, None)
    next(run)
    next(run)
    try:
        (iterator,) = _read(run.gi_frame, 1)
        return type(iterator) is type(iter([])) and iterator.__reduce__()[1:] == ((numbers,), 2)
    except Exception:
        return False
    finally:
        run.close()
