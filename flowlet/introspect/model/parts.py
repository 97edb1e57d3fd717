"""What a graph is made of: states, transitions, and how each is known."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import BaseModel

from .as_json import may_have_half

StateKind = Literal["state", "transient", "final", "error"]
TransitionKind = Literal["event", "timeout", "eventless", "internal", "done"]
#: How much of where it was left a block remembers: the path below it, or one level of that.
Depth = Literal["deep", "shallow"]
#: What a comparison says of a part; see `StateGraph.diff`.
Change = Literal["new", "gone"]


class Part(BaseModel, frozen=True, extra="forbid", defer_build=True):
    """What all parts share: they never change, and a field that is not known is an error.

    What checks them is built with the first of them: most programs make none.
    """

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **more: Any) -> Self:
        """Read it from JSON as any model, and half a character too, which pydantic refuses."""
        if may_have_half(json_data):
            return cls.model_validate(json.loads(json_data), **more)
        return super().model_validate_json(json_data, **more)


class Source(Part, frozen=True):
    """A place in the user's code: where a state waits, or where an edge begins."""

    file: str
    line: int
    end_line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Evidence(Part, frozen=True):
    """How an edge or a state is known: read in the source, reached by exploring, seen in a run."""

    static: bool = False
    reachable: bool = False
    seen: int = 0

    def __or__(self, other: Evidence) -> Evidence:
        return Evidence(
            static=self.static or other.static,
            reachable=self.reachable or other.reachable,
            seen=self.seen + other.seen,
        )


class Region(Part, frozen=True):
    """Where one region of a state is: `path` as of a state, from the region's outermost block in.

    `name` is that of the function that runs as the region.  Once that has ended, `kind` is
    `final`.  A region may be in regions of its own; the last part of its path are then those.
    """

    name: str
    path: tuple[str, ...]
    kind: Literal["state", "final"] = "state"
    accepts: tuple[str, ...] = ()
    source: Source | None = None
    regions: tuple[Region, ...] = ()


class Composite(Part, frozen=True):
    """What is known of a block beside what is in it.

    `history` says that it remembers where it was left.  `regions` are the names of the regions
    that it consists of, where they stand apart (see `StateGraph.factor`); each of these is a
    composite too, with its `initial` state.  In the path of a block inside a region stands the name
    of the region, after the blocks round all of them.
    """

    path: tuple[str, ...]
    history: Depth | None = None
    regions: tuple[str, ...] = ()
    initial: str | None = None

    @property
    def name(self) -> str:
        """The path joined by `/`."""
        return "/".join(self.path)


class State(Part, frozen=True):
    """A place where the machine is, by the name that people see.

    `path` holds the names of the blocks from the outside in, then the wait's own name where it
    has one; `name` is the path joined by `/`.  A `transient` state is a named block that is
    passed through without a wait.  `deferred` and `discarded` are the events that are kept here
    for later, and those that are thrown away.  `regions` say where each region is, where the
    machine has several: the last part of the path is then all of theirs, side by side.  `folded`
    are the names of the states that this one stands for, where a view was made smaller.  `active`
    is set where an actor is now (see `StateGraph.highlight`).
    """

    path: tuple[str, ...]
    kind: StateKind = "state"
    accepts: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    source: Source | None = None
    evidence: Evidence = Evidence()
    folded: tuple[str, ...] = ()
    change: Change | None = None
    regions: tuple[Region, ...] = ()
    active: bool = False

    @property
    def name(self) -> str:
        """The path joined by `/`, as it is drawn."""
        return "/".join(self.path)


class Transition(Part, frozen=True):
    """An edge: in `source`, on `event`, if `guard`, do `outputs` and be in `target`.

    `event` is empty on an eventless edge.  `border` names the composite state from whose edge
    the transition leaves (the block that an `until` stands round): there is one transition for
    every state inside, and a picture draws them once.  `entry` names the composite state at whose
    edge it ends: it goes in at the initial state, which is `target`, of each region if it has some.
    """

    source: str
    event: str
    target: str
    kind: TransitionKind = "event"
    guard: str = ""
    outputs: tuple[str, ...] = ()
    border: str | None = None
    entry: str | None = None
    at: Source | None = None
    evidence: Evidence = Evidence()
    change: Change | None = None

    @property
    def label(self) -> str:
        """The edge's text in UML's order: `event [guard] / output, output`."""
        parts = [self.event] if self.event else []
        if self.guard:
            parts.append(f"[{self.guard}]")
        if self.outputs:
            parts.append("/ " + ", ".join(self.outputs))
        return " ".join(parts)

    @property
    def triple(self) -> tuple[str, str, str]:
        """The edge as `(from, event, to)`."""
        return self.source, self.event, self.target

    def __str__(self) -> str:
        way = f"--{self.label}-->" if self.label else "-->"
        return f"{self.source} {way} {self.target}"
