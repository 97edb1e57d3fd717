"""`flowlet check`: what holds, and a shortest way to where it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet

ROOT = Path(__file__).parents[2]


def run_tests(file: Path) -> subprocess.CompletedProcess[str]:
    """Run a test file as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file.name],
        cwd=file.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_holds_is_told_and_the_answer_is_yes(flowlet: Flowlet) -> None:
    """Deadlocks, crashes and what is thrown away are looked for without being asked."""
    said = flowlet("check", "gates:office")
    assert said.code == 0
    assert said.out.startswith(
        "holds  no deadlock\nholds  no crash\nholds  nothing unexpected\nall hold: 1 state, "
    )
    fewer = flowlet("check", "gates:office", "--no-unexpected", "--no-crash", "--deadlock", "no")
    assert fewer.out.startswith("all hold: ")


def test_what_fails_is_told_by_a_shortest_sequence(flowlet: Flowlet) -> None:
    """With exit code 1; the message names the option that allows it."""
    said = flowlet("check", "museum:crowd")
    assert said.code == 1
    assert "FAILS  nothing unexpected\n" in said.out
    assert "receive it there, defer it, or say --no-unexpected\n" in said.out
    way = said.out[said.out.index("does not take Coin") :].splitlines()
    assert [line.split(maxsplit=1)[1] for line in way[1:3]] == [
        "gate: Coin(value=5) from ann  → unlocked | visitor | visitor",
        "gate: Coin(value=5) from bob  → unlocked | visitor | visitor",
    ]


def test_the_steps_of_a_lone_actor_show_what_came(flowlet: Flowlet) -> None:
    """With its fields, since the data decides; and without its name, which is known."""
    said = flowlet("check", "museum:till")
    assert said.code == 1
    assert "   1. Coin(value=1)             → till/perform book\n" in said.out
    assert "   2. perform book gives False  → error: ValueError\n" in said.out


def test_predicates_are_named(flowlet: Flowlet) -> None:
    """Of each kind, in the module of the target or in another."""
    quiet = ("--no-unexpected", "--time", "ordered")
    assert flowlet("check", "museum:museum", *quiet, "--never", "gate_is_swept").code == 0
    said = flowlet("check", "museum:museum", *quiet, "--sometimes", "gate_is_swept")
    assert said.code == 1
    assert "FAILS  sometimes: gate is swept\n" in said.out
    said = flowlet("check", "museum:museum", *quiet, "--eventually", "museum:all_are_home")
    assert said.code == 0
    assert "holds  eventually: all are home\n" in said.out
    said = flowlet("check", "museum:museum", *quiet, "--always", "all_are_home")
    assert said.code == 1
    assert "always: all are home: does not hold here" in said.out


def test_a_module_lists_its_own(flowlet: Flowlet, folder: Path) -> None:
    """In dicts that are called as the arguments of `check` are, in capitals."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write('NEVER = {"the gate is open": lambda v: v["gate"].state == ("unlocked",)}\n')
    said = flowlet("check", "museum:museum", "--no-unexpected")
    assert said.code == 1
    assert "FAILS  never: the gate is open\n" in said.out
    assert flowlet("check", "museum:museum", "--no-unexpected", "--no-listed").code == 0


def test_a_listed_one_of_another_system_says_what_to_do(
    refused: Callable[..., str], folder: Path
) -> None:
    """They are checked with every target of the module."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write('NEVER = {"the gate is open": lambda v: v["gate"].state == ("unlocked",)}\n')
    message = refused("check", "museum:lights")
    assert "there is no actor 'gate'" in message
    assert "--no-listed" in message


def test_counterexamples_are_tests(flowlet: Flowlet, folder: Path) -> None:
    """They fail as long as the code does so, and pass when it is mended."""
    said = flowlet("check", "museum:till", "--pytest", "test_till.py")
    assert said.out.endswith("written: test_till.py\n")
    done = run_tests(folder / "test_till.py")
    assert done.returncode == 1, done.stdout
    assert "ValueError" in done.stdout
    source = (folder / "museum.py").read_text("utf-8")
    mended = source.replace('raise ValueError("no money")', 'emit("no money")')
    (folder / "museum.py").write_text(mended, encoding="utf-8")
    assert run_tests(folder / "test_till.py").returncode == 0


def test_several_counterexamples_are_one_file(flowlet: Flowlet, folder: Path) -> None:
    """With one import for each module, and no two tests of one name."""
    flowlet("check", "museum:crowd", "--pytest", "test_crowd.py")
    text = (folder / "test_crowd.py").read_text("utf-8")
    assert text.count("import crowd\n") == 1
    names = [line for line in text.splitlines() if line.startswith("def test_")]
    assert len(set(names)) == len(names) == 2
    assert "2 failed" in run_tests(folder / "test_crowd.py").stdout


def test_where_nothing_fails_no_test_is_written(flowlet: Flowlet, folder: Path) -> None:
    """And it is said."""
    said = flowlet("check", "gates:office", "--pytest", "test_office.py")
    assert said.out.endswith("nothing failed, so there is no test to write\n")
    assert not (folder / "test_office.py").exists()


def test_a_program_gets_it_as_json(flowlet: Flowlet) -> None:
    """The path has lines that `replay` takes."""
    said = flowlet("check", "museum:crowd", "--json")
    answer = json.loads(said.out)
    assert (said.code, answer["ok"], answer["complete"]) == (1, False, True)
    assert answer["checked"] == ["no deadlock", "no crash", "nothing unexpected"]
    first = answer["failures"][0]
    assert (first["kind"], first["name"]) == ("unexpected event", "gate does not take Coin")
    assert first["path"][0] == {
        "line": "gate: Coin(value=5) from ann",
        "event": "gate: Coin(value=5) from ann",
        "to": "unlocked | visitor | visitor",
    }


def test_what_was_not_seen_counts_if_it_is_wanted(flowlet: Flowlet) -> None:
    """Not every state was seen: that is told, and with `--complete` the answer is no."""
    said = flowlet("check", "gates:counter")
    assert said.code == 0
    assert "all hold so far: " in said.out
    assert "Not complete: what was not seen may fail.\n" in said.out
    assert flowlet("check", "gates:counter", "--complete").code == 1


@pytest.mark.parametrize("strict", [False, True])
def test_how_strict_a_deadlock_is(flowlet: Flowlet, strict: bool) -> None:
    """Who waits for mail that never comes is stuck only if that is asked."""
    said = flowlet(
        "check", "museum:museum", "--no-unexpected", *(["--deadlock", "strict"] if strict else [])
    )
    assert said.code == (1 if strict else 0)
    assert ("nothing can happen any more: gate in" in said.out) == strict


def test_what_cannot_be_checked(refused: Callable[..., str], folder: Path) -> None:
    """Each says what came and what would do."""
    assert refused("check", "museum:museum", "--always", "morning").startswith(
        "--always morning is no function but list: give a function of a view"
    )
    (folder / "test_there.py").touch()
    there = ("check", "museum:museum", "--pytest", "test_there.py")
    assert refused(*there) == (
        "test_there.py is there already: give another name, or --force to replace it.\n"
    )
    assert refused("check", "museum:museum", "--pytest", "a.txt").startswith(
        "a test is written as Python: give a.py, not a.txt."
    )


def test_a_list_that_is_none(refused: Callable[..., str], folder: Path) -> None:
    """`ALWAYS` may mean something else in a module: then it is not looked at."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write("ALWAYS = True\n")
    message = refused("check", "museum:museum")
    assert message.startswith("ALWAYS in museum is no dict of functions by name: write ALWAYS =")
    assert "--no-listed" in message


def test_a_predicate_that_fails_is_the_users_error(
    refused: Callable[..., str], folder: Path
) -> None:
    """With its line, and no traceback."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write("def broken(v):\n    return 1 / 0\n")
    message = refused("check", "museum:museum", "--never", "broken")
    assert message.startswith("ZeroDivisionError: division by zero\n  at museum.py:")
