"""Globals that the runs of an exploration share, and must not change.

Runs have arguments, closures and objects of their own, but a module exists once.  What one run
changes there another one sees, and neither the state nor the graph would say so.  Such a change is
found at the end, undone, and told.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import CodeType, ModuleType
from typing import Any

from ..actor import ActorRef
from ..dispatcher import Dispatcher
from ..errors import ExploreError
from ..syntax import Code
from .values import Canon, Form


class SharedGlobals:
    """The data in the globals that some functions use, as it was."""

    def __init__(self, functions: Mapping[CodeType, Code], make_canon: Callable[[], Canon]) -> None:
        self.make_canon = make_canon
        self.before: list[tuple[dict[str, Any], str, Form, Any]] = []
        seen: set[tuple[int, str]] = set()
        for code, read in functions.items():
            space: Any = read.scope.globals
            for name in code.co_names:
                if name in space and (id(space), name) not in seen and _is_data(space[name]):
                    seen.add((id(space), name))
                    self._note(space, name)

    def _note(self, space: dict[str, Any], name: str) -> None:
        value = space[name]
        try:
            self.before.append(
                (space, name, self.make_canon().of(value, name), copy.deepcopy(value))
            )
        except Exception:
            return  # what cannot be compared or copied cannot be watched

    def check(self) -> None:
        """Raise `ExploreError` if one was changed; all are put back as they were."""
        changed = []
        for space, name, form, saved in self.before:
            now = space.get(name)
            if self.make_canon().of(now, name) != form:
                changed.append(name)
                space[name] = _put_back(now, saved)
        if changed:
            raise ExploreError(
                f"the global {', '.join(changed)} is changed by the function, and all its runs "
                "share it, so its states cannot be told apart; make it a local of the function, or "
                "hand it over: explore(functools.partial(fn, …))"
            )


def _is_data(value: Any) -> bool:
    if isinstance(value, type | ModuleType | ActorRef | Dispatcher) or callable(value):
        return False
    return not type(value).__module__.startswith(("typing", "logging"))


def _put_back(now: Any, saved: Any) -> Any:
    """The value as it was; the same object where that can be done."""
    if type(now) is not type(saved):
        return saved
    if isinstance(now, list):
        now[:] = saved
    elif isinstance(now, dict | set):
        now.clear()
        now.update(saved)
    elif hasattr(now, "__dict__"):
        vars(now).clear()
        vars(now).update(vars(saved))
    else:
        return saved
    return now
