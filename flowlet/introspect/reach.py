"""What functions can reach outside themselves: where data lies that all their runs would share.

Globals, what modules and classes hold, what functions keep between calls (a default argument that
is a list, an attribute, a variable that they close over), the environment, data of a thread.  Read
from the code that actors run through and from all functions that it names; those of libraries are
left alone.  On the way, calls are met whose outcome is another one each time.
"""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import os
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from ..actor import ActorRef
from ..asked import asked
from ..dispatcher import Dispatcher
from ..effects import perform
from ..events import Event


class MISSING:  # a class: it stays itself when it is copied
    """Stands for what is not there."""


_LIBRARIES: Final = tuple(
    {os.path.realpath(sysconfig.get_paths()[key]) + os.sep for key in ("stdlib", "purelib")}
    | {os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep}
)
_CLOCK: Final = "take the time from now(), the dispatcher's clock"
_FROM_OUTSIDE: Final = "let it come in an event, or from perform()"
#: By module and name: what is another thing each time, and what to do instead.
_CHANCE: Final = {
    **{
        ("time", name + end): _CLOCK
        for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
        for end in ("", "_ns")
    },
    **{("time", name): _CLOCK for name in ("localtime", "gmtime", "ctime")},
    **{("datetime", f"datetime.{name}"): _CLOCK for name in ("now", "utcnow", "today")},
    ("datetime", "date.today"): _CLOCK,
    **{("uuid", name): _FROM_OUTSIDE for name in ("uuid1", "uuid4")},
    **{("secrets", f"token_{name}"): _FROM_OUTSIDE for name in ("bytes", "hex", "urlsafe")},
    ("os", "urandom"): _FROM_OUTSIDE,
    ("builtins", "id"): "compare with `is`",
}


@dataclass(slots=True)
class Place:
    """Where something lies: how it is called, and how it is read and put back."""

    label: str
    read: Callable[[], Any]
    put: Callable[[Any], object]
    #: Whether it counts only if it can be read: what cannot is nothing that code changes by itself.
    is_minor: bool = False


@dataclass(slots=True)
class Chance:
    """A call whose outcome is another one each time."""

    call: str
    line: str
    instead: str

    def __str__(self) -> str:
        return f"{self.call}() at {self.line}: {self.instead}"


class Reach:
    """All places that some functions can reach, and the chance that they take."""

    def __init__(self) -> None:
        self.places: dict[Any, Place] = {}
        self.chances: dict[tuple[str, str], Chance] = {}
        self._seen: set[Any] = set()

    def code(self, code: CodeType, space: dict[str, Any]) -> None:
        """Look at what some code names."""
        todo = [code]
        for one in todo:
            if one in self._seen or _is_library(one.co_filename):
                continue
            self._seen.add(one)
            todo += [each for each in one.co_consts if isinstance(each, CodeType)]
            for use in _uses(one, space):
                self._use(use, space)

    def _use(self, use: _Use, space: dict[str, Any]) -> None:
        value, holder = use.value, use.holder
        if chance := _chance(value):
            module, name = chance
            call = name if module == "builtins" else f"{module}.{name}"
            self.chances.setdefault((call, use.line), Chance(call, use.line, _CHANCE[chance]))
        if isinstance(holder, ModuleType) and not _is_own(holder) and value is not os.environ:
            return  # what a library keeps is its own affair
        label = f"the global {use.label}"
        if value is not MISSING and not is_data(value):
            self.value(value, use.label)
            return
        if holder is space:
            self._item(space, use.name, label)
        elif isinstance(holder, ModuleType):
            self._attribute(holder, use.name, label)
        if value is not MISSING:
            self.value(value, use.label)

    def value(self, value: Any, label: str) -> None:
        """Look into what a name stands for."""
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, MethodType):
            self.value(value.__func__, label)
            if not isinstance(value.__self__, type | ModuleType):
                owner = value.__self__
                self._add(id(owner), Place(f"the object of {label}", lambda: owner, _no_way_back))
        elif isinstance(value, functools.partial):
            self.value(value.func, label)
        elif isinstance(value, type):
            self._class(value, label)
        elif isinstance(value, threading.local):
            self._mapping(vars(value), lambda key: f"{label}.{key}, of the thread,")
        elif value is os.environ:
            self._mapping(os.environ, lambda key: f"os.environ[{key!r}]")
        elif callable(value) and (inner := inspect.getattr_static(value, "__wrapped__", None)):
            self.value(inner, label)  # which runs no code of the object's
        elif not isinstance(value, ModuleType) and _is_own(type(value)):
            self._class(type(value), type(value).__name__)

    def _function(self, fn: FunctionType) -> None:
        if id(fn) in self._seen or _is_library(fn.__code__.co_filename):
            return
        self._seen.add(id(fn))
        called = fn.__name__
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
        defaults = fn.__defaults__ or ()
        for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            self._constant(value, f"the default of {name}= in {called}()")
        for name, value in (fn.__kwdefaults__ or {}).items():
            self._constant(value, f"the default of {name}= in {called}()")
        self._mapping(vars(fn), lambda key: f"the attribute {called}.{key}")
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=False):
            self._cell(cell, f"the variable {name}, which {called}() closes over,")
        self.code(fn.__code__, fn.__globals__)
        self.value(getattr(fn, "__wrapped__", None), called)

    def _class(self, cls: type, label: str) -> None:
        for base in (*cls.__mro__, type(cls)):
            if not _is_own(base) or base in self._seen:
                continue
            self._seen.add(base)
            for attr, inner in list(vars(base).items()):
                name = f"{base.__name__}.{attr}" if base is not cls else f"{label}.{attr}"
                plain = inner.fget if isinstance(inner, property) else inner
                if isinstance(plain, classmethod | staticmethod):
                    plain = plain.__func__
                if isinstance(plain, FunctionType):
                    self._function(plain)
                elif not attr.startswith("__") and _is_plain(inner):
                    self._attribute(base, attr, f"the global {name}")

    # --- places ---------------------------------------------------------------------------

    def _add(self, key: Any, place: Place) -> None:
        self.places.setdefault(key, place)

    def _constant(self, value: Any, label: str) -> None:
        """An object that stays where it is, and can only be changed itself."""
        if isinstance(value, FunctionType):
            self._function(value)
        elif is_data(value):
            self._add(id(value), Place(label, lambda: value, _no_way_back, is_minor=True))

    def _item(self, space: MutableMapping[str, Any], key: str, label: str) -> None:
        def put(saved: Any) -> None:
            if saved is MISSING:
                space.pop(key, None)
            else:
                space[key] = saved

        self._add((id(space), key), Place(label, lambda: space.get(key, MISSING), put))

    def _attribute(self, holder: Any, attr: str, label: str) -> None:
        def put(saved: Any) -> None:
            if saved is MISSING:
                delattr(holder, attr)
            else:
                setattr(holder, attr, saved)

        # As it lies there: no property is asked, and no base.
        place = Place(label, lambda: vars(holder).get(attr, MISSING), put)
        self._add((id(holder), attr), place)

    def _mapping(self, mapping: MutableMapping[str, Any], label: Callable[[str], str]) -> None:
        """Each item by its own name, and those that are yet to come."""
        for key in list(mapping):
            if key != "__wrapped__":
                self._item(mapping, key, label(key))
        before = set(mapping)

        def new() -> tuple[str, ...]:
            return tuple(sorted(set(mapping) - before))

        def put(saved: Any) -> None:
            for key in new():
                del mapping[key]

        self._add((id(mapping), None), Place(label("…"), new, put))

    def _cell(self, cell: CellType, label: str) -> None:
        def read() -> Any:
            try:
                return cell.cell_contents
            except ValueError:
                return MISSING

        def put(saved: Any) -> None:
            if saved is not MISSING:
                cell.cell_contents = saved

        value = read()
        if value is MISSING or is_data(value):
            self._add(id(cell), Place(label, read, put, is_minor=True))
        else:
            self.value(value, label)


def _no_way_back(saved: Any) -> None:
    """The place is no name that could be given another value."""


# --- what code names ----------------------------------------------------------------------


@dataclass(slots=True)
class _Use:
    """A global that code names, or an attribute of a module or class: where it is found."""

    label: str
    holder: Any
    name: str
    value: Any
    line: str


def _uses(code: CodeType, space: dict[str, Any]) -> Iterator[_Use]:
    chain: tuple[str, Any] | None = None
    is_performed = False
    place = os.path.basename(code.co_filename)
    for step in dis.get_instructions(code):
        line = f"{place}:{step.positions.lineno if step.positions else code.co_firstlineno}"
        name = step.argval
        match step.opname:
            case "LOAD_GLOBAL" | "STORE_GLOBAL" | "DELETE_GLOBAL" | "LOAD_NAME":
                value = space.get(name, getattr(builtins, name, MISSING))
                chain = (name, value)
                if not is_performed:  # while exploring, what is performed is not called
                    yield _Use(name, space, name, value, line)
                is_performed = value is perform
            case "LOAD_ATTR" | "LOAD_METHOD" | "STORE_ATTR" if chain is not None:
                label, holder = f"{chain[0]}.{name}", chain[1]
                chain = None
                if isinstance(holder, ModuleType | type):
                    value = asked(holder, name, MISSING)
                    chain = (label, value)
                    if not is_performed:
                        yield _Use(label, holder, name, value, line)
            case "CACHE" | "EXTENDED_ARG" | "PUSH_NULL" | "PRECALL":
                continue
            case _:
                chain = None
                is_performed = is_performed and "CALL" not in step.opname


def _chance(value: Any) -> tuple[str, str] | None:
    """Under which module and name a function is known whose outcome is another one each time."""
    if not isinstance(value, FunctionType | BuiltinFunctionType):
        return None  # nor is it asked for its name, which may be code of the user's
    name, module = value.__qualname__, value.__module__ or "datetime"
    key = ("os" if module in ("posix", "nt") else module), name
    return key if key in _CHANCE else None


def is_data(value: Any) -> bool:
    """Whether it can change: no class, module or function, and nothing of the dispatcher's."""
    if isinstance(value, type | ModuleType | ActorRef | Dispatcher | Event | threading.local):
        return isinstance(value, Event) and not _is_frozen(value)
    if value is os.environ or isinstance(value, _NO_DATA):
        return False
    if callable(value):
        return _is_own(type(value))  # an object of the user's that can be called
    return not type(value).__module__.startswith(("typing", "logging"))


def _is_frozen(event: Event) -> bool:
    try:
        hash(event)
    except TypeError:
        return False
    return True


#: What guards data is none; and each actor has context variables of its own.
_NO_DATA: Final = (
    type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Semaphore,
    ContextVar,
)  # fmt: skip


def _is_plain(value: Any) -> bool:
    return isinstance(
        value, int | float | str | list | dict | set | tuple | deque | bytearray | None
    )


def _is_own(thing: Any) -> bool:
    """Whether a module or a class is the user's."""
    module = thing if isinstance(thing, ModuleType) else sys.modules.get(thing.__module__)
    name = (thing.__name__ if module is None else module.__name__).partition(".")[0]
    if name in sys.stdlib_module_names and name != "__main__":
        return False
    file = getattr(module, "__file__", None)
    return file is None or not _is_library(file)


@functools.lru_cache(maxsize=4096)
def _is_library(file: str) -> bool:
    path = os.path.realpath(file)
    return path.startswith(_LIBRARIES) or "site-packages" in path or file.startswith("<frozen")


def reached(codes: Iterable[tuple[CodeType, dict[str, Any]]]) -> Reach:
    """What some code can reach; each with the globals that it sees."""
    found = Reach()
    for code, space in codes:
        found.code(code, space)
    return found
