"""A handle by name, which is looked up whenever it is used: what `whereis` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .actor import ActorRef
from .events import Delay

if TYPE_CHECKING:
    from .dispatcher import Dispatcher


class NamedRef(ActorRef[Any]):
    """A handle by name: whoever bears the name when it is used."""

    __slots__ = ()

    def __init__(self, home: Dispatcher, name: str) -> None:
        self._home = home
        self._name = name

    def resolve(self) -> ActorRef[Any]:
        """The actor that bears the name now; `LookupError` tells who there is."""
        ref = self._home.find(self.name)
        if ref is None:
            known = ", ".join(sorted(other.name for other in self._home.actors))
            raise LookupError(f"there is no actor {self.name!r} here; there are {known or 'none'}")
        return ref

    # What this object has not itself, and that is all but the name, the actor has.

    def __getattr__(self, attr: str) -> Any:
        return getattr(self.resolve(), attr)

    def send(self, event: object, after: Any = None) -> Any:
        """Put an event into the mailbox of whoever bears the name."""
        return self.resolve().send(event, after)

    def ask(self, request: Any, after: Any = None, at: Any = None) -> Any:
        """Send a request to whoever bears the name, and wait for the reply."""
        return self.resolve().ask(request, after, at)

    def stop(self, grace: float | Delay = 5.0) -> None:
        """End whoever bears the name."""
        self.resolve().stop(grace)

    def take(self) -> list[Any]:
        """What whoever bears the name has emitted."""
        return self.resolve().take()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NamedRef):
            return (self._home, self.name) == (other._home, other.name)
        return self._home.find(self.name) is other

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<whoever is called {self.name!r}>"
