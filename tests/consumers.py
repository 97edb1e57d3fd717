"""Programs that are not ours and run machines: python-statemachine for SCXML, XState for its own.

Each is a `Runner`: it is given a graph as text, says where the machine stands, which events would
take it on, and what it has given out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

import pytest
from statemachine.io.scxml.processor import SCXMLProcessor

from flowlet.export import to_scxml, to_xstate
from flowlet.introspect import StateGraph

ROOT = Path(__file__).parents[1]
#: Where `make node` installs what runs under Node.
NODE = Path(os.environ.get("FLOWLET_NODE", ROOT / ".node")).resolve()

SCXML = "{http://www.w3.org/2005/07/scxml}"
OURS = "{urn:flowlet}"


class Runner(Protocol):
    """A machine that somebody else runs."""

    #: What it gave out as it began.
    given: list[str]

    @property
    def state(self) -> str:
        """The state's true name."""
        ...

    @property
    def offers(self) -> dict[str, str]:
        """What would take the machine on: the events' true names, each with what is sent for it."""
        ...

    def send(self, event: str) -> list[str]:
        """Let the machine take an event; what it has given out."""
        ...


class Scxml:
    """python-statemachine, given SCXML."""

    def __init__(self, graph: StateGraph) -> None:
        text = to_scxml(graph, timers=False)
        self.elements = {
            element.attrib["id"]: element
            for element in ElementTree.fromstring(text).iter()
            if "id" in element.attrib
        }
        processor = SCXMLProcessor()
        processor.parse_scxml("machine", text)
        with self._listening() as given:
            self.machine = processor.start()
        self.given = given

    @contextlib.contextmanager
    def _listening(self) -> Iterator[list[str]]:
        """What is logged, which python-statemachine prints: `output: 'emit 1'`."""
        given: list[str] = []
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            yield given
        for line in printed.getvalue().splitlines():
            given.append(ast.literal_eval(line.removeprefix("output: ")))

    @property
    def active(self) -> list[ElementTree.Element]:
        """The states that it is in, the innermost first."""
        ids = sorted(self.machine.configuration_values, key=lambda one: one.count("."))
        return [self.elements[one] for one in reversed(ids)]

    @property
    def state(self) -> str:
        return self.active[0].attrib[f"{OURS}state"]

    @property
    def offers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for element in self.active:
            for edge in element.findall(f"{SCXML}transition"):
                if "event" in edge.attrib:
                    found.setdefault(edge.attrib[f"{OURS}on"], edge.attrib["event"])
        return found

    def send(self, event: str) -> list[str]:
        with self._listening() as given:
            self.machine.send(event)
        return given


class Node:
    """XState under Node; one process for all machines."""

    def __init__(self) -> None:
        command = ["node", str(ROOT / "tests" / "node" / "xstate.cjs"), str(NODE)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request, and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        assert "error" not in said, said
        return dict(said)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class XState:
    """XState, given its JSON."""

    def __init__(self, node: Node, graph: StateGraph) -> None:
        self.node = node
        self.config = json.loads(to_xstate(graph))
        self.by_id = dict(_states(self.config))
        # XState takes a time that it has no number for as one of zero.
        named = [
            delay
            for state in self.by_id.values()
            for delay in state.get("after", {})
            if not delay.isdigit()
        ]
        self.said = node.ask(config=self.config, delays=dict.fromkeys(named, 1000))
        self.given = self._given()

    def _given(self) -> list[str]:
        return [f"{kind} {params['text']}" for kind, params in self.said["actions"]]

    @property
    def active(self) -> list[dict[str, Any]]:
        """The states that it is in, the innermost first."""
        ids = sorted(self.said["states"], key=lambda one: str(one).count("/"))
        return [self.by_id[one] for one in reversed(ids)]

    @property
    def state(self) -> str:
        return str(self.active[0]["meta"]["name"])

    @property
    def offers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for state in self.active:
            for event, edges in state.get("on", {}).items():
                found.setdefault(edges[0]["meta"]["event"], event)
            for delay, edges in state.get("after", {}).items():
                event = f"xstate.after.{delay}.{state['id']}"
                found.setdefault(edges[0]["meta"]["event"], event)
        return found

    def send(self, event: str) -> list[str]:
        self.said = self.node.ask(event=event)
        return self._given()


def _states(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield config["id"], config
    for state in config.get("states", {}).values():
        if "id" in state:
            yield from _states(state)


def why_no_node() -> str:
    """Why XState cannot be run here; nothing if it can."""
    if shutil.which("node") is None:
        return "there is no node here, to run XState"
    if not (NODE / "node_modules" / "xstate").is_dir():
        return "XState is not here: make node installs it"
    return ""


@contextlib.contextmanager
def xstate_or_skip() -> Iterator[Node]:
    """XState under Node; without it the test is skipped, and the reason printed."""
    if why := why_no_node():
        pytest.skip(why)
    node = Node()
    try:
        yield node
    finally:
        node.close()


def plain(name: str) -> str:
    """A state of an unfolded graph as people call it, without its number."""
    return re.sub(r"/#\d+$", "", name)
