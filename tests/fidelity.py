"""How each format shows each thing that a graph can say: the table of docs/formats.md.

`FORMATS` has an entry for each format.  To add one, or to show one thing more, is a line here: what
it is called in the table, and a pattern that the text has with the feature and does not have
without it.  Where the format has no word for a thing, the pattern is that of the note which says
so.  What has no entry, or whose pattern does not tell the two texts apart, is lost; and that is an
error unless it stands in `LOST`, where it stays until it is mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from flowlet import StateGraph
from flowlet.export import to_networkx
from tests.features import Feature, features


@dataclass(frozen=True)
class Shown:
    """By what a feature is recognised; `how` is what the table says."""

    how: str
    pattern: str
    is_note: bool = False


def noted(how: str, pattern: str) -> Shown:
    """The format has no word for it, and the text says so."""
    return Shown(how, pattern, is_note=True)


@dataclass(frozen=True)
class Format:
    """A format by its name: how it is written, and how it shows each feature."""

    write: Callable[[StateGraph], str]
    shows: Mapping[str, Shown]


def text(name: str) -> Callable[[StateGraph], str]:
    return lambda graph: graph.text(name)


def networkx_text(graph: StateGraph) -> str:
    made = to_networkx(graph)
    parts = [made.graph, *made.nodes(data=True), *made.edges(data=True)]
    return "\n".join(map(repr, parts))


FORMATS: dict[str, Format] = {
    "dot": Format(
        text("dot"),
        {
            "initial state": Shown("a dot with an arrow", r'"\\\(start\)" -> "locked"'),
            "composite state": Shown("a box", r'subgraph "cluster online"'),
            "regions": Shown("boxes side by side", r'"cluster both/left"'),
            "history": Shown("H* in a circle", r'label="H\*"'),
            "final state": Shown("a double ring", r"peripheries"),
            "end by an error": Shown("red", r"#dc4c43"),
            "event label": Shown("at the arrow", r">let go<"),
            "guard": Shown("in brackets", r">\[coin.value &gt; 2\]<"),
            "action": Shown("after a slash", r"/ emit &#x27;tea"),
            "entry and exit": Shown(
                "at the arrows in and out", r"(?s)emit &#x27;bright.*emit &#x27;d"
            ),
            "after edge": Shown("`after 5s`", r">after 5s<"),
            "named delay": Shown("its name", r">patience<"),
            "eventless edge": Shown("a thin arrow", r'"passed" -> "second" \[arrowhead'),
            "internal edge": Shown("inside the state", r"(?s)<HR/>.*?>Late<"),
            "child's end": Shown("at the arrow", r">Exited<"),
            "deferred set": Shown("inside the state", r"(?s)>Late<.*?>/ defer<"),
            "active state": Shown("dark blue", r"#2563eb"),
            "edge from a border": Shown("from the box", r'ltail="cluster online"'),
            "source link": Shown("a link", r'URL="tests/features.py#L\d+"'),
            "evidence": Shown("a count, colours, a legend", r"×1"),
            "change": Shown("green and red", r"#15803d"),
            "what is not complete": Shown("a caption", r"Not complete:"),
        },
    ),
    "mermaid": Format(
        text("mermaid"),
        {
            "initial state": Shown("`[*] -->`", r'(?s)"locked" as s1.*\[\*\] --> s1'),
            "composite state": Shown("`state { }`", r'state "online" as c1 \{'),
            "regions": Shown("`--` between them", r"(?m)^ *--$"),
            "history": Shown("H* at the name", r"player · H#42;"),
            "final state": Shown("`--> [*]`", r"s2 --> \[\*\]"),
            "end by an error": Shown("red", r"class s2 crash"),
            "event label": Shown("at the arrow", r": let go"),
            "guard": Shown("in brackets", r"\[coin.value #62; 2\]"),
            "action": Shown("after a slash", r"/ emit #39;tea"),
            "entry and exit": Shown(
                "at the arrows in and out", r"(?s)emit #39;bright.*emit #39;dark"
            ),
            "after edge": Shown("`after 5s`", r"after 5s"),
            "named delay": Shown("its name", r"patience"),
            "eventless edge": Shown("an arrow without text", r"(?m)s2 --> s3$"),
            "internal edge": Shown("inside the state", r"busy<br/>Late"),
            "child's end": Shown("at the arrow", r"Exited"),
            "deferred set": Shown("inside the state", r"Late / defer"),
            "active state": Shown("dark blue", r"class s1 active"),
            "source link": noted("a comment", r"%% not drawn: links to the source"),
            "edge from a border": Shown(
                "from the state that holds others", r"c1 --> \[\*\] : Late"
            ),
            "evidence": Shown("a count, colours", r"Coin ×1"),
            "change": Shown("green and red", r"class s2 new"),
            "what is not complete": Shown("a note", r"Not complete"),
        },
    ),
    "plantuml": Format(
        text("plantuml"),
        {
            "initial state": Shown("`[*] -->`", r'(?s)"locked" as s1.*\[\*\] --> s1'),
            "composite state": Shown("`state { }`", r'state "online" as c1 \{'),
            "regions": Shown("`--` between them", r"(?m)^ *--$"),
            "history": Shown("`<<history*>>`", r"<<history\*>>"),
            "final state": Shown("`--> [*]`", r"s2 --> \[\*\]"),
            "end by an error": Shown("red", r"s2 <<crash>>"),
            "event label": Shown("at the arrow", r": let go"),
            "guard": Shown("in brackets", r"\[coin.value > 2\]"),
            "action": Shown("after a slash", r"/ emit 'tea"),
            "entry and exit": Shown("at the arrows in and out", r"(?s)emit 'bright.*emit 'dark"),
            "after edge": Shown("`after 5s`", r"after 5s"),
            "named delay": Shown("its name", r"patience"),
            "eventless edge": Shown("an arrow without text", r"(?m)s2 --> s3$"),
            "internal edge": Shown("inside the state", r"(?m)^ *s1 : Late"),
            "child's end": Shown("at the arrow", r"Exited"),
            "deferred set": Shown("inside the state", r"Late / defer"),
            "active state": Shown("dark blue", r"s1 <<active>>"),
            "edge from a border": Shown("from the outer state", r"c1 --> \[\*\] : Late"),
            "source link": Shown("a link", r"\[\[tests/features.py#L\d+"),
            "evidence": Shown("a count, colours", r"Coin ×1"),
            "change": Shown("green and red", r"s2 <<new>>"),
            "what is not complete": Shown("a legend", r"Not complete"),
        },
    ),
    "html": Format(
        text("html"),
        {
            "initial state": Shown(
                "a dot; there it begins",
                r'"initial":\[0\],"active":\[\],"states":\[{"path":\["locked"',
            ),
            "composite state": Shown("a box", r'"boxes":\[\{"name":"online"'),
            "regions": Shown("boxes side by side; steps are of all", r'"name":"both/left"'),
            "history": Shown("H* in a circle, with a card", r'data-history="0"'),
            "final state": Shown("a double ring; there it ends", r'"kind":"final"'),
            "end by an error": Shown("red; there it crashes", r'"kind":"error"'),
            "event label": Shown("at the arrow", r">let go<"),
            "guard": Shown("in brackets; who steps decides", r">\[coin.value &gt; 2\]<"),
            "action": Shown("after a slash", r">/ emit 'tea'<"),
            "entry and exit": Shown("at the arrows in and out", r"(?s)/ emit 'bright.*emit 'dark"),
            "after edge": Shown("`after 5s`", r">after 5s<"),
            "named delay": Shown("its name", r">patience<"),
            "eventless edge": Shown("a thin arrow; it goes on", r'"event":"","kind":"eventless"'),
            "internal edge": Shown("inside the state", r'"of":\["node",0\],"edges":\[\d'),
            "child's end": Shown("at the arrow", r">Exited<"),
            "deferred set": Shown(
                "inside the state, and its card", r'"event":"Late","kind":"internal",.*?\["defer"'
            ),
            "active state": Shown("dark blue; there it begins", r'class="node active"'),
            "edge from a border": Shown("from the box", r'"ends":\["online"'),
            "source link": Shown("a link in the card", r'"url":"tests/features.py#L\d+"'),
            "evidence": Shown("a count, colours, switches", r">×1<"),
            "change": Shown("green and red, switches", r'"change":"new"'),
            "what is not complete": Shown("a note", r"Not complete:"),
        },
    ),
    "scxml": Format(
        text("scxml"),
        {
            "initial state": Shown("`initial`", r'<scxml .*initial="locked"'),
            "composite state": Shown("`<state>` in `<state>`", r'<state id="online" initial='),
            "regions": Shown("`<parallel>`", r'<parallel id="both._xparallel"'),
            "history": Shown("`<history>`", r'<history .*type="deep"'),
            "final state": Shown("`<final>`", r'<final id="Terminated"'),
            "end by an error": Shown("`<final>` with `<donedata>`", r"(?s)<final.*<donedata>"),
            "event label": Shown(
                "`event`, and its true name", r'event="let_x0020_go".*:on="let go"'
            ),
            "guard": Shown(
                "`cond` on the event's data",
                r'cond="_event &amp;&amp; .*flowlet:guard',
            ),
            "action": Shown("`<log label='output'>`", r'<log label="output" expr=.*emit \'tea\''),
            "entry and exit": Shown("`<log>` of the ways in and out", r"(?s)'bright'.*'dark'"),
            "after edge": Shown("`<send delay>`, `<cancel>`", r'(?s)delay="5s"/>.*<cancel sendid='),
            "named delay": Shown("`<send delayexpr>` of a variable", r'delayexpr="time_xpatience"'),
            "eventless edge": Shown("no `event`", r'<transition target="second"'),
            "internal edge": Shown("no `target`", r'<transition event="Late" flowlet:on'),
            "child's end": Shown("`event`, marked", r'event="Exited".*kind="done"'),
            "deferred set": noted(
                "an attribute", r'(?s)cannot keep events.*flowlet:deferred="Late"'
            ),
            "edge from a border": Shown(
                "a transition of the outer state",
                r'<state id="online".*\n\s*<transition event="Late"',
            ),
            "active state": Shown("an attribute", r'flowlet:active="True"'),
            "source link": Shown("an attribute", r'flowlet:source="tests/features.py:\d+"'),
            "evidence": Shown("an attribute", r'evidence="reachable, seen 1"'),
            "change": Shown("an attribute", r'flowlet:change="new"'),
            "what is not complete": Shown("a comment", r"<!-- Not complete"),
        },
    ),
    "xstate": Format(
        text("xstate"),
        {
            "initial state": Shown("`initial`", r'\n  "initial": "locked"'),
            "composite state": Shown("`states`", r'"online": \{\s*"id": .*\n\s*"initial": "guest"'),
            "regions": Shown('`type: "parallel"`', r'"type": "parallel"'),
            "history": Shown('`type: "history"`', r'"history": "deep"'),
            "final state": Shown('`type: "final"`', r'"type": "final"'),
            "end by an error": Shown("final, with a tag", r'"tags": \[\s*"error"'),
            "event label": Shown("`on`", r'"on": \{\s*"let go"'),
            "guard": Shown("`guard`, by name", r'"guard": \{\s*"type": "coin.value > 2"'),
            "action": Shown("`actions`", r'"type": "emit",\s*"params": \{\s*"text": "\'tea\'"'),
            "entry and exit": Shown("`actions` of the ways in and out", r"(?s)'bright'.*'dark'"),
            "after edge": Shown("`after`", r'"after": \{\s*"5000"'),
            "named delay": Shown("`after`, by name", r'"after": \{\s*"patience"'),
            "eventless edge": Shown("`always`", r'"always"'),
            "internal edge": Shown("no `target`", r'"Late": \[\s*\{\s*"actions"'),
            "child's end": Shown("`on`, marked in `meta`", r'"on": \{\s*"Exited"'),
            "deferred set": noted("`meta`", r'(?s)cannot keep events.*"deferred": \[\s*"Late"'),
            "edge from a border": Shown(
                "`on` of the outer state",
                r'"initial": "guest",\s*"on": \{\s*"Late"',
            ),
            "active state": Shown("`meta`", r'"active": true'),
            "source link": Shown("`meta`", r'"source": "tests/features.py:\d+"'),
            "evidence": Shown("`meta`", r'"seen": 1'),
            "change": Shown("`meta`", r'"change": "new"'),
            "what is not complete": Shown("`description`", r'"description": "Not complete'),
        },
    ),
    "aut": Format(
        text("aut"),
        {
            "initial state": Shown("the first number", r"(?s)des \(0, .*state 0: locked"),
            "composite state": noted("in the state's name", r"state \d: online/guest"),
            "regions": noted("at the state", r"state \d: both/l \| r, .*regions name left"),
            "history": noted("at the block", r"note: block player, history deep"),
            "final state": noted("the state's kind", r"state \d: Terminated, kind final"),
            "end by an error": noted(
                "the state's kind", r"state \d: error: ValueError, kind error"
            ),
            "event label": Shown("the label", r'"let go"'),
            "guard": Shown("in the label", r'"Coin \[coin.value > 2\]"'),
            "action": Shown("in the label", r"\"Coin / emit 'tea'\""),
            "entry and exit": Shown("in the labels in and out", r"(?s)emit 'bright'.*emit 'dark'"),
            "after edge": Shown("the label", r'"after 5s", \d'),
            "named delay": Shown("the label", r'"patience", \d'),
            "eventless edge": Shown("`i`", r'"i"'),
            "internal edge": noted("the edge's kind", r"transition \d, kind internal"),
            "child's end": Shown("the label", r'"Exited"'),
            "deferred set": noted("at its state", r"state \d: .*deferred Late"),
            "edge from a border": noted("its border", r"transition \d, border online"),
            "active state": noted("at the state", r"state \d: locked, .*active"),
            "source link": noted("its place", r"source tests/features.py:\d+"),
            "evidence": noted("at states and edges", r"evidence reachable, seen 1"),
            "change": noted("at states and edges", r"change new"),
            "what is not complete": noted("of its own", r"note: not complete"),
        },
    ),
    "networkx": Format(
        networkx_text,
        {
            "initial state": Shown("`graph`", r"'initial': \('locked',\)"),
            "composite state": Shown("`path`", r"'path': \('online', 'guest'\)"),
            "regions": Shown("`regions`", r"'regions': \(Region\(name='left'"),
            "history": Shown("`graph`", r"history='deep'"),
            "final state": Shown("`kind`", r"'kind': 'final'"),
            "end by an error": Shown("`kind`", r"'kind': 'error'"),
            "event label": Shown("`event`", r"'event': 'let go'"),
            "guard": Shown("`guard`", r"'guard': 'coin.value > 2'"),
            "action": Shown("`outputs`", r"'outputs': \(\"emit 'tea'\",\)"),
            "entry and exit": Shown("`outputs` in and out", r"(?s)emit 'bright'.*emit 'dark'"),
            "after edge": Shown("`kind`", r"'after 5s', 'kind': 'timeout'"),
            "named delay": Shown("`kind`", r"'patience', 'kind': 'timeout'"),
            "eventless edge": Shown("`kind`", r"'kind': 'eventless'"),
            "internal edge": Shown("`kind`", r"'kind': 'internal'"),
            "child's end": Shown("`kind`", r"'kind': 'done'"),
            "deferred set": Shown("`deferred`", r"'deferred': \('Late',\)"),
            "edge from a border": Shown("`border`", r"'border': 'online'"),
            "active state": Shown("`active`", r"'active': True"),
            "source link": Shown("`source`", r"'source': Source\(file='"),
            "evidence": Shown("`evidence`", r"seen=1"),
            "change": Shown("`change`", r"'change': 'new'"),
            "what is not complete": Shown("`graph`", r"'complete': False"),
        },
    ),
    "json": Format(
        text("json"),
        {
            "initial state": Shown("`initial`", r'"initial": \[\s*"locked"'),
            "composite state": Shown("`path`", r'"path": \[\s*"online",\s*"guest"'),
            "regions": Shown("`regions`", r'"regions": \[\s*\{'),
            "history": Shown("`composites`", r'"history": "deep"'),
            "final state": Shown("`kind`", r'"kind": "final"'),
            "end by an error": Shown("`kind`", r'"kind": "error"'),
            "event label": Shown("`event`", r'"event": "let go"'),
            "guard": Shown("`guard`", r'"guard": "coin.value > 2"'),
            "action": Shown("`outputs`", r'"outputs": \[\s*"emit \'tea\'"'),
            "entry and exit": Shown("`outputs` in and out", r"(?s)emit 'bright'.*emit 'dark'"),
            "after edge": Shown("`kind`", r'"event": "after 5s",.*\n\s*.*\n\s*"kind": "timeout"'),
            "named delay": Shown("`kind`", r'"event": "patience",.*\n\s*.*\n\s*"kind": "timeout"'),
            "eventless edge": Shown("`kind`", r'"kind": "eventless"'),
            "internal edge": Shown("`kind`", r'"kind": "internal"'),
            "child's end": Shown("`kind`", r'"kind": "done"'),
            "deferred set": Shown("`deferred`", r'"deferred": \[\s*"Late"'),
            "edge from a border": Shown("`border`", r'"border": "online"'),
            "active state": Shown("`active`", r'"active": true'),
            "source link": Shown("`source`", r'"file": ".*features.py"'),
            "evidence": Shown("`evidence`", r'"seen": 1'),
            "change": Shown("`change`", r'"change": "new"'),
            "what is not complete": Shown("`complete`", r'"complete": false'),
        },
    ),
}

#: What a format drops without a word: faults that are known.
LOST: set[tuple[str, str]] = set()

Matrix = dict[tuple[str, str], Shown | None]


def matrix() -> Matrix:
    """By format and feature: how it is shown, as the two texts tell; nothing where it is lost."""
    return {
        (name, feature.name): recognised(made, feature)
        for feature in features()
        for name, made in FORMATS.items()
    }


def recognised(made: Format, feature: Feature) -> Shown | None:
    shown = made.shows.get(feature.name)
    if shown is None:
        return None
    is_there = re.search(shown.pattern, made.write(feature.graph)) is not None
    is_there_without = re.search(shown.pattern, made.write(feature.without)) is not None
    return shown if is_there and not is_there_without else None


def table(found: Matrix) -> Iterator[str]:
    """The lines of the table, as Markdown."""
    names = list(FORMATS)
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for feature in dict.fromkeys(feature for _, feature in found):
        cells = (_cell(found[name, feature]) for name in names)
        yield f"| {feature} | {' | '.join(cells)} |"


def _cell(shown: Shown | None) -> str:
    if shown is None:
        return "**lost**"
    how = shown.how.replace("|", "\\|")
    return f"*note:* {how}" if shown.is_note else how
