"""XState: a `StateGraph` as the JSON configuration that `createMachine` of XState 5 takes.

States in states, `after` for times, `always` for eventless transitions, `actions` for outputs,
`guard` by name, `type: "final"`.  What XState has no word for is in `meta`, where XState keeps it
for whoever asks, and in `description`.

- *Names.*  The key of a state is its own part of the path.  A dot, an asterisk, a backslash and a
  number sign at the beginning would mean something to XState, and are escaped (see `escaped`).  Its
  `id` has the machine's name and the whole path, joined by `/`; the true name is in `meta.name`.
- *Events* are called by their names.  An asterisk, and `xstate.` at the beginning, are escaped.
- *Guards* and *actions* are named, and implemented by whoever runs the machine: `machine.provide(
  {guards: {"credit > 5": …}, actions: {emit: ({}, {text}) => …}})`.
- *Times* that have only a name are called by it: `provide({delays: {Retransmit: 500}})`.  Without
  that, XState takes them for times of zero.  A name that is a number is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowlet.introspect.model import StateGraph, Transition, as_json

from .chart import Node, chart
from .delays import NOTE, seconds
from .escaped import escaped, first_escaped
from .facts import facts, facts_of_graph

_KEY = re.compile(r"[^.*\\]", re.S)
_KEY_FIRST = re.compile(r"[^.*#\\]", re.S)
_EVENT = re.compile(r"[^*]", re.S)
#: A name that JavaScript takes for a number, and XState then for milliseconds.
_A_NUMBER = re.compile(
    r"\s*([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|0[xob][\da-f]+|[+-]?infinity)?\s*", re.I | re.A
)
#: Of an object in JavaScript this is no key as others are.
_PROTO = "__proto__"


def to_xstate(graph: StateGraph) -> str:
    """The graph as JSON text, nothing folded."""
    config = _Config(graph).machine()
    return as_json(config) + "\n"


class _Config:
    def __init__(self, graph: StateGraph) -> None:
        self.graph = graph
        self.chart = chart(graph)
        self.id = _key(graph.name or "machine")

    def machine(self) -> dict[str, Any]:
        root = self.chart.root
        config: dict[str, Any] = {"id": self.id}
        notes = list(self.notes())
        if notes:
            config["description"] = "\n".join(notes)
        if root.initial is not None:
            config["initial"] = self.key(root.initial)
        config["states"] = {self.key(child): self.state(child) for child in root.children}
        known = {"name": self.graph.name, "complete": self.graph.complete}
        config["meta"] = known | facts_of_graph(self.graph)
        return config

    def notes(self) -> Iterator[str]:
        yield from self.chart.notes
        nodes = list(self.chart.root.all())
        edges = [edge for node in nodes for edge in node.edges]
        if any(edge.guard for edge in edges):
            yield "Guards are words of the program: provide a function for each."
        if any(edge.kind == "timeout" for edge in edges):
            yield NOTE
        if any(edge.kind == "timeout" and not _delay(edge).isdigit() for edge in edges):
            yield "Some times have only a name: provide delays for them, or XState does not wait."
        if any(node.state and node.state.deferred for node in nodes):
            yield "XState cannot keep events for later: meta.deferred names those that are kept."

    # --- names -----------------------------------------------------------------------------

    def key(self, node: Node) -> str:
        """What a state is called among those beside it."""
        if node is self.chart.begin:
            return "_xbegin"
        if node.is_own_wait:
            return "_xwait"
        # A final state may stand further out than its path says.
        outside = len(node.parent.path) if node.parent is not None else 0
        return "/".join(map(_key, node.path[outside:]))

    def id_of(self, node: Node) -> str:
        if node is self.chart.begin:
            return f"{self.id}/_xbegin"
        path = [self.id, *map(_key, node.path), *(["_xwait"] if node.is_own_wait else [])]
        return "/".join(path)

    # --- states ----------------------------------------------------------------------------

    def state(self, node: Node) -> dict[str, Any]:
        config: dict[str, Any] = {"id": self.id_of(node)}
        if node is self.chart.begin:
            first = [self.chart.nodes[name] for name in sorted(set(self.graph.initial))]
            config["always"] = [{"target": f"#{self.id_of(one)}"} for one in first]
            return config
        meta: dict[str, Any] = {"name": node.name}
        if node.state is None:
            meta |= self.chart.blocks.get(node.name, {})
        else:
            meta |= facts(node.state, {"path"})
        if node.is_final:
            config["type"] = "final"
            if node.state is not None and node.state.kind == "error":
                config["tags"] = ["error"]
        if node.is_parallel:
            config["type"] = "parallel"
        if node.initial is not None:
            config["initial"] = self.key(node.initial)
        history = meta.get("history")
        self.edges(node, config)
        if node.children:
            states = config["states"] = {}
            if history is not None:
                states["_xhistory"] = {"type": "history", "history": history}
            states |= {self.key(child): self.state(child) for child in node.children}
        config["meta"] = meta
        return config

    def edges(self, node: Node, config: dict[str, Any]) -> None:
        for edge in node.edges:
            written = self.transition(node, edge)
            if edge.kind == "timeout":
                config.setdefault("after", {}).setdefault(_delay(edge), []).append(written)
            elif edge.kind == "done" and not edge.event and node.is_parallel:
                config.setdefault("onDone", []).append(written)
            elif edge.event:
                config.setdefault("on", {}).setdefault(_event(edge.event), []).append(written)
            else:
                config.setdefault("always", []).append(written)

    def transition(self, node: Node, edge: Transition) -> dict[str, Any]:
        written: dict[str, Any] = {}
        if edge.kind != "internal" or edge.source != edge.target:
            target = self.chart.target(edge)
            written["target"] = f"#{self.id_of(target)}"
            if target in node.all():
                written["reenter"] = True  # else it would stay in what it leaves and enters again
        if edge.guard:
            written["guard"] = {"type": edge.guard}
        if edge.outputs:
            written["actions"] = [_action(output) for output in edge.outputs]
        written["meta"] = {"event": edge.event} | facts(
            edge, {"source", "event", "target", "guard", "outputs"}
        )
        return written


def _delay(edge: Transition) -> str:
    """A time in milliseconds, or by its name; so is the second of two that are alike."""
    number = seconds(edge.event)
    milliseconds = f"{(number or 0) * 1000:.15g}"
    is_number = number is not None and "#" not in edge.event and milliseconds.isdigit()
    if is_number:
        return milliseconds
    name = _event(edge.event)
    return first_escaped(name) if _A_NUMBER.fullmatch(name) else name


def _action(output: str) -> dict[str, Any]:
    """An output by what it is, `emit` or `send`, and the rest of its text."""
    kind, _, rest = output.partition(" ")
    return {"type": kind, "params": {"text": rest}}


def _key(name: str) -> str:
    key = escaped(name, _KEY, _KEY_FIRST)
    return first_escaped(key) if key == _PROTO else key


def _event(name: str) -> str:
    event = escaped(name, _EVENT)
    return first_escaped(event) if event == _PROTO or event.startswith("xstate.") else event
