"""One run of an explored function: a dispatcher of its own, on which only the search moves time.

Runs share nothing: arguments, objects and closures are copied for each.  Other actors that the
function names are environment: what is sent to them is noted, and gone.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

from pydantic import BaseModel

from ..actor import NOBODY, ActorRef, current_actor
from ..dispatcher import Dispatcher
from ..errors import ExploreError
from ..instrument import Sent
from ..options import options_of
from .telling_steps import told
from .values import Moment


@dataclass(frozen=True, slots=True)
class Pick:
    """What a `choose` took: which of how many options, and how it reads on an edge."""

    place: int
    options: int
    text: str


class _Elsewhere(ActorRef[Any]):
    """An actor that the explored one names, and that is not there: what is sent to it is gone."""

    __slots__ = ()

    def send(self, event: object, after: Any = None) -> Any:
        """Told to the listeners, and forgotten."""
        home = self._home
        home.report(Sent(home.now(), self, event, current_actor()))


class Stage(Dispatcher):
    """A dispatcher whose time moves only when the search says so, with one actor on it."""

    def __init__(self) -> None:
        super().__init__()
        self.now: Callable[[], float] = self._moment
        #: Whether an actor has asked for the time since the last stimulus.
        self.asked_now: bool = False
        self.refusal: ExploreError | None = None
        #: The options that each `choose` is to take, by place; from there on it takes the first.
        self.picks: tuple[int, ...] = ()
        self.picked: list[Pick] = []
        self._elsewhere: dict[str, ActorRef[Any]] = {}

    def refuse(self, why: str) -> NoReturn:
        """What cannot be explored is told to whoever explores."""
        self.refusal = ExploreError(why)
        raise self.refusal

    def is_now(self, value: Any) -> bool:
        """Whether a value is the time that was just asked for, or a model with it in a field."""
        if not self.asked_now:
            return False
        fields = value.__dict__.values() if isinstance(value, BaseModel) else (value,)
        now = float(self.clock.now())
        return any(type(field) is float and field == now for field in fields)

    def _moment(self) -> float:
        self.asked_now = True
        return Moment(self.clock.time)

    def _fire_due(self) -> bool:
        return False

    def choose_for(self, ref: ActorRef[Any] | None, options: tuple[Any, ...]) -> Any:
        """The option that the search wants now."""
        done = len(self.picked)
        place = self.picks[done] if done < len(self.picks) else 0
        self.picked.append(Pick(place, len(options), f"chose {told(options[place])}"))
        return options[place]

    def forget_old(self, times: deque[float], within: float) -> None:
        """How much time has passed between two steps nobody knows, so both are tried."""
        if times and self.choose_for(None, (f"within {within:g}s", "later")) == "later":
            times.clear()

    def rng_for(self, ref: ActorRef[Any]) -> Random:
        """Chance that cannot be tried out."""
        self.refuse(
            f"{ref.name} calls rng(), whose outcomes are without number; use choose(…), whose "
            "options are all explored"
        )

    def find(self, name: str) -> ActorRef[Any] | None:
        """Any other actor is part of the environment."""
        return super().find(name) or self._environment(name)

    def _environment(self, name: str) -> ActorRef[Any]:
        if name not in self._elsewhere:
            ref = _Elsewhere(self, NOBODY, _nobody, (), name, options_of(_nobody), None, None)
            ref.phase = "alive"
            self._elsewhere[name] = ref
        return self._elsewhere[name]


def _nobody() -> None:
    """What an actor of the environment runs."""


def unshared(event: Any) -> Any:
    """The event, or a copy where an actor could change it."""
    try:
        hash(event)
    except TypeError:
        return copy.deepcopy(event)
    return event


def fresh(target: Callable[..., Any]) -> Callable[..., Any]:
    """The function with arguments, object and closure of its own, so that runs share nothing."""
    if isinstance(target, partial):
        # Together, so that two names for one object stay two names for one.
        arguments, keywords = _copy((target.args, target.keywords))
        return partial(fresh(target.func), *arguments, **keywords)
    if isinstance(target, MethodType):
        return MethodType(target.__func__, _copy(target.__self__))
    if isinstance(target, FunctionType) and (target.__closure__ or target.__defaults__):
        memo: dict[int, Any] = {}
        cells = tuple(_fresh_cell(cell, memo) for cell in target.__closure__ or ())
        defaults = _copy(target.__defaults__, memo)
        again = FunctionType(target.__code__, target.__globals__, target.__name__, defaults, cells)
        again.__kwdefaults__ = _copy(target.__kwdefaults__, memo)
        again.__dict__.update(target.__dict__)
        again.__module__ = target.__module__
        return again
    return target


def _fresh_cell(cell: CellType, memo: dict[int, Any]) -> CellType:
    try:
        return CellType(_copy(cell.cell_contents, memo))
    except ValueError:
        return CellType()


def _copy(value: Any, memo: dict[int, Any] | None = None) -> Any:
    if isinstance(value, ModuleType | ActorRef | FunctionType):
        return value
    try:
        return copy.deepcopy(value, memo)
    except Exception as error:
        raise ExploreError(
            f"{value!r} is shared by all runs and cannot be copied ({error}); make it inside the "
            "function, or hand over something that can be copied"
        ) from None
