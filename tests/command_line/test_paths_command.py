"""`flowlet paths`: walks that take every edge, and have been walked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.models import die_hard
from flowlet import explore
from flowlet.introspect import replay
from flowlet.introspect.walks import covering_walks
from tests import machines
from tests.command_line.test_check_command import run_tests

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet


def test_the_walks_are_told(flowlet: Flowlet) -> None:
    """With the events that do it: the third visitor is the one after whom it is swept."""
    said = flowlet("paths", "museum:gate", "--events", "Coin(5), Push")
    assert said.code == 0
    assert said.out.startswith(
        "gate: 2 paths of 13 steps take 6 edges\n"
        "   1. from locked\n"
        "      Coin(value=5)  → unlocked\n"
        "      Push()         → locked\n"
    )
    assert "      after 60s      → locked\n" in said.out


GOODS = """
import datetime
from dataclasses import dataclass
from enum import Enum, Flag
from decimal import Decimal
from flowlet import Event

class Size(Enum):
    small = 1
    large = 2

class Pen(Flag):
    RED = 1
    BLUE = 2

@dataclass(frozen=True)
class Spot:
    x: int

class Order(Event):
    size: Size
    sizes: tuple[Size, ...] = (Size.large,)
    pen: Pen = Pen.RED | Pen.BLUE
    price: Decimal = Decimal("-1.50")
    spot: Spot = Spot(-2)
    most: float = float("-inf")
    due: datetime.date = datetime.date(2026, 2, 28)
    tags: frozenset[str] = frozenset()
    turn: complex = 1 - 2j

examples = {"pen": [Pen.RED | Pen.BLUE]}
"""
SHOP = """
from flowlet import receive
from goods import Order, examples

def shop():
    while True:
        order = receive(Order, at="open")
        if order.size.value == 2:
            receive(Order, at="busy")
"""


def test_an_event_of_a_walk_can_be_sent_as_it_stands(flowlet: Flowlet, folder: Path) -> None:
    """Whatever its fields are, and wherever their types come from."""
    (folder / "goods.py").write_text(GOODS, encoding="utf-8")
    (folder / "corner.py").write_text(SHOP, encoding="utf-8")
    listed = [
        line.split("  → ")[0].strip()
        for line in flowlet("paths", "corner:shop", "--examples", "examples").out.splitlines()
        if "  → " in line
    ]
    assert any("size=Size.large, sizes=(Size.large,), pen=Pen(3)" in line for line in listed)
    sent = flowlet("run", "corner:shop", *listed, "--json")
    assert sent.code == 0, sent.err
    steps = [json.loads(line) for line in sent.out.splitlines()[:-1]]
    assert [step["text"] for step in steps if step["event"] == "Order"] == listed


@pytest.mark.parametrize("target", ["museum:gate", "museum:crowd", "museum:till", "museum:toss"])
def test_a_test_is_made_of_them(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool], target: str
) -> None:
    """It passes; it fails when a state is called otherwise."""
    said = flowlet("paths", target, "--pytest", "test_paths.py")
    assert said.out.endswith("written: test_paths.py\n")
    assert passes("test_paths.py")
    renamed = ('"locked"', '"shut"'), ('"open"', '"ready"'), ("toss():", "toss():\n    pause()")
    for before, after in renamed:
        source = (folder / "museum.py").read_text("utf-8")
        (folder / "museum.py").write_text(source.replace(before, after), encoding="utf-8")
    assert not passes("test_paths.py")


def test_events_given_by_hand_are_in_the_test(flowlet: Flowlet, folder: Path) -> None:
    """They are not among those that replaying would try, so the test makes them."""
    events = "Coin(77), Ticket('day', Hall.WEST, name='it\\'s me'), Push"
    flowlet("paths", "museum:gate", "--events", events, "--pytest", "test_paths.py")
    text = (folder / "test_paths.py").read_text("utf-8")
    assert "from museum import Coin, Hall, Ticket, gate\n" in text
    assert "Coin(value=77)" in text
    done = run_tests(folder / "test_paths.py")
    assert done.returncode == 0, done.stdout


def test_a_walk_that_no_code_can_tell_is_left_out_and_told(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool]
) -> None:
    """The others are there."""
    (folder / "odd.py").write_text(
        "from flowlet import Event, receive\n"
        "def thing():\n    class Odd(Event): ...\n    return Odd\n"
        "Go = thing()\n"
        "Go.__qualname__ = 'thing.<locals>.Odd'\n"
        "class Go2(Event):\n    n: int = 0\n"
        "offered = [Go(), Go2(7)]\n"
        "def odd():\n    receive(Go, Go2, at='here')\n",
        encoding="utf-8",
    )
    said = flowlet("paths", "odd:odd", "--events", "offered", "--pytest", "test_odd.py")
    assert said.code == 0
    assert passes("test_odd.py")


def test_a_program_gets_them_as_json(flowlet: Flowlet) -> None:
    """Each step with the line that `replay` takes."""
    answer = json.loads(flowlet("paths", "museum:museum", "--json").out)
    assert (answer["complete"], answer["edges"]) == (True, 4)
    assert answer["paths"][0][0] == {
        "line": "gate: Coin(value=5) from ann",
        "event": "gate: Coin(value=5) from ann",
        "to": "unlocked | visitor",
    }


def test_a_file_that_is_there_is_kept(refused: Callable[..., str], folder: Path) -> None:
    """Unless it is said."""
    (folder / "test_paths.py").write_text("mine", encoding="utf-8")
    message = refused("paths", "museum:gate", "--pytest", "test_paths.py")
    assert message.endswith("give another name, or --force to replace it.\n")
    assert (folder / "test_paths.py").read_text("utf-8") == "mine"


def test_a_test_in_another_folder_finds_the_module(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool]
) -> None:
    """It says at its top where that is; beside the module it needs not."""
    (folder / "checks").mkdir()
    flowlet("paths", "museum:toss", "--pytest", "checks/test_paths.py")
    text = (folder / "checks" / "test_paths.py").read_text("utf-8")
    assert 'sys.path.insert(0, str((HERE / "..").resolve()))\n' in text
    assert passes("checks/test_paths.py")
    flowlet("paths", "museum:toss", "--pytest", "test_paths.py", "--force")
    assert "sys.path" not in (folder / "test_paths.py").read_text("utf-8")


def test_a_module_that_no_test_can_import(refused: Callable[..., str], folder: Path) -> None:
    """A file that is called as one of Python's own: it is said what to do."""
    (folder / "select.py").write_text((folder / "gates.py").read_text("utf-8"), encoding="utf-8")
    message = refused("paths", "select.py:turnstile", "--pytest", "test_paths.py")
    assert "call the file otherwise" in message


# --- the walks themselves -----------------------------------------------------------------


MACHINES = [machines.turnstile, machines.session, machines.checkout]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda fn: fn.__name__)
def test_walks_take_every_edge_and_can_be_replayed(machine: Callable[[], Any]) -> None:
    """What a walk says is what happens."""
    explored = explore(machine)
    found = covering_walks(explored)
    taken = {(step.source, step.label, step.target) for walk in found.walks for step in walk}
    assert taken == {edge.triple for edge in explored.graph.transitions}
    for walk in found.walks:
        standing = replay(machine, walk)
        assert [walk[-1].target] == ["/".join(actor.state) for actor in standing.view.actors]


def test_every_branch_of_the_code_is_walked() -> None:
    """Three kinds of events are taken, each in two ways, and all lead back to the one state."""
    found = covering_walks(explore(die_hard.jugs))
    assert (found.edges, found.branches) == (3, 6)
    walked = {str(step.event) for walk in found.walks for step in walk}
    assert walked == {
        f"{done}(jug='{jug}')" for done in ("Fill", "Empty", "PourFrom") for jug in ("small", "big")
    }
