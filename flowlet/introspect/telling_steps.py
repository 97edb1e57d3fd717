"""Values as text that is the same in every process: sets have an order, actors their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from pydantic import BaseModel

from ..actor import ActorRef


def told(value: Any) -> str:
    """Like `repr`, but the same each time."""
    if isinstance(value, ActorRef):
        return value.name
    if isinstance(value, Enum):
        return _member(value)
    if isinstance(value, BaseModel):
        fields = ", ".join(f"{name}={told(getattr(value, name))}" for name in _fields(value))
        return f"{type(value).__name__}({fields})"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(told, value))) + "}" if value else "set()"
    if type(value) is tuple:
        return "(" + _listed(value) + ("," if len(value) == 1 else "") + ")"
    if type(value) is list:
        return "[" + _listed(value) + "]"
    if type(value) is dict:
        return "{" + ", ".join(f"{told(k)}: {told(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _member(value: Enum) -> str:
    """`Size.SMALL`; of several flags together `Pen(3)`, which is how that is written as well."""
    kind = type(value)
    one = value.name in kind.__members__
    return f"{kind.__name__}.{value.name}" if one else f"{kind.__name__}({value.value!r})"


def numbered(texts: Sequence[str], place: int) -> str:
    """One of several texts, with a number if others before it are the same."""
    before = texts[:place].count(texts[place])
    return f"{texts[place]}#{before + 1}" if before else texts[place]


def flight_line(event: Any, reply: bool, sender: str, receiver: str = "") -> str:
    """A message as a line: `Ping(number=0) from client`."""
    from .cast import NoReply  # there by now; `view`, which takes names from here, comes before

    if isinstance(event, NoReply):
        what = "no reply"
    else:
        what = f"reply {told(event)}" if reply else told(event)
    return f"{what} from {sender}" + (f" to {receiver}" if receiver else "")


def child_name(root: str, name: str | None) -> str:
    """What a child of an actor is called beside those of others; without one, the actor."""
    return root if name is None else f"{root}/{name}"


def in_region(region: int) -> str:
    """Where in an actor something happens that could happen in several of its regions."""
    return f", region {region}" if region else ""


def told_end(name: str) -> str:
    """The line of the news that an actor has ended."""
    return f"Exited, {name} has ended"


def _fields(value: BaseModel) -> Iterable[str]:
    return type(value).model_fields


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(told, values))
