"""What an exploration found: its states, the graph of them, and the way to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model import StateGraph


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: in `source`, `event` came, and led to `target`.

    `line` says it so exactly that `replay` can take the step.
    """

    source: str
    label: str
    event: object
    target: str
    line: str = ""
    #: Whether what is received stays on its way, as on a network that is `duplicating`.
    stays: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        return f"{self.source} --{self.label}--> {self.target}"


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

    #: Seconds that the search took, and how many steps it ran on real greenlets.
    seconds: float
    runs: int

    @property
    def states(self) -> Iterator[Any]:
        """All states, nearest first, as views (see `check`)."""
        ...

    @property
    def graph(self) -> StateGraph:
        """The graph of the states as people name them."""
        ...

    @property
    def unfolded(self) -> StateGraph:
        """Each state by itself, edges by the event with its fields: no guard is left in words.

        States that are called alike are numbered in a block of that name, `paid/#1`; from one
        state one event leads to one place.  What runs machines without the code takes this graph.
        """
        ...

    def graph_of(self, name: str) -> StateGraph:
        """The graph of the actor of that name."""
        ...

    def path_to(self, state: Any) -> list[Step]:
        """The shortest list of steps that leads to a state, given by its name or its path."""
        ...
