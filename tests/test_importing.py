"""Who imports flowlet to run machines pays for nothing else: the rest comes when it is used.

How long an import takes, `python -m benchmarks.importing` tells.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from flowlet import introspect

ROOT = Path(__file__).parents[1]

#: What pictures, the command line, retries and tests need; and what Python has and few use.
OTHERS = {
    "concurrent.futures", "graphviz", "html", "hypothesis", "logging", "networkx", "pygraphviz",
    "pytest", "rich", "tenacity", "typer", "webbrowser",
}  # fmt: skip
READS = {"flowlet.call_ends", "flowlet.sites", "flowlet.source", "flowlet.syntax"}
EXPLORES = {
    "flowlet.introspect.identity",
    "flowlet.introspect.product",
    "flowlet.introspect.system",
}
CHECKS = {"flowlet.introspect.faults", "flowlet.introspect.liveness"}
REHEARSES = {"flowlet.introspect.rehearsal"}
OBSERVES = {"flowlet.introspect.record"}
DRAWS = {"flowlet.export.dot", "flowlet.export.picture"}
STATIC = {"flowlet.introspect.source_graph", "flowlet.introspect.source_graph.search"}
LATER = READS | EXPLORES | CHECKS | REHEARSES | OBSERVES | DRAWS | STATIC | {"flowlet.tools"}

#: A program of one file: exploring and reading need the source.
TURNSTILE = """
import sys
from flowlet import Dispatcher, Event, receive

class Coin(Event): ...
class Push(Event): ...

def turnstile():
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")

def gate():
    while True:
        receive(Coin)
        receive(Push)
"""


def loaded(folder: Path, program: str) -> set[str]:
    """The modules that are loaded while a program runs, in a process of its own.

    What was there before is none of its doing: whoever measures coverage starts in each process.
    """
    file = folder / "program.py"
    file.write_text(
        f"import sys\nbefore = set(sys.modules)\n{program}\nprint(*sys.modules.keys() - before)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_loads_only_what_runs_machines(tmp_path: Path) -> None:
    """Neither packages for pictures and terminals, nor what explores, reads sources and draws."""
    assert loaded(tmp_path, "import sys, flowlet, flowlet.introspect") & (OTHERS | LATER) == set()


def test_a_machine_with_named_waits_runs_without_the_rest(tmp_path: Path) -> None:
    """Also where its state is asked for."""
    runs = """
with Dispatcher() as d:
    ref = d.spawn(turnstile)
    ref.send(Coin())
    d.settle()
    assert ref.state == ("unlocked",)
"""
    assert loaded(tmp_path, TURNSTILE + runs) & (OTHERS | LATER) == set()


@pytest.mark.parametrize(
    ("program", "comes"),
    [
        ("d = Dispatcher(); ref = d.spawn(gate); d.settle(); assert ref.state", READS),
        ("from flowlet import observe; d = Dispatcher(); d.spawn(turnstile); observe(d)", OBSERVES),
        ("from flowlet import explore; explore(turnstile)", EXPLORES),
        ("from flowlet.introspect import check; check(turnstile)", EXPLORES | CHECKS),
        ("from flowlet.introspect import replay; replay(turnstile, [])", REHEARSES),
        ("from flowlet.introspect import static; static(turnstile)", STATIC),
        ("from flowlet import StateGraph; StateGraph().text('dot')", DRAWS),
    ],
    ids=["name", "observe", "explore", "check", "replay", "static", "draw"],
)
def test_what_is_used_is_loaded_then(program: str, comes: set[str], tmp_path: Path) -> None:
    """So the tests above look for modules that there are."""
    assert comes - loaded(tmp_path, TURNSTILE + program) == set()


def test_a_graph_and_an_end_may_be_the_first_of_their_kind(tmp_path: Path) -> None:
    """What checks their fields is built when it is needed, and checks them."""
    first = """
from pydantic import ValidationError
from flowlet import Exited, StateGraph
graph = StateGraph.model_validate_json('{"states": [{"path": ["locked"]}], "initial": ["locked"]}')
assert graph.state("locked").name == "locked"
for kind, wrong in (StateGraph, {"staets": []}), (Exited, {"ref": 5}):
    try:
        kind(**wrong)
    except ValidationError:
        continue
    raise AssertionError(kind)
"""
    assert loaded(tmp_path, TURNSTILE + first) & LATER == set()


@pytest.mark.parametrize(
    "name", ["check", "draw", "explore", "observe", "play", "replay", "static"]
)
def test_a_call_is_not_hidden_by_the_module_of_its_name(name: str) -> None:
    """`flowlet.introspect.check` is the function, whatever has been loaded since."""
    assert not isinstance(getattr(introspect, name), ModuleType)
    assert isinstance(sys.modules[f"flowlet.introspect.{name}"], ModuleType)
