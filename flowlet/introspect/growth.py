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
from types import CellType, FunctionType, GeneratorType, MethodType
from typing import Any

from ..actor import ActorRef
from ..syntax import node_of
from .identity import Snapshot

#: Growing this often in a row is too much for a variable that nothing is compared with; and this
#: often where an actor has very many states already, since the ways multiply at each round.
PATIENCE = 48
HASTE = 12
MANY_STATES = 1000
#: A limit that is further away than this is as good as none.
FAR = 10_000
#: A limit that cannot be read off the source gives this much more patience.
UNREAD_LIMIT = 256


class Growth:
    """The variables of one state, and for how long each has been growing."""

    __slots__ = ("cut", "event", "limit", "measures", "place", "streaks")

    def __init__(
        self,
        place: tuple[Any, ...],
        event: str,
        snapshot: Snapshot,
        before: list[Growth],
        states: int = 0,
    ) -> None:
        patience = PATIENCE if states < MANY_STATES else HASTE
        self.place: tuple[tuple[Any, ...], tuple[Any, ...]] = (place, snapshot.places[-1:])
        self.event: str = event
        self.measures: dict[str, float] = _measures(snapshot)
        self.streaks: dict[str, int] = {}
        self.cut: str | None = None
        #: What the source compares it with, where that is far away.
        self.limit: float | None = None
        last = next((g for g in before if g.place == self.place), None)
        if last is None:
            return
        for name, measure in self.measures.items():
            was = last.measures.get(name)
            if was is None or was == measure:
                continue
            outside = name.removesuffix(_INSIDE)
            if outside != name and self.measures[outside] != last.measures.get(outside):
                continue  # its length says as much
            up = 1 if measure > was else -1
            streak = last.streaks.get(name, 0)
            self.streaks[name] = streak + up if streak * up >= 0 else up
            so_far = abs(self.streaks[name])
            if so_far > patience and self.cut is None:
                far, self.limit = _patience(name, measure, up, snapshot, patience)
                self.cut = name if so_far > far else None
        for name, streak in last.streaks.items():
            # A variable that stands still on a round has not stopped growing.
            if name in self.measures and self.measures[name] == last.measures.get(name):
                self.streaks[name] = streak

    def note(self, ref: ActorRef[Any]) -> str:
        """What is said of it."""
        place = ref.where()
        at = f" at {place[-1]}" if place else ""
        value = self.measures[self.cut or ""]
        if self.limit is not None:
            return (
                f"{self.cut} grows very far{at} (it has reached {value:g} on its way to "
                f"{self.limit:g}); cut off there: explore it with a smaller limit"
            )
        return (
            f"{self.cut} grows without bound{at} (it has reached {value:g}, and no limit could be "
            "read); cut off there: compare it with a limit, or do not keep it across a wait"
        )


def _measures(snapshot: Snapshot) -> dict[str, float]:
    measures: dict[str, float] = {"the mail that is kept": snapshot.mail}
    calls = ", ".join(dict.fromkeys(code.co_name for code, _ in snapshot.scopes))
    measures[f"the number of calls inside one another ({calls})"] = snapshot.depth
    for name, value in snapshot.variables.items():
        _measure(name, value, measures, depth=2)
    return measures


#: The measure of what a container holds in all, for one that stays short and grows inside.
_INSIDE = ", with all that is in it,"
#: A structure with more parts than this is not counted to its end.
MOST_PARTS = 10_000


_CONTAINERS = (dict, list, tuple, set, frozenset, deque)


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
        elif isinstance(part, _CONTAINERS) and id(part) not in seen:
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
    elif depth and isinstance(value, FunctionType | MethodType | GeneratorType):
        for inner, held in _held(value).items():
            _measure(f"{name}.{inner}", held, measures, depth - 1)
    elif isinstance(value, Sized) and hasattr(type(value), "__len__"):
        measures[name] = len(value)
        if not isinstance(value, str | bytes | bytearray):
            measures[name + _INSIDE] = _parts(value)
    elif depth and hasattr(value, "__dict__") and not callable(value):
        for attr, inner in vars(value).items():
            _measure(f"{name}.{attr}", inner, measures, depth - 1)


def _held(value: Any) -> dict[str, Any]:
    """What a function, a method or a generator keeps from one call to the next."""
    if isinstance(value, MethodType):
        return {"__self__": value.__self__}
    if isinstance(value, GeneratorType):
        return {} if value.gi_frame is None else dict(value.gi_frame.f_locals)
    return {
        name: cell.cell_contents
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
        if cell != CellType()
    }


def _patience(
    name: str, measure: float, up: int, snapshot: Snapshot, patience: float
) -> tuple[float, float | None]:
    """For how many rounds the variable may go on in its direction, as far as the source says.

    And its limit, where that is too far away to wait for.
    """
    too_far: float | None = None
    last = name.removesuffix(_INSIDE).rpartition(".")[2]
    for code, scope in snapshot.scopes:
        node = node_of(code)
        for inner in ast.walk(node) if node is not None else ():
            for side in _compared(inner, last):
                limit = _value(side, scope)
                left = None if limit is None else (limit - measure) * up
                if left is None or FAR < left < float("inf"):
                    patience = max(patience, PATIENCE + UNREAD_LIMIT)
                    too_far = limit
                elif left >= 0:
                    return float("inf"), None  # it has not come to its limit yet
    return patience, too_far


def _compared(node: ast.AST, name: str) -> list[ast.expr]:
    """What a node compares the variable with, or puts into it."""
    match node:
        case ast.For(target=target) if _mentions(target, name):
            return [ast.Constant(float("inf")), ast.Constant(float("-inf"))]  # the loop limits it
        case ast.Compare(left=left, comparators=others) if _mentions(node, name):
            return [side for side in (left, *others) if not _mentions(side, name)]
        case ast.While(test=test) | ast.If(test=test) if _is_named(test, name):
            return [ast.Constant(0)]
        case ast.Call(func=func, args=args) if any(_mentions(arg, name) for arg in args):
            # Another function may know the limit; a function of flowlet does not.
            return [] if _is_flowlets(func) else [func]
        case ast.Assign(targets=[target], value=value) if _is_named(target, name):
            return [
                inner
                for inner in ast.walk(value)
                if isinstance(inner, ast.Constant | ast.Name)
                and not _is_named(inner, name)
                and not _is_called(inner, value)
            ]
    return []


def _is_flowlets(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name in ("emit", "send", "len", "print", "append", "add", "str", "repr")


def _is_called(node: ast.AST, inside: ast.AST) -> bool:
    return any(isinstance(call, ast.Call) and call.func is node for call in ast.walk(inside))


def _is_named(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _is_named(node.operand, name)
    return (isinstance(node, ast.Name) and node.id == name) or (
        isinstance(node, ast.Attribute) and node.attr == name
    )


def _mentions(node: ast.AST, name: str) -> bool:
    return any(_is_named(inner, name) for inner in ast.walk(node))


def _is_constant(node: ast.expr) -> bool:
    parts = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    return all(isinstance(inner, parts) for inner in ast.walk(node))


def _value(node: ast.expr, scope: Any) -> float | None:
    """The number that an expression is, or its size; `None` where the source does not say."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Constant(value=value):
            return len(value) if isinstance(value, Sized) else 0
        case ast.Name(id=name):
            value = scope(name)
            if isinstance(value, int | float):
                return value
            if isinstance(value, Sized) and not isinstance(value, type):
                return len(value)
        case ast.UnaryOp() | ast.BinOp() if _is_constant(node):
            value = eval(compile(ast.Expression(node), "", "eval"), {})  # only numbers in it
            return value if isinstance(value, int | float) else None
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return _value(inner, scope)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            values = [_value(part, scope) for part in parts]
            return max((value for value in values if value is not None), default=0)
    return None
