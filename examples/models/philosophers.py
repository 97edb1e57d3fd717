"""The dining philosophers: N at a round table, with N forks, each wants the two beside the plate.

A fork lies on the table, or its one neighbour holds it, or the other: 3^N states, as the forks say
at which of its four places each philosopher waits.  One of them is not reached, that in which each
holds only the second fork; so there are 3^N − 1, and one is the deadlock, in which each holds only
the first.  If the last one is left-handed, 3^N, and no deadlock.  Forks are put down in the order
in which they were taken.
"""

from __future__ import annotations

from flowlet import Cell, Dispatcher, pause, wait_until


def philosopher(first: Cell[bool], second: Cell[bool]) -> None:
    """Take one fork, then the other; eat; put them down in the same order."""
    while True:
        wait_until(lambda: first.value, at="thinking")
        first.value = False
        wait_until(lambda: second.value, at="hungry")
        second.value = False
        pause("put down the first", at="eating")
        first.value = True
        pause("put down the second", at="sated")
        second.value = True


def system(d: Dispatcher, seats: int = 3, left_handed: bool = False) -> None:
    """A table; with `left_handed` the last one takes the other fork first."""
    forks = [d.shared(f"fork {n}", True) for n in range(seats)]
    for n in range(seats):
        left, right = forks[n], forks[(n + 1) % seats]
        if left_handed and n == seats - 1:
            left, right = right, left
        d.spawn(philosopher, left, right, name=f"philosopher {n}")
