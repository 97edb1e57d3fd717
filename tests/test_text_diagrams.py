"""What Mermaid and PlantUML read: their own parsers take every diagram, whatever stands in it.

Mermaid's runs under Node, where `mermaid` and `jsdom` are installed in `.node`, or in the folder
that FLOWLET_NODE names.  PlantUML's is the `plantuml` on the path; with a `dot` it also draws.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlet import Event, emit, explore, on, parallel, race, receive, state, until
from flowlet.export import to_mermaid, to_plantuml
from flowlet.introspect import StateGraph
from flowlet.introspect.model import Evidence, Source, State, Transition
from tests.graphs import graph_of, graphs, with_counts
from tests.regions import multiplied, regions

ROOT = Path(__file__).parents[1]
NODE = Path(os.environ.get("FLOWLET_NODE", ROOT / ".node"))

needs_plantuml = pytest.mark.skipif(
    shutil.which("plantuml") is None, reason="there is no plantuml on the path"
)
needs_mermaid = pytest.mark.skipif(
    shutil.which("node") is None
    or not all((NODE / "node_modules" / name).is_dir() for name in ("mermaid", "jsdom")),
    reason=f"node, or mermaid and jsdom in {NODE.name}/node_modules, are not there",
)


class Go(Event): ...


class Off(Event): ...


class A(Event): ...


class B(Event): ...


class Tick(Event): ...


def left() -> None:
    receive(A, at="l1")
    receive(B, at="l2")


def right() -> None:
    receive(B, at="r1")
    receive(Tick, after=5, at="r2")


def side_by_side() -> None:
    receive(Go, at="idle")
    with state("on", history="deep"), until(Off), on(Go, lambda _: emit("beep")):
        parallel(left, right)


def one_in_the_other() -> None:
    def inner() -> None:
        receive(Go, at="begin")
        parallel(left, right)

    def clock() -> None:
        while True:
            receive(Tick, at="tick")
            receive(Tick, at="tock")

    with state("all"), until(Off):
        parallel(inner, clock)


def racing() -> None:
    while True:
        with state("race", defer=Off):
            race(left, right)


MACHINES = (side_by_side, one_in_the_other, racing)

AWKWARD = (
    'lo"ck<ed> & \\N \\n \\',
    "状態 ünïcödé 😀",
    "two\nlines",
    "c:o;l#o{n}`%%|[*] --> x",
    "\x1b[31m\x00\udc80",
    "&lt; &amp; &#59; <U+0041>",
    '<b>bold</b> **bold** //it// __u__ --s-- ~~w~~ ""m""',
    "'comment",
    "/' block '/",
    "@enduml",
    "!include x",
    "%date()",
    "end",
    "end note",
    "end legend",
    "state",
    "as",
    "[[link]] [H] [*]",
    "= title",
    "|a|b|",
    "* item",
    "..",
    "--",
    "<<choice>>",
    "$x",
    "-[#red]->",
)


def awkward() -> StateGraph:
    """A graph in which every text is one of those."""
    states = tuple(State(path=("box", name), source=Source(file=name, line=1)) for name in AWKWARD)
    edges = tuple(
        Transition(
            source=states[0].name,
            event=name,
            guard=name,
            outputs=(name,),
            target=other.name,
            evidence=Evidence(reachable=True),
        )
        for name, other in zip(AWKWARD, states, strict=True)
    )
    return StateGraph(
        name="\n".join(AWKWARD),
        states=states,
        transitions=edges,
        initial=(states[1].name,),
        notes=AWKWARD,
        complete=False,
    )


def some_of_each() -> dict[str, StateGraph]:
    """Graphs with everything that can be drawn, and many that were made up."""
    found = {fn.__name__: explore(fn).graph for fn in MACHINES}
    found["active"] = found["side_by_side"].highlight("on/l1 | r1")
    found["awkward"] = awkward()
    counted = with_counts(graph_of("off Go on", "on Go off", "on 'after 5s' off"), 2, 0, 1)
    found["counted"] = counted.merge(graph_of("off Never on"))
    found["compared"] = graph_of("off Go on", "on Go off").diff(graph_of("off Go on")).graph
    found["folded"] = graph_of(*(f"s{i} Go s{i + 1}" for i in range(40)))

    @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    @given(st.one_of(graphs(), regions().map(multiplied)))
    def make_up(graph: StateGraph) -> None:
        found[f"made up {len(found)}"] = graph

    make_up()
    return found


# --- what is written


def test_plantuml_says_the_same_in_its_own_words() -> None:
    """Names are labels only; regions, borders, final states, history and timeouts are kept."""
    text = to_plantuml(explore(side_by_side).graph)
    body = re.sub(r" \[\[.*?\]\]", "", text.partition("}\n")[2])
    assert body == (
        'state "idle" as s1\n'
        'state "on" as c1 {\n'
        '  state "H<U+002A>" as c1h <<history*>>\n'
        '  state "left" as c2 {\n'
        "    [*] --> s2\n"
        '    state "l1" as s2\n'
        '    state "l2" as s4\n'
        "    s2 --> s4 : A\n"
        "    s4 --> [*] : B\n"
        "  }\n"
        "  --\n"
        '  state "right" as c3 {\n'
        "    [*] --> s3\n"
        '    state "r1" as s3\n'
        '    state "r2" as s5\n'
        "    s3 --> s5 : B\n"
        "    s5 --> [*] : Tick\\nafter 5s\n"
        "  }\n"
        "}\n"
        "c1 : Go / emit 'beep'\n"
        "[*] --> s1\n"
        "s1 --> c1 : Go\n"
        "c1 --> [*]\n"
        "c1 --> [*] : Off\n"
        "@enduml\n"
    )


def test_mermaid_divides_regions() -> None:
    """Each with its beginning and its end; the mark of history stands in the title."""
    text = to_mermaid(explore(side_by_side).graph)
    assert text == (
        "stateDiagram-v2\n"
        "    %% not drawn: links to the source\n"
        '    state "idle" as s1\n'
        '    state "on · H#42; · Go / emit #39;beep#39;" as c1 {\n'
        '        state "left" as c2 {\n'
        "            [*] --> s2\n"
        '            state "l1" as s2\n'
        '            state "l2" as s4\n'
        "            s2 --> s4 : A\n"
        "            s4 --> [*] : B\n"
        "        }\n"
        "        --\n"
        '        state "right" as c3 {\n'
        "            [*] --> s3\n"
        '            state "r1" as s3\n'
        '            state "r2" as s5\n'
        "            s3 --> s5 : B\n"
        "            s5 --> [*] : Tick<br/>after 5s\n"
        "        }\n"
        "    }\n"
        "    [*] --> s1\n"
        "    s1 --> c1 : Go\n"
        "    c1 --> [*]\n"
        "    c1 --> [*] : Off\n"
    )


def test_what_leads_out_of_a_region_leaves_from_the_border_in_plantuml() -> None:
    """It lays out each region by itself; so the arrow says in which state it is left."""
    graph = explore(racing).graph
    for text in (to_plantuml(graph), to_mermaid(graph)):
        assert "c1 --> c1 : B [in left/l2]" in text
        assert "c1 --> c1 : Tick [in right/r2]" in text


def test_looks_of_plantuml() -> None:
    """Times in amber, what was seen bold, what is only read dashed, where it is now filled."""
    seen = with_counts(graph_of("off Go on", "on Go off"), 2, 0)
    text = to_plantuml(seen.merge(graph_of("off Never on")).highlight("on"))
    assert 'state "on" as s2 <<active>>' in text
    assert "s1 -[#1d4ed8,bold]-> s2 : Go ×2" in text
    timed = Transition(source="a", event="after 5s", target="b", kind="timeout")
    assert "s1 -[#b45309]-> s2 : after 5s" in to_plantuml(
        StateGraph(states=(State(path=("a",)), State(path=("b",))), transitions=(timed,))
    )


def test_states_of_plantuml_are_links_to_their_source() -> None:
    """With the place as what is shown when one points at it."""
    state_of_line = State(path=("idle",), source=Source(file="gates.py", line=3))
    text = to_plantuml(StateGraph(states=(state_of_line,), initial=("idle",)))
    assert 'state "idle" as s1 [[gates.py#L3{gates.py:3}]]' in text


@pytest.mark.parametrize("write", [to_mermaid, to_plantuml])
def test_equal_graphs_give_equal_text(write: Callable[[StateGraph], str]) -> None:
    """The order in which a graph holds its parts is of no effect, with regions neither."""
    for fn in MACHINES:
        graph = explore(fn).graph
        turned = {
            "states": tuple(reversed(graph.states)),
            "transitions": tuple(reversed(graph.transitions)),
        }
        assert write(graph.model_copy(update=turned)) == write(graph)


# --- what is read


@needs_mermaid
def test_mermaid_takes_every_diagram() -> None:
    """Those with anything in them, and those with any names."""
    assert refused_by_mermaid({"bad": "stateDiagram-v2\n    [*] -> "}).keys() == {"bad"}
    texts = {name: to_mermaid(graph) for name, graph in some_of_each().items()}
    assert refused_by_mermaid(texts) == {}


def refused_by_mermaid(texts: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        ["node", ROOT / "tests" / "node" / "mermaid.mjs", NODE.resolve()],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    refused: dict[str, str] = json.loads(done.stdout)
    return refused


@pytest.mark.slow
@needs_plantuml
def test_plantuml_takes_every_diagram(tmp_path: Path) -> None:
    """It draws them where there is a `dot`; where there is none, it only reads them."""
    (tmp_path / "bad.puml").write_text("@startuml\nstate {\n@enduml\n", encoding="utf-8")
    assert "bad.puml" in refused_by_plantuml(tmp_path)
    (tmp_path / "bad.puml").unlink()
    for number, graph in enumerate(some_of_each().values()):
        file = tmp_path / f"{number:03}.puml"
        file.write_text(to_plantuml(graph), encoding="utf-8")
    assert refused_by_plantuml(tmp_path) == ""


def refused_by_plantuml(folder: Path) -> str:
    does = ["-tsvg"] if shutil.which("dot") else ["-checkonly"]
    command = ["plantuml", "-charset", "UTF-8", *does, *sorted(map(str, folder.glob("*.puml")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return said if done.returncode or "rror" in said else ""


@needs_plantuml
@pytest.mark.skipif(shutil.which("dot") is None, reason="plantuml draws states by `dot`")
def test_awkward_names_come_through_plantuml_as_they_are(tmp_path: Path) -> None:
    """All is data and none is mark-up: what is drawn is what the names are."""
    file = tmp_path / "awkward.puml"
    file.write_text(to_plantuml(awkward()), encoding="utf-8")
    assert refused_by_plantuml(tmp_path) == ""
    svg = (tmp_path / "awkward.svg").read_text("utf-8")
    drawn = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    drawn = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), drawn).replace("\xa0", " ")
    for text, sign in {"&quot;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&"}.items():
        drawn = drawn.replace(text, sign)
    drawn = drawn.replace(" ", "")
    for name in AWKWARD:
        if name.isprintable():
            assert name.replace(" ", "") in drawn, name
