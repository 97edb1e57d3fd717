"""What the evaluation of an expression asks: what names mean, and what calls give."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, Protocol

from .program import Program
from .values import Value


class NeedsCallError(Exception):
    """There is a call in the expression that has to be gone through."""


class Names(Protocol):
    """What the names of one function mean, at one place of one way."""

    @property
    def program(self) -> Program:
        """The function that they stand in."""
        ...

    @property
    def coarse(self) -> bool:
        """Whether numbers are not followed."""
        ...

    def look_up(self, name: str) -> list[Value]:
        """The values that a name may have."""
        ...

    def changed(self, value: Value) -> Value:
        """A collection as whoever else has it may have changed it."""
        ...

    def store(self, key: Any, value: Value) -> None:
        """Note what a variable that is read later has been."""
        ...

    def attributes(self, name: str) -> Iterable[Value]:
        """What was ever stored under an attribute of this name."""
        ...

    def closure(self, node: Any) -> Value:
        """The function that a lambda makes here."""
        ...

    def remembered(self, key: Any) -> list[Value]:
        """Where a block with a history may have been left."""
        ...

    def call(self, node: ast.Call, within: Names) -> list[Value]:
        """What a call gives that surely does not wait; `NeedsCallError` where that is not sure.

        Its arguments mean what they mean `within`.
        """
        ...
