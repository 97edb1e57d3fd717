"""`flowlet run`: a machine at work, told line by line, and written as a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet

ROOT = Path(__file__).parents[2]


def test_an_actor_is_fed_with_events(flowlet: Flowlet) -> None:
    """Each step: when, what came, where that led, and what came out; mail that nobody takes too."""
    said = flowlet("run", "museum:gate", "Coin(2)", "Coin(5)", "wait 4", "Push", "Push")
    assert said.code == 0
    assert said.out == (
        "    0.00  locked\n"
        "    0.00  Coin(value=2)  → locked\n"
        '            emit "2 is too little"\n'
        "    0.00  Coin(value=5)  → unlocked\n"
        "    4.00  Push()  → locked\n"
        "    4.00  Push()  thrown away in locked\n"
        "    4.00  waiting: gate in locked; thrown away: 1\n"
    )


def test_a_system_runs_until_nothing_can_happen(flowlet: Flowlet) -> None:
    """Each line says whose step it is."""
    said = flowlet("run", "museum:museum")
    assert said.code == 0
    assert said.out == (
        "    0.00  gate  locked\n"
        "    0.00  ann   visitor\n"
        "            send Coin(value=5) to gate\n"
        "    0.00  gate  Coin(value=5)  → unlocked\n"
        "    0.00  ann   looking round  → end\n"
        "            send Push() to gate\n"
        "    0.00  ann   has ended\n"
        "    0.00  gate  Push()  → locked\n"
        "    0.00  nothing more can happen; waiting: gate in locked\n"
    )


def test_events_come_from_a_file(flowlet: Flowlet, folder: Path) -> None:
    """A step a line, as text or as JSON, with comments; the standard input is `-`."""
    lines = (
        "# a morning\n"
        '{"event": "Ticket", "fields": {"kind": "day", "hall": "west", "name": "ann"}}\n'
        "\n"
        '{"wait": 3}\n'
        "Push\n"
        '{"event": "Coin", "fields": {"value": 5}, "to": "gate"}\n'
        "wait 11\n"
    )
    (folder / "morning.txt").write_text(lines, encoding="utf-8")
    said = flowlet("run", "museum:gate", "--events", "morning.txt")
    assert said.code == 0
    assert 'emit Ticket(kind="day", hall=Hall.WEST, name="ann")\n' in said.out
    assert "   13.00  after 10s  → locked\n" in said.out
    assert flowlet("run", "museum:gate", "--events", "-", typed=lines).out == said.out


def test_events_are_the_name_of_a_list_or_the_events(flowlet: Flowlet) -> None:
    """As for the commands that explore; what is typed behind comes after them."""
    listed = flowlet("run", "museum:gate", "--events", "morning").out
    assert listed == flowlet("run", "museum:gate", "--events", "Coin(5), Push").out
    assert listed == flowlet("run", "museum:gate", "--events", "Coin(5)", "Push").out


def test_mail_is_for_an_actor_by_name(flowlet: Flowlet) -> None:
    """The one that is alone needs none."""
    said = flowlet("run", "gates:office", "north: Coin(5)", "south: Coin(5)", "north: Push")
    lines = [line.split()[1:] for line in said.out.splitlines()]
    assert ["north", "Coin(value=5)", "→", "unlocked"] in lines
    assert lines[-2] == ["north", "Push()", "→", "locked"]


def test_mail_that_is_kept_is_told(flowlet: Flowlet) -> None:
    """A porter who rests hears nothing: what is sent to him stays, and is there when he wakes."""
    said = flowlet("run", "museum:porter", "Push", "wait 2", "Coin")
    assert said.out == (
        "    0.00  resting\n"
        "    0.00  Push()  is kept in resting\n"
        "    2.00  Coin(value=1)  is kept in resting\n"
        "    2.00  the steps are done; waiting: porter in resting; kept: 2\n"
    )
    said = flowlet("run", "museum:porter", "Push", "wait 5")
    assert said.out.endswith(
        "    5.00  after 5s  → at the door\n"
        "    5.00  Push()  → end\n"
        "    5.00  has ended\n"
        "    5.00  nobody waits\n"
    )


def test_time_passes_until_a_moment(flowlet: Flowlet) -> None:
    """`--until` ends what would go on for ever; time is virtual, so it takes none."""
    said = flowlet("run", "museum:lights", "--until", "7200.5")
    assert said.code == 0
    assert " 7200.00  lamp  after 2s  → dark\n" in said.out
    assert said.out.endswith(" 7200.50  the time is up; waiting: lamp in dark\n")


def test_the_moment_is_counted_from_the_beginning(flowlet: Flowlet) -> None:
    """What the steps have waited is part of it; one that lies behind is now."""
    for until, end in ("5.5", "5.50"), ("1", "3.00"):
        said = flowlet("run", "museum:gate", "Coin(5)", "wait 3", "--until", until)
        assert said.out.splitlines()[-1] == f"    {end}  the time is up; waiting: gate in unlocked"


def test_real_time_takes_its_time(flowlet: Flowlet, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real clock a run waits; seconds count from its beginning."""
    from flowlet import RealClock

    waited: list[float] = []
    plain = RealClock.wait_until

    def wait_until(clock: RealClock, when: float | None) -> None:
        assert when is not None
        waited.append(when - clock.now())
        plain(clock, clock.now())

    monkeypatch.setattr(RealClock, "wait_until", wait_until)
    said = flowlet("run", "museum:gate", "Coin(5)", "wait 0.02", "Push", "--clock", "real")
    assert waited
    assert max(waited) <= 0.02
    assert "Push()  → locked" in said.out


def test_the_same_seed_gives_the_same_run(flowlet: Flowlet) -> None:
    """And among a few seeds both sides of a coin come up."""
    tossed = {seed: flowlet("run", "museum:toss", "--seed", seed).out for seed in "0123456789"}
    assert tossed["7"] == flowlet("run", "museum:toss", "--seed", "7").out
    assert {"heads" in out for out in tossed.values()} == {True, False}
    assert flowlet("run", "museum:toss", "--seed", "a word").code == 0


def test_a_run_that_fails_answers_no(flowlet: Flowlet) -> None:
    """With the error and the user's line, on the standard error."""
    said = flowlet("run", "museum:till", "Coin(3)")
    assert said.code == 1
    assert "fails with OSError: 3 must never be booked by a simulator\n" in said.out
    assert said.err.startswith("OSError: 3 must never be booked by a simulator\n  at museum.py:")


def test_a_trace_is_written(flowlet: Flowlet, folder: Path) -> None:
    """A line of JSON for each step; `--json` prints the same lines, and where all stand at last."""
    command = ("run", "museum:museum", "--trace", "seen.jsonl")
    flowlet(*command)
    lines = (folder / "seen.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[2]) == {
        "kind": "step",
        "time": 0.0,
        "actor": "gate",
        "function": "gate",
        "from": "locked",
        "event": "Coin",
        "text": "Coin(value=5)",
        "to": "unlocked",
        "outputs": [],
    }
    printed = flowlet(*command, "--json").out.splitlines()
    assert printed[:-1] == lines
    end = json.loads(printed[-1])
    assert (end["kind"], end["why"], end["time"]) == ("run", "nothing more can happen", 0.0)
    assert [actor["name"] for actor in end["actors"]] == ["gate", "ann"]
    assert end["actors"][0] == {
        "name": "gate",
        "alive": True,
        "state": "locked",
        "accepts": ["Coin", "Ticket"],
        "waits_for": "takes Coin, Ticket",
        "where": end["actors"][0]["where"],
        "discarded": 0,
        "result": None,
        "error": "",
    }
    assert end["actors"][0]["where"].startswith(str(folder / "museum.py:"))


def test_ctrl_c_stops_between_two_steps(folder: Path) -> None:
    """A run that comes to no rest says where everybody is, and ends with 130."""
    running = subprocess.Popen(
        [sys.executable, "-m", "flowlet.tools.cli", "run", "museum:restless"],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    seen = [running.stdout.readline() for _ in range(3)]
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert seen[1] == "    0.00  pause  → restless\n"
    assert out.endswith("    0.00  stopped by Ctrl-C; waiting: restless in restless\n")
    assert (running.returncode, err) == (130, "")


def test_a_reader_may_have_seen_enough(folder: Path) -> None:
    """`flowlet run … | head` is no error."""
    running = subprocess.Popen(
        [sys.executable, "-m", "flowlet.tools.cli", "run", "museum:restless"],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    watch = threading.Timer(60, running.kill)
    watch.start()
    err = running.stderr.read()
    running.stderr.close()
    assert (running.wait(), err) == (0, "")
    watch.cancel()


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            ("Coin(5",),
            "cannot read 'Coin(5' as an event ('(' was never closed). Events there: Coin",
        ),
        (("Con(5)",), "there is no event 'Con'. Did you mean Coin? Events there: Coin(value: int"),
        (("Coin(5, 6)",), "Coin(value: int = 1) does not take that: Coin takes 1 fields by posi"),
        (("Coin('x')",), "Coin(value: int = 1) does not take that: value: Input should be a valid"),
        (("Coin(helper('x'))",), "there is no event 'helper'. "),
        (("Coin(__import__('os').getpid())",), "in an event there may be literals and events, no"),
        (("Coin(**{'value': 5})",), 'in an event there may be literals and events, not "Coin(**'),
        (("Coin(*[5])",), "in an event there may be literals and events, not 'Coin(*[5])'."),
        (("[Coin(n) for n in (1, 2)]",), "in an event there may be literals and events, not "),
        (("Ticket('day', Hall.NORTH)",), "there is no NORTH in Hall: give one of EAST, WEST."),
        (("Ticket('day', Hall('up'))",), "Hall is an Enum: give one of EAST, WEST"),
        (("wait ten",), "wait takes seconds, zero or more, not 'ten': wait 2.5"),
        (("wait -1",), "wait takes seconds, zero or more, not '-1': wait 2.5"),
        (('{"event": "Coin", "fields": 5}',), 'an event in JSON is {"event": "Coin", "fields": '),
        (('{"event": "Coin", ',), '\'{"event": "Coin",\' is no JSON: '),
        (("--events", "no.txt"), "there is no file no.txt: give one that is there.\n"),
        (("--events", "night"), "there is no file night, and as a name: there is no 'night' in m"),
        (("--events", "helper"), "--events helper is no list but function: give the name of a"),
        (("--trace", "no/a.jsonl"), "there is no folder no: make it first.\n"),
    ],
)
def test_what_cannot_be_sent(
    refused: Callable[..., str], steps: tuple[str, ...], told: str
) -> None:
    """Each says what came and what would do, before anything runs; nothing is evaluated."""
    assert refused("run", "museum:gate", *steps).startswith(told)


def test_a_line_of_a_file_that_cannot_be_read(refused: Callable[..., str], folder: Path) -> None:
    """Its number is told."""
    (folder / "morning.txt").write_text("Coin\n\nPull\n", encoding="utf-8")
    message = refused("run", "museum:gate", "--events", "morning.txt")
    assert message.startswith("morning.txt, line 3: there is no event 'Pull'. Did you mean ")


@pytest.mark.parametrize(
    ("target", "step", "told"),
    [
        ("museum:gate", "west: Push", "there is no actor 'west'; there are gate.\n"),
        ("gates:office", "Push", "there are several actors: write NAME: EVENT; there are north, s"),
        ("museum:museum", "ann: Push", "Push() was sent to actor 'ann', which has ended in stat"),
    ],
)
def test_nobody_is_there_for_it(flowlet: Flowlet, target: str, step: str, told: str) -> None:
    """Who is there is told; what ran until then was told as well."""
    said = flowlet("run", target, step)
    assert said.code == 2
    assert said.err.startswith(f"error: {told}")


def test_events_are_literals_of_every_kind(flowlet: Flowlet, folder: Path) -> None:
    """Numbers with a sign, lists, tuples, sets, dicts, nested models and dataclasses."""
    (folder / "things.py").write_text(
        "from dataclasses import dataclass\n"
        "from flowlet import Event, emit, receive\n"
        "@dataclass(frozen=True)\n"
        "class Point:\n    x: int\n    y: int = 0\n"
        "class Inner(Event):\n    at: Point\n"
        "class Thing(Event):\n    value: object\n"
        "def echo():\n    while True:\n        emit(receive(Thing).value)\n",
        encoding="utf-8",
    )
    values = ["-5", "1.5", "[1, (2, 3)]", "{4}", '{"a": None}', "b'x'", "Inner(at=Point(1, y=-2))"]
    said = flowlet("run", "things:echo", *(f"Thing({value})" for value in values))
    told = [line.strip() for line in said.out.splitlines() if "emit" in line]
    assert told == [
        "emit -5",
        "emit 1.5",
        "emit [1, (2, 3)]",
        "emit {4}",
        'emit {"a": None}',
        "emit b'x'",
        "emit Inner(at=Point(x=1, y=-2))",
    ]


def test_what_the_output_has_no_character_for_is_written_out(folder: Path) -> None:
    """A terminal of ASCII, and half a character of which no terminal has one, stop nothing."""
    (folder / "half.py").write_text(
        "from flowlet import Event, receive\n"
        "class Go(Event): ...\n"
        "def half():\n    receive(Go, at='half \\ud83d')\n    receive(Go, at='last')\n",
        encoding="utf-8",
    )

    def said(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "flowlet.tools.cli", *words],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    assert "1. from half \\ud83d\n      Go()  \\u2192 last\n" in said("paths", "half:half")
    lines = [json.loads(line) for line in said("run", "half:half", "Go", "--json").splitlines()]
    assert [line["to"] for line in lines[:2]] == ["half \ud83d", "last"]
