"""Completion in a shell: targets are found without running any code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowlet.tools.completion import complete_target, rejoin

ROOT = Path(__file__).parents[2]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with modules; to import one of them is an error."""
    source = (
        "from functools import partial\n"
        "def door(): ...\ndef dormer(): ...\ndef _hinge(): ...\nclass Roof: ...\n"
        "north = partial(door)\n"
        "raise SystemExit('was imported')\n"
    )
    (tmp_path / "house.py").write_text(source, encoding="utf-8")
    (tmp_path / "hotel").mkdir()
    (tmp_path / "hotel" / "__init__.py").write_text("def lobby(): ...\n", encoding="utf-8")
    (tmp_path / "hotel" / "lift.py").write_text("def lift(): ...\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def (\n", encoding="utf-8")
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("begun", "completed"),
    [
        ("h", ["hotel/", "house.py:"]),
        ("hou", ["house.py:door", "house.py:dormer", "house.py:north"]),
        ("house.py:do", ["house.py:door", "house.py:dormer"]),
        ("house:n", ["house:north"]),
        ("hotel/", ["hotel/__init__.py:", "hotel/lift.py:"]),
        ("hotel/l", ["hotel/lift.py:lift"]),
        ("hotel.lift:", ["hotel.lift:lift"]),
        ("hotel:", ["hotel:lobby"]),
        ("broken.py:", []),
        ("nothing:", []),
        ("no/such/", []),
        ("", ["broken.py:", "hotel/", "house.py:"]),
    ],
)
def test_targets_are_completed(house: Path, begun: str, completed: list[str]) -> None:
    """Folders and files first; where there is one file, its functions."""
    assert complete_target(begun) == completed


def test_the_word_that_bash_has_cut_is_one_again() -> None:
    """It cuts at each colon; other shells and other words are left alone."""
    asked = {
        "_FLOWLET_COMPLETE": "complete_bash",
        "COMP_WORDS": "flowlet\nrun\nhouse.py\n:\ndoor\n--cl",
        "COMP_CWORD": "5",
    }
    rejoin(asked)
    assert (asked["COMP_WORDS"], asked["COMP_CWORD"]) == ("flowlet\nrun\nhouse.py:door\n--cl", "3")
    zsh = {"_FLOWLET_COMPLETE": "complete_zsh", "COMP_WORDS": "a\n:\nb", "COMP_CWORD": "2"}
    before = dict(zsh)
    rejoin(zsh)
    assert zsh == before


SCRIPT = """
eval "$({flowlet} --show-completion bash)"
flowlet() {{ {flowlet} "$@"; }}
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_flowlet_completion {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("flowlet gr", ["graph"]),
        ("flowlet graph hou", ["house.py:door", "house.py:dormer", "house.py:north"]),
        ("flowlet graph house.py : do", ["door", "dormer"]),
        ("flowlet actors hotel.lift :", ["lift"]),
        ("flowlet run house.py : door --cl", ["--clock"]),
    ],
)
def test_bash_completes(house: Path, words: str, completed: list[str]) -> None:
    """By the script that `--show-completion` prints; after a colon bash wants only the rest."""
    program = house / "program"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m flowlet.tools.cli "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    script = SCRIPT.format(flowlet=program, program=program, words=words)
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split() == completed, done.stderr
