"""To hear of the end of another actor: an event in the mailbox, like all else that happens.

Whoever is watched deals with its failure through the watcher: it ends no parent and is not raised
by the run.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict

from .actor import ActorRef
from .blocks import running
from .errors import IllegalCallError
from .events import Event
from .named_ref import NamedRef


class Exited(Event):
    """An actor that was watched has ended: with a `result`, or with an `error`.

    A stopped actor has neither.
    """

    # What checks it is built with the first: most programs watch nobody.
    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True, defer_build=True)

    ref: ActorRef[Any]
    result: Any = None
    error: BaseException | None = None


def watch(ref: ActorRef[Any]) -> None:
    """Bring an `Exited` event to this actor when that one ends, or now if it has ended already.

    ```python
    watch(helper)
    match receive(Exited, Progress):
        case Exited(ref, result, None): ...
        case Exited(ref, _, error): ...
    ```

    It is the last that comes from there.  A failure that somebody watches ends no parent, nor is
    it raised by `run` and `settle`.  To watch it twice before its end brings one event.

    Raises `IllegalCallError` outside an actor, and for the actor itself.
    """
    watcher = running("watch").ref
    if isinstance(ref, NamedRef):
        ref = ref.resolve()
    if not isinstance(ref, ActorRef):
        raise TypeError(f"watch takes the handle of an actor, not {ref!r}: watch(spawn(work))")
    if ref is watcher:
        raise IllegalCallError(
            f"actor {watcher.name!r} watches itself, and nobody hears of its own end; clean up in "
            "a `finally`"
        )
    if ref.phase == "ended":
        _tell(watcher, ref)
        return
    ref.at_end(watcher, lambda ended: _tell(watcher, ended))
    _forget_the_dead(ref)


def _tell(watcher: ActorRef[Any], ref: ActorRef[Any]) -> None:
    if watcher.phase != "ended":
        watcher._deliver(Exited(ref, ref.result, ref.error), ref)


def _forget_the_dead(ref: ActorRef[Any]) -> None:
    """A server that outlives many watchers does not keep them all.

    Looked at whenever their number is a power of two, so that it costs next to nothing.
    """
    listed = ref.extra.joiners
    if len(listed) >= 16 and len(listed) & (len(listed) - 1) == 0:
        for key in [key for key in listed if isinstance(key, ActorRef) and not key.alive]:
            del listed[key]
