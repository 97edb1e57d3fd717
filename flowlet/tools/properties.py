"""The properties that `flowlet check` is asked for: functions of a view, given by name or listed.

A module may list its own, by name, in dicts called as the arguments of `check` are, in capitals:

    ALWAYS = {"one leader": one_leader}

They are checked with every target of that module, besides those that are named on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from flowlet.tools.targets import TargetError, resolve

Properties = dict[str, dict[str, Callable[[Any], object]]]

#: The kinds, as `check` calls them.
KINDS: Final[tuple[str, ...]] = ("always", "never", "sometimes", "eventually")


def properties_of(
    module: ModuleType, named: Mapping[str, Sequence[str]], listed: bool = True
) -> Properties:
    """All that is to be checked, by kind and by name.  Raises `TargetError` for what is not one."""
    found: Properties = {}
    for kind in KINDS:
        mine: dict[str, Callable[[Any], object]] = {}
        if listed:
            mine.update(_listed(module, kind))
        for text in named.get(kind, ()):
            fn = resolve(text, module)[1]
            if not callable(fn) or isinstance(fn, type):
                raise TargetError(
                    f"--{kind} {text} is no function but {type(fn).__name__}: give a function of "
                    "a view, such as def one_leader(v): return len(v.actors) == 1"
                )
            mine[_name(fn, text)] = fn
        if mine:
            found[kind] = mine
    return found


def _name(fn: Callable[..., Any], text: str) -> str:
    name: str = getattr(fn, "__name__", text)
    return text if name == "<lambda>" else name.replace("_", " ")


def _listed(module: ModuleType, kind: str) -> Mapping[str, Callable[[Any], object]]:
    listed = getattr(module, kind.upper(), {})
    if not isinstance(listed, Mapping) or not all(map(callable, listed.values())):
        raise TargetError(
            f"{kind.upper()} in {module.__name__} is no dict of functions by name: write "
            f'{kind.upper()} = {{"one leader": one_leader}}, or call it otherwise and give '
            "--no-listed"
        )
    return {str(name): fn for name, fn in listed.items()}
