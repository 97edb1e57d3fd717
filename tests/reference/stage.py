"""A play on two stages: by the rules, and by flowlet.  What was seen there must be equal."""

from __future__ import annotations

from itertools import permutations
from typing import Any, Literal

from flowlet import ActorRef, Dispatcher, VirtualClock
from tests.reference.flowlets import Run
from tests.reference.model import Line, Model
from tests.reference.parts import Actor, accepts, path
from tests.reference.program import KINDS as KINDS_OF_EVENTS
from tests.reference.program import Advance, End, Play, Tell

#: `plain` goes the short ways; `watched` has a listener; `stepped` makes a delivery at a time.
Mode = Literal["plain", "watched", "stepped"]

KINDS = [kind.__name__ for kind in KINDS_OF_EVENTS]
GIVEN = {
    "s", "t", "sleep", "pause", "nothing", "end",
    *KINDS, *("|".join(pair) for pair in permutations(KINDS, 2)),
}  # fmt: skip


# --- by the rules -----------------------------------------------------------------------------


def by_the_rules(play: Play) -> list[Line]:
    """What the model says of it."""
    model = Model()
    for name, body in play.actors.items():
        model.spawn(name, body)
    for stimulus in (*play.stimuli, Advance(0)):
        match stimulus:
            case Tell(to, event):
                if model.named[to].phase != "ended":
                    model.send(model.named[to], event)
            case End(to):
                model.stop(model.named[to])
            case Advance(seconds):
                model.advance(seconds)
                for name in play.actors:
                    model.log(name, told_of(model.named[name]))
                model.log("all", f"{model.dead_letters} dead letters")
    model.close()
    for name in play.actors:
        model.log(name, f"emitted {model.named[name].outputs}")
    return model.trace


def told_of(actor: Actor) -> str:
    if actor.phase == "ended":
        return f"has ended with {result(actor.root.result, actor.root.error)}"
    kinds = sorted(kind.__name__ for kind in accepts(actor.root))
    return f"is in {known(path(actor.root))}, takes {kinds}, threw away {actor.discarded}"


# --- by flowlet -------------------------------------------------------------------------------


def by_flowlet(play: Play, mode: Mode) -> list[Line]:
    """What flowlet makes of it."""
    clock = VirtualClock()
    d = Dispatcher(clock=clock)
    run = Run(d)
    if mode == "watched":
        d.listen(run.listen)
    for name, body in play.actors.items():
        run.spawn(name, body)
    for stimulus in (*play.stimuli, Advance(0)):
        match stimulus:
            case Tell(to, event):
                if run.named[to].alive:
                    run.named[to].send(event)
            case End(to):
                run.named[to].stop()
            case Advance(seconds):
                if mode == "stepped":
                    advance_by_steps(run, clock, seconds)
                else:
                    advance(run, seconds)
                for name in play.actors:
                    run.log(name, seen_of(run.named[name]))
                run.log("all", f"{d.dead_letters} dead letters")
    if run.broken:
        return run.trace  # who knows what a dispatcher would do now
    try:
        d.close()
    except Exception as error:
        run.note(error)
    for name in play.actors:
        run.log(name, f"emitted {run.named[name].take()}")
    return run.trace


def advance(run: Run, seconds: float) -> None:
    """Go on after each error that comes out: the others do."""
    end = run.d.now() + seconds
    while True:
        try:
            run.d.run(until=end)
            return
        except Exception as error:
            run.note(error)
            if run.broken:
                return


def advance_by_steps(run: Run, clock: VirtualClock, seconds: float) -> None:
    end = run.d.now() + seconds
    while True:
        try:
            while run.d.step():
                pass
        except Exception as error:
            run.note(error)
            if run.broken:
                return
            continue
        if run.d.next_deadline is None or run.d.next_deadline > end:
            clock.move_to(end)
            return
        clock.move_to(run.d.next_deadline)


def seen_of(ref: ActorRef[Any]) -> str:
    if not ref.alive:
        return f"has ended with {result(ref.result, ref.error)}"
    kinds = sorted(kind.__name__ for kind in ref.accepts)
    return f"is in {known(ref.state)}, takes {kinds}, threw away {ref.discarded}"


# --- both -------------------------------------------------------------------------------------


def known(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """A path without what the programs did not name: a wait for the end of a child has no `at`."""
    return tuple(
        known(part) if isinstance(part, tuple) else part
        for part in path
        if isinstance(part, tuple) or part in GIVEN
    )


def result(value: object, error: BaseException | None) -> str:
    return repr(value) if error is None else type(error).__name__


def visible(trace: list[Line], mode: Mode) -> list[Line]:
    """Without what only a listener is told."""
    if mode == "watched":
        return trace
    return [line for line in trace if not line[2].startswith(("discard ", "ended "))]


def check(play: Play, modes: tuple[Mode, ...] = ("plain", "watched", "stepped")) -> None:
    """The traces are equal; a difference is shown with the play."""
    rules = by_the_rules(play)
    for mode in modes:
        expected, got = visible(rules, mode), by_flowlet(play, mode)
        if expected != got:
            raise AssertionError(difference(play, mode, expected, got))


def difference(play: Play, mode: Mode, expected: list[Line], got: list[Line]) -> str:
    same = 0
    while same < min(len(expected), len(got)) and expected[same] == got[same]:
        same += 1
    lines = [f"{play!r}", "", f"both ({mode}):", *map(told, expected[:same])]
    lines += ["by the rules:", *map(told, expected[same : same + 4])]
    lines += ["by flowlet:", *map(told, got[same : same + 4])]
    return "\n".join(lines)


def told(line: Line) -> str:
    time, who, what = line
    return f"    {time:g}  {who}: {what}"
