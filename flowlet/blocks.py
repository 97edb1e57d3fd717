"""The two kinds of block: `state` names what is inside it, `until` leaves it.

Both are context managers that push themselves onto the running actor's fiber and take themselves
off again, whatever way the block is left.  A block costs two slots and a tuple, no object: states
of one name are one shared object.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar, overload

from greenlet import getcurrent

from . import names
from .errors import IllegalCallError, Leave, NotAnEventTypeError, bare
from .events import Delay, EventMeta, name_of, seconds_of, timeout_of
from .fiber import Fiber
from .mailbox import Block, Kinds
from .reports import report_delivery
from .roles import playing

R = TypeVar("R")
P = ParamSpec("P")

Depth = Literal["deep", "shallow"]
Seconds = float | Delay
Name = str | Enum


def running(call: str) -> Fiber:
    """The running actor's fiber; an error outside of one."""
    me: Any = getcurrent()
    if me.__class__ is not Fiber:
        raise outside(call)
    return me


def outside(call: str) -> IllegalCallError:
    """The error of a wait that no actor makes."""
    return IllegalCallError(
        f"{call} was called outside an actor; call it in a function that runs as one: "
        "dispatcher.spawn(function), then dispatcher.run() or settle()"
    )


class State:
    """A named block of code; what `state(name)` returns."""

    __slots__ = ("deferred", "name")

    def __init__(self, name: str, deferred: Kinds) -> None:
        self.name: str = name
        self.deferred: Kinds = deferred

    def __enter__(self) -> State:
        me: Any = getcurrent()
        try:
            me.path = me.entered = (self, me.path, me.entered)
        except AttributeError:
            raise outside(f"with state({self.name!r})") from None
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me: Any = getcurrent()
        if error is not None and (me.left is None or me.left[0] != id(error)):
            me.left = (id(error), me.path)  # by id: an error that was dealt with is not kept
        me.path = me.path[1]

    def __call__(self, fn: Callable[P, R]) -> Callable[P, R]:
        """Make the whole body of a function the block."""
        names.check_function(fn, f"@state({self.name!r})", "a function")

        @functools.wraps(fn)
        def inside(*args: P.args, **keywords: P.kwargs) -> R:
            with self:
                return fn(*args, **keywords)

        inside.__flowlet_block__ = True  # type: ignore[attr-defined]  # for `syntax`
        return inside


class History:
    """Where an actor was in a block when it last left it: `last`, a path, or `None` if never.

    The path begins below the block; it is where the actor waited before any exit action ran.
    """

    __slots__ = ("depth", "key", "last", "path")

    def __init__(self, me: Fiber, depth: Depth) -> None:
        self.depth = depth
        self.key: tuple[Any, names.Path] = (
            me.region and names.function_name(me.region.fn),
            names.path_of(me.path),
        )
        self.last: names.Path | None = me.ref.extra.remembered.get(self.key)
        self.path: names.Path | None = None

    def note(self, state: names.Path) -> None:
        """The actor waits in this state."""
        below = state[len(self.key[1]) :]
        self.path = names.one_level(below) if self.depth == "shallow" else below


class Remembering(State):
    """A named block that remembers where it was left."""

    __slots__ = ("depth",)

    def __init__(self, name: str, deferred: Kinds, depth: Depth) -> None:
        super().__init__(name, deferred)
        self.depth: Depth = depth

    def __enter__(self) -> History:  # type: ignore[override]  # what `as` gives is its own
        super().__enter__()
        me: Any = getcurrent()
        history = History(me, self.depth)
        me.histories = (*me.histories, history)
        me.watch()  # so that every wait is noted; see `reports.note_wait`
        return history

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me: Any = getcurrent()
        history = me.histories[-1]
        me.histories = me.histories[:-1]
        if history.path is not None:
            me.ref.own_extra().remembered[history.key] = history.path
        if not me.home.listeners and me.home.quota is None:
            me.unwatch()
        super().__exit__(kind, error, trace)


@functools.lru_cache(maxsize=4096)
def _state(name: Name, deferred: Kinds = ()) -> State:
    return State(name_of(name), deferred)


@overload
def state(name: Name, *, defer: type | Kinds = (), history: None = None) -> State: ...
@overload
def state(name: Name, *, defer: type | Kinds = (), history: Depth) -> Remembering: ...
@playing("state")
def state(name: Name, defer: type | Kinds = (), history: Depth | None = None) -> State:
    """Name a block of code: a state, or a composite of those inside it.

    ```python
    with state("open"):
        light.send(On())        # entry action
        try:
            receive(Close)
        finally:
            light.send(Off())   # exit action
    ```

    Also a decorator.  The name is a text or a member of an Enum.  `defer` is a type of events or a
    tuple of types; those that nothing inside takes are kept until the block is left.  With
    `history`, `"deep"` or `"shallow"`, the block remembers for each actor where it was left, also
    when the actor is restarted by its supervisor: `with state("player", history="deep") as h:` and
    then `match h.last:`.
    """
    if history is not None:
        if history not in ("deep", "shallow"):
            raise ValueError(f'history is "deep" or "shallow", not {history!r}')
        return Remembering(name_of(name), _deferred(defer), history)
    if defer:
        return _state(name, _deferred(defer))
    return _state(name)  # of one argument, which is all that the cache has to look at


def _deferred(defer: Any) -> Kinds:
    kinds = defer if isinstance(defer, tuple) else (defer,)
    check_kinds(kinds, "state(…, defer=…)", "state('busy', defer=(Job, Order))")
    return kinds


def check_kinds(kinds: tuple[Any, ...], call: str, example: str) -> None:
    """Raise `NotAnEventTypeError` for what is no class."""
    for kind in kinds:
        if not isinstance(kind, type):
            raise NotAnEventTypeError(
                f"{call} takes types of events, but got {kind!r}, which is no class; "
                f"write {example}"
            )


def open_already(call: str, fiber: Fiber) -> IllegalCallError:
    """The error of a block that is entered a second time before it is left."""
    return IllegalCallError(
        f"this {call} is open already, in actor {fiber.ref.name!r}; make one for each block: "
        f"with {call}(…):"
    )


class until(Block):
    """Leave the block at whatever wait is inside when one of these events comes, or the time is up.

    ```python
    with until(Disconnect, after=30) as end:
        conversation()
    match end.event:
        case None: ...          # the block ended by itself
        case Disconnect(): ...
        case Timeout(): ...
    ```

    `after` is in seconds, or a `Delay`.  The wait inside has first choice of an event, then the
    blocks from the inside out.
    """

    __slots__ = ("after", "event", "fiber", "unwinding", "when")

    fiber: Fiber | None

    def __init__(self, *kinds: type, after: Seconds | None = None) -> None:
        for kind in kinds:
            if type(kind) is not EventMeta and not isinstance(kind, type):
                check_kinds(kinds, "until", "until(Disconnect) or until(after=30)")
        if not kinds and after is None:
            raise NotAnEventTypeError(
                "until() ends on nothing; name types of events, or give it a time: until(after=30)"
            )
        if after is not None:
            seconds_of(after)
        self.kinds = kinds
        self.after: Seconds | None = after
        self.fiber = None
        #: What ended the block: an event, a `Timeout`, or `None` if it ended by itself.
        self.event: Any = None

    def __enter__(self) -> until:
        me: Any = getcurrent()
        try:
            outer = me.block
        except AttributeError:
            raise outside("with until(…)") from None
        if self.fiber is not None:
            raise open_already("until", self.fiber)
        self.outer = outer
        self.fiber = me
        self.unwinding: Any = me.unwinding
        self.event = None
        self.asleep: bool = False
        self.path: names.Cell | None = me.path
        me.block = self
        if self.after is not None:
            self.when: Any = me.home.deadline(seconds_of(self.after))
            me.home.timers.arm(self.when, self)
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.asleep = True
        me: Any = self.fiber
        self.fiber = None
        me.block = self.outer
        if self.after is not None:
            me.home.timers.disarm(self.when, self)
        if me.unwinding is self:
            me.unwinding = self.unwinding
        if error is None:
            return False
        error = bare(error)
        return type(error) is Leave and error.args[0] is self

    def fire(self) -> None:
        """The time is up; called by the dispatcher."""
        if not self.asleep:
            assert self.fiber is not None
            self.fiber.signal(self)

    def meet(self, fiber: Fiber) -> None:
        """The time is up, in the actor; a block that was left meanwhile says nothing."""
        if not self.asleep:
            assert self.after is not None
            self.hear(fiber, timeout_of(self.after))

    def hear(self, me: Fiber, event: object) -> NoReturn:
        """Unwind the actor to the end of this block."""
        self.event = event
        me.put_to_sleep(self, self.outer, me.handler_round(self))
        if me.home.listeners:
            report_delivery(me, event, names.path_of(self.path))
        raise Leave(self)
