"""Jumps: `flow` runs a function in place, and `become` goes on as another one inside it.

So a machine that is no tree is written without a stack that grows: each of its states is a
function, which ends by becoming the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

from .blocks import running
from .errors import Jump
from .life import go_through
from .syntax import playing

R = TypeVar("R")
P = ParamSpec("P")


@playing("flow")
def flow(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in place and return its result; inside it, `become` jumps.

    For machines that are no tree: `with state("open"), until(Reset): flow(listen)`.
    """
    me = running("flow")
    floor = me.floor
    me.floor = me.block
    try:
        return go_through(fn, args, kwargs)
    finally:
        me.floor = floor


@playing("become")
def become(fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> NoReturn:
    """Leave every block opened since the nearest `flow` (or the actor) began; go on as `fn`.

    The clean-up of the blocks that are left runs first.  The stack does not grow.
    """
    me = running("become")
    if not callable(fn):
        raise TypeError(f"become takes a function and its arguments, not {fn!r}")
    if me.block is not me.floor:
        me.put_to_sleep(me.floor)
    raise Jump(fn, args, kwargs)
