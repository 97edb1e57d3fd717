"""Two jugs, of 3 and 5 gallons, a fountain, and a bomb that wants exactly 4.

One actor, to which things are done: it waits at one place, with what is in each jug.  16 such
pairs can be reached; a shortest way to 4 gallons in the big jug passes 7 of them.
"""

from __future__ import annotations

from typing import Any, Literal

from flowlet import Dispatcher, Event, receive

Jug = Literal["small", "big"]


class Fill(Event):
    jug: Jug


class Empty(Event):
    jug: Jug


class PourFrom(Event):
    jug: Jug


def jugs() -> None:
    """What is in them, after each thing that is done."""
    small = big = 0
    while True:
        match receive(Fill, Empty, PourFrom):
            case Fill("small"):
                small = 3
            case Fill("big"):
                big = 5
            case Empty("small"):
                small = 0
            case Empty("big"):
                big = 0
            case PourFrom("small"):
                poured = min(small, 5 - big)
                small, big = small - poured, big + poured
            case PourFrom("big"):
                poured = min(big, 3 - small)
                small, big = small + poured, big - poured


def system(d: Dispatcher) -> None:
    """The jugs alone; what is done to them comes from outside."""
    d.spawn(jugs)


#: The shortest way to what is wanted.
SOLUTION = (
    Fill("big"),
    PourFrom("big"),
    Empty("small"),
    PourFrom("big"),
    Fill("big"),
    PourFrom("big"),
)


def never_four_gallons(v: Any) -> bool:
    """The big jug never holds what is wanted: to be refuted."""
    return bool(v["jugs"].locals["big"] != 4)
