"""The names of states: what an actor's stack, read against its source, is called by people.

A state is called by the path of the blocks round the wait, then its `at`; without an `at`, by the
block alone where that holds one wait, and by what it awaits where it holds several
(`flowlet.source` knows).  Everything that shows a state takes its name from here.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .asked import asked
from .events import label_of_type

if TYPE_CHECKING:
    from .source import Site

Path: TypeAlias = tuple[Any, ...]

#: A block that an actor is in: its state, the cell of the block outside it, and what was the last
#: block entered since the last wait when this one was.
Cell: TypeAlias = "tuple[Any, Cell | None, Cell | None]"

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_SKIPPED = ("contextlib.py", "functools.py")

#: What it is called to wait for the end of a child, at the end of its block or of a region.
JOIN: Final = "join"

NO_PLAIN_FUNCTION: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def is_users(code: CodeType) -> bool:
    """Whether a frame of this code belongs to the user's program, not to what runs it."""
    return is_users_file(code.co_filename)


def is_kernel(code: CodeType) -> bool:
    """Whether a frame of this code is flowlet's own."""
    return is_kernel_file(code.co_filename)


# By file, whose hash is kept: that of a code object is made anew of all its names each time.
@functools.lru_cache(maxsize=4096)
def is_users_file(file: str) -> bool:
    """The same of the file in which the code stands; for loops that go through many frames.

    Nothing of Python's is called where it is known, so whoever traces calls does not hear of it.
    """
    return not is_kernel_file(file) and not file.endswith(_SKIPPED)


@functools.lru_cache(maxsize=4096)
def is_kernel_file(file: str) -> bool:
    """Whether the code in this file is flowlet's own."""
    return os.path.abspath(file).startswith(_HERE)


def is_bottom(code: CodeType) -> bool:
    """Whether this is the frame under which an actor runs."""
    return code.co_name == "_work" and code.co_filename.startswith(_HERE)


@functools.lru_cache(maxsize=4096)
def is_handling(code: CodeType) -> bool:
    """Whether this is the frame that runs a handler of `on`, on top of the wait it interrupts."""
    return code.co_name == "hear" and code.co_filename == _HERE + "handlers.py"


def frame_here() -> FrameType:
    """The frame of the caller."""
    return sys._getframe(1)


def users_line(frame: FrameType | None) -> tuple[str, int]:
    """The innermost line of the user's program."""
    while frame is not None and not is_users_file(frame.f_code.co_filename):
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def stack_of(frame: FrameType | None) -> list[tuple[CodeType, int]]:
    """The user's frames of an actor, outermost first: the code and the instruction.

    In a handler of `on`, those that it interrupts do not count: it is called where its block is.
    """
    stack = []
    while frame is not None:
        code = frame.f_code
        if is_bottom(code):
            break
        if is_handling(code):
            block = frame.f_locals["self"]
            while frame is not None and frame is not block.frame:
                frame = frame.f_back
            if frame is not None:
                stack.append((frame.f_code, block.lasti))
        elif is_users_file(code.co_filename):
            stack.append((code, frame.f_lasti))
        frame = frame and frame.f_back
    stack.reverse()
    return stack


def line_of(place: tuple[CodeType, int]) -> tuple[str, int]:
    """The file and line of a frame."""
    code, lasti = place
    return code.co_filename, _lines(code)[lasti // 2]


@functools.lru_cache(maxsize=4096)
def _lines(code: CodeType) -> list[int]:
    return [line or code.co_firstlineno for line, _, _, _ in code.co_positions()]


def line_text(place: tuple[CodeType, int]) -> str:
    """The same as text, `file:line`."""
    file, line = line_of(place)
    return f"{file}:{line}"


def state_of(
    fn: Callable[..., Any],
    stack: list[tuple[CodeType, int]],
    cell: Cell | None,
    called: Callable[[], str],
) -> Path:
    """The state of an actor of `fn` whose stack and blocks are these, at a wait without a name.

    `called` tells what it awaits, for where the source does not.
    """
    path = path_of(cell)
    base = path or (function_name(fn),)
    if not stack and called() != JOIN:
        return base  # an actor that has not begun, or one whose function is a wait
    site = _finder()(unwrapped(fn), stack) if stack else None
    if site is None:
        text = called()
        return (*base, text) if text else base
    if not site.several:
        return base
    label = called() if site.label is None else site.label
    return (*base, label if site.repeat == 1 else f"{label}#{site.repeat}")


@functools.cache
def _finder() -> Callable[[Callable[..., Any], list[tuple[CodeType, int]]], Site | None]:
    """What finds a wait in the source; with it comes all that reads sources, which takes 3 ms."""
    from .sites import site_of

    return site_of


def path_of(cell: Cell | None) -> Path:
    """The names of the blocks, outermost first."""
    path: Path = ()
    while cell is not None:
        path = (cell[0].name, *path)
        cell = cell[1]
    return path


def one_level(path: Path) -> Path:
    """The outermost name of a path; where that is regions, the outermost one of each."""
    first = path[:1]
    if first and isinstance(first[0], tuple):
        return (tuple(one_level(region) for region in first[0]),)
    return first


def passed_blocks(entered: Cell | None, inside: Cell | None) -> tuple[Path, ...]:
    """The blocks entered since the last wait and left again, oldest first.

    Of nested ones only the innermost counts; `inside` are those that the actor is in now.
    """
    cells: list[Cell] = []
    while entered is not None:
        cells.append(entered)
        entered = entered[2]
    round_others = set()
    for cell in cells:
        outer = cell[1]
        while outer is not None:
            round_others.add(id(outer))
            outer = outer[1]
    while inside is not None:
        round_others.add(id(inside))
        inside = inside[1]
    return tuple(path_of(cell) for cell in reversed(cells) if id(cell) not in round_others)


def kinds_text(kinds: Iterable[type]) -> str:
    """What a wait for these types is called: `Card|Cash`."""
    return "|".join(map(label_of_type, kinds))


def text(path: Path) -> str:
    """A path as people see it: joined by `/`; regions side by side."""
    parts = [" | ".join(map(text, part)) if isinstance(part, tuple) else str(part) for part in path]
    return "/".join(parts)


def unwrapped(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function inside a `partial`."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def check_function(fn: Any, call: str, takes: str, write: str = "") -> None:
    """Raise `TypeError` for what `call` cannot run: no function, or one that would not begin.

    To call a generator or a coroutine function runs nothing of it, in silence.
    """
    if not callable(fn):
        raise TypeError(f"{call} takes {takes}, not {fn!r}{write and f'; write {write}'}")
    code = asked(unwrapped(fn), "__code__")
    if isinstance(code, CodeType) and code.co_flags & NO_PLAIN_FUNCTION:
        raise TypeError(
            f"{call} takes a plain function, but {function_name(fn)} is a generator or a coroutine "
            "function, of which a call runs nothing: leave out yield, async and await; a wait such "
            "as receive() is a plain call"
        )


def function_name(fn: Callable[..., Any]) -> str:
    """The name of an actor function; of a `partial`, that of the function in it."""
    fn = unwrapped(fn)
    name = asked(fn, "__name__")
    if not isinstance(name, str) or not name:  # an object, which may say anything
        name = type(fn).__name__
    return "lambda" if name == "<lambda>" else name
