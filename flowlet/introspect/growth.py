"""Noticing that data grows without bound, long before memory is full of it.

Every state that is found compares its variables with those of the states on the way to it that
stand at the same place.  A number or a length that was larger each time is on a streak.  A streak
that is longer than everything the variable is compared with in the source (and some more) is
taken to have no end.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Sized
from typing import Any

from ..actor import ActorRef
from ..syntax import node_of
from .identity import Snapshot

#: Growing this often in a row is too much for a variable that nothing is compared with.
PATIENCE = 64
#: A limit that cannot be read off the source counts as this.
UNREAD_LIMIT = 256


class Growth:
    """The variables of one state, and for how long each has been growing."""

    __slots__ = ("cut", "event", "measures", "place", "streaks")

    def __init__(
        self, place: tuple[Any, ...], event: str, snapshot: Snapshot, before: list[Growth]
    ) -> None:
        self.place = (place, snapshot.places[-1:])
        self.event = event
        self.measures = _measures(snapshot)
        self.streaks: dict[str, int] = {}
        self.cut: str | None = None
        last = next((g for g in before if g.place == self.place), None)
        if last is None:
            return
        for name, measure in self.measures.items():
            was = last.measures.get(name)
            if was is None or was == measure:
                continue
            up = 1 if measure > was else -1
            streak = last.streaks.get(name, 0)
            self.streaks[name] = streak + up if streak * up >= 0 else up
            if abs(self.streaks[name]) > PATIENCE and self.cut is None:
                limit = _limit(name, snapshot)
                if abs(self.streaks[name]) > PATIENCE + 2 * limit:
                    self.cut = name
        for name, streak in last.streaks.items():
            # A variable that stands still on a round has not stopped growing.
            if name in self.measures and self.measures[name] == last.measures.get(name):
                self.streaks[name] = streak

    def note(self, ref: ActorRef[Any]) -> str:
        """What is said of it."""
        place = ref.where()
        at = f" at {place[-1]}" if place else ""
        value = self.measures[self.cut or ""]
        return (
            f"{self.cut} grows without bound{at} (it has reached {value:g} and nothing limits it); "
            "cut off there: compare it with a limit, or do not keep it across a wait"
        )


def _measures(snapshot: Snapshot) -> dict[str, float]:
    measures: dict[str, float] = {"the mail that is kept": snapshot.mail}
    calls = ", ".join(dict.fromkeys(code.co_name for code, _ in snapshot.scopes))
    measures[f"the number of calls inside one another ({calls})"] = snapshot.depth
    for name, value in snapshot.variables.items():
        _measure(name, value, measures, depth=2)
    return measures


#: A structure with more parts than this is not counted to its end.
MOST_PARTS = 10_000


def _parts(value: Any) -> int:
    """How many parts a container has, those of its parts included."""
    count = 0
    todo = [value]
    seen: set[int] = set()
    while todo and count < MOST_PARTS:
        part = todo.pop()
        count += 1
        if isinstance(part, str | bytes | bytearray | range):
            count += len(part)
        elif isinstance(part, dict | list | tuple | set | frozenset | deque):
            if id(part) not in seen:
                seen.add(id(part))
                todo += [*part, *part.values()] if isinstance(part, dict) else part
    return count


def _measure(name: str, value: Any, measures: dict[str, float], depth: int) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        measures[name] = value
    elif isinstance(value, type):
        return
    elif isinstance(value, Sized) and hasattr(type(value), "__len__"):
        measures[name] = _parts(value)
    elif depth and hasattr(value, "__dict__") and not callable(value):
        for attr, inner in vars(value).items():
            _measure(f"{name}.{attr}", inner, measures, depth - 1)


def _limit(name: str, snapshot: Snapshot) -> float:
    """The largest value that the source compares the variable with; 0 where it does not."""
    last = name.rpartition(".")[2]
    largest = 0.0
    for code, scope in snapshot.scopes:
        node = node_of(code)
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.For) and _mentions(inner.target, last):
                return float("inf")  # the loop itself is the limit
            if isinstance(inner, ast.Compare) and _mentions(inner, last):
                for side in (inner.left, *inner.comparators):
                    if not _mentions(side, last):
                        largest = max(largest, _value(side, scope))
    return largest


def _mentions(node: ast.AST, name: str) -> bool:
    return any(
        (isinstance(inner, ast.Name) and inner.id == name)
        or (isinstance(inner, ast.Attribute) and inner.attr == name)
        for inner in ast.walk(node)
    )


def _value(node: ast.expr, scope: Any) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return abs(value)
        case ast.Constant():
            return 0
        case ast.Name(id=name):
            value = scope(name)
            if isinstance(value, int | float):
                return abs(value)
            if isinstance(value, Sized):
                return len(value)
        case ast.BinOp(left=left, right=right):
            return max(_value(left, scope) * max(1, _value(right, scope)), _value(right, scope))
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return _value(inner, scope)
    return UNREAD_LIMIT
