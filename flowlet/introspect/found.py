"""What an exploration found: its states, the graph of them, and the way to each."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from .. import names
from .growth import Growth
from .model import StateGraph
from .stage import Choice, Instance


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: in `source`, `event` came, and led to `target`."""

    source: str
    label: str
    event: object
    target: str

    def __str__(self) -> str:
        return f"{self.source} --{self.label}--> {self.target}"


@dataclass(slots=True)
class Node:
    """A state that was found."""

    form: Any
    name: tuple[Any, ...]
    parent: Node | None
    choice: Choice
    label: str
    event: object
    ended: bool
    #: How many deliveries it took to come here from the parent.
    steps: int = 1
    growth: Growth | None = None
    leads_on: bool = False
    #: Instances that stand here, for its continuations; `None` once it has been continued.
    live: list[Instance] | None = field(default_factory=list)

    def path(self) -> list[Node]:
        """The states on the shortest way here, from the first one on."""
        nodes = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


class Exploration(Protocol):
    """What exploring found: of one actor, or of a system.

    `unique_states` counts states by identity, ended ones included; `terminal_states` those that
    lead nowhere else; `transitions` the steps that were taken.  `complete` is false where
    something was cut off; `notes` says what.
    """

    unique_states: int
    terminal_states: int
    transitions: int
    complete: bool
    notes: tuple[str, ...]

    @property
    def graph(self) -> StateGraph:
        """The graph of the states as people name them."""
        ...

    def graph_of(self, name: str) -> StateGraph:
        """The graph of the actor of that name."""
        ...

    def path_to(self, state: Any) -> list[Step]:
        """The shortest list of steps that leads to a state, given by its name or its path."""
        ...


@dataclass
class ActorExploration:
    """What exploring one actor found; see `Exploration`."""

    graph: StateGraph
    unique_states: int
    terminal_states: int
    transitions: int
    complete: bool
    notes: tuple[str, ...]
    _nodes: list[Node] = field(repr=False)

    def path_to(self, state: str | tuple[Any, ...]) -> list[Step]:
        """The shortest list of steps that leads to a state, given by its name or its path."""
        wanted = state if isinstance(state, str) else names.text(state)
        for node in self._nodes:
            if names.text(node.name) == wanted:
                way = node.path()
                return [
                    Step(names.text(a.name), b.label, b.event, names.text(b.name))
                    for a, b in pairwise(way)
                ]
        known = ", ".join(dict.fromkeys(names.text(node.name) for node in self._nodes))
        raise KeyError(f"state {wanted!r} was not reached; there are {known}")

    def graph_of(self, name: str) -> StateGraph:
        """The graph of the actor of that name."""
        if name != self.graph.name:
            raise KeyError(f"no actor {name!r} was explored; there is {self.graph.name!r}")
        return self.graph
