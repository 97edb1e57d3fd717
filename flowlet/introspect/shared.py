"""Globals that the runs of an exploration share, and must not change.

Runs have arguments, closures and objects of their own, but a module exists once.  What one run
changes there another one sees, and neither the state nor the graph would say so.  Such a change is
found at the end, undone, and told.
"""

from __future__ import annotations

import copy
import random
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
        self.before: list[tuple[Any, str, str, Form, Any]] = []
        self.chance = random.getstate()
        seen: set[tuple[int, str]] = set()
        for code, read in functions.items():
            space: Any = read.scope.globals
            for name in code.co_names:
                if name not in space or (id(space), name) in seen:
                    continue
                seen.add((id(space), name))
                value = space[name]
                if _is_data(value):
                    self._note(space, name, name)
                elif isinstance(value, type) and value.__module__ == space.get("__name__"):
                    # Data of a class belongs to all its objects, of whichever run.
                    for attr, inner in list(vars(value).items()):
                        if not attr.startswith("__") and _is_plain(inner):
                            self._note(value, attr, f"{name}.{attr}")

    def _note(self, space: Any, key: str, label: str) -> None:
        value = _get(space, key)
        try:
            form = self.make_canon().of(value, label)
            self.before.append((space, key, label, form, copy.deepcopy(value)))
        except Exception:
            return  # what cannot be compared or copied cannot be watched

    def check(self) -> None:
        """Raise `ExploreError` if one was changed; all are put back as they were."""
        changed = []
        for space, key, label, form, saved in self.before:
            now = _get(space, key)
            if self.make_canon().of(now, label) != form:
                changed.append(label)
                if isinstance(space, dict):
                    space[key] = _put_back(now, saved)
                else:
                    setattr(space, key, _put_back(now, saved))
        drawn, self.chance = random.getstate() != self.chance, random.getstate()
        if drawn and not changed:
            raise ExploreError(
                "the function draws from random, so it does not do the same twice; take what is "
                "left to chance as an event, and explore gives it every value"
            )
        if changed:
            raise ExploreError(
                f"the global {', '.join(changed)} is changed by the function, and all its runs "
                "share it, so its states cannot be told apart; make it a local of the function, or "
                "hand it over: explore(functools.partial(fn, …))"
            )


def _get(space: Any, key: str) -> Any:
    return space.get(key) if isinstance(space, dict) else getattr(space, key, None)


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | str | list | dict | set | tuple | None)


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
