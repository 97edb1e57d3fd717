"""What predicates read of an actor's locals: the frames of a local state, kept as they were.

What is read has to count in the identity of the actor, or two states that differ in it would be
one.  So a name that is read and does not count yet is asked for: the search begins again with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import names
from .scene import Scene
from .standing import LocalState, Standing

if TYPE_CHECKING:
    from .product import Product


class NameToKeep(BaseException):  # no error: the search begins again
    """A predicate has read a local that does not count yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Locals(Mapping[str, Any]):
    """The variables of one frame, as they were at the wait."""

    __slots__ = ("_actor", "_counts", "_everything", "_product", "_values")

    def __init__(
        self,
        product: Product,
        actor: str,
        values: Mapping[str, Any],
        counts: frozenset[str],
        everything: bool,
    ) -> None:
        self._product = product
        self._actor = actor
        self._values = values
        self._counts = counts
        self._everything = everything

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            there = ", ".join(self._values) or "none"
            raise KeyError(f"{self._actor} has no local {name!r} here; there are {there}")
        if name not in self._counts and not self._everything:
            if self._product.searching:
                raise NameToKeep(name)
            raise KeyError(
                f"{name!r} is not read again in this state of {self._actor}, so it does not count "
                f"and may be anything; explore with keep=({name!r},)"
            )
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        for name in self._values:
            if self._everything or name in self._counts:
                yield name
            elif self._product.searching:
                raise NameToKeep(name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self._values))


class Frames:
    """The locals of the states that were looked into; each stands on a scene of its own."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], list[Locals]] = {}
        self._scenes: list[Scene] = []

    def frames(self, product: Product, name: str, state: LocalState, one: Standing) -> list[Locals]:
        """The locals of an actor in a local state, or of a child in it, frame by frame."""
        key = name, state.number, one.slot
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(product, name, state, one)
        return known

    def _read(self, product: Product, name: str, state: LocalState, one: Standing) -> list[Locals]:
        if not one.alive or one.goes == "start":
            return []
        machine = product.machines[product.exchange.numbers[name.partition("/")[0]]]
        scene = machine.replayed(state)
        self._scenes.append(scene)  # never played again, so its values stay
        found = []
        fiber = scene.member(scene.cast[machine.number], one.slot)._fiber
        reader = product.reader
        assert one.snapshot is not None
        counts = frozenset(one.snapshot.variables) | reader.keep
        frame = fiber.gr_frame
        while frame is not None:
            if names.is_users(frame.f_code):
                found.append(Locals(product, name, dict(frame.f_locals), counts, reader.everything))
            frame = frame.f_back
        return found[::-1]

    def none(self, product: Product, name: str) -> Locals:
        """The locals of an actor that has no frame."""
        return Locals(product, name, {}, frozenset(), everything=True)

    def dispose(self) -> None:
        """Throw the scenes away."""
        for scene in self._scenes:
            scene.dispose()
        self._scenes.clear()
