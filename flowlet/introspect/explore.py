"""`explore`: everything that can happen to an actor, or to the actors of a system.

The work is done elsewhere: `system` puts the search together, `product` is the search, `local` runs
the real code, and `identity` tells states apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from .. import names
from ..errors import ExploreError
from .found import Exploration
from .targets import is_system

if TYPE_CHECKING:
    from .alphabet import Examples
    from .network import NetworkKind
    from .symmetry import Symmetry
    from .values import Hooks

Time = Literal["any", "ordered"]
Progress = Callable[[int, int], None]

#: Live instances kept for states that wait to be continued.
_MOST_KEPT = 1000


def explore(
    target: Callable[..., Any],
    *,
    events: Iterable[Any] | None = None,
    examples: Examples = None,
    time: Time = "any",
    keep: Collection[str] = (),
    identity: Literal["live", "all"] = "live",
    max_states: int = 1_000_000,
    progress: Progress | None = None,
    network: NetworkKind = "fifo",
    lossy: bool = False,
    within: Callable[[Any], object] | None = None,
    symmetry: Symmetry = None,
    audit: bool = True,
    early: bool = False,
    hooks: Hooks | None = None,
) -> Exploration:
    """Run an actor function, or a system, through everything that can happen to it.

    ```python
    x = explore(turnstile)
    x.complete, x.unique_states
    x.graph.triples()      # {("locked", "Coin", "unlocked"), …}
    ```

    A system is given by its function, `def system(d: Dispatcher)`, which spawns the actors.  Every
    order is tried in which they can go on, and in which their messages can arrive: `network` is
    `"fifo"` for each pair, `"unordered"`, `"inbox_set"` or `"duplicating"`; `lossy` ones may lose
    any message.  `within` is a predicate on a view (see `check`): states outside it are not
    generated.  Under `symmetry`, states that differ only in which of the like actors is which are
    one: their function, or their names.  `audit` runs a sample of the ways once more, with all
    actors together, to see that they share nothing but messages and cells.

    `events` is the alphabet by hand; otherwise it is made from the types that the waits take and
    `examples` (by event type, `"Coin.value"` or field name).  `time="any"` lets any armed timer
    go off at any time, `"ordered"` only the earliest.  `keep` names variables that count even
    where nothing reads them again; `identity="all"` counts every one.  `early` offers a lone actor
    also, once of each type, what it would keep.  `hooks`: for objects whose state cannot be read,
    by type a function that gives a value which says all of it.  `progress` is called with
    the number of states found and those still to be continued.

    Raises `ExploreError` where the function cannot be explored exactly.
    """
    check_options(target, time, identity, max_states, within, symmetry, examples)
    keep = listed_names(keep)
    from ..source import forget
    from .system import Options, explore_system  # what searches: `flowlet.introspect` says why

    forget(names.unwrapped(target))
    events = listed_events(events)
    options = Options(
        network, lossy, time, within, symmetry, events, examples, keep, identity, max_states,
        progress, audit, early, hooks or {},
    )  # fmt: skip
    return explore_system(target, options)


def listed_events(events: Any) -> list[Any] | None:
    """The alphabet that was given by hand.  Raises `ExploreError` for what is no list of events."""
    single = isinstance(events, type | str | bytes | BaseModel | Mapping)
    if single or not isinstance(events, Iterable | None):
        raise ExploreError(
            f"events= takes a list of events and types of events, not {events!r}: "
            "explore(fn, events=[Coin(5), Push])"
        )
    return None if events is None else list(events)


def _check_examples(examples: Any) -> None:
    """Raise `ExploreError` where one example stands for a list of them."""
    given = examples.items() if isinstance(examples, Mapping) else [("", examples)]
    for key, values in given:
        single = isinstance(values, str | bytes | BaseModel | Mapping)
        if values is not None and (single or not isinstance(values, Iterable)):
            told = f"{{{key!r}: {values!r}}}" if key else repr(values)
            instead = f"{{{key!r}: [{values!r}]}}" if key else f"[{values!r}]"
            raise ExploreError(f"examples= takes lists of values, not {told}: examples={instead}")


def listed_names(keep: Any) -> tuple[str, ...]:
    """The names that count anyhow; one alone may be given as it is."""
    given = (keep,) if isinstance(keep, str) else keep
    listed = tuple(given) if isinstance(given, Iterable) else (keep,)
    if not all(isinstance(name, str) for name in listed):
        raise ExploreError(f'keep= takes names of variables, not {keep!r}: keep=("count",)')
    return listed


def check_options(
    target: Any,
    time: str,
    identity: str,
    max_states: int,
    within: Any = None,
    symmetry: Any = None,
    examples: Any = None,
) -> None:
    """Raise `ExploreError` for what cannot be explored, or not so."""
    if not callable(target):
        raise ExploreError(f"explore takes an actor function, not {target!r}")
    if time not in ("any", "ordered"):
        raise ExploreError(f'time is "any" or "ordered", not {time!r}')
    if identity not in ("live", "all"):
        raise ExploreError(f'identity is "live" or "all", not {identity!r}')
    if not isinstance(max_states, int) or max_states < 1:
        raise ExploreError(f"max_states is a number, 1 or more, not {max_states!r}")
    if within is not None and not callable(within):
        raise ExploreError(
            f"within takes a function of a view, not {within!r}: "
            'within=lambda v: v["a"].locals["count"] <= 5'
        )
    if isinstance(symmetry, str):
        raise ExploreError(
            f"symmetry= takes the function of the actors that are interchangeable, or a list of "
            f'their names, not {symmetry!r}: symmetry=worker, symmetry=["a", "b"]'
        )
    _check_examples(examples)
    fn = names.function_name(target)
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if needed and not is_system(target):
        bound = ", ".join(f"{name}=…" for name in needed)
        raise ExploreError(
            f"{fn} needs arguments ({', '.join(needed)}); bind them: "
            f"explore(functools.partial({fn}, {bound}))"
        )
    if inspect.isgeneratorfunction(target) or inspect.iscoroutinefunction(target):
        raise ExploreError(
            f"{fn} is a generator or coroutine; an actor function is a plain function that calls "
            "receive() where it waits"
        )
