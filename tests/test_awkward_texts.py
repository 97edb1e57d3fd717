"""A machine in which a text stands wherever one may: each format takes it, whatever it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from flowlet import (
    ActorRef,
    Delay,
    Dispatcher,
    Event,
    StateGraph,
    emit,
    explore,
    observe,
    parallel,
    receive,
    state,
    until,
)
from flowlet.export import to_aldebaran, to_html, to_mermaid, to_networkx, to_scxml, to_xstate
from flowlet.export.text import visible
from flowlet.introspect.model import writers
from flowlet.introspect.static import static
from tests.consumers import Node, XState, xstate_or_skip
from tests.test_aldebaran import read
from tests.test_scxml import loaded
from tests.test_text_diagrams import needs_mermaid, refused_by_mermaid

#: Quotes, ends of lines, mark-up, templates, and words that a language keeps for itself.
TEXTS = (
    'a"b', "a'b", "two\nlines", "<b>&amp;", "a|b", "back`tick`", "ünïcödé 状態 😀", "x" * 200,
    "back\\", "\\n", "tab\there", "]]>", "<!-- c -->", " lead and trail ", "{field}", "{", "{{x}}",
    "a/b", "/", "//it//", "</script><script>alert(1)</script>", "${y}", "a.b.c", "#1;", "&#x41;",
    "end", "end note", "state", "class", "note", "direction LR", "direction  tb", "[[fork]]",
    "a [[choice]] b", "<<join>>", "[*]", "H*", "a --> b", "a:b;c", "%% c", "%%{init}%%", "--", "~",
    "1", " 1e3 ", "true", "null", "*", "@enduml", "'c", "/' c '/", "!include x", "accTitle: x",
    ":::",
)  # fmt: skip


class Word(Event):
    text: str = "none"


class Late(Event): ...


class Off(Event): ...


def machine(text: str) -> Callable[[], None]:
    """A block that is entered, remembered, left by its border and by a time, with regions in it."""
    named = type("Named", (Event,), {"label": text, "__module__": __name__})

    def left() -> None:
        receive(named, at=text)

    def right() -> None:
        receive(Word, at=f"{text} too")

    def actor() -> None:
        receive(named, at=text)
        with state(f"box {text}", history="deep", defer=Late), until(Off, after=Delay(text, 5)):
            word = receive(Word, named, at=text)
            emit(text)
            if isinstance(word, Word) and word.text == text:
                with state(text):
                    parallel(left, right)
            receive(Late, at="late")
        with state(f"final {text}"):
            return

    return actor


@pytest.fixture(scope="module")
def graphs() -> dict[str, StateGraph]:
    return {text: explore(machine(text), examples={"text": ["", text]}).graph for text in TEXTS}


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_pictures_hold_every_text(graphs: dict[str, StateGraph]) -> None:
    """Graphviz draws it, and what is drawn is what it says; none of it is mark-up."""
    for text, graph in graphs.items():
        drawn = squeezed("".join(ElementTree.fromstring(graph.text("svg")).itertext()))
        assert squeezed(f"box {text}")[:30] in drawn, text
        assert drawn.count(squeezed(text)[:20]) >= 8, text


def test_the_page_holds_every_text(graphs: dict[str, StateGraph]) -> None:
    """As data: it neither ends the script that it stands in nor begins one."""
    plain = to_html(graphs["1"])
    for text, graph in graphs.items():
        page = to_html(graph)
        assert page.count("<script") == plain.count("<script"), text
        found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert found, text
        assert visible(text) in texts_of(json.loads(found[1])), text


def texts_of(data: object) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            for key, value in data.items():
                yield str(key)
                yield from texts_of(value)
        case list():
            for value in data:
                yield from texts_of(value)


def test_scxml_keeps_every_text(graphs: dict[str, StateGraph]) -> None:
    """python-statemachine loads it, and the true names stand in it."""
    for text, graph in graphs.items():
        written = to_scxml(graph)
        loaded(written)
        names = {
            value
            for element in ElementTree.fromstring(written).iter()
            for key, value in element.attrib.items()
            if key == "{urn:flowlet}state"
        }
        assert {f"box {text}/{text}", f"final {text}"} <= names, text


def test_data_keep_every_text(graphs: dict[str, StateGraph]) -> None:
    """Aldebaran in quotes, networkx and JSON as it is."""
    for text, graph in graphs.items():
        assert read(to_aldebaran(graph)).number_of_edges() >= len(graph.transitions), text
        assert text in to_networkx(graph), text
        assert StateGraph.model_validate_json(graph.text("json")) == graph, text


@needs_mermaid
def test_mermaid_takes_every_text(graphs: dict[str, StateGraph]) -> None:
    """Also words that it looks for in the midst of a line."""
    assert refused_by_mermaid({text: to_mermaid(graph) for text, graph in graphs.items()}) == {}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with xstate_or_skip() as node:
        yield node


def test_xstate_takes_every_text(graphs: dict[str, StateGraph], node: Node) -> None:
    """It begins where the actor does, and goes where the event of that name leads."""
    for text, graph in graphs.items():
        begun = XState(node, graph)
        assert begun.state == text
        (event,) = begun.offers.values()
        begun.send(event)
        assert begun.state == f"box {text}/{text}"
        assert json.loads(to_xstate(graph))["states"], text


@pytest.mark.parametrize("text", ["half \ud83d", "\udc80 half"])
def test_half_a_character_can_be_written_and_read(text: str, tmp_path: Path) -> None:
    """As a name that was made of bytes may have: JSON keeps it, the others write it out."""
    graph = explore(machine(text), examples={"text": ["", text]}).graph
    for format in writers:
        if format != "png":
            graph.save(tmp_path / f"graph.{format}", format)
            (tmp_path / f"graph.{format}").read_text("utf-8")
    written = graph.text("json")
    assert StateGraph.model_validate_json(written) == graph
    assert StateGraph.model_validate_json(written.encode()) == graph
    assert text in StateGraph.model_validate_json(written).names()
    with pytest.raises(ValidationError):
        StateGraph.model_validate_json(written.replace('"complete"', '"whole"'))
    assert text in texts_of(json.loads(to_xstate(graph)))


def slashes() -> None:
    """A state and a block with a slash in their names, beside a state and a block in a block."""
    while True:
        receive(Word, at="a/b")
        with state("a"):
            receive(Late, at="b")
            with state("c"):
                receive(Word, at="d")
        with until(Off), state("a/c"):
            receive(Late, at="d")
        receive(Off, at="x/y")


def standing(graph: StateGraph, actor: ActorRef[Any]) -> list[str]:
    return [state.name for state in graph.highlight(actor.state).states if state.active]


def test_a_slash_in_a_name_is_no_block() -> None:
    """Every view tells the two apart, and so does every format; a name that is alone stays."""
    graph = explore(slashes).graph
    wanted = {
        ("a\\/b", "Word", "a/b"),
        ("a/b", "Late", "a/c/d"),
        ("a/c/d", "Word", "a\\/c/d"),
        ("a\\/c/d", "Late", "x/y"),
        ("a\\/c/d", "Off", "x/y"),
        ("x/y", "Off", "a\\/b"),
    }
    assert graph.triples() == wanted == static(slashes).triples()
    assert "would be called a/b, a/c, a/c/d: a slash that is part" in " ".join(graph.notes)
    with Dispatcher() as d:
        watched = observe(d)
        actor = d.spawn(slashes)
        for event in (Word(), Late(), Word(), Off(), Off()):
            actor.send(event)
            d.settle()
        assert standing(graph, actor) == ["a\\/b"]
        actor.send(Word())
        d.settle()
        assert standing(graph, actor) == ["a/b"]
    assert watched.graph.triples() < wanted
    assert graph.coverage(watched).follows
    boxes = re.findall(r'^ *state "(.*)" as c\d', to_mermaid(graph), re.MULTILINE)
    assert boxes == ["a", "c", "a#92;/c"]
