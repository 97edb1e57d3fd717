"""What the functions of flowlet are to those who read the source of an actor.

They are marked where they are defined, so that this knows none of them.  What reads
(`flowlet.syntax` and all that stands on it) is not imported before something is to be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

Fn = TypeVar("Fn", bound=Callable[..., Any])
Role = Literal[
    "receive", "wait", "state", "on", "flow", "become", "parallel", "race", "request", "spawn",
]  # fmt: skip

#: The methods of a stream that wait, and how many arguments stand before `at`.  What a parser is
#: given as its stream is not known by reading, so a method of such a name counts as one wherever
#: nothing else is known.
READS: Final = {
    "read_exactly": 1, "read_until": 2, "read_line": 1, "read_while": 2, "read_some": 1, "peek": 1,
    "at_eof": 0,
}  # fmt: skip

#: The method of a stream that goes on as another function, with the stream before its arguments.
SWITCH: Final = "switch_protocol"

#: What the functions of flowlet are to a reader of sources; filled where they are defined.
ROLES: Final[dict[Any, Role]] = {}


def playing(role: Role) -> Callable[[Fn], Fn]:
    """Decorate a function of flowlet with its role for a reader of sources."""

    def mark(fn: Fn) -> Fn:
        ROLES[fn] = role
        return fn

    return mark


def role_of(target: Any) -> Role | None:
    """What a value is to a reader of sources, if it is a function of flowlet."""
    try:
        return ROLES.get(target)
    except Exception:  # what cannot be a key, or does not like to be one
        return None


def is_class(value: Any) -> bool:
    """Whether it is a class; an object that only says so, as a stand-in may, is none."""
    return issubclass(type(value), type)


def is_request(kind: Any) -> bool:
    """Whether this is a class of requests, so that an `.ask` with one of it is a wait."""
    return is_class(kind) and any(role_of(base) == "request" for base in kind.__mro__)
