"""What holds for the connections of one server or client, and who keeps account of them."""

from __future__ import annotations

import ssl as tls
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .connection import Connection

#: Called with a connection; what it returns is called with each value that the actor emits.
Consumer = Callable[["Connection"], Callable[[Any], object]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all connections of one server; times are in seconds."""

    #: Who is given what the actors emit.
    consumer: Consumer | None = None
    #: How long nothing may come or go.
    idle: float | None = None
    #: How long it may last.
    lifetime: float | None = None
    #: How long the other side may take to end its half.
    linger: float = 5.0
    #: How long the clean-up of an actor may take that is stopped.
    grace: float = 5.0

    def __post_init__(self) -> None:
        for name in ("idle", "lifetime"):
            if (seconds := getattr(self, name)) is not None:
                check_seconds(name, seconds, or_none=True)
        for name in ("linger", "grace"):
            check_seconds(name, getattr(self, name), or_zero=True)
        if self.consumer is not None and not callable(self.consumer):
            raise TypeError(
                "on_output is a function that is called with each connection, and returns what is "
                f"called with each value; not {self.consumer!r}"
            )


def check_seconds(name: str, seconds: object, or_zero: bool = False, or_none: bool = False) -> None:
    """Raise where it is no time that something may take."""
    least = "0 or more" if or_zero else "more than 0"
    wanted = f"{name} is in seconds, {least}" + (", or None for no limit" if or_none else "")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{wanted}, not {seconds!r}")
    if not (seconds > 0 or (or_zero and seconds == 0)):
        raise ValueError(f"{wanted}, not {seconds!r}")


def check_count(name: str, count: object, least: int, more: str = "") -> None:
    """Raise where it is no number of things."""
    wanted = f"{name} is how many {more}, {least} or more"
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{wanted}, not {count!r}")
    if count < least:
        raise ValueError(f"{wanted}, not {count!r}")


def check_context(ssl: object) -> None:
    """Raise where it is nothing that TLS is made by."""
    if ssl is not None and not isinstance(ssl, tls.SSLContext):
        raise TypeError(f"ssl is an ssl.SSLContext, or None for no TLS, not {ssl!r}")


class Owner(Protocol):
    """Whoever keeps account of connections."""

    def came(self, connection: Connection) -> None:
        """It was made."""

    def gone(self, connection: Connection) -> None:
        """Its actor has ended, and its socket is closed."""
