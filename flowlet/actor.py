"""An actor: its handle and its life.

`ActorRef` is what people hold: a name, a mailbox to send to, and what the actor is doing.  The
greenlet that runs it is its `Fiber`.  The life of an actor is the table `LIFE`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from threading import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, overload

from greenlet import getcurrent

from . import names
from .errors import (
    ActorEndedError,
    IllegalCallError,
    NotAnEventTypeError,
    Unwinding,
)
from .events import Delay, Timeout, name_of, seconds_of
from .extra import NOTHING_EXTRA, Extra
from .fiber import Fiber
from .instrument import Emitted, Sent
from .mailbox import EVERY
from .options import Options
from .sending import Delayed, check_room, other_threads
from .signals import Grace, Kill, Stop

if TYPE_CHECKING:
    from .dispatcher import Dispatcher
    from .requests import Request

A = TypeVar("A")
R = TypeVar("R", covariant=True)

Phase = Literal["spawned", "alive", "stopping", "ending", "ended"]

#: From, on what, to.  The documentation's picture of an actor's life is drawn from this table.
LIFE: Final[tuple[tuple[Phase, str, Phase], ...]] = (
    ("spawned", "first turn", "alive"),
    ("spawned", "stop", "ended"),
    ("alive", "return or error", "ending"),
    ("alive", "stop", "stopping"),
    ("stopping", "grace is over", "stopping"),
    ("stopping", "clean-up is done", "ending"),
    ("ending", "children have ended", "ended"),
    ("ending", "restart", "alive"),
)


class _Nobody:
    """Stands for the fiber of an actor that has ended or not begun: wants nothing."""

    want = None
    box = None
    at = None


NOBODY: Any = _Nobody()


class ActorRef(Generic[R]):
    """The handle of an actor: send to it, ask what it does, stop it.

    ```python
    gate = d.spawn(turnstile)
    gate.send(Coin())
    d.settle()
    gate.state      # ('unlocked',)
    gate.accepts    # {Push}
    ```

    As a context manager (`with spawn(child) as ref:`) it stops the actor at the end of the block
    and waits for its clean-up.
    """

    __slots__ = (
        "__weakref__", "_args", "_fiber", "_final", "_fn", "_home", "_name", "_output", "error",
        "extra", "options", "parent", "phase", "result",
    )  # fmt: skip

    def __init__(
        self,
        home: Dispatcher,
        fiber: Fiber,
        fn: Callable[..., R],
        args: tuple[Any, ...],
        name: str | int,
        options: Options,
        parent: ActorRef[Any] | None,
        on_output: Callable[[Any], object] | None,
    ) -> None:
        self._home = home
        self._fiber = fiber
        self._fn = fn
        self._args = args
        #: As given, or which of the actors of its function it is.
        self._name = name
        #: Who is given its outputs, or a list of them; `None` before the first one.
        self._output: Callable[[Any], object] | list[Any] | None = on_output
        self._final: tuple[Any, ...] = ()
        self.extra: Extra = NOTHING_EXTRA
        self.options: Options = options
        self.parent: ActorRef[Any] | None = parent
        self.phase: Phase = "spawned"
        #: What the function returned, once it has ended.
        self.result: R | None = None
        #: What the function raised, if it failed.
        self.error: BaseException | None = None

    # --- mail -----------------------------------------------------------------------------

    @overload
    def send(self, event: object, after: None = None) -> None: ...
    @overload
    def send(self, event: object, after: float | Delay) -> Delayed: ...
    def send(self, event: object, after: float | Delay | None = None) -> Delayed | None:
        """Put an event into the actor's mailbox: now, or after so many seconds.

        With `after`, returns a handle whose `cancel()` calls it off.  From outside, an actor that
        has ended raises `ActorEndedError`; between actors, which cannot know, and after a delay,
        such mail is a dead letter: it is gone, and counted in `Dispatcher.dead_letters`.  A full
        mailbox (`@actor(mailbox=…)`) raises `MailboxFullError`.
        """
        if after is not None:
            return self._send_later(event, after)
        # To ask for other threads costs a twelfth of a greenlet round trip, to ask which one it is
        # a sixth.  Threads that C has made are not among them: they are seen by all but this.
        if other_threads() and get_ident() != self._home.thread:
            raise self._home.wrong_thread(f"{self.name}.send({event!r})")
        fiber: Any = self._fiber
        want = fiber.want
        if type(event) is want:
            fiber.want = None
            fiber.event = event
            fiber.ready.append(fiber)
            return None
        if want is None and type(fiber.box) is deque:
            fiber.box.append(event)
            return None
        if type(want) is tuple and type(event) in want:
            fiber.want = None
            fiber.event = event
            fiber.ready.append(fiber)
            return None
        self._send(event)
        return None

    def _send(self, event: object) -> None:
        fiber = self._fiber
        limit = self.options.mailbox
        if fiber.want is EVERY and limit is None and not isinstance(event, type):
            fiber.want = None
            fiber.event = event
            fiber.ready.append(fiber)
            return
        sender = self._sender_of(event)
        if self.phase == "ended":
            self._home.dead_letter(self, event, sender)
            return
        if limit is not None:
            check_room(self, event, running_here=sender is self)
        self._deliver(event, sender)

    def _send_later(self, event: object, after: float | Delay) -> Delayed:
        if get_ident() != self._home.thread:
            raise self._home.wrong_thread(f"{self.name}.send({event!r}, after=…)")
        return Delayed(self, event, self._sender_of(event), after)

    def _sender_of(self, event: object) -> ActorRef[Any] | None:
        """Who sends this event; raises where that cannot be right."""
        if isinstance(event, type):
            raise NotAnEventTypeError(
                f"{self.name}.send got the class {event.__name__}; send one of it: "
                f"send({event.__name__}(…))"
            )
        sender = current_actor()
        if sender is None and self.phase == "ended":
            raise ActorEndedError(
                f"{event!r} was sent to actor {self.name!r}, which has ended in state "
                f"{self.path_text()} ({self._outcome()}); look at ref.alive first, or spawn "
                "it again",
                self,
                event,
            )
        return sender

    def _deliver(self, event: object, sender: ActorRef[Any] | None) -> None:
        """Put mail into the box of a living actor, however full it is."""
        home = self._home
        if home.listeners:
            home.report(Sent(home.now(), self, event, sender))
        self._fiber.offer(event)

    @overload
    def ask(self, request: Request[A], after: None = None, at: str | Enum | None = None) -> A: ...
    @overload
    def ask(
        self, request: Request[A], after: float | Delay, at: str | Enum | None = None
    ) -> A | Timeout: ...
    def ask(self, request: Any, after: Any = None, at: Any = None) -> Any:
        """Send a request and wait for its reply: `total: int = shop.ask(Total())`.

        `after`: seconds, or a `Delay`, after which a `Timeout` is returned instead.  Mail is kept
        meanwhile.  Raises `NoReplyError` when the actor ends or throws the request away.
        """
        travel = getattr(type(request), "_travel", None)
        if travel is None:
            raise NotAnEventTypeError(
                f"{self.name}.ask takes a request, but got {request!r}; declare it with the type "
                "of its reply, class Get(Request[int]), and ask(Get())"
            )
        return travel(request, self, after, at)

    def take(self) -> list[Any]:
        """What the actor has emitted since the last `take`, oldest first."""
        if other_threads() and get_ident() != self._home.thread:
            raise self._home.wrong_thread(f"{self.name}.take()")
        if not isinstance(self._output, list):
            return []
        outputs = self._output.copy()
        self._output.clear()  # the same list goes on: `Fiber.out` may be its `append`
        return outputs

    def emit(self, value: object, fiber: Fiber) -> None:
        """Give out a value in the actor's name; called by `flowlet.emit`, in one of its fibers."""
        output = self._output
        if output is None:
            output = self._output = []
        out = output.append if isinstance(output, list) else output
        home = self._home
        if home.listeners:
            home.report(Emitted(home.now(), self, value))
        else:
            fiber.out = out
        out(value)

    # --- what it is doing -----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The actor's name: as given, or the function's, with a number from the second on."""
        if isinstance(self._name, str):
            return self._name
        name = names.function_name(self._fn)
        return name if self._name == 1 else f"{name}#{self._name}"

    @property
    def discarded(self) -> int:
        """How many events were thrown away because nothing took them."""
        return self.extra.discarded

    @property
    def function(self) -> Callable[..., R]:
        """The function that the actor runs."""
        return self._fn

    @property
    def alive(self) -> bool:
        """Whether the actor has not ended yet."""
        return self.phase != "ended"

    @property
    def state(self) -> tuple[Any, ...]:
        """Where the actor is, as a tuple of names from the outermost block in.

        `()` before its first turn; when it has ended, its final state; while it runs, the blocks
        that it is in.
        """
        fiber = self._fiber
        at = fiber.at
        if fiber.want is None:  # it does not wait, or is about to go on
            if self.phase == "ended" or self.phase == "spawned":
                return self._final
            if fiber is getcurrent():
                return names.path_of(fiber.path)
        if at is None:
            return self.state_of(fiber)
        name = at if type(at) is str else name_of(at)
        cell = fiber.path
        if cell is None:
            return (name,)
        return (cell[0].name, name) if cell[1] is None else (*names.path_of(cell), name)

    def state_of(
        self,
        fiber: Fiber,
        fn: Callable[..., Any] | None = None,
        frame: FrameType | None = None,
    ) -> tuple[Any, ...]:
        """Where a fiber of the actor is, its own or that of a region that runs `fn`.

        `frame` is that of the wait, of a fiber that is running.
        """
        if fiber.group is not None:
            return (*names.path_of(fiber.path), *fiber.group.path())
        if fiber.at is not None:
            return (*names.path_of(fiber.path), name_of(fiber.at))
        stack = names.stack_of(frame or fiber.gr_frame)
        return names.state_of(fn or self._fn, stack, fiber.path, fiber.awaits)

    def path_text(self) -> str:
        """The state as one text, for messages: `checkout/Address`."""
        if self.phase == "spawned":
            return "(not started)"
        return names.text(self.state) or names.function_name(self.function)

    @property
    def accepts(self) -> set[type]:
        """The types of events that the actor would take now: what a UI enables buttons by."""
        if self.phase not in ("alive", "stopping") or self._fiber.want is None:
            return set()
        return set(self._fiber.takes())

    def where(self) -> list[str]:
        """The lines at which the actor stands, `file:line`, from its function in to the wait.

        Of an actor with regions, the lines of each follow those of the call that runs them.
        """
        return [line for lines in self.stacks() for line in lines]

    def stacks(self) -> list[list[str]]:
        """The same apart: the actor's own lines, and those of each region."""
        if self.phase in ("spawned", "ended"):
            return []
        here = getcurrent()
        found = []
        for fiber in self._fiber.all_fibers():
            frame = names.frame_here() if fiber is here else fiber.gr_frame
            found.append([names.line_text(place) for place in names.stack_of(frame)])
        return found

    def _outcome(self) -> str:
        if self.error is not None:
            return f"failed with {type(self.error).__name__}: {self.error}"
        return f"result {self.result!r}"

    def __repr__(self) -> str:
        return f"<actor {self.name!r} {self.phase} {self.path_text()}>"

    # --- its end --------------------------------------------------------------------------

    def at_end(self, key: object, call: Callable[[ActorRef[Any]], object]) -> None:
        """Have `call` called with this handle as the last that the actor does."""
        self.own_extra().joiners[key] = call

    def not_at_end(self, key: object) -> None:
        """Forget what `at_end` was given under this key."""
        self.extra.joiners.pop(key, None)

    def own_extra(self) -> Extra:
        """Its extra, to write to."""
        if self.extra is NOTHING_EXTRA:
            self.extra = Extra()
        return self.extra

    def stop(self, grace: float | Delay = 5.0) -> None:
        """End the actor: its wait raises, its clean-up runs and may wait.

        After `grace` seconds every wait of the clean-up raises too.  An actor that has not had
        its first turn just ends.  The stop is carried out when the dispatcher runs next.
        """
        home = self._home
        if get_ident() != home.thread:
            raise home.wrong_thread(f"{self.name}.stop()")
        seconds = seconds_of(grace)
        if self.extra.keeper is not None:
            self.extra.keeper.dismiss(self)
        self._stop(seconds)

    def _stop(self, grace: float) -> None:
        home = self._home
        if self.phase == "spawned":
            home.forget(self)
            return
        if self.phase == "alive":
            self.phase = "stopping"
            self._fiber.signal(Stop(), first=True)
        # One that is being ended already, by a child's failure, gets no more time either.
        if self.phase == "stopping" and self.extra.grace is None:
            self.arm_grace(grace)

    def arm_grace(self, seconds: float) -> None:
        """Give its clean-up so many seconds from now."""
        when = self._home.deadline(seconds)
        grace = self.own_extra().grace = Grace(self, when)
        self._home.timers.arm(when, grace)

    def disarm_grace(self) -> None:
        """Its clean-up is over."""
        grace = self.extra.grace
        if grace is not None:
            self._home.timers.disarm(grace.when, grace)
            self.extra.grace = None

    def _kill(self) -> None:
        """Have every wait of the actor raise from now on."""
        if self.phase == "spawned":
            self._home.forget(self)
        elif self.phase in ("alive", "stopping"):
            self.phase = "stopping"
            self._fiber.signal(Kill(), first=True)

    def __enter__(self) -> ActorRef[R]:
        if current_actor() is not self.parent or self.parent is None:
            raise IllegalCallError(
                f"with {self.name}: only the actor that spawned it can own it for a block; "
                "outside an actor, call ref.stop()"
            )
        return self

    def __exit__(self, *exc: object) -> None:
        if self._home.asking is getcurrent():
            raise IllegalCallError(
                f"with {self.name}: a where= or the predicate of a wait_until was to wait here for "
                "the child's end, and is asked in the middle of a wait; spawn it after the wait"
            )
        self.stop()
        late: Unwinding | None = None
        while self.phase != "ended":
            try:
                self._home.join([self])
            except Unwinding as unwinding:
                # The parent is to leave as well, but the child's clean-up comes first.
                if late is not None:
                    self._kill()
                    raise
                late = unwinding
        if late is not None:
            raise late

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """A handle may be a field of an event, as in `class Ask(Event): reply_to: ActorRef`."""
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(ActorRef)


def current_actor() -> ActorRef[Any] | None:
    """The actor that is running, or `None` outside of all actors."""
    fiber = getcurrent()
    return fiber.ref if isinstance(fiber, Fiber) else None
