"""A stage for actors with children, which they spawn while they run.

A child is known by its slot: the lowest that was free when it was spawned.  So it has the same
number, and the same name, on whatever way its family has come to where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from itertools import count
from typing import Any, ClassVar, Final

from .. import names
from ..actor import ActorRef
from ..instrument import Listener
from .cast import CastRef
from .stage import Stage
from .telling_steps import child_name

#: A family with more living children than this is taken to grow without end.
MOST_CHILDREN: Final = 64


class Household(Stage):
    """The actors of a cast, and what comes of them."""

    handle: ClassVar[type[ActorRef[Any]]] = CastRef

    def __init__(self) -> None:
        super().__init__()
        self.cast: list[CastRef] = []
        #: By actor: the children that it and its children have spawned, by slot; the ended ones go.
        self.slots: dict[CastRef, dict[int, CastRef]] = {}
        #: Of each child, ended ones too, the actor of the cast from which it comes.
        self.root_of: dict[ActorRef[Any], CastRef] = {}

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record.

        Of the actors most have not begun here; to watch and release these as well, in each step,
        was 4 % of a search of two-phase commit.
        """
        self.listeners.append(listener)
        for ref in self._actors:
            if ref.phase != "spawned" or ref in self.root_of:
                ref._fiber.watch()

    def unlisten(self, listener: Listener) -> None:
        """Call it no more."""
        self.listeners.remove(listener)
        for ref in self._actors if not self.listeners else ():
            if ref.phase != "spawned" or ref in self.root_of:
                ref._fiber.unwatch()

    def spawn_under(
        self,
        parent: ActorRef[Any] | None,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        name: str | None,
        on_output: Callable[[Any], object] | None,
    ) -> ActorRef[Any]:
        """An actor of the cast; or a child of one, which begins when the search says so."""
        if not isinstance(parent, CastRef):
            return super().spawn_under(parent, fn, args, name, on_output)
        root = self.root_of.get(parent, parent)
        family = self.slots.setdefault(root, {})
        for slot in [slot for slot, child in family.items() if child.phase == "ended"]:
            del family[slot]
        if len(family) == MOST_CHILDREN:
            self.refuse(
                f"{root.name} has {MOST_CHILDREN} children at once, and spawns one more: there is "
                "no end of it, as it seems; let it wait for the end of some before"
            )
        # The same name each time, whoever else is on the scene.
        fn_name = names.function_name(fn)
        others = [ref for ref in (*self.cast, *family.values()) if type(ref._name) is int]
        taken = {ref._name for ref in others if names.function_name(ref.function) == fn_name}
        self._serials[fn_name] = _first_free(taken) - 1
        child = super().spawn_under(parent, fn, args, name, on_output)
        if self.ready.pop() is self._starter:
            self._unstarted.pop()
        assert isinstance(child, CastRef)
        family[_first_free(family)] = child
        self.root_of[child] = root
        return child

    def slot_of(self, ref: ActorRef[Any]) -> int | None:
        """The slot of a living child, 0 for one that has ended; `None` for one of the cast."""
        if ref not in self.root_of:
            return None
        family = self.slots[self.root_of[ref]]
        return next((s for s, child in family.items() if child is ref and ref.phase != "ended"), 0)

    def children(self, root: CastRef) -> list[tuple[int, CastRef]]:
        """The living children of an actor of the cast, and theirs, by slot."""
        family = self.slots.get(root, {})
        return sorted((slot, child) for slot, child in family.items() if child.phase != "ended")

    def members(self) -> list[CastRef]:
        """Each of the cast, ended ones too, and after it its living children."""
        found = []
        for root in self.cast:
            found += [root, *(child for _, child in self.children(root))]
        return found

    def full_name(self, ref: ActorRef[Any]) -> str:
        """What an actor is called beside those of other families."""
        root = self.root_of.get(ref)
        return ref.name if root is None else child_name(root.name, ref.name)

    def member(self, root: CastRef, slot: int) -> CastRef:
        """An actor of the cast, or the child in one of its slots."""
        return self.slots[root][slot] if slot else root

    def are_family(self, one: ActorRef[Any], other: ActorRef[Any]) -> bool:
        """Whether two actors come from one of the cast."""
        return self.root_of.get(one, one) is self.root_of.get(other, other)


def _first_free(taken: Container[object]) -> int:
    return next(number for number in count(1) if number not in taken)
