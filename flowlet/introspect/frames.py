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
#: The word of small fields; it begins with the height of the stack.
_SMALL: Final = 8
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


def in_c_call(frame: FrameType) -> bool:
    """Whether what a suspended frame is calling is C code, which may have called back into Python.

    Python notes how high a frame's stack is when the frame calls another Python function, and
    says -1 while it runs or is in C.
    """
    return can_read() and _height(frame) < 0


def _height(frame: FrameType) -> int:
    inner = ctypes.c_void_p.from_address(id(frame) + _INNER * _WORD).value
    assert inner is not None
    return ctypes.c_int.from_address(inner + _SMALL * _WORD).value


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
        reads = type(iterator) is type(iter([])) and iterator.__reduce__()[1:] == ((numbers,), 2)
        return reads and _heights_are_noted()
    except Exception:
        return False
    finally:
        run.close()


def _heights_are_noted() -> bool:
    """Whether a frame that calls Python can be told from one that calls C."""

    def called() -> int:
        return _height(sys._getframe(1))

    def caller() -> tuple[int, int]:
        return called(), next(map(called_from_c, [1]))

    def called_from_c(depth: int) -> int:
        return _height(sys._getframe(depth))

    from_python, from_c = caller()
    return from_python >= 0 and from_c < 0
