"""The prisoners and the two switches.

Now and then a prisoner is led into a room, and must turn one of two switches.  They go free when
one of them says, and rightly, that all have been there; nobody knows how the switches stood at
first.  So one of them counts: he alone turns switch A down, and each of the others turns it up, but
no more than twice.  Switch B is for those who must turn something.

A prisoner waits at one place with how often he has turned A up, the counter with his count; the
switches are cells.  With four of them, from each of the four positions: 214 states.
"""

from __future__ import annotations

from typing import Any

from flowlet import Cell, Dispatcher, emit, pause


def prisoner(a: Cell[bool], b: Cell[bool]) -> None:
    """Turn A up, twice in all, where it is down; else turn B."""
    turned_up = 0
    while True:
        pause("led into the room")
        if not a.value and turned_up < 2:
            a.value = True
            turned_up += 1
        else:
            b.value = not b.value


def counter(a: Cell[bool], b: Cell[bool], prisoners: int) -> None:
    """Turn A down where it is up, and count; else turn B."""
    count = 0
    while True:
        pause("led into the room")
        if a.value:
            a.value = False
            count += 1
            # Twice each: so one too many, if A was up at first, does not mislead him.
            if count == 2 * (prisoners - 1):
                emit("we have all been here")
        else:
            b.value = not b.value


def system(d: Dispatcher, prisoners: int = 4) -> None:
    """A counter and the others; the switches stand as they please."""
    a = d.shared("A", d.choose(False, True))
    b = d.shared("B", d.choose(False, True))
    for number in range(1, prisoners):
        d.spawn(prisoner, a, b, name=f"prisoner {number}")
    d.spawn(counter, a, b, prisoners)


def never_too_early(v: Any) -> bool:
    """When the counter says it, all the others have been in the room."""
    turned_up = [p.locals["turned_up"] for p in v.actors if "turned_up" in p.locals]
    return v["counter"].locals["count"] < 2 * len(turned_up) or all(turned_up)
