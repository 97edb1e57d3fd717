"""`flowlet actors`: the machines of a module, and who is there in a system that has run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet


def test_the_machines_of_a_module_are_listed(flowlet: Flowlet) -> None:
    """Functions that wait, and systems; not those that only compute."""
    said = flowlet("actors", "museum")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert rows[0] == ["function", "kind", "states", "edges"]
    assert ["gate", "actor", "3", "9"] in rows
    assert ["visitor", "actor", "needs", "gate"] in rows
    assert ["counter", "actor", "1", "1", "not", "complete"] in [
        line.split() for line in flowlet("actors", "gates").out.splitlines()
    ]
    assert ["museum", "system", "4", "8"] in rows
    assert "helper" not in said.out
    assert "book" not in said.out
    assert flowlet("actors", "museum.py").out == said.out


def test_a_program_gets_them_as_json(flowlet: Flowlet) -> None:
    """With the line, and with why there are no counts."""
    answer = json.loads(flowlet("actors", "gates.py", "--json").out)
    assert answer["module"] == "gates"
    by_name = {one["name"]: one for one in answer["functions"]}
    assert list(by_name) == ["turnstile", "till", "gate", "north", "counter", "office"]
    assert by_name["turnstile"] == {
        "name": "turnstile",
        "kind": "actor",
        "line": 13,
        "states": 2,
        "edges": 2,
        "complete": True,
        "problem": "",
    }
    assert by_name["gate"]["problem"] == "needs code, delay"
    assert by_name["gate"]["states"] is None
    assert by_name["north"]["states"] == 2
    assert by_name["counter"]["complete"] is False


def test_one_that_cannot_be_explored_is_told_beside_the_others(
    flowlet: Flowlet, folder: Path
) -> None:
    """In a few words."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write(
            "import threading\n"
            "def odd():\n    lock = threading.Lock()\n    receive(Push)\n    lock.acquire()\n"
        )
    said = flowlet("actors", "museum")
    (row,) = (line for line in said.out.splitlines() if line.split()[:1] == ["odd"])
    assert "lock" in row
    assert said.code == 0


def test_a_system_is_run_and_its_actors_are_listed(flowlet: Flowlet) -> None:
    """Who is where, waits for what, at which line; and what was thrown away."""
    said = flowlet("actors", "museum:crowd")
    assert said.code == 0
    assert said.out.startswith("3 actors, 1 alive, at 0 s: nothing more can happen\n")
    rows = [line.split() for line in said.out.splitlines()[1:]]
    assert rows[0] == ["actor", "state", "waits", "for", "at", "thrown", "away"]
    assert rows[1][:5] == ["gate", "locked", "takes", "Coin,", "Ticket"]
    assert rows[1][5].startswith("museum.py:")
    assert rows[1][6] == "2"
    assert rows[2] == ["ann", "end", "has", "ended"]


def test_it_is_run_until_a_moment(flowlet: Flowlet) -> None:
    """What would go on for ever is stopped there; a lone actor is a system of one."""
    said = flowlet("actors", "museum:lights", "--until", "31.5")
    assert said.out.startswith("1 actor, 1 alive, at 31.5 s: the time is up\n")
    answer = json.loads(flowlet("actors", "museum:lamp", "--until", "31.5", "--json").out)
    (lamp,) = answer["actors"]
    assert (answer["time"], answer["why"]) == (31.5, "the time is up")
    assert (lamp["name"], lamp["state"], lamp["waits_for"]) == ("lamp", "lit", "sleep")


def test_what_comes_to_no_rest_is_stopped(flowlet: Flowlet) -> None:
    """After so many steps."""
    said = flowlet("actors", "museum:restless", "--steps", "100")
    assert said.out.startswith("1 actor, 1 alive, at 0 s: stopped after 100 steps\n")


def test_one_that_has_failed_is_listed_with_its_error(flowlet: Flowlet, folder: Path) -> None:
    """And the others go on."""
    with (folder / "museum.py").open("a", encoding="utf-8") as file:
        file.write(
            "def thief():\n    raise RuntimeError('caught')\n"
            "def night(d):\n    d.spawn(thief)\n    museum(d)\n"
        )
    said = flowlet("actors", "museum:night")
    assert said.out.startswith("3 actors, 1 alive")
    assert ["thief", "RuntimeError:", "caught", "has", "failed"] in [
        line.split() for line in said.out.splitlines()
    ]


def test_where_there_is_nothing_to_list(refused: Callable[..., str], folder: Path) -> None:
    """It is said what would be."""
    (folder / "plain.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
    assert refused("actors", "plain").startswith("no function of plain waits, and none takes a di")
    assert refused("actors", "plan").startswith("there is no module 'plan'. Did you mean plain?")
    assert refused("actors", ":").startswith("give a module, as package.module, or a file")
