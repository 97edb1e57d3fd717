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
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
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
#: Where a value is: text, or a place in what is there, how that is written, and what is put in.
Path = str | tuple["Path", str, Any]
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

#: The types of what cannot change, and is the same everywhere.
PLAIN: Final = frozenset((str, bytes, int, bool, type(None), type(Ellipsis), range))
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
        #: Whether nothing that was met can change: then nobody can tell it from its like.
        self.is_fixed: bool = True
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

    def _form(self, value: Any, path: Path) -> Form:
        kind: Any = type(value)
        return (kind, value) if kind in PLAIN else _how(kind)(self, value, path)

    # --- by type --------------------------------------------------------------------------

    def _moment(self, value: Moment, path: Path) -> Form:
        self.moments.add(_told(path))
        return (Moment,)

    def _number_with_point(self, value: float | complex, path: Path) -> Form:
        return (type(value), repr(value))  # which tells -0.0 from 0.0, and says that nan is nan

    def _itself(self, value: Any, path: Path) -> Form:
        return ("itself", value)

    def _member_of_enum(self, value: Enum, path: Path) -> Form:
        return (type(value), value.name)

    def _tuple(self, value: tuple[Any, ...], path: Path) -> Form:
        items = self._items(value, path)
        return (Given, items) if id(value) in self.given else (tuple, *items)

    def _items(self, value: Iterable[Any], path: Path) -> tuple[Form, ...]:
        form = self._form
        return tuple([form(item, (path, "[{}]", i)) for i, item in enumerate(value)])

    def _timeout(self, value: Timeout, path: Path) -> Form:
        return (Timeout, value.name, self._form(value.seconds, path))

    def _delay(self, value: Delay, path: Path) -> Form:
        return (Delay, value.name, self._form(value.seconds, path))

    def _cell(self, value: Cell[Any], path: Path) -> Form:
        self.is_plain = False
        return (Cell, value.name)

    def _delayed(self, value: Delayed, path: Path) -> Form:
        self.is_plain = self.is_fixed = False
        return (Delayed, self.letters.get(id(value), -1))

    def _state_block(self, value: State, path: Path) -> Form:
        return (State, value.name)

    def _until(self, value: until, path: Path) -> Form:
        return (until, value.kinds, value.asleep, self._form(value.event, (path, ".{}", "event")))

    def _on(self, value: on, path: Path) -> Form:
        handler = self._form(value.handler, f"the handler of on({value.kinds[0].__name__})")
        return (on, value.kinds, handler, value.freeze, value.asleep)

    def _history(self, value: History, path: Path) -> Form:
        return (History, self._form(value.last, (path, ".{}", "last")))

    def _dispatcher(self, value: Dispatcher, path: Path) -> Form:
        return (Dispatcher,)

    def _actor(self, ref: ActorRef[Any], path: Path) -> Form:
        self.is_plain = False
        home: Any = ref._home
        if not getattr(home, "root_of", None):
            return (ActorRef, ref.name)  # nobody has children there
        slot = home.slot_of(ref)
        if slot is None:
            return (ActorRef, ref.name)
        self.child = ref
        self.is_fixed = False
        if slot:
            return (ActorRef, "child", slot)
        # One that has ended is what is left of it, and may have left its slot to another one.
        number = self.numbers.get(id(ref))
        if number is not None:
            return ("again", number)
        error = ref.error
        left = (
            () if error is None else (type(error), self._form(error.args, (path, ".{}", "error")))
        )
        result = self._form(ref.result, (path, ".{}", "result"))
        return (ActorRef, "ended", self._number(ref), ref.name, ref._final, result, left)

    def _known(self, value: Any, path: Path) -> Form | None:
        """The form of what was met before, or has a hook."""
        number = self.numbers.get(id(value))
        if number is not None:
            self.is_fixed = False
            return ("again", number)
        if self.hooks:
            kind = type(value)
            hook = next((self.hooks[base] for base in kind.__mro__ if base in self.hooks), None)
            if hook is not None:
                self.is_plain = self.is_fixed = False
                return (kind, self._number(value), self._form(hook(value), path))
        return None

    def _model(self, value: BaseModel, path: Path) -> Form:
        known = self._known(value, path)
        if known is not None:
            return known
        kind = type(value)
        number = self._number(value)
        outside, self.is_fixed = self.is_fixed, True
        if not kind.model_config.get("frozen"):
            self.is_plain = self.is_fixed = False
        own, extra = value.__pydantic_private__, value.__pydantic_extra__
        fields = [*value.__dict__.items(), *(own or {}).items(), *(extra or {}).items()]
        is_request = Request in kind.__mro__
        if own or is_request or len(value.__dict__) != len(kind.__pydantic_fields__):
            self.is_fixed = False  # a private attribute may be set, and a request be answered
        asking = getattr(value, "_asking", None) if is_request else None
        if asking is not None:
            fields.append(("asked by", (getattr(asking, "asker", None), asking.answered)))
        form = self._form
        forms = [(name, form(field, (path, ".{}", name))) for name, field in fields]
        if self.is_fixed:
            # Two of the same messages are one object here, and two where all actors run together.
            del self.numbers[id(value)]
            self.is_fixed = outside
            return (kind, *forms)
        return (kind, number, *forms)

    def _object(self, value: Any, path: Path) -> Form:
        known = self._known(value, path)
        if known is not None:
            return known
        kind: Any = type(value)
        if isinstance(value, types.FunctionType):
            has = value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__
            if not has:
                return ("function", value.__code__)
        elif isinstance(value, types.BuiltinFunctionType):
            if isinstance(value.__self__, types.ModuleType | None):
                return ("builtin", value.__module__, value.__qualname__)
        elif isinstance(value, frozenset | set) and kind in (frozenset, set):
            form: tuple[Any, ...] = (kind, *self._members(value, path))
            if kind is frozenset:
                return form
            self.is_plain = self.is_fixed = False
            return (self._number(value), *form)
        number = self._number(value)
        self.is_plain = self.is_fixed = False
        return (kind, number, *self._contents(value, kind, path))

    def _members(self, value: Collection[Any], path: Path) -> list[Form]:
        """The members of a set; their own order in it depends on addresses."""
        handles = [
            member.name
            for member in value
            if isinstance(member, ActorRef) and not getattr(member._home, "root_of", None)
        ]
        if handles:
            self.is_plain = False
            if len(handles) == len(value):
                # In the order of the way below: of four, in 1.7 us instead of 4.6.
                return [(ActorRef, name) for name in sorted(handles, key=repr)]
        alone: list[tuple[str, Form, Any]] = []
        are_plain = True
        for member in value:
            kind: Any = type(member)
            # One that was met elsewhere as well comes before its likes.
            met = self.numbers.get(id(member), math.inf)
            form: Form
            if kind in PLAIN:
                form = (kind, member)
            else:
                canon = Canon(self.frame_form, self.hooks)
                canon.closures = self.closures
                form = canon.of(member, _told(path))
                are_plain = are_plain and canon.is_plain
                self.is_fixed = self.is_fixed and canon.is_fixed
                self.moments |= canon.moments
            alone.append((form_text((form, met)), form, member))
        alone.sort(key=lambda each: each[0])
        if are_plain:
            return [form for _, form, _ in alone]
        return [self._form(member, path) for _, _, member in alone]

    def _number(self, value: Any) -> int:
        number = self.numbers[id(value)] = len(self.numbers)
        self.kept.append(value)  # its address must not be used again meanwhile
        return number

    def _contents(self, value: Any, kind: type, path: Path) -> tuple[Form, ...]:
        of = self._form
        if kind is list:
            items = self._items(value, path)
            return ((Given, items),) if id(value) in self.given else items
        if kind is dict:
            return tuple((of(k, path), of(v, (path, "[{!r}]", k))) for k, v in value.items())
        if isinstance(value, types.FunctionType):
            cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
            if value.__closure__:
                self.closures.add(value.__code__)
            return (
                value.__code__,
                *[(name, self.cell(cell, (path, ".{}", name))) for name, cell in cells],
                of(value.__defaults__, path),
                of(value.__kwdefaults__, path),
                self._state(value.__dict__, path),
            )
        if isinstance(value, types.MethodType):
            return (of(value.__func__, path), of(value.__self__, (path, ".{}", "__self__")))
        if isinstance(value, types.BuiltinMethodType):
            return (value.__name__, of(value.__self__, (path, ".{}", "__self__")))
        if isinstance(value, functools.partial):
            return (of(value.func, path), of(value.args, path), of(value.keywords, path))
        if isinstance(value, types.GeneratorType):
            return self._generator(value, path)
        if kind.__module__ == "contextlib" and hasattr(value, "gen"):
            return (of(value.gen, path),)
        if isinstance(value, Random):
            return (of(value.getstate(), path),)
        return self._reduced(value, kind, path)

    def cell(self, cell: types.CellType, path: Path) -> Form:
        """The form of a closure's variable, which another function may share."""
        number = self.numbers.get(id(cell))
        if number is not None:
            return ("shared", number)
        number = self._number(cell)
        try:
            return ("cell", number, self._form(cell.cell_contents, path))
        except ValueError:
            return ("unbound", number)

    def _generator(self, value: types.GeneratorType[Any, Any, Any], path: Path) -> tuple[Form, ...]:
        frame = value.gi_frame
        if frame is None:
            return ("finished",)
        if value.gi_running:
            return ("running", value.gi_code)
        return (self.frame_form(self, frame),)

    def _reduced(self, value: Any, kind: type, path: Path) -> tuple[Form, ...]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # itertools will lose it
                reduced = value.__reduce__() if kind in _ITERATORS else value.__reduce_ex__(4)
        except Exception as error:
            raise ExploreError(
                f"{_told(path)} is a {kind.__module__}.{kind.__qualname__}, whose state cannot be "
                f"read ({error}), so two states with it cannot be told apart; keep it out of the "
                "locals that live across a wait, or say what is in it: "
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
                more = (*(self._form(each, path) for each in chain), value.__suppress_context__)
        return (
            *more,
            self._form(maker, path),
            self._form(tuple(arguments), path),
            self._state(state, path),
            self._items(items or (), path),
            tuple(
                (self._form(k, path), self._form(v, (path, "[{!r}]", k))) for k, v in pairs or ()
            ),
        )

    def _state(self, state: Any, path: Path) -> Form:
        if isinstance(state, dict):
            named = sorted(state.items(), key=lambda pair: str(pair[0]))
            return tuple((name, self._form(field, (path, ".{}", name))) for name, field in named)
        return self._form(state, path)


#: By type, how its values are read; the first that fits.
_HOW: Final[tuple[tuple[tuple[type, ...], Callable[[Canon, Any, Path], Form]], ...]] = (
    ((type, types.ModuleType), Canon._itself),
    ((Enum,), Canon._member_of_enum),
    ((Timeout,), Canon._timeout),
    ((Delay,), Canon._delay),
    ((ActorRef,), Canon._actor),
    ((Cell,), Canon._cell),
    ((Delayed,), Canon._delayed),
    ((State,), Canon._state_block),
    ((until,), Canon._until),
    ((on,), Canon._on),
    ((History,), Canon._history),
    ((Dispatcher,), Canon._dispatcher),
    ((BaseModel,), Canon._model),
)


@functools.lru_cache(maxsize=4096)
def _how(kind: type) -> Callable[[Canon, Any, Path], Form]:
    """How the values of a type are read.

    It is found out once: so a list of six handles takes 7 us instead of 21.
    """
    exact: dict[type, Callable[[Canon, Any, Path], Form]]
    exact = {
        Moment: Canon._moment,
        float: Canon._number_with_point,
        complex: Canon._number_with_point,
        tuple: Canon._tuple,
    }
    if kind in exact:
        return exact[kind]
    return next((read for kinds, read in _HOW if issubclass(kind, kinds)), Canon._object)


def _told(path: Path) -> str:
    """A path as text, which is wanted only for errors and notes."""
    if isinstance(path, str):
        return path
    outer, written, what = path
    return _told(outer) + written.format(what)


@functools.lru_cache(maxsize=1024)
def form_text(form: Form) -> str:
    """A form as text, by which members of sets are sorted."""
    return repr(form)


def changed_in(own: contextvars.Context | None, canon: Canon) -> Form:
    """The context variables that have another value than outside."""
    if not own:
        return ()
    outside = contextvars.copy_context()
    changed = [(var, value) for var, value in own.items() if outside.get(var, own) is not value]
    return tuple((var.name, canon.of(value, var.name)) for var, value in changed)
