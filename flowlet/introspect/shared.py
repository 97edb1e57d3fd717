"""What the runs of an exploration share, and must not change.

Runs have arguments, closures and objects of their own, but a module exists once.  What one run
changes there another one sees, and neither the state nor the graph would say so.  Such a change is
found at the end, undone where that can be done, and told by name.  What can be neither compared
nor copied is told as well: nobody knows whether it changes.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from ..errors import ExploreError
from ..syntax import Code
from .reach import MISSING, Chance, Place, reached
from .values import Canon, Form

#: So many calls whose outcome is another one each time are told.
_MOST_CHANCES = 3


@dataclass(slots=True)
class _Watched:
    place: Place
    form: Form
    #: How it was, if it could be copied.
    saved: Any
    is_saved: bool


class SharedGlobals:
    """The data outside themselves that some functions reach, as it was."""

    def __init__(self, functions: Mapping[CodeType, Code], make_canon: Callable[[], Canon]) -> None:
        self.make_canon = make_canon
        self.chance: tuple[Any, ...] = random.getstate()
        self.watched: list[_Watched] = []
        #: What cannot be watched, and so may change unseen.
        self.notes: dict[str, None] = {}
        found = reached((code, dict_of(read)) for code, read in functions.items())
        self.chances: list[Chance] = list(found.chances.values())
        for place in found.places.values():
            self._watch(place)
        for chance in self.chances:
            self.notes[
                f"{chance.call}() is called at {chance.line}, whose outcome is another one each "
                f"time: what depends on it may be missing; {chance.instead}"
            ] = None

    def _watch(self, place: Place) -> None:
        value = place.read()
        try:
            form = self._form(value, place.label)
        except Exception:
            if not place.is_minor:
                kind = type(value)
                self.notes[
                    f"{place.label} is a {kind.__module__}.{kind.__qualname__}, which can be "
                    "neither compared nor copied: if what is explored changes it, its runs share "
                    "that, and edges may be missing; make it inside the function, or say what is "
                    f"in it: explore(…, hooks={{{kind.__qualname__}: fn}})"
                ] = None
            return
        try:
            watched = _Watched(place, form, copy.deepcopy(value), True)
        except Exception:
            watched = _Watched(place, form, None, False)
        self.watched.append(watched)

    def _form(self, value: Any, label: str) -> Form:
        return MISSING if value is MISSING else self.make_canon().of(value, label)

    def check(self) -> None:
        """Raise `ExploreError` if something was changed; it is put back as it was."""
        changed = []
        for each in self.watched:
            place = each.place
            now = place.read()
            if self._same(now, each):
                continue
            more = now if isinstance(now, tuple) and "…" in place.label else ("…",)
            changed += [place.label.replace("…", str(key)) for key in more]
            if each.is_saved:
                place.put(_put_back(now, each.saved))
        drawn, self.chance = random.getstate() != self.chance, random.getstate()
        if drawn and not changed:
            raise ExploreError(
                "the function draws from random, so it does not do the same twice; take what is "
                "left to chance as an event, and explore gives it every value"
            )
        if changed:
            raise ExploreError(
                f"{', '.join(dict.fromkeys(changed))} is changed by the function: hidden shared "
                "state, since all its runs share it, so its states cannot be told apart; make it a "
                "local of the function, or hand it over: explore(functools.partial(fn, …))"
            )

    def _same(self, now: Any, before: _Watched) -> bool:
        try:
            return bool(self._form(now, before.place.label) == before.form)
        except Exception:
            return False

    def explained(self, error: ExploreError) -> ExploreError:
        """The same error, with what the code calls whose outcome is another one each time."""
        if not self.chances:
            return error
        told = "; ".join(map(str, self.chances[:_MOST_CHANCES]))
        return ExploreError(f"{error}; look at {told}")


def dict_of(read: Code) -> dict[str, Any]:
    """The globals that a function sees."""
    space: dict[str, Any] = read.scope.globals  # type: ignore[assignment]  # a mapping to readers
    return space


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
