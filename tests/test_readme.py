"""What the README shows is what happens: its programs and its commands are run.

Each `python` block is a program of its own, and a `text` block right after it is what it prints.
In a `console` block the lines that begin with `$` are commands, and the others what they print;
they run where the programs left their files.  A picture in docs/pictures must be the one that the
program of its name draws (`make pictures` draws them anew).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PICTURES = ROOT / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    line: int
    text: str
    output: str | None

    def __str__(self) -> str:
        return f"line {self.line}"


def read_blocks() -> list[Block]:
    fences = list(re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
    blocks = []
    for fence, after in zip(fences, [*fences[1:], None], strict=True):
        prints = after and after[1] == "text" and not README[fence.end() : after.start()].strip()
        line = README.count("\n", 0, fence.start()) + 2
        blocks.append(Block(fence[1], line, fence[2], after[2] if after and prints else None))
    return blocks


BLOCKS = read_blocks()
PROGRAMS = [block for block in BLOCKS if block.language == "python"]
COMMANDS = [
    line.removeprefix("$ ")
    for block in BLOCKS
    if block.language == "console"
    for line in block.text.splitlines()
    if line.startswith("$ ")
]


def run(command: Sequence[str | Path], folder: Path) -> str:
    """Run a command as a user would, in `folder`; return what it prints."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def file_name(program: Block) -> str:
    """Return the name that the README gives to the file: that of its first actor function."""
    defined = re.search(r"^def (\w+)", program.text, re.MULTILINE)
    return f"{defined[1] if defined else 'program'}.py"


def written(program: Block, folder: Path) -> Path:
    path = folder / file_name(program)
    path.write_text(program.text, "utf-8")
    return path


def words_of(picture: Path) -> list[str]:
    """Return what can be read in a picture, whatever version of Graphviz laid it out."""
    texts = ElementTree.parse(picture).iter(f"{SVG}text")
    return sorted("".join(text.itertext()) for text in texts)


def assert_picture(drawn: Path) -> None:
    """Assert that a picture is the one that the README shows, or make it so."""
    shown = PICTURES / drawn.name
    if os.environ.get("UPDATE_PICTURES"):
        shutil.copy(drawn, shown)
    assert f"docs/pictures/{drawn.name}" in README
    assert words_of(drawn) == words_of(shown), "if it is meant to look so: make pictures"


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_program_of_the_readme_runs_and_prints_what_it_says(
    program: Block, tmp_path: Path
) -> None:
    """Who pastes a block of the README into a file can run it."""
    printed = run([sys.executable, written(program, tmp_path)], tmp_path)
    assert printed == (program.output or "")


@pytest.mark.parametrize("program", [p for p in PROGRAMS if "draw(" in p.text], ids=str)
def test_a_picture_of_the_readme_is_what_its_program_draws(program: Block, tmp_path: Path) -> None:
    """The picture that stands below a program is the one that the program draws."""
    run([sys.executable, written(program, tmp_path)], tmp_path)
    drawn = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert drawn
    for name in drawn:
        assert_picture(tmp_path / name)


def test_the_demo_prints_and_draws_what_the_readme_shows(tmp_path: Path) -> None:
    """What stands below `make demo` is some of what it prints; its picture is the one it draws."""
    shown = re.search(r"^\$ make demo\n(.*?)^\$ ", README, re.MULTILINE | re.DOTALL)
    assert shown
    command = [sys.executable, "-m", "examples.tcp", "examples/tcp/capture.pcap"]
    printed = run([*command, "--out", tmp_path], ROOT).splitlines()
    expected = [line for line in shown[1].splitlines() if line != "…"]
    assert [line for line in expected if line not in printed] == []
    assert_picture(tmp_path / "tcp.svg")


def test_the_pictures_of_the_readme_are_there_and_show_no_machine() -> None:
    """Every picture that the README shows is in the repository, without a path of its maker."""
    shown = re.findall(r"docs/pictures/[\w.-]+", README)
    assert shown
    for name in shown:
        assert str(Path.home()) not in (ROOT / name).read_text("utf-8", errors="replace")
        assert "/tmp" not in (ROOT / name).read_text("utf-8", errors="replace")


def test_the_readme_links_to_files_that_are_there() -> None:
    """A link within the repository leads somewhere."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (ROOT / link).exists()] == []


# What a test cannot run: these need a network, or would run this test again.
def is_make(words: list[str]) -> bool:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return words[0] == "make" and all(
        re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:]
    )


def is_install(words: list[str]) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    allowed = {".", project["name"]}
    allowed |= {f"{name}[{e}]" for name in allowed for e in project["optional-dependencies"]}
    return words[:2] == ["pip", "install"] and words[2:] != [] and set(words[2:]) <= allowed


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_can_be_typed(command: str, tmp_path: Path) -> None:
    """A command runs; `make` and `pip install`, which need a network, name what there is."""
    words = shlex.split(command)
    if words[0] in {"make", "pip"}:
        assert is_make(words) or is_install(words)
        return
    if words[0] == "flowlet" and not (Path(sys.executable).parent / "flowlet").exists():
        pytest.skip("flowlet is not installed in this environment, only on its path")
    for program in PROGRAMS:
        written(program, tmp_path)
    run(words, tmp_path if words[0] == "flowlet" else ROOT)
