"""The command `flowlet`: what people want to know of a machine without writing a program for it.

This is the table of commands; each has a module.  What is said in words goes to the terminal, what
a program reads goes to the standard output alone.  How a command ends is in `exits`.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from flowlet.tools import (
    actors,
    check,
    completion,
    coverage,
    diff,
    explore,
    graph,
    paths,
    play,
    run,
)
from flowlet.tools.exits import MEANING, ending_well
from flowlet.tools.searching import with_search

_ENDS = "Exit codes:\n\n" + "\n".join(f"- `{code:d}` {what}" for code, what in MEANING.items())

app: typer.Typer = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog=_ENDS,
)


def main() -> None:
    """Run the command; the entry point of the package."""
    completion.rejoin(os.environ)
    if isinstance(sys.stdout, TextIOWrapper):
        # What a terminal has no character for is written out, as `\udc80`, and no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Python looks for garbage once more as it ends: among ten thousand states for a second.
    atexit.register(gc.freeze)
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
    """State machines that are ordinary functions: draw, explore, check, run and play them."""


#: In the order of the help: what it is called, what does it, and which options of a search it has.
_COMMANDS: tuple[tuple[str, Any, tuple[str, ...] | None], ...] = (
    ("graph", graph.graph, ()),
    ("explore", explore.explore, ()),
    ("check", check.check, ("early",)),
    ("run", run.run, None),
    ("play", play.play, None),
    ("paths", paths.paths, ()),
    ("diff", diff.diff, None),
    ("coverage", coverage.coverage, ()),
    ("actors", actors.actors, None),
)
for _name, _does, _without in _COMMANDS:
    _command: Any = _does if _without is None else with_search(_does, _without)
    app.command(_name, no_args_is_help=True)(ending_well(_command))


if __name__ == "__main__":
    main()
