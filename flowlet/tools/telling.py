"""What the commands say: to a person in words and tables, to a program as JSON.

Words go to the terminal, wrapped there between words; into a pipe each line goes as it is.  JSON
goes to the standard output alone, so that it can be piped; what a person should know besides is
said on the other.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from flowlet.export.places import short
from flowlet.introspect.model import model_as_json

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

#: Tables are printed up to this many rows; files have all.
MOST_ROWS = 40


def console(stderr: bool = False) -> Console:
    """Lines are broken between words for a person, and not at all for a program."""
    made = _kind_of_console()(stderr=stderr, highlight=False)
    made.soft_wrap = not made.is_terminal
    return made


@functools.cache
def _kind_of_console() -> type[Console]:
    from rich.console import Console

    class Plain(Console):
        """Rich's own ends the program when nobody reads any more; here a command ends itself."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain


def count(number: int, word: str) -> str:
    """`1 state`, `2,000 states`, `2 branches`."""
    ending = "es" if word.endswith(("ch", "sh", "s", "x")) else "s"
    return f"{number:,} {word}" + ("" if number == 1 else ending)


def say(said: Console, text: str, style: str = "") -> None:
    """A line of plain text, in which nothing is markup."""
    from rich.text import Text

    said.print(Text(text, style=style))


def tell_notes(said: Console, complete: bool, notes: Iterable[str]) -> None:
    """What was assumed, and whether anything was left out."""
    if not complete:
        said.print("[yellow]Not complete[/]: there may be more than was found.")
    for note in map(as_options, notes):
        lines = wrap(short(note), said.width - 4) if said.is_terminal else [short(note)]
        say(said, "  · " + "\n    ".join(lines))


#: What the library calls an argument of `explore` is an option here.
_ARGUMENT = re.compile(
    r"\b(examples|events|within|max_states|network|time|symmetry|unexpected)="
    r"('(\w+)'|\[…\]|False)?"
)


def as_options(text: str) -> str:
    """A text of the library with its arguments as they are given on the command line."""

    def option(found: re.Match[str]) -> str:
        if found[2] == "False":
            return f"--no-{found[1]}"
        return f"--{found[1].replace('_', '-')}" + (f" {found[3]}" if found[3] else "")

    return _ARGUMENT.sub(option, text)


def table(
    said: Console, heads: Sequence[str], rows: Iterable[Sequence[object]], most: int = MOST_ROWS
) -> int:
    """Print a table without lines round it; how many rows were left out.

    A cell is a text, or one of rich with its own style; what is a number stands to the right.
    """
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    made = Table(box=None, header_style="dim", pad_edge=True)
    for place, head in enumerate(heads):
        is_number = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        made.add_column(head, justify="right" if is_number else "left", no_wrap=said.soft_wrap)
    for row in rows[:most]:
        made.add_row(*(one if isinstance(one, Text) else Text(_cell(one)) for one in row))
    if said.is_terminal:
        said.print(made)
    else:
        # Into a pipe a table is as wide as it has to be, so that nothing in it is cut off.
        wide = said.options.update(max_width=10_000)
        before, said.width = said.width, max(1, said.measure(made, options=wide).maximum)
        said.print(made, soft_wrap=True)
        said.width = before
    return max(0, len(rows) - most)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def to_output(written: str | bytes) -> None:
    """Bytes or text to the standard output, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(written.encode("utf-8") if isinstance(written, str) else written)
    sys.stdout.buffer.flush()


def answer(model: BaseModel) -> None:
    """An answer to a program."""
    to_output(model_as_json(model, by_alias=True) + "\n")
