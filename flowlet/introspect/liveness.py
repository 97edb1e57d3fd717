"""What comes in the end: ways that go on for ever, or end, and never meet a predicate.

A way for ever stays at last in a strongly connected part of the states where the predicate does
not hold.  It counts only if it is fair: whatever can happen in every state of that part also
happens in it (weak fairness).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from .moves import Move
from .product import Product

Way = list[tuple[Move, int]]


@dataclass(slots=True)
class Lasso:
    """A state, and the moves that lead from it back to it; none, if it leads nowhere."""

    state: int
    loop: Way


def unfair_way(product: Product, holds: set[int]) -> Lasso | None:
    """The nearest state from which the predicate may never come, or `None`.

    `holds`: the states in which it does.
    """
    reached = _without(product, holds)
    order = {state: number for number, state in enumerate(product.parent)}
    terminal = set(product.terminal)
    best: Lasso | None = None
    for part in _parts(product, reached):
        state = min(part, key=order.__getitem__)
        if best is not None and order[best.state] <= order[state]:
            continue
        if len(part) == 1 and state in terminal and state not in product.at_bounds:
            best = Lasso(state, [])
        elif _is_fair(product, part):
            best = Lasso(state, _round_trip(product, part, state))
    return best


def _without(product: Product, holds: set[int]) -> set[int]:
    """The states that are reached without passing one in which the predicate holds."""
    reached: set[int] = set()
    todo = [s for s, parent in product.parent.items() if parent == -1 and s not in holds]
    while todo:
        state = todo.pop()
        if state in reached:
            continue
        reached.add(state)
        todo += [after for _, after in _moves(product, state) if after not in holds]
    return reached


def _moves(product: Product, state: int) -> Iterator[tuple[Move, int]]:
    for move in product.all_moves(state):
        after = state + move.add | move.bits
        if after in product.parent:
            yield move, after


def _parts(product: Product, states: set[int]) -> Iterator[set[int]]:
    """The strongly connected parts (Tarjan's algorithm, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in states:
        if root in index:
            continue
        work = [(root, iter([a for _, a in _moves(product, root) if a in states]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            state, following = work[-1]
            for after in following:
                if after not in index:
                    index[after] = low[after] = len(index)
                    stack.append(after)
                    on_stack.add(after)
                    work.append(
                        (after, iter([a for _, a in _moves(product, after) if a in states]))
                    )
                    break
                if after in on_stack:
                    low[state] = min(low[state], index[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[state])
                if low[state] == index[state]:
                    part = set()
                    while True:
                        other = stack.pop()
                        on_stack.discard(other)
                        part.add(other)
                        if other == state:
                            break
                    yield part


def _action(move: Move) -> Hashable:
    """What has to happen at last, if it stays possible: a choice within it may go either way.

    The loss of a message never has to.
    """
    return None if move.actor == -1 else (move.actor, move.stimulus.kind, move.stimulus.place)


def _is_fair(product: Product, part: Iterable[int]) -> bool:
    """Whether a way can stay in these states for ever and be fair."""
    members = set(part)
    always: set[Hashable] | None = None
    happens: set[Hashable] = set()
    inside = False
    for state in members:
        possible: set[Hashable] = set()
        for move, after in _moves(product, state):
            action = _action(move)
            possible.add(action)
            if after in members:
                inside = True
                happens.add(action)
        always = possible if always is None else always & possible
    return inside and not ((always or set()) - happens - {None})


def _round_trip(product: Product, part: set[int], start: int) -> Way:
    """Moves from a state through its part and back, that show what goes on for ever."""
    before: dict[int, tuple[int, Move]] = {}
    todo = [start]
    for state in todo:
        for move, after in _moves(product, state):
            if after not in part or (after == state and after != start):
                continue
            if after == start:
                way: Way = [(move, state)]
                while state != start:
                    state, earlier = before[state]
                    way.append((earlier, state))
                return way[::-1]
            if after not in before:
                before[after] = (state, move)
                todo.append(after)
    return []
