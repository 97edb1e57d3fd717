"""A lock as such: what Peterson's algorithm and others are implementations of.

A process is idle, waits for the lock, is in the critical section, or about to unlock.  Either
nobody holds the lock and each is at one of the first two places, or one of them is at one of the
last two: 2^N + N·2·2^(N−1) states, 12 for two processes and 32 for three.
"""

from __future__ import annotations

from typing import Any

from flowlet import Cell, Dispatcher, pause, wait_until


def process(free: Cell[bool]) -> None:
    """Enter the critical section again and again, never together with another."""
    while True:
        pause("want to enter", at="idle")
        wait_until(lambda: free.value, at="waiting")
        free.value = False
        pause("leave", at="critical")
        pause("unlock", at="leaving")
        free.value = True


def system(d: Dispatcher, processes: int = 2) -> None:
    """Some processes and a lock."""
    free = d.shared("free", True)
    for number in range(1, processes + 1):
        d.spawn(process, free, name=f"process {number}")


def one_at_a_time(v: Any) -> bool:
    """No two are in the critical section, or on their way out of it."""
    inside = [actor for actor in v.actors if actor.state in (("critical",), ("leaving",))]
    return len(inside) <= 1
