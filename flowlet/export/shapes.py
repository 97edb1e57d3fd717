"""What a picture consists of: nodes, boxes and arrows, with all that stands at them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from flowlet.introspect.model import Depth, Source, StateKind, Transition
from flowlet.introspect.model import TransitionKind as LineKind

#: How well something is known: `seen` and `unseen` exist where a run has counted, `guessed` is
#: read from the source alone while other edges are known to be reachable; `new` and `gone` where
#: two versions were compared.
Look = Literal["plain", "seen", "unseen", "guessed", "new", "gone"]

MEANING: dict[Look, str] = {
    "seen": "seen, with counts",
    "unseen": "reachable, never seen",
    "plain": "reachable",
    "guessed": "only read in the source",
    "new": "new",
    "gone": "gone",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One transition, as a line of text at its arrow.

    `edges` are those of the graph that it is drawn for; none where it says what is deferred.
    """

    kind: LineKind
    event: str = ""
    guard: str = ""
    outputs: tuple[str, ...] = ()
    look: Look = "plain"
    seen: int = 0
    at: Source | None = None
    edges: tuple[Transition, ...] = field(default=(), compare=False, repr=False)
    id: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """The line in UML's order, with its count: `event [guard] / output ×3`."""
        parts = [self.event] if self.event else []
        if self.guard:
            parts.append(f"[{self.guard}]")
        if self.outputs:
            parts.append("/ " + ", ".join(self.outputs))
        if self.seen:
            parts.append(f"×{self.seen}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Arrow:
    """All lines from one place to another.

    `tail_box` is set where it leaves from the border of the box `tail`.  `head_box` is the box at
    whose border it ends, going in at the node `head`; empty where it ends at that node itself.
    """

    tail: str
    head: str
    lines: tuple[Line, ...]
    tail_box: bool = False
    head_box: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A state.

    `inside` are its internal transitions and what it defers, `folded` the states that it stands
    for.  `history` is set where it is a block that remembers and of which nothing else is drawn.
    """

    name: str
    title: str
    box: str = ""
    kind: StateKind = "state"
    look: Look = "plain"
    inside: tuple[Line, ...] = ()
    folded: tuple[str, ...] = ()
    source: Source | None = None
    history: Depth | None = None
    active: bool = False
    id: str = ""

    @property
    def is_ring(self) -> bool:
        """Whether it is a final state that nobody named: UML's ring."""
        return self.kind == "final" and self.title == "end"


@dataclass(frozen=True, slots=True)
class Box:
    """A composite state; `parent` is the box that it stands in, empty at the top.

    `initial` is the node at which one goes in who comes to the border; `initial_box`, where that is
    in a box of regions, is that box.  `is_region` is set where it is one of the regions of its
    parent.
    """

    name: str
    title: str
    parent: str = ""
    inside: tuple[Line, ...] = ()
    history: Depth | None = None
    initial: str = ""
    initial_box: str = ""
    is_region: bool = False
    active: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that a format has to write, in the order to write it in.

    `initial` are the nodes in which the machine may begin, each with the box of regions that is
    gone into then, which is empty for most.
    """

    name: str
    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    initial: tuple[tuple[str, str], ...]
    caption: tuple[str, ...] = ()

    @property
    def is_flat(self) -> bool:
        """Whether there is so little that it reads best from left to right."""
        return len(self.nodes) <= 4 and not self.boxes

    @property
    def legend(self) -> dict[Look, str]:
        """What the looks of arrows mean, where the picture has more than one."""
        looks = {line.look for arrow in self.arrows for line in arrow.lines}
        if len(looks) < 2:
            return {}
        legend: dict[Look, str] = {look: told for look, told in MEANING.items() if look in looks}
        if "plain" in looks and not looks.isdisjoint({"new", "gone"}):
            legend["plain"] = "as before"
        return legend

    def with_ids(self) -> Picture:
        """The same, in which each part has an `id`: `node-0`, `box-0`, `arrow-0`, `line-0`.

        The number is its place among those of its kind; lines count on through nodes, boxes and
        arrows, and a box's history mark has its number.  A script finds the parts by them in what
        was laid out.
        """
        lines = count()

        def numbered(some: tuple[Line, ...]) -> tuple[Line, ...]:
            return tuple(replace(line, id=f"line-{next(lines)}") for line in some)

        return replace(
            self,
            nodes=tuple(
                replace(one, id=f"node-{number}", inside=numbered(one.inside))
                for number, one in enumerate(self.nodes)
            ),
            boxes=tuple(
                replace(one, id=f"box-{number}", inside=numbered(one.inside))
                for number, one in enumerate(self.boxes)
            ),
            arrows=tuple(
                replace(one, id=f"arrow-{number}", lines=numbered(one.lines))
                for number, one in enumerate(self.arrows)
            ),
        )

    def boxes_in(self, box: str) -> list[Box]:
        """The boxes that stand in that one, not deeper; in the empty one, those at the top."""
        return [inner for inner in self.boxes if inner.parent == box]

    def within(self, box: str) -> set[str]:
        """The names of that box and of all boxes in it."""
        names = {box}
        for inner in self.boxes:  # parents stand before their children
            if inner.parent in names:
                names.add(inner.name)
        return names

    def inside(self, box: str) -> list[str]:
        """The names of the nodes in that box, at any depth, in order."""
        within = self.within(box)
        return [node.name for node in self.nodes if node.box in within]

    def holds(self, box: str, node: str) -> bool:
        """Whether that node is in that box, at any depth."""
        return node in self.inside(box)
