"""Every example is accepted by whoever reads a format, and written the same each time."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.models.table import MODELS
from flowlet import StateGraph, explore
from flowlet.export import to_aldebaran, to_networkx, to_scxml, to_xstate
from flowlet.export.escaped import XML, XML_FIRST, escaped, unescaped
from flowlet.introspect import static
from tests.consumers import Node, XState, xstate_or_skip
from tests.graphs import graph_of
from tests.test_aldebaran import read
from tests.test_run_elsewhere import MACHINES
from tests.test_scxml import loaded

ROOT = Path(__file__).parents[1]
#: Systems whose graph is small enough to be looked at by everybody.
SYSTEMS = [name for name, model in MODELS.items() if model.states <= 100]
FORMATS = ("dot", "mermaid", "plantuml", "html", "json", "scxml", "xstate", "aut")


@functools.cache
def graphs_of(name: str) -> list[StateGraph]:
    """What there is of an example: the graph for people, the unfolded one, what the source says."""
    if name in MODELS:
        model = MODELS[name]
        x = explore(model.system, **model.options)
        return [x.graph, x.unfolded]
    machine = MACHINES[name]
    x = explore(machine.actor, events=machine.events, time="ordered")
    return [x.graph, x.unfolded, static(machine.actor)]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with xstate_or_skip() as node:
        yield node


@pytest.mark.parametrize("name", [*MACHINES, *SYSTEMS])
def test_every_example_is_read_by_all(name: str) -> None:
    """SCXML by python-statemachine, times included; Aldebaran by the reader; networkx has it."""
    for graph in graphs_of(name):
        loaded(to_scxml(graph))
        read(to_aldebaran(graph))
        made = to_networkx(graph)
        assert made.number_of_nodes() == len(graph.states)
        assert made.number_of_edges() == len(graph.transitions)


@pytest.mark.parametrize("name", [*MACHINES, *SYSTEMS])
def test_every_example_is_taken_by_xstate(name: str, node: Node) -> None:
    """And begins where the actor does, or its system."""
    for graph in graphs_of(name):
        machine = XState(node, graph)
        first = {edge.target for edge in graph.transitions if edge.source in graph.initial}
        assert machine.state in first | set(graph.initial)


def test_a_file_is_written_as_its_ending_says(tmp_path: Path) -> None:
    """The longest that is known: `.xstate.json` is not `.json`."""
    graph = graph_of("a Go b")
    for name, text in {
        "x.scxml": to_scxml(graph),
        "x.xstate.json": to_xstate(graph),
        "X.v1.XSTATE.JSON": to_xstate(graph),
        "xstate.json": graph.text("json"),
        "x.json": graph.text("json"),
        "x.aut": to_aldebaran(graph),
    }.items():
        assert graph.save(tmp_path / name).read_text("utf-8") == text
    with pytest.raises(ValueError, match=r"give one of .*aut.*scxml.*xstate"):
        graph.save(tmp_path / "x.xls")


def test_a_format_is_the_same_in_every_process() -> None:
    """Whatever the order of sets and hashes there."""
    assert digests_elsewhere("1") == digests_elsewhere("4711")


def digests() -> dict[str, str]:
    """Of each example and format: what its bytes come to."""
    return {
        f"{name} {place} {format}": hashlib.sha256(graph.text(format).encode()).hexdigest()
        for name in MACHINES
        for place, graph in enumerate(graphs_of(name))
        for format in FORMATS
        if format != "html" or place == 0  # a page is laid out, which takes long
    }


def digests_elsewhere(seed: str) -> dict[str, str]:
    program = "import json; from tests.test_formats import digests; print(json.dumps(digests()))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@given(st.text())
def test_an_escaped_name_is_an_identifier_and_can_be_read_back(name: str) -> None:
    """So no two names become one."""
    identifier = escaped(name, XML, XML_FIRST)
    assert all(XML.match(char) for char in identifier)
    assert XML_FIRST.match(identifier)
    assert unescaped(identifier) == name


@pytest.mark.parametrize("name", ["_x0041_", "_x_", "_xwait", "_", "x", "__x", "_xx", "1_x"])
def test_a_name_that_looks_escaped_is_another_one(name: str) -> None:
    """An underscore before an x is escaped itself."""
    assert unescaped(escaped(name, XML, XML_FIRST)) == name
    assert not escaped(name, XML, XML_FIRST).startswith("_xw")
