"""What holds for the connections of one server or client, and who keeps account of them."""

from __future__ import annotations

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


class Owner(Protocol):
    """Whoever keeps account of connections."""

    def came(self, connection: Connection) -> None:
        """It was made."""

    def gone(self, connection: Connection) -> None:
        """Its actor has ended, and its socket is closed."""
