"""`flowlet graph`: a picture for the asking, and errors that say what to do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet


def refused(flowlet: Flowlet, *arguments: str) -> str:
    """The message of a command that was refused: no traceback, nothing on the standard output."""
    said = flowlet("graph", *arguments)
    assert (said.code, said.out) == (2, ""), said
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err
    return said.err.removeprefix("error: ")


# --- what it makes


def test_a_system_is_drawn_with_its_actors_side_by_side(flowlet: Flowlet, folder: Path) -> None:
    """A function that takes the dispatcher spawns them; nobody sends them anything here."""
    said = flowlet("graph", "gates:office", "-o", "office.mmd")
    assert said.code == 0
    assert "locked | locked" in (folder / "office.mmd").read_text("utf-8")


def test_a_function_of_a_module_is_drawn_and_told(flowlet: Flowlet, folder: Path) -> None:
    """Without `-o` the picture goes to NAME.svg here, and the edges to the terminal."""
    said = flowlet("graph", "gates:turnstile")
    assert said.code == 0
    assert said.out.startswith("turnstile: 2 states, 2 edges\n")
    rows = [line.split() for line in said.out.splitlines()]
    assert ["locked", "Coin", "unlocked"] in rows
    assert ["unlocked", "Push", "locked"] in rows
    assert said.out.endswith("written: turnstile.svg\n")
    assert "locked</text>" in (folder / "turnstile.svg").read_text("utf-8")


def test_a_function_that_waits_nowhere_is_told(flowlet: Flowlet, folder: Path) -> None:
    """It is drawn all the same; there is only no machine in it."""
    (folder / "plain.py").write_text("def add():\n    return 1 + 1\n", encoding="utf-8")
    said = flowlet("graph", "plain.py:add")
    assert said.code == 0
    assert said.out.startswith(
        "add: 1 state, 0 edges\n"
        "It waits nowhere, and where it waits are its states: let it call receive(), sleep() or "
    )
    assert "It waits nowhere" not in flowlet("graph", "gates:turnstile").out


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("out.svg", b"<?xml"),
        ("out.png", b"\x89PNG"),
        ("out.dot", b"digraph"),
        ("out.mmd", b"stateDiagram-v2"),
        ("out.json", b"{"),
    ],
)
def test_the_ending_says_the_format(
    flowlet: Flowlet, folder: Path, name: str, begins: bytes
) -> None:
    """A file of Python is as good as a module."""
    said = flowlet("graph", "gates.py:turnstile", "-o", name)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f"written: {name}\n")
    assert (folder / name).read_bytes().startswith(begins)


def test_a_graph_can_be_piped(flowlet: Flowlet) -> None:
    """With `-o -` the graph alone is on the standard output; what is said goes to the other."""
    said = flowlet("graph", "gates:turnstile", "-o", "-", "--format", "json")
    edges = json.loads(said.out)["transitions"]
    assert {(edge["source"], edge["event"], edge["target"]) for edge in edges} == {
        ("locked", "Coin", "unlocked"),
        ("unlocked", "Push", "locked"),
    }
    assert said.err.startswith("turnstile: 2 states, 2 edges\n")
    assert flowlet("graph", "gates:turnstile", "-o", "-").out.startswith("digraph")


def test_links_are_relative_to_the_picture(flowlet: Flowlet, folder: Path) -> None:
    """So that they work where the picture is shown."""
    (folder / "docs").mkdir()
    flowlet("graph", "gates:turnstile", "-o", "docs/gate.svg")
    svg = (folder / "docs" / "gate.svg").read_text("utf-8")
    assert set(re.findall(r'href="([^"#]*)#L\d+"', svg)) == {"../gates.py"}
    assert str(folder) not in svg


def test_the_events_can_be_given(flowlet: Flowlet) -> None:
    """A list in the same module: then no other values are missing."""
    assert "may have more values" in flowlet("graph", "gates:till").out
    assert "may have more values" not in flowlet("graph", "gates:till", "--events", "offered").out


def test_what_is_behind_dots_is_found(flowlet: Flowlet, folder: Path) -> None:
    """Static methods, and functions whose arguments are bound."""
    assert flowlet("graph", "gates:Hall.door").code == 0
    assert (folder / "door.svg").exists()
    assert flowlet("graph", "gates:north", "-o", "north.dot").code == 0


def test_a_file_in_a_package_is_a_module_of_it(flowlet: Flowlet, folder: Path) -> None:
    """Its relative imports work."""
    package = folder / "building" / "doors"
    package.mkdir(parents=True)
    (folder / "building" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "events.py").write_text((folder / "gates.py").read_text("utf-8"), encoding="utf-8")
    (package / "main.py").write_text("from .events import turnstile", encoding="utf-8")
    said = flowlet("graph", "building/doors/main.py:turnstile")
    assert (said.code, said.err) == (0, "")


def test_a_file_may_be_called_as_a_known_module(flowlet: Flowlet, folder: Path) -> None:
    """`select.py` of a restaurant does not replace Python's."""
    import select as pythons

    (folder / "select.py").write_text((folder / "gates.py").read_text("utf-8"), encoding="utf-8")
    assert flowlet("graph", "select.py:turnstile").code == 0
    assert sys.modules["select"] is pythons


def test_what_is_cut_off_is_told(flowlet: Flowlet) -> None:
    """A machine whose data has no bound ends, and says what grows."""
    said = flowlet("graph", "gates:counter")
    assert said.code == 0
    assert "Not complete: there may be more than was found.\n" in said.out
    assert "passed grows very far at gates.py:" in said.out
    assert "unique states, data told apart" in said.out


def test_exploring_stops_at_max_states(flowlet: Flowlet) -> None:
    """And says that it did."""
    assert "stopped after 10 states" in flowlet("graph", "gates:counter", "--max-states", "10").out


def test_help_and_version() -> None:
    """In a process of its own, as `python -m`: the options are told, and which flowlet it is."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "flowlet.tools.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    told = run("graph", "--help")
    assert {one for one in ("--output", "--format", "--events", "--max-states") if one in told} == {
        "--output",
        "--format",
        "--events",
        "--max-states",
    }
    assert "graph" in run("--help")
    assert re.match(r"flowlet[ ,]", run("--version"))


def test_importing_flowlet_imports_no_terminal() -> None:
    """typer and rich are for the command alone."""
    code = (
        "import flowlet, sys; print({'typer', 'rich', 'graphviz', 'pygraphviz'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_format_that_is_registered_is_offered(flowlet: Flowlet) -> None:
    """The help is made of the registry, so that a new exporter is told at once."""
    from flowlet.introspect.model import writers

    told = re.sub(r"[\s│]+", " ", flowlet("graph", "--help").out)
    assert all(f".{one}" in told for one in writers)


def test_one_actor_of_a_system_is_drawn(flowlet: Flowlet, folder: Path) -> None:
    """By its name; a name that nobody has is told beside those that there are."""
    said = flowlet("graph", "museum:museum", "--actor", "gate", "-o", "gate.mmd")
    assert said.out.startswith("gate: 2 states, 3 edges\n")
    message = refused(flowlet, "gates:office", "--actor", "nord")
    assert "'nord'" in message
    assert "north, south" in message


def test_a_picture_is_opened(
    flowlet: Flowlet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the machine opens pictures with; a text is not opened."""
    import typer

    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    assert flowlet("graph", "gates:turnstile", "-o", "gate.svg", "--open").code == 0
    assert opened == [str(folder / "gate.svg")]
    assert "--open shows a picture" in refused(flowlet, "gates:turnstile", "-o", "a.dot", "--open")


# --- errors that a person can act on


def test_no_such_module(flowlet: Flowlet) -> None:
    """With those that are called alike."""
    message = refused(flowlet, "gats:turnstile")
    assert message.startswith("there is no module 'gats'. Did you mean gates")


def test_no_such_file(flowlet: Flowlet) -> None:
    """With those that are called alike, and the ending if it was left out."""
    assert (
        refused(flowlet, "gate.py:turnstile")
        == "there is no file gate.py. Did you mean gates.py?\n"
    )
    assert refused(flowlet, "./gates:turnstile") == "gates is no file. Did you mean gates.py?\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1\nint('y')\n", "ValueError: invalid literal for int() with base 10: 'y'"),
        ("import json\njson.loads('{')\n", "json.decoder.JSONDecodeError: "),
        ("x = 1\ndef f(:\n", "SyntaxError: "),
        ("x = 1\nimport nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_"),
        ("x = 1\nraise SystemExit(3)\n", "SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("place", ["broken", "broken.py"])
def test_a_module_that_fails_itself(
    flowlet: Flowlet, folder: Path, place: str, source: str, told: str
) -> None:
    """The user's error in one line, and the user's own line."""
    (folder / "broken.py").write_text(source, encoding="utf-8")
    first, second, third = refused(flowlet, f"{place}:f").splitlines()
    assert first == f"{place} fails when it is imported:"
    assert second.startswith(f"  {told}")
    assert third == "  at broken.py:2"


def test_no_such_name(flowlet: Flowlet) -> None:
    """With the functions that there are."""
    assert refused(flowlet, "gates:turnstyle") == (
        "there is no 'turnstyle' in gates. Did you mean turnstile? "
        "Functions there: turnstile, till, gate, north, counter, later, one_by_one, office.\n"
    )
    assert refused(flowlet, "gates:Hall.dor") == (
        "there is no 'dor' in gates:Hall. Did you mean door?\n"
    )


def test_no_name_at_all(flowlet: Flowlet) -> None:
    """The form is told."""
    assert refused(flowlet, "gates").startswith(
        "'gates' names no function. Give gates:NAME. Functions there: turnstile,"
    )
    assert refused(flowlet, ":turnstile") == (
        "':turnstile' names no module. Give MODULE:NAME or FILE.py:NAME.\n"
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("price", "gates:price is no function but int. Functions there: turnstile,"),
        ("Coin", "gates:Coin is a class, not a function. Functions there: turnstile,"),
        ("functools", "gates:functools is a module, not a function."),
        ("later", "gates:later is an async function."),
        ("one_by_one", "gates:one_by_one is a generator."),
    ],
)
def test_not_an_actor_function(flowlet: Flowlet, name: str, told: str) -> None:
    """It is said what it is instead."""
    assert refused(flowlet, f"gates:{name}").startswith(told)


def test_a_function_that_needs_arguments(flowlet: Flowlet) -> None:
    """They are named, and how to give them."""
    assert refused(flowlet, "gates:gate") == (
        "gates:gate needs arguments: code, delay. Put a function that has them into the module, "
        "and draw that:\n"
        "  drawn = functools.partial(gate, code=…, delay=…)\n"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-o", "q.jpg"), "cannot tell from the ending '.jpg' what to write: use one of .svg,"),
        (("-o", "q"), "cannot tell from a name without an ending what to write: use one of"),
        (("-o", "none/q.svg"), "there is no folder none: make it first.\n"),
        (("--format", "gif"), "cannot write 'gif': give --format one of "),
        (("--events", "price"), "--events price is no list but int: give the name of a list"),
        (("--events", "offerd"), "there is no 'offerd' in gates. Did you mean offered"),
    ],
)
def test_options_that_cannot_be_met(
    flowlet: Flowlet, folder: Path, options: tuple[str, ...], told: str
) -> None:
    """Each says what came and what would do; nothing is written."""
    assert refused(flowlet, "gates:turnstile", *options).startswith(told)
    assert [path.name for path in folder.glob("*") if path.suffix != ".py"] in ([], ["__pycache__"])


def test_a_function_that_cannot_be_explored(flowlet: Flowlet, folder: Path) -> None:
    """The message of flowlet's own error, without its traceback."""
    (folder / "odd.py").write_text(
        "import threading\n"
        "from flowlet import Event, receive\n"
        "class Go(Event): ...\n"
        "def odd():\n"
        "    lock = threading.Lock()\n"
        "    receive(Go)\n"
        "    lock.acquire()\n",
        encoding="utf-8",
    )
    assert "lock" in refused(flowlet, "odd:odd")


def test_without_graphviz_it_says_what_to_install(
    flowlet: Flowlet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And which formats need nothing."""
    (folder / "pygraphviz.py").write_text("raise ImportError('none')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    message = refused(flowlet, "gates:turnstile")
    assert "pip install pygraphviz" in message
    assert ".mmd" in message
    assert flowlet("graph", "gates:turnstile", "-o", "gate.mmd").code == 0
