"""An actor: its handle, its greenlet, and its life.

`ActorRef` is what people hold: a name, a mailbox to send to, and what the actor is doing.
`Fiber` is the greenlet that runs it, with the few slots that the dispatcher reads at every
switch; they stand on the greenlet itself because that is where they are cheapest to reach.
Fibers outlive actors: one whose actor has ended is used again for the next, since a fresh
greenlet costs about ten times as much as a used one.

The life of an actor is the table `LIFE`.  Nothing here switches: that is the dispatcher's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from greenlet import getcurrent, greenlet

from . import names
from .errors import ActorEndedError, ChildFailedError, IllegalCallError, Stopped
from .instrument import Emitted, Sent
from .mailbox import KEEPS, LOOK, Block, Halt, Kinds, Mark, Signal, WatchedBox

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

R = TypeVar("R")

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
)

Unexpected = Literal["discard", "defer", "raise"]


class Options:
    """What `@actor(...)` says of a function."""

    __slots__ = ("name", "unexpected")

    def __init__(self, unexpected: Unexpected = "discard", name: str | None = None) -> None:
        self.unexpected: Unexpected = unexpected
        self.name = name


DEFAULTS: Final = Options()


class Fiber(greenlet):
    """The greenlet in which an actor runs.

    want      the exact type that the actor waits for, or a tuple of types, or `KEEPS`
              (takes no mail); `None` while it runs or is about to
    event     what woke it
    box       its mailbox, `None` until it is needed
    path      the blocks that it is in: `(state, outer path, entered before)` or `None`
    entered   the last block entered since the last wait, as such a cell
    block     the innermost `until` round where it is
    kinds     what the wait takes, where `want` does not say it
    called    what the wait is called by what it awaits, where that is no type of event
    at        what the wait is called by its author
    left      the block out of which the last exception went, as `(error, cell)`
    """

    __slots__ = (
        "at", "block", "box", "called", "entered", "event", "floor", "home", "kinds", "left",
        "path", "ready", "ref", "want",
    )  # fmt: skip

    want: type | Kinds | Mark | None
    event: object
    box: deque[object] | None
    path: names.Cell | None
    entered: names.Cell | None
    block: Block | None
    floor: Block | None
    kinds: Kinds
    called: str | None
    at: Any
    left: tuple[BaseException, names.Cell] | None
    home: Dispatcher
    ready: deque[greenlet]
    ref: ActorRef[Any]

    def offer(self, event: object) -> None:
        """Take in an event that is not of the very type that the actor waits for."""
        want = self.want
        if want.__class__ is tuple and type(event) in want:  # type: ignore[operator]
            self.want = None
            self.event = event
            self.ready.append(self)
            return
        box = self.box
        if box is None:
            box = self.box = deque()
        box.append(event)
        if want is None or (want is KEEPS and self.block is None):
            return
        self.want = None
        self.event = LOOK
        self.ready.append(self)

    def signal(self, signal: Signal, first: bool = False) -> None:
        """Put a signal into the mailbox and have the actor look."""
        box = self.box
        if box is None:
            box = self.box = deque()
        if first:
            box.appendleft(signal)
        else:
            box.append(signal)
        if self.want is not None:
            self.want = None
            self.event = LOOK
            self.ready.append(self)

    def kinds_now(self) -> Kinds:
        """The types that the wait takes."""
        return (self.want,) if isinstance(self.want, type) else self.kinds

    def awaits(self) -> str:
        """What the wait is called where it has no name of its own."""
        return self.called or names.kinds_text(self.kinds_now())

    def put_to_sleep(self, last: Block | None) -> None:
        """The blocks from the innermost to before `last` hear nothing more: they are being left.

        Their clean-up may wait; a block that heard in there would swallow what unwinds it.
        """
        block = self.block
        while block is not last:
            assert block is not None
            block.asleep = True
            block = block.outer

    def watch(self) -> None:
        """Go the long way from now on (see `WatchedBox`)."""
        if self.box.__class__ is not WatchedBox:
            self.box = WatchedBox(self.box or ())
        if isinstance(self.want, type):
            self.kinds = (self.want,)
            self.want = ()

    def unwatch(self) -> None:
        """Go the short way again."""
        if self.box.__class__ is WatchedBox:
            self.box = deque(self.box or ()) or None


def options_of(fn: Callable[..., Any]) -> Options:
    """What `@actor(...)` says of this function."""
    options = getattr(names.unwrapped(fn), "__flowlet_options__", DEFAULTS)
    return options if isinstance(options, Options) else DEFAULTS


class _Nobody:
    """Stands for the fiber of an actor that has ended or not begun: wants nothing."""

    want = None


NOBODY: Any = _Nobody()


class _Stop(Signal):
    __slots__ = ()

    def meet(self, fiber: Fiber) -> None:
        fiber.put_to_sleep(None)
        raise Stopped


class _Kill(_Stop, Halt):
    __slots__ = ()


class _Grace:
    """Kills an actor whose clean-up takes longer than it was given."""

    __slots__ = ("ref", "when")

    def __init__(self, ref: ActorRef[Any], when: float) -> None:
        self.ref = ref
        self.when = when

    def fire(self) -> None:
        self.ref._kill()


class ChildFailed(Signal):
    """A child has failed: its error is the parent's, at the parent's wait."""

    __slots__ = ("child",)

    def __init__(self, child: ActorRef[Any]) -> None:
        self.child = child

    def meet(self, fiber: Fiber) -> None:
        raise self.error() from self.child.error

    def error(self) -> ChildFailedError:
        child = self.child
        return ChildFailedError(
            f"actor {child.name!r}, a child of {child.parent and child.parent.name!r}, failed with "
            f"{type(child.error).__name__}: {child.error}",
            child,
        )


class ChildEnded(Signal):
    """A child has ended; whoever waits for that looks at the list of children."""

    __slots__ = ()

    def meet(self, fiber: Fiber) -> None:
        """Nothing to do: the wait that it woke looks by itself."""


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
        "__weakref__", "_children", "_fiber", "_final", "_grace", "_home", "_job", "_joiners",
        "_name", "_on_output", "_out", "_outputs", "_serial", "discarded", "error", "options",
        "parent", "phase", "result",
    )  # fmt: skip

    def __init__(
        self,
        home: Dispatcher,
        fiber: Fiber,
        job: tuple[Callable[..., R], tuple[Any, ...]],
        name: str | None,
        serial: int,
        options: Options,
        parent: ActorRef[Any] | None,
        on_output: Callable[[Any], object] | None,
    ) -> None:
        self._home = home
        self._fiber = fiber
        self._job = job
        self._name = name
        self._serial = serial
        self._children: dict[ActorRef[Any], None] | None = None
        self._joiners: list[Fiber] | None = None
        self._outputs: list[Any] | None = None
        self._on_output = on_output
        self._out = on_output
        self._final: tuple[Any, ...] = ()
        self._grace: _Grace | None = None
        self.options = options
        self.parent = parent
        self.phase: Phase = "spawned"
        #: What the function returned, once it has ended.
        self.result: R | None = None
        #: What the function raised, if it failed.
        self.error: BaseException | None = None
        #: How many events were thrown away because nothing took them.
        self.discarded = 0

    # --- mail -----------------------------------------------------------------------------

    def send(self, event: object) -> None:
        """Put an event into the actor's mailbox.

        From outside, an actor that has ended raises `ActorEndedError`; between actors, which
        cannot know, such mail is a dead letter: it is gone, and counted in
        `Dispatcher.dead_letters`.
        """
        home = self._home
        if get_ident() != home.thread:
            raise home.wrong_thread(f"{self.name}.send({event!r})")
        fiber = self._fiber
        if type(event) is fiber.want:
            fiber.want = None
            fiber.event = event
            fiber.ready.append(fiber)
        else:
            self._send(event)

    def _send(self, event: object) -> None:
        home = self._home
        sender = current_actor()
        if self.phase == "ended":
            if sender is None:
                raise ActorEndedError(
                    f"{event!r} was sent to actor {self.name!r}, which has ended in state "
                    f"{self.path_text()} ({self._outcome()}); look at ref.alive first, or spawn "
                    "it again",
                    self,
                    event,
                )
            home.dead_letter(self, event, sender)
            return
        if home.listeners:
            home.report(Sent(home.now(), self, event, sender))
        self._fiber.offer(event)

    def take(self) -> list[Any]:
        """What the actor has emitted since the last `take`, oldest first."""
        outputs = self._outputs or []
        if outputs:
            self._outputs = None
            self._out = None
        return outputs

    def emit(self, value: object) -> None:
        """Give out a value in the actor's name; called by `flowlet.emit`."""
        out = self._out
        if out is None:
            home = self._home
            if home.listeners:
                home.report(Emitted(home.now(), self, value))
            out = self._on_output
            if out is None:
                if self._outputs is None:
                    self._outputs = []
                out = self._outputs.append
            if not home.listeners:
                self._out = out
        out(value)

    # --- what it is doing -----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The actor's name: as given, or the function's, with a number from the second on."""
        if self._name is not None:
            return self._name
        name = names.function_name(self._job[0])
        return name if self._serial == 1 else f"{name}#{self._serial}"

    @property
    def function(self) -> Callable[..., R]:
        """The function that the actor runs."""
        return self._job[0]

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
        if self.phase in ("spawned", "ended"):
            return self._final
        fiber = self._fiber
        if fiber is getcurrent():
            return names.path_of(fiber.path)
        return names.state_of(
            self._job[0], names.stack_of(self._frame()), fiber.path, fiber.at, fiber.awaits
        )

    def path_text(self) -> str:
        """The state as one text, for messages: `checkout/Address`."""
        return names.text(self.state) or "(not started)"

    @property
    def accepts(self) -> set[type]:
        """The types of events that the actor would take now: what a UI enables buttons by."""
        if self.phase not in ("alive", "stopping") or self._fiber.want is None:
            return set()
        kinds = set(self._fiber.kinds_now())
        block = self._fiber.block
        while block is not None:
            if not block.asleep:
                kinds.update(block.kinds)
            block = block.outer
        return kinds

    def where(self) -> list[str]:
        """The lines at which the actor stands, `file:line`, from its function in to the wait."""
        if self.phase in ("spawned", "ended"):
            return []
        return [names.line_text(place) for place in names.stack_of(self._frame())]

    def _frame(self) -> Any:
        fiber = self._fiber
        return names.frame_here() if fiber is getcurrent() else fiber.gr_frame

    def _outcome(self) -> str:
        if self.error is not None:
            return f"failed with {type(self.error).__name__}: {self.error}"
        return f"result {self.result!r}"

    def __repr__(self) -> str:
        return f"<actor {self.name!r} {self.phase} {self.path_text()}>"

    # --- its end --------------------------------------------------------------------------

    def stop(self, grace: float = 5.0) -> None:
        """End the actor: its wait raises, its clean-up runs and may wait.

        After `grace` seconds every wait of the clean-up raises too.  An actor that has not had
        its first turn just ends.  The stop is carried out when the dispatcher runs next.
        """
        home = self._home
        if get_ident() != home.thread:
            raise home.wrong_thread(f"{self.name}.stop()")
        if self.phase == "spawned":
            home.forget(self)
        elif self.phase == "alive":
            self.phase = "stopping"
            self._fiber.signal(_Stop(), first=True)
            when = home.now() + grace
            self._grace = _Grace(self, when)
            home.timers.arm(when, self._grace)

    def _kill(self) -> None:
        """Have every wait of the actor raise from now on."""
        if self.phase == "spawned":
            self._home.forget(self)
        elif self.phase in ("alive", "stopping"):
            self.phase = "stopping"
            self._fiber.signal(_Kill(), first=True)

    def __enter__(self) -> ActorRef[R]:
        if current_actor() is not self.parent or self.parent is None:
            raise IllegalCallError(
                f"with {self.name}: only the actor that spawned it can own it for a block; "
                "outside an actor, call ref.stop()"
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self._home.join([self])


def current_actor() -> ActorRef[Any] | None:
    """The actor that is running, or `None` outside of all actors."""
    fiber = getcurrent()
    return fiber.ref if isinstance(fiber, Fiber) else None
