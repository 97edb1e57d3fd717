"""What a picture shows of a machine, and that every name and every Graphviz is good enough."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlet.export import NoGraphvizError, relative_to, to_dot, to_mermaid, to_png, to_svg
from flowlet.export.markup import node_id
from flowlet.export.picture import Arrow, Picture, picture
from flowlet.introspect.model import (
    Evidence,
    Source,
    State,
    StateGraph,
    StateKind,
    Transition,
    TransitionKind,
    writers,
)

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


def a_state(name: str, kind: StateKind = "state", line: int | None = None) -> State:
    source = Source(file="gates.py", line=line) if line else None
    return State(path=tuple(name.split("/")), kind=kind, source=source)


def an_edge(
    source: str,
    event: str,
    target: str,
    kind: TransitionKind = "event",
    *,
    border: str | None = None,
    guard: str = "",
    outputs: tuple[str, ...] = (),
    line: int | None = None,
    known: Literal["reachable", "static"] = "reachable",
    seen: int = 0,
) -> Transition:
    return Transition(
        source=source,
        event=event,
        target=target,
        kind=kind,
        border=border,
        guard=guard,
        outputs=outputs,
        at=Source(file="gates.py", line=line) if line else None,
        evidence=Evidence(static=known == "static", reachable=known == "reachable", seen=seen),
    )


def a_machine(
    *edges: Transition, initial: str = "", states: tuple[State, ...] = (), name: str = "machine"
) -> StateGraph:
    """A graph of those edges, with a plain state for each name that is not among the states."""
    listed = {state.name: state for state in states}
    for edge in edges:
        for end in (edge.source, edge.target):
            listed.setdefault(end, a_state(end))
    first = initial or edges[0].source
    return StateGraph(name=name, states=tuple(listed.values()), transitions=edges, initial=(first,))


TURNSTILE = a_machine(
    an_edge("locked", "Coin", "unlocked", line=3),
    an_edge("unlocked", "Push", "locked", line=4),
    states=(a_state("locked", line=3), a_state("unlocked", line=4)),
    name="turnstile",
)


def a_door() -> StateGraph:
    """A door of two states in a box, which a power cut leaves from wherever it is."""
    inside = ("door/closed", "door/open")
    return a_machine(
        an_edge("off", "PowerOn", "door/closed"),
        an_edge("door/closed", "Open", "door/open"),
        an_edge("door/open", "Close", "door/closed"),
        *(an_edge(one, "PowerOff", "off", border="door") for one in inside),
        *(an_edge(one, "after 1h", "end", "timeout", border="door") for one in inside),
        states=(a_state("end", "final"),),
        initial="off",
    )


def in_dot(dot: str, beginning: str) -> dict[str, str]:
    """The attributes of the one statement of a DOT text that begins like this."""
    found = [line for line in dot.splitlines() if line.strip().startswith(f"{beginning} [")]
    assert len(found) == 1, (beginning, found)
    return dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[0].split(" [", 1)[1]))


def arrows(drawn: Picture) -> dict[tuple[str, str], list[str]]:
    """The texts at each arrow, by its two ends."""
    return {(one.tail, one.head): [line.text for line in one.lines] for one in drawn.arrows}


def the_arrow(drawn: Picture, tail: str, head: str) -> Arrow:
    (found,) = [one for one in drawn.arrows if (one.tail, one.head) == (tail, head)]
    return found


def words(svg: str) -> list[str]:
    """All texts of an SVG, in order."""
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def links(svg: str) -> set[str]:
    return {link.get(LINK, "") for link in ElementTree.fromstring(svg).iter(f"{SVG}a")} - {""}


# --- what a picture shows


def test_equal_graphs_give_equal_bytes() -> None:
    """The order in which a graph holds its parts is of no effect."""
    door = a_door()
    shuffled = random.Random(1)
    for _ in range(5):
        states, edges = list(door.states), list(door.transitions)
        shuffled.shuffle(states)
        shuffled.shuffle(edges)
        other = door.model_copy(update={"states": tuple(states), "transitions": tuple(edges)})
        assert to_dot(other) == to_dot(door)
        assert to_mermaid(other) == to_mermaid(door)


def test_the_initial_state_comes_first_and_has_the_dot() -> None:
    """A reader begins at the black dot."""
    dot = to_dot(TURNSTILE)
    start = in_dot(dot, r'"\(start)"')
    assert (start["shape"], start["label"]) == ("circle", "")
    assert r'"\(start)" -> "locked"' in dot
    assert [node.name for node in picture(TURNSTILE).nodes] == ["locked", "unlocked"]


def test_kinds_of_states_look_different() -> None:
    """Final states have a double border or UML's ring, crashes are red, transients dashed."""
    dot = to_dot(
        a_machine(
            an_edge("idle", "", "starting", "eventless"),
            an_edge("starting", "Work", "done"),
            an_edge("starting", "Stop", "end"),
            an_edge("starting", "Bad", "error: ValueError"),
            states=(
                a_state("starting", "transient"),
                a_state("done", "final"),
                a_state("end", "final"),
                a_state("error: ValueError", "error"),
            ),
        )
    )
    assert in_dot(dot, '"done"')["peripheries"] == "2"
    assert (in_dot(dot, '"end"')["shape"], in_dot(dot, '"end"')["peripheries"]) == ("circle", "2")
    assert in_dot(dot, '"error: ValueError"')["color"] == "#dc4c43"
    assert in_dot(dot, '"starting"')["style"] == "rounded,filled,dashed"
    assert in_dot(dot, '"idle" -> "starting"')["arrowhead"] == "vee"
    assert "label" not in in_dot(dot, '"idle" -> "starting"')


def test_a_timeout_is_told_from_an_event() -> None:
    """A clock face at its beginning, and the colour of time."""
    dot = to_dot(
        a_machine(
            an_edge("red", "after 30s", "green", "timeout"), an_edge("green", "Button", "red")
        )
    )
    timeout = in_dot(dot, '"red" -> "green"')
    assert (timeout["arrowtail"], timeout["color"]) == ("odot", "#b45309")
    assert "arrowtail" not in in_dot(dot, '"green" -> "red"')


def test_a_label_is_event_guard_outputs() -> None:
    """In the order of UML."""
    vending = a_machine(
        an_edge("idle", "Coin", "paid", guard="value >= 2", outputs=("Beep", "Lamp on"))
    )
    assert arrows(picture(vending)) == {("idle", "paid"): ["Coin [value >= 2] / Beep, Lamp on"]}


def test_edges_between_the_same_two_states_share_an_arrow() -> None:
    """One arrow, with a line for each, as they stand in the source."""
    shop = a_machine(
        an_edge("open", "Sold", "closed", line=9),
        an_edge("open", "after 8h", "closed", "timeout", line=7),
        an_edge("open", "Fire", "closed", line=8),
    )
    assert arrows(picture(shop)) == {("open", "closed"): ["after 8h", "Fire", "Sold"]}


def test_an_arrow_with_too_many_lines_tells_their_number() -> None:
    """Nine are shown; the tooltip has all."""
    crowd = a_machine(*(an_edge("a", f"Event{i:02}", "b", line=i + 1) for i in range(20)))
    dot = to_dot(crowd)
    assert "Event08<" in dot
    assert "Event09<" not in dot
    assert "… 11 more" in dot
    assert "Event19" in in_dot(dot, '"a" -> "b"')["tooltip"]


def test_an_internal_transition_is_a_line_in_its_state() -> None:
    """As in UML: it leaves nothing, so it has no arrow."""
    player = a_machine(
        an_edge("off", "On", "on"),
        an_edge("on", "Volume", "on", "internal", outputs=("beep",)),
        an_edge("on", "Off", "off"),
    )
    (on,) = [node for node in picture(player).nodes if node.name == "on"]
    assert [line.text for line in on.inside] == ["Volume / beep"]
    assert set(arrows(picture(player))) == {("off", "on"), ("on", "off")}


def test_a_self_transition_is_a_loop() -> None:
    """It leaves its state and comes back."""
    assert '"idle" -> "idle"' in to_dot(a_machine(an_edge("idle", "Ping", "idle")))


# --- boxes and their borders


def test_blocks_in_blocks_are_boxes_in_boxes() -> None:
    """Every proper prefix of a path is a composite state."""
    drawn = picture(
        a_machine(an_edge("off", "On", "player/deck/playing"), an_edge("player/menu", "Off", "off"))
    )
    assert [(box.name, box.title, box.parent) for box in drawn.boxes] == [
        ("player", "player", ""),
        ("player/deck", "deck", "player"),
    ]
    assert {(node.name, node.title, node.box) for node in drawn.nodes} == {
        ("off", "off", ""),
        ("player/menu", "menu", "player"),
        ("player/deck/playing", "playing", "player/deck"),
    }


def test_a_block_that_waits_itself_is_a_box_and_a_state_in_it() -> None:
    """A wait directly in a block, beside the blocks in it."""
    drawn = picture(
        a_machine(an_edge("shop", "Enter", "shop/till"), an_edge("shop/till", "Pay", "shop"))
    )
    assert [box.name for box in drawn.boxes] == ["shop"]
    assert {(node.name, node.box) for node in drawn.nodes} == {
        ("shop", "shop"),
        ("shop/till", "shop"),
    }
    assert set(arrows(drawn)) == {("shop", "shop/till"), ("shop/till", "shop")}


def test_an_until_round_a_block_is_one_arrow_from_its_border() -> None:
    """The graph has an edge for each state that it leaves, the picture one for the block."""
    drawn = picture(a_door())
    power_off = the_arrow(drawn, "door", "off")
    assert power_off.tail_box
    assert [line.text for line in power_off.lines] == ["PowerOff"]
    assert ("door/open", "off") not in arrows(drawn)
    assert in_dot(to_dot(a_door()), r'"\(start door)" -> "off"')["ltail"] == "cluster door"
    assert in_dot(to_dot(a_door()), '"door/open" -> "end"')["arrowtail"] == "odot"


def test_counts_of_a_border_are_those_of_all_states_in_it() -> None:
    """Whichever state was left, it is the same arrow."""
    line = an_edge("line/ready", "Reset", "off", border="line", seen=3)
    drawn = picture(
        a_machine(line, line.model_copy(update={"source": "line/busy"}), initial="line/ready")
    )
    assert arrows(drawn) == {("line", "off"): ["Reset ×6"]}


def test_a_border_that_is_no_box_leaves_a_plain_arrow() -> None:
    """A block that is a single state has no border of its own."""
    drawn = picture(a_machine(an_edge("line", "Reset", "off", border="line")))
    assert not the_arrow(drawn, "line", "off").tail_box


def test_where_all_go_in_at_one_state_they_end_at_the_border() -> None:
    """It is the initial state of the box, and has a dot there; the machine may begin in it too."""
    drawn = picture(a_door())
    (door,) = drawn.boxes
    assert (door.name, door.initial) == ("door", "door/closed")
    assert the_arrow(drawn, "off", "door/closed").head_box == "door"
    assert drawn.initial == (("off", ""),)
    dot = to_dot(a_door())
    assert in_dot(dot, r'"off" -> "\(start door)"')["lhead"] == "cluster door"
    assert in_dot(dot, r'"\(start door)" -> "door/closed"')
    assert picture(a_door().model_copy(update={"initial": ("door/closed",)})).initial == (
        ("door/closed", "door"),
    )


def test_an_arrow_out_of_the_bottom_of_a_box_begins_at_what_stands_lowest() -> None:
    """That is not what is found last: so its text stands outside, at the arrow."""
    states = ("box/first", "box/last", "box/middle")
    dot = to_dot(
        a_machine(
            an_edge("box/first", "Skip", "box/last"),
            an_edge("box/first", "Go", "box/middle"),
            an_edge("box/middle", "Go", "box/last"),
            an_edge("box/last", "Again", "box/first"),
            *(an_edge(one, "Off", "off", border="box") for one in states),
        )
    )
    assert in_dot(dot, '"box/last" -> "off"')["ltail"] == "cluster box"


def test_a_box_that_is_left_and_begun_anew_has_an_arrow_from_border_to_border() -> None:
    """It goes in as all others do."""
    states = ("game/ready", "game/over")
    game = a_machine(
        an_edge("off", "Begin", "game/ready"),
        an_edge("game/ready", "Lost", "game/over"),
        *(an_edge(one, "Reset", "game/ready", border="game") for one in states),
    )
    again = the_arrow(picture(game), "game", "game/ready")
    assert (again.tail_box, again.head_box) == (True, "game")
    assert "    c1 --> c1 : Reset\n" in to_mermaid(game)
    assert Counter(words(to_svg(game)))["Reset"] == 1


def test_where_some_go_in_elsewhere_each_arrow_tells_where() -> None:
    """No state of the box is the initial one then."""
    door = a_door()
    other = an_edge("off", "Force", "door/open")
    drawn = picture(door.model_copy(update={"transitions": (*door.transitions, other)}))
    assert [box.initial for box in drawn.boxes] == [""]
    assert {arrow.head_box for arrow in drawn.arrows} == {""}


def test_an_arrow_from_a_border_back_into_its_box_is_drawn_by_a_way_outside() -> None:
    """Graphviz clips no arrow that ends in the box that it leaves; so its text is the bend."""
    states = ("game/ready", "game/running", "game/over")
    svg = to_svg(
        a_machine(
            an_edge("off", "Begin", "game/ready"),
            an_edge("game/ready", "Start", "game/running"),
            an_edge("game/running", "Lost", "game/over"),
            *(an_edge(one, "Reset", "game/running", border="game") for one in states),
        )
    )
    assert Counter(words(svg))["Reset"] == 1
    titles = [title.text or "" for title in ElementTree.fromstring(svg).iter(f"{SVG}title")]
    assert len([title for title in titles if "again" in title and "->" in title]) == 2


# --- evidence


def test_what_was_seen_is_bold_with_its_count_and_the_rest_is_grey() -> None:
    """As soon as anything was counted."""
    graph = a_machine(an_edge("a", "Go", "b", seen=12), an_edge("b", "Back", "a"))
    dot = to_dot(graph)
    assert arrows(picture(graph)) == {("a", "b"): ["Go ×12"], ("b", "a"): ["Back"]}
    assert in_dot(dot, '"a" -> "b"')["penwidth"] == "2.4"
    assert in_dot(dot, '"b" -> "a"')["color"] == "#c2cad6"
    assert "<B>Go</B>" in dot
    assert "<B>Back</B>" not in dot


def test_without_counts_nothing_is_grey() -> None:
    """Exploring alone sees no runs."""
    assert "#c2cad6" not in to_dot(TURNSTILE)


def test_what_only_the_source_says_is_dashed() -> None:
    """Where other edges are known to be reachable; a graph of the source alone is not dashed."""
    could_be = an_edge("a", "Never", "c", known="static")
    mixed = to_dot(a_machine(an_edge("a", "Go", "b"), could_be))
    assert in_dot(mixed, '"a" -> "c"')["style"] == "dashed"
    assert "style" not in in_dot(mixed, '"a" -> "b"')
    assert "style" not in in_dot(to_dot(a_machine(could_be)), '"a" -> "c"')


def test_notes_and_what_is_missing_are_told_below() -> None:
    """A picture of a part says that it is one."""
    part = TURNSTILE.model_copy(update={"complete": False, "notes": ("`count` grows",)})
    assert picture(part).caption == (
        "Not complete: there may be more than is drawn.",
        "`count` grows",
    )
    assert picture(TURNSTILE).caption == ()
    assert "`count` grows" in " ".join(words(to_svg(part)))


# --- folding


def a_chain(length: int) -> StateGraph:
    steps = [f"step {number}" for number in range(1, length + 1)]
    back = an_edge(steps[-1], "Done", steps[0])
    return a_machine(*(an_edge(a, "Next", b) for a, b in pairwise(steps)), back)


def test_a_picture_that_can_be_read_is_not_folded() -> None:
    """Twenty-nine states are drawn as they are."""
    assert a_chain(29).view() == a_chain(29)


def test_a_long_chain_is_folded_between_its_ends() -> None:
    """Its inner states become one, with their number; the caption says so."""
    small = picture(a_chain(60).view())
    assert [(node.name, len(node.folded)) for node in small.nodes] == [
        ("step 1", 0),
        ("step 2", 0),
        ("step 3 … step 59", 57),
        ("step 60", 0),
    ]
    assert set(arrows(small)) == {
        ("step 1", "step 2"),
        ("step 2", "step 3 … step 59"),
        ("step 3 … step 59", "step 60"),
        ("step 60", "step 1"),
    }
    assert small.caption == ("60 states drawn as 4: … marks what is folded.",)
    assert "… 57 states" in words(to_svg(a_chain(60)))


def test_boxes_are_closed_when_chains_do_not_help() -> None:
    """The innermost first; what led into the box or out of it leads to its node."""
    edges = []
    for box in range(4):
        inner = [f"phase {box}/{number}" for number in range(10)]
        edges += [an_edge(a, "Go", b) for a in inner for b in inner if a != b]
        edges += [an_edge(one, "Stop", "off", border=f"phase {box}") for one in inner]
        edges.append(an_edge("off", f"Start {box}", inner[0]))
    small = picture(a_machine(*edges, initial="off").view())
    closed = [node for node in small.nodes if node.folded]
    assert len(small.nodes) <= 30
    assert [(node.title, len(node.folded)) for node in closed] == [("phase 0", 10), ("phase 1", 10)]
    assert arrows(small)["off", "phase 0"] == ["Start 0"]
    assert arrows(small)["phase 0", "off"] == ["Stop"]


def test_no_picture_is_too_large_to_be_drawn() -> None:
    """What is furthest from the initial state becomes one node; no state is lost in the count."""
    names = [f"s{number}" for number in range(400)]
    chance = random.Random(4)
    edges = [an_edge(one, f"E{i}", chance.choice(names)) for one in names for i in range(3)]
    small = picture(a_machine(*edges).view())
    assert len(small.nodes) == 29
    assert sum(len(node.folded) or 1 for node in small.nodes) == 400
    assert small.nodes[-1].title == "… further on"


# --- names


AWKWARD = [
    'lo"ck<ed> & \\N \\',
    "状態 ünïcödé",
    "two\nlines",
    "c:o;l#o{n}`%%|[*] --> x",
    "\x1b[31m\x00\udc80",
    "&lt; &amp; &#59;",
    "<B>bold</B>",
    "end",
    "node",
]


def test_awkward_names_come_through_as_they_are() -> None:
    """Quotes, brackets, backslashes and new lines are data; what has no shape is written out."""
    states = tuple(State(path=(name,)) for name in AWKWARD)
    edges = [an_edge(AWKWARD[0], name, other) for name, other in zip(AWKWARD, AWKWARD, strict=True)]
    svg = to_svg(StateGraph(states=states, transitions=tuple(edges), initial=(AWKWARD[0],)))
    found = Counter(words(svg))
    for shown in (
        'lo"ck<ed> & \\N \\',
        "状態 ünïcödé",
        "two",
        "lines",
        "c:o;l#o{n}`%%|[*] --> x",
        "\\x1b[31m\\x00\\udc80",
        "&lt; &amp; &#59;",
        "<B>bold</B>",
        "end",
        "node",
    ):
        assert found[shown] == 2, (shown, found)


def test_a_very_long_name_is_broken_and_cut() -> None:
    """And is whole in the tooltip."""
    events = "|".join(f"Event{number}" for number in range(60))
    svg = to_svg(a_machine(an_edge("idle", events, "busy")))
    shown = [text for text in words(svg) if text.startswith("Event")]
    assert max(map(len, shown)) <= 40
    assert shown[-1].endswith("…")
    assert events in svg


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=29, unique=True))
def test_any_name_can_be_drawn(names: list[str]) -> None:
    """Whatever stands in a name, Graphviz takes the DOT and the SVG is XML."""
    states = tuple(State(path=(f"s{name}",)) for name in names)
    edges = tuple(
        an_edge(states[0].name, name, one.name) for name, one in zip(names, states, strict=True)
    )
    graph = StateGraph(states=states, transitions=edges, initial=(states[0].name,))
    nodes = [
        group
        for group in ElementTree.fromstring(to_svg(graph)).iter(f"{SVG}g")
        if group.get("class") == "node"
    ]
    assert len(nodes) == len(names) + 1


@given(st.text(), st.text())
def test_different_names_are_different_nodes(one: str, other: str) -> None:
    """Writing out what cannot be drawn never makes two states one."""
    assert (node_id(one) == node_id(other)) == (one == other)


# --- SVG, PNG, and the Graphviz that there is


def test_states_and_edges_are_links_to_their_source() -> None:
    """Relative paths stay relative; a line is what follows the file."""
    assert links(to_svg(TURNSTILE)) == {"gates.py#L3", "gates.py#L4"}


def test_a_picture_names_no_folder_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths below the current folder are relative; to the picture, if its folder is known."""
    monkeypatch.chdir(tmp_path)
    at = Source(file=str(tmp_path / "src" / "gate.py"), line=7)
    edge = an_edge("idle", "Go", "idle").model_copy(update={"at": at})
    graph = a_machine(edge).model_copy(update={"notes": (f"n grows at {at}",)})
    svg = to_svg(graph)
    assert links(svg) == {"src/gate.py#L7"}
    assert f"n grows at {Path('src/gate.py')}:7" in words(svg)
    assert str(tmp_path) not in svg
    assert links(to_svg(relative_to(graph, "docs/pictures"))) == {"../../src/gate.py#L7"}
    elsewhere = at.model_copy(update={"file": str(tmp_path.parent / "gate.py")})
    far = a_machine(edge.model_copy(update={"at": elsewhere}))
    assert links(to_svg(relative_to(far, "docs"))) == {f"{Path(elsewhere.file).as_uri()}#L7"}


def test_an_svg_is_made_for_light_and_dark_pages() -> None:
    """Every colour in the drawing has its partner in the style sheet."""
    seen = a_machine(
        an_edge("a", "Go", "b/c", guard="x", outputs=("y",), seen=1),
        an_edge("b/c", "after 1s", "end", "timeout"),
        states=(a_state("end", "final"),),
    )
    svg = to_svg(seen)
    sheet, _, drawing = svg.partition("</style>")
    used = {found.lower() for found in re.findall(r'(?:fill|stroke)="(#\w+)"', drawing)}
    assert "prefers-color-scheme:dark" in sheet
    assert used
    assert {one for one in used if f'[fill="{one}"]' not in sheet} == set()


def test_a_png_is_a_picture_of_double_density() -> None:
    """Its size is in its head: twice that of the SVG, in dots."""
    png = to_png(TURNSTILE)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    (points,) = re.findall(r'<svg width="(\d+)pt"', to_svg(TURNSTILE))
    assert int.from_bytes(png[16:20], "big") == pytest.approx(int(points) * 192 / 72, abs=3)


def test_letters_are_as_wide_as_they_are() -> None:
    """A font is carried along: without any, every letter is a little square, and as wide."""
    widths = {}
    for name in ("i" * 20, "W" * 20):
        (width,) = re.findall(r'<svg width="(\d+)pt"', to_svg(a_machine(an_edge(name, "Go", name))))
        widths[name[0]] = int(width)
    assert widths["W"] > widths["i"] + 100


def _without(monkeypatch: pytest.MonkeyPatch, folder: Path, *packages: str) -> None:
    """An empty path, and packages that cannot be imported by a new Python process."""
    for package in packages:
        (folder / f"{package}.py").write_text("raise ImportError('none here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PATH", str(folder))


def test_without_any_graphviz_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a `dot` on the path nor the wheel."""
    _without(monkeypatch, tmp_path, "pygraphviz")
    with pytest.raises(NoGraphvizError) as caught:
        to_svg(TURNSTILE)
    assert "no `dot` is on the path" in str(caught.value)
    assert "none here" in str(caught.value)
    assert "pip install pygraphviz" in str(caught.value)
    assert to_dot(TURNSTILE).startswith("digraph")


def _a_dot_program(folder: Path, does: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{does}\n", encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a script with #!")
def test_a_dot_on_the_path_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one that its owner chose."""
    _without(monkeypatch, tmp_path)
    _a_dot_program(tmp_path, "print('<svg><g id=1>mine</g></svg>')")
    assert "mine" in to_svg(TURNSTILE)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a script with #!")
def test_where_the_dot_on_the_path_fails_the_wheel_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are built without PNG."""
    pytest.importorskip("pygraphviz")
    _without(monkeypatch, tmp_path)
    _a_dot_program(tmp_path, "raise SystemExit('no such format')")
    assert "locked" in words(to_svg(TURNSTILE))


# --- Mermaid


def test_mermaid_says_the_same_in_its_own_words() -> None:
    """Names are labels only; boxes, borders, final states and timeouts are kept."""
    assert to_mermaid(a_door()) == (
        "stateDiagram-v2\n"
        '    state "off" as s1\n'
        '    state "door" as c1 {\n'
        "        [*] --> s2\n"
        '        state "closed" as s2\n'
        '        state "open" as s3\n'
        "    }\n"
        "    [*] --> s1\n"
        "    s1 --> c1 : PowerOn\n"
        "    s2 --> s3 : Open\n"
        "    c1 --> s1 : PowerOff\n"
        "    c1 --> [*] : after 1h\n"
        "    s3 --> s2 : Close\n"
    )


def test_mermaid_shows_guards_outputs_counts_and_notes() -> None:
    """What would be syntax to Mermaid is written as an entity."""
    graph = a_machine(
        an_edge("idle", "Coin", "done", guard="a > 1; b", outputs=("Beep",), seen=2),
        states=(a_state("done", "final"),),
    ).model_copy(update={"complete": False, "notes": ("one: two",)})
    assert to_mermaid(graph) == (
        "stateDiagram-v2\n"
        "    direction LR\n"
        '    state "idle" as s1\n'
        '    state "done" as s2\n'
        "    s2 --> [*]\n"
        "    [*] --> s1\n"
        "    s1 --> s2 : Coin [a #62; 1#59; b] / Beep ×2\n"
        "    note right of s1\n"
        "        Not complete#58; there may be more than is drawn.\n"
        "        one#58; two\n"
        "    end note\n"
        "    classDef final stroke-width:3px\n"
        "    class s2 final\n"
        "    classDef seen fill:#cfe0fd,stroke:#1d4ed8,color:#0f172a\n"
        "    class s1 seen\n"
    )


def test_mermaid_gets_no_arrow_from_a_box_into_itself() -> None:
    """It would not draw it; so it is written from each state inside."""
    states = ("game/ready", "game/over")
    text = to_mermaid(
        a_machine(
            an_edge("off", "Begin", "game/ready"),
            an_edge("game/ready", "Lost", "game/over"),
            *(an_edge(one, "Reset", "game/over", border="game") for one in states),
        )
    )
    assert "    s2 --> s3 : Reset\n" in text
    assert "    s3 --> s3 : Reset\n" in text
    assert "c1 -->" not in text


# --- the model's own way to them


def test_a_graph_is_saved_by_the_ending_of_the_name(tmp_path: Path) -> None:
    """`.svg .png .dot .mmd .json`."""
    begin = {}
    for ending in ("svg", "png", "dot", "mmd", "json"):
        path = TURNSTILE.save(tmp_path / f"turnstile.{ending}")
        begin[ending] = path.read_bytes()[:5]
    assert begin == {
        "svg": b"<?xml",
        "png": b"\x89PNG\r",
        "dot": b"digra",
        "mmd": b"state",
        "json": b'{\n  "',
    }


def test_a_graph_gives_its_text() -> None:
    """Every format that is text."""
    assert TURNSTILE.text("dot") == to_dot(TURNSTILE)
    assert TURNSTILE.text("mermaid") == to_mermaid(TURNSTILE)
    assert set(writers) >= {"dot", "svg", "png", "mermaid", "mmd", "json"}
    with pytest.raises(ValueError, match="png is not text"):
        TURNSTILE.text("png")


@pytest.mark.parametrize("first", ["flowlet.export", "flowlet.introspect"])
def test_the_formats_are_known_whichever_is_imported_first(first: str) -> None:
    """The two packages import each other, and neither minds the order."""
    code = f"import {first}; from flowlet.introspect.model import writers; print(*writers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = {"dot", "html", "json", "mermaid", "mmd", "plantuml", "png", "puml", "svg"}
    assert set(done.stdout.split()) >= known
