"""The command `flowlet`: what people want to know of a machine without writing a program for it.

`flowlet graph MODULE:NAME` explores the actor function and draws it.  Without `-o` the picture
goes to NAME.svg in the current folder.  What is said in words goes to the terminal, so that
`-o -` can be piped: then the words go to the standard error.

Exit codes: 0, the picture is made; 2, something that you can put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from flowlet.errors import FlowletError
from flowlet.export import NoGraphvizError, relative_to
from flowlet.export.places import short
from flowlet.introspect.model import StateGraph, writers
from flowlet.tools.targets import TargetError, actor_function, resolve

if TYPE_CHECKING:
    from rich.console import Console

    from flowlet.introspect import Exploration

#: The table of transitions is printed up to this many; the picture has them all.
MOST_ROWS = 40

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """Run the command; the entry point of the package."""
    app(prog_name="flowlet")


def _version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"flowlet {version('flowlet')}")
        except PackageNotFoundError:
            print("flowlet, not installed: run from its source")
        raise typer.Exit


@app.callback()
def flowlet(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which, and end."),
    ] = False,
) -> None:
    """State machines that are ordinary Python functions: draw them."""


@app.command(no_args_is_help=True)
def graph(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME",
            show_default=False,
            help="The actor function: `package.module:name`, or `path/file.py:name`.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            show_default="NAME.svg",
            help="Where to; the ending says what: .svg .png .dot .mmd .json. `-` is the terminal.",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            show_default="by the ending",
            help="What to write: svg, png, dot, mermaid, json. With `-o -` dot if not given.",
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            metavar="NAME",
            show_default=False,
            help="A list of events in the same module: exactly these are offered.",
        ),
    ] = None,
    max_states: Annotated[
        int | None,
        typer.Option(
            "--max-states", min=1, metavar="N", show_default=False, help="Explore no more than N."
        ),
    ] = None,
) -> None:
    """Explore an actor function and draw the state machine that it is.

    Every event is tried in every state that it can come to; the function's code really runs.

    For example: `flowlet graph examples/turnstile.py:turnstile -o turnstile.svg`
    """
    said = _console(stderr=output == "-")
    try:
        format, path = _where_to(target, output, format)
        module, fn = actor_function(target)
        more: dict[str, Any] = {}
        if events is not None:
            more["events"] = _event_list(resolve(events, module)[1], events)
        if max_states is not None:
            more["max_states"] = max_states
        explored = _explored(fn, more)
        drawn = explored.graph
        if path is None:
            _to_terminal(writers[format](drawn))
        else:
            relative_to(drawn, path.parent).save(path, format)
    except (TargetError, FlowletError, NoGraphvizError, OSError) as error:
        _give_up(str(error))
    _tell(said, drawn, explored.unique_states, table=path is not None and output is None)
    if path is not None:
        said.print(f"written: [green]{path}[/]")


def _where_to(target: str, output: str | None, format: str | None) -> tuple[str, Path | None]:
    """The format, and the file unless it is the terminal: checked before any work is done."""
    endings = ", ".join(f".{one}" for one in ("svg", "png", "dot", "mmd", "json"))
    if format is not None and format not in writers:
        raise TargetError(f"cannot write {format!r}: give --format one of {', '.join(writers)}.")
    if output == "-":
        return format or "dot", None
    if output is None:
        name = target.rpartition(":")[2].rpartition(".")[2] or "machine"
        return format or "svg", Path(f"{name}.{format or 'svg'}")
    path = Path(output)
    ending = format or path.suffix.removeprefix(".")
    if ending not in writers:
        came = f"the ending {path.suffix!r}" if path.suffix else "a name without an ending"
        raise TargetError(f"cannot tell from {came} what to write: use one of {endings}.")
    if not path.parent.is_dir():
        raise TargetError(f"there is no folder {path.parent}: make it first.")
    if path.is_dir():
        raise TargetError(f"{path} is a folder: give the name of a file in it.")
    return ending, path


def _event_list(found: object, name: str) -> Sequence[object]:
    if not isinstance(found, list | tuple):
        raise TargetError(
            f"--events {name} is no list but {type(found).__name__}: give the name of a list of "
            "events, such as `offered = [Coin(5), Push()]`."
        )
    return found


def _explored(fn: Callable[[], Any], more: dict[str, Any]) -> Exploration:
    from flowlet.introspect.explore import explore

    with _progress() as progress:
        return explore(fn, progress=progress, **more)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A line that counts, on a terminal only; it is gone when the work is done."""
    with _console(stderr=True).status("exploring") as status:
        yield lambda states, frontier: status.update(
            f"exploring: {states:,} states, {frontier:,} to go on from"
        )


def _to_terminal(written: str | bytes) -> None:
    import sys

    sys.stdout.buffer.write(written.encode("utf-8") if isinstance(written, str) else written)
    sys.stdout.buffer.flush()


def _tell(said: Console, drawn: StateGraph, unique_states: int, table: bool) -> None:
    from rich.markup import escape

    counts = f"{_count(len(drawn.states), 'state')}, {_count(len(drawn.transitions), 'edge')}"
    if unique_states != len(drawn.states):
        counts += f" ({_count(unique_states, 'unique state')}, data told apart)"
    said.print(f"[bold]{escape(drawn.name)}[/]: {counts}")
    if table:
        _table(said, drawn)
    if not drawn.complete:
        said.print("[yellow]Not complete[/]: there may be more than was found.")
    for note in drawn.notes:
        lines = wrap(short(note), said.width - 4) if said.is_terminal else [short(note)]
        said.print("  · " + "\n    ".join(lines), markup=False)


def _table(said: Console, drawn: StateGraph) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = Table("from", "event", "to", box=None, header_style="dim", pad_edge=True)
    for edge in drawn.transitions[:MOST_ROWS]:
        rows.add_row(*(Text(cell) for cell in (edge.source, edge.label, edge.target)))
    said.print(rows)
    if len(drawn.transitions) > MOST_ROWS:
        said.print(f"  … {len(drawn.transitions) - MOST_ROWS} more in the picture")


def _console(stderr: bool) -> Console:
    """Lines are broken between words for a person, and not at all for a program."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    console.soft_wrap = not console.is_terminal
    return console


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _give_up(message: str) -> NoReturn:
    from rich.text import Text

    _console(stderr=True).print(Text.assemble(("error: ", "bold red"), message))
    raise typer.Exit(2)


if __name__ == "__main__":
    main()
