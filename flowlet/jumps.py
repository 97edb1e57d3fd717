"""Jumps: `flow` runs a function in place, and `become` goes on as another one inside it.

So a machine that is no tree is written without a stack that grows: each of its states is a
function, which ends by becoming the next.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NoReturn, ParamSpec, TypeVar

from .blocks import running
from .errors import IllegalCallError, Jump
from .handlers import lands_inside
from .life import go_through
from .names import NO_PLAIN_FUNCTION, check_function
from .syntax import playing

R = TypeVar("R")
P = ParamSpec("P")


@playing("flow")
def flow(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in place and return its result; inside it, `become` jumps.

    For machines that are no tree: `with state("open"), until(Reset): flow(listen)`.
    """
    me = running("flow")
    if type(fn) is not FunctionType or fn.__code__.co_flags & NO_PLAIN_FUNCTION:
        check_function(fn, "flow", "a function and its arguments")
    floor = me.floor
    me.floor = me.block
    try:
        return go_through(fn, args, kwargs, me.unwinding)
    finally:
        me.floor = floor


@playing("become")
def become(fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> NoReturn:
    """Leave every block opened since the nearest `flow` (or the actor) began; go on as `fn`.

    The clean-up of the blocks that are left runs first.  The stack does not grow.  In a handler of
    `on`, the nearest `flow` is the one round the wait that it interrupts.
    """
    me = running("become")
    if type(fn) is not FunctionType or fn.__code__.co_flags & NO_PLAIN_FUNCTION:
        check_function(fn, "become", "a function and its arguments")
    if me.home.asking is me:
        raise IllegalCallError(
            "become was called in a where= or in the predicate of a wait_until, which are asked "
            "in the middle of a wait; call it after the wait"
        )
    last = me.floor
    if me.held is not None and lands_inside(me.held, last):
        last = me.held.last.outer  # the `flow` is round the wait, and `on` sees to the rest
    if me.block is last:
        me.unwinding = True
    else:
        me.put_to_sleep(last)
    raise Jump(fn, args, kwargs)
