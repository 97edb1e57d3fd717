"""The keeper of supervised children: who is run again, when, and with whom.

A child whose function is over asks its keeper whether it goes on, in its own greenlet.  The keeper
decides there and then, so that it does not matter what the supervising actor is doing.  Where
others are to be restarted as well, the child waits in that question, between two lives, until they
have been stopped one by one, the last one started first.  Then they go on, in the order in which
they were started.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, Literal, TypeVar

from . import names
from .actor import ActorRef
from .blocks import Name
from .dispatcher import next_one, resume
from .errors import RestartLimitError, Unwinding
from .events import Over
from .fiber import Fiber
from .instrument import Restarted
from .life import only_mail, report_in_hub
from .mailbox import LOOK, Own, Signal
from .requests import fail_taken
from .signals import Stop
from .waiting import wait

R = TypeVar("R")

Restart = Literal["on_error", "always", "never"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]

#: Seconds that the clean-up of a child may take before its waits raise, as in `stop()`.
GRACE: Final = 5.0


class Child(Generic[R]):
    """How a child of `supervise` is to be run; what `child(…)` returns."""

    __slots__ = ("args", "fn", "name", "restart")

    def __init__(
        self, fn: Callable[..., R], args: tuple[Any, ...], name: str | None, restart: Restart
    ) -> None:
        self.fn: Callable[..., R] = fn
        self.args: tuple[Any, ...] = args
        self.name: str | None = name
        self.restart: Restart = restart

    def __repr__(self) -> str:
        return f"child({names.function_name(self.fn)}, restart={self.restart!r})"


class News(Own):
    """Wakes the supervising actor: all have ended, or it is to fail, or one more has stopped."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent: bool = False

    def outcome(self) -> object:
        """The name of the edge; the supervising actor looks for itself what it is."""
        self.sent = False
        return Over("supervise")

    def meet(self, fiber: Fiber) -> None:
        """The same, where something else is waited for."""
        self.sent = False


class GoOn(Signal):
    """Wakes a child between two lives."""

    __slots__ = ()

    def meet(self, fiber: Fiber) -> None:
        """It looks for itself what its keeper has decided."""


class Kept:
    """A child, and what is to become of it."""

    __slots__ = (
        "between", "context", "dismissed", "forgiven", "given", "queued", "ref", "stopping",
        "verdict",
    )  # fmt: skip

    def __init__(self, given: Child[Any], ref: ActorRef[Any]) -> None:
        self.given: Child[Any] = given
        self.ref: ActorRef[Any] = ref
        #: The context of whoever spawned it, of which every life gets a copy.
        self.context: contextvars.Context = contextvars.copy_context()
        #: Its function is over, and it waits to be run again.
        self.between: bool = False
        #: What it failed on has been dealt with: it was to be run again.
        self.forgiven: bool = False
        #: It is being stopped in order to be run again.
        self.stopping: bool = False
        #: It has been stopped for good.
        self.dismissed: bool = False
        #: Whether it goes on, once that is decided.
        self.verdict: bool | None = None
        #: It was decided by its own question, and it has its place among those that go on.
        self.queued: bool = False

    def wants_restart(self, error: BaseException | None) -> bool:
        """Whether it is to be run again when its function is over, as it was given."""
        return self.given.restart in ("always", "on_error" if error is not None else "")

    def decide(self, goes_on: bool) -> None:
        """Let it go on, or end, if it waits to be told."""
        if self.between and self.verdict is None:
            self.verdict = goes_on
            fiber = self.ref._fiber
            if fiber.want is not None:
                fiber.signal(GoOn())
            else:
                fiber.event = LOOK
                fiber.ready.append(fiber)
                self.queued = True


class Supervision:
    """One call of `supervise`: the keeper of its children."""

    def __init__(
        self,
        me: Fiber,
        given: list[Child[Any]],
        strategy: Strategy,
        max_restarts: int,
        within: float,
        at: Name | None,
    ) -> None:
        self.me = me
        self.given = given
        self.strategy = strategy
        self.max_restarts = max_restarts
        self.within = within
        self.at = at
        self.kept: dict[ActorRef[Any], Kept] = {}
        #: How many of them have not ended.
        self.living: int = 0
        #: Those that are to be restarted together, in the order of their start.
        self.group: list[Kept] = []
        #: When the restarts of late were.
        self.restarts: deque[float] = deque()
        self.failure: Exception | None = None
        #: What the call is being left by.
        self.left: BaseException | None = None
        self.over: bool = False
        self.news: News = News()

    # --- in the supervising actor ---------------------------------------------------------

    def run(self) -> tuple[Any, ...]:
        """Run the children until all have ended."""
        try:
            for given in self.given:
                self._spawn(given)
            while self.failure is None and self.living:
                self._wait()
            if self.failure is not None:
                raise self.failure
        except BaseException as error:
            self._leave(error)
            raise
        finally:
            self.over = True
            self.left = self.failure = None  # their tracebacks hold this
        return tuple(ref.result for ref in self.kept)

    def _spawn(self, given: Child[Any]) -> None:
        me = self.me
        ref = me.home.spawn_under(me.ref, given.fn, given.args, given.name, None)
        ref.own_extra().keeper = self
        ref.at_end(self, self._ended)
        self.kept[ref] = Kept(given, ref)
        self.living += 1
        if me.region is not None:
            me.region.children.append(ref)

    def _going(self) -> list[Kept]:
        return [kept for kept in self.kept.values() if kept.ref.phase != "ended"]

    def _wait(self, leaving: bool = False) -> None:
        wait(self.me, None, None, None, self.at, "supervise", own=self.news, once=leaving)

    def _leave(self, error: BaseException) -> None:
        """Stop the children, the last one first; each has cleaned up before the next is stopped."""
        self.left = error
        late: Unwinding | None = None
        for kept in reversed(self._going()):
            kept.ref.stop(GRACE)
            while kept.ref.phase != "ended":
                try:
                    self._wait(leaving=True)
                except Unwinding as unwinding:
                    # This actor is to leave as well, but the clean-up comes first; the second
                    # time it is not waited for.
                    if late is not None:
                        self._end_at_once()
                        raise
                    late = unwinding
        if late is not None:
            raise late

    def _end_at_once(self) -> None:
        for kept in reversed(self._going()):
            kept.ref.stop(GRACE)
            kept.ref._kill()

    def _tell(self) -> None:
        if not self.news.sent and not self.over:
            self.news.sent = True
            self.me.signal(self.news)

    # --- in a child -----------------------------------------------------------------------

    def goes_on(
        self, me: Fiber, ref: ActorRef[Any], error: BaseException | None, stopped: bool
    ) -> bool:
        """Whether a child whose function is over is run again."""
        kept = self.kept[ref]
        if self._closing() or kept.dismissed:
            return False
        if error is not None and not isinstance(error, Exception):
            return False  # Ctrl-C and the like are for whoever runs
        if not kept.stopping:
            if stopped or not kept.wants_restart(error) or not self._may_restart(kept, error):
                return False
            self._restart_with(kept)
        elif kept.given.restart == "never":
            return False
        ref.disarm_grace()
        only_mail(me.box)
        fail_taken(ref, me.box or ())
        mail = me.box
        me.outfit(ref)
        me.box = mail
        kept.between = kept.forgiven = True
        kept.verdict = None
        self._proceed()
        at = "end" if error is None else f"error: {type(error).__name__}"
        if kept.queued:
            me.at = at
            resume(next_one(me))
        while kept.verdict is None:
            wait(me, None, None, None, at, once=True)
        kept.between = kept.stopping = kept.queued = False
        if not kept.verdict or kept.dismissed:
            return False
        kept.forgiven = False
        ref.extra.failure = None
        me.gr_context = kept.context.copy()
        if me.home.listeners:
            report_in_hub(me.home, Restarted(me.home.now(), ref, error))
        return True

    def dismiss(self, ref: ActorRef[Any]) -> None:
        """A child is stopped for good."""
        kept = self.kept[ref]
        kept.dismissed = True
        kept.decide(False)

    def minds(self, ref: ActorRef[Any]) -> bool:
        """A failure is raised by `supervise`, or told with what it is being left by."""
        if self.kept[ref].forgiven:
            return True
        cause = self.failure if self.left is None else self.left
        if self.over or self._is_to_stop() or isinstance(cause, Unwinding):
            return False
        if cause is not None and ref.error is not cause and ref.error is not cause.__cause__:
            cause.add_note(
                f"and then child {ref.name!r} failed, as it was stopped, with "
                f"{type(ref.error).__name__}: {ref.error}"
            )
        return True

    def _closing(self) -> bool:
        leaving = self.over or self.left is not None or self.failure is not None
        return leaving or self._is_to_stop()

    def _is_to_stop(self) -> bool:
        """Whether the supervising actor is about to be stopped, with all in it."""
        for item in self.me.ref._fiber.box or ():
            if not isinstance(item, Signal):
                break  # a stop comes first
            if isinstance(item, Stop):
                return True
        return False

    def _may_restart(self, kept: Kept, error: BaseException | None) -> bool:
        """Count a restart; over the limit, give up."""
        home = self.me.home
        restarts = self.restarts
        home.forget_old(restarts, self.within)
        if len(restarts) < self.max_restarts:
            restarts.append(home.clock.time)
            return True
        times = "restart" if len(restarts) == 1 else "restarts"
        reason = "returned" if error is None else f"failed with {type(error).__name__}: {error}"
        self._fail(
            RestartLimitError(
                f"child {kept.ref.name!r} {reason}, after {len(restarts)} {times} in "
                f"{self.within:g} s, as many as supervise(max_restarts={self.max_restarts}, "
                f"within={self.within:g}) allows; find out why it fails, or allow more",
                kept.ref,
                len(restarts),
                error,
            )
        )
        return False

    def _restart_with(self, kept: Kept) -> None:
        """Add to the group a child that failed, and those that are restarted with it."""
        if self.strategy == "one_for_one":
            self.group = [kept]
            return
        order = list(self.kept.values())
        place = 0 if self.strategy == "one_for_all" else order.index(kept)
        wanted = {*self.group, *order[place:]}
        self.group = [
            one for one in order
            if one in wanted and one.ref.phase not in ("spawned", "ended")
        ]  # fmt: skip

    def _proceed(self) -> None:
        """Stop the next of the group, or let all of it go on."""
        for kept in reversed(self.group):
            if kept.between or kept.ref.phase == "ended":
                continue
            if not kept.stopping:
                kept.stopping = True
                kept.ref._stop(GRACE)
            return
        group, self.group = self.group, []
        for kept in group:
            kept.decide(True)

    def _ended(self, ref: ActorRef[Any]) -> None:
        """A child has ended."""
        self.living -= 1
        if not self._closing():
            if isinstance(ref.error, Exception) and not self.kept[ref].forgiven:
                self._fail(ref.error)
            elif self.group:
                self._proceed()
        if self._closing() or not self.living:
            self._tell()

    def _fail(self, failure: Exception) -> None:
        self.failure = failure
        self._tell()
