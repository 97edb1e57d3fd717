"""`flowlet run`: a machine at work, told line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flowlet.introspect.model import model_as_json
from flowlet.tools.answers import TraceLine
from flowlet.tools.driving import NOTHING_MORE, STEPS_ARE_DONE, TIME_IS_UP, Drive
from flowlet.tools.event_text import Vocabulary, classes_near, shown
from flowlet.tools.exits import Exit, end
from flowlet.tools.graph import check_file
from flowlet.tools.options import JsonFlag, SeedText, Target, seed_of
from flowlet.tools.searching import event_list
from flowlet.tools.steps import Send, Step, step_of, steps_of
from flowlet.tools.targets import TargetError, actor_function
from flowlet.tools.telling import console, say, to_output

if TYPE_CHECKING:
    from types import ModuleType

    from rich.console import Console
    from rich.text import Text


def run(
    target: Target,
    steps: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STEP]...",
            show_default=False,
            help="What happens, in order: `'Coin(5)'` is sent to the actor, `'north: Push'` to the "
            "one of that name, and with `'wait 10'` ten seconds pass.",
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            metavar="FILE|NAME|EVENTS",
            show_default=False,
            help="Steps before those: a file with one a line, as text or JSON (`-`: the standard "
            "input); the name of a list in the module; or events, as `'Coin(5), Push'`.",
        ),
    ] = None,
    until: Annotated[
        float | None,
        typer.Option(
            "--until",
            min=0,
            metavar="SECONDS",
            show_default="systems: until nothing can happen; an actor: until the last step",
            help="Go on until so many seconds have passed since the beginning.",
        ),
    ] = None,
    seed: SeedText = "0",
    clock: Annotated[
        Literal["virtual", "real"],
        typer.Option("--clock", help="Virtual time passes at once, real time as it does."),
    ] = "virtual",
    trace: Annotated[
        str | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            show_default=False,
            help="Write what happens there as JSON lines; `flowlet coverage` reads it.",
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run an actor on the events that are given, or a system until nothing can happen any more.

    Each line is a step of an actor: when, what came, where that led, and below it what came out.
    Ctrl-C stops it between two steps.

    For example: `flowlet run examples/door.py:door Badge Pull 'wait 40' Shut`
    """
    module, fn = actor_function(target)
    if trace is not None:
        check_file(Path(trace))
    todo = _steps(module, fn, steps or [], events)
    drive = Drive(target, fn, seed=seed_of(seed), clock=clock)
    said = console()
    with ExitStack() as stack:
        stack.callback(drive.close)
        if trace is not None:
            file = stack.enter_context(Path(trace).open("w", encoding="utf-8"))
            drive.tellers.append(lambda line: file.write(_json(line)))
        telling = Telling(said, drive)
        drive.tellers.append((lambda line: to_output(_json(line))) if json else telling.tell)
        with drive.heeding_interrupts():
            drive.begin()
            for step in todo:
                if drive.stopped:
                    break
                drive.take(step)
                if not json and isinstance(step, Send):
                    telling.tell_if_kept(step)
            if drive.is_system or until is not None:
                drive.go(None if until is None else max(0.0, until - drive.time))
            elif drive.why == TIME_IS_UP:
                drive.why = STEPS_ARE_DONE
        answer = drive.answer()
        if json:
            to_output(model_as_json(answer, indent=None, by_alias=True) + "\n")
        else:
            _tell_end(said, drive)
    if drive.failures:
        end(Exit.NO)
    if drive.stopped:
        end(Exit.STOPPED)


def _json(line: TraceLine) -> str:
    return model_as_json(line, indent=None, by_alias=True) + "\n"


def _steps(
    module: ModuleType, fn: Callable[..., object], texts: list[str], events: str | None
) -> list[Step]:
    """All steps, read before anything runs."""
    words = Vocabulary(module, classes_near(fn))
    found: list[Step] = []
    if events is not None:
        if events == "-":
            found += steps_of(sys.stdin, words, "standard input")
        elif Path(events).is_file():
            lines = Path(events).read_text("utf-8").splitlines()
            found += steps_of(lines, words, events)
        elif Path(events).suffix or "/" in events:
            if not any(one in events for one in "(,"):
                raise TargetError(f"there is no file {events}: give one that is there.")
            found += map(Send, event_list(events, module, fn))
        else:
            found += map(Send, _named(events, module, fn))
    return [*found, *(step_of(text, words) for text in texts)]


def _named(events: str, module: ModuleType, fn: Callable[..., object]) -> list[object]:
    """What a word means that is no file."""
    try:
        return event_list(events, module, fn)
    except TargetError as error:
        if not events.isidentifier() or hasattr(module, events):
            raise
        raise TargetError(f"there is no file {events}, and as a name: {error}") from None


class Telling:
    """Steps as lines of a terminal."""

    def __init__(self, said: Console, drive: Drive) -> None:
        self.said = said
        self.drive = drive

    def tell(self, line: TraceLine) -> None:
        """A line for a step, and below it one for each output."""
        from rich.text import Text

        head = self._head(line.time, line.actor)
        match line.kind:
            case "discarded":
                head.append(f"{line.text}", "bold")
                head.append(f"  thrown away in {line.source}", "yellow")
            case "ended" if line.text == "result None":
                head.append("has ended", "dim")
            case "ended":
                is_good = line.text.startswith("result ")
                head.append("has ended, " if is_good else "fails with ", "dim")
                head.append(line.text, "" if is_good else "bold red")
            case _:
                came = f"{line.text}  " if line.text else ""
                head.append(came, "bold")
                head.append("→ " if came else "", "dim")
                head.append(line.target, "green")
        self.said.print(head)
        for output in line.outputs:
            what, _, value = output.partition(" ")
            self.said.print(
                Text.assemble(" " * 12, (f"{what} ", "dim"), (value, "cyan")), soft_wrap=True
            )

    def tell_if_kept(self, sent: Send) -> None:
        """A line for an event that stays in the mailbox, where nothing has come of it so far."""
        ref = self.drive.receiver(sent.to)
        if any(one is sent.event for one in self.drive.mail.of(ref)):
            head = self._head(self.drive.d.now(), ref.name)
            head.append(shown(sent.event), "bold")
            self.said.print(head.append(f"  is kept in {ref.path_text()}", "yellow"))

    def _head(self, time: float, actor: str) -> Text:
        from rich.text import Text

        name = actor if len(self.drive.cast) > 1 or self.drive.is_system else ""
        return Text.assemble(
            (f"{time - self.drive.began:8.2f}  ", "dim"), f"{name:<{self._width(name)}}"
        )

    def _width(self, name: str) -> int:
        longest = max((len(ref.name) for ref in self.drive.cast), default=0)
        return min(longest, 24) + 2 if name else 0


def _tell_end(said: Console, drive: Drive) -> None:
    from flowlet.tools.targets import told_as_theirs

    answer = drive.answer()
    for error in drive.failures:
        theirs = told_as_theirs(error) or f"{type(error).__name__}: {error}"
        say(console(stderr=True), theirs, "red")
    waiting = [actor for actor in answer.actors if actor.alive]
    thrown = sum(actor.discarded for actor in answer.actors)
    parts = [f"{drive.time:8.2f}  "]
    if drive.stopped or drive.is_system or drive.why != NOTHING_MORE:
        parts.append(f"{answer.why}; ")
    names = ", ".join(f"{one.name} in {one.state}" for one in waiting[:4])
    more = f" and {len(waiting) - 4} more" if len(waiting) > 4 else ""
    parts.append(f"waiting: {names}{more}" if waiting else "nobody waits")
    kept = sum(len(drive.mail.of(ref)) for ref in drive.cast)
    if kept:
        parts.append(f"; kept: {kept}")
    if thrown:
        parts.append(f"; thrown away: {thrown}")
    if answer.dead_letters:
        parts.append(f"; dead letters: {answer.dead_letters}")
    say(said, "".join(parts), "dim")
