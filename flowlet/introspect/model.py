"""The one model of a machine that every view gives and every picture is drawn from.

The source, an exhaustive exploration and a running dispatcher all say what they know as a
`StateGraph`; edges carry the evidence, so that graphs of the same code can be laid over each
other.  This file knows nothing of actors: it can be read from JSON by a program that has no
flowlet code in it but this.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StateKind = Literal["state", "transient", "final", "error"]
TransitionKind = Literal["event", "timeout", "eventless", "internal", "done"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """A place in the user's code: where a state waits, or where an edge begins."""

    file: str
    line: int
    end_line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Evidence(_Part):
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


class State(_Part):
    """A place where the machine is, by the name that people see.

    `path` holds the names of the blocks from the outside in, then the wait's own name where it
    has one; `name` is the path joined by `/`.  A `transient` state is a named block that is
    passed through without a wait.
    """

    path: tuple[str, ...]
    kind: StateKind = "state"
    accepts: tuple[str, ...] = ()
    source: Source | None = None
    evidence: Evidence = Evidence()

    @property
    def name(self) -> str:
        """The path joined by `/`, as it is drawn."""
        return "/".join(self.path)


class Transition(_Part):
    """An edge: in `source`, on `event`, if `guard`, do `outputs` and be in `target`.

    `event` is empty on an eventless edge.  `border` names the composite state from whose edge
    the transition leaves (the block that an `until` stands round): there is one transition for
    every state inside, and a picture draws them once.
    """

    source: str
    event: str
    target: str
    kind: TransitionKind = "event"
    guard: str = ""
    outputs: tuple[str, ...] = ()
    border: str | None = None
    at: Source | None = None
    evidence: Evidence = Evidence()

    @property
    def label(self) -> str:
        """The edge's text in UML's order: `event [guard] / output, output`."""
        parts = [self.event] if self.event else []
        if self.guard:
            parts.append(f"[{self.guard}]")
        if self.outputs:
            parts.append("/ " + ", ".join(self.outputs))
        return " ".join(parts)


class StateGraph(_Part):
    """A machine: its states, its transitions, and what is known about both.

    `complete` is false where something was cut off; `notes` then says what, and what to do.
    """

    name: str = ""
    states: tuple[State, ...] = ()
    transitions: tuple[Transition, ...] = ()
    initial: tuple[str, ...] = ()
    complete: bool = True
    notes: tuple[str, ...] = Field(default=())

    def triples(self) -> set[tuple[str, str, str]]:
        """All edges as `(from, event, to)`, named as they are drawn; an eventless edge has `""`."""
        return {(edge.source, edge.event, edge.target) for edge in self.transitions}

    def state(self, name: str) -> State:
        """The state of that name; `KeyError` tells the names that there are."""
        for state in self.states:
            if state.name == name:
                return state
        raise KeyError(f"no state {name!r} in {self.name}; there are {', '.join(self.names())}")

    def names(self) -> list[str]:
        """The names of all states, in the order in which they were found."""
        return [state.name for state in self.states]

    def merge(self, *others: StateGraph) -> StateGraph:
        """This graph with the evidence of others laid over it; what only they know is added.

        Edges are one where source, event, target, guard and border are; a graph without guards
        (a recording has none) counts on every guarded edge between the same two states.
        """
        merged = self
        for other in others:
            merged = _merge(merged, other)
        return merged

    def unseen(self) -> list[Transition]:
        """The edges that no run has taken yet."""
        return [edge for edge in self.transitions if not edge.evidence.seen]

    def fold(self, name: str) -> StateGraph:
        """The graph with a block and all the states in it as one state.

        Edges inside the block become edges of the one state to itself.  Raises `KeyError` where
        there is no such block.
        """
        inside = {s.name for s in self.states if s.name == name or s.name.startswith(name + "/")}
        if not inside:
            raise KeyError(f"no block {name!r} in {self.name}; there are {', '.join(self.names())}")
        depth = next(
            i
            for s in self.states
            for i in range(1, len(s.path) + 1)
            if s.name in inside and "/".join(s.path[:i]) == name
        )

        def moved(state: str) -> str:
            return name if state in inside else state

        states: dict[str, State] = {}
        for state in self.states:
            if state.name not in inside:
                states[state.name] = state
                continue
            path, known = state.path[:depth], states.get(name, state)
            states[name] = known.model_copy(
                update={
                    "path": path,
                    "kind": "state" if "state" in (known.kind, state.kind) else known.kind,
                    "accepts": tuple(dict.fromkeys(known.accepts + state.accepts)),
                    "evidence": known.evidence | state.evidence,
                }
            )
        edges: dict[tuple[object, ...], Transition] = {}
        for edge in self.transitions:
            edge = edge.model_copy(
                update={
                    "source": moved(edge.source),
                    "target": moved(edge.target),
                    "border": None if edge.border in inside | {name} else edge.border,
                }
            )
            key = (edge.source, edge.event, edge.target, edge.guard, edge.outputs)
            same = edges.get(key)
            edges[key] = (
                edge
                if same is None
                else same.model_copy(update={"evidence": same.evidence | edge.evidence})
            )
        return self.model_copy(
            update={
                "states": tuple(states.values()),
                "transitions": tuple(edges.values()),
                "initial": tuple(dict.fromkeys(map(moved, self.initial))),
            }
        )

    def text(self, format: str = "dot") -> str:
        """The graph in a text format: `"dot"`, `"mermaid"`, `"svg"` or `"json"`."""
        written = _writer(format)(self)
        if isinstance(written, bytes):
            raise ValueError(f"{format} is not text: use graph.save('name.{format}')")
        return written

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the graph to a file; the ending (`.svg .png .dot .mmd .json`) says how."""
        path = Path(path)
        written = _writer(format or path.suffix.removeprefix(".").lower())(self)
        if isinstance(written, bytes):
            path.write_bytes(written)
        else:
            path.write_text(written, encoding="utf-8")
        return path


Writer = Callable[[StateGraph], str | bytes]

#: Filled by `flowlet.export`, which knows the formats; the model knows only their names.
writers: dict[str, Writer] = {"json": lambda graph: graph.model_dump_json(indent=2) + "\n"}


def _writer(format: str) -> Writer:
    if format not in writers:
        known = ", ".join(sorted(writers))
        raise ValueError(f"cannot write a graph as {format!r}: give one of {known}")
    return writers[format]


def _merge(left: StateGraph, right: StateGraph) -> StateGraph:
    states = {state.path: state for state in left.states}
    for state in right.states:
        known = states.get(state.path)
        states[state.path] = (
            state
            if known is None
            else known.model_copy(update={"evidence": known.evidence | state.evidence})
        )
    edges = list(left.transitions)
    for edge in right.transitions:
        same = [i for i, mine in enumerate(edges) if _same_edge(mine, edge)]
        for i in same:
            mine = edges[i]
            edges[i] = mine.model_copy(update={"evidence": mine.evidence | edge.evidence})
        if not same:
            edges.append(edge)
    return left.model_copy(
        update={
            "states": tuple(states.values()),
            "transitions": tuple(edges),
            "initial": tuple(dict.fromkeys(left.initial + right.initial)),
            "complete": left.complete,
            "notes": tuple(dict.fromkeys(left.notes + right.notes)),
        }
    )


def _same_edge(mine: Transition, other: Transition) -> bool:
    return (mine.source, mine.event, mine.target) == (other.source, other.event, other.target) and (
        not other.guard or mine.guard == other.guard
    )
