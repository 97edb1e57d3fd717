"""Electing a leader in a ring, after Chang and Roberts: the smallest number wins.

Every node has started, so its number is on the way to the next node.  What is on the way to a node
is a set (`inbox_set`).  A node is a candidate, lost or won, and keeps nothing else: how many states
there are depends on the order of the numbers round the ring.  1, 2, 3: 24.  3, 2, 1: 20.
1, 2, 3, 4: 120.  4, 3, 2, 1: 76.  Whatever the order, they end in one state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowlet import Dispatcher, Event, receive, whereis


class Number(Event):
    value: int


def node(mine: int, following: str) -> None:
    """Swallow greater numbers, pass on smaller ones; who gets its own back has won."""
    whereis(following).send(Number(mine))
    while (number := receive(Number, at="candidate").value) > mine:
        pass
    if number == mine:
        while True:
            receive(Number, at="won")  # what is still on the way ends here
    while True:
        whereis(following).send(Number(number))
        number = receive(Number, at="lost").value


def system(d: Dispatcher, numbers: Sequence[int] = (1, 2, 3)) -> None:
    """A ring of nodes."""
    following = (*numbers[1:], numbers[0])
    for mine, its in zip(numbers, following, strict=True):
        d.spawn(node, mine, f"node {its}", name=f"node {mine}")


def one_leader(v: Any) -> bool:
    """At most one has won."""
    return bool(sum(actor.state == ("won",) for actor in v.actors) <= 1)
