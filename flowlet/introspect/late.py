"""Replies that come too late, and could be taken for those to a later request.

A run knows each request by itself.  The search knows whom an actor asks; so where one gives up
waiting and asks the same actor again, a late reply to the first request would count for the second.
That is found after a search, and told.
"""

from __future__ import annotations

from .local import LocalMachine
from .product import Product
from .standing import LocalState


def note_late_replies(product: Product) -> None:
    """Note whom an actor asks again after it has given up."""
    for machine in product.machines:
        for asked in sorted(_asked_again(machine)):
            product.note(
                f"{machine.name} gives up waiting for {product.names[asked]}, and asks it again: a "
                "late reply to the first request may count for the second, which it does in no "
                "run; let the server be asked by events of its own, or ask without after="
            )


def _asked_again(machine: LocalMachine) -> set[int]:
    found: set[int] = set()
    seen: set[tuple[int, int]] = set()
    todo = [pair for state in machine.states for pair in _given_up(machine, state)]
    while todo:
        asked, number = todo.pop()
        if (asked, number) in seen:
            continue
        seen.add((asked, number))
        state = machine.states[number]
        if asked in _asks(state):
            found.add(asked)
        todo += [(asked, outcome.target) for _, outcome in state.ran]
    return found


def _given_up(machine: LocalMachine, state: LocalState) -> set[tuple[int, int]]:
    """Of each step that leaves an ask without a reply: whom it asked, and where it leads."""
    return {
        (asked, outcome.target)
        for asked in _asks(state)
        for stimulus, outcome in state.ran
        if stimulus.kind not in ("reply", "no reply")
        and (stimulus.kind == "timer" or asked not in _asks(machine.states[outcome.target]))
    }


def _asks(state: LocalState) -> set[int]:
    return {wait.asks for wait in state.waits if wait.kind == "ask" and wait.asks >= 0}
