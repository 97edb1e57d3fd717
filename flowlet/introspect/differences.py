"""In what two canonical forms differ, for people who are told that a run was not like another."""

from __future__ import annotations

from typing import Any

from ..errors import ExploreError


def _check_classes(form: Any, other: Any) -> None:
    """Raise `ExploreError` where two forms differ in a class that each run makes anew."""
    if isinstance(form, type) and isinstance(other, type) and form is not other:
        mine, its = ((each.__module__, each.__qualname__) for each in (form, other))
        if mine == its and "<locals>" in form.__qualname__:
            raise ExploreError(
                f"the class {form.__name__} is made anew in each run, inside "
                f"{form.__qualname__.partition('.<locals>')[0]}, so that no two states with it are "
                "one; define it outside"
            )
    elif type(form) is tuple and type(other) is tuple:
        for mine, its in zip(form, other, strict=False):
            _check_classes(mine, its)


def difference(form: Any, other: Any) -> str:
    """The name of the variable in which two forms differ first, if it can be told."""
    _check_classes(form, other)
    return _difference(form, other)


def _difference(form: Any, other: Any) -> str:
    if type(form) is not tuple or type(other) is not tuple:
        return ""
    if len(form) == 2 and len(other) == 2 and isinstance(form[0], str) and form[0] == other[0]:
        return "" if form[1] == other[1] else _difference(form[1], other[1]) or form[0]
    for mine, theirs in zip(form, other, strict=False):
        if mine != theirs:
            found = _difference(mine, theirs)
            if found:
                return found
    return ""
