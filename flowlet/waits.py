"""The words that actor functions are written in.

Each finds its actor from the greenlet that is running, so no argument has to be handed down and
a helper of any depth may wait.  Those that park go through `dispatcher.wait`; `receive` has a
short way of its own, because it is what nearly every actor does nearly always.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar, TypeVarTuple, cast, overload

from greenlet import getcurrent

from . import names
from .actor import ActorRef, Fiber, Options, Unexpected
from .dispatcher import resume, wait
from .errors import IllegalCallError, Jump, Leave, NotAnEventTypeError
from .events import Delay, Timeout, name_of, seconds_of
from .instrument import Delivered
from .mailbox import Block
from .source import playing

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
R = TypeVar("R")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Fn = TypeVar("Fn", bound=Callable[..., Any])

Seconds = float | Delay
Name = str | Enum


def _me(call: str) -> Fiber:
    """The running actor's fiber; an error outside of one."""
    me = getcurrent()
    if isinstance(me, Fiber):
        return me
    raise _outside(call)


def _outside(call: str) -> IllegalCallError:
    return IllegalCallError(
        f"{call} was called outside an actor; call it in a function that runs as one: "
        "dispatcher.spawn(function), then dispatcher.run() or settle()"
    )


# --- receive --------------------------------------------------------------------------------

@overload
def receive(
    k1: type[A], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A: ...

@overload
def receive(
    k1: type[A], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B: ...

@overload
def receive(
    k1: type[A], k2: type[B], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F | G: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F | G | Timeout: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], k8: type[H], /, *, after: None = None, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F | G | H: ...

@overload
def receive(
    k1: type[A], k2: type[B], k3: type[C], k4: type[D], k5: type[E], k6: type[F], k7: type[G], k8: type[H], /, *, after: Seconds, where: Callable[[Any], object] | None = None, at: Name | None = None
) -> A | B | C | D | E | F | G | H | Timeout: ...

@overload
def receive(*, after: Seconds, at: Name | None = None) -> Timeout: ...

@overload
def receive(*kinds: type, after: Seconds | None = None, where: Callable[[Any], object] | None = None, at: Name | None = None) -> Any: ...

def receive(  # type: ignore[misc]
    k1: Any = None, k2: Any = None, k3: Any = None, k4: Any = None, k5: Any = None, k6: Any = None,
    k7: Any = None, k8: Any = None, k9: Any = None, k10: Any = None, k11: Any = None,
    k12: Any = None, k13: Any = None, k14: Any = None, k15: Any = None, k16: Any = None,
    after: Seconds | None = None, where: Callable[[Any], object] | None = None, at: Any = None,
) -> Any:  # fmt: skip
    """Wait for an event of one of the types, and return it.

    ```python
    match receive(Coin, Refund, after=30, at="paying"):
        case Coin(value): ...
        case Refund(): ...
        case Timeout(): ...
    ```

    `after`: seconds (or a `Delay`) after which a `Timeout` is returned instead.  `where`: a
    predicate on the event; one of a wanted type for which it is false stays in the mailbox.
    `at`: the name of this state.  What nothing here or round here takes is thrown away (see
    `actor(unexpected=…)`).  Takes at most 16 types; give more a common base class.

    Raises `NotAnEventTypeError` for what is no class, `IllegalCallError` outside an actor.
    """
    # Types by position with defaults, not *kinds and keyword-only: 0.2 of a round trip cheaper.
    me = getcurrent()
    try:
        box = me.box  # type: ignore[attr-defined]
    except AttributeError:
        raise _outside("receive") from None
    me = cast(Fiber, me)
    if box or k2 is not None or after is not None or where is not None or not isinstance(k1, type):
        if k2 is None and where is None and box.__class__ is deque and type(box[0]) is k1:
            me.entered = None
            return box.popleft()
        kinds = (k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15, k16)
        return _receive(me, kinds, after, where, at)
    me.at = at
    me.entered = None
    me.want = k1
    ready = me.ready
    resume(ready.popleft() if ready else me.home.hub)
    event = me.event
    if type(event) is k1:
        return event
    return wait(me, (k1,), None, None, at)


def _receive(me: Fiber, kinds: tuple[Any, ...], after: Any, where: Any, at: Any) -> Any:
    kinds = tuple(kind for kind in kinds if kind is not None)
    for kind in kinds:
        if not isinstance(kind, type):
            hint = f"receive({type(kind).__name__})" if not callable(kind) else "receive(Coin)"
            raise NotAnEventTypeError(
                f"receive takes types of events, but got {kind!r}, which is no class; "
                f"write {hint}, and test fields with match or where="
            )
    if after is None and not kinds and me.block is None:
        raise NotAnEventTypeError(
            "receive() without types and without after= would wait for ever; name the types of "
            "events that it waits for, or give it a time: sleep(5)"
        )
    return wait(me, kinds, where, after, at)


ROLE_OF_RECEIVE = playing("receive")(receive)


# --- time -----------------------------------------------------------------------------------


@playing("wait")
def sleep(seconds: Seconds, at: Name | None = None) -> None:
    """Wait for so many seconds on the dispatcher's clock; mail is kept meanwhile."""
    me = _me("sleep")
    name = seconds.name if isinstance(seconds, Delay) else "sleep"
    wait(me, None, None, seconds, at, name)


def now() -> float:
    """The time on the dispatcher's clock, in seconds."""
    return _me("now").home.now()


# --- blocks ---------------------------------------------------------------------------------


class State:
    """A named block of code; what `state(name)` returns."""

    __flowlet_block__ = True
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> State:
        me = _me(f"with state({self.name!r})")
        me.path = me.entered = (self.name, me.path, me.entered)
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me = cast(Fiber, getcurrent())
        cell = me.path
        assert cell is not None
        if error is not None and (me.left is None or me.left[0] is not error):
            me.left = (error, cell)
        me.path = cell[1]

    def __call__(self, fn: Callable[P, R]) -> Callable[P, R]:
        """Make the whole body of a function the block."""

        @functools.wraps(fn)
        def inside(*args: P.args, **keywords: P.kwargs) -> R:
            with self:
                return fn(*args, **keywords)

        inside.__flowlet_block__ = True  # type: ignore[attr-defined]
        return inside


@functools.lru_cache(maxsize=4096)
def _state(name: str) -> State:
    return State(name)


@playing("state")
def state(name: Name) -> State:
    """Name a block of code: a state, or a composite of those inside it.

    ```python
    with state("open"):
        light.send(On())        # entry action
        try:
            receive(Close)
        finally:
            light.send(Off())   # exit action
    ```

    Also a decorator.  The name is a text or a member of an Enum.
    """
    return _state(name_of(name))


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

    __slots__ = ("after", "event", "fiber", "when")

    def __init__(self, *kinds: type, after: Seconds | None = None) -> None:
        for kind in kinds:
            if not isinstance(kind, type):
                raise NotAnEventTypeError(
                    f"until takes types of events, but got {kind!r}, which is no class; "
                    "write until(Disconnect) or until(after=30)"
                )
        if not kinds and after is None:
            raise NotAnEventTypeError(
                "until() ends on nothing; name types of events, or give it a time: until(after=30)"
            )
        if after is not None:
            seconds_of(after)
        self.kinds = kinds
        self.after = after
        #: What ended the block: an event, a `Timeout`, or `None` if it ended by itself.
        self.event: Any = None
        self.asleep = True
        self.outer = None
        self.when = 0.0

    def __enter__(self) -> until:
        me = self.fiber = _me("with until(…)")
        self.event = None
        self.asleep = False
        self.outer = me.block
        me.block = self
        if self.after is not None:
            self.when = me.home.now() + seconds_of(self.after)
            me.home.timers.arm(self.when, self)
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.asleep = True
        self.fiber.block = self.outer
        if self.after is not None:
            self.fiber.home.timers.disarm(self.when, self)
        return isinstance(error, Leave) and error.block is self

    def fire(self) -> None:
        """The time is up; called by the dispatcher."""
        if not self.asleep:
            self.fiber.signal(self)

    def meet(self, fiber: Fiber) -> None:
        """The time is up, in the actor; a block that was left meanwhile says nothing."""
        if not self.asleep:
            self.leave(fiber, self.limit())

    def limit(self) -> Timeout:
        """The `Timeout` that the block is left with when its time is up."""
        assert self.after is not None
        name = self.after.name if isinstance(self.after, Delay) else None
        return Timeout(name, seconds_of(self.after))

    def leave(self, me: Fiber, event: object) -> NoReturn:
        """Unwind the actor to the end of this block."""
        self.event = event
        me.put_to_sleep(self.outer)
        home = me.home
        if home.listeners:
            home.report(Delivered(home.now(), me.ref, event, names.path_of(me.path)))
        raise Leave(self)


# --- jumps ----------------------------------------------------------------------------------


@playing("flow")
def flow(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in place and return its result; inside it, `become` jumps.

    For machines that are no tree: `with state("open"), until(Reset): flow(listen)`.
    """
    me = _me("flow")
    floor = me.floor
    me.floor = me.block
    call: Callable[..., R] = fn
    arguments: Any = args
    keywords: Any = kwargs
    try:
        while True:
            try:
                return call(*arguments, **keywords)
            except Jump as jump:
                call, arguments, keywords = cast(Any, jump.target)
    finally:
        me.floor = floor


@playing("become")
def become(fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> NoReturn:
    """Leave every block opened since the nearest `flow` (or the actor) began; go on as `fn`.

    The clean-up of the blocks that are left runs first.  The stack does not grow.
    """
    me = _me("become")
    if not callable(fn):
        raise TypeError(f"become takes a function and its arguments, not {fn!r}")
    me.put_to_sleep(me.floor)
    raise Jump(fn, args, kwargs)


# --- others ---------------------------------------------------------------------------------


def spawn(fn: Callable[[*Ts], R], *args: *Ts, name: str | None = None) -> ActorRef[R]:
    """Make a child actor: it ends with this one, or with the block: `with spawn(fn) as child:`.

    A child that fails ends this actor too, with `ChildFailedError` at its wait.
    """
    me = _me("spawn")
    return me.home.spawn_under(me.ref, fn, args, name, None)


def emit(value: object) -> None:
    """Give out a value to whoever drives this actor: `ref.take()` or `spawn(on_output=…)`."""
    _me("emit").ref.emit(value)


def me() -> ActorRef[Any]:
    """The handle of the actor that is running."""
    return _me("me").ref


def whereis(name: str) -> ActorRef[Any]:
    """The living actor of that name in this dispatcher; `LookupError` tells who there is."""
    home = _me("whereis").home
    ref = home.find(name)
    if ref is None:
        known = ", ".join(sorted(other.name for other in home.actors))
        raise LookupError(f"there is no actor {name!r} here; there are {known}")
    return ref


def actor(
    *, unexpected: Literal["discard", "defer", "raise"] = "discard", name: str | None = None
) -> Callable[[Fn], Fn]:
    """Options of an actor function, where the defaults do not do.

    `unexpected`: what happens to an event that nothing takes: it is thrown away and counted,
    kept for a later `receive`, or ends the actor with `UnexpectedEventError`.  `name`: what the
    actor is called, unless `spawn` says otherwise.
    """
    choices: tuple[Unexpected, ...] = ("discard", "defer", "raise")
    if unexpected not in choices:
        raise ValueError(f"unexpected is one of {', '.join(choices)}, not {unexpected!r}")

    def mark(fn: Fn) -> Fn:
        fn.__flowlet_options__ = Options(unexpected, name)  # type: ignore[attr-defined]
        return fn

    return mark
