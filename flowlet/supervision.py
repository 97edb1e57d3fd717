"""Supervision: children that are run again when they fail, after Erlang's supervisors.

The words and the strategies are those of the OTP manual (`supervisor`, "Supervision Strategy",
"Restart Intensity").  What differs: a child that is run again is the same actor.  Its handle and
its unread mail stay; only its function begins anew.  How, `keeper.py` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, TypeVarTuple, overload

from . import names
from .blocks import Name, Seconds, running
from .errors import IllegalCallError
from .events import seconds_of
from .keeper import Child, Restart, Strategy, Supervision
from .roles import playing

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

RESTARTS: Final[tuple[Restart, ...]] = ("on_error", "always", "never")
STRATEGIES: Final[tuple[Strategy, ...]] = ("one_for_one", "one_for_all", "rest_for_one")

Given: TypeAlias = Callable[[], R] | Child[R]


@playing("spawn")
def child(
    fn: Callable[[*Ts], R], *args: *Ts, name: str | None = None, restart: Restart = "on_error"
) -> Child[R]:
    """A child for `supervise`, where a bare function does not do.

    ```python
    supervise(child(serve, 8080, name="web", restart="always"), child(warm_up, restart="never"))
    ```

    `restart`: whether it is run again when it has failed (`on_error`), also when it has returned
    (`always`), or not at all (`never`).
    """
    names.check_function(fn, "child", "a function and its arguments")
    if restart not in RESTARTS:
        raise ValueError(f"restart is one of {', '.join(RESTARTS)}, not {restart!r}")
    return Child(fn, args, name, restart)


# fmt: off
# ruff: noqa: E501
@overload
def supervise(
    c1: Given[A], /, *,
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A]: ...
@overload
def supervise(
    c1: Given[A], c2: Given[B], /, *,
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A, B]: ...
@overload
def supervise(
    c1: Given[A], c2: Given[B], c3: Given[C], /, *,
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A, B, C]: ...
@overload
def supervise(
    c1: Given[A], c2: Given[B], c3: Given[C], c4: Given[D], /, *,
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A, B, C, D]: ...
@overload
def supervise(
    c1: Given[A], c2: Given[B], c3: Given[C], c4: Given[D], c5: Given[E], /, *,
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A, B, C, D, E]: ...
@overload
def supervise(
    *children: Given[A],
    strategy: Strategy = "one_for_one", max_restarts: int = 3, within: Seconds = 5.0, at: Name | None = None,
) -> tuple[A, ...]: ...
# fmt: on
@playing("wait")
def supervise(
    *children: Any,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 3,
    within: Seconds = 5.0,
    at: Name | None = None,
) -> tuple[Any, ...]:
    """Run children, again when they fail, until all have ended; returns their results in order.

    ```python
    with state("serving"), until(Shutdown):
        supervise(listener, child(worker, jobs, name="worker"), strategy="rest_for_one")
    ```

    A child is a function, or `child(fn, *args, name=…, restart=…)`.  A restarted one keeps its
    handle and its unread mail, without the event that it failed on.  `strategy` says who is
    restarted with a child that failed: nobody (`one_for_one`), all (`one_for_all`), or those that
    were started after it (`rest_for_one`).  They are stopped in reverse order first.  A child that
    is stopped by `ref.stop()` has ended, and so has one that has returned.

    More than `max_restarts` within the last `within` seconds raise `RestartLimitError`.  The
    failure of a child that is not restarted is raised.  Whichever way the call is left, the
    children are stopped before, the last one first, with their clean-up.
    """
    me = running("supervise")
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
    if type(max_restarts) is not int or max_restarts < 0:
        raise ValueError(f"max_restarts is a number, 0 or more, not {max_restarts!r}")
    period = seconds_of(within)
    if me.home.asking is me:
        raise IllegalCallError("supervise was called in a where= or a wait_until, which only ask")
    given = []
    for one in children:
        if not isinstance(one, Child):
            names.check_function(
                one, "supervise", "functions without arguments, and child(fn, *args)"
            )
        given.append(one if isinstance(one, Child) else Child(one, (), None, "on_error"))
    return Supervision(me, given, strategy, max_restarts, period, at).run()
