"""Shared cells: declared state that several actors read and write, and who waits for a change.

`wait_until` is the reader that waits.  It is told of a change by the cells that its predicate has
read, and by nothing else, so nobody polls.  Those who are about to look stand in the dispatcher's
queue like all others, but among themselves in the order in which they began to wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import IllegalCallError
from .fiber import Fiber
from .mailbox import GUARD, Own

if TYPE_CHECKING:
    from .roster import Roster

T = TypeVar("T")


class Cells:
    """What the cells of one dispatcher have in common: their names, and who is about to look."""

    __slots__ = ("about", "named", "reader", "serial")

    def __init__(self) -> None:
        self.named: dict[str, Cell[Any]] = {}
        #: The look whose predicate is being asked.
        self.reader: Look | None = None
        #: How many waits there have been.
        self.serial: int = 0
        #: The fibers that are ready only to look, each with the serial of its wait.
        self.about: dict[Fiber, int] = {}

    def turn(self, fiber: Fiber) -> None:
        """It has its turn, and does something else before it looks."""
        if self.about:
            self.about.pop(place_of(fiber), None)

    def line_up(self, ready: deque[Any]) -> None:
        """Give the places of those who are about to look to them in the order of their waits."""
        about = self.about
        if len(about) > 1:
            places = [place for place, fiber in enumerate(ready) if fiber in about]
            fibers = sorted((ready[place] for place in places), key=lambda fiber: about[fiber])
            for place, fiber in zip(places, fibers, strict=True):
                ready[place] = fiber


class Cell(Generic[T]):
    """A value that several actors read and write; made by `dispatcher.shared(name, value)`.

    ```python
    turn = d.shared("turn", 1)

    def player(number):
        wait_until(lambda: turn.value == number)
        turn.value += 1
    ```

    `wait_until` is told when `value` is given another value; a list that is changed in place is
    the same value, so give it a new one.
    """

    __slots__ = ("_home", "_lookers", "_value", "name")

    def __init__(self, home: Roster, name: str, value: T) -> None:
        self._home = home
        self.name: str = name
        self._value = value
        self._lookers: dict[Look, None] = {}

    @property
    def value(self) -> T:
        """What it holds.  Raises `IllegalCallError` when another thread sets it."""
        reader = self._home.cells.reader
        if reader is not None:
            reader.read(self)
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        home = self._home
        if get_ident() != home.thread:
            raise IllegalCallError(
                f"the shared cell {self.name!r} was set from another thread than the one that made "
                "its dispatcher; post an event to an actor that sets it: dispatcher.post(ref, "
                "event)"
            )
        if home.cells.reader is not None:
            raise IllegalCallError(
                f"the shared cell {self.name!r} was set in the predicate of a wait_until, which is "
                "asked at any time; let it only read, and set the cell after the wait"
            )
        before = self._value
        self._value = value
        if not self._lookers or _same(value, before):
            return
        for look in sorted(self._lookers, key=lambda look: look.serial):
            look.come()
        home.cells.line_up(home.ready)

    def __repr__(self) -> str:
        return f"<shared {self.name!r}: {self._value!r}>"


def _same(value: object, before: object) -> bool:
    """Whether nobody could tell two values apart; what cannot be compared has changed."""
    if value is before:
        return True
    try:
        return type(value) is type(before) and bool(value == before)
    except Exception:
        return False


def place_of(fiber: Fiber) -> Fiber:
    """The fiber that stands in the queue for this one: of a region, the actor's own."""
    while fiber.region is not None:
        fiber = fiber.region.group.conductor
    return fiber


class Look(Own):
    """One `wait_until`, and the signal that it is to look again."""

    __slots__ = ("cells", "due", "fiber", "place", "predicate", "seen", "sent", "serial")

    def __init__(self, fiber: Fiber, predicate: Callable[[], object]) -> None:
        self.fiber: Fiber = fiber
        self.predicate: Callable[[], object] = predicate
        self.cells: Cells = fiber.home.cells
        self.cells.serial += 1
        self.serial: int = self.cells.serial
        #: The cells that the predicate has read.
        self.seen: dict[Cell[Any], None] = {}
        #: Whether it has been told to look, and not looked yet; and whether the signal is met.
        self.sent: bool = False
        self.due: bool = False
        #: The fiber that has its turn when this one is to look.
        self.place: Fiber = place_of(fiber)

    def line_up(self) -> None:
        """It is about to be put in the queue, to look for the first time."""
        self.cells.about[self.place] = self.serial

    def come(self) -> None:
        """A cell has changed."""
        if not self.sent:
            self.sent = True
            # Not while a handler has put the wait to sleep: it is woken, but not to look.
            if self.place.want is not None and self.fiber.own is self:
                self.cells.about.setdefault(self.place, self.serial)
            self.fiber.signal(self)

    def fire(self) -> None:
        """Called by the dispatcher, in a region: all that was ready has had its turn."""
        self.sent = True
        self.fiber.signal(self)

    def outcome(self) -> Look:
        """Met: now the wait looks."""
        self.sent = False
        self.due = True
        return self

    def read(self, cell: Cell[Any]) -> None:
        """The predicate reads a cell."""
        if cell not in self.seen:
            self.seen[cell] = None
            cell._lookers[self] = None

    def holds(self) -> bool:
        """Whether the predicate holds; asked in the actor's own greenlet."""
        fiber = self.fiber
        home = fiber.home
        self.forget()
        box = fiber.box
        if box is None:
            box = fiber.box = deque()
        box.appendleft(GUARD)
        self.cells.reader = self
        home.asking = fiber
        try:
            held = bool(self.predicate())
        finally:
            home.asking = None
            self.cells.reader = None
            box.remove(GUARD)
        if not held and not self.seen:
            raise IllegalCallError(
                f"actor {fiber.ref.name!r} would wait for ever: the predicate of its wait_until "
                "does not hold, and has read no shared cell whose change could make it true; let "
                "it read the value of one made with dispatcher.shared(name, value)"
            )
        return held

    def forget(self) -> None:
        """No cell tells it anything any more."""
        self.cells.about.pop(self.place, None)
        for cell in self.seen:
            del cell._lookers[self]
        self.seen.clear()
