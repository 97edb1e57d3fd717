"""What passes between the actors of a system: messages and the values of cells, by number.

The search deals in numbers.  Behind each number is the thing itself, as it was on the scene where
it first appeared, and its canonical form, by which it is known again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..actor import ActorRef
from ..errors import ExploreError
from ..events import label_of
from ..watching import Exited
from .cast import NoReply, Sending, asking_of, transplanted
from .identity import Reader
from .scene import Scene
from .stage import unshared
from .telling_steps import child_name
from .values import Canon

#: A cell that has risen so often is taken to rise for ever.
MOST_RISING: Final = 500


#: What has been sent with so many contents, from one to another, is taken to have no end of them.
MOST_CONTENTS: Final = 1000


@dataclass(slots=True)
class Message:
    """Something on its way from one actor to another; `sender` is -1 for the system function."""

    number: int
    sender: int
    receiver: int
    event: Any
    reply: bool
    #: The scene on which the event was made; `None` if it is the same everywhere.
    origin: Scene | None

    @property
    def label(self) -> str:
        """The event's name, or that of a reply."""
        if isinstance(self.event, NoReply):
            return "no reply"
        return f"reply {self.event!r}" if self.reply else label_of(self.event)


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """That an actor has ended, for whoever watches it; `scene` is where its result was made."""

    actor: int
    result: Any
    error: BaseException | None
    scene: Scene | None


class Exchange:
    """The messages and values that have appeared."""

    def __init__(self, scene: Scene, reader: Reader, by_sender: bool = True) -> None:
        self.reader = reader
        self.by_sender = by_sender
        self.names: list[str] = [ref.name for ref in scene.cast]
        self.numbers: dict[str, int] = {ref: number for number, ref in enumerate(self.names)}
        #: Who has sent something, by number: the actors, and their children as they do.
        self.senders: list[str] = list(self.names)
        #: Of each sender, the actor from which it comes.
        self.roots: list[int] = list(range(len(self.names)))
        #: By name that was given to a child: the actor from which it comes.
        self.given_names: dict[str, str] = {}
        self.messages: list[Message] = []
        self.message_forms: list[Any] = []
        self._known: dict[Any, int] = {}
        #: By sender, receiver and type: with how many contents it has been sent.
        self.contents: dict[tuple[int, int, type], int] = {}
        self.cell_names: list[str] = [cell.name for cell in scene.named_cells]
        self.cell_numbers: dict[str, int] = {
            name: number for number, name in enumerate(self.cell_names)
        }
        #: By cell: its values, each with the scene it is from, and their numbers by form.
        self.values: list[list[tuple[Any, Scene | None]]] = [[] for _ in self.cell_names]
        self.value_forms: list[list[Any]] = [[] for _ in self.cell_names]
        #: By cell: how many of its new values were larger than all before, and the largest.
        self.rising: list[int] = [0] * len(self.cell_names)
        self.largest: list[float] = [0.0] * len(self.cell_names)
        self._value_numbers: list[dict[Any, int]] = [{} for _ in self.cell_names]
        for number in range(len(self.cell_names)):
            self.value_number(scene, number)

    # --- messages -------------------------------------------------------------------------

    def message_number(self, sending: Sending, scene: Scene) -> int:
        """The number of what was sent; a new one for what has not been sent before."""
        receiver = self.numbers[sending.receiver.name]
        sender = self._sender(sending.sender, scene)
        canon = self.reader.canon()
        form = canon.of(sending.event, f"the event sent to {sending.receiver.name}")
        if canon.moments or scene.is_now(sending.event):
            raise ExploreError(
                f"{label_of(sending.event)} carries a time read from now(), and times are not told "
                "apart while exploring; send a duration, or leave it out"
            )
        self._refuse_child(canon, f"{label_of(sending.event)}, sent to {sending.receiver.name},")
        asked = asking_of(sending.event)
        asker = asked.asker.name if asked is not None else ""
        # Whose reply it is says which request it answers.
        said_by = sender if self.by_sender or sending.reply else None
        key = (said_by, receiver, form, sending.reply, asker)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.messages)
            self.message_forms.append(form)
            kind = sender, receiver, type(sending.event)
            self.contents[kind] = self.contents.get(kind, 0) + 1
            origin = None if canon.is_plain and not asker else scene
            self.messages.append(
                Message(number, sender, receiver, sending.event, sending.reply, origin)
            )
        return number

    def _sender(self, ref: ActorRef[Any] | None, scene: Scene) -> int:
        """The number of who sends; a child has one of its own, so its messages keep their order."""
        if ref is None:
            return -1
        root = scene.root_of.get(ref)
        if root is None:
            return self.numbers[ref.name]
        name = child_name(root.name, ref.name)
        if name not in self.senders:
            self.senders.append(name)
            self.roots.append(self.numbers[root.name])
        return self.senders.index(name)

    def note_names(self, root: ActorRef[Any], scene: Scene) -> None:
        """Refuse a name that was given to children of two actors: a run has room for one."""
        for child in scene.root_of:
            if type(child._name) is not str:
                continue
            first = self.given_names.setdefault(child.name, root.name)
            if first != root.name or child.name in self.names:
                raise ExploreError(
                    f"{first} and {root.name} each give a child the name {child.name!r}, and two "
                    "actors of a dispatcher cannot have one name at a time; name them apart, or "
                    "leave out name="
                )

    def _refuse_child(self, canon: Canon, what: str) -> None:
        if canon.child is not None:
            raise ExploreError(
                f"{what} carries the handle of {canon.child.name}, which is a child: exploring "
                "follows what it does with its parent and that one's children; let the others "
                "talk to the parent, or spawn it in the system function"
            )

    def swells(self, number: int) -> bool:
        """Whether a message is of those that are sent with ever new contents."""
        message = self.messages[number]
        kind = message.sender, message.receiver, type(message.event)
        return self.contents.get(kind, 0) > MOST_CONTENTS

    def here(self, event: Any, scene: Scene) -> Any:
        """What a stimulus brings, for this scene."""
        if isinstance(event, Message):
            if event.origin is None:
                return event.event
            return transplanted(event.event, event.origin, scene)
        if isinstance(event, End):
            result = event.result
            if event.scene is not None:
                result = transplanted(result, event.scene, scene)
            return Exited(scene.cast[event.actor], result, event.error)
        return unshared(event)

    # --- cells ----------------------------------------------------------------------------

    def value_number(self, scene: Scene, cell: int) -> int:
        """The number of the value that a cell has on a scene."""
        value = scene.named_cells[cell]._value
        canon = self.reader.canon()
        form = canon.of(value, f"the shared cell {self.cell_names[cell]!r}")
        if canon.moments or scene.is_now(value):
            raise ExploreError(
                f"the shared cell {self.cell_names[cell]!r} holds a time read from now(), and "
                "times are not told apart while exploring; keep a duration in it, or leave it out"
            )
        self._refuse_child(canon, f"the shared cell {self.cell_names[cell]!r}")
        numbers = self._value_numbers[cell]
        number = numbers.get(form)
        if number is None:
            number = numbers[form] = len(self.values[cell])
            self._watch_growth(cell, value)
            self.value_forms[cell].append(form)
            self.values[cell].append((value, None if canon.is_plain else scene))
        return number

    def _watch_growth(self, cell: int, value: Any) -> None:
        size: Any = len(value) if isinstance(value, list | tuple | str | bytes | dict) else value
        if type(size) not in (int, float):
            self.rising[cell] = 0
        elif self.rising[cell] == 0 or size > self.largest[cell]:
            self.rising[cell] += 1
            self.largest[cell] = size

    def grows(self, cell: int) -> bool:
        """Whether a cell has been given ever larger values, with no end to be seen."""
        return self.rising[cell] > MOST_RISING

    def check_unchanged(self, scene: Scene, cells: Sequence[int], name: str) -> None:
        """Raise `ExploreError` where a cell was read and its value changed in place."""
        for cell_name in scene.reads:
            cell = self.cell_numbers[cell_name]
            if cell_name in scene.writes or self.values[cell][cells[cell]][1] is None:
                continue
            if self.value_number(scene, cell) != cells[cell]:
                raise ExploreError(
                    f"{name} changes the value of the shared cell {cell_name!r} in place, and "
                    "nobody who waits for it is told; give it a new one: "
                    "cell.value = [*cell.value, item]"
                )

    def set_cells(self, scene: Scene, cells: Sequence[int]) -> None:
        """Give the cells of a scene these values, and have those actors ended that have.

        `cells`: a number for each cell, and then for each actor whether it has ended.
        """
        scene.have_ended(cells[len(self.cell_names) :])
        for cell, number in enumerate(cells[: len(self.cell_names)]):
            value, origin = self.values[cell][number]
            if origin is not None:
                value = transplanted(value, origin, scene)
            scene.named_cells[cell]._value = value
