"""Transaction commit as such: what two-phase commit is an implementation of.

Resource managers see each other.  A manager that works may prepare or abort; a prepared one may
commit when all are prepared or have committed, and abort while nobody has committed.  The place
where a manager waits, or how it ended, says the same as its cell: 34 states for three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowlet import Cell, Dispatcher, choose, pause, state


def manager(mine: Cell[str], all_of_us: Sequence[Cell[str]]) -> None:
    """Commit or abort, as the others do."""
    pause(at="working")
    if choose("prepare", "abort") == "prepare":
        mine.value = "prepared"
        pause(at="prepared")
        if choose(*possible({cell.value for cell in all_of_us})) == "commit":
            with state("committed"):
                mine.value = "committed"
                return
    with state("aborted"):
        mine.value = "aborted"


def possible(places: set[str]) -> list[str]:
    """What a prepared manager may do, with the managers at these places."""
    commit = ["commit"] if places <= {"prepared", "committed"} else []
    abort = ["abort"] if "committed" not in places else []
    return commit + abort


def system(d: Dispatcher, managers: int = 3) -> None:
    """Some managers, each with a cell that the others read."""
    cells = [d.shared(f"place {n}", "working") for n in range(managers)]
    for n, mine in enumerate(cells):
        d.spawn(manager, mine, cells, name=f"manager {n}")


def consistent(v: Any) -> bool:
    """No two of them have decided differently."""
    return len({actor.state for actor in v.actors} & {("committed",), ("aborted",)}) < 2
