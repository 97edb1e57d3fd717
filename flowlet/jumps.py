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
from .life import go_through
from .names import NO_PLAIN_FUNCTION, check_function
from .roles import playing

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
    floor, unwinding = me.floor, me.unwinding
    me.floor = me.block, me.held
    try:
        return go_through(fn, args, kwargs, unwinding)
    finally:
        me.floor = floor
        if me.unwinding is become:
            me.unwinding = unwinding


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
    me.put_to_sleep(become, *me.floor)
    raise Jump(fn, args, kwargs)
