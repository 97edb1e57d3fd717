"""The one inspection stream: what a dispatcher tells those who listen.

A listener is any callable that takes a record.  Traces, coverage, the observed state graph, a
journal and a live page are all listeners of this one stream, so none of them needs a hook of its
own.  Nobody listening costs nothing: records are made only on paths that a dispatcher takes when
it has listeners (`mailbox.WatchedBox` says how).

Records are plain data, with the time in seconds on the dispatcher's clock and the actor; listeners
share them and leave them as they are (frozen ones would cost three times as much to make).

Who wants to listen where somebody else makes the dispatchers, as a test runner does, is told of
each by `every_dispatcher`.  That is asked once for each dispatcher, and never while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from .actor import ActorRef
    from .dispatcher import Dispatcher

Path: TypeAlias = tuple[Any, ...]


@dataclass(slots=True, eq=False, repr=False)
class Record:
    """Something that happened to `actor` at `time`."""

    time: float
    actor: ActorRef[Any]

    # As a dataclass has them, and once for all: it would compile both for each kind of record,
    # which was 1 ms of every `import flowlet`.

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    @recursive_repr("...")
    def __repr__(self) -> str:
        named = zip(self.__match_args__, self._values(), strict=True)
        return (
            f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in named)})"
        )

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)


@dataclass(slots=True, eq=False, repr=False)
class Spawned(Record):
    """An actor was made; `parent` is the actor that did it, or `None`."""

    parent: ActorRef[Any] | None


@dataclass(slots=True, eq=False, repr=False)
class Sent(Record):
    """`actor` was sent `event`, by the actor `sender` or from outside (`None`)."""

    event: object
    sender: ActorRef[Any] | None


@dataclass(slots=True, eq=False, repr=False)
class Delivered(Record):
    """`actor` took `event`: its wait did, or the `until` block that is left by it (`block`).

    A `Timeout` counts as an event.  `block` is the path of the blocks round the `until`.  Where a
    handler of `on` takes it, `handled` is the path of the blocks round that.
    """

    event: object
    block: Path | None
    handled: Path | None = None


@dataclass(slots=True, eq=False, repr=False)
class Discarded(Record):
    """`event` was thrown away: nothing in the actor takes it."""

    event: object


@dataclass(slots=True, eq=False, repr=False)
class DeadLetter(Record):
    """`event` was sent by `sender` and came to nobody: the actor had ended, or had no room.

    Or it is a `Reply` to one that no longer waited for it.
    """

    event: object
    sender: ActorRef[Any] | None


@dataclass(slots=True, eq=False, repr=False)
class Emitted(Record):
    """`actor` gave out `value`."""

    value: object


@dataclass(slots=True, eq=False, repr=False)
class Parked(Record):
    """`actor` waits in `state`; `passed` are the blocks it went through without a wait."""

    state: Path
    passed: tuple[Path, ...]
    where: tuple[str, int]


@dataclass(slots=True, eq=False, repr=False)
class Restarted(Record):
    """`actor`, which is supervised, runs its function again; `error` is what it failed on."""

    error: BaseException | None


@dataclass(slots=True, eq=False, repr=False)
class Ended(Record):
    """`actor` has ended in the final state `state`; `passed` as in `Parked`."""

    state: Path
    passed: tuple[Path, ...]
    result: object
    error: BaseException | None


Listener: TypeAlias = Callable[[Record], object]


#: Who is told of the dispatchers that are made in this context; a dispatcher asks when it is made.
TOLD: Final[ContextVar[tuple[Callable[[Any], object], ...]]] = ContextVar(
    "flowlet.every_dispatcher", default=()
)


@contextmanager
def every_dispatcher(call: Callable[[Dispatcher], object]) -> Iterator[None]:
    """Have `call` called with each dispatcher that is made in this `with` block.

    ```python
    with every_dispatcher(lambda d: d.listen(print)):
        main()
    ```

    Wherever that happens, also in an actor or an asyncio task that was started in the block; in
    another thread only if it runs in a copy of this context.  The dispatchers on which `explore`
    and `check` try things out are none of it: nothing really happens there.
    """
    token = TOLD.set((*TOLD.get(), call))
    try:
        yield
    finally:
        TOLD.reset(token)
