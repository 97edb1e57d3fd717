"""Where the text of a call ends, by the instruction that makes it.

That is how a wait on the stack is found in the source (see `source`): for nearly every call the
instruction carries the place itself.  Two kinds do not, before CPython 3.13:

- what a `for` goes over is called at each turn, and stands at the whole statement;
- so do the entry and the exit of each item of a `with`.  Which item is left, the exception table
  tells: meanwhile the handler of the one outside it is in force.
"""

from __future__ import annotations

import ast
import dis
import functools
from collections.abc import Iterator
from types import CodeType
from typing import Any, TypeAlias

from .syntax import node_of

End: TypeAlias = tuple[int, int]

#: First line, last line, first column, last column.
_Position: TypeAlias = "tuple[int | None, ...]"


@functools.lru_cache(maxsize=4096)
def ends_of(code: CodeType) -> list[End]:
    """For each instruction the line and the column at which the text of its call ends."""
    node = node_of(code)
    over: dict[_Position, End] = {}
    withs: dict[_Position, list[End]] = {}
    if node is not None:
        for part in ast.walk(node):
            if isinstance(part, ast.For):
                over[_position(part)] = _end(part.iter)
            elif isinstance(part, ast.With):
                withs[_position(part)] = [_end(item.context_expr) for item in part.items]
    ends = []
    for position in code.co_positions():
        ends.append(over.get(position) or (position[1] or 0, position[3] or 0))
    for place, end in _items(code, withs) if withs else ():
        ends[place // 2] = end
    return ends


def _items(code: CodeType, withs: dict[_Position, list[End]]) -> Iterator[tuple[int, End]]:
    """Where the items of a `with` are entered and left, and where the text of each ends."""
    bytecode = dis.Bytecode(code)
    entries = bytecode.exception_entries  # type: ignore[attr-defined]  # typeshed lacks it
    steps = [(step, tuple(step.positions or ())) for step in bytecode]
    entered: dict[Any, int] = {}
    #: By the place of a handler: the statement, and which of its items is open there.
    handled: dict[int, tuple[Any, int]] = {}

    def handler(place: int) -> int:
        return next((e.target for e in entries if e.start <= place < e.end), -1)

    for step, position in steps:
        if step.opname == "BEFORE_WITH" and position in withs:
            item = entered.get(position, 0)
            # A statement in a `finally` is there several times.
            entered[position] = (item + 1) % len(withs[position])
            handled[handler(step.offset + 2)] = position, item
            yield step.offset, withs[position][item]
    for step, position in steps:
        if position not in withs:
            continue
        items = withs[position]
        if step.opname == "CALL":
            statement, outside = handled.get(handler(step.offset), (None, -1))
            yield step.offset, items[outside + 1 if statement == position else 0]
        elif step.opname == "WITH_EXCEPT_START":
            yield step.offset, items[handled[step.offset - 2][1]]


def _position(node: Any) -> _Position:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _end(node: ast.expr) -> End:
    return node.end_lineno or 0, node.end_col_offset or 0
