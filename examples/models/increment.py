"""Threads that add one to a shared number, without a lock and with one.

Reading and writing are two steps, and others may come between them.  A thread is before its read,
before its write, or done; what it has read is alive until it returns it, and so is part of its
state to the end.  That and the number make 13, 84, 755 and 8 638 states for two to five threads;
an update is lost in most of the ends.

With the lock a thread also waits for it, and gives it back: 17, 61 and 257 states for two to four.
"""

from __future__ import annotations

from typing import Any

from flowlet import Cell, Dispatcher, pause, wait_until


def thread(total: Cell[int]) -> int:
    """Add one; returns what it had read."""
    pause("read")
    seen = total.value
    pause("write")
    total.value = seen + 1
    return seen


def locked_thread(total: Cell[int], lock: Cell[bool]) -> int:
    """Add one while it holds the lock; returns what it had read."""
    wait_until(lambda: not lock.value, at="acquire")
    lock.value = True
    pause("read")
    seen = total.value
    pause("write")
    total.value = seen + 1
    pause("release")
    lock.value = False
    return seen


def system(d: Dispatcher, threads: int = 2) -> None:
    """Without a lock."""
    total = d.shared("total", 0)
    for number in range(threads):
        d.spawn(thread, total, name=f"thread {number}")


def locked(d: Dispatcher, threads: int = 2) -> None:
    """With a lock."""
    total, lock = d.shared("total", 0), d.shared("lock", False)
    for number in range(threads):
        d.spawn(locked_thread, total, lock, name=f"thread {number}")


def every_one_counts(v: Any) -> bool:
    """When all have ended, the total is how many they were."""
    return any(actor.alive for actor in v.actors) or v.cells["total"] == len(v.actors)
