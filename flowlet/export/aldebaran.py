r"""Aldebaran (`.aut`): a `StateGraph` as a labelled transition system, for CADP, mCRL2 and others.

The format has numbered states and labelled transitions, and nothing else, not even comments.  A
transition's label is the edge's text, `event [guard] / output, output`; an eventless one without
either is `i`, which is what nobody sees.  State 0 is the initial one; where there are several, it
is one more, from which `i` leads to each.

What the format has no word for is told by one more state, the last, that nothing leads to.  Its
labels are the notes, each a loop: what each state is called, which are final, where edges stand in
the source.  Whatever compares or reduces what can be reached never sees it; `notes=False` leaves it
out.

Only printable ASCII may stand in a label, and no double quote: these are written as Python escapes
them in a string (`\x22`), and a backslash is doubled.  So is the `i` of an event of that name.

Source: the manual page `aut` of CADP (2014 version).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowlet.introspect.model import StateGraph, Transition
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .facts import blocks, facts, facts_of_graph, words
from .places import short

#: The label of what nobody sees.
HIDDEN = "i"


def to_aldebaran(graph: StateGraph, *, notes: bool = True) -> str:
    """The graph as Aldebaran text, nothing folded.

    Without `notes` there is no state that tells what the format cannot say.
    """
    order = breadth_first(graph)
    first = [name for name in order if name in graph.initial]
    several = len(first) > 1
    number = {name: place + several for place, name in enumerate(order)}
    edges = sorted(graph.transitions, key=by_source_line)
    lines = [(0, HIDDEN, number[name]) for name in first] if several else []
    lines += [(number[edge.source], _label(edge), number[edge.target]) for edge in edges]
    states = len(order) + several or 1
    if notes:
        told = list(_notes(graph, number, edges, len(lines) - len(edges)))
        lines += [(states, _ascii(note), states) for note in told]
        states += 1
    start = 0 if several or not first else number[first[0]]
    header = f"des ({start}, {len(lines)}, {states})"
    return "\n".join([header, *(f'({a}, "{label}", {b})' for a, label, b in lines)]) + "\n"


def _label(edge: Transition) -> str:
    if edge.label == HIDDEN:
        return r"\x69"
    return _ascii(edge.label) or HIDDEN


def _notes(
    graph: StateGraph, number: dict[str, int], edges: list[Transition], begin: int
) -> Iterator[str]:
    """What the format cannot say, a text each."""
    yield "note: this state is not part of the machine, its labels tell what the format cannot say"
    if graph.name:
        yield f"note: machine {graph.name}"
    if not graph.complete:
        yield "note: not complete, there may be more than is told here"
    if not graph.initial:
        yield "note: the graph names no initial state"
    yield from (f"note: {short(note)}" for note in graph.notes)
    yield from (f"note: {key} {words(value)}" for key, value in facts_of_graph(graph).items())
    yield from (f"note: block {name}, {words(told)}" for name, told in blocks(graph).items())
    states = states_of(graph)
    for name, state in number.items():
        yield f"state {state}: {name}{_told(facts(states[name], {'path'}))}"
    for place, edge in enumerate(edges, begin):
        told = _told(facts(edge, {"source", "event", "target", "guard", "outputs"}))
        if told:
            yield f"transition {place}{told}"


def _told(known: dict[str, Any]) -> str:
    return "".join(f", {key} {words(value)}" for key, value in known.items())


def _ascii(text: str) -> str:
    return "".join(map(_plain, text))


def _plain(char: str) -> str:
    if char == '"':
        return r"\x22"
    if " " <= char <= "~" and char != "\\":
        return char
    return char.encode("unicode_escape").decode("ascii")
