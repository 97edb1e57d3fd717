"""A counterexample as people read it: as a sequence of steps, and as a test to paste."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import names

if TYPE_CHECKING:
    from .check import Failure


def sequence(failure: Failure) -> str:
    """What fails, and the numbered steps to it, with where they lead."""
    lines = [f"{failure.kind}: {failure.name}: {failure.text}"]
    lines += _numbered(failure.path, 1)
    if failure.loop:
        lines.append("   and then, for ever:")
        lines += _numbered(failure.loop, len(failure.path) + 1)
    return "\n".join(lines)


def _numbered(steps: list[Any], first: int) -> list[str]:
    width = max((len(step.label) for step in steps), default=0)
    return [f"{n:4}. {step.label:{width}}  -> {step.target}" for n, step in enumerate(steps, first)]


def as_pytest(failure: Failure) -> str:
    """A test function that replays the steps and fails where they still lead to the fault."""
    system, imports = _expression(failure.system)
    name = re.sub(r"\W+", "_", f"{failure.kind} {failure.name}").strip("_").lower()
    steps = "".join(f"        {step.line!r},\n" for step in [*failure.path, *failure.loop])
    states = ", ".join(f"{actor!r}: {path!r}" for actor, path in failure.states.items())
    lines = [
        *imports,
        "from flowlet.introspect import replay",
        "",
        "",
        f"def test_{name}():",
        f'    """{failure.kind}: {failure.name}: {failure.text}"""'.replace("\\", "\\\\"),
        f"    d = replay({system}, [",
        steps + "    ])",
        "    states = {actor.name: actor.state for actor in d.view.actors}",
        f"    assert states != {{{states}}}, {failure.text!r}",
        "",
    ]
    return "\n".join(lines)


def _expression(system: Callable[..., Any] | None) -> tuple[str, list[str]]:
    """Code that gives the system function, and the imports that it needs."""
    if isinstance(system, functools.partial):
        inner, imports = _expression(system.func)
        given = [*map(repr, system.args), *(f"{k}={v!r}" for k, v in system.keywords.items())]
        return (
            f"functools.partial({', '.join([inner, *given])})",
            ["import functools", "", *imports],
        )
    if system is None:
        return "system", ["# from … import system"]
    name = names.function_name(system)
    module = getattr(system, "__module__", None)
    qualified = getattr(system, "__qualname__", name)
    if module in (None, "__main__") or "<" in qualified or "." in qualified:
        return name.strip("<>"), [f"# {name} has to be importable here"]
    return name, [f"from {module} import {name}"]
