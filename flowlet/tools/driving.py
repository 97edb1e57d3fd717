"""A run that can be watched and stopped: a system or a lone actor, driven step by step.

A run may go on for ever.  So Ctrl-C asks it to stop, which is looked at between two deliveries; an
actor is never interrupted in the midst of its work.  A second Ctrl-C is Python's own.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from flowlet import ActorRef, Dispatcher, RealClock, VirtualClock
from flowlet.introspect import is_system
from flowlet.introspect.telling_steps import told
from flowlet.names import text
from flowlet.tools.answers import ActorAnswer, RunAnswer, TraceLine
from flowlet.tools.mail import Mail
from flowlet.tools.steps import Send, Step
from flowlet.tools.targets import TargetError
from flowlet.tools.tracing import Tracing

#: Seconds after which a run on the real clock looks whether it is to stop.
GLANCE = 0.1

NOTHING_MORE = "nothing more can happen"
TIME_IS_UP = "the time is up"
STEPS_ARE_DONE = "the steps are done"


class Drive:
    """A dispatcher with a target on it."""

    def __init__(
        self,
        target: str,
        fn: Callable[..., Any],
        *,
        seed: int | str = 0,
        clock: Literal["virtual", "real"] = "virtual",
        most_steps: int | None = None,
        dispatcher: Dispatcher | None = None,
    ) -> None:
        self.target = target
        self.d: Dispatcher = dispatcher or Dispatcher(
            clock=RealClock() if clock == "real" else VirtualClock(), seed=seed
        )
        self.began: float = self.d.now()
        self.fn = fn
        self.most_steps = most_steps
        #: All actors that there ever were, the ended ones too.
        self.cast: dict[ActorRef[Any], None] = {}
        self.failures: list[BaseException] = []
        self.stopped: bool = False
        self.why: str = NOTHING_MORE
        #: What has happened and was not told yet, and whom to tell it.  A listener is called in
        #: the midst of an actor's work, where an error of whoever writes would be the actor's.
        self.lines: list[TraceLine] = []
        self.tellers: list[Callable[[TraceLine], object]] = []
        self.d.listen(lambda record: self.cast.setdefault(record.actor))
        self.d.listen(Tracing(self.lines.append))
        self.mail: Mail = Mail()
        self.d.listen(self.mail)
        self.is_system: bool = is_system(fn)

    def begin(self) -> None:
        """Spawn the actors, and let each come to its first wait."""
        if self.is_system:
            self.fn(self.d)
        else:
            self.d.spawn(self.fn)
        self.go(0.0)

    def take(self, step: Step) -> None:
        """Send an event or let time pass.  Raises `TargetError` for an actor that is not there."""
        if isinstance(step, Send):
            self.receiver(step.to).send(step.event)
            self.go(0.0)
        else:
            self.go(step.seconds)

    def receiver(self, name: str) -> ActorRef[Any]:
        """The actor of that name; without one, the only one that can be meant."""
        found = self.d.find(name) if name else None
        if found is not None:
            return found
        ended = next((ref for ref in self.cast if name and ref.name == name), None)
        if ended is not None:
            return ended  # which refuses mail, and says why
        if not name and not self.is_system:
            return next(iter(self.cast))
        living = self.d.actors
        if not name and len(living) == 1:
            return living[0]
        there = ", ".join(ref.name for ref in living) or "none that lives"
        if name:
            raise TargetError(f"there is no actor {name!r}; there are {there}.")
        raise TargetError(f"there are several actors: write NAME: EVENT; there are {there}.")

    # --- time -----------------------------------------------------------------------------

    def go(self, seconds: float | None) -> None:
        """Go on for so many seconds, or until nothing can happen any more."""
        limit = None if seconds is None else self.d.now() + seconds
        if isinstance(self.d.clock, RealClock):
            self._live(limit)
        else:
            self._pass(limit)

    def _pass(self, limit: float | None) -> None:
        """Virtual time, from deadline to deadline."""
        steps = 0
        while not self.stopped:
            if self.try_step():
                steps += 1
                if steps == self.most_steps:
                    self.why = f"stopped after {steps:,} steps"
                    self.stopped = True
                continue
            due = self.d.next_deadline
            if due is None or (limit is not None and due > limit):
                self.why = NOTHING_MORE if due is None else TIME_IS_UP
                break
            self.d.clock.move_to(due)  # type: ignore[union-attr]  # a virtual one
        if limit is not None and not self.stopped:
            self._try(lambda: self.d.run(until=limit))

    def _live(self, limit: float | None) -> None:
        """Real time, in pieces."""
        self._try(self.d.settle)
        self.why = TIME_IS_UP
        while not self.stopped and (limit is None or self.d.now() < limit):
            if not self.d.actors:
                self.why = NOTHING_MORE
                return
            glance = self.d.now() + GLANCE
            until = glance if limit is None else min(limit, glance)
            self._try(lambda until=until: self.d.run(until=until))  # type: ignore[misc]

    def try_step(self) -> bool:
        """Make one delivery, if there is one to make."""
        return bool(self._try(self.d.step))

    def _try(self, go_on: Callable[[], Any]) -> Any:
        """Go on; an actor's failure is kept, and the others go on."""
        try:
            return go_on()
        except Exception as error:
            self.failures.append(error)
            return True
        finally:
            self.tell()

    def tell(self) -> None:
        """Tell what has happened to those who want to know."""
        if self.tellers:
            lines, self.lines[:] = self.lines.copy(), []
            for line in lines:
                for teller in self.tellers:
                    teller(line)

    def stop(self) -> None:
        """Ask it to stop; what is going on is done first."""
        self.stopped = True
        self.why = "stopped by Ctrl-C"

    @contextmanager
    def heeding_interrupts(self) -> Iterator[None]:
        """Have Ctrl-C ask it to stop, once."""

        def asked(number: int, frame: object) -> None:
            signal.signal(signal.SIGINT, before)
            self.stop()

        before = signal.signal(signal.SIGINT, asked)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def close(self) -> None:
        """End all actors; nobody hears of that."""
        for listener in list(self.d.listeners):
            self.d.unlisten(listener)
        self._try(self.d.close)

    # --- what is there --------------------------------------------------------------------

    @property
    def time(self) -> float:
        """Seconds since it began."""
        return self.d.now() - self.began

    def answer(self) -> RunAnswer:
        """Where all actors stand."""
        waits = self._waits()
        return RunAnswer(
            target=self.target,
            why=self.why,
            time=self.time,
            dead_letters=self.d.dead_letters,
            actors=tuple(actor_answer(ref, waits.get(ref, "")) for ref in self.cast),
        )

    def _waits(self) -> dict[ActorRef[Any], str]:
        """What each living actor waits for, as a report of a deadlock has it."""
        lines = self.d.report_waits("").split("\n")[1:]
        found = {}
        for ref, line in zip(self.d.actors, lines, strict=False):
            places = " and ".join(stack[-1] for stack in ref.stacks() if stack) or "?"
            found[ref] = line.partition(f" at {places}, ")[2]
        return found


def actor_answer(ref: ActorRef[Any], waits_for: str) -> ActorAnswer:
    """One actor, where it stands."""
    places = " and ".join(stack[-1] for stack in ref.stacks() if stack)
    error = "" if ref.error is None else f"{type(ref.error).__name__}: {ref.error}"
    return ActorAnswer(
        name=ref.name,
        alive=ref.alive,
        state=text(ref.state),
        accepts=tuple(sorted(kind.__name__ for kind in ref.accepts)),
        waits_for=waits_for,
        where=places,
        discarded=ref.discarded,
        result=None if ref.result is None else told(ref.result),
        error=error,
    )
