"""`flowlet coverage`: how much of a machine its traces took.

A machine is an actor function.  Of a system each actor is one, with what it can do in that system;
a trace names its actors, so each line counts for the actor that it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flowlet.introspect import Coverage, StateGraph, is_system
from flowlet.names import function_name
from flowlet.tools.answers import CoverageAnswer, EdgeAnswer, MachineCoverage, TraceLine
from flowlet.tools.exits import Exit, end
from flowlet.tools.graph import save_picture, where_to
from flowlet.tools.options import JsonFlag, OneActor, Picture
from flowlet.tools.searching import Search
from flowlet.tools.targets import TargetError
from flowlet.tools.telling import answer, console, say
from flowlet.tools.tracing import read

if TYPE_CHECKING:
    from rich.console import Console

Trace = list[TraceLine] | StateGraph


def coverage(
    search: Search,
    traces: Annotated[
        list[str],
        typer.Argument(
            metavar="TRACE...",
            show_default=False,
            help="Files of `flowlet run --trace`, or saved graphs with counts, such as "
            "`observation.graph.save('seen.json')`.",
        ),
    ],
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            min=0,
            max=100,
            metavar="PERCENT",
            show_default=False,
            help="End with 1 if fewer of the edges were taken.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 1 if a trace does what the machine cannot do."),
    ] = False,
    actor: OneActor = None,
    output: Picture = None,
    json: JsonFlag = False,
) -> None:
    """How many states and edges the traces took, of those that can be reached.

    For example: `flowlet coverage examples/door.py:door monday.jsonl --fail-under 80`
    """
    if output is not None:
        where_to(search.name, output)
    found = [read(Path(trace)) for trace in traces]
    explored = search.explore()
    machines = _machines(search, explored, actor)
    if actor is None:
        _check_are_of(found, machines)
    if output is not None and len(machines) > 1:
        raise TargetError(
            f"one picture shows one actor: give --actor with one of {', '.join(machines)}."
        )
    covered = {
        name: _covered(graph, [_part(trace, mine) for trace in found])
        for name, (graph, mine) in machines.items()
    }
    taken = sum(len(one.taken) for one, _ in covered.values())
    edges = taken + sum(len(one.never) for one, _ in covered.values())
    path = None
    if output is not None:
        (drawn,) = (one.graph for one, _ in covered.values())
        path = save_picture(drawn, output, search.name)
    percent = 100.0 * taken / edges if edges else 100.0
    if json:
        machines_answer = tuple(_answer(name, *one) for name, one in covered.items())
        answer(
            CoverageAnswer(
                target=search.target, percent=round(percent, 2), machines=machines_answer
            )
        )
    else:
        _tell(console(), covered, percent)
    said = console(stderr=json)
    if path is not None:
        said.print(f"written: [green]{path}[/]")
    if fail_under is not None and percent < fail_under:
        said.print(f"[red]{percent:.0f}% of the edges, and not {fail_under:g}%[/]")
        end(Exit.NO)
    if strict and any(strays for _, strays in covered.values()):
        end(Exit.NO)


def _machines(
    search: Search, explored: Any, actor: str | None
) -> dict[str, tuple[StateGraph, Callable[[TraceLine], bool]]]:
    """The graphs to cover by name, and which lines of a trace are of each."""
    if not is_system(search.fn):
        function = function_name(search.fn)
        return {explored.graph.name: (explored.graph, lambda line: line.function == function)}
    names = [one.name for one in next(explored.states).actors]
    if actor is not None and actor not in names:
        raise TargetError(f"--actor {actor}: there are {', '.join(names)}.")
    return {
        name: (explored.graph_of(name), lambda line, name=name: line.actor == name)  # type: ignore[misc]
        for name in names
        if actor in (None, name)
    }


def _check_are_of(
    traces: Iterable[Trace], machines: dict[str, tuple[StateGraph, Callable[[TraceLine], bool]]]
) -> None:
    """Raise `TargetError` for traces that are all of something else: 0 % would say nothing."""
    lines: list[TraceLine] = []
    for trace in traces:
        if isinstance(trace, StateGraph):
            return
        lines += trace
    if not any(mine(line) for _, mine in machines.values() for line in lines):
        ran = ", ".join(dict.fromkeys(f"{line.actor} ({line.function})" for line in lines))
        raise TargetError(
            f"no line of the traces is of {', '.join(machines)}; they are of {ran or 'nothing'}. "
            "flowlet run TARGET --trace FILE writes one of the same target."
        )


def _part(trace: Trace, mine: Callable[[TraceLine], bool]) -> StateGraph | list[Any]:
    """What a trace says of one machine, as `StateGraph.coverage` takes it."""
    if isinstance(trace, StateGraph):
        return trace
    return [
        (line.actor, line.source, line.event, line.target)
        for line in trace
        if line.kind == "step" and line.source and mine(line)
    ]


def _covered(
    graph: StateGraph, traces: Iterable[StateGraph | list[Any]]
) -> tuple[Coverage, list[str]]:
    """What all traces took together, and what of them is no path of the machine."""
    each = [graph.coverage(trace) for trace in traces]
    strays = [str(stray) for one in each for stray in one.strays]
    if len(each) == 1:
        return each[0], strays
    seen = each[0].graph.merge(*(one.graph for one in each[1:]))
    return graph.coverage(seen), strays


def _answer(name: str, found: Coverage, strays: list[str]) -> MachineCoverage:
    return MachineCoverage(
        name=name,
        edges=len(found.taken) + len(found.never),
        edges_taken=len(found.taken),
        states=len(found.visited) + len(found.unvisited),
        states_visited=len(found.visited),
        never=tuple(map(EdgeAnswer.of, found.never)),
        unvisited=tuple(state.name for state in found.unvisited),
        strays=tuple(strays),
    )


def _tell(said: Console, covered: dict[str, tuple[Coverage, list[str]]], percent: float) -> None:
    for found, strays in covered.values():
        first, *rest = str(found).split("\n")
        say(said, first, "bold")
        style = ""
        for line in rest:
            if line == "not in the graph:":
                break
            style = "yellow" if line.startswith("never ") else style
            say(said, line, style if line.startswith(" ") else "")
        if strays:
            say(said, "what the machine cannot do, as it was explored:", "red")
            for stray in strays:
                say(said, f"  {stray}")
    if len(covered) > 1:
        say(said, f"together: {percent:.0f}% of the edges", "bold")
