"""`flowlet actors`: the machines of a module; or of a system, who is there, as of processes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flowlet.tools.answers import ActorAnswer, FunctionAnswer, ModuleAnswer, RunAnswer
from flowlet.tools.completion import complete_target
from flowlet.tools.driving import Drive
from flowlet.tools.options import JsonFlag, SeedText, seed_of
from flowlet.tools.targets import TargetError, actor_function, missing_arguments, module_at
from flowlet.tools.telling import answer, console, count, say, table

if TYPE_CHECKING:
    from rich.console import Console

#: A list of all machines of a module looks at no more states of each.
MOST_STATES = 20_000


def actors(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE[:NAME]",
            show_default=False,
            autocompletion=complete_target,
            help="A module or a file: its machines are listed. With a name: that system is run.",
        ),
    ],
    until: Annotated[
        float | None,
        typer.Option(
            "--until",
            min=0,
            metavar="SECONDS",
            show_default="until nothing can happen any more",
            help="Run the system for so long.",
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option("--steps", min=1, metavar="N", help="Run no more than N steps.")
    ] = 10_000,
    seed: SeedText = "0",
    json: JsonFlag = False,
) -> None:
    """List the machines of a module; or run a system, and list its actors with what they wait for.

    For example: `flowlet actors examples/models/philosophers.py:system --until 10`
    """
    place, colon, name = target.rpartition(":")
    if not (colon and name):
        module = module_at(place if colon else target)
        listed = ModuleAnswer(module=module.__name__, functions=tuple(_functions(module)))
        if json:
            answer(listed)
        else:
            _tell_module(console(), listed)
        return
    _, fn = actor_function(target)
    drive = Drive(target, fn, seed=seed_of(seed), most_steps=steps)
    try:
        with drive.heeding_interrupts():
            drive.begin()
            drive.go(until)
        found = drive.answer()
    finally:
        drive.close()
    if json:
        answer(found)
    else:
        _tell_run(console(), found)


# --- a module -----------------------------------------------------------------------------


def _functions(module: ModuleType) -> Iterator[FunctionAnswer]:
    """The functions of a module that are machines or systems, as they stand in it."""
    from flowlet.introspect import is_system

    for name, value in vars(module).items():
        bare = value.func if isinstance(value, functools.partial) else value
        own = inspect.isfunction(bare) and (value is not bare or bare.__module__ == module.__name__)
        if not own or name.startswith("_"):
            continue
        system = is_system(value)
        if system or _waits(value):
            yield _counted(name, value, "system" if system else "actor")


def _waits(fn: Callable[..., Any]) -> bool:
    """Whether a function waits somewhere, as its source says."""
    from flowlet import ExploreError
    from flowlet.introspect import static

    try:
        return any(state.kind == "state" and state.name != "?" for state in static(fn).states)
    except ExploreError:
        return False


def _counted(name: str, fn: Callable[..., Any], kind: str) -> FunctionAnswer:
    from flowlet.introspect import explore
    from flowlet.tools.searching import progress

    bare = fn.func if isinstance(fn, functools.partial) else fn
    found = FunctionAnswer(name=name, kind=kind, line=inspect.unwrap(bare).__code__.co_firstlineno)
    missing = missing_arguments(fn)
    if kind == "actor" and missing:
        return found.model_copy(update={"problem": f"needs {', '.join(missing)}"})
    try:
        with progress() as told:
            explored = explore(fn, max_states=MOST_STATES, progress=told)
    except Exception as error:
        said = str(error).split("; ")[0].split("\n")[0]
        return found.model_copy(update={"problem": said or type(error).__name__})
    return found.model_copy(
        update={
            "states": len(explored.graph.states),
            "edges": len(explored.graph.transitions),
            "complete": explored.complete,
        }
    )


def _tell_module(said: Console, listed: ModuleAnswer) -> None:
    from rich.text import Text

    if not listed.functions:
        raise TargetError(
            f"no function of {listed.module} waits, and none takes a dispatcher: an actor function "
            "calls receive(), a system function is def system(d: Dispatcher)."
        )
    rows = []
    for one in listed.functions:
        if one.problem:
            rows.append((Text(one.name, "bold"), one.kind, "", "", Text(one.problem, "yellow")))
        else:
            note = Text("" if one.complete else "not complete", "yellow")
            rows.append((Text(one.name, "bold"), one.kind, str(one.states), str(one.edges), note))
    table(said, ("function", "kind", "states", "edges", ""), rows, most=len(rows))


# --- a system that has run ----------------------------------------------------------------


def _tell_run(said: Console, found: RunAnswer) -> None:
    living = sum(actor.alive for actor in found.actors)
    say(
        said,
        f"{count(len(found.actors), 'actor')}, {living} alive, at {found.time:g} s: {found.why}",
    )
    rows = [_row(actor) for actor in found.actors]
    left_out = table(said, ("actor", "state", "waits for", "at", "thrown away"), rows, most=200)
    if left_out:
        said.print(f"  … {left_out} more: --json has them all")
    if found.dead_letters:
        said.print(f"  dead letters: {found.dead_letters}")


def _row(actor: ActorAnswer) -> tuple[Any, ...]:
    from rich.text import Text

    thrown = str(actor.discarded or "")
    if actor.error:
        return Text(actor.name, "bold"), Text(actor.error, "red"), "has failed", "", thrown
    if not actor.alive:
        ending = "has ended" if actor.result is None else f"has ended: {actor.result}"
        return Text(actor.name, "bold"), Text(actor.state, "dim"), ending, "", thrown
    where = actor.where
    for place in actor.where.split(" and "):
        file, _, line = place.rpartition(":")
        where = where.replace(place, f"{Path(file).name}:{line}")
    return Text(actor.name, "bold"), Text(actor.state, "green"), actor.waits_for, where, thrown
