"""Requests: events that are answered.

An `ask` sends a copy of the request that knows who asked, and waits for the reply, which comes as
a signal to that one wait.  So a request object may be asked again, and the reply goes past the
asker's mailbox to the line that asked.  An ask ends in one of three ways: by the reply, by news
that there will be none, or because the asker has gone on; whatever comes then is a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .actor import ActorRef, current_actor
from .blocks import Name, Seconds, running
from .errors import IllegalCallError, NoReplyError
from .events import Event, Over, label_of_type, seconds_of
from .mailbox import Asked, Own
from .roles import playing
from .waiting import wait

if TYPE_CHECKING:
    from .fiber import Fiber

#: Covariant, so that a request with a narrower answer may be asked where a wider one will do.
R = TypeVar("R", covariant=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a dead letter holds where a reply has come too late, or to nobody."""

    request: Request[Any]
    value: Any


@playing("request")
class Request(Event, Asked, Generic[R]):
    """An event with an answer of type `R`.

    ```python
    class Get(Request[int]):
        key: str

    def store() -> None:
        while True:
            match receive(Get):
                case Get(key) as request:
                    request.reply(len(key))

    def client(store: ActorRef[None]) -> None:
        size = store.ask(Get("name"))           # int
        size = store.ask(Get("name"), after=1)  # int | Timeout
    ```

    Whoever got it may hand it on, and another reply, as long as the one that was asked has
    neither ended nor been restarted.  That of another one is not told: if it ends without a
    reply, the asker waits on, and so wants an `after`.
    """

    __slots__ = ("_asking",)

    def reply(self, value: R) -> None:  # type: ignore[misc]  # whoever asked it knows the type
        """Answer it; the asker goes on with this value.

        If the asker no longer waits, or nobody asked (it was merely sent), the reply is a dead
        letter.  Raises `IllegalCallError` for a second reply.
        """
        asking: Asking | None = getattr(self, "_asking", None)
        if asking is not None:
            asking.answer(self, value)
            return
        replier = current_actor()
        if replier is None:
            raise IllegalCallError(
                f"nobody waits for a reply to {self!r}, which was not asked; in an actor, "
                "ref.ask(request) sends it and waits"
            )
        replier._home.dead_letter(replier, Reply(self, value), replier)

    def _travel(self, target: ActorRef[Any], after: Seconds | None, at: Name | None) -> Any:
        return ask(target, self, after, at)

    def _thrown_away(self, me: Fiber) -> None:
        asking: Asking | None = getattr(self, "_asking", None)
        if asking is not None:
            asking.fail(
                me.ref,
                f"threw it away in state {me.here()}, where nothing takes it; have it receive "
                f"{type(self).__name__} there, or keep it with state(…, defer=…)",
            )


class Asking(Own):
    """One ask: the signal that ends it."""

    __slots__ = (
        "answered",
        "asker",
        "called",
        "error",
        "fiber",
        "met",
        "over",
        "request",
        "target",
        "value",
    )

    def __init__(self, fiber: Fiber, target: ActorRef[Any], request: Request[Any]) -> None:
        self.fiber: Fiber = fiber
        self.asker: ActorRef[Any] = fiber.ref
        self.target: ActorRef[Any] = target
        self.called: str = f"ask {label_of_type(type(request))}"
        #: What travels, while the asker waits for it.
        self.request: Request[Any] | None = request
        self.value: Any = None
        self.error: NoReplyError | None = None
        self.answered: bool = False
        self.met: bool = False
        self.over: bool = False

    def outcome(self) -> object:
        """The name of the edge; `ask` looks for itself what has come."""
        self.met = True
        return Over(self.called)

    def answer(self, request: Request[Any], value: object) -> None:
        """The reply has come."""
        home = self.target._home
        if get_ident() != home.thread:
            raise home.wrong_thread(f"{request!r}.reply({value!r})")
        if self.answered:
            raise IllegalCallError(
                f"{request!r} was answered twice, with {self.value!r} and now with {value!r}; "
                "reply once to each request"
            )
        self.answered = True
        self.value = value
        if self.over or self.error is not None:
            self._too_late(request)
        else:
            self.fiber.signal(self)

    def fail(self, actor: ActorRef[Any], why: str) -> None:
        """There will be no reply, because of what this actor did: it may have been handed on."""
        if not (self.answered or self.over or self.error is not None):
            self.error = NoReplyError(
                f"actor {actor.name!r} does not reply to {self.request!r}: it {why}",
                actor,
                self.request,
            )
            self.fiber.signal(self)

    def target_ended(self, target: ActorRef[Any]) -> None:
        """Whoever was asked has ended."""
        self.fail(target, _ended(target))

    def finish(self) -> None:
        """The asker goes on."""
        self.over = True
        self.error = None  # its traceback holds this
        self.target.not_at_end(self)
        request, self.request = self.request, None  # the two hold each other
        if self.answered:
            if not self.met:
                assert request is not None
                self._too_late(request)
            # Whoever got the request may keep it for long; it keeps no asker that has ended.
            del self.fiber, self.asker

    def _too_late(self, request: Request[Any]) -> None:
        home = self.target._home
        home.dead_letter(self.asker, Reply(request, self.value), self.target)


def ask(target: ActorRef[Any], request: Request[R], after: Seconds | None, at: Name | None) -> Any:
    """`target.ask(request)`."""
    me = running("ask")
    if target is me.ref:
        raise IllegalCallError(
            f"actor {target.name!r} asks itself {request!r}, and would wait for its own reply; "
            "call the function that knows the answer"
        )
    if target._home is not me.home:
        raise IllegalCallError(
            f"actor {target.name!r} lives in another dispatcher, which does not run meanwhile; "
            "ask an actor of the same one, or send events between the two"
        )
    if me.home.asking is me:
        raise IllegalCallError(
            "ask was called in a where= or in the predicate of a wait_until, which are asked in "
            "the middle of a wait; let it only look there, and ask afterwards"
        )
    if after is not None:
        seconds_of(after)
    if target.phase == "ended":
        raise NoReplyError(
            f"actor {target.name!r} does not reply to {request!r}: it {_ended(target)}",
            target,
            request,
        )
    travelling = copy(request)
    asking = Asking(me, target, travelling)
    object.__setattr__(travelling, "_asking", asking)
    target.at_end(asking, asking.target_ended)
    try:
        target.send(travelling)
        got = wait(me, None, None, after, at, asking.called, own=asking)
        if not asking.met:
            return got
        if asking.error is not None:
            raise asking.error
        return asking.value
    finally:
        asking.finish()


def _ended(target: ActorRef[Any]) -> str:
    return (
        f"has ended in state {target.path_text()} ({target._outcome()}); look at ref.alive first, "
        "or catch NoReplyError"
    )


def fail_taken(target: ActorRef[Any], mail: Iterable[object]) -> None:
    """A life of the target is over: what it took and has not answered will not be."""
    asked = [key for key in target.extra.joiners if isinstance(key, Asking)]
    held = set(map(id, mail)) if asked else ()
    for key in asked:
        if id(key.request) not in held:
            key.fail(target, "took it and was then restarted; ask again")
