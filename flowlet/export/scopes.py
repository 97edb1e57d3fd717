"""What Mermaid and PlantUML have in common: identifiers, and where in the text an arrow is written.

In both, names are only labels, so that they may be anything; states are `s1`, `s2`, boxes `c1`,
`c2`, in the order of the picture.  In both, `[*]` is the beginning or the end of the braces that it
stands in, so an arrow that ends so is written there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .shapes import Arrow, Box, Line, Picture

START = END = "[*]"


class Scopes:
    """The identifiers of a picture, and its arrows by the box that they are written in."""

    def __init__(self, drawn: Picture) -> None:
        self.drawn = drawn
        self._ends = {node.name: node.box for node in drawn.nodes if node.is_ring}
        named = [node.name for node in drawn.nodes if node.name not in self._ends]
        self._nodes = {name: f"s{number}" for number, name in enumerate(named, 1)}
        self._boxes = {box.name: f"c{number}" for number, box in enumerate(drawn.boxes, 1)}

    def is_end(self, name: str) -> bool:
        """Whether a node is written as `[*]`."""
        return name in self._ends

    def node(self, name: str) -> str:
        """The identifier of a node."""
        return END if name in self._ends else self._nodes[name]

    def box(self, name: str) -> str:
        """The identifier of a box."""
        return self._boxes[name]

    def entry(self, box: Box) -> str:
        """Where one goes in who comes to the border of a box."""
        return self.box(box.initial_box) if box.initial_box else self.node(box.initial)

    def arrows_in(self, box: str) -> Iterator[Arrow]:
        """The arrows that are written in the braces of a box; in the empty one, all others."""
        return (arrow for arrow in self.drawn.arrows if self._scope(arrow) == box)

    def _scope(self, arrow: Arrow) -> str:
        """The innermost region that holds all of an arrow; of one to a `[*]`, the box of that."""
        end = self._ends.get(arrow.head)
        if end and self.drawn.holds(end, arrow.tail) and not arrow.tail_box:
            return end
        scope = ""
        for box in self.drawn.boxes:  # parents stand before their children
            if box.is_region:
                inside = self.drawn.within(box.name)
                tail = arrow.tail in inside if arrow.tail_box else False
                tail = tail or (not arrow.tail_box and self.drawn.holds(box.name, arrow.tail))
                head = arrow.head_box in inside if arrow.head_box else False
                head = head or (not arrow.head_box and self.drawn.holds(box.name, arrow.head))
                scope = box.name if tail and head else scope
        return scope

    def written(self, arrow: Arrow, *, across: bool) -> Iterator[tuple[str, str, tuple[Line, ...]]]:
        """Where an arrow begins and ends, and what stands at it; it may take several.

        Neither format draws an arrow between a box and what is in it.  One from a border back to a
        state inside begins at each state inside instead; one from a state inside to its own box
        begins at the border, if the machine is in that state: `[in left/l1]`.  So does one out of
        a region where no arrow may lead `across` its edge.
        """
        head = self.box(arrow.head_box) if arrow.head_box else self.node(arrow.head)
        if arrow.tail_box:
            tails = [self.box(arrow.tail)]
            goes_back_in = arrow.tail != arrow.head_box and (
                arrow.head_box in self.drawn.within(arrow.tail)
                if arrow.head_box
                else self.drawn.holds(arrow.tail, arrow.head)
            )
            if goes_back_in:
                inside = self.drawn.inside(arrow.tail)
                tails = [self.node(name) for name in inside if not self.is_end(name)]
            yield from ((tail, head, arrow.lines) for tail in tails)
            return
        border = "" if across else self._left(arrow)
        if arrow.head_box and self.drawn.holds(arrow.head_box, arrow.tail):
            border = arrow.head_box
        if not border:
            yield self.node(arrow.tail), head, arrow.lines
            return
        there = f"in {arrow.tail.removeprefix(border + '/')}"
        lines = tuple(
            replace(line, guard=f"{line.guard} and {there}" if line.guard else there)
            for line in arrow.lines
        )
        yield self.box(border), head, lines

    def _left(self, arrow: Arrow) -> str:
        """The outermost box of regions that an arrow leads out of."""
        for region in self.drawn.boxes:  # parents stand before their children
            if region.is_region and self.drawn.holds(region.name, arrow.tail):
                to_box = arrow.head_box in self.drawn.within(region.name) and arrow.head_box
                if not to_box and not self.drawn.holds(region.name, arrow.head):
                    return region.parent
        return ""
