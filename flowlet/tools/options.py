"""The arguments and options that several commands have, written once so that they mean the same."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from flowlet.tools.completion import complete_target

Network = Literal["fifo", "unordered", "inbox_set", "duplicating"]
Time = Literal["any", "ordered"]

Target = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:NAME",
        show_default=False,
        autocompletion=complete_target,
        help="The actor or system function: `package.module:name`, or `path/file.py:name`.",
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Answer as JSON, for a program.")]
OneActor = Annotated[
    str | None,
    typer.Option(
        "--actor", metavar="NAME", show_default=False, help="Of a system, this actor alone."
    ),
]
TestFile = Annotated[
    str | None,
    typer.Option(
        "--pytest", metavar="FILE", show_default=False, help="Write it as a test of pytest."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Picture = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="FILE", show_default=False, help="Draw it; the ending says how."
    ),
]
SeedText = Annotated[str, typer.Option("--seed", help="What `choose` and `rng` are made of.")]


def seed_of(text: str) -> int | str:
    """A seed as typed: a number, or any text."""
    return int(text) if text.isdecimal() else text
