"""`wait_until`: a wait for something to be true of shared cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .blocks import Name, running
from .cells import Look
from .dispatcher import step_aside
from .errors import IllegalCallError
from .events import Over
from .mailbox import QUEUED, WatchedBox
from .names import check_function
from .reports import note_wait, report_delivery
from .roles import playing
from .waiting import wait

CALLED: Final = "wait_until"


@playing("wait")
def wait_until(predicate: Callable[[], object], at: Name | None = None) -> None:
    """Wait until something is true of shared cells; mail is kept meanwhile.

    ```python
    turn = d.shared("turn", 1)
    …
    wait_until(lambda: turn.value == 2)
    ```

    `predicate`: a function without arguments that reads cells and does nothing else.  Others have
    their turn first, even if it holds already.  It is asked again only when a cell that it has
    read is given a different value; of several that hold, the one that began to wait first goes
    on first.  `at`: the name of this state.

    Raises `IllegalCallError` if it does not hold and has read no cell.
    """
    me = running("wait_until")
    home = me.home
    check_function(
        predicate,
        "wait_until",
        "a function without arguments",
        "wait_until(lambda: cell.value == 1)",
    )
    if home.asking is me:
        raise IllegalCallError(
            "wait_until was called in a where= or in the predicate of another wait_until, which "
            "are asked in the middle of a wait; call it after that wait"
        )
    look = Look(me, predicate)
    when = home.deadline(0.0)
    try:
        if me.region is None:
            look.line_up()
            wait(me, None, None, None, at, CALLED, own=QUEUED, once=True)
            if home.quota == 0:
                step_aside(me)
            home.spend()
        else:
            # A region cannot stand in the queue by itself.
            home.timers.arm(when, look)
            me.at, me.called, me.kinds = at, CALLED, ()
            if me.box.__class__ is WatchedBox:
                note_wait(me)
            while not look.due:
                wait(me, None, None, None, at, CALLED, own=look, once=True)
        while not look.holds():
            look.due = False
            while not look.due:
                wait(me, None, None, None, at, CALLED, own=look, once=True)
    finally:
        home.timers.disarm(when, look)
        look.forget()
    report_delivery(me, Over(CALLED))
