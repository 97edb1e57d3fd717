"""The canonical form of a value: equal for two values just when no program could tell them apart.

Types are part of it (`1`, `True` and `1.0` are equal in Python and differ here), and so is
aliasing: two names for one list are not two equal lists.  Mutable objects are numbered in the
order in which they are met; a second meeting is a reference to the number.

A value without a known form is looked at through its own pickling protocol, which by contract
gives all of its state.  What has none (a lock, a socket, an open file) is a loud error with the
path to it, never a guess.
"""

from __future__ import annotations

import contextvars
import functools
import math
import types
import warnings
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from random import Random
from typing import Any, Final

from pydantic import BaseModel

from ..actor import ActorRef
from ..blocks import History, State, until
from ..cells import Cell
from ..dispatcher import Dispatcher
from ..errors import ExploreError
from ..events import Delay, Timeout
from ..handlers import on
from ..requests import Request
from ..sending import Delayed

Form = Hashable
#: By type: a function that gives, for an object of it, a value that says all of its state.
Hooks = Mapping[type, Callable[[Any], Any]]


class Moment(float):
    """A time read from `now()` while exploring; what is computed from it stays one."""

    __slots__ = ()


def _kept(name: str) -> Callable[..., Any]:
    plain = getattr(float, name)

    @functools.wraps(plain)
    def compute(self: float, *others: Any) -> Any:
        value = plain(self, *others)
        return Moment(value) if isinstance(value, float) else value

    return compute


_ARITHMETIC = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv"),
    *("mod", "neg", "abs", "round"),
)
for _name in _ARITHMETIC:
    setattr(Moment, f"__{_name}__", _kept(f"__{_name}__"))

_PLAIN: Final = (str, bytes, int, bool, type(None), type(Ellipsis), range)
_SAMPLES: Final[tuple[Any, ...]] = (
        iter([]), iter(()), iter(range(0)), iter(range(2**70)), iter(""), iter(b""), iter({}),
        iter({}.values()), iter({}.items()), iter(set()), enumerate([]), zip(), map(str, []),
        filter(None, []), reversed([]), iter(bytearray()),
)  # fmt: skip
_ITERATORS: Final = tuple(map(type, _SAMPLES))


class Given:
    """Marks the form of a list that an actor was given as an argument."""


class Canon:
    """Makes canonical forms; one for each state, so that aliases are seen across its variables.

    `moments` collects the paths of values that were derived from `now()`.
    """

    def __init__(
        self, frame_form: Callable[[Canon, types.FrameType], Form], hooks: Hooks | None = None
    ) -> None:
        self.hooks: Hooks = hooks or {}
        self.numbers: dict[int, int] = {}
        #: Lists that the actor was given when it was spawned, by address: which argument each is.
        self.given: dict[int, int] = {}
        #: What the actor has sent for later and is still on its way, by address: its place.
        self.letters: dict[int, tuple[str, int]] = {}
        self.kept: list[Any] = []
        self.moments: set[str] = set()
        #: A child that was met: its handle means something only to its parent and to its siblings.
        self.child: ActorRef[Any] | None = None
        #: The code of the functions that were met and have variables of others.
        self.closures: set[types.CodeType] = set()
        #: Whether what was met is the same for everybody: nothing that can change, and no actor.
        self.is_plain: bool = True
        self.frame_form = frame_form

    def of(self, value: Any, path: str) -> Form:
        """The form of a value; `path` says where it is, for errors."""
        try:
            return self._form(value, path)
        except RecursionError:
            raise ExploreError(
                f"{path.partition('[')[0].partition('.')[0]} is nested too deeply to be compared; "
                "keep such a structure out of the locals that live across a wait"
            ) from None

    def _form(self, value: Any, path: str) -> Form:
        kind = type(value)
        if kind in _PLAIN:
            return (kind, value)
        if kind is Moment:
            self.moments.add(path)
            return (Moment,)
        if kind is float or kind is complex:
            return (kind, repr(value))  # which tells -0.0 from 0.0, and says that nan is nan
        if isinstance(value, type | types.ModuleType):
            return ("itself", value)
        if isinstance(value, Enum):
            return (kind, value.name)
        if kind is tuple:
            if id(value) in self.given:
                return (Given, tuple(self.of(item, f"{path}[{i}]") for i, item in enumerate(value)))
            return (tuple, *[self.of(item, f"{path}[{i}]") for i, item in enumerate(value)])
        known = self._flowlet(value, path)
        return self._object(value, path) if known is None else known

    def _flowlet(self, value: Any, path: str) -> Form | None:
        match value:
            case Timeout():
                return (Timeout, value.name, self.of(value.seconds, path))
            case Delay():
                return (Delay, value.name, self.of(value.seconds, path))
            case ActorRef():
                self.is_plain = False
                return self._actor(value, path)
            case Cell():
                self.is_plain = False
                return (Cell, value.name)
            case Delayed():
                self.is_plain = False
                return (Delayed, self.letters.get(id(value), -1))
            case State():
                return (State, value.name)
            case until():
                return (until, value.kinds, value.asleep, self.of(value.event, f"{path}.event"))
            case on():
                handler = self.of(value.handler, f"the handler of on({value.kinds[0].__name__})")
                return (on, value.kinds, handler, value.freeze, value.asleep)
            case History():
                return (History, self.of(value.last, f"{path}.last"))
            case Dispatcher():
                return (Dispatcher,)
        return None

    def _actor(self, ref: ActorRef[Any], path: str) -> Form:
        slot = getattr(ref._home, "slot_of", lambda ref: None)(ref)
        if slot is None:
            return (ActorRef, ref.name)
        self.child = ref
        if slot:
            return (ActorRef, "child", slot)
        # One that has ended is what is left of it, and may have left its slot to another one.
        number = self.numbers.get(id(ref))
        if number is not None:
            return ("again", number)
        error = ref.error
        left = () if error is None else (type(error), self.of(error.args, f"{path}.error"))
        result = self.of(ref.result, f"{path}.result")
        return (ActorRef, "ended", self._number(ref), ref.name, ref._final, result, left)

    def _object(self, value: Any, path: str) -> Form:
        number = self.numbers.get(id(value))
        if number is not None:
            return ("again", number)
        kind: Any = type(value)
        hook = next((self.hooks[base] for base in kind.__mro__ if base in self.hooks), None)
        if hook is not None:
            self.is_plain = False
            return (kind, self._number(value), self.of(hook(value), path))
        if isinstance(value, types.FunctionType):
            has = value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__
            if not has:
                return ("function", value.__code__)
        elif isinstance(value, types.BuiltinFunctionType):
            if isinstance(value.__self__, types.ModuleType | None):
                return ("builtin", value.__module__, value.__qualname__)
        elif isinstance(value, frozenset | set) and kind in (frozenset, set):
            form: tuple[Any, ...] = (kind, *self._members(value, path))
            return form if kind is frozenset else (self._number(value), *form)
        number = self._number(value)
        if not (isinstance(value, BaseModel) and value.model_config.get("frozen")):
            self.is_plain = False
        return (kind, number, *self._contents(value, kind, path))

    def _members(self, value: Any, path: str) -> list[Form]:
        """The members of a set; their own order in it depends on addresses."""
        alone = []
        are_plain = True
        for member in value:
            canon = Canon(self.frame_form, self.hooks)
            canon.closures = self.closures
            # One that was met elsewhere as well comes before its likes.
            met = self.numbers.get(id(member), math.inf)
            alone.append((repr((form := canon.of(member, path), met)), form, member))
            are_plain = are_plain and canon.is_plain
        alone.sort(key=lambda each: each[0])
        if are_plain:
            return [form for _, form, _ in alone]
        return [self.of(member, path) for _, _, member in alone]

    def _number(self, value: Any) -> int:
        number = self.numbers[id(value)] = len(self.numbers)
        self.kept.append(value)  # its address must not be used again meanwhile
        return number

    def _contents(self, value: Any, kind: type, path: str) -> tuple[Form, ...]:
        of = self.of
        if kind is list:
            if id(value) in self.given:
                items = tuple(of(item, f"{path}[{i}]") for i, item in enumerate(value))
                return ((Given, items),)
            return tuple(of(item, f"{path}[{i}]") for i, item in enumerate(value))
        if kind is dict:
            return tuple((of(k, path), of(v, f"{path}[{k!r}]")) for k, v in value.items())
        if isinstance(value, BaseModel):
            fields = [*value.__dict__.items(), *(value.__pydantic_private__ or {}).items()]
            fields += (value.__pydantic_extra__ or {}).items()
            asking = getattr(value, "_asking", None) if isinstance(value, Request) else None
            if asking is not None:
                fields.append(("asked by", (getattr(asking, "asker", None), asking.answered)))
            return tuple((name, of(field, f"{path}.{name}")) for name, field in fields)
        if isinstance(value, types.FunctionType):
            cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
            if value.__closure__:
                self.closures.add(value.__code__)
            return (
                value.__code__,
                *[(name, self.cell(cell, f"{path}.{name}")) for name, cell in cells],
                of(value.__defaults__, path),
                of(value.__kwdefaults__, path),
                self._state(value.__dict__, path),
            )
        if isinstance(value, types.MethodType):
            return (of(value.__func__, path), of(value.__self__, f"{path}.__self__"))
        if isinstance(value, types.BuiltinMethodType):
            return (value.__name__, of(value.__self__, f"{path}.__self__"))
        if isinstance(value, functools.partial):
            return (of(value.func, path), of(value.args, path), of(value.keywords, path))
        if isinstance(value, types.GeneratorType):
            return self._generator(value, path)
        if kind.__module__ == "contextlib" and hasattr(value, "gen"):
            return (of(value.gen, path),)
        if isinstance(value, Random):
            return (of(value.getstate(), path),)
        return self._reduced(value, kind, path)

    def cell(self, cell: types.CellType, path: str) -> Form:
        """The form of a closure's variable, which another function may share."""
        number = self.numbers.get(id(cell))
        if number is not None:
            return ("shared", number)
        number = self._number(cell)
        try:
            return ("cell", number, self.of(cell.cell_contents, path))
        except ValueError:
            return ("unbound", number)

    def _generator(self, value: types.GeneratorType[Any, Any, Any], path: str) -> tuple[Form, ...]:
        frame = value.gi_frame
        if frame is None:
            return ("finished",)
        if value.gi_running:
            return ("running", value.gi_code)
        return (self.frame_form(self, frame),)

    def _reduced(self, value: Any, kind: type, path: str) -> tuple[Form, ...]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # itertools will lose it
                reduced = value.__reduce__() if kind in _ITERATORS else value.__reduce_ex__(4)
        except Exception as error:
            raise ExploreError(
                f"{path} is a {kind.__module__}.{kind.__qualname__}, whose state cannot be read "
                f"({error}), so two states with it cannot be told apart; keep it out of the locals "
                "that live across a wait, or say what is in it: "
                f"explore(…, hooks={{{kind.__qualname__}: fn}})"
            ) from None
        if isinstance(reduced, str):
            return ("global", reduced)
        maker, arguments, *rest = reduced
        state, items, pairs = [*rest[:3], None, None, None][:3]
        more: tuple[Form, ...] = ()
        if isinstance(value, BaseException):
            state = state or None  # it gets an empty `__dict__` when somebody looks for one
            chain = (value.__cause__, value.__context__)
            if any(chain):
                more = (*(self.of(each, path) for each in chain), value.__suppress_context__)
        return (
            *more,
            self.of(maker, path),
            self.of(tuple(arguments), path),
            self._state(state, path),
            tuple(self.of(item, f"{path}[{i}]") for i, item in enumerate(items or ())),
            tuple((self.of(k, path), self.of(v, f"{path}[{k!r}]")) for k, v in pairs or ()),
        )

    def _state(self, state: Any, path: str) -> Form:
        if isinstance(state, dict):
            named = sorted(state.items(), key=lambda pair: str(pair[0]))
            return tuple((name, self.of(field, f"{path}.{name}")) for name, field in named)
        return self.of(state, path)


def changed_in(own: contextvars.Context | None, canon: Canon) -> Form:
    """The context variables that have another value than outside."""
    if not own:
        return ()
    outside = contextvars.copy_context()
    changed = [(var, value) for var, value in own.items() if outside.get(var, own) is not value]
    return tuple((var.name, canon.of(value, var.name)) for var, value in changed)
