"""A scene: the actors of a system on a dispatcher where nothing happens but what a search wants.

The system function is run anew for each scene, so scenes share nothing.  What the actors send is
kept out of the mailboxes, and what they read and write of the shared cells is noted: both are for
the search to deal with.  One scene can play a single actor, while the others have not begun, or
all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from .. import names
from ..actor import NOBODY, ActorRef, current_actor
from ..calls import Call
from ..cells import Cell, Look
from ..errors import ExploreError, FlowletError, IllegalCallError
from ..fiber import Fiber
from ..instrument import Sent
from ..requests import Asking
from ..sending import Delayed
from .cast import (
    STANDS_STILL,
    CastRef,
    NoReply,
    SceneCell,
    Sending,
    asking_of,
    letter_key,
    transplanted,
)  # fmt: skip
from .going_on import Before
from .guards import Ears
from .household import Household
from .identity import timers_by_place
from .patience import EndlessLoop, Patience
from .stage import Pick, Stage, fresh
from .telling_steps import told

#: What became of a stimulus: the actor went on; it threw the event away; it keeps the event, which
#: is as if it had not come; nothing.
Verdict = Literal["taken", "discarded", "kept", "nothing"]

StimulusKind = Literal[
    "start", "event", "early", "timer", "go", "reply", "no reply", "result", "exited",
]  # fmt: skip


class Stimulus(NamedTuple):
    """Something that can happen to one actor.

    `place` says which: the number of a message, of a timer, or of a made-up result; `picks` are
    the options that each `choose` on the way takes; `slot` is that of a child, if it happens to
    one; `region` is the greenlet in which that waits (see `Awaited`).
    """

    kind: StimulusKind
    place: int = 0
    picks: tuple[int, ...] = ()
    slot: int = 0
    region: int = 0


#: What makes code that was run twice on the same events do different things.
LOOK_FOR: Final = (
    "look for a global or an object that its runs share, for the order of a set, id(), random or "
    "the wall clock"
)

START: Final = Stimulus("start")
GO: Final = Stimulus("go")


class Scene(Household):
    """The actors of a system, which do only what they are told."""

    def __init__(
        self,
        system: Callable[[Any], object],
        picks: Sequence[int] = (),
        wanted: Sequence[str] = (),
        patience: Patience | None = None,
    ) -> None:
        super().__init__()
        self.explored = True
        self.sent: list[Sending] = []
        #: What is on its way at the end of a replay.
        self.flying: list[Sending] = []
        #: What can happen there, as lines; and who waits in vain, if nothing can.
        self.possible: Callable[[], list[str]] = list
        self.waits_in_vain: Callable[[bool], str] = lambda strict: ""
        #: What each `choose` is to take, as it reads, where that is not said by number.
        self.wanted: list[str] = list(wanted)
        #: The cells that were read, and written, since the last stimulus.
        self.reads: dict[str, None] = {}
        self.writes: dict[str, None] = {}
        #: Of whom it was asked whether they have ended.
        self.looked_at: dict[CastRef, None] = {}
        #: The names for which somebody was looked up who is not of the cast.
        self.strangers: dict[str, None] = {}
        #: Whom each actor watches, and has not been told of yet.
        self.watches: dict[CastRef, dict[CastRef, None]] = {}
        self.calls: dict[Fiber, Call] = {}
        self.performed: dict[Call, Callable[..., Any]] = {}
        #: What was sent for later, in that order.
        self.later: list[Delayed] = []
        #: Who is told of the branches that an actor takes in its turn; and of how long it takes.
        self.ears: Ears | None = None
        self.patience: Patience = patience or Patience()
        self.picks = tuple(picks)
        self.setting_up: bool = True
        if (decimal := sys.modules.get("decimal")) is not None:
            decimal.getcontext()  # it is made when first asked for, and would be an actor's own
        fresh(system)(self)
        self.setting_up = False
        self.set_up: tuple[Pick, ...] = tuple(self.picked)
        self.cast.extend(ref for ref in self._actors if isinstance(ref, CastRef))
        self.named_cells: list[Cell[Any]] = list(self.cells.named.values())
        # All begin when the search says so.
        self.ready.clear()
        self._unstarted.clear()

    # --- what the actors call -------------------------------------------------------------

    def shared(self, name: str, value: Any) -> Any:
        """A cell; all are made before the actors begin."""
        if not self.setting_up:
            self.refuse(
                f"the shared cell {name!r} is made while the actors run; make it in the system "
                "function, before it spawns them"
            )
        named = self.cells.named
        if name in named:
            raise ValueError(f"there is a shared cell {name!r} already; give this another name")
        named[name] = cell = SceneCell(self, name, value)
        return cell

    def find(self, name: str) -> ActorRef[Any] | None:
        """An actor of the scene, if it has not ended; for an actor, anybody else is outside."""
        for ref in self.cast:
            if ref.name == name:
                return ref if ref.alive else None
        asking = current_actor()
        if asking is None and not self.setting_up:
            return None
        own = [child for child in self.root_of if child.name == name and child.phase == "ended"]
        if own and super(Stage, self).find(name) is None:
            return None
        self.strangers[name] = None
        return super().find(name)

    def choose_for(self, ref: ActorRef[Any] | None, options: tuple[Any, ...]) -> Any:
        """The option that the search wants now, by number or as it reads."""
        if not self.wanted:
            return super().choose_for(ref, options)
        text = self.wanted.pop(0)
        texts = [f"chose {told(option)}" for option in options]
        if text not in texts:
            self.refuse(f"a choice {text!r} is wanted, and there are {', '.join(texts)}")
        self.picked.append(Pick(texts.index(text), len(options), text))
        return options[texts.index(text)]

    def call_out(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """A side effect is not had; the search makes up what comes of it."""
        self.calls[call.fiber] = call
        self.performed[call] = names.unwrapped(fn)

    @property
    def actors(self) -> list[ActorRef[Any]]:
        """The living actors; an actor that asks has asked of each whether it has ended."""
        return [ref for ref in self._actors if ref.alive]

    def settle(self) -> None:
        """Nothing goes on by itself here."""
        self._cannot("settle")

    def run(self, until: Any = None) -> Any:
        """Nothing goes on by itself here."""
        self._cannot("run")

    def advance(self, seconds: float) -> None:
        """Nothing goes on by itself here."""
        self._cannot("advance")

    def _cannot(self, call: str) -> None:
        if self.setting_up:
            raise ExploreError(
                f"the system function calls d.{call}(); let it only make cells and spawn actors: "
                "whoever runs or explores the system lets it go on"
            )
        raise IllegalCallError(STANDS_STILL)

    def give_up(self, call: Call) -> None:
        """Nobody waits for it any more."""
        self.calls.pop(call.fiber, None)

    def watch(self, watcher: CastRef, ref: CastRef) -> None:
        """The watcher is to be told when this one has ended; that it has is the search's news."""
        self.watches.setdefault(watcher, {})[ref] = None

    def watched_by(self, watcher: CastRef) -> list[CastRef]:
        """Whose end an actor is still to hear of, in the order in which they were spawned."""
        watched = self.watches.get(watcher)
        return [ref for ref in self.cast if ref in watched] if watched else []

    def tell_sent(self, sender: ActorRef[Any] | None, to: ActorRef[Any], event: object) -> None:
        """Tell listeners, who draw outputs on edges."""
        if self.listeners:
            self.report(Sent(self.now(), to, event, sender))

    def have_ended(self, flags: Sequence[int]) -> None:
        """Let actors that do not play here be taken for ended, or not."""
        for place, ref in enumerate(self.cast):
            if ref._fiber is NOBODY or ref.phase not in ("spawned", "ended"):
                continue
            ref.phase = "ended" if place < len(flags) and flags[place] else "spawned"

    # --- what the search calls ------------------------------------------------------------

    @property
    def view(self) -> Any:
        """The scene as predicates see a state."""
        from .view import SceneView

        return SceneView(self)

    def arriving(self, sending: Sending) -> Any:
        """What was sent, as it comes to an actor here: the reply to a request is a message too."""
        return (
            sending.event
            if asking_of(sending.event) is None
            else transplanted(sending.event, self, self)
        )

    def timers_for(self, ref: ActorRef[Any]) -> list[Any]:
        """What may go off by time for an actor: its waits' limits, then the mail sent for later."""
        armed = self.timers.all_armed()
        grace = ref.extra.grace
        if not armed and grace is None:
            return []
        timed = timers_by_place(ref, armed) if ref.phase != "ended" else []
        later = self._letters_of(ref, armed)
        if grace is not None and ref._fiber not in self.ready:
            timed.append(grace)  # before its turn no time passes
        return timed + later

    def _letters_of(self, ref: ActorRef[Any], armed: Sequence[tuple[float, Any]]) -> list[Delayed]:
        """What an actor has sent for later, in an order that does not depend on times.

        How long each still takes is not part of a state, so the order in which they are due is not
        either: they stand by what they are, and those that are alike as they were sent.
        """
        left = {id(each) for _, each in armed}
        later = [each for each in self.later if each._sender is ref and id(each) in left]
        return sorted(later, key=letter_key) if len(later) > 1 else later

    def all_timers_for(self, root: CastRef) -> list[Any]:
        """The same of an actor and, after its own, of each of its children."""
        timed = self.timers_for(root)
        for _, child in self.children(root):
            timed += self.timers_for(child)
        return timed

    def is_queued(self, ref: ActorRef[Any]) -> bool:
        """Whether the actor goes on by itself: it pauses, or it has sent itself something."""
        return ref._fiber in self.ready

    def play(self, ref: CastRef, stimulus: Stimulus, event: Any = None) -> Verdict:
        """Let something happen to an actor, and let it go on to its next wait.

        `event` is what comes, if something does: an event, a reply or a result.
        """
        self.sent, self.reads, self.writes, self.looked_at = [], {}, {}, {}
        self.picks: tuple[int, ...] = stimulus.picks
        self.picked: list[Pick] = []
        self.asked_now = False
        fiber = ref._fiber
        if not self._can_happen(ref, stimulus, event):
            raise ExploreError(
                f"{ref.name} did not do the same twice: on the same events it went on once, and "
                f"once it was in {ref.path_text()} and could not; {LOOK_FOR}"
            )
        match stimulus.kind:
            case "start":
                self.begin(fiber)
                self.ready.rotate(1)  # before all that wait for their turn
                self._step(ref)
                return "taken"
            case "event":
                return self._deliver(ref, event)
            case "exited":
                del self.watches[ref][event.ref]
                verdict = self._deliver(ref, event)
                if verdict == "kept":
                    self.watch(ref, event.ref)
                return verdict
            case "early":
                self._deliver(ref, event, keeps=True)
                kept = ref.alive and any(item is event for item in fiber.box or ())
                return "taken" if kept else "nothing"
            case "timer":
                timed = self.timers_for(ref)[stimulus.place]
                when = timed.when
                self.clock.move_to(float(when))  # type: ignore[union-attr]  # a virtual one
                self.timers.disarm(when, timed)
                timed.fire()
                if isinstance(timed, Delayed):
                    return "taken"
                # Where nobody hears it yet, that it is due is part of the state.
                self._until_it_waits(ref)
                return "taken"
            case "go":
                look = fiber.all_fibers()[stimulus.region].own
                if isinstance(look, Look) and (stimulus.region or not self.is_queued(ref)):
                    look.come()
            case "reply" | "no reply":
                _reply(fiber.all_fibers()[stimulus.region], event)
            case "result":
                call = self.calls.pop(fiber.all_fibers()[stimulus.region])
                if isinstance(event, BaseException):
                    call.error = event
                else:
                    call.value = event
                call.over = True
                call.let_in()
                self._until_it_waits(ref)
                return "taken"  # also where it only tries once more, in the same wait
        return self._until_it_waits(ref)

    def _can_happen(self, ref: CastRef, stimulus: Stimulus, event: Any) -> bool:
        """Whether an actor stands where this can happen to it, as it did when it was found."""
        kind = stimulus.kind
        if kind == "timer":
            return stimulus.place < len(self.timers_for(ref))
        if ref._fiber is NOBODY:
            return False
        if kind == "exited":
            return event.ref in self.watches.get(ref, ())
        if kind in ("event", "early", "start"):
            return True
        fibers = ref._fiber.all_fibers()
        if stimulus.region >= len(fibers):
            return False
        fiber = fibers[stimulus.region]
        if kind == "result":
            return fiber in self.calls
        return kind == "go" or isinstance(fiber.own, Asking)

    def _until_it_waits(self, ref: CastRef) -> Verdict:
        before = Before(ref)
        while self._has_turn(ref):
            if ref.phase == "ended" or before.has_moved:
                return "taken"
            if self.root_of.get(ref, ref) in self.slots:
                break  # in a family each turn is a step
        return "taken" if before.has_looked else "nothing"

    def _has_turn(self, ref: CastRef) -> bool:
        """Let an actor make one step, whoever else is ready; false if there is none for it."""
        fiber, ready = ref._fiber, self.ready
        if fiber not in ready:
            return False
        ready.remove(fiber)
        ready.appendleft(fiber)
        self._step(ref)
        return True

    def _deliver(self, ref: CastRef, event: object, keeps: bool = False) -> Verdict:
        fiber = ref._fiber
        if fiber in self.ready and not isinstance(event, tuple(fiber.takes())):
            return "kept"  # it pauses
        discarded = ref.discarded
        before = Before(ref)
        ref.put(event)
        while self._has_turn(ref):
            if ref.phase == "ended" or before.has_moved:
                break
        if ref.phase != "ended":
            box = fiber.box
            if box is not None and any(item is event for item in box):
                if not before.has_moved:
                    if not keeps:
                        box.remove(event)
                    return "kept"
                return "taken"
            if ref.discarded > discarded:
                return "discarded"
        return "taken"

    def _step(self, ref: ActorRef[Any]) -> None:
        self._begin("step")
        ears, patience = self.ears, self.patience
        if ears is not None:
            ears.on()
        try:
            step = patience.begin()
            try:
                self._turn()
            finally:
                patience.end()
            if patience.was_over == step:
                raise EndlessLoop  # and somebody has caught it
        except BaseException as error:
            if self.refusal is not None:
                raise self.refusal from None
            for stuck in (error, ref.error):
                if isinstance(stuck, EndlessLoop):
                    raise stuck.told(ref) from None
            if isinstance(error, FlowletError) and not ref.error:
                raise
            if error is not ref.error or not isinstance(error, Exception):
                raise
        finally:
            if ears is not None:
                ears.off()
            self.quota: int | None = None
            self._free_hub = self.hub

    def dispose(self) -> None:
        """Throw the scene away."""
        self.have_ended(())
        self.patience.begin()
        try:
            self.close()
        except (Exception, EndlessLoop):
            return  # clean-up that fails now is no part of the machine
        finally:
            self.patience.end()


def _reply(fiber: Fiber, event: object) -> None:
    asking = fiber.own
    assert isinstance(asking, Asking)
    if isinstance(event, NoReply):
        asking.answered = False  # that there will be no reply was on its way as well
        asking.fail(asking.target, event.why)
    else:
        asking.answered = True
        asking.value = event
        fiber.signal(asking)
