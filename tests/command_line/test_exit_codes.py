"""How commands end: the codes are documented where people look, and kept."""

from __future__ import annotations

import gc
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowlet import FlowletError
from flowlet.tools import cli
from flowlet.tools.exits import MEANING, Exit, ending_well

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet

PAGE = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text("utf-8")
COMMANDS = [command.name for command in cli.app.registered_commands]


def test_each_code_has_its_meaning() -> None:
    """And no other."""
    assert set(MEANING) == set(Exit)


def test_the_page_and_the_help_tell_them(flowlet: Flowlet) -> None:
    """In the same words."""
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE))
    assert rows == {str(int(code)): what for code, what in MEANING.items()}
    told = re.sub(r"\s+", " ", flowlet("--help").out)
    for code, what in MEANING.items():
        assert f"{code:d} {what}" in told


def test_the_page_tells_of_every_command() -> None:
    """Under a heading of its own, in the order of the help."""
    headings = re.findall(r"^## `flowlet (\w+)", PAGE, re.MULTILINE)
    assert headings == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(flowlet: Flowlet, command: str) -> None:
    """And without arguments it shows that, instead of an error."""
    said = flowlet(command, "--help")
    assert said.code == 0
    assert "For example: " in said.out
    assert "Usage: flowlet" in flowlet(command).out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_target_that_is_not_there_is_wrong_use(flowlet: Flowlet, command: str) -> None:
    """Whatever the command: one message, and no traceback."""
    more = ["trace.jsonl"] if command == "coverage" else []
    said = flowlet(command, "nothing_of_that_name:fn", *more)
    assert (said.code, said.out) == (Exit.WRONG_USE, "")
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err


def test_an_option_that_is_not_there_is_wrong_use(flowlet: Flowlet) -> None:
    """As typer tells it."""
    assert flowlet("graph", "gates:turnstile", "--colour").code == Exit.WRONG_USE
    assert flowlet("grap", "gates:turnstile").code == Exit.WRONG_USE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FlowletError("x"), Exit.WRONG_USE),
        (PermissionError("x"), Exit.WRONG_USE),
        (KeyboardInterrupt(), Exit.STOPPED),
    ],
)
def test_what_becomes_of_an_error(error: BaseException, code: Exit) -> None:
    """Each ends with its code."""

    def command() -> None:
        raise error

    with pytest.raises(Exception) as ended:  # noqa: PT011  # typer's own is not public
        ending_well(command)()
    assert getattr(ended.value, "exit_code", None) == code


def test_the_end_is_not_held_up_by_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would look through all states for garbage once more."""
    at_the_end: list[object] = []
    monkeypatch.setattr("atexit.register", at_the_end.append)
    monkeypatch.setattr("sys.argv", ["flowlet", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    assert at_the_end == [gc.freeze]


def test_a_fault_of_flowlet_keeps_its_traceback(
    flowlet: Flowlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be reported, and is told apart from a wrong use."""
    import flowlet.tools.explore as command

    monkeypatch.setattr(command, "variables_of", None)
    said = flowlet("explore", "gates:turnstile")
    assert said.code == Exit.FAULT
    assert "TypeError: 'NoneType' object is not callable" in said.err
    assert "This is a fault of flowlet itself; please report it" in said.err
