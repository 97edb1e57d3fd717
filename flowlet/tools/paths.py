"""`flowlet paths`: few walks from the start that together take every edge; and as tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowlet.introspect import is_system
from flowlet.introspect.walks import Walks, covering_walks
from flowlet.tools.answers import PathsAnswer
from flowlet.tools.as_code import check_new, write_tests
from flowlet.tools.check import steps_answer
from flowlet.tools.options import Force, JsonFlag, TestFile
from flowlet.tools.path_tests import as_tests
from flowlet.tools.searching import Search
from flowlet.tools.telling import answer, console, count, say, tell_notes

if TYPE_CHECKING:
    from rich.console import Console


def paths(
    search: Search,
    pytest: TestFile = None,
    force: Force = False,
    json: JsonFlag = False,
) -> None:
    """Walks from the start that together take every reachable edge, with the events that do it.

    They have run: where data decides which guard holds, a walk first brings the data there.

    For example: `flowlet paths examples/vending_machine.py:vending_machine --pytest test_paths.py`
    """
    if pytest is not None:
        check_new(Path(pytest), force)
    explored = search.explore()
    found = covering_walks(explored)
    left_out: list[str] = []
    if pytest is not None:
        text, left_out = as_tests(search, found.walks)
        write_tests(Path(pytest), text, [search.module], force)
    if json:
        answer(
            PathsAnswer(
                target=search.target,
                complete=explored.complete,
                notes=explored.notes,
                edges=found.edges,
                branches=found.branches,
                paths=tuple(steps_answer(walk) for walk in found.walks),
            )
        )
    else:
        _tell(console(), search, found)
        tell_notes(console(), explored.complete, explored.notes)
    if pytest is not None:
        said = console(stderr=json)
        said.print(f"written: [green]{pytest}[/]")
        for why in left_out:
            say(said, f"left out: {why}", "yellow")


def _tell(said: Console, search: Search, found: Walks) -> None:
    from rich.text import Text

    walks, steps = found.walks, sum(map(len, found.walks))
    branches = f", by {count(found.branches, 'branch')}" if found.branches > found.edges else ""
    say(
        said,
        f"{search.name}: {count(len(walks), 'path')} of {count(steps, 'step')} "
        f"{'takes' if len(walks) == 1 else 'take'} {count(found.edges, 'edge')}{branches}",
    )
    for number, walk in enumerate(walks, 1):
        begins = walk[0].source or "the beginning"
        said.print(Text.assemble((f"{number:4}. ", "dim"), ("from ", "dim"), begins))
        alone = not is_system(search.fn)
        lines = [step.line.partition(": ")[2] if alone else step.line for step in walk]
        width = max(map(len, lines))
        for step, line in zip(walk, lines, strict=True):
            said.print(
                Text.assemble(
                    " " * 6,
                    (f"{line:<{width}}", "bold"),
                    ("  → ", "dim"),
                    (step.target, "green"),
                ),
                soft_wrap=True,
            )
