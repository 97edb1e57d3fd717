"""Where the stack of an actor that waits stands in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from .call_ends import ends_of
from .source import CallString, Site, collapsed, reading_of
from .syntax import COMPREHENSIONS


def site_of(fn: Callable[..., Any], stack: list[tuple[CodeType, int]]) -> Site | None:
    """The wait at which an actor of that function is, with that stack; `None` if it is unread."""
    reading = reading_of(fn)
    return reading.sites.get(call_string(stack, reading.unrolled))


def call_string(stack: Iterable[tuple[CodeType, int]], unrolled: int) -> CallString:
    """The stack as a reading of the source knows it: comprehensions merged, recursion collapsed."""
    string: list[tuple[CodeType, tuple[int, int]]] = []
    for code, lasti in stack:
        end = ends_of(code)[lasti // 2]
        if code.co_name in COMPREHENSIONS and string:
            string[-1] = (string[-1][0], end)
            continue
        string.append((code, end))
    return collapsed(string, unrolled)
