"""Walks as a parametrized test: each is replayed, and each of its states is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowlet import ReplayError
from flowlet.introspect import Step, replay
from flowlet.tools.as_code import Imports, code_of, function_code, name_of_test, text_code
from flowlet.tools.searching import Search

#: On which network the walks are replayed.
_STAYS = "duplicating"


def as_tests(search: Search, walks: Sequence[list[Step]]) -> tuple[str, list[str]]:
    """The text of a test file, and why some walks cannot be in it."""
    imports = Imports()
    imports.take("flowlet.introspect", "replay")
    called = function_code(search.target, search.module, imports)
    imports.module("pytest")
    told, left_out = [], []
    network = search.options.get("network", "fifo")
    for number, walk in enumerate(walks, 1):
        try:
            told.append(_walk(search, walk, network, imports))
        except (ReplayError, LookupError) as error:
            left_out.append(f"path {number}: {error}")
    more = f', network="{_STAYS}"' if network == _STAYS else ""
    test = name_of_test(search.name)
    lines = [
        f'"""Paths that take every edge of {search.target}; written by `flowlet paths`."""',
        "",
        *imports.lines(),
        "",
        "#: Each path as its steps; beside each the states of the actors after it, and before the",
        "#: first one those in which it begins.",
        "PATHS = [",
        *told,
        "]",
        "",
        "",
        '@pytest.mark.parametrize("path", PATHS)',
        f"def {test}(path):",
        '    """Every step can be taken, and leads where it led."""',
        "    for number, (_, states) in enumerate(path, 1):",
        f"        d = replay({called}, [step for step, _ in path[:number] if step]{more})",
        "        assert [actor.state for actor in d.view.actors] == states",
        "",
    ]
    return "\n".join(lines), left_out


def _walk(search: Search, walk: list[Step], network: Any, imports: Imports) -> str:
    codes = [_step(search, walk[: n + 1], network, imports) for n in range(len(walk))]
    lines = ["    ["]
    # What is chosen before the first wait is a step: without it, nobody knows where it begins.
    begins = not walk[0].line.startswith("begin: ")
    for n, code in enumerate(['""', *codes] if begins else codes):
        standing = replay(search.fn, walk[: n + (not begins)], network)
        states = [actor.state for actor in standing.view.actors]
        told = code_of(states, imports)
        lines += ["        (", f"            {code},", f"            {told},", "        ),"]
    return "\n".join([*lines, "    ],"])


def _step(search: Search, way: list[Step], network: Any, imports: Imports) -> str:
    """The last step as code: its line, if that alone can be replayed."""
    step = way[-1]
    try:
        replay(search.fn, [*way[:-1], step.line], network)
    except ReplayError:
        event = code_of(step.event, imports)
        if event is None:
            raise LookupError(f"{step.line}: no code makes such an event") from None
        imports.take("flowlet.introspect", "Step")
        return f'Step("", "", {event}, "", {text_code(step.line)})'
    return text_code(step.line)
