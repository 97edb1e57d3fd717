"""A counterexample as people read it: as a sequence of steps, and as a test to paste."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import names

if TYPE_CHECKING:
    from .check import Failure


def sequence(failure: Failure) -> str:
    """What fails, and the numbered steps to it, with where they lead."""
    what = failure.kind if failure.name == failure.kind else f"{failure.kind}: {failure.name}"
    lines = [f"{what}: {failure.text}"]
    lines += _numbered(failure.path, 1)
    if failure.loop:
        lines.append("   and then, for ever:")
        lines += _numbered(failure.loop, len(failure.path) + 1)
    return "\n".join(lines)


def _numbered(steps: list[Any], first: int) -> list[str]:
    width = max((len(step.label) for step in steps), default=0)
    return [f"{n:4}. {step.label:{width}}  -> {step.target}" for n, step in enumerate(steps, first)]


def as_pytest(failure: Failure) -> str:
    """A test function that replays the steps, and fails while they lead to the fault."""
    system, imports = _expression(failure.system, "system")
    claim, more = _claim(failure)
    what = failure.kind if failure.name == failure.kind else f"{failure.kind} {failure.name}"
    name = re.sub(r"\W+", "_", what).strip("_").lower()
    steps = [f"            {step.line!r}," for step in [*failure.path, *failure.loop]]
    network = f"        network={failure.network!r},\n" if failure.network != "fifo" else ""
    title = f"{failure.kind}: {failure.name}: {failure.text}".replace("\\", "\\\\")
    return "\n".join(
        [
            *dict.fromkeys([*imports, *more]),
            "from flowlet.introspect import replay",
            "",
            "",
            f"def test_{name}():",
            f'    """{title}"""',
            "    d = replay(",
            f"        {system},",
            "        [",
            *steps,
            "        ],",
            f"{network}    )",
            f"    {claim}",
            "",
        ]
    )


def _claim(failure: Failure) -> tuple[str, list[str]]:
    """What holds at the end of the path where the fault is mended, and what that imports."""
    match failure.kind:
        case "crash":
            return "assert [actor.error for actor in d.view.actors if actor.error] == []", []
        case "unexpected event":
            return "assert sum(actor.discarded for actor in d.view.actors) == 0", []
        case "deadlock":
            return "assert d.view.possible, 'nothing can happen any more'", []
    if failure.predicate is not None and _is_importable(failure.predicate):
        fn, imports = _expression(failure.predicate, "predicate")
        negated = "not " if failure.kind == "never" else ""
        return f"assert {negated}{fn}(d.view)", imports
    states = ", ".join(f"{actor!r}: {path!r}" for actor, path in failure.states.items())
    return (
        f"expected = {{{states}}}\n"
        "    assert {name: d.view[name].state for name in expected} != expected",
        ["# The predicate is no function of a module: this only says that it does not come here."],
    )


def _is_importable(fn: Callable[..., Any]) -> bool:
    plain = fn.func if isinstance(fn, functools.partial) else fn
    qualified, module = getattr(plain, "__qualname__", "<"), getattr(plain, "__module__", None)
    if module in (None, "__main__") or "<" in qualified or "." in qualified:
        return False
    return getattr(importlib.import_module(module), qualified, None) is plain


def _expression(fn: Callable[..., Any] | None, called: str) -> tuple[str, list[str]]:
    """Code that gives a function, and the imports that it needs."""
    if isinstance(fn, functools.partial):
        inner, imports = _expression(fn.func, called)
        given = [*map(repr, fn.args), *(f"{k}={v!r}" for k, v in fn.keywords.items())]
        return f"functools.partial({', '.join([inner, *given])})", ["import functools", *imports]
    if fn is None:
        return called, [f"# import the {called}"]
    name = names.function_name(fn)
    if not _is_importable(fn):
        return name.strip("<>"), [f"# {name} has to be importable here"]
    return name, [f"from {fn.__module__} import {name}"]
