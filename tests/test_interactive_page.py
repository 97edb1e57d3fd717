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

from flowlet import Event, explore, parallel, receive, state, until
from flowlet.export import NoGraphvizError, to_html, to_svg
from flowlet.export import html as page
from flowlet.export.dot import MOST_LINES
from flowlet.export.marked import KINDS, Marked, PartKind, marked
from flowlet.export.markup import line_rows
from flowlet.introspect import Source, State, StateGraph, Transition, static
from tests.features import keeping, remembering
from tests.graphs import graph_of, graphs
from tests.machines import session
from tests.regions import Made, multiplied, regions

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
    assert data["pictures"][0]["notes"] == [HOSTILE]
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
    numbers = [number for node in picture["nodes"] for number in node["states"]]
    assert sorted(numbers) == list(range(len(graph.states)))
    told = [number for line in picture["lines"] for number in line["edges"]]
    assert sorted(told) == list(range(len(edges)))
    for line in picture["lines"]:
        events = {data["edges"][edge]["event"] for edge in line["edges"]}
        assert len(events) == 1
        assert (line["of"][0] == "node") is (events == {"Blink"})


def test_two_transitions_of_the_same_words_stand_each_at_its_own_arrow() -> None:
    """One from the state, and one from the border of its box."""
    graph = graph_of("door/open Off off", "door/open Off off", "door/open Close door/closed")
    inner, outer, close = graph.transitions
    outer = outer.model_copy(update={"border": "door"})
    data = data_of(to_html(graph.model_copy(update={"transitions": (inner, outer, close)})))
    (picture,) = data["pictures"]
    ends = {arrow["ends"][0]: arrow["lines"] for arrow in picture["arrows"]}
    for tail in ("door", "door/open"):
        assert {len(picture["lines"][line]["edges"]) for line in ends[tail]} == {1}


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
    counts: dict[PartKind, int] = {
        "node": len(drawn.nodes),
        "box": len(drawn.boxes),
        "arrow": len(drawn.arrows),
    }
    for kind, count in counts.items():
        assert places[kind] == {str(number) for number in range(count)}
    remembering = {str(number) for number, box in enumerate(drawn.boxes) if box.history}
    assert places["history"] == remembering
    unmarked = [group for group in svg.iter("g") if group.get("class") == "edge"]
    inner = [box for box in drawn.boxes if box.initial]
    assert len(unmarked) == len(drawn.initial) + len(inner)  # the arrows from black dots
    part_of = {str(number): part[:2] for number, part in enumerate(picture.lines())}
    for group in svg.iter("g"):
        for text in group.findall("text[@data-line]"):
            kind, place = part_of[text.get("data-line", "")]
            assert group.get(f"data-{kind}") == str(place)
    texts = texts_by_line(picture)
    told: list[Transition] = []
    for number, (_, _, line) in enumerate(picture.lines()):
        assert line.id == f"line-{number}"
        told += line.edges
        rich = "".join(row.text for row in line_rows(line))
        bare = unescape(re.sub(r"<[^>]*>", "", rich)).replace("\\\\", "\\")
        assert texts.get(number, "") == "".join(bare.split())
    assert sorted(map(repr, told)) == sorted(map(repr, graph.transitions))


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
    assert sorted(len(arrow["lines"]) for arrow in shown["arrows"]) == [1, 15]  # one without text


# --- regions, history, what is kept, where it is now


def check_steps(data: dict[str, Any]) -> None:
    """Each step of the machine stands in the picture, where it begins and where it leads."""
    (picture,) = data["pictures"]
    nodes, boxes = picture["nodes"], picture["boxes"]

    def at(state: int) -> set[str]:
        """The nodes of a state, and the boxes that they are in."""
        there = [node for node in nodes if state in node["states"]]
        names = {boxes[number]["name"] for node in there for number in node["boxes"]}
        return names | {node["name"] for node in there}

    for number, edge in enumerate(data["edges"]):
        lines = [line for line in picture["lines"] if number in line["edges"]]
        assert lines
        heads = set()
        for line in lines:
            assert line["event"] == edge["event"] or line["kind"] == "done"
            kind, place = line["of"]
            if kind == "arrow":
                tail, head = picture["arrows"][place]["ends"]
                heads.add(head)
            else:
                tail = head = (nodes if kind == "node" else boxes)[place]["name"]
                heads.add(head)
            assert tail in at(edge["from"])
        assert heads & at(edge["to"])


@settings(max_examples=25, deadline=None)
@given(regions())
def test_regions_are_stepped_through_as_they_combine(made: Made) -> None:
    """The picture has them side by side; a step is one of all of them, and found in its arrows."""
    graph = multiplied(made)
    data = data_of(to_html(graph))
    assert len(data["states"]) == len(graph.states)
    assert len(data["edges"]) == len(graph.transitions)
    check_steps(data)
    (picture,) = data["pictures"]
    if any(node["told"] for node in picture["nodes"]):  # else they have stayed together
        for number, state in enumerate(data["states"]):
            standing = [node for node in picture["nodes"] if number in node["states"]]
            is_in_regions = state["path"][0] == "on"
            assert len(standing) == (len(made.steps) if is_in_regions else 1)


def a_kitchen() -> None:
    def pot() -> None:
        receive(Boil, at="cold")
        receive(Serve, at="hot")

    def table() -> None:
        receive(Lay, at="bare")
        receive(Serve, at="laid")

    while True:
        receive(Nail, at="closed")
        with state("open"), until(Close):
            parallel(pot, table)


class Boil(Event): ...


class Lay(Event): ...


class Serve(Event): ...


class Close(Event): ...


def test_one_event_for_two_regions_is_one_step_on_two_arrows() -> None:
    """Where both are ready it moves both."""
    data = data_of(to_html(explore(a_kitchen).graph))
    check_steps(data)
    (picture,) = data["pictures"]
    names = ["/".join(state["path"]) for state in data["states"]]
    (both,) = [
        number
        for number, edge in enumerate(data["edges"])
        if edge["event"] == "Serve" and names[edge["from"]] == "open/hot | laid"
    ]
    lines = [line for line in picture["lines"] if both in line["edges"]]
    tails = {picture["arrows"][line["of"][1]]["ends"][0] for line in lines}
    assert tails == {"open/pot/hot", "open/table/laid", "open"}  # and then all have ended
    (opened,) = [arrow for arrow in picture["arrows"] if arrow["ends"][0] == "closed"]
    assert opened["ends"] == ["closed", "open"]


def test_a_state_of_one_region_says_what_holds_in_it_alone() -> None:
    """Not what the combination accepts."""
    (picture,) = data_of(to_html(explore(a_kitchen).graph))["pictures"]
    told = {node["name"]: node["told"] for node in picture["nodes"]}
    assert told["closed"] is None  # the state itself says it
    assert told["open/pot/cold"]["accepts"] == ["Boil"]
    assert told["open/table/bare"]["at"]["text"].startswith("tests/test_interactive_page.py:")


def test_a_state_is_near_to_the_arrows_that_touch_it() -> None:
    """Also to those from the border of its box, and to those that go in there."""
    (picture,) = data_of(to_html(explore(a_kitchen).graph))["pictures"]
    (bare,) = [node for node in picture["nodes"] if node["name"] == "open/table/bare"]
    near = [picture["arrows"][number] for number in bare["near"]]
    words = {picture["lines"][line]["event"] for arrow in near for line in arrow["lines"]}
    assert words - {""} == {"Nail", "Close", "Lay"}


def test_what_is_kept_for_later_is_a_line_of_no_transition() -> None:
    """It can be found, and cannot be taken."""
    picture = marked(static(keeping))
    (kept,) = [line for _, _, line in picture.lines() if not line.edges]
    assert kept.text == "Late / defer"
    assert "Late/defer" in texts_by_line(picture).values()


def test_a_block_that_remembers_has_a_mark_that_can_be_pointed_at() -> None:
    """With the number of its box."""
    graph = explore(remembering).graph
    check_marks(graph)
    (picture,) = data_of(to_html(graph))["pictures"]
    assert {"name": "player", "history": "deep"} in picture["boxes"]


def test_where_an_actor_is_now_the_page_begins() -> None:
    """And the picture keeps it, wherever the steps have led."""
    graph = explore(a_kitchen).graph.highlight("open/hot | bare")
    data = data_of(to_html(graph))
    (now,) = data["active"]
    assert data["states"][now]["path"] == ["open", "hot | bare"]
    (picture,) = data["pictures"]
    active = [node["name"] for node in picture["nodes"] if node["active"]]
    assert sorted(active) == ["open/pot/hot", "open/table/bare"]
    svg = ElementTree.fromstring(marked(graph.factor()).svg)
    marks = [group.get("class") for group in svg.iter("g") if group.get("data-node")]
    assert marks.count("node active") == 2


def test_notes_are_those_under_the_picture() -> None:
    """With what only a picture has to say; folding is told above it."""
    graph = explore(a_kitchen).graph
    boils = next(edge for edge in graph.transitions if edge.event == "Boil")
    others = tuple(edge for edge in graph.transitions if edge is not boils)
    less = graph.model_copy(update={"transitions": others})  # only a part of what regions do
    (picture,) = data_of(to_html(less))["pictures"]
    assert any("regions in combination" in note for note in picture["notes"])
    assert [one["notes"] for one in data_of(to_html(a_chain_of(60)))["pictures"]] == [[], []]


# --- what is folded


def test_regions_in_a_folded_picture_are_still_stepped_through_one_by_one() -> None:
    """Chains fold, regions stand apart, and no step is lost but those inside the folds."""

    def feast() -> None:
        for number in range(40):
            receive(Nail, at=f"guest {number}")
        a_kitchen()

    graph = explore(feast).graph
    data = data_of(to_html(graph))
    folded, whole = data["pictures"]
    assert sum(map(len, (node["folded"] for node in folded["nodes"]))) > 30
    check_steps(data | {"pictures": [whole]})
    shown = {number for line in folded["lines"] for number in line["edges"]}
    hidden = [edge for number, edge in enumerate(data["edges"]) if number not in shown]
    assert {edge["event"] for edge in hidden} == {"Nail"}
    for number in range(len(data["states"])):
        assert any(number in node["states"] for node in folded["nodes"])


def test_a_small_machine_is_drawn_once_and_whole() -> None:
    """There is nothing to fold."""
    assert len(data_of(to_html(a_chain_of(10)))["pictures"]) == 1


def test_a_folded_picture_comes_with_the_whole_one_where_there_is_room() -> None:
    """The data is of the whole machine; a state of the picture says which it stands for."""
    data = data_of(to_html(a_chain_of(60)))
    folded, whole = data["pictures"]
    assert len(data["states"]) == len(whole["nodes"]) == 61
    assert (folded["folded"], whole["folded"]) == (True, False)
    assert len(folded["nodes"]) == 5
    assert max(len(node["states"]) for node in folded["nodes"]) == 57
    assert len(data["edges"]) == 60
    lines = [line["edges"] for line in folded["lines"]]
    assert list(map(len, lines)) == [1, 1, 1, 1]  # the others are inside the fold


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
    assert any("61 states drawn as 5" in note for note in data["pictures"][0]["notes"])


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
