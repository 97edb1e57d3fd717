"""`flowlet graph`: a picture of the machine that a function is.

Without `-o` the picture goes to NAME.svg in the current folder.  With `-o -` the graph alone goes
to the standard output, so that it can be piped; then the words go to the standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowlet.export import relative_to
from flowlet.introspect.model import StateGraph, writers
from flowlet.tools.options import OneActor
from flowlet.tools.searching import Search, of_actor
from flowlet.tools.targets import TargetError
from flowlet.tools.telling import console, count, table, tell_notes, to_output

if TYPE_CHECKING:
    from rich.console import Console

#: The formats that are named first; the rest follow as they were registered.
_FIRST = ("svg", "png", "dot", "mmd")
#: What a browser or a viewer of pictures can open.
_SHOWN = ("svg", "png", "html")


def formats() -> list[str]:
    """The formats that a graph can be written in, as they are registered; each is an ending too."""
    return [*(one for one in _FIRST if one in writers), *(w for w in writers if w not in _FIRST)]


def graph(
    search: Search,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            show_default="NAME.svg",
            help=f"Where to; the ending says what: {' '.join(f'.{one}' for one in formats())}. "
            "`-` is the terminal.",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            show_default="by the ending",
            help=f"What to write: {', '.join(formats())}. With `-o -` dot if not given.",
        ),
    ] = None,
    actor: OneActor = None,
    show: Annotated[
        bool, typer.Option("--open", help="Open the picture when it is written.")
    ] = False,
) -> None:
    """Explore a function and draw the state machine that it is.

    Every event is tried in every state that it can come to; the function's code really runs.

    For example: `flowlet graph examples/turnstile.py:turnstile -o turnstile.svg`
    """
    said = console(stderr=output == "-")
    format, path = where_to(search.name, output, format)
    if show and (path is None or format not in _SHOWN):
        raise TargetError(f"--open shows a picture in a file: give -o {search.name}.svg with it.")
    explored = search.explore()
    drawn = of_actor(explored, actor)
    if path is None:
        to_output(writers[format](drawn))
    else:
        relative_to(drawn, path.parent).save(path, format)
    unique = explored.unique_states if actor is None else None
    tell(said, drawn, unique, with_table=path is not None and output is None)
    if path is not None:
        said.print(f"written: [green]{path}[/]")
    if show and path is not None:
        typer.launch(str(path.resolve()))


def where_to(name: str, output: str | None, format: str | None = None) -> tuple[str, Path | None]:
    """The format, and the file unless it is the terminal: checked before any work is done."""
    if format is not None and format not in writers:
        raise TargetError(f"cannot write {format!r}: give --format one of {', '.join(formats())}.")
    if output == "-":
        return format or "dot", None
    if output is None:
        return format or "svg", Path(f"{name}.{format or 'svg'}")
    path = Path(output)
    ending = format or path.suffix.removeprefix(".")
    if ending not in writers:
        came = f"the ending {path.suffix!r}" if path.suffix else "a name without an ending"
        endings = ", ".join(f".{one}" for one in formats())
        raise TargetError(f"cannot tell from {came} what to write: use one of {endings}.")
    check_file(path)
    return ending, path


def check_file(path: Path) -> None:
    """Raise `TargetError` where no file can be written."""
    if not path.parent.is_dir():
        raise TargetError(f"there is no folder {path.parent}: make it first.")
    if path.is_dir():
        raise TargetError(f"{path} is a folder: give the name of a file in it.")


def save_picture(drawn: StateGraph, output: str, name: str) -> Path:
    """Write a picture that a command makes besides what it says."""
    format, path = where_to(name, output)
    if path is None:
        raise TargetError("- is the standard output, where the answer goes: give a file.")
    relative_to(drawn, path.parent).save(path, format)
    return path


def tell(said: Console, drawn: StateGraph, unique_states: int | None, with_table: bool) -> None:
    """What was drawn, in words."""
    from rich.markup import escape

    counts = f"{count(len(drawn.states), 'state')}, {count(len(drawn.transitions), 'edge')}"
    if unique_states is not None and unique_states != len(drawn.states):
        counts += f" ({count(unique_states, 'unique state')}, data told apart)"
    said.print(f"[bold]{escape(drawn.name)}[/]: {counts}")
    if all(state.kind in ("final", "error") for state in drawn.states):
        said.print(
            "[yellow]It waits nowhere, and where it waits are its states:[/] let it call "
            "receive(), sleep() or another wait."
        )
    elif with_table:
        rows = [(edge.source, edge.label, edge.target) for edge in drawn.transitions]
        more = table(said, ("from", "event", "to"), rows)
        if more:
            said.print(f"  … {more} more in the picture")
    tell_notes(said, drawn.complete, drawn.notes)
