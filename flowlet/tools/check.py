"""`flowlet check`: what holds in every state, or a shortest way to where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flowlet.export.places import short
from flowlet.introspect import is_system
from flowlet.tools.answers import CheckAnswer, FailureAnswer, StepAnswer
from flowlet.tools.as_code import check_new, join_tests, write_tests
from flowlet.tools.exits import Exit, end
from flowlet.tools.explore import rate
from flowlet.tools.options import Force, JsonFlag, TestFile
from flowlet.tools.properties import KINDS, Properties, properties_of
from flowlet.tools.searching import Search, progress
from flowlet.tools.targets import TargetError, told_as_theirs
from flowlet.tools.telling import answer, as_options, console, count, say, tell_notes

if TYPE_CHECKING:
    from rich.console import Console

    from flowlet.introspect import Failure, Step, Verdict


def _named(kind: str, what: str) -> Any:
    return typer.Option(
        f"--{kind}",
        metavar="NAME",
        show_default=False,
        help=f"A predicate, in the module or as `module:name`: {what}. May be repeated.",
    )


def check(
    search: Search,
    always: Annotated[list[str] | None, _named("always", "holds in every state")] = None,
    never: Annotated[list[str] | None, _named("never", "holds in none")] = None,
    sometimes: Annotated[list[str] | None, _named("sometimes", "holds in some state")] = None,
    eventually: Annotated[list[str] | None, _named("eventually", "is reached on every way")] = None,
    listed: Annotated[
        bool,
        typer.Option(
            "--listed/--no-listed",
            help="Check also what the module lists in `ALWAYS`, `NEVER`, `SOMETIMES` and "
            "`EVENTUALLY`, dicts of predicates by name.",
        ),
    ] = True,
    deadlock: Annotated[
        Literal["yes", "no", "strict"],
        typer.Option(
            "--deadlock", help="A deadlock is a failure; strict: whatever an actor waits for."
        ),
    ] = "yes",
    crash: Annotated[
        bool, typer.Option("--crash/--no-crash", help="An actor that fails is a failure.")
    ] = True,
    unexpected: Annotated[
        bool,
        typer.Option(
            "--unexpected/--no-unexpected", help="An event that is thrown away is a failure."
        ),
    ] = True,
    must_be_complete: Annotated[
        bool,
        typer.Option("--complete", help="Not to have seen every state is a failure as well."),
    ] = False,
    pytest: TestFile = None,
    force: Force = False,
    json: JsonFlag = False,
) -> None:
    """Prove properties over all reachable states, or show a shortest way to a fault.

    Without being asked it looks for deadlocks, crashes and events that are thrown away.

    For example: `flowlet check examples/models/philosophers.py:system`
    """
    asked_for = (always or [], never or [], sometimes or [], eventually or [])
    named: dict[str, list[str]] = dict(zip(KINDS, asked_for, strict=True))
    asked = properties_of(search.module, named, listed)
    if pytest is not None:
        check_new(Path(pytest), force)
    standing: dict[str, Any] = {
        "deadlock": {"yes": True, "no": False}.get(deadlock, deadlock),
        "crash": crash,
        "unexpected": unexpected,
    }
    verdict = _verdict(search, asked, standing)
    names = [f"{kind}: {name}" for kind, found in asked.items() for name in found]
    names += ["no deadlock"] * (deadlock != "no") + ["no crash"] * crash
    names += ["nothing unexpected"] * unexpected
    written = _write(pytest, search, verdict, force)
    if json:
        answer(_answer(search, verdict, names))
    else:
        _tell(console(), search, verdict, names)
    if written:
        console(stderr=json).print(written)
    if not verdict.ok or (must_be_complete and not verdict.complete):
        end(Exit.NO)
    if any(note.startswith("interrupted") for note in verdict.notes):
        end(Exit.STOPPED)


def _verdict(search: Search, asked: Properties, standing: dict[str, Any]) -> Verdict:
    from flowlet.introspect import check

    try:
        with progress() as told:
            options: dict[str, Any] = {**asked, **standing, **search.options}
            return check(search.fn, progress=told, **options)
    except KeyError as error:
        theirs = told_as_theirs(error)
        if theirs is None and "there is no actor" not in str(error):
            raise
        raise TargetError(
            f"a predicate fails: {error.args[0]}. A property that is listed in the module is "
            "checked with every target: leave it out with --no-listed."
        ) from None


def _tell(said: Console, search: Search, verdict: Verdict, names: list[str]) -> None:
    failed = {_asked_as(failure) for failure in verdict.failures}
    for name in names:
        good = name not in failed
        said.print(f"[{'green' if good else 'red'}]{'holds' if good else 'FAILS'}[/]  ", end="")
        say(said, name)
    for failure in verdict.failures:
        said.print()
        _tell_failure(said, failure, is_system(search.fn))
    if verdict.failures:
        said.print()
    found = verdict.exploration
    so_far = "" if verdict.complete else " so far"
    ending = (
        f"[green]all hold{so_far}[/]" if verdict.ok else f"[red]{len(verdict.failures)} failed[/]"
    )
    said.print(
        f"{ending}: {count(found.unique_states, 'state')}, "
        f"{count(found.transitions, 'transition')}; {rate(found)}"
    )
    if not verdict.complete:
        said.print("[yellow]Not complete[/]: what was not seen may fail.")
    tell_notes(said, True, verdict.notes)


def _tell_failure(said: Console, failure: Failure, is_system: bool) -> None:
    """What fails, and the numbered steps to it, with what each brings."""
    from rich.text import Text

    what = failure.kind if failure.name == failure.kind else f"{failure.kind}: {failure.name}"
    told = as_options(short(failure.text))
    said.print(Text.assemble((what, "bold red"), ": ", told))
    steps = [*failure.path, *failure.loop]
    lines = [step.line if is_system else step.line.partition(": ")[2] for step in steps]
    width = max(map(len, lines), default=0)
    for number, (step, line) in enumerate(zip(steps, lines, strict=True), 1):
        if number == len(failure.path) + 1:
            said.print("   and then, for ever:")
        said.print(
            Text.assemble(
                (f"{number:4}. ", "dim"),
                (f"{line:<{width}}", "bold"),
                ("  → ", "dim"),
                (step.target, "green"),
            )
        )


def _asked_as(failure: Failure) -> str:
    standing = {"deadlock": "no deadlock", "crash": "no crash"}
    if failure.kind == "unexpected event":
        return "nothing unexpected"
    return standing.get(failure.kind, f"{failure.kind}: {failure.name}")


def _write(file: str | None, search: Search, verdict: Verdict, force: bool) -> str:
    """Write the tests, if they are wanted; what is to be said of it."""
    if file is None:
        return ""
    if verdict.ok:
        return "nothing failed, so there is no test to write"
    tests = [failure.as_pytest() for failure in verdict.failures]
    title = f"What `flowlet check {search.target}` has found."
    write_tests(Path(file), join_tests(title, tests), [search.module], force)
    return f"written: [green]{file}[/]"


def steps_answer(steps: list[Step]) -> tuple[StepAnswer, ...]:
    """Steps for a program."""
    return tuple(StepAnswer(line=step.line, event=step.label, target=step.target) for step in steps)


def _answer(search: Search, verdict: Verdict, names: list[str]) -> CheckAnswer:
    return CheckAnswer(
        **search.facts(verdict.exploration),
        ok=verdict.ok,
        checked=tuple(names),
        failures=tuple(
            FailureAnswer(
                kind=failure.kind,
                name=failure.name,
                text=failure.text,
                path=steps_answer(failure.path),
                loop=steps_answer(failure.loop),
            )
            for failure in verdict.failures
        ),
    )
