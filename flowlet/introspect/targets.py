"""What can be explored: a system function, or an actor function, which is a system of one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def is_system(target: Callable[..., Any]) -> bool:
    """Whether a function spawns a system: its one parameter is a dispatcher."""
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return False
    bound = target.keywords if isinstance(target, functools.partial) else {}
    needed = [p for p in parameters if p.default is p.empty and p.name not in bound]
    if len(needed) != 1 or needed[0].kind in (needed[0].VAR_POSITIONAL, needed[0].VAR_KEYWORD):
        return False
    annotation = needed[0].annotation
    return needed[0].name == "d" or "Dispatcher" in str(annotation)


def alone(fn: Callable[..., Any]) -> Callable[[Any], None]:
    """A system of one actor, which runs this function."""
    from .stage import fresh  # what runs it: `flowlet.introspect` says why

    def system(d: Any) -> None:
        d.spawn(fresh(fn))

    return system
