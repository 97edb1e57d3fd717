"""The machine as its source says: all that could be, with nothing run.

Where exploring asks what the code does, this asks what it may do.  Every way between two waits
that can be read is an edge, whether or not data will ever let it be taken; so what is explored or
observed is always part of it.  A call that cannot be read is an edge too: to a state `?`, in which
nobody knows what the actor waits for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .. import names
from ..errors import ExploreError
from .model import StateGraph


def static(target: Callable[..., Any]) -> StateGraph:
    """Read the machine of an actor function out of its source.

    ```python
    graph = static(turnstile)
    graph.triples()     # {("locked", "Coin", "unlocked"), …}
    ```

    `target` is a function, a method or a `functools.partial`; arguments that are not given may be
    anything.  Nothing is run.  `complete` is false, and `notes` names the lines, where a call could
    not be read.

    Raises `ExploreError` for what is no actor function, or has no source.
    """
    if not callable(target):
        raise ExploreError(f"static takes an actor function, not {target!r}")
    fn = names.unwrapped(target)
    call = inspect.getattr_static(type(fn), "__call__", fn)  # of a callable object
    body: Any = fn if inspect.isroutine(fn) else call
    name = names.function_name(target)
    annotations = getattr(body, "__annotations__", {})
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except Exception:  # an odd object may say anything of itself, and from 3.12 on is called for it
        parameters = []
    required = [p.name for p in parameters if p.default is p.empty]
    if any(p == "d" or "Dispatcher" in str(annotations.get(p, "")) for p in required):
        raise ExploreError(
            f"{name} spawns the actors of a system, and a source is read one actor at a time: give "
            "static() one of the functions that it spawns"
        )
    if inspect.isgeneratorfunction(body) or inspect.iscoroutinefunction(body):
        raise ExploreError(
            f"{name} is a generator or coroutine; an actor function is a plain function that calls "
            "receive() where it waits"
        )
    try:
        inspect.getsource(getattr(body, "__wrapped__", body))
    except (OSError, TypeError):
        raise ExploreError(f"the source of {name} is not at hand, so it cannot be read") from None
    from ..source import forget
    from .source_graph import Search  # what reads: `flowlet.introspect` says why

    forget(fn)
    return Search(target).graph()
