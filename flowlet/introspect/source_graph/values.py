"""What the reader of a source knows of a value, without running anything.

Functions, classes, constants and the events that a wait gave are known, everything else is not.
A value here can be compared and hashed, so that a way through the source that has come to the
same place with the same values is not gone twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from types import CodeType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

from ...events import Delay

if TYPE_CHECKING:
    from .program import Program

Value = Hashable
Env = tuple[tuple[str, Value], ...]

#: What a call is given: by position, by keyword, and whether that is all.
Args = tuple[tuple[Value, ...], Env, bool]

#: What is nested deeper than this is not known.
DEEPEST: Final = 6

#: More alternatives than this are not told apart.
MOST_VALUES: Final = 24

PLAIN: Final = (int, float, str, bytes, bool, NoneType, complex)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a run knows."""


UNKNOWN: Final = Unknown()


class Known:
    """This very object; constants are compared by value and type."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value: Any = value
        self.key: Any = id(value)
        if isinstance(value, PLAIN):
            self.key = (type(value), repr(value) if isinstance(value, float) else value)
        elif type(value) is Delay:
            self.key = (Delay, value.name, value.seconds)
        elif type(value) is tuple:
            self.key = tuple(Known(part).key for part in value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Known) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Known({self.value!r})"


NONE: Final = Known(None)


@dataclass(frozen=True, slots=True)
class Perhaps:
    """An error that a step may raise by itself, of a class that is known, or of any (`None`)."""

    kind: type[BaseException] | None = None


#: One of which nothing is known.
PERHAPS: Final = Perhaps()


@dataclass(frozen=True, slots=True, eq=False)
class Inst:
    """Some object of a class; of exactly that class, or of one derived from it as well."""

    kind: type
    exact: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inst) and self.kind is other.kind and self.exact is other.exact

    def __hash__(self) -> int:  # not by the class: its own class may say that it has no hash
        return hash((id(self.kind), self.exact))


@dataclass(frozen=True, slots=True)
class Named:
    """A `Delay` of which the name is known, or an actor of which it is (`None`: it is not)."""

    kind: Literal["delay", "actor", "me"]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Fn:
    """A function defined on the way: its program, what it captured, its defaults."""

    program: Program
    env: Env = ()
    outer: Program | None = None
    defaults: Env = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A method with its object."""

    function: Value
    owner: Value


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a collection, a constant or something unknown, by its name."""

    owner: Value
    attr: str


@dataclass(frozen=True, slots=True)
class Above:
    """What `super()` gives: the object, as one of the classes above this one."""

    kind: type
    owner: Value


@dataclass(frozen=True, slots=True)
class Part:
    """A `functools.partial`."""

    function: Value
    args: tuple[Value, ...]
    keywords: Env


@dataclass(frozen=True, slots=True)
class Coll:
    """A list, tuple or set display: these items, or, if not `exact`, some of them.

    One that is not `fixed` may be changed by whoever has it.
    """

    items: tuple[Value, ...]
    exact: bool = True
    fixed: bool = True
    #: Of a real list or set, which one.
    origin: int = 0

    def adding(self, *items: Value) -> Coll:
        """With some more, of which nobody knows how often and where."""
        merged = tuple(dict.fromkeys((*self.items, *items)))
        few = merged if len(merged) <= MOST_VALUES else (UNKNOWN,)
        return Coll(few, False, self.fixed, self.origin)


@dataclass(frozen=True, slots=True)
class Some:
    """What `*items` gives where nobody knows how many there are: some of these."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dict display; one that is not `exact` may have other keys, or lack some of these."""

    items: tuple[tuple[Value, Value], ...]
    exact: bool = True
    #: Of a real dict, which one.
    origin: int = 0

    def adding(self, *items: Value) -> Table:
        """With some more values, of which nobody knows under which keys."""
        merged = tuple(dict.fromkeys((*self.items, *((UNKNOWN, item) for item in items))))
        few = merged if len(merged) <= MOST_VALUES else ((UNKNOWN, UNKNOWN),)
        return Table(few, False, self.origin)

    def holding(self, key: Value, value: Value) -> Table:
        """With one key set."""
        kept = tuple(pair for pair in self.items if pair[0] != key)
        if not isinstance(key, Known) or len(kept) >= MOST_VALUES:
            return self.adding(value)
        return Table((*kept, (key, value)), self.exact, self.origin)


@dataclass(frozen=True, slots=True)
class Iterator:
    """Where a `for` is in what it goes over."""

    over: Value
    place: int = 0
    #: Whether to go on with it may fail.
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Weak:
    """A variable that several functions share; what was ever stored there is kept by its key."""

    key: Any


@dataclass(frozen=True, slots=True)
class Block:
    """What `state(...)`, `until(...)` or `on(...)` returned."""

    kind: Literal["state", "until", "on"]
    name: Value = None
    kinds: tuple[type, ...] = ()
    after: str | None = None
    history: str | None = None
    handler: Value = None
    #: What has ended an `until`.
    event: Value = UNKNOWN
    place: tuple[int, int] = (0, 0)
    #: Whether it hears of events that only a run knows as well.
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A function that a decorator of known meaning was put on: `state(...)`, `contextmanager`.

    `managed` is one under a context manager that was used as a decorator.
    """

    kind: Literal["state", "manager", "managed"]
    function: Value
    block: Block | None = None
    manager: Value = None


@dataclass(frozen=True, slots=True)
class Exits:
    """The `stack` of `with ExitStack() as stack`; the number is that of its block."""

    number: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What `contextlib.closing` made: the object will be closed."""

    thing: Value


@dataclass(frozen=True, slots=True)
class History:
    """The `h` of `with state(..., history=…) as h`; the key says of which block.

    The `first` time, before any wait, there is nothing to remember.
    """

    key: Any
    first: bool = False


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator that is suspended: its frame, before its first line or at a `yield`."""

    frame: Any
    manager: bool = False


def depth_of(value: Value) -> int:
    """How deep a value is nested."""
    match value:
        case Coll(items=items):
            return 1 + max(map(depth_of, items), default=0)
        case Table(items=pairs):
            return 1 + max((depth_of(held) for _, held in pairs), default=0)
        case Fn(env=env):
            return 1 + max((depth_of(held) for _, held in env), default=0)
        case Part(function=inner, args=args):
            return 1 + max(map(depth_of, (inner, *args)))
        case Bound(function=inner, owner=owner):
            return 1 + max(depth_of(inner), depth_of(owner))
        case Method(owner=inner) | Wrapped(function=inner) | Iterator(over=inner):
            return 1 + depth_of(inner)
    return 0


def env_with(env: Env, name: str, value: Value) -> Env:
    """An environment with one variable set."""
    return tuple(sorted((*((n, v) for n, v in env if n != name), (name, value)), key=_first))


def _first(pair: tuple[str, Value]) -> str:
    return pair[0]


def few(values: Iterable[Value]) -> list[Value]:
    """Alternatives without repeats; too many are unknown."""
    found = list(dict.fromkeys(values))
    return found if 0 < len(found) <= MOST_VALUES else [UNKNOWN]


def kind_of(value: Value) -> type | None:
    """The class of a value, as far as it is known."""
    if isinstance(value, Known):
        return type(value.value)
    if isinstance(value, Inst):
        return value.kind
    if isinstance(value, Named) and value.kind == "delay":
        return Delay
    return None


def is_instance(value: Value, kinds: tuple[type, ...]) -> bool | None:
    """Whether a value is of one of these classes; `None` where it may or may not be."""
    if isinstance(value, Known):
        return isinstance(value.value, kinds)
    kind = kind_of(value)
    if kind is None:
        return None
    try:
        if issubclass(kind, kinds):
            return True
        if isinstance(value, Inst) and not value.exact and any(issubclass(k, kind) for k in kinds):
            return None
    except TypeError:
        return None
    return False


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; `None` where only a run knows."""
    if isinstance(value, Known):
        if isinstance(value.value, PLAIN) or type(value.value) is tuple:
            return bool(value.value)
        if isinstance(value.value, type | CodeType) or callable(value.value):
            return True
    if isinstance(value, Fn | Bound | Part | Wrapped | Block):
        return True
    if isinstance(value, Coll) and (value.exact or not value.items):
        return bool(value.items)
    if isinstance(value, Inst) and not any(
        hasattr(value.kind, method) for method in ("__bool__", "__len__")
    ):
        return True if value.exact else None
    return None


def of_type(kind: Any) -> list[Value]:
    """The values that an annotation allows: all of a small finite type, else some object of it."""
    origin = get_origin(kind)
    if origin is Annotated:
        return of_type(get_args(kind)[0])
    if origin is Literal:
        return few(map(Known, get_args(kind)))
    if origin in (Union, UnionType):
        return few(value for part in get_args(kind) for value in of_type(part))
    if kind is bool:
        return [Known(False), Known(True)]
    if kind in (None, NoneType):
        return [NONE]
    kind = origin or kind
    if isinstance(kind, type) and kind is not object:
        if issubclass(kind, Enum):
            return few(map(Known, kind))
        return [Inst(kind)]
    return [UNKNOWN]
