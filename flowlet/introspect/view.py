"""How a predicate sees a state: actors by name, cells, and what is in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import names
from ..actor import ActorRef
from .model import side_by_side
from .telling_steps import child_name

if TYPE_CHECKING:
    from .exchange import Message
    from .frames_of_views import Locals
    from .product import Product
    from .scene import Scene
    from .standing import LocalState, Standing


class Flight(NamedTuple):
    """A message on its way; the sender is `""` for the system function."""

    sender: str
    receiver: str
    event: Any


class ActorView:
    """One actor in a state."""

    __slots__ = ("_family", "_product", "_state", "name")

    def __init__(
        self, product: Product, name: str, state: LocalState, child: Standing | None = None
    ) -> None:
        self._product = product
        self._family = state
        #: Where it stands, in its family.
        self._state = child or state
        self.name: str = name

    @property
    def state(self) -> tuple[Any, ...]:
        """Where it is, as `ref.state` says it."""
        return self._state.path

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._state.alive

    @property
    def result(self) -> Any:
        """What its function returned."""
        return self._state.result

    @property
    def error(self) -> BaseException | None:
        """What its function raised."""
        return self._state.error

    @property
    def accepts(self) -> set[type]:
        """The types that it would take now."""
        return set(self._state.accepts)

    @property
    def frames(self) -> list[Locals]:
        """The locals of all its frames, from the actor function's own in."""
        return self._product.views.frames(self._product, self.name, self._family, self._state)

    @property
    def locals(self) -> Locals:
        """The locals of the actor function's own frame; none when it has ended."""
        frames = self.frames
        return frames[0] if frames else self._product.views.none(self._product, self.name)

    def __repr__(self) -> str:
        return f"<{self.name} in {names.text(self.state)}>"


class View:
    """A state of a system."""

    __slots__ = ("_number", "_product")

    def __init__(self, product: Product, number: int) -> None:
        self._product = product
        self._number = number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, View):
            return NotImplemented
        return self._product is other._product and self._number == other._number

    def __hash__(self) -> int:
        return hash(self._number)

    def __getitem__(self, name: str) -> ActorView:
        product = self._product
        number = product.exchange.numbers.get(name)
        if number is not None:
            return ActorView(product, name, product.local(self._number, number))
        # A child, which has its parent's name before its own, or its own alone.
        for actor in self.actors:
            if name == actor.name:
                return actor
        root, _, own = name.rpartition("/")
        families = [m for m in product.machines if root in ("", m.name) and own in m.child_names]
        if len(families) > 1:
            several = " and ".join(child_name(m.name, own) for m in families)
            raise KeyError(f"there are several actors {name!r}: {several}")
        for machine in families:
            family = product.local(self._number, machine.number)
            full = child_name(machine.name, own)
            for child in family.children:
                if child.child_name == own:
                    return ActorView(product, full, family, child)
            # One that does not live now: not yet, or not any more.
            from .standing import Standing  # there by now, as there is a search

            return ActorView(product, full, family, Standing((), child_name=own, alive=False))
        there = ", ".join(actor.name for actor in self.actors)
        raise KeyError(f"there is no actor {name!r}; there are {there}")

    @property
    def actors(self) -> list[ActorView]:
        """All actors in the order in which they were spawned; then the children that live."""
        product = self._product
        found = [
            (name, product.local(self._number, number)) for number, name in enumerate(product.names)
        ]
        return [ActorView(product, name, local) for name, local in found] + [
            ActorView(product, child_name(name, child.child_name), local, child)
            for name, local in found
            for child in local.children
        ]

    @property
    def cells(self) -> dict[str, Any]:
        """The values of the shared cells, by name."""
        product = self._product
        values = product.fields.values(self._number)
        return {
            name: product.exchange.values[cell][values[cell]][0]
            for cell, name in enumerate(product.exchange.cell_names)
        }

    @property
    def in_flight(self) -> list[Flight]:
        """What is on its way: `(sender, receiver, event)`."""
        product = self._product
        return [_flight(product, each) for each in product.network.in_flight(self._number)]

    def in_flight_between(self, sender: str, receiver: str) -> list[Any]:
        """The events on their way from one actor to another."""
        flights = self.in_flight
        return [f.event for f in flights if (f.sender, f.receiver) == (sender, receiver)]

    @property
    def name(self) -> str:
        """The actors' states side by side."""
        product = self._product
        return side_by_side(
            names.text(product.local(self._number, number).path)
            for number in range(len(product.names))
        )

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _flight(product: Product, message: Message) -> Flight:
    sender = product.exchange.senders[message.sender] if message.sender >= 0 else ""
    return Flight(sender, product.names[message.receiver], message.event)


class SceneActor:
    """One actor on a scene."""

    __slots__ = ("_ref", "name")

    def __init__(self, ref: ActorRef[Any], name: str) -> None:
        self._ref = ref
        self.name: str = name

    def __getattr__(self, attr: str) -> Any:
        return getattr(self._ref, attr)

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The locals of all its frames, from the actor function's own in."""
        found = []
        frame = self._ref._fiber.gr_frame if self._ref.alive else None
        while frame is not None:
            if names.is_users(frame.f_code):
                found.append(dict(frame.f_locals))
            frame = frame.f_back
        return found[::-1]

    @property
    def locals(self) -> dict[str, Any]:
        """The locals of the actor function's own frame; none when it has ended."""
        frames = self.frames
        return frames[0] if frames else {}

    def __repr__(self) -> str:
        return f"<{self.name} in {names.text(self._ref.state)}>"


class _Gone:
    """An actor that does not live on a scene: not yet, or not any more."""

    state: tuple[Any, ...] = ()
    alive = False
    result: Any = None
    error: BaseException | None = None
    discarded = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self.accepts: set[type] = set()
        self.frames: list[dict[str, Any]] = []
        self.locals: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<{self.name}, which does not live here>"


class SceneView:
    """A scene, such as `replay` leaves, as predicates see a state."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        cast = [ref for ref in scene.members() if ref not in scene.root_of]
        children = [ref for ref in scene.members() if ref in scene.root_of]
        self.actors: list[SceneActor] = [
            SceneActor(ref, scene.full_name(ref)) for ref in (*cast, *children)
        ]
        self.cells: dict[str, Any] = {cell.name: cell._value for cell in scene.named_cells}
        self.in_flight: list[Flight] = [
            Flight("" if s.sender is None else scene.full_name(s.sender), s.receiver.name, s.event)
            for s in scene.flying
        ]

    @property
    def name(self) -> str:
        """The actors' states side by side."""
        return side_by_side(names.text(ref.state) for ref in self._scene.cast)

    @property
    def possible(self) -> list[str]:
        """What can happen next, as lines of a path; the loss of a message is not told."""
        return self._scene.possible()

    def deadlock(self, strict: bool = False) -> str:
        """Who waits, and where, if nothing can happen any more; empty if something can.

        Only those count who are in a wait that others have to end, or who keep mail; with
        `strict` all who wait.
        """
        return self._scene.waits_in_vain(strict)

    @property
    def crashed(self) -> list[str]:
        """The names of the actors that have failed while nobody watches them."""
        watched = {ref for others in self._scene.watches.values() for ref in others}
        return [
            actor.name for actor in self.actors
            if actor.error is not None and actor._ref not in watched
        ]  # fmt: skip

    @property
    def discarded(self) -> dict[str, int]:
        """How many messages each actor has thrown away, children that have ended among them."""
        scene = self._scene
        counted: dict[str, int] = {}
        for ref in (*scene.cast, *scene.root_of):
            if ref.discarded:
                name = scene.full_name(ref)
                counted[name] = counted.get(name, 0) + ref.discarded
        return counted

    def __getitem__(self, name: str) -> SceneActor | _Gone:
        for actor in self.actors:
            if name in (actor.name, actor.name.rpartition("/")[2]):
                return actor
        scene = self._scene
        root = name.rpartition("/")[0]
        known = {each for ref in scene.root_of for each in (ref.name, scene.full_name(ref))}
        if name in known or root in {ref.name for ref in scene.cast}:
            return _Gone(name)
        there = ", ".join(actor.name for actor in self.actors)
        raise KeyError(f"there is no actor {name!r}; there are {there}")

    def in_flight_between(self, sender: str, receiver: str) -> list[Any]:
        """The events on their way from one actor to another."""
        return [f.event for f in self.in_flight if (f.sender, f.receiver) == (sender, receiver)]

    def __repr__(self) -> str:
        return f"<{self.name}>"
