"""The small examples: each tells its story as it is written beside it, and draws its machine."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from flowlet import explore
from tests.commands import example

ROOT = Path(__file__).parents[1]
SMALL = sorted(path.stem for path in (ROOT / "examples").glob("*.out"))

#: Of each machine: unique states, terminal states, transitions, and the states as they are drawn.
COUNTS = {
    "turnstile": (2, 0, 2, ["locked", "unlocked"]),
    "traffic_light": (4, 0, 5, ["green/for sure", "green/unless asked", "yellow", "red"]),
    "vending_machine": (11, 0, 38, ["idle", "paid", "pouring"]),
    "door": (5, 0, 10, ["locked", "unlocked", "open/free", "open/held", "alarm"]),
}


def test_these_are_all() -> None:
    """An example without its expected output, or without its counts, is not finished."""
    programs = {path.stem for path in (ROOT / "examples").glob("[!_]*.py")} - {"verbs"}
    assert set(SMALL) == programs == set(COUNTS)


@pytest.mark.parametrize("name", SMALL)
def test_run_tells_the_story_that_is_beside_it(name: str, tmp_path: Path) -> None:
    """Time does not pass while it is told."""
    done = example(name, "run", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "examples" / f"{name}.out").read_text("utf-8")


@pytest.mark.parametrize("name", SMALL)
def test_graph_draws_it(name: str, tmp_path: Path) -> None:
    """Every edge is listed, and the picture is where the last line says."""
    done = example(name, "graph", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    *edges, last = done.stdout.splitlines()
    assert last == f"drawn in out/{name}.svg"
    assert "<svg" in (tmp_path / "out" / f"{name}.svg").read_text("utf-8")
    machine = explore(getattr(importlib.import_module(f"examples.{name}"), name)).graph
    assert {tuple(edge.split(" -- ")[0:1]) for edge in edges} == {
        (edge.source,) for edge in machine.transitions
    }
    assert len(edges) == len(machine.transitions)


@pytest.mark.parametrize("name", SMALL)
def test_exploring_it_is_complete(name: str) -> None:
    """Its states and transitions are counted, to the last."""
    x = explore(getattr(importlib.import_module(f"examples.{name}"), name))
    assert x.complete is True
    assert (x.unique_states, x.terminal_states, x.transitions, x.graph.names()) == COUNTS[name]


@pytest.mark.parametrize("name", SMALL)
def test_without_a_verb_it_says_which_there_are(name: str, tmp_path: Path) -> None:
    """A wrong one is an error."""
    done = example(name, folder=tmp_path)
    assert done.returncode == 0
    assert "run " in done.stdout
    assert "graph " in done.stdout
    assert example(name, "dance", folder=tmp_path).returncode == 2


def test_conditions_stand_on_the_edges() -> None:
    """The vending machine's data decides, and the picture says how."""
    module = importlib.import_module("examples.vending_machine")
    guards = {
        (edge.event, edge.target): edge.guard
        for edge in explore(module.vending_machine).graph.transitions
        if edge.event == "Choose"
    }
    assert guards == {
        ("Choose", "paid"): "credit < PRICES[drink]",
        ("Choose", "pouring"): "credit >= PRICES[drink]",
    }


def test_the_time_limit_of_the_door_stands_round_all_that_is_open() -> None:
    """One `until`, drawn once from the border of the box."""
    module = importlib.import_module("examples.door")
    graph = explore(module.door).graph
    alarm = [edge for edge in graph.transitions if edge.target == "alarm"]
    assert {(edge.source, edge.event, edge.border) for edge in alarm} == {
        ("open/free", "after 30s", "open"),
        ("open/held", "after 30s", "open"),
    }
