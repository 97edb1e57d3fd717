"""SCXML: a `StateGraph` as the W3C's State Chart XML, to be run by other interpreters.

What is a state chart's own stands as elements: states in states, final states, a transition of a
composite state for an `until`, eventless transitions, a `<send>` with a delay and its `<cancel>`
for a time.  An output is a `<log>` with the label `output`.  The rest goes along as attributes of
the name space `urn:flowlet`, and as comments; interpreters pass both over.

- *Names.*  The identifier of a state is its path joined by dots, each part `escaped`; an event's
  is its name escaped, so that it is one token and never a prefix of another.  The true names stand
  in `flowlet:state` and `flowlet:on`.  A time's event is `_xtime.STATE._x.LABEL`: the same label
  in two states is two times.
- *Guards* of a graph for people are words, which no interpreter can evaluate.  So the event has to
  say which of them hold, as fields of its data: `when_x…` is the guard, escaped.  The unfolded
  graph (`explore(fn).unfolded`) has none.
- *Times* that have only a name are variables of the data model, to be given a value.

Source: State Chart XML, W3C Recommendation 1 September 2015.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

from flowlet.introspect.model import StateGraph, Transition

from .chart import Chart, Node, chart
from .delays import NOTE, seconds
from .escaped import XML, XML_FIRST, escaped, first_escaped
from .facts import facts, facts_of_graph, words

NAMESPACE = "urn:flowlet"

_WORDS = re.compile(r"[A-Za-z0-9_]")
#: Events of these names, and all that follow them after a dot, are the interpreter's own.
_PLATFORM = ("done", "error")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENT = "  "


def to_scxml(graph: StateGraph, *, timers: bool = True) -> str:
    """The graph as SCXML text, nothing folded.

    Without `timers` no `<send>` is written: whoever runs the machine sends the events of its times
    as well, `_xtime.STATE._x.LABEL`.
    """
    return "\n".join(_Document(graph, timers).lines()) + "\n"


def state_id(path: Iterable[str]) -> str:
    """The identifier of the state of that path."""
    return ".".join(escaped(part, XML, XML_FIRST) for part in path)


def _event(name: str) -> str:
    identifier = escaped(name, XML, XML_FIRST)
    return first_escaped(identifier) if identifier in _PLATFORM else identifier


class _Document:
    def __init__(self, graph: StateGraph, timers: bool) -> None:
        self.graph = graph
        self.chart: Chart = chart(graph)
        self.timers = timers

    def lines(self) -> Iterator[str]:
        root = self.chart.root
        attributes = {
            "xmlns": "http://www.w3.org/2005/07/scxml",
            "xmlns:flowlet": NAMESPACE,
            "version": "1.0",
            "datamodel": "ecmascript",
        }
        if self.graph.name:
            attributes["name"] = escaped(self.graph.name, XML, XML_FIRST)
            attributes["flowlet:machine"] = self.graph.name
        if root.initial is not None:
            attributes["initial"] = self.id_of(self.first_in(root))
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield _tag("scxml", attributes, open=True)
        for note in self.notes():
            yield f"{_INDENT}<!-- {_comment(note)} -->"
        yield from self.data()
        if self.chart.begin is not None:
            yield from self.beginning(self.chart.begin)
        for child in root.children:
            if child is not self.chart.begin:
                yield from self.state(child, 1)
        yield "</scxml>"

    # --- what is told beside the states ----------------------------------------------------

    def notes(self) -> Iterator[str]:
        yield from self.chart.notes
        nodes = list(self.chart.root.all())
        if any(edge.guard for node in nodes for edge in node.edges):
            yield (
                "Guards are words of the program; the data of an event says which of them hold: a "
                "field when_x for each that is asked for."
            )
        if any(edge.kind == "timeout" for node in nodes for edge in node.edges):
            yield NOTE
            if not self.timers:
                yield "Times are not sent here; their events come from outside."
        if any(node.state and node.state.deferred for node in nodes):
            yield "SCXML cannot keep events for later: flowlet:deferred names those that are kept."
        told = facts_of_graph(self.graph)
        yield from (f"{name}: {words(value)}" for name, value in told.items())

    def data(self) -> Iterator[str]:
        """A variable for each time that has only a name."""
        names = {
            edge.event: None
            for node in self.chart.root.all()
            for edge in node.edges
            if self.timers and edge.kind == "timeout" and seconds(edge.event) is None
        }
        if names:
            yield f"{_INDENT}<!-- Times that have only a name: give each a value, such as '5s'. -->"
            yield f"{_INDENT}<datamodel>"
            for name in names:
                known = {"id": _variable("time", name), "flowlet:on": name}
                yield _INDENT * 2 + _tag("data", known)
            yield f"{_INDENT}</datamodel>"

    # --- states ----------------------------------------------------------------------------

    def id_of(self, node: Node) -> str:
        if node is self.chart.begin:
            return "_xbegin"
        if node.is_parallel:
            # Else its `done.state.` would be the beginning of that of each region, and be taken
            # for them all.
            return f"{state_id(node.path)}._xparallel"
        return state_id(node.path) + ("._xwait" if node.is_own_wait else "")

    def first_in(self, node: Node) -> Node:
        """The innermost state that is entered with a composite one."""
        while node.initial is not None:
            node = node.initial
        return node

    def beginning(self, begin: Node) -> Iterator[str]:
        yield _INDENT + _tag("state", {"id": self.id_of(begin)}, open=True)
        for name in sorted(set(self.graph.initial)):
            target = self.id_of(self.chart.nodes[name])
            yield _INDENT * 2 + _tag("transition", {"target": target})
        yield f"{_INDENT}</state>"

    def state(self, node: Node, depth: int) -> Iterator[str]:
        indent = _INDENT * depth
        attributes: dict[str, Any] = {"id": self.id_of(node)}
        if node.initial is not None:
            attributes["initial"] = self.id_of(node.initial)
        attributes["flowlet:state"] = node.name
        known = dict(self.chart.blocks.get(node.name, {}) if node.state is None else {})
        history = known.pop("history", None)
        if node.state is not None:
            known |= facts(node.state, {"path"})
        attributes |= {f"flowlet:{name}": words(value) for name, value in known.items()}
        inside = [*self.times(node, depth + 1)]
        if history is not None:
            inside += self.history(node, history, depth + 1)
        for edge in node.edges:
            inside += self.transition(node, edge, depth + 1)
        if node.is_final and node.state is not None and node.state.kind == "error":
            inside += _donedata(node.state.path[-1], depth + 1)
        for child in node.children:
            inside += self.state(child, depth + 1)
        name = "final" if node.is_final else "parallel" if node.is_parallel else "state"
        yield indent + _tag(name, attributes, open=bool(inside))
        yield from inside
        if inside:
            yield f"{indent}</{name}>"

    def history(self, node: Node, depth_of: str, depth: int) -> Iterator[str]:
        """The mark: where it was left is remembered; the program decides what comes of it."""
        indent = _INDENT * depth
        known = {"id": f"{self.id_of(node)}._xhistory", "type": depth_of}
        yield indent + _tag("history", known, open=True)
        target = {"target": self.id_of(self.first_in(node))}
        yield indent + _INDENT + _tag("transition", target)
        yield f"{indent}</history>"

    def times(self, node: Node, depth: int) -> Iterator[str]:
        """What is sent when the state is entered, and cancelled when it is left."""
        labels = dict.fromkeys(edge.event for edge in node.edges if edge.kind == "timeout")
        if not labels or not self.timers:
            return
        indent = _INDENT * depth
        yield f"{indent}<onentry>"
        for label in labels:
            name = self.time(node, label)
            known = {"id": name, "event": name}
            number = seconds(label)
            if number is None:
                known["delayexpr"] = _variable("time", label)
            else:
                known["delay"] = f"{number:.15g}s"
            yield indent + _INDENT + _tag("send", known)
        yield f"{indent}</onentry>"
        yield f"{indent}<onexit>"
        for label in labels:
            yield indent + _INDENT + _tag("cancel", {"sendid": self.time(node, label)})
        yield f"{indent}</onexit>"

    def time(self, node: Node, label: str) -> str:
        """The name of the event of a time that runs in a state."""
        return f"_xtime.{self.id_of(node)}._x.{escaped(label, XML, XML_FIRST)}"

    def transition(self, node: Node, edge: Transition, depth: int) -> Iterator[str]:
        indent = _INDENT * depth
        attributes: dict[str, Any] = {}
        if edge.kind == "timeout":
            attributes["event"] = self.time(node, edge.event)
        elif edge.kind == "done" and not edge.event and node.is_parallel:
            attributes["event"] = f"done.state.{self.id_of(node)}"
        elif edge.event:
            attributes["event"] = _event(edge.event)
        if edge.guard:
            when = _variable("when", edge.guard)
            attributes["cond"] = f"_event && _event.data && _event.data.{when}"
        if edge.kind != "internal" or edge.source != edge.target:
            attributes["target"] = self.id_of(self.chart.target(edge))
        if edge.event:
            attributes["flowlet:on"] = edge.event
        known = facts(edge, {"source", "event", "target", "outputs"})
        attributes |= {f"flowlet:{name}": words(value) for name, value in known.items()}
        yield indent + _tag("transition", attributes, open=bool(edge.outputs))
        for output in edge.outputs:
            log = {"label": "output", "expr": _literal(output)}
            yield indent + _INDENT + _tag("log", log)
        if edge.outputs:
            yield f"{indent}</transition>"


def _donedata(error: str, depth: int) -> list[str]:
    indent = _INDENT * depth
    content = _INDENT + _tag("content", {"expr": _literal(error)})
    return [f"{indent}<donedata>", indent + content, f"{indent}</donedata>"]


def _variable(kind: str, name: str) -> str:
    return f"{kind}_x{escaped(name, _WORDS)}"


def _literal(text: str) -> str:
    """A string as ECMAScript and Python write it alike."""
    return json.dumps(text, ensure_ascii=False)


def _tag(name: str, attributes: dict[str, Any], open: bool = False) -> str:
    told = "".join(f" {key}={quoteattr(_xml(value))}" for key, value in attributes.items())
    return f"<{name}{told}{'' if open else '/'}>"


def _xml(text: str) -> str:
    """The text, with what XML cannot hold written as Python writes it."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _comment(text: str) -> str:
    text = re.sub(r"-(?=-)", "- ", _xml(text).replace("\n", " "))
    return f"{text} " if text.endswith("-") else text
