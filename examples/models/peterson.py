"""Peterson's algorithm: two processes exclude each other with two flags and a turn.

A process waits at six places, and the rest of the state is in the cells: 42 states.  The turn is
the first one's at the start.
"""

from __future__ import annotations

from flowlet import Cell, Dispatcher, pause, wait_until


def process(mine: Cell[bool], others: Cell[bool], turn: Cell[int], number: int) -> None:
    """Enter the critical section again and again, never together with the other."""
    while True:
        pause("want to enter", at="idle")
        pause("raise my flag", at="wanting")
        mine.value = True
        pause("let the other go first", at="polite")
        turn.value = 3 - number
        wait_until(lambda: not others.value or turn.value == number, at="waiting")
        pause("leave", at="critical")
        pause("lower my flag", at="leaving")
        mine.value = False


def system(d: Dispatcher) -> None:
    """The processes 1 and 2."""
    flags = d.shared("flag 1", False), d.shared("flag 2", False)
    turn = d.shared("turn", 1)
    d.spawn(process, flags[0], flags[1], turn, 1, name="process 1")
    d.spawn(process, flags[1], flags[0], turn, 2, name="process 2")
