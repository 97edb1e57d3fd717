"""The page of the command line shows what the commands print.

`UPDATE_SCREENS=1` writes the screens anew.  Times and rates are no two times the same, so `…`
stands for each number of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from flowlet.tools import answers

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command_line.md"


def run(line: str, folder: Path) -> str:
    """What a line prints that is typed into a shell."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "flowlet"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m flowlet.tools.cli "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            "PYTHONDONTWRITEBYTECODE": "1",  # a file is changed within a second
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout
    timed = re.sub(r"[\d.]+ s, [\d,]+ states a second", "… s, … states a second", done.stdout)
    return "".join(f"{part.rstrip()}\n" for part in timed.splitlines())


def test_the_screens_of_the_page(tmp_path: Path) -> None:
    """Each line that is typed prints what stands below it, one after another in one folder."""
    text = PAGE.read_text("utf-8")
    program = re.search(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert program
    (tmp_path / "barrier.py").write_text(program[1], encoding="utf-8")

    def screen(block: re.Match[str]) -> str:
        typed = [line for line in block[1].splitlines() if line.startswith("$ ")]
        shown = "".join(f"{line}\n{run(line.removeprefix('$ '), tmp_path)}" for line in typed)
        return f"```console\n{shown}```"

    anew = re.sub(r"^```console\n(.*?)^```$", screen, text, flags=re.MULTILINE | re.DOTALL)
    if os.environ.get("UPDATE_SCREENS"):
        PAGE.write_text(anew, encoding="utf-8")
    assert anew == text


def test_the_page_names_every_field_of_an_answer() -> None:
    """The table of `--json` has each model with its fields."""
    text = PAGE.read_text("utf-8")
    models = {
        "graph": None,
        "explore": answers.ExploreAnswer,
        "check": answers.CheckAnswer,
        "run": answers.TraceLine,
        "paths": answers.PathsAnswer,
        "diff": answers.DiffAnswer,
        "coverage": answers.CoverageAnswer,
        "actors": answers.RunAnswer,
    }
    for command, model in models.items():
        for name, field in model.model_fields.items() if model else ():
            shown = field.serialization_alias or name
            (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", text, re.MULTILINE)
            assert f"`{shown}`" in row, (command, shown)
