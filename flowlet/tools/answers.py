"""What `--json` answers, a model for each command: the shape is promised, the page documents it.

Fields are added, never renamed or taken away, within one major version.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from flowlet.introspect.model import Transition


class Answer(BaseModel):
    """What all answers share: `from` is written so, although Python keeps that word to itself."""

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)


class EdgeAnswer(Answer):
    """An edge of a graph."""

    source: str = Field(serialization_alias="from", validation_alias="from")
    event: str
    guard: str = ""
    outputs: tuple[str, ...] = ()
    target: str = Field(serialization_alias="to", validation_alias="to")

    @classmethod
    def of(cls, edge: Transition) -> EdgeAnswer:
        """The answer that an edge is."""
        return cls(
            source=edge.source,
            event=edge.event,
            guard=edge.guard,
            outputs=edge.outputs,
            target=edge.target,
        )


class SearchAnswer(Answer):
    """What a search says of itself."""

    target: str
    states: int
    transitions: int
    complete: bool
    notes: tuple[str, ...]
    seconds: float
    #: Steps that ran real code.
    runs: int


class ExploreAnswer(SearchAnswer):
    """`flowlet explore --json`."""

    terminal: int
    #: The states and edges of the graph, as people name them.
    drawn_states: int
    drawn_edges: int
    #: By `actor.variable`: how many different values it has, the most first.
    variables: dict[str, int]


class StepAnswer(Answer):
    """One step of a path: `line` is what `replay` takes, `to` the state that it leads to."""

    line: str
    event: str
    target: str = Field(serialization_alias="to", validation_alias="to")


class FailureAnswer(Answer):
    """One thing that does not hold."""

    kind: str
    name: str
    text: str
    path: tuple[StepAnswer, ...]
    loop: tuple[StepAnswer, ...]


class CheckAnswer(SearchAnswer):
    """`flowlet check --json`."""

    ok: bool
    checked: tuple[str, ...]
    failures: tuple[FailureAnswer, ...]


class PathsAnswer(Answer):
    """`flowlet paths --json`."""

    target: str
    complete: bool
    notes: tuple[str, ...]
    edges: int
    #: Edges, once for each way through the branches of the code.
    branches: int
    paths: tuple[tuple[StepAnswer, ...], ...]


class DiffAnswer(Answer):
    """`flowlet diff --json`."""

    before: str
    after: str
    same: bool
    new_states: tuple[str, ...]
    gone_states: tuple[str, ...]
    changed_states: tuple[str, ...]
    new_edges: tuple[EdgeAnswer, ...]
    gone_edges: tuple[EdgeAnswer, ...]
    #: Each as it was and as it is.
    changed_edges: tuple[tuple[EdgeAnswer, EdgeAnswer], ...]
    initial_before: tuple[str, ...]
    initial_after: tuple[str, ...]


class MachineCoverage(Answer):
    """How much of one machine was taken."""

    name: str
    edges: int
    edges_taken: int
    states: int
    states_visited: int
    never: tuple[EdgeAnswer, ...]
    unvisited: tuple[str, ...]
    #: What a trace did that the machine does not have.
    strays: tuple[str, ...]


class CoverageAnswer(Answer):
    """`flowlet coverage --json`: `percent` is that of the edges of all machines together."""

    target: str
    percent: float
    machines: tuple[MachineCoverage, ...]


class FunctionAnswer(Answer):
    """A function that is a machine or a system; `problem` says why it has no counts."""

    name: str
    kind: str
    line: int
    states: int | None = None
    edges: int | None = None
    complete: bool | None = None
    problem: str = ""


class ModuleAnswer(Answer):
    """`flowlet actors MODULE --json`."""

    module: str
    functions: tuple[FunctionAnswer, ...]


class ActorAnswer(Answer):
    """One actor of a run, where it stands."""

    name: str
    alive: bool
    state: str
    accepts: tuple[str, ...]
    waits_for: str
    where: str
    discarded: int
    result: Any = None
    error: str = ""


class RunAnswer(Answer):
    """`flowlet actors MODULE:NAME --json`, and the last line of `flowlet run --json`.

    `why` is why it has ended: `nothing more can happen`, or what stopped it.
    """

    kind: Literal["run"] = "run"
    target: str
    why: str
    time: float
    dead_letters: int
    actors: tuple[ActorAnswer, ...]


class TraceLine(Answer):
    """A line of `flowlet run --json` and of a trace: one thing that an actor did.

    `kind` is `step` (from one wait to the next), `discarded` (an event was thrown away) or `ended`.
    """

    kind: str
    time: float
    actor: str
    #: The function that it runs: actors of one function are one machine.
    function: str
    #: Where it was before; empty before the first wait.
    source: str = Field(serialization_alias="from", validation_alias="from")
    #: As an edge is called, and with its fields.
    event: str
    text: str
    target: str = Field(serialization_alias="to", validation_alias="to")
    outputs: tuple[str, ...] = ()
