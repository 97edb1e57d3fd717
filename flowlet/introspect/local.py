"""The machine of one actor of a system: each step is run once on a real greenlet, and remembered.

Actors share nothing but messages and declared cells.  So what one does next is a function of its
local state, of what happens to it, and of the cells that it reads then.  Local states are numbered
by identity; a step from one of them is run on a scene where this actor plays alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from .. import names
from ..cells import Look
from ..errors import ExploreError, NoReplyError
from ..mailbox import KEEPS, Signal
from ..requests import Asking
from ..signals import Grace
from . import family
from .cast import CastRef
from .differences import difference
from .growth import Growth
from .identity import Reader, Snapshot, timer_label
from .inside import kept_by
from .scene import LOOK_FOR, Scene, Stimulus, Verdict
from .standing import Awaited, LocalState, Outcome, Ran, Standing

if TYPE_CHECKING:
    from .actor_graph import Pen
    from .exchange import Exchange

#: Scenes kept in the states where they stand, so that a step from there needs no replay.
MOST_KEPT: Final = 4000
#: So often may an actor come to the same wait with more children than the time before.  Each has
#: states of its own, so that the ways multiply.
MOST_MORE: Final = 4


#: The waits at which an actor that nothing wakes any more is stuck, and not only idle.
_STUCK: Final = ("ask ", "wait_until", "supervise")


class LocalMachine:
    """What one actor does."""

    def __init__(
        self,
        number: int,
        name: str,
        make_scene: Callable[[int], Scene],
        exchange: Exchange,
        reader: Reader,
    ) -> None:
        self.number = number
        self.name = name
        self.make_scene = make_scene
        self.exchange = exchange
        self.reader = reader
        #: How many steps were run on a real greenlet, replays not counted; and replays.
        self.runs: int = 0
        self.replays: int = 0
        self.kept: int = 0
        #: Cells that were read or written in some step.
        self.touched: dict[int, None] = {}
        #: What its children are called.
        self.child_names: dict[str, None] = {}
        #: For whom it has looked by name, where that is nobody of the cast.
        self.strangers: dict[str, None] = {}
        self.states: list[LocalState] = []
        self.by_form: dict[Any, LocalState] = {}
        #: Draws what it does.
        self.pen: Pen | None = None
        #: What is missing, and why.
        self.notes: dict[str, None] = {}
        #: Which variables were seen to grow without bound, and where.
        self.grown: set[tuple[str, Any]] = set()
        #: What is worth knowing, and no cut.
        self.hints: dict[str, None] = {}

    def unstarted(self, variant: int, cells: tuple[int, ...]) -> LocalState:
        """The state before the first turn, under one of the choices of the system function."""
        form = ("unstarted", variant)
        state = self.by_form.get(form)
        if state is None:
            origin = (None, Stimulus("start", variant), None, cells)
            state = LocalState(
                number=len(self.states), form=form, path=(), origin=origin, goes="start"
            )
            self.states.append(state)
            self.by_form[form] = state
        return state

    def outcomes(
        self, state: LocalState, stimulus: Stimulus, event: Any, seen: Callable[[], Sequence[int]]
    ) -> tuple[Outcome, ...]:
        """All that may come of a stimulus; `seen` gives the values of the cells."""
        known = state.known.get(stimulus)
        if known is None:
            known = state.known[stimulus] = []
        for reads, outcomes in known:
            if not reads or all(seen()[cell] == value for cell, value in reads):
                return outcomes
        cells = seen()
        reads_of: dict[int, int] = {}
        found: list[Outcome] = []
        todo: list[tuple[int, ...]] = [()]
        while todo:
            picks = todo.pop()
            chosen = stimulus._replace(picks=picks) if picks else stimulus
            scene = self.scene_at(state)
            outcome = self._play(scene, state, chosen, event, cells, reads_of)
            found.append(outcome)
            picked = scene.picked
            for done in range(len(picks), len(picked)):
                before = tuple(pick.place for pick in picked[:done])
                todo += [(*before, other) for other in range(1, picked[done].options)]
        reads = tuple(reads_of.items())
        known.append((reads, tuple(found)))
        for cell in reads_of:
            self.touched[cell] = None
        return tuple(found)

    def _play(
        self,
        scene: Scene,
        state: LocalState,
        stimulus: Stimulus,
        event: Any,
        cells: Sequence[int],
        reads_of: dict[int, int],
    ) -> Outcome:
        exchange = self.exchange
        ref = scene.cast[self.number]
        member = scene.member(ref, stimulus.slot)
        self.runs += 1
        exchange.set_cells(scene, cells)
        armed = scene.all_timers_for(ref) if state.is_timed else []
        verdict = self.draw(scene, member, state, stimulus, exchange.here(event, scene))
        for name in (*scene.reads, *scene.writes):
            cell = exchange.cell_numbers[name]
            reads_of.setdefault(cell, cells[cell])
        exchange.check_unchanged(scene, cells, self.name)
        self.strangers |= scene.strangers
        for other in scene.looked_at:
            flag = len(exchange.cell_names) + exchange.numbers[other.name]
            reads_of.setdefault(flag, cells[flag])
        if verdict in ("kept", "nothing") and ref in scene.slots:
            # It stands where it stood, and may have done something to its family.
            changed = self.identify(scene, ref)[1] != state.form
            if changed and verdict == "kept":
                scene.dispose()  # what it did by itself is another step
                return Outcome(verdict, state.number)
            verdict = "taken" if changed else verdict
        if verdict in ("kept", "nothing"):
            self.keep(scene, state)
            return Outcome(verdict, state.number)
        written = []
        for name in scene.writes:
            cell = exchange.cell_numbers[name]
            self.touched[cell] = None
            written.append((cell, exchange.value_number(scene, cell)))
        sent = tuple(exchange.message_number(sending, scene) for sending in scene.sent)
        origin = (state, stimulus, event, tuple(cells))
        target = self._arrive(scene, ref, origin)
        picks = tuple(pick.place for pick in scene.picked)
        chose = tuple(pick.text for pick in scene.picked)
        timers: tuple[int | float, ...] = ()
        if target.is_timed:
            if stimulus.kind == "timer":
                armed[state.standing(stimulus.slot).first_timer + stimulus.place] = None
            now = float(scene.clock.now())
            timers = tuple(
                armed.index(each) if each in armed else round(float(each.when) - now, 9)
                for each in scene.all_timers_for(ref)
            )
        self.keep(scene, target)
        threw: tuple[tuple[int, str], ...] = ()
        if self.pen is not None and verdict != "discarded":
            threw = tuple((scene.slot_of(who) or 0, what) for who, what in self.pen.thrown)
        outcome = Outcome(verdict, target.number, sent, tuple(written), picks, chose, timers, threw)
        if self.pen is not None:
            step = stimulus._replace(picks=()), outcome
            if step not in state.ran:
                drawn, given = self.pen.drawn(outcome), tuple(self.pen.given)
                state.ran[step] = Ran(event, tuple(cells), drawn, given, self.pen.has_traced)
        return outcome

    def draw(
        self, scene: Scene, member: CastRef, state: LocalState, stimulus: Stimulus, event: Any
    ) -> Verdict:
        """Let something happen on a scene, in sight of the pen."""
        if self.pen is None:
            return scene.play(member, stimulus, event)
        self.pen.begin(scene, member, state.standing(stimulus.slot).path)
        try:
            return scene.play(member, stimulus, event)
        finally:
            self.pen.end(scene)

    def _arrive(
        self,
        scene: Scene,
        ref: CastRef,
        origin: tuple[LocalState | None, Stimulus, Any, tuple[int, ...]],
    ) -> LocalState:
        """The local state in which the actor stands now."""
        snapshot, form, apart = self.identify(scene, ref)
        known = self.by_form.get(form)
        if known is not None:
            return known
        state = LocalState(number=len(self.states), form=form, path=ref.state, origin=origin)
        state.snapshot = snapshot
        if snapshot is not None:
            for path in snapshot.moments:
                self.notes[
                    f"{path} of {self.name} comes from now(): times are not told apart, so what "
                    "depends on it may be missing"
                ] = None
            label = f"{origin[1].kind} {origin[1].place} {origin[1].slot}"
            before = _grown_before(origin[0])
            state.growth = Growth(state.path, label, snapshot, before, len(self.states))
            if state.growth.cut:
                state.cut = True
                if (state.growth.cut, state.path) not in self.grown:
                    self.grown.add((state.growth.cut, state.path))
                    self.notes[state.growth.note(ref)] = None
            self._describe(state, scene, ref)
            self.child_names.update((each.name, None) for each in scene.root_of)
            self.exchange.note_names(ref, scene)
            first = len(state.timers)
            for (slot, child), own in zip(scene.children(ref), apart, strict=True):
                one = Standing(child.state, slot, child.name, first, snapshot=own)
                if own is None:
                    one.goes = "start"
                else:
                    self._describe(one, scene, child)
                first += len(one.timers)
                state.children += (one,)
            if _spawns_ever_more(state):
                state.cut = True
                self.notes[
                    f"{self.name} has ever more children at {state.line}: it spawns them faster "
                    "than they end; cut off there: let it wait for the end of one, or spawn a "
                    "fixed number"
                ] = None
        else:
            state.alive = False
            state.result, state.error = ref.result, ref.error
            state.ended_on = scene if ref.result is not None else None
            state.timers = tuple(timer_text(each) for each in scene.timers_for(ref))
            if ref.error is not None:
                place = (getattr(ref.error, "__notes__", None) or ["at an unknown line"])[0]
                self.hints[
                    f"{names.text(state.path)}: {ref.error}, {place.rpartition(', ')[2]}"
                ] = None
        self.states.append(state)
        self.by_form[form] = state
        return state

    def identify(
        self, scene: Scene, ref: CastRef
    ) -> tuple[Snapshot | None, Any, list[Snapshot | None]]:
        """The identity of the actor as it stands, and those of its children by themselves."""
        if ref.phase != "ended" and ref in scene.slots:
            snapshot, apart = family.identify(self.reader, scene, ref, self._timed)
            return snapshot, snapshot.form, apart
        if ref.phase != "ended":
            armed = scene.timers_for(ref)
            snapshot = self.reader.snapshot(ref, self._timed(scene, ref, armed), armed)
            return snapshot, snapshot.form, []
        canon = self.reader.canon()
        if ref.error is None:
            form = canon.of(ref.result, "the result")
            if canon.moments or scene.is_now(ref.result):
                self.notes[
                    f"the result of {self.name} comes from now(): times are not told apart, so "
                    "what depends on it may be missing"
                ] = None
            return None, ("ended", ref.state, form, *self._left(scene, ref)), []
        if isinstance(ref.error, NoReplyError):
            # Its text says where the other one ended, which is nothing that this one knows.
            outcome: Any = (NoReplyError, ref.error.actor.name)
        else:
            outcome = (type(ref.error), canon.of(ref.error.args, "the error's arguments"))
        return None, ("ended", ref.state, outcome, *self._left(scene, ref)), []

    def _left(self, scene: Scene, ref: CastRef) -> tuple[Any, ...]:
        """The letters that an actor that has ended has left."""
        return _timer_forms(self.reader, scene.timers_for(ref))

    def _timed(self, scene: Scene, ref: CastRef, armed: Sequence[Any]) -> tuple[Any, ...]:
        """What is `armed` for an actor, and whose end it is to hear of."""
        timers = _timer_forms(self.reader, armed)
        watched = scene.watched_by(ref)
        if watched:
            timers += (self.reader.canon().of(frozenset(watched), "whom it watches"),)
        return timers

    def _describe(self, state: Standing, scene: Scene, ref: CastRef) -> None:
        fiber = ref._fiber
        state.accepts = tuple(fiber.takes())
        state.keeps = kept_by(fiber)
        lines = [stack[-1] for stack in ref.stacks() if stack]
        state.line = " and ".join(lines)
        state.mail = tuple(type(item) for item in _mail(fiber.box))
        state.timers = tuple(timer_text(each) for each in scene.timers_for(ref))
        state.called = fiber.called or ""
        state.stuck = is_stuck(ref)
        state.waits = tuple(self._awaited(scene, ref))
        state.watches = tuple(self.exchange.numbers[each.name] for each in scene.watched_by(ref))
        if scene.is_queued(ref):
            state.goes = "cells" if state.called == "wait_until" else "turn"
        elif isinstance(fiber.own, Look):
            state.goes = "cells"
        state.throws = (
            fiber.want is not None and fiber.want is not KEEPS
            and ref.options.unexpected != "defer" and fiber.own is None
        )  # fmt: skip

    def _awaited(self, scene: Scene, ref: CastRef) -> Iterator[Awaited]:
        for region, fiber in enumerate(ref._fiber.all_fibers()):
            own, called, call = fiber.own, fiber.called or "", scene.calls.get(fiber)
            if call is not None:
                yield Awaited(region, "perform", called, performs=scene.performed[call])
            elif isinstance(own, Asking) and not scene.are_family(ref, own.target):
                asked = self.exchange.numbers.get(own.target.name, -1)
                yield Awaited(region, "ask", called, asked, type(own.request))
            elif isinstance(own, Look):
                yield Awaited(region, "look", called)

    # --- scenes ---------------------------------------------------------------------------

    def keep(self, scene: Scene, state: LocalState) -> None:
        """Keep a scene on which the actor stands in this state, as long as there is room."""
        if (state.alive or state.timers) and self.kept < MOST_KEPT and len(state.scenes) < 8:
            state.scenes.append(scene)
            self.kept += 1
        else:
            scene.dispose()

    def scene_at(self, state: LocalState) -> Scene:
        """A scene on which the actor stands in this state."""
        if state.scenes:
            self.kept -= 1
            return state.scenes.pop()
        if state.goes == "start":
            return self.make_scene(state.origin[1].place)
        return self.replayed(state)

    def replayed(self, state: LocalState) -> Scene:
        """A fresh scene, played to this state."""
        self.replays += 1
        way = []
        there: LocalState | None = state
        while there is not None and there.goes != "start":
            way.append(there)
            there = there.origin[0]
        assert there is not None
        scene = self.make_scene(there.origin[1].place)
        ref = scene.cast[self.number]
        for passed in reversed(way):
            _, stimulus, event, cells = passed.origin
            self.exchange.set_cells(scene, cells)
            member = scene.member(ref, stimulus.slot)
            scene.play(member, stimulus, self.exchange.here(event, scene))
        self.check_same(scene, ref, state)
        return scene

    def check_same(self, scene: Scene, ref: CastRef, state: LocalState) -> None:
        """Raise `ExploreError` where the actor stands elsewhere than in this state."""
        form = self.identify(scene, ref)[1]
        if form != state.form:
            variable = difference(form, state.form)
            data = f"with another {variable}" if variable else "with other data"
            raise ExploreError(
                f"{self.name} did not do the same twice: on the same events it was once in "
                f"{names.text(state.path)} and once in {ref.path_text()}, or {data}; {LOOK_FOR}"
            )

    def dispose(self) -> None:
        """Throw all scenes away."""
        for state in self.states:
            for scene in state.scenes:
                scene.dispose()
            state.scenes.clear()


def is_stuck(ref: CastRef) -> bool:
    """Whether an actor that nothing wakes any more waits in vain, and is not only idle."""
    fiber = ref._fiber
    calls = [each.called or "" for each in fiber.all_fibers()]
    return (
        any(call.startswith(_STUCK) for call in calls)
        or fiber.group is not None
        or any(True for _ in _mail(fiber.box))
    )


def _grown_before(state: LocalState | None) -> list[Growth]:
    """The watched variables of the states on the way here, the latest first."""
    found: list[Growth] = []
    while state is not None and len(found) <= 64:
        if state.growth is not None:
            found.append(state.growth)
        state = state.origin[0]
    return found


def _spawns_ever_more(state: LocalState) -> bool:
    """Whether an actor has come to the same wait again and again, each time with more children."""
    times, there, fewest = 0, state.origin[0], len(state.children)
    while there is not None and fewest:
        if there.line == state.line and there.path == state.path and len(there.children) < fewest:
            times, fewest = times + 1, len(there.children)
        there = there.origin[0]
    return times > MOST_MORE


def _mail(box: Any) -> Any:
    return (item for item in box or () if not isinstance(item, Signal))


def timer_text(timed: Any) -> str:
    """What a timer is called; of mail that is sent for later, what it is."""
    if isinstance(timed, Grace):
        return "grace is over"
    event = getattr(timed, "event", None)
    if hasattr(timed, "after"):
        return timer_label(timed)
    return f"send {type(event).__name__} later"


def _timer_forms(reader: Reader, armed: Sequence[Any]) -> tuple[Any, ...]:
    """What may go off for an actor."""
    return tuple(
        timer_text(timed) if hasattr(timed, "after") or isinstance(timed, Grace)
        else ("later", timed._ref.name, reader.canon().of(timed.event, "mail sent for later"))
        for timed in armed
    )  # fmt: skip
