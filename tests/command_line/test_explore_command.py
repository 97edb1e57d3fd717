"""`flowlet explore`: how many states, and what makes them many."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowlet.tools import searching

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet


def test_the_states_are_counted(flowlet: Flowlet) -> None:
    """By identity, and as they are drawn; with the variable that makes them many."""
    said = flowlet("explore", "museum:crowd")
    assert said.code == 0
    first, drawn, _, _, variable, *_ = said.out.splitlines()
    assert first == "crowd: 54 states, 122 transitions, 2 terminal; complete"
    assert drawn == "  drawn as 8 states and 26 edges"
    assert variable.split() == ["gate.passed", "3"]


def test_a_program_gets_the_same_as_json(flowlet: Flowlet) -> None:
    """Nothing else is on the standard output."""
    answer = json.loads(flowlet("explore", "museum:crowd", "--json").out)
    assert answer.pop("seconds") > 0
    assert answer.pop("runs") > 0
    assert len(answer.pop("notes")) == 1
    assert answer == {
        "target": "museum:crowd",
        "states": 54,
        "transitions": 122,
        "terminal": 2,
        "complete": True,
        "drawn_states": 8,
        "drawn_edges": 26,
        "variables": {"gate.passed": 3},
    }


def states(flowlet: Flowlet, *arguments: str) -> int:
    """How many states there are with these options."""
    found = json.loads(flowlet("explore", *arguments, "--json").out)
    return int(found["states"])


def test_each_option_of_a_search_reaches_it(flowlet: Flowlet) -> None:
    """Each makes another number of states than without it."""
    plain = states(flowlet, "museum:crowd")
    assert states(flowlet, "museum:crowd", "--lossy") > plain
    assert states(flowlet, "museum:crowd", "--network", "unordered") != plain
    assert states(flowlet, "museum:crowd", "--time", "ordered") < plain
    assert states(flowlet, "museum:crowd", "--within", "all_are_home") == 0
    assert states(flowlet, "museum:crowd", "--symmetry", "ann,bob") < plain
    assert states(flowlet, "museum:crowd", "--max-states", "7") == 7
    assert states(flowlet, "museum:gate", "--events", "Coin(1), Push") == 1
    assert states(flowlet, "museum:porter", "--early") > states(flowlet, "museum:porter")
    assert states(flowlet, "museum:toss", "--keep", "unread") > states(flowlet, "museum:toss")
    booked = ("museum:till", "--examples", "bookings")
    assert states(flowlet, *booked) < states(flowlet, "museum:till")


def test_the_events_can_be_written(flowlet: Flowlet) -> None:
    """As in the code; a bare name is an event without fields."""
    offered = flowlet("explore", "museum:gate", "--events", "Coin(7), Push").out
    assert "complete\n" in offered.splitlines(keepends=True)[0]
    assert "may have more values" not in offered


def test_events_are_known_where_the_function_is(flowlet: Flowlet, folder: Path) -> None:
    """Also where the target is only imported, and its events are not."""
    (folder / "entrance.py").write_text("from museum import gate as door\n", encoding="utf-8")
    assert flowlet("explore", "entrance:door", "--events", "Coin(7), Push").code == 0
    assert flowlet("run", "entrance:door", "Coin(7)", "Push").code == 0


def test_it_is_drawn_as_well(flowlet: Flowlet, folder: Path) -> None:
    """`--graph` takes any format; what it writes is told on the other output with `--json`."""
    said = flowlet("explore", "museum:gate", "--graph", "gate.mmd", "--json")
    assert json.loads(said.out)["drawn_states"] == 3
    assert said.err == "written: gate.mmd\n"
    assert (folder / "gate.mmd").read_text("utf-8").startswith("stateDiagram-v2")


def test_the_notes_name_options_of_the_command_line(flowlet: Flowlet) -> None:
    """Not arguments of a function that the person has not called."""
    told = flowlet("explore", "museum:gate").out
    assert "give --examples" in told
    assert "examples=" not in told
    assert "--time ordered" in flowlet("explore", "museum:crowd").out


def test_ctrl_c_keeps_what_is_there(folder: Path) -> None:
    """It is told as not complete, and is no error."""
    (folder / "long.py").write_text(
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background\n"
        "from flowlet import Event, receive\n"
        "class Go(Event): ...\n"
        "def long():\n"
        "    n = 0\n"
        "    while n < 10**9:\n"
        "        receive(Go, at='counting')\n"
        "        n = (n * 7 + 13) % 1000003\n"
        "        if n == 13: os.kill(os.getpid(), signal.SIGINT)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "flowlet.tools.cli", "explore", "long:long"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "not complete" in done.stdout
    assert "interrupted: what was found until then" in done.stdout


ROOT = Path(__file__).parents[2]


def test_a_long_search_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, after a second, with what is known of it; a short one and a pipe have none."""
    import io

    from rich.console import Console

    screen = io.StringIO()
    bar = searching.Bar()
    bar.console = Console(file=screen, force_terminal=True, width=120)
    bar(2_000, 10)
    assert bar.shown is None
    bar.began -= 2
    bar(4_000, 1_000)
    bar.shown.refresh()  # type: ignore[attr-defined]  # mypy takes it for none still
    bar.end()
    assert "4,000 states" in screen.getvalue()
    assert "1,000 to go on from" in screen.getvalue()
    assert "Ctrl-C keeps what is there" in screen.getvalue()
    bar = searching.Bar()
    bar.console = Console(file=screen, force_terminal=False)
    bar.began -= 2
    bar(4_000, 1_000)
    assert bar.shown is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--events", "helper"), "--events helper is no list but function: give the name of a"),
        (("--events", "Coin('x')"), "Coin(value: int = 1) does not take that: value: Input"),
        (("--events", "Con(1)"), "there is no event 'Con'. Did you mean Coin? Events there: Coin("),
        (("--examples", "morning"), "--examples names a dict, such as {'charge': [250]}, and not"),
        (("--within", "morning"), "--within names a function of a view, and not a value of type"),
        (("--within", "al_are_home"), "there is no 'al_are_home' in museum. Did you mean all_are"),
        (("--graph", "no/such.svg"), "there is no folder no: make it first.\n"),
    ],
)
def test_options_that_cannot_be_met(
    refused: Callable[..., str], options: tuple[str, ...], told: str
) -> None:
    """Each says what came and what would do, before anything is explored."""
    assert refused("explore", "museum:gate", *options).startswith(told)


def test_an_option_that_typer_refuses_ends_alike(flowlet: Flowlet) -> None:
    """A network that does not exist is wrong use too."""
    said = flowlet("explore", "museum:crowd", "--network", "carrier-pigeon")
    assert said.code == 2
    assert "unordered" in said.err
