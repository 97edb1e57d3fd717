"""`supervise`: children that are run again, and who decides that.

A child whose program is over asks whether it goes on.  Where others are to be run again with it,
it waits until they have been stopped, the last one started first.  Those that go on do so in the
order in which they were started, when it is their turn.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.reference import program as p
from tests.reference.others import fail
from tests.reference.parts import Actor, Halt, Over, RestartLimitError, Strand, Unwinding, Wait

if TYPE_CHECKING:
    from tests.reference.model import Model
    from tests.reference.words import Script

Steps = Generator[Wait, Any, Any]


@dataclass(eq=False)
class Ward:
    """A child, and what is to become of it."""

    actor: Actor
    restart: p.Restart
    #: It has been stopped for good, or is being stopped to be run again.
    dismissed: bool = False
    stopping: bool = False
    #: Its program is over, and it waits for the verdict.
    between: Wait | None = None
    verdict: bool | None = None
    #: What it failed on is dealt with: it was to be run again.
    forgiven: bool = False


@dataclass(eq=False)
class Keeper:
    """One call of `supervise`."""

    model: Model
    strand: Strand
    strategy: p.Strategy
    max_restarts: int
    wait: Wait = field(default_factory=lambda: Wait("supervise"))
    wards: dict[Actor, Ward] = field(default_factory=dict)
    #: Those that are to be run again together.
    group: list[Ward] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    failure: Exception | None = None
    #: What the call is left by.
    left: BaseException | None = None
    over: bool = False

    # --- in a child -----------------------------------------------------------------------

    def goes_on(self, actor: Actor, stopped: bool) -> Generator[Wait, Any, bool]:
        """Whether a child whose program is over is run again."""
        ward, error, model = self.wards[actor], actor.root.error, self.model
        if self.closing() or ward.dismissed:
            return False
        if ward.stopping:
            if ward.restart == "never":
                return False
        else:
            wanted = ward.restart == "always" or (ward.restart == "on_error" and error is not None)
            if stopped or not wanted or not self.may_restart():
                return False
            self.choose_group(ward)
        model.disarm(actor.grace)
        actor.grace = None
        for asking in model.askings:  # what it has taken and not answered will not be
            unread = any(item is asking.request for item in actor.mailbox)
            if asking in actor.joiners and not unread:
                fail(model, asking)
        at = "end" if error is None else f"error: {type(error).__name__}"
        ward.between, ward.verdict, ward.forgiven = Wait(at), None, True
        self.proceed()
        yield ward.between
        goes_on = ward.verdict and not ward.dismissed
        ward.between, ward.stopping = None, False
        if goes_on:
            ward.forgiven = False
        return bool(goes_on)

    def may_restart(self) -> bool:
        """Count a restart; over the limit, give up."""
        now = self.model.time
        self.restarts = [when for when in self.restarts if when + p.WITHIN >= now]
        if len(self.restarts) < self.max_restarts:
            self.restarts.append(now)
            return True
        self.fail(RestartLimitError())
        return False

    def choose_group(self, failed: Ward) -> None:
        """Who is run again: the one that failed, and by the strategy others with it."""
        wards = list(self.wards.values())
        if self.strategy == "one_for_one":
            self.group = [failed]
            return
        first = 0 if self.strategy == "one_for_all" else wards.index(failed)
        chosen = [*self.group, *wards[first:]]
        going = [ward for ward in wards if ward.actor.phase not in ("new", "ended")]
        self.group = [ward for ward in going if ward in chosen]

    def proceed(self) -> None:
        """Stop the next of the group, or let all of it go on."""
        for ward in reversed(self.group):
            if ward.between is None and ward.actor.phase != "ended":
                if not ward.stopping:
                    ward.stopping = True
                    self.model.halt(ward.actor)
                return
        group, self.group = self.group, []
        for ward in group:
            self.decide(ward, True)

    def decide(self, ward: Ward, goes_on: bool) -> None:
        """Let it go on, or end, when it is its turn."""
        if ward.between is not None and ward.verdict is None:
            ward.verdict = goes_on
            ward.between.pause = "queued"
            self.model.ready.append(ward.actor)

    def dismiss(self, actor: Actor) -> None:
        """It is stopped for good."""
        self.wards[actor].dismissed = True
        self.decide(self.wards[actor], False)

    def minds(self, actor: Actor) -> bool:
        """Whether its failure is dealt with here, so that it does not end the parent."""
        if self.wards[actor].forgiven:
            return True
        return not (self.over or isinstance(self.left, Unwinding) or self.is_to_stop())

    def ended(self, actor: Actor) -> None:
        error = actor.root.error
        if not self.closing():
            if error is not None and not self.wards[actor].forgiven:
                self.fail(error)
            elif self.group:
                self.proceed()
        if self.closing() or not self.living():
            self.tell()

    # --- in the actor that supervises -----------------------------------------------------

    def living(self) -> list[Ward]:
        return [ward for ward in self.wards.values() if ward.actor.phase != "ended"]

    def closing(self) -> bool:
        leaving = self.over or self.left is not None or self.failure is not None
        return leaving or self.is_to_stop()

    def is_to_stop(self) -> bool:
        return any(isinstance(item, Halt) for item in self.strand.actor.mailbox)

    def fail(self, failure: Exception) -> None:
        self.failure = failure
        self.tell()

    def tell(self) -> None:
        """Wake the one that supervises, once for all that it has not looked at yet."""
        box = self.strand.actor.mailbox
        told = any(isinstance(item, Over) and item.wait is self.wait for item in box)
        if not self.over and not told:
            self.model.over(self.strand, self.wait)

    def leave(self, script: Script) -> Steps:
        """Stop the children, the last one first, each with its clean-up before the next."""
        late: Unwinding | None = None
        for ward in reversed(self.living()):
            self.model.stop(ward.actor)
            while ward.actor.phase != "ended":
                try:
                    yield from script.waiting(self.wait)
                except Unwinding as unwinding:
                    # The actor is to leave as well, but the clean-up comes first.
                    if late is not None:
                        for each in reversed(self.living()):
                            self.model.stop(each.actor)
                            self.model.kill(each.actor)
                        raise
                    late = unwinding
        if late is not None:
            raise late


def supervise(script: Script, statement: p.Supervise) -> Generator[Wait, Any, tuple[Any, ...]]:
    model, strand = script.model, script.strand
    actor = strand.actor
    keeper = Keeper(model, strand, statement.strategy, statement.max_restarts)
    try:
        first = actor.spawned + 1
        actor.spawned += len(statement.given)
        for number, (body, restart) in enumerate(statement.given, first):
            child = model.spawn(f"{actor.name}/{number}", body, actor)
            child.keeper = keeper
            child.joiners[keeper] = partial(keeper.ended, child)
            keeper.wards[child] = Ward(child, restart)
            if strand is not actor.root:
                strand.children.append(child)
        while keeper.failure is None and keeper.living():
            yield from script.waiting(keeper.wait)
        if keeper.failure is not None:
            raise keeper.failure
    except BaseException as error:
        keeper.left = error
        yield from keeper.leave(script)
        raise
    finally:
        keeper.over = True
    return tuple(ward.actor.root.result for ward in keeper.wards.values())
