"""A barrier: nobody starts the next round before all have ended this one.

Who has arrived is a set in a cell.  A process waits at one place, until it is not in the set, and
the barrier at one, until all are; it opens for all at once.  So each subset is a state: 64 for six.
"""

from __future__ import annotations

from flowlet import Cell, Dispatcher, wait_until

Arrived = Cell[frozenset[int]]


def process(number: int, arrived: Arrived) -> None:
    """Round after round: go on when the barrier has opened, and come to it again."""
    while True:
        wait_until(lambda: number not in arrived.value)
        arrived.value |= {number}


def barrier(processes: int, arrived: Arrived) -> None:
    """Open when all have arrived."""
    while True:
        wait_until(lambda: len(arrived.value) == processes)
        arrived.value = frozenset()


def system(d: Dispatcher, processes: int = 6) -> None:
    """Some processes and a barrier."""
    arrived: Arrived = d.shared("arrived", frozenset())
    for number in range(processes):
        d.spawn(process, number, arrived, name=f"process {number}")
    d.spawn(barrier, processes, arrived)
