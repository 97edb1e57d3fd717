"""The machine behind `flowlet play`: a run that goes forward by moves, and back.

A move is something that the person does: an event is sent, time passes, a performed call is
answered.  A session is its list of moves; the rest follows from them, since the same inputs give
the same run.  So to go back is to run again up to there, and a saved session is a test.

Performed functions are not called: whoever plays says what comes of them, which is then part of the
session.  Else each step back would do once more what cannot be undone.  As on any virtual clock no
time passes while a call is out, and nothing else happens: a call is answered first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowlet import ActorRef, Dispatcher, observe
from flowlet.calls import Call
from flowlet.introspect.identity import timer_label, timers_by_place
from flowlet.introspect.observe import Observation
from flowlet.names import function_name
from flowlet.sending import Delayed
from flowlet.tools.answers import TraceLine
from flowlet.tools.driving import Drive
from flowlet.tools.event_text import shown
from flowlet.tools.steps import Send, Wait
from flowlet.tools.targets import TargetError

#: So many deliveries a move may set off; actors that never come to rest go on with the next one.
MOST_DELIVERIES = 1000


@dataclass(frozen=True, slots=True)
class Deliver:
    """Deliveries are made: one, or all that are ready."""

    all: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A performed call is over, with this value, or with an error."""

    value: Any = None
    error: BaseException | None = None


Move = Send | Wait | Deliver | Answer


@dataclass(frozen=True, slots=True)
class Performed:
    """A call that waits for its answer."""

    call: Call
    fn: Callable[..., Any]
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{function_name(self.fn)}({', '.join(map(shown, self.args))})"


class Stage(Dispatcher):
    """A dispatcher that makes no calls: they wait for somebody who answers them."""

    def __init__(self, seed: int | str) -> None:
        super().__init__(seed=seed)
        self.performed: list[Performed] = []

    def call_out(self, call: Call, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Keep the call."""
        self.performed.append(Performed(call, fn, args))

    def give_up(self, call: Call) -> None:
        """Nobody waits for it any more."""
        self.performed = [one for one in self.performed if one.call is not call]
        super().give_up(call)

    def answer(self, answer: Answer) -> None:
        """Have the oldest call end so."""

        def outcome() -> Any:
            if answer.error is not None:
                raise answer.error
            return answer.value

        super().call_out(self.performed.pop(0).call, outcome, ())


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an actor is after a move, and what came out of it in the move."""

    state: tuple[Any, ...]
    outputs: tuple[Any, ...]
    discarded: int
    alive: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """What a move did: lines for a person, and where everybody is then."""

    move: Move | None
    #: When it was over, in seconds on the clock.
    time: float
    lines: tuple[TraceLine, ...]
    cast: dict[str, Standing]
    failures: tuple[BaseException, ...]
    deliveries: int
    #: Whether somebody has something to do still, and whether a call waits for its answer.
    busy: bool
    called: tuple[Performed, ...]


class Session:
    """A target that is played with."""

    def __init__(self, target: str, fn: Callable[..., Any], seed: int | str = 0) -> None:
        self.target = target
        self.fn = fn
        self.seed = seed
        self.moves: list[Move] = []
        self.undone: list[Move] = []
        self.drive: Drive
        self.stage: Stage
        self.observation: Observation
        #: What the beginning did, and each move after it.
        self.happened: list[Happened] = []
        self._begin()

    # --- moves ----------------------------------------------------------------------------

    def do(self, move: Move) -> Happened:
        """Make a move.  Raises `TargetError`, or flowlet's own error, for one that cannot be made.

        What was undone is forgotten.
        """
        done = self._do(move)
        self.undone.clear()
        return done

    def undo(self) -> None:
        """Go back to before the last move: run again up to there."""
        if not self.moves:
            raise TargetError("there is nothing to undo: this is the beginning.")
        self.undone.append(self.moves.pop())
        self._again()

    def redo(self) -> Happened:
        """Make the move once more that was undone last."""
        if not self.undone:
            raise TargetError("there is nothing to redo.")
        done = self._do(self.undone[-1])
        self.undone.pop()
        return done

    def close(self) -> None:
        """End the run."""
        self.drive.close()

    def _do(self, move: Move) -> Happened:
        if self.stage.performed and not isinstance(move, Answer):
            raise TargetError(
                f"{self.stage.performed[0]} has been called, and nothing else happens until its "
                "result is known: say `gives VALUE`, or `fails TEXT`."
            )
        before = len(self.drive.failures)
        match move:
            case Send():
                receiver = self.drive.receiver(move.to)
                receiver.send(move.event)
                deliveries = self._deliver(all=True)
            case Wait():
                deliveries = self._pass(move.seconds)
            case Answer():
                if not self.stage.performed:
                    raise TargetError("no call waits for its result.")
                self.stage.answer(move)
                deliveries = self._deliver(all=True)
            case _:
                deliveries = self._deliver(move.all)
                if not deliveries:
                    raise TargetError(
                        "nobody has anything to do: send an event, or let time pass with wait."
                    )
        self.moves.append(move)
        return self._note(move, before, deliveries)

    # --- running --------------------------------------------------------------------------

    def _begin(self) -> None:
        self.stage = Stage(self.seed)
        self.drive = Drive(self.target, self.fn, dispatcher=self.stage)
        self.observation = observe(self.stage)
        deliveries = 0
        if self.drive.is_system:
            self.fn(self.stage)  # whose actors begin when the first delivery is asked for
        else:
            self.stage.spawn(self.fn)
            deliveries = self._deliver(all=True)
        self._note(None, 0, deliveries)

    def _again(self) -> None:
        moves, self.moves, self.happened = self.moves, [], []
        self.close()
        self._begin()
        for move in moves:
            self._do(move)

    def _deliver(self, all: bool) -> int:
        made = 0
        while made < (MOST_DELIVERIES if all else 1) and self.drive.try_step():
            made += 1
        return made

    def _pass(self, seconds: float) -> int:
        """Let time pass from deadline to deadline; a call that is made stops it there."""
        made = self._deliver(all=True)
        limit = self.stage.now() + seconds
        while not self.stage.performed and made < MOST_DELIVERIES:
            due = self.stage.next_deadline
            if due is None or due > limit:
                self.stage.clock.move_to(limit)  # type: ignore[union-attr]  # a virtual one
                break
            self.stage.clock.move_to(due)  # type: ignore[union-attr]
            made += self._deliver(all=True)
        return made

    def _note(self, move: Move | None, failures: int, deliveries: int) -> Happened:
        cast = {
            ref.name: Standing(ref.state, tuple(ref.take()), ref.discarded, ref.alive)
            for ref in self.drive.cast
        }
        done = Happened(
            move=move,
            time=self.stage.now(),
            lines=tuple(self.drive.lines),
            cast=cast,
            failures=tuple(self.drive.failures[failures:]),
            deliveries=deliveries,
            busy=self.busy,
            called=tuple(self.stage.performed),
        )
        self.drive.lines.clear()
        self.happened.append(done)
        return done

    # --- what is there --------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether somebody has something to do right now."""
        return bool(self.stage.ready)

    def armed(self) -> list[tuple[str, str, float]]:
        """The timers that are armed, the next one first: whose, called how, and seconds left."""
        now = self.stage.now()
        armed = self.stage.timers.all_armed()
        found = []
        for ref in self.stage.actors:
            for timed in timers_by_place(ref, armed) if ref.phase == "alive" else ():
                found.append((ref.name, timer_label(timed), timed.when - now))
        for when, timed in armed:
            if isinstance(timed, Delayed):
                found.append(("", f"{shown(timed.event)} is delivered", when - now))
        return sorted(found, key=lambda each: each[2])

    def accepted(self) -> list[tuple[ActorRef[Any], type]]:
        """The types of events that are accepted now, by actor, in an order that stays."""
        return [
            (ref, kind)
            for ref in self.stage.actors
            for kind in sorted(ref.accepts, key=lambda one: one.__name__)
        ]
