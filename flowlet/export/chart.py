"""A `StateGraph` as a statechart: states in states, one transition from a border, one beginning.

The graph of the model is flat: a state has a path, and an `until` has an edge for each state that
it leaves.  SCXML and XState want a tree.  On the way from the one to the other:

- every proper prefix of a path is a composite state; where a path is both, a block that waits
  itself beside the blocks in it, the wait is a state inside;
- the edges that leave by one border become one transition of the composite state;
- regions that are independent stand apart (`StateGraph.factor`), in a parallel state;
- a final state stands at the top, or at that of its region: only there both formats take the whole
  for ended;
- where there are several initial states, a state before them leads to each.

Order is reading order, so that equal graphs give equal text.  What the tree does not say by
itself is in `notes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flowlet.introspect.model import State, StateGraph, Transition
from flowlet.introspect.model.coverage import BESIDE
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .facts import blocks
from .places import short

Path = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Node:
    """A state of the tree: a state of the graph, or a composite one, or the one before all."""

    path: Path
    #: The state of the graph; none for what only holds others.
    state: State | None = None
    #: Whether it is the wait of a block that is a composite state, and stands inside that.
    is_own_wait: bool = False
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    edges: list[Transition] = field(default_factory=list)
    #: The child that is entered with it.
    initial: Node | None = None
    #: Whether its children are regions, which are entered all at once.
    is_parallel: bool = False

    @property
    def name(self) -> str:
        """The path joined by `/`, as it is drawn."""
        return "/".join(self.path)

    @property
    def is_final(self) -> bool:
        """Whether the machine has ended there."""
        return self.state is not None and self.state.kind in ("final", "error") and not self.edges

    def all(self) -> Iterator[Node]:
        """It, and all that is in it."""
        yield self
        for child in self.children:
            yield from child.all()


@dataclass(slots=True)
class Chart:
    """The whole tree."""

    name: str
    root: Node
    #: Of each state of the graph, by its name.
    nodes: dict[str, Node]
    #: What is known of each composite state beside what is in it, by its name.
    blocks: dict[str, dict[str, Any]]
    #: The state before several initial ones.
    begin: Node | None
    notes: tuple[str, ...]

    def target(self, edge: Transition) -> Node:
        """Where an edge leads; into all regions at once, where it ends at the border of them."""
        if edge.entry is not None:
            for node in self.root.all():
                if node.is_parallel and node.name == edge.entry:
                    return node
        return self.nodes[edge.target]


def chart(graph: StateGraph) -> Chart:
    """The graph as a tree."""
    graph = graph.factor()
    known = blocks(graph)
    regions = {(*one.path, name) for one in graph.composites for name in one.regions}
    states = states_of(graph)
    order = breadth_first(graph)
    leaving = {edge.source for edge in graph.transitions}
    ends = {n for n in order if states[n].kind in ("final", "error") and n not in leaving}
    root = Node(())
    boxes: dict[Path, Node] = {(): root}
    holding = {
        states[name].path[:depth]
        for name in order
        if name not in ends
        for depth in range(1, len(states[name].path))
    }
    nodes: dict[str, Node] = {}
    for name in order:
        path = states[name].path
        inside = path in holding and name not in ends
        if name in ends:
            parent = _box(boxes, _innermost(path, regions))
        else:
            parent = _box(boxes, path if inside else path[:-1])
        node = nodes[name] = Node(path, states[name], inside, parent)
        parent.children.append(node)
    for one in graph.composites:
        if one.regions:
            whole = boxes[one.path]
            whole.is_parallel = True
            whole.children.sort(key=lambda child: one.regions.index(child.path[-1]))
    _place_edges(graph, nodes, boxes)
    first = [nodes[name] for name in dict.fromkeys(graph.initial)]
    first.sort(key=list(nodes.values()).index)
    begin = None
    if len(first) > 1:
        begin = Node((), State(path=("begin",), kind="transient"), parent=root)
        root.children.insert(0, begin)
    for node in root.all():
        node.initial = node.children[0] if node.children and not node.is_parallel else None
    box_of = {box.name: box for box in boxes.values()}  # a name may hold a slash of its own
    for block, told in known.items():
        told.pop("regions", None)
        start = told.pop("initial", None)
        if start is not None:
            _set_initial(nodes[start], until=box_of[block])
    notes = tuple(_notes(graph, first, nodes))
    return Chart(graph.name, root, nodes, known, begin, notes)


def _innermost(path: Path, regions: set[Path]) -> Path:
    """The region that a final state ends; the machine's own top where it is in none."""
    prefixes = (path[:depth] for depth in range(len(path) - 1, 0, -1))
    return next((prefix for prefix in prefixes if prefix in regions), ())


def _box(boxes: dict[Path, Node], path: Path) -> Node:
    """The composite state of that path, made where it is not there yet."""
    if path not in boxes:
        parent = _box(boxes, path[:-1])
        boxes[path] = Node(path, parent=parent)
        parent.children.append(boxes[path])
    return boxes[path]


def _place_edges(graph: StateGraph, nodes: dict[str, Node], boxes: dict[Path, Node]) -> None:
    """Give each state its edges, and each composite one those that leave by its border."""
    by_name = {box.name: box for box in boxes.values() if box.path}
    merged: dict[tuple[object, ...], tuple[Node, Transition]] = {}
    for edge in sorted(graph.transitions, key=by_source_line):
        node = nodes[edge.source]
        box = by_name.get(edge.border or "")
        if box is not None and node.path[: len(box.path)] == box.path and not node.is_final:
            node = box
        target = None if edge.kind == "internal" and edge.source == edge.target else edge.target
        key = (id(node), edge.event, target, edge.kind, edge.guard, edge.outputs, edge.change)
        if key in merged:
            known = merged[key][1]
            evidence = known.evidence | edge.evidence
            edge = known.model_copy(update={"evidence": evidence})
        merged[key] = node, edge
    for node, edge in merged.values():
        node.edges.append(edge)


def _set_initial(first: Node, until: Node) -> None:
    """Let that state be where the composite states round it begin, up to one of them."""
    while first is not until and first.parent is not None:
        if not first.parent.is_parallel:
            first.parent.initial = first
        first = first.parent


def _notes(graph: StateGraph, first: list[Node], nodes: dict[str, Node]) -> Iterator[str]:
    if not graph.complete:
        yield "Not complete: there may be more than is told here."
    for note in graph.notes:
        yield short(note)
    if len(first) > 1:
        names = ", ".join(node.name for node in first)
        yield f"The machine may begin in any of {names}; the first way that holds is taken."
    if not first and nodes:
        yield "The graph names no initial state; the first one that it holds is taken for it."
    if any(
        node.state and (node.state.regions or BESIDE in node.path[-1]) for node in nodes.values()
    ):
        yield (
            "Some regions depend on each other: they stand side by side, one state for each "
            "combination of theirs, as in 'l | r'."
        )
    ends = (node for node in nodes.values() if node.is_final and len(node.path) > 1)
    if any(node.parent is not None and not node.parent.path for node in ends):
        yield "Final states stand at the top, also those inside blocks: a machine ends only there."
