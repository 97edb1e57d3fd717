"""The interactive page as a file: what is in it, that it can be trusted, that it says the same.

What it does in a browser is told in test_page_in_a_browser.py.
"""

from __future__ import annotations

import json
import random
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from flowlet import Event, explore, receive
from flowlet.export import NoGraphvizError, to_html, to_svg
from flowlet.export import html as page
from flowlet.export.dot import MOST_LINES
from flowlet.export.marked import Finder, Marked, marked
from flowlet.export.markup import line_rows
from flowlet.introspect import Source, State, StateGraph, Transition
from tests.graphs import graph_of, graphs
from tests.machines import session

SVG = "{http://www.w3.org/2000/svg}"
#: A name that is also a way out of the element that it stands in.
HOSTILE = "</script ></script><!--<script><b onclick='x'>\"&amp;{{script}}\\N->"


class Nail(Event): ...


def a_chain_of(length: int) -> StateGraph:
    def chain() -> None:
        for number in range(length):
            receive(Nail, at=f"nail {number}")

    return explore(chain).graph


def data_of(html: str) -> dict[str, Any]:
    """The machine as the script reads it."""
    (text,) = re.findall(r'<script type="application/json" id="machine">(.*?)</script>', html, re.S)
    found: dict[str, Any] = json.loads(text)
    return found


def texts_by_line(picture: Marked) -> dict[int, str]:
    """What stands in the picture for each line, without spaces."""
    texts: dict[int, str] = {}
    for text in ElementTree.fromstring(picture.svg).iter("text"):
        if (line := text.get("data-line")) is not None:
            told = "".join((text.text or "").split())
            texts[int(line)] = texts.get(int(line), "") + told
    return texts


# --- one file that can be trusted


class Reader(HTMLParser):
    """Every tag with its attributes, and the text of scripts and style sheets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inside.append((self.tags[-1][0], data))


def test_the_page_is_one_file_that_asks_for_nothing() -> None:
    """No address to load from, and no place for another script."""
    read = Reader(to_html(graph_of("locked Coin unlocked", "unlocked Push locked")))
    loads = [
        (tag, name, value)
        for tag, attributes in read.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "data", "action", "poster", "style") or name.startswith("on")
    ]
    assert loads == []
    assert [a["href"] for tag, a in read.tags if tag == "link"] == ["data:,"]
    sheets = [text for tag, text in read.inside if tag == "style"]
    assert not any("url(" in text or "@import" in text for text in sheets)


def test_the_policy_allows_the_pages_own_script_and_sheet_alone() -> None:
    """By their hashes; so what is not in the page's own program does not run."""
    read = Reader(to_html(session_graph()))
    (policy,) = [a["content"] or "" for tag, a in read.tags if "http-equiv" in a]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    sheet, _, script = [text for _, text in read.inside if text.strip()]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == digest(script)
    assert rules["style-src"] == digest(sheet)


def a_gate_called(name: str, output: str) -> StateGraph:
    return StateGraph(
        name=name,
        states=(State(path=(name,), accepts=(name,)), State(path=("b", f"{output}\udc80"))),
        transitions=(
            Transition(source=name, event=name, target=f"b/{output}\udc80", guard=name),
            Transition(source=name, event="", target=name, kind="internal", outputs=(output,)),
        ),
        initial=(name,),
        notes=(name,),
    )


def test_names_are_text_whatever_they_hold() -> None:
    """A name that ends a script is a name; it is the same in the data as in the graph."""
    html = to_html(a_gate_called(HOSTILE, "<i>"))
    tags = {tag for tag, _ in Reader(html).tags}
    assert tags == {tag for tag, _ in Reader(to_html(a_gate_called("a", "b"))).tags}
    data = data_of(html)
    assert data["states"][0]["path"] == [HOSTILE]
    assert {edge["guard"] for edge in data["edges"]} == {"", HOSTILE}
    assert data["notes"] == [HOSTILE]
    assert html.encode("utf-8")


def test_a_name_that_looks_like_a_place_in_the_page_is_not_filled_in() -> None:
    """Only the page's own marks are."""
    assert "<h1>{{data}}</h1>" in to_html(graph_of("a B c").model_copy(update={"name": "{{data}}"}))


def test_equal_graphs_give_equal_pages() -> None:
    """The order in which a graph holds its parts is of no effect."""
    graph = session_graph()
    shuffled = random.Random(1)
    for _ in range(4):
        states, edges = list(graph.states), list(graph.transitions)
        shuffled.shuffle(states)
        shuffled.shuffle(edges)
        other = graph.model_copy(update={"states": tuple(states), "transitions": tuple(edges)})
        assert to_html(other) == to_html(graph)


def session_graph() -> StateGraph:
    return explore(session).graph


# --- the picture in it


def test_every_state_and_transition_is_found_in_the_picture() -> None:
    """Also those that share an arrow, leave from a border, or stand inside a state."""
    graph = graph_of(
        "off PowerOn door/closed",
        "door/closed Open door/open if n > 3 & m / emit '\\\\d  b'",
        "door/closed Zap door/open",
        "door/open Close door/closed",
        "door/closed Reset door/closed",
        "door/open Reset door/closed",
        "door/closed Jam door/open",
        "door/open Jam door/open",
        "door/closed PowerOff off",
        "door/open PowerOff off",
        "off Blink off / emit 1",
        "a&b x a&amp;b",
        "a->b x c",
        "a x b->c",
    )
    edges = [
        edge.model_copy(
            update={
                "border": "door" if edge.event in ("Reset", "Jam", "PowerOff") else None,
                "kind": "internal" if edge.event == "Blink" else "event",
            }
        )
        for edge in graph.transitions
    ]
    graph = graph.model_copy(update={"transitions": tuple(edges)})
    check_marks(graph)
    data = data_of(to_html(graph))
    (picture,) = data["pictures"]
    assert sorted(s for some in picture["states"] for s in some) == list(range(len(graph.states)))
    assert sorted(e for some in picture["lines"] for e in some) == list(range(len(edges)))
    for line, (kind, _) in zip(picture["lines"], picture["of"], strict=True):
        told = {data["edges"][edge]["event"] for edge in line}
        assert len(told) == 1
        assert (kind == "node") is (told == {"Blink"})


@settings(max_examples=12, deadline=None)
@given(graphs())
def test_every_part_of_any_picture_is_marked(graph: StateGraph) -> None:
    """Whatever the shape of the machine."""
    check_marks(graph)


def check_marks(graph: StateGraph) -> None:
    picture = marked(graph)
    svg = ElementTree.fromstring(picture.svg)
    places = {kind: {g.get(f"data-{kind}") for g in svg.iter("g")} - {None} for kind in KINDS}
    drawn = picture.drawn
    for kind, parts in zip(KINDS, (drawn.nodes, drawn.boxes, drawn.arrows), strict=True):
        assert places[kind] == {str(number) for number in range(len(parts))}
    unmarked = [group for group in svg.iter("g") if group.get("class") == "edge"]
    assert len(unmarked) == len(drawn.initial)  # the arrows from the black dot
    finder = Finder(picture)
    texts = texts_by_line(picture)
    for edge in graph.transitions:
        line = finder.line_of(edge)
        assert line is not None
        assert picture.lines[line].line.event == edge.event
        rich = "".join(line_rows(picture.lines[line].line))
        bare = unescape(re.sub(r"<[^>]*>", "", rich)).replace("\\\\", "\\")
        assert texts.get(line, "") == "".join(bare.split())


KINDS = ("node", "box", "arrow")


def test_the_picture_is_the_one_that_an_svg_shows() -> None:
    """The same shapes at the same places; only links and tooltips are left out."""

    def shapes(root: ElementTree.Element, space: str) -> list[str]:
        return sorted(
            path.get("d", "") for path in root.iter(f"{space}path") if path.get("class") != "broad"
        )

    graph = session_graph()
    ours = ElementTree.fromstring(marked(graph).svg)
    assert shapes(ours, "") == shapes(ElementTree.fromstring(to_svg(graph)), SVG)
    assert not list(ours.iter("a"))
    assert not list(ours.iter("title"))


def test_more_lines_than_an_arrow_has_room_for_are_told_by_its_card() -> None:
    """The text that counts them belongs to none of them."""
    graph = graph_of("a b", *(f"a Event{number:02} b" for number in range(15)))
    picture = marked(graph)
    texts = texts_by_line(picture)
    assert [texts[line] for line in sorted(texts)] == [f"Event{n:02}" for n in range(len(texts))]
    assert len(texts) == MOST_LINES
    (shown,) = data_of(to_html(graph))["pictures"]
    assert len(shown["arrows"][0]) == 16


# --- what is folded


def test_a_small_machine_is_drawn_once_and_whole() -> None:
    """There is nothing to fold."""
    assert len(data_of(to_html(a_chain_of(10)))["pictures"]) == 1


def test_a_folded_picture_comes_with_the_whole_one_where_there_is_room() -> None:
    """The data is of the whole machine; a state of the picture says which it stands for."""
    data = data_of(to_html(a_chain_of(60)))
    folded, whole = data["pictures"]
    assert len(data["states"]) == len(whole["states"]) == 61
    assert folded["drawn"] == len(folded["states"]) == 5
    assert max(map(len, folded["states"])) == 57
    assert len(data["edges"]) == 60
    assert sum(map(len, folded["lines"])) == 4  # the others are inside the fold


def test_a_large_machine_is_drawn_folded_and_still_known_whole() -> None:
    """Stepping through it is exact, whatever the picture folds."""
    data = data_of(to_html(a_chain_of(page.WHOLE_STATES + 30)))
    assert len(data["pictures"]) == 1
    assert len(data["edges"]) == page.WHOLE_STATES + 30


def test_what_is_too_large_to_carry_is_folded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a note says so."""
    monkeypatch.setattr(page, "MOST_STATES", 50)
    data = data_of(to_html(a_chain_of(60)))
    assert len(data["states"]) == 5
    assert any("61 states drawn as 5" in note for note in data["notes"])


# --- the model's way to it


def test_the_ending_of_the_name_makes_a_page(tmp_path: Path) -> None:
    """`graph.save("session.html")`, `graph.text("html")`."""
    path = session_graph().save(tmp_path / "session.html")
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert session_graph().text("html") == path.read_text("utf-8")


def test_sources_are_links() -> None:
    """As the place in the file, which code hosts understand."""
    graph = StateGraph(
        name="gate",
        states=(State(path=("locked",), source=Source(file="gates.py", line=3)),),
        initial=("locked",),
    )
    (state,) = data_of(to_html(graph))["states"]
    assert state["at"] == {"text": "gates.py:3", "url": "gates.py#L3"}


def test_a_page_needs_graphviz_as_every_picture_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('none here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoGraphvizError, match="pip install pygraphviz"):
        to_html(session_graph())
