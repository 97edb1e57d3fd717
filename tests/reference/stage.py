"""A play on two stages: by the rules, and by flowlet.  What was seen there must be equal."""

from __future__ import annotations

from typing import Any, Literal

from flowlet import ActorRef, Dispatcher, MailboxFullError, VirtualClock
from tests.reference import parts
from tests.reference.flowlets import Run
from tests.reference.model import Line, Model
from tests.reference.others import set_cell
from tests.reference.parts import Actor, known
from tests.reference.play import Advance, Attach, End, Play, Put, Stimulus, Tell, outcome

#: `plain` goes the short ways; `watched` has a listener; `stepped` makes a delivery at a time;
#: `mixed` does so at every second stimulus.
Mode = Literal["plain", "watched", "stepped", "mixed"]
MODES: tuple[Mode, ...] = ("plain", "watched", "stepped", "mixed")


# --- by the rules -----------------------------------------------------------------------------


class Rules:
    """What the model says of a play, one stimulus after the other."""

    def __init__(self, play: Play) -> None:
        self.model = Model()
        for name, body in play.actors.items():
            self.model.spawn(name, body, options=play.options_of(name))

    def meet(self, stimulus: Stimulus) -> None:
        model = self.model
        match stimulus:
            case Tell(to, event) if to in model.named and model.named[to].phase != "ended":
                try:
                    model.send(model.named[to], event)
                except parts.MailboxFullError:
                    model.log(to, "has no room")
            case End(to) if to in model.named:
                model.stop(model.named[to])
            case Put(cell, value):
                set_cell(model, cell, value)
            case Advance(seconds):
                model.advance(seconds)
                for name, actor in sorted(model.named.items()):
                    model.log(name, told_of(actor))
                cells = list(model.cells.values())
                model.log("all", f"{model.dead_letters} dead letters, {cells}, {model.raised}")

    def end(self) -> list[Line]:
        model = self.model
        model.close()
        for name, actor in sorted(model.named.items()):
            model.log(name, f"emitted {actor.outputs}")
        return model.trace


def by_the_rules(play: Play) -> list[Line]:
    """What the model says of it."""
    rules = Rules(play)
    for stimulus in play.stimuli:
        rules.meet(stimulus)
    return rules.end()


def told_of(actor: Actor) -> str:
    if actor.phase == "ended":
        return f"has ended with {outcome(actor.root.result, actor.root.error)}"
    kinds = sorted(kind.__name__ for kind in parts.accepts(actor.root))
    path = known(parts.path(actor.root))
    return f"is in {path}, takes {kinds}, threw away {actor.discarded}"


# --- by flowlet -------------------------------------------------------------------------------


def by_flowlet(play: Play, mode: Mode) -> list[Line]:
    """What flowlet makes of it."""
    clock = VirtualClock()
    d = Dispatcher(clock=clock)
    run = Run(d)
    if mode == "watched":
        d.listen(run.listen)
    for name, body in play.actors.items():
        run.spawn(name, body, play.options_of(name))
    for number, stimulus in enumerate(play.stimuli):
        match stimulus:
            case Tell(to, event) if to in run.named and run.named[to].alive:
                try:
                    run.named[to].send(event)
                except MailboxFullError:
                    run.log(to, "has no room")
            case End(to) if to in run.named:
                run.named[to].stop()
            case Put(cell, value):
                run.cells[cell].value = value
            case Attach():
                run.attach()
            case Advance(seconds):
                if mode == "stepped" or (mode == "mixed" and number % 2 == 0):
                    advance_by_steps(run, clock, seconds)
                else:
                    advance(run, seconds)
                for name, ref in sorted(run.named.items()):
                    run.log(name, seen_of(ref))
                cells = [cell.value for cell in run.cells.values()]
                run.log("all", f"{d.dead_letters} dead letters, {cells}, {run.raised}")
        if run.broken:
            return run.trace  # who knows what a dispatcher would do now
    try:
        d.close()
    except Exception as error:
        run.note(error)
    for name, ref in sorted(run.named.items()):
        run.log(name, f"emitted {ref.take()}")
    return run.trace


def advance(run: Run, seconds: float) -> None:
    """Go on after each error that comes out: the others do."""
    end = run.d.now() + seconds
    while not run.broken:
        try:
            run.d.run(until=end)
            return
        except Exception as error:
            run.note(error)


def advance_by_steps(run: Run, clock: VirtualClock, seconds: float) -> None:
    end = run.d.now() + seconds
    while not run.broken:
        try:
            while run.d.step():
                pass
        except Exception as error:
            run.note(error)
            continue
        if run.d.next_deadline is None or run.d.next_deadline > end:
            clock.move_to(end)
            return
        clock.move_to(run.d.next_deadline)


def seen_of(ref: ActorRef[Any]) -> str:
    if not ref.alive:
        return f"has ended with {outcome(ref.result, ref.error)}"
    kinds = sorted(kind.__name__ for kind in ref.accepts)
    return f"is in {known(ref.state)}, takes {kinds}, threw away {ref.discarded}"


# --- both -------------------------------------------------------------------------------------


def visible(trace: list[Line], mode: Mode) -> list[Line]:
    """Without what only a listener is told."""
    if mode == "watched":
        return trace
    return [line for line in trace if not line[2].startswith(("discard ", "ended "))]


def disagreement(play: Play, mode: Mode) -> str | None:
    """The play and where the two traces part, if they do."""
    expected, got = visible(by_the_rules(play), mode), by_flowlet(play, mode)
    return None if expected == got else difference(play, mode, expected, got)


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
