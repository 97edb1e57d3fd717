"""An allocator that hands resources to clients, part by part.

A client that wants and holds nothing requests some resources; one that holds some gives part of
them back, also before it has got all.  The allocator gives any part of what a client wants and is
free.  All of them wait at one place, and what clients want and hold is in cells: 400 states for
three clients and two resources.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations, product
from typing import Any

from flowlet import Cell, Dispatcher, choose, wait_until

Resources = frozenset[str]


def client(wants: Cell[Resources], holds: Cell[Resources], resources: Resources) -> None:
    """Request some, and give back what has come, for ever."""
    while True:
        wait_until(lambda: holds.value or not wants.value)
        if holds.value:
            holds.value -= choose(*parts(holds.value))
        else:
            wants.value = choose(*parts(resources))


def allocator(
    wants: Sequence[Cell[Resources]], holds: Sequence[Cell[Resources]], resources: Resources
) -> None:
    """Give any part of what somebody wants and nobody has."""

    def offers() -> list[tuple[int, Resources]]:
        free = resources.difference(*(cell.value for cell in holds))
        return [(n, part) for n, cell in enumerate(wants) for part in parts(cell.value & free)]

    while True:
        wait_until(offers)
        taker, part = choose(*offers())
        wants[taker].value -= part
        holds[taker].value |= part


def parts(whole: Resources) -> list[Resources]:
    """The subsets of it, without the empty one."""
    sizes = range(1, len(whole) + 1)
    return [frozenset(c) for c in chain(*(combinations(sorted(whole), n) for n in sizes))]


def system(d: Dispatcher, clients: int = 3, resources: int = 2) -> None:
    """Some clients and their allocator."""
    everything = frozenset(f"resource {n}" for n in range(resources))
    nothing: Resources = frozenset()
    wants = [d.shared(f"client {n} wants", nothing) for n in range(clients)]
    holds = [d.shared(f"client {n} holds", nothing) for n in range(clients)]
    for n in range(clients):
        d.spawn(client, wants[n], holds[n], everything, name=f"client {n}")
    d.spawn(allocator, wants, holds, everything)


def nothing_held_twice(v: Any) -> bool:
    """No resource is with two clients."""
    held = [cell for name, cell in v.cells.items() if name.endswith("holds")]
    return all(not one & other for one, other in product(held, held) if one is not other)
