"""`flowlet diff`: two versions of a machine, out of git or out of files."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line.conftest import Edit, Flowlet

Commit = Callable[[str], None]


@pytest.fixture
def commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Commit:
    """Commits all that is in the folder, which is a repository with one commit."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")

    def run(message: str) -> None:
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", *identity, "commit", "-q", "-m", message], check=True)

    subprocess.run(["git", "init", "-q"], check=True)
    run("first")
    return run


def test_the_working_tree_is_compared_with_the_last_commit(
    flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit
) -> None:
    """The same: 0.  Different: 1, with what is new and what is gone."""
    said = flowlet("diff", "museum:gate")
    assert said.code == 0
    assert said.out.startswith("gate: HEAD → working tree: the same machine\n")
    edit("museum.py", "after=10", "after=20")
    said = flowlet("diff", "museum.py:gate")
    assert said.code == 1
    assert said.out.startswith("gate: HEAD → working tree\n")
    assert "+ unlocked --after 20s [passed != 0]--> locked\n" in said.out
    assert "- unlocked --after 10s [passed != 0]--> locked\n" in said.out


def test_code_that_was_moved_is_the_same(
    flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit
) -> None:
    """Lines are no difference."""
    edit("museum.py", "def gate():", "x = 1\n\n\ndef gate():")
    assert flowlet("diff", "museum:gate").code == 0


def test_two_revisions_are_compared(
    flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit
) -> None:
    """As git names them; what a module imports is of its revision too."""
    (folder / "times.py").write_text("LIMIT = 10\n", encoding="utf-8")
    edit("museum.py", "after=10", "after=times.LIMIT")
    edit("museum.py", "from enum", "import times\nfrom enum")
    commit("second")
    (folder / "times.py").write_text("LIMIT = 30\n", encoding="utf-8")
    commit("third")
    (folder / "times.py").unlink()
    assert flowlet("diff", "museum:gate", "HEAD~2", "HEAD~1").code == 0
    said = flowlet("diff", "museum:gate", "HEAD~1", "HEAD", "--json")
    answer = json.loads(said.out)
    assert said.code == 1
    assert (answer["before"], answer["after"], answer["same"]) == ("HEAD~1", "HEAD", False)
    assert {edge["event"] for edge in answer["new_edges"]} == {"after 30s"}
    assert {edge["event"] for edge in answer["gone_edges"]} == {"after 10s"}
    assert answer["new_edges"][0]["from"] == "unlocked"


def test_the_repository_stays_as_it_is(
    flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit
) -> None:
    """Neither its index, nor its files, nor its worktrees."""

    def look() -> list[str]:
        commands = (["git", "status", "--short"], ["git", "worktree", "list"], ["git", "ls-files"])
        return [subprocess.check_output(command, text=True) for command in commands]

    edit("museum.py", "after=10", "after=20")
    subprocess.run(["git", "add", "museum.py"], check=True)
    edit("museum.py", "after=20", "after=30")
    (folder / "__pycache__").mkdir(exist_ok=True)
    before = look()
    assert flowlet("diff", "museum:gate", "HEAD", "-o", "../changes.svg").code == 1
    assert look() == before


def test_it_is_drawn(flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit) -> None:
    """Both in one; links lead to the files that are there."""
    edit("museum.py", "after=10", "after=20")
    said = flowlet("diff", "museum:gate", "-o", "changes.svg")
    assert said.out.endswith("written: changes.svg\n")
    svg = (folder / "changes.svg").read_text("utf-8")
    assert "after 10s" in svg
    assert "after 20s" in svg
    assert "/tmp/flowlet-" not in svg
    assert 'href="museum.py#L' in svg


def test_a_module_that_is_installed_from_the_repository(
    flowlet: Flowlet, folder: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the path from within the repository is of the revision as well."""
    package = folder / "src" / "doors"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "limit.py").write_text("LIMIT = 1\n", encoding="utf-8")
    (package / "front.py").write_text(
        "from flowlet import Event, receive\n"
        "from .limit import LIMIT\n"
        "class Knock(Event): ...\n"
        "def door():\n    receive(Knock, after=LIMIT, at='shut')\n",
        encoding="utf-8",
    )
    commit("doors")
    (package / "limit.py").write_text("LIMIT = 2\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder / "src")
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    said = flowlet("diff", "doors.front:door")
    assert said.code == 1
    assert "+ shut --after 2s--> end\n- shut --after 1s--> end\n" in said.out
    assert flowlet("diff", "../src/doors/front.py:door").code == 1


def test_a_system_and_one_of_its_actors(
    flowlet: Flowlet, folder: Path, commit: Commit, edit: Edit
) -> None:
    """What one actor does in it can be looked at alone; options are those of a search."""
    edit("museum.py", '"looking round"', '"staring"')
    assert flowlet("diff", "museum:museum").code == 1
    assert flowlet("diff", "museum:museum", "--actor", "gate").code == 0
    assert flowlet("diff", "museum:museum", "--actor", "ann", "--time", "ordered").code == 1


def test_saved_graphs_are_compared(flowlet: Flowlet, edit: Edit) -> None:
    """Without git, and without the code."""
    flowlet("graph", "museum:gate", "-o", "old.json")
    edit("museum.py", '"sweeping"', '"mopping"')
    flowlet("graph", "museum:gate", "-o", "new.json")
    said = flowlet("diff", "old.json", "new.json")
    assert said.code == 1
    assert said.out.startswith("gate: old.json → new.json\n+ state mopping\n- state sweeping\n")
    assert flowlet("diff", "old.json", "old.json").code == 0


def test_what_cannot_be_compared(
    refused: Callable[..., str], folder: Path, commit: Commit, edit: Edit
) -> None:
    """Each says what came and what would do."""
    (folder / "bad.json").write_text("{}]", encoding="utf-8")
    assert refused("diff", "old.json") == (
        "give two saved graphs: flowlet diff old.json new.json.\n"
    )
    assert refused("diff", "old.json", "new.json") == (
        "there is no file old.json: flowlet graph TARGET -o old.json writes it.\n"
    )
    assert refused("diff", "bad.json", "bad.json").startswith("bad.json is no saved graph (")
    assert refused("diff", "museum:gate", "v9").startswith("there is no revision 'v9' in ")
    assert refused("diff", "museum:gaet").startswith("at HEAD: there is no 'gaet' in museum. Did")
    (folder / "young.py").write_text("from museum import gate\n", encoding="utf-8")
    assert refused("diff", "young:gate").startswith("at HEAD: there is no module 'young'.")
    assert refused("diff", "json:loads").startswith("at HEAD: ")


def test_without_a_repository(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved graphs can be compared; and where there is no git at all."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    assert "is in no git repository: compare saved graphs" in refused("diff", "museum:gate")
    monkeypatch.setenv("PATH", "")
    assert refused("diff", "museum:gate").startswith("there is no git on the path: install it, or")
