"""`flowlet coverage`: what traces took of a machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowlet import Dispatcher, observe
from flowlet.tools.targets import resolve

if TYPE_CHECKING:
    from tests.command_line.conftest import Edit, Flowlet

GATE = ("coverage", "museum:gate", "--events", "morning")


@pytest.fixture
def morning(flowlet: Flowlet, folder: Path) -> Path:
    """A trace: one visitor has gone through, and another has not."""
    flowlet("run", "museum:gate", "Coin(5)", "Push", "Coin(5)", "wait 10", "--trace", "am.jsonl")
    return folder / "am.jsonl"


def test_what_a_trace_took(flowlet: Flowlet, morning: Path) -> None:
    """With counts; and what it never did."""
    said = flowlet(*GATE, "am.jsonl")
    assert said.code == 0
    assert said.out == (
        "gate: 3 of 6 edges taken (50%), 2 of 3 states visited\n"
        "  2 × locked --Coin--> unlocked\n"
        "  1 × unlocked --Push [passed != 0]--> locked\n"
        "  1 × unlocked --after 10s [passed != 0]--> locked\n"
        "never taken:\n"
        "  unlocked --Push [passed == 0]--> sweeping\n"
        "  unlocked --after 10s [passed == 0]--> sweeping\n"
        "  sweeping --after 60s--> locked\n"
        "never visited: sweeping\n"
    )


def test_several_traces_are_taken_together(flowlet: Flowlet, morning: Path) -> None:
    """Their counts add up."""
    third = ("Coin(5)", "Push") * 3
    flowlet("run", "museum:gate", *third, "wait 60", "--trace", "pm.jsonl")
    answer = json.loads(flowlet(*GATE, "am.jsonl", "pm.jsonl", "--json").out)
    (gate,) = answer["machines"]
    assert (gate["edges_taken"], gate["edges"], gate["states_visited"]) == (5, 6, 3)
    assert answer["percent"] == 83.33
    assert [edge["event"] for edge in gate["never"]] == ["after 10s"]
    assert "  5 × locked --Coin--> unlocked\n" in flowlet(*GATE, "am.jsonl", "pm.jsonl").out


def test_too_little_is_an_answer(flowlet: Flowlet, morning: Path) -> None:
    """The threshold is a part of the edges, in percent."""
    assert flowlet(*GATE, "am.jsonl", "--fail-under", "50").code == 0
    said = flowlet(*GATE, "am.jsonl", "--fail-under", "50.5")
    assert said.code == 1
    assert said.out.endswith("50% of the edges, and not 50.5%\n")


def test_each_actor_of_a_system_is_a_machine(flowlet: Flowlet, folder: Path) -> None:
    """With what it can do in that system; `--actor` looks at one."""
    flowlet("run", "museum:museum", "--trace", "m.jsonl")
    said = flowlet("coverage", "museum:museum", "m.jsonl")
    assert said.out.startswith("gate: 2 of 3 edges taken (67%), 2 of 2 states visited\n")
    assert "ann: 1 of 1 edges taken (100%), 2 of 2 states visited\n" in said.out
    assert said.out.endswith("together: 75% of the edges\n")
    assert flowlet(
        "coverage", "museum:museum", "m.jsonl", "--actor", "ann", "--fail-under", "100"
    ).code == 0  # fmt: skip


def test_traces_of_something_else_cover_nothing(
    flowlet: Flowlet, refused: Callable[..., str], morning: Path
) -> None:
    """That is a mistake and no 0 %; beside one that is of it they do no harm."""
    flowlet("run", "museum:porter", "wait 5", "--trace", "porter.jsonl")
    (morning.parent / "empty.jsonl").touch()
    told = refused(*GATE, "porter.jsonl", "empty.jsonl")
    assert told.startswith("no line of the traces is of gate; they are of porter (porter). ")
    assert "; they are of nothing. " in refused(*GATE, "empty.jsonl")
    assert flowlet(*GATE, "porter.jsonl", "am.jsonl").out == flowlet(*GATE, "am.jsonl").out


def test_actors_of_one_function_are_one_machine(flowlet: Flowlet, folder: Path) -> None:
    """A trace of a system covers the function that its actors run."""
    flowlet("run", "museum:crowd", "--trace", "m.jsonl")
    flowlet("run", "museum:museum", "--trace", "n.jsonl")
    said = flowlet(*GATE, "m.jsonl", "n.jsonl", "--strict")
    assert said.code == 0
    assert "  2 × locked --Coin--> unlocked\n" in said.out


def test_a_saved_observation_is_a_trace(flowlet: Flowlet, folder: Path) -> None:
    """As a graph with counts, in JSON."""
    module, gate = resolve("museum:gate")
    with Dispatcher() as d:
        watched = observe(d)
        actor = d.spawn(gate)
        actor.send(module.Coin(5))
        d.settle()
        watched.graph.save("seen.json")
    said = flowlet(*GATE, "seen.json")
    assert said.out.startswith("gate: 1 of 6 edges taken (17%)")


def test_what_the_machine_cannot_do_is_told(flowlet: Flowlet, morning: Path, edit: Edit) -> None:
    """A trace from before the machine was changed; with `--strict` the answer is no."""
    edit("museum.py", '"unlocked"', '"open"')
    said = flowlet(*GATE, "am.jsonl")
    assert said.code == 0
    assert "what the machine cannot do, as it was explored:\n" in said.out
    assert "  step 1 of gate: locked --Coin--> unlocked: there is no state unlocked\n" in said.out
    assert flowlet(*GATE, "am.jsonl", "--strict").code == 1
    answer = json.loads(flowlet(*GATE, "am.jsonl", "--json").out)
    assert len(answer["machines"][0]["strays"]) == 4


def test_the_output_of_a_run_is_a_trace(flowlet: Flowlet, folder: Path) -> None:
    """`flowlet run --json` prints its lines, and one more at the end."""
    printed = flowlet("run", "museum:gate", "Coin(5)", "--json").out
    (folder / "printed.jsonl").write_text(printed, encoding="utf-8")
    assert flowlet(*GATE, "printed.jsonl").out.startswith("gate: 1 of 6 edges taken")


def test_it_is_drawn(flowlet: Flowlet, morning: Path, folder: Path) -> None:
    """With the counts; one picture shows one actor."""
    said = flowlet(*GATE, "am.jsonl", "-o", "am.dot")
    assert said.out.endswith("written: am.dot\n")
    assert "×2" in (folder / "am.dot").read_text("utf-8")
    said = flowlet("coverage", "museum:museum", "am.jsonl", "-o", "am.dot")
    assert said.code == 2
    assert said.err == "error: one picture shows one actor: give --actor with one of gate, ann.\n"


def test_what_is_no_trace(refused: Callable[..., str], folder: Path) -> None:
    """Each says what came and what would do."""
    assert refused(*GATE, "no.jsonl") == (
        "there is no trace no.jsonl: flowlet run TARGET --trace no.jsonl writes it.\n"
    )
    for text in ("locked Coin unlocked\n", "5\n", '{"kind": "step"}\n'):
        (folder / "bad.jsonl").write_text(f"\n{text}", encoding="utf-8")
        assert refused(*GATE, "bad.jsonl").startswith("bad.jsonl, line 2, is no line of a trace (")
    (folder / "bad.json").write_text('{"transitions": 5}', encoding="utf-8")
    assert refused(*GATE, "bad.json").startswith("bad.json is no saved graph (transitions: ")
    (folder / "good.jsonl").touch()
    message = refused("coverage", "museum:museum", "good.jsonl", "--actor", "bob")
    assert message == "--actor bob: there are gate, ann.\n"
