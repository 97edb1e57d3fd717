"""`flowlet diff`: what has changed in a machine between two versions of its code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowlet.introspect import GraphDiff, StateGraph
from flowlet.tools.answers import DiffAnswer, EdgeAnswer
from flowlet.tools.completion import complete_target
from flowlet.tools.exits import Exit, end
from flowlet.tools.graph import save_picture, where_to
from flowlet.tools.options import JsonFlag, Network, OneActor, Picture, Time
from flowlet.tools.revisions import WORKING_TREE, Repository
from flowlet.tools.targets import TargetError
from flowlet.tools.telling import answer, console, say, tell_notes
from flowlet.tools.tracing import read_graph

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


def diff(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME|OLD.json",
            show_default=False,
            autocompletion=complete_target,
            help="The actor or system function; or a graph that was saved before.",
        ),
    ],
    before: Annotated[
        str | None,
        typer.Argument(
            metavar="[REV|NEW.json]",
            show_default="HEAD",
            help="The revision to compare with, as git names it; or the other saved graph.",
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Argument(
            metavar="[REV2]", show_default="the working tree", help="The later revision."
        ),
    ] = None,
    output: Picture = None,
    actor: OneActor = None,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            metavar="NAME|EVENTS",
            show_default=False,
            help="What is offered to a lone actor, as for `explore`.",
        ),
    ] = None,
    network: Annotated[
        Network | None, typer.Option("--network", show_default=False, help="As for `explore`.")
    ] = None,
    timing: Annotated[
        Time | None, typer.Option("--time", show_default=False, help="As for `explore`.")
    ] = None,
    max_states: Annotated[
        int | None,
        typer.Option(
            "--max-states", min=1, metavar="N", show_default=False, help="No more than N."
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Compare a machine at two git revisions, or two saved graphs; end with 1 if they differ.

    States are compared by name, edges by where they lead on which event. Code that was moved is the
    same machine.

    For example: `flowlet diff examples/door.py:door HEAD~3 -o changes.svg`
    """
    if output is not None:
        where_to("changes", output)
    if target.endswith(".json"):
        if before is None or after is not None:
            raise TargetError("give two saved graphs: flowlet diff old.json new.json.")
        names = target, before
        graphs = read_graph(Path(target)), read_graph(Path(before))
    else:
        given = {
            "events": events,
            "network": network,
            "timing": timing,
            "max_states": max_states,
        }
        options = {name: value for name, value in given.items() if value is not None}
        revision = before or "HEAD"
        repository = Repository.here()
        for one in (revision, after):
            if one is not None:
                repository.name_of(one)
        names = revision, after or WORKING_TREE
        graphs = (
            repository.graph_at(revision, target, actor, options),
            repository.graph_at(after, target, actor, options),
        )
    found = graphs[0].diff(graphs[1])
    path = None if output is None else save_picture(found.graph, output, "changes")
    if json:
        answer(_answer(found, names))
    else:
        _tell(console(), found, names, graphs)
    if path is not None:
        console(stderr=json).print(f"written: [green]{path}[/]")
    if not found.same:
        end(Exit.NO)


def _tell(
    said: Console, found: GraphDiff, names: tuple[str, str], graphs: tuple[StateGraph, StateGraph]
) -> None:
    title = f"{graphs[1].name}: {names[0]} → {names[1]}"
    say(said, title if not found.same else f"{title}: the same machine", "bold")
    for line in str(found).splitlines() if not found.same else ():
        say(said, line, _COLOURS.get(line[:1], ""))
    unseen: dict[tuple[str, ...], list[str]] = {}
    for name, graph in zip(names, graphs, strict=True):
        if not graph.complete:
            unseen.setdefault(graph.notes, []).append(name)
    for notes, several in unseen.items():
        say(said, f"not explored completely: {', '.join(dict.fromkeys(several))}", "yellow")
        tell_notes(said, True, notes)


def _answer(found: GraphDiff, names: tuple[str, str]) -> DiffAnswer:
    return DiffAnswer(
        before=names[0],
        after=names[1],
        same=found.same,
        new_states=tuple(state.name for state in found.new_states),
        gone_states=tuple(state.name for state in found.gone_states),
        changed_states=tuple(map(str, found.changed_states)),
        new_edges=tuple(map(EdgeAnswer.of, found.new_edges)),
        gone_edges=tuple(map(EdgeAnswer.of, found.gone_edges)),
        changed_edges=tuple(
            (EdgeAnswer.of(one.before), EdgeAnswer.of(one.after)) for one in found.changed_edges
        ),
        initial_before=found.initial_before,
        initial_after=found.initial_after,
    )
