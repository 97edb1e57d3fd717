"""What the actors of a scene are made of: handles and cells that leave it to the search.

A handle hands what is sent to it over to the scene, and does not let others see what its actor
does.  A cell notes who reads and writes it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..actor import ActorRef, current_actor
from ..cells import Cell
from ..errors import ExploreError, IllegalCallError
from ..requests import Asking, Request
from ..sending import Delayed
from ..watching import Exited
from .values import Canon, form_text

if TYPE_CHECKING:
    from .scene import Scene


@dataclass(slots=True)
class Sending:
    """Something that an actor has sent: an event, or the reply to a request."""

    sender: ActorRef[Any] | None
    receiver: ActorRef[Any]
    event: Any
    reply: bool = False
    #: Its number in the search, once it has been asked for.
    number: int = -1


@dataclass(frozen=True, slots=True)
class NoReply:
    """The reply that there will be none."""

    actor: str
    why: str


def asking_of(event: Any) -> Any:
    """What stands in a request for whoever asked; `None` for what is none, or is sent.

    A model that is asked for a private attribute which it has not takes ten times as long.
    """
    return getattr(event, "_asking", None) if Request in type(event).__mro__ else None


def letter_key(letter: Delayed) -> tuple[str, str, str]:
    """Where what is sent for later stands among others: by what it is, and to whom."""
    event = letter.event
    try:
        text = form_text(Canon(_no_frame).of(event, "mail sent for later"))
    except ExploreError:
        text = ""
    return type(event).__name__, letter._ref.name, text


def _no_frame(canon: Canon, frame: FrameType) -> Any:
    raise ExploreError("a generator is sent")


class _Answer:
    """Stands in a delivered request for whoever asked, who is on another scene or waits here."""

    __slots__ = ("answered", "asker", "asking", "over", "scene")

    def __init__(self, scene: Scene, asker: ActorRef[Any], asking: Asking | None = None) -> None:
        self.scene = scene
        self.asker = asker
        #: The ask itself, where it waits on this scene.
        self.asking = asking
        self.answered = self.over = False

    def answer(self, request: Request[Any], value: object) -> None:
        """The reply is on its way, as a message is."""
        if self.answered:
            raise IllegalCallError(f"{request!r} was answered twice; reply once to each request")
        self.answered = True
        if self.asking is not None:
            self.asking.answered = True  # so the end of whoever was asked is no failure any more
        self.scene.sent.append(Sending(current_actor(), self.asker, value, reply=True))

    def fail(self, actor: ActorRef[Any], why: str) -> None:
        """There will be no reply."""
        self.answered = True
        if self.asking is not None:
            self.asking.answered = True
        failure = NoReply(actor.name, why)
        self.scene.sent.append(Sending(current_actor(), self.asker, failure, reply=True))


STANDS_STILL = (
    "what replay leaves stands still where the path ends, and goes on only by a longer path; look "
    "at d.view, or run the system on a Dispatcher of its own"
)


class CastRef(ActorRef[Any]):
    """The handle of an actor on a scene: what others send to it is in the search's hands."""

    __slots__ = ()

    def send(self, event: object, after: Any = None) -> Any:
        """Give it to the search, unless it is the actor's own."""
        sender = current_actor()
        scene: Any = self._home
        if after is not None:
            if sender is None and scene.setting_up:
                raise ExploreError(
                    f"the system function sends {event!r} to {self.name} for later, and exploring "
                    "follows what actors do; let one of them send it"
                )
            letter = super().send(event, after)
            scene.later.append(letter)
            return letter
        if sender is self or self._is_family(sender):
            return super().send(event, after)
        if sender is None and not scene.setting_up:
            raise IllegalCallError(STANDS_STILL)
        self._sender_of(event)  # raises for what is no event
        self._deliver_later(event, sender)
        return None

    def _deliver(self, event: object, sender: ActorRef[Any] | None) -> None:
        scene: Any = self._home
        if sender is self or self._is_family(sender):
            super()._deliver(event, sender)
        elif isinstance(event, Exited):
            scene.watch(self, sender)  # one that has ended already
        else:
            self._deliver_later(event, sender)  # a `send(after=…)` whose time has come

    def _deliver_later(self, event: object, sender: ActorRef[Any] | None) -> None:
        scene: Any = self._home
        asking = asking_of(event)
        if asking is not None:
            # The asker may go on, and forget it; whom to answer stays.
            asker, event = asking.asker, copy.copy(event)
            object.__setattr__(event, "_asking", _Answer(scene, asker, asking))
        scene.sent.append(Sending(sender, self, event))
        scene.tell_sent(sender, self, event)

    def ask(self, request: Any, after: Any = None, at: Any = None) -> Any:
        """Whether this actor has ended counts for whoever asks it."""
        self._is_looked_at()
        scene: Any = self._home
        asker = current_actor()
        if asker is not None and asker in scene.root_of and self._is_another_here():
            scene.refuse(
                f"{asker.name}, a child of {scene.root_of[asker].name}, asks {self.name}, and the "
                "reply to a child is nothing that exploring follows; let its parent ask"
            )
        return super().ask(request, after, at)

    @property
    def alive(self) -> bool:
        """Whether the actor has not ended yet."""
        self._is_looked_at()
        return self.phase != "ended"

    @property
    def state(self) -> tuple[Any, ...]:
        """Where the actor is; no other actor may know."""
        if self._is_another_here():
            scene: Any = self._home
            other = current_actor()
            assert other is not None
            scene.refuse(
                f"{other.name} reads the state of {self.name}, which it shares with nobody: two "
                "actors share messages and cells; send it, or keep it in a cell"
            )
        return super().state

    def at_end(self, key: object, call: Callable[[ActorRef[Any]], object]) -> None:
        """Be told of its end: whoever watches or asks is when the search says so."""
        if self._is_another_here():
            if isinstance(key, CastRef):
                scene: Any = self._home
                scene.watch(key, self)
            if isinstance(key, CastRef | Asking):
                return
        super().at_end(key, call)

    def stop(self, grace: Any = 5.0) -> None:
        """Only its own end is the actor's to decide here."""
        if self._is_another_here():
            self._refuse("stops", "send it an event, on which it returns")
        super().stop(grace)

    def take(self) -> list[Any]:
        """What the actor has emitted; no other actor may know, not of its family either."""
        if self._is_another_here(family=True):
            self._refuse("takes the outputs of", "let it send them")
        return super().take()

    @property
    def discarded(self) -> int:
        """How many events were thrown away; no other actor may know, not of its family either."""
        if self._is_another_here(family=True):
            self._refuse("counts what was thrown away by", "let it tell of that")
        return super().discarded

    def _refuse(self, does: str, remedy: str) -> None:
        scene: Any = self._home
        other = current_actor()
        assert other is not None
        scene.refuse(f"{other.name} {does} {self.name}, which exploring does not follow; {remedy}")

    def path_text(self) -> str:
        """The state as one text, for messages; of another actor nothing is known."""
        return "some state" if self._is_another_here() else super().path_text()

    def _is_another_here(self, family: bool = False) -> bool:
        """Whether another actor of the same scene is running, of the same `family` or not."""
        other = current_actor()
        if other is None or other is self or other._home is not self._home:
            return False
        return family or not self._is_family(other)

    def _is_family(self, other: ActorRef[Any] | None) -> bool:
        scene: Any = self._home
        return other is not None and bool(scene.root_of) and scene.are_family(self, other)

    def _is_looked_at(self) -> None:
        if self._is_another_here():
            scene: Any = self._home
            scene.looked_at[self] = None

    def put(self, event: object) -> None:
        """Deliver an event: the search's own way in."""
        self._fiber.offer(event)


#: The property of a plain cell, which `super()` cannot set.
_VALUE: Any = Cell.__dict__["value"]


class SceneCell(Cell[Any]):
    """A cell that notes who reads and writes it."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        """What it holds."""
        scene: Any = self._home
        scene.reads[self.name] = None
        return _VALUE.__get__(self)

    @value.setter
    def value(self, value: Any) -> None:
        scene: Any = self._home
        scene.writes[self.name] = None
        # Others look when the search says so.
        lookers = self._lookers
        writer = current_actor()
        self._lookers = {look: None for look in lookers if look.place.ref is writer}
        try:
            _VALUE.__set__(self, value)
        finally:
            self._lookers = lookers


def transplanted(event: Any, origin: Scene, scene: Scene) -> Any:
    """A copy of an event for another scene, with the handles of that one's actors."""
    memo: dict[int, Any] = dict(zip(map(id, origin.cast), scene.cast, strict=True))
    memo.update(zip(map(id, origin.named_cells), scene.named_cells, strict=True))
    if origin.root_of:
        memo.update((id(child), child) for child in origin.root_of)  # they have ended
    again = copy.deepcopy(event, memo)
    asking = asking_of(event)
    if asking is not None:
        asker = memo[id(asking.asker)]
        own = asking.asking if origin is scene else None
        object.__setattr__(again, "_asking", _Answer(scene, asker, own))
    return again
