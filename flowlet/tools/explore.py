"""`flowlet explore`: everything that can happen, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flowlet.tools.answers import ExploreAnswer
from flowlet.tools.graph import save_picture, where_to
from flowlet.tools.options import JsonFlag
from flowlet.tools.searching import Search
from flowlet.tools.telling import answer, console, count, table, tell_notes

if TYPE_CHECKING:
    from rich.console import Console

    from flowlet.introspect import Exploration

#: So many variables are told, those with the most values.
MOST_VARIABLES = 8


def explore(
    search: Search,
    graph: Annotated[
        str | None,
        typer.Option("--graph", metavar="FILE", show_default=False, help="Draw it there as well."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Visit every reachable state, and say how many there are and what makes them many.

    Ctrl-C ends the search and keeps what was found, marked as not complete.

    For example: `flowlet explore examples/models/two_phase_commit.py:system`
    """
    if graph is not None:
        where_to(search.name, graph)
    explored = search.explore()
    path = None if graph is None else save_picture(explored.graph, graph, search.name)
    if json:
        answer(_answer(search, explored))
    else:
        _tell(console(), search, explored)
    if path is not None:
        console(stderr=json).print(f"written: [green]{path}[/]")


def variables_of(explored: Any) -> dict[str, int]:
    """How many values each variable has, the most first; what has one alone costs nothing."""
    return {name: values for name, values in explored.variables().items() if values > 1}


def rate(explored: Exploration) -> str:
    """How long it took, in words."""
    a_second = explored.unique_states / explored.seconds if explored.seconds else 0.0
    return (
        f"{explored.seconds:.2f} s, {a_second:,.0f} states a second, "
        f"{count(explored.runs, 'run')} of real code"
    )


def _tell(said: Console, search: Search, explored: Exploration) -> None:
    from rich.markup import escape

    drawn = explored.graph
    said.print(
        f"[bold]{escape(search.name)}[/]: {count(explored.unique_states, 'state')}, "
        f"{count(explored.transitions, 'transition')}, {explored.terminal_states:,} terminal; "
        + ("[green]complete[/]" if explored.complete else "[yellow]not complete[/]")
    )
    said.print(
        f"  drawn as {count(len(drawn.states), 'state')} and "
        f"{count(len(drawn.transitions), 'edge')}"
    )
    said.print(f"  {rate(explored)}")
    values = variables_of(explored)
    if values:
        table(said, ("variable", "values"), list(values.items())[:MOST_VARIABLES])
        if len(values) > MOST_VARIABLES:
            said.print(f"  … {len(values) - MOST_VARIABLES} more with fewer values")
    tell_notes(said, explored.complete, explored.notes)


def _answer(search: Search, explored: Exploration) -> ExploreAnswer:
    return ExploreAnswer(
        **search.facts(explored),
        terminal=explored.terminal_states,
        drawn_states=len(explored.graph.states),
        drawn_edges=len(explored.graph.transitions),
        variables=variables_of(explored),
    )
