"""`flowlet play`: forward and back in time, and the session as a test."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowlet.tools.session import Answer, Deliver, Session
from flowlet.tools.steps import Send, Wait
from flowlet.tools.targets import TargetError, resolve
from tests.command_line.test_check_command import run_tests

if TYPE_CHECKING:
    from tests.command_line.conftest import Flowlet

ROOT = Path(__file__).parents[2]


def play(flowlet: Flowlet, target: str, *lines: str) -> list[str]:
    """What is on the screen after a session of these lines."""
    said = flowlet("play", target, typed="\n".join(lines))
    assert (said.code, said.err) == (0, "")
    return [str(line) for line in said.out.splitlines()]


def after(screen: list[str], line: str) -> list[str]:
    """What a line of a session has done: up to the next one."""
    begin = screen.index(f"> {line}") + 1
    rest = [n for n, text in enumerate(screen[begin:]) if text.startswith("> ")]
    return screen[begin : begin + rest[0]] if rest else screen[begin:]


def line_number(folder: Path, text: str) -> int:
    lines = (folder / "museum.py").read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


# --- what is shown ------------------------------------------------------------------------


def test_a_session_shows_where_it_is_and_what_is_accepted(flowlet: Flowlet, folder: Path) -> None:
    """The state with its line, the events with their fields, the timers with the time left."""
    screen = play(flowlet, "museum:gate", "Coin(5)", "wait 4", "quit")
    locked, unlocked = line_number(folder, '"locked"'), line_number(folder, '"unlocked"')
    assert screen == [
        f"locked  at 0 s  museum.py:{locked}",
        "  1 Coin(value: int = 1)",
        '  2 Ticket(kind: "day" | "year", hall: Hall.EAST | Hall.WEST = Hall.EAST, name: str)',
        "> Coin(5)",
        "  Coin(value=5) → unlocked",
        f"unlocked  at 0 s  museum.py:{unlocked}",
        "  1 Push",
        "  ~ after 10s",
        "> wait 4",
        f"unlocked  at 4 s  museum.py:{unlocked}",
        "  1 Push",
        "  ~ after 10s in 6 s",
        "> quit",
    ]


def test_the_fields_of_an_event_are_asked_for(flowlet: Flowlet) -> None:
    """By name or by number; a default stands when nothing is typed, a wrong value is told."""
    lines = ("Ticket", "month", "day", "", "ann", "1", "Coin", "x", "7")
    screen = play(flowlet, "museum:gate", *lines[:5], "1", "Coin", "x", "7")
    assert after(screen, "Ticket")[:6] == [
        '  kind ("day" | "year"): month',
        "  Input should be 'day' or 'year'",
        '  kind ("day" | "year"): day',
        "  hall (Hall.EAST | Hall.WEST) [Hall.EAST]: ",
        "  name (str): ann",
        '  Ticket(kind="day", hall=Hall.EAST, name="ann") → unlocked',
    ]
    assert after(screen, "1")[0] == "  Push() → locked"
    assert after(screen, "Coin")[:3] == [
        "  value (int) [1]: x",
        "  Input should be a valid integer, unable to parse string as an integer",
        "  value (int) [1]: 7",
    ]


def test_an_enum_is_typed_by_its_value_or_by_its_name(flowlet: Flowlet) -> None:
    """As in the code, as in JSON, or by the member alone; of others it is told which there are."""
    for typed in ("Hall.WEST", "west", "WEST"):
        screen = play(flowlet, "museum:gate", "Ticket", "day", typed, "ann")
        assert any("hall=Hall.WEST" in line for line in screen)
    screen = play(flowlet, "museum:gate", "Ticket", "day", "north", "", "ann")
    assert "  give one of EAST, WEST" in screen


def test_what_nobody_takes_is_told(flowlet: Flowlet) -> None:
    """It may be sent all the same."""
    screen = play(flowlet, "museum:gate", "Push")
    assert after(screen, "Push")[0] == "  Push() is thrown away in locked"


def test_what_is_kept_is_shown_until_it_is_taken(flowlet: Flowlet) -> None:
    """Nothing comes of it at once; going back, it is there no more."""
    screen = play(flowlet, "museum:porter", "Push", "Push", "undo", "wait 5")
    board = ["  1 Push", "  ~ after 5s"]
    kept = "  = Push() is kept"
    assert [line for line in after(screen, "Push")[1:] if line not in board] == [kept]
    assert after(screen, "undo")[-1] == kept
    assert after(screen, "undo").count(kept) == 1
    assert not any("kept" in line for line in after(screen, "wait 5"))


def test_time_passes_to_the_next_timer(flowlet: Flowlet) -> None:
    """`advance` goes there and no further; without a timer it says so."""
    screen = play(flowlet, "museum:gate", "advance", "Coin(5)", "advance")
    assert screen[screen.index("> advance") + 1].startswith("no timer is armed")
    again = screen[screen.index("> Coin(5)") :]
    assert "  after 10s → locked" in after(again, "advance")
    assert any(line.startswith("locked  at 10 s") for line in again)


# --- back and forward ---------------------------------------------------------------------


def test_undo_and_redo(flowlet: Flowlet) -> None:
    """Back is run again up to there, time included; forward is the same move once more."""
    screen = play(
        flowlet, "museum:gate", "Coin(5)", "wait 3", "Push", "undo 2", "history", "redo", "redo 1",
        "history",
    )  # fmt: skip
    assert after(screen, "undo 2")[0].startswith("unlocked  at 0 s")
    assert after(screen, "history") == [
        "  1. Coin(value=5)  → unlocked",
        "   . wait 3  (undone)",
        "   . Push()  (undone)",
    ]
    assert after(screen, "redo")[0].startswith("unlocked  at 3 s")
    assert after(screen, "redo 1")[0] == "  Push() → locked"
    assert screen[-3:] == [
        "  1. Coin(value=5)  → unlocked",
        "  2. wait 3  → unlocked",
        "  3. Push()  → locked",
    ]


def test_a_new_move_forgets_what_was_undone(flowlet: Flowlet) -> None:
    """As in any editor; and the ends of time are told."""
    screen = play(flowlet, "museum:gate", "undo", "Coin(5)", "undo", "Coin(2)", "redo", "restart")
    assert after(screen, "undo") == ["there is nothing to undo: this is the beginning."]
    assert after(screen, "redo") == ["there is nothing to redo."]
    assert after(screen, "restart")[0].startswith("locked  at 0 s")


def test_a_move_that_fails_changes_nothing(flowlet: Flowlet) -> None:
    """An actor that has ended takes no mail; the session goes on."""
    screen = play(flowlet, "museum:porter", "wait 5", "Push", "Push", "history")
    assert any("Push() was sent to actor 'porter', which has ended" in line for line in screen)
    assert screen[-2:] == ["  1. wait 5  → at the door", "  2. Push()  → end"]


def test_chance_is_the_same_each_time(folder: Path) -> None:
    """The seed decides, however often it is run again."""
    fn = resolve("museum:toss")[1]
    first = {seed: Session("museum:toss", fn, seed).happened[0].cast["toss"] for seed in range(8)}
    assert len({standing.outputs for standing in first.values()}) == 2
    for seed, standing in first.items():
        session = Session("museum:toss", fn, seed)
        session.do(Wait(1.0))
        session.undo()
        assert session.happened[0].cast["toss"] == standing
        session.close()


# --- systems ------------------------------------------------------------------------------


def test_a_system_goes_by_deliveries(flowlet: Flowlet) -> None:
    """One at a time with `step`, all with `go`; each line says whose it is."""
    screen = play(flowlet, "museum:museum", "step", "step", "go", "go", "gate: Coin(5)", "Coin(5)")
    assert screen[1].split() == ["actor", "state", "at"]
    assert screen[4] == "  … more is ready: step or go"
    assert after(screen, "step")[0] == "  gate: locked"
    assert after(screen, "go")[:3] == [
        "  gate: Coin(value=5) → unlocked",
        "  ann: looking round → end",
        "    send Push() to gate",
    ]
    assert "nobody has anything to do: send an event, or let time pass with wait." in screen
    assert after(screen, "gate: Coin(5)")[0] == "  gate: Coin(value=5) → unlocked"
    assert after(screen, "Coin(5)")[0] == "  gate: Coin(value=5) is thrown away in unlocked"


def test_an_actor_that_is_not_there(flowlet: Flowlet) -> None:
    """It is told before its fields are asked for."""
    screen = play(flowlet, "museum:museum", "go", "ann: Coin", "cid: Coin", "9")
    assert after(screen, "ann: Coin") == ["ann has ended in end: undo goes back before that."]
    assert after(screen, "cid: Coin") == ["there is no actor 'cid'; there are gate."]
    assert after(screen, "9") == ["there is no event 9: give 1 to 2."]


def test_actors_that_come_to_no_rest_go_on_by_and_by(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool]
) -> None:
    """A move makes a thousand deliveries at most; the test that is saved makes as many."""
    play(flowlet, "museum:restless", "go", "save test_restless.py")
    assert "for _ in range(1000):" in (folder / "test_restless.py").read_text("utf-8")
    assert passes("test_restless.py")


# --- performed functions ------------------------------------------------------------------


def test_a_performed_function_is_not_called(flowlet: Flowlet) -> None:
    """Whoever plays says what it gives; until then nothing else happens."""
    screen = play(
        flowlet, "museum:till", "Coin(3)", "wait 5", "gives True", "undo", "fails no line",
        "gives 1",
    )  # fmt: skip
    assert after(screen, "Coin(3)")[-1] == "  ? book(3)  gives VALUE, fails TEXT, or call"
    assert after(screen, "wait 5")[0].startswith("book(3) has been called, and nothing else happ")
    assert after(screen, "gives True")[:3] == [
        "  perform book → end",
        '    emit "booked"',
        "  has ended",
    ]
    assert after(screen, "gives True")[3].startswith("end (has ended)  at 0 s")
    assert after(screen, "fails no line")[:2] == [
        "  perform book → error: RuntimeError",
        "  fails with RuntimeError: no line",
    ]
    assert after(screen, "gives 1") == ["no call waits for its result."]


def test_it_is_called_if_that_is_wanted(flowlet: Flowlet) -> None:
    """Once: what came of it is part of the session."""
    screen = play(flowlet, "museum:till", "Coin(3)", "call", "call")
    assert "  fails with OSError: 3 must never be booked by a simulator" in screen
    assert screen[-1] == "no call waits for its result."


# --- files --------------------------------------------------------------------------------

SESSIONS = {
    "events and time": ("museum:gate", "Coin(2)", "Coin(5)", "wait 4", "Push", "Push", "wait 1"),
    "nested values": ("museum:gate", "Ticket('day', Hall.WEST, name='it\\'s \"me\"')", "advance"),
    "three visitors": ("museum:gate", *["Coin(5)", "Push"] * 3, "wait 59.5", "wait 1"),
    "a system": ("museum:crowd", "step", "step", "go", "gate: Coin(5)", "wait 10"),
    "a call": ("museum:till", "Coin(3)", "gives True"),
    "a call that fails": ("museum:till", "Coin(3)", "fails no line"),
    "a failure": ("museum:till", "Coin(3)", "gives False"),
    "undone": ("museum:gate", "Coin(5)", "undo", "Coin(2)"),
    "nothing done": ("museum:gate",),
    "a long time": ("museum:lights", "wait 2", "wait 100"),
    "an end": ("museum:porter", "wait 5", "Push"),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_a_saved_session_passes_and_can_fail(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool], name: str
) -> None:
    """The test says what happened: it passes, and with another machine it does not."""
    target, *lines = SESSIONS[name]
    screen = play(flowlet, target, *lines, "save test_it.py")
    assert screen[-1] == "written: test_it.py, run it with pytest"
    assert passes("test_it.py")
    source = (folder / "museum.py").read_text("utf-8")
    for text in ("locked", "open", "looking round", "dark", "resting", "booked", "at the door"):
        source = source.replace(f'"{text}"', f'"{text}, changed"')
    (folder / "museum.py").write_text(source.replace("no money", "poor"), encoding="utf-8")
    assert not passes("test_it.py")


def test_pytest_runs_a_saved_session(flowlet: Flowlet, folder: Path) -> None:
    """As the line that tells of it says."""
    play(flowlet, *SESSIONS["a call that fails"], "save test_till.py")
    done = run_tests(folder / "test_till.py")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True)


def test_a_saved_session_reads_well(flowlet: Flowlet, folder: Path) -> None:
    """As somebody would have written it."""
    play(flowlet, "museum:gate", "Push", "Coin(2)", "Coin(5)", "wait 10", "save test_gate.py")
    assert (folder / "test_gate.py").read_text("utf-8") == (
        '"""Played with `flowlet play museum:gate`."""\n'
        "\n"
        "from flowlet import Dispatcher\n"
        "from museum import Coin, Push, gate\n"
        "\n"
        "\n"
        "def test_gate():\n"
        "    with Dispatcher() as d:\n"
        "        actor = d.spawn(gate)\n"
        "        d.settle()\n"
        '        assert actor.state == ("locked",)\n'
        "        actor.send(Push())\n"
        "        d.settle()\n"
        '        assert actor.state == ("locked",)\n'
        "        assert actor.discarded == 1\n"
        "        actor.send(Coin(value=2))\n"
        "        d.settle()\n"
        '        assert actor.state == ("locked",)\n'
        '        assert actor.take() == ["2 is too little"]\n'
        "        actor.send(Coin(value=5))\n"
        "        d.settle()\n"
        '        assert actor.state == ("unlocked",)\n'
        "        assert actor.take() == []\n"
        "        d.advance(10.0)\n"
        '        assert actor.state == ("locked",)\n'
    )


def test_what_cannot_be_saved_is_told(flowlet: Flowlet, folder: Path) -> None:
    """A file that is there, a call without its result, a name that says nothing."""
    (folder / "test_there.py").write_text("mine", encoding="utf-8")
    screen = play(
        flowlet, "museum:till", "save", "save test_there.py", "Coin(1)", "save test_x.py",
        "gives 1", "save test_there.py --force",
    )  # fmt: skip
    assert after(screen, "save") == ["save takes the name of a file: save test_gate.py"]
    assert after(screen, "save test_there.py")[0].startswith("test_there.py is there already")
    assert after(screen, "save test_x.py")[0].startswith(
        "book(1) has been called and has no result"
    )
    assert screen[-1].startswith("written: test_there.py")
    assert (folder / "test_there.py").read_text("utf-8") != "mine"


ODD = """
from flowlet import Event, Exited, emit, perform, receive, sleep, spawn, watch
class Coin(Event):
    value: object = 1
def made():
    class Odd(Event): ...
    return Odd
Odd = made()
def late():
    sleep(5, at="resting")
    emit(perform(round, 2.5))
    sleep(5, at="resting again")
def book(amount):
    return amount
def clerk():
    perform(book, 1)
    perform(book, 2)
def teller():
    emit("booking")
    emit(perform(book, 1))
    emit(perform(book, 2))
def secret():
    perform(lambda: 1)
def taker():
    while True:
        receive(Odd, Coin, at="waiting")
def boss():
    watch(spawn(late, name="helper"))
    receive(Exited, at="bossing")
"""


@pytest.mark.parametrize(
    "session",
    [
        ("odd:clerk", "gives 1", "gives 2"),
        ("odd:clerk", "gives 1", "undo", "fails no line"),
        ("odd:teller", "gives 1", "gives 2"),
        ("odd:taker", "Coin([1, (2,), {3}, {'a': None}, 1.5, b'x'])", "Coin(-1)"),
        ("odd:taker", "Odd"),
    ],
)
def test_more_sessions_pass(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool], session: tuple[str, ...]
) -> None:
    """Calls of one function in a row, and what can be written as code; or it is said why not."""
    (folder / "odd.py").write_text(ODD, encoding="utf-8")
    screen = play(flowlet, *session, "save test_it.py")
    if session[-1] == "Odd":
        assert screen[-1].startswith("no code makes Odd() once more: its class is in no module")
    else:
        assert screen[-1].startswith("written: ")
        assert passes("test_it.py")


def test_time_stops_at_a_call(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool]
) -> None:
    """It is answered there, and the rest of the wait is another one; the test does the same."""
    (folder / "odd.py").write_text(ODD, encoding="utf-8")
    screen = play(flowlet, "odd:late", "wait 20", "gives 3", "wait 4", "history", "save test_x.py")
    assert after(screen, "wait 20")[1].startswith("late/perform round  at 5 s")
    assert after(screen, "history") == [
        "  1. wait 20  → late/perform round",
        "  2. gives 3  → resting again",
        "  3. wait 4  → resting again",
    ]
    assert "d.run(until=5.0)" in (folder / "test_x.py").read_text("utf-8")
    assert passes("test_x.py")


def test_what_a_test_cannot_do_is_told(flowlet: Flowlet, folder: Path) -> None:
    """A function without a name of its own, a result that no code makes, a run without rest."""
    (folder / "odd.py").write_text(ODD, encoding="utf-8")
    screen = play(flowlet, "odd:secret", "gives 1", "save test_x.py")
    assert "perform a function of a module." in screen[-1]
    screen = play(flowlet, "museum:restless", "go", "wait 1", "save test_x.py")
    assert screen[-1] == "with wait 1 the actors came to no rest; go by step instead."


def test_children_are_shown_and_saved(
    flowlet: Flowlet, folder: Path, passes: Callable[[str], bool]
) -> None:
    """An actor that spawns others is a system; each is there by its name."""
    (folder / "odd.py").write_text(ODD.replace("perform(round, 2.5)", "3"), encoding="utf-8")
    screen = play(flowlet, "odd:boss", "wait 5", "wait 5", "save test_boss.py")
    assert "  helper: after 5s → resting again" in after(screen, "wait 5")
    assert screen[-1].startswith("written: ")
    text = (folder / "test_boss.py").read_text("utf-8")
    assert 'assert actors["helper"].state == ("resting",)\n' in text
    assert passes("test_boss.py")


def test_the_way_is_drawn(flowlet: Flowlet, folder: Path) -> None:
    """Over the whole machine, with counts; of a system, the actor is named."""
    play(flowlet, "museum:gate", "Coin(5)", "graph gate.dot")
    assert "Coin" in (folder / "gate.dot").read_text("utf-8")
    assert "×1" in (folder / "gate.dot").read_text("utf-8")
    screen = play(flowlet, "museum:museum", "go", "graph m.dot", "graph m.dot gate")
    assert after(screen, "graph m.dot") == ["say whose: graph FILE ACTOR; there are gate, ann."]
    assert screen[-1] == "written: m.dot"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "Pusch",
            "there is no event 'Pusch'. Did you mean Push? Events there: Coin(value: int = 1)",
        ),
        ("wait", "wait takes seconds, zero or more, not '': wait 2.5"),
        ("undo many", "undo takes a number of moves, not 'many': undo 3"),
        ("7", "there is no event 7: give 1 to 2."),
        ("graph a b c", "graph takes a file, and of a system the name of an actor."),
        ("save no/test_x.py", "there is no folder no: make it first."),
    ],
)
def test_what_cannot_be_done_is_told_and_it_goes_on(flowlet: Flowlet, line: str, told: str) -> None:
    """Nothing ends a session but its end."""
    screen = play(flowlet, "museum:gate", line, "Coin(5)")
    assert after(screen, line)[0].startswith(told)
    assert after(screen, "Coin(5)")[0] == "  Coin(value=5) → unlocked"


def test_the_commands_are_told(flowlet: Flowlet) -> None:
    """All of them; a comment and an empty line do nothing."""
    from flowlet.tools.player import COMMANDS

    screen = play(flowlet, "museum:gate", "# a comment", "", "?")
    told = "\n".join(after(screen, "?"))
    assert all(what in told for _, what in COMMANDS.values())
    assert after(screen, "# a comment") == []


def test_it_can_be_played_in_a_terminal(folder: Path) -> None:
    """With a prompt and colours; Ctrl-C does not end it, the end of the input does."""
    master, slave = pty.openpty()
    playing = subprocess.Popen(
        [sys.executable, "-m", "flowlet.tools.cli", "play", "museum:gate"],
        env={"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    screen = ""

    def wait_for(text: str) -> None:
        nonlocal screen
        deadline = time.monotonic() + 60
        while text not in screen and time.monotonic() < deadline:
            screen += os.read(master, 65536).decode("utf-8", "replace")
        assert text in screen
        screen = screen[screen.index(text) + len(text) :]

    wait_for("? tells the commands")
    wait_for("> ")
    os.write(master, b"Coin(5)\n")
    wait_for("unlocked")
    wait_for("> ")
    os.write(master, b"\x04")
    assert playing.wait(timeout=60) == 0
    os.close(master)


# --- the machine behind it ----------------------------------------------------------------


def test_a_session_is_its_moves(folder: Path) -> None:
    """The same moves lead to the same place, however one has gone back and forth."""
    module, fn = resolve("museum:gate")
    session = Session("museum:gate", fn)
    for move in (Send(module.Coin(5)), Wait(3.0), Send(module.Push())):
        session.do(move)
    there = session.happened[-1].cast
    for _ in range(3):
        session.undo()
    with pytest.raises(TargetError, match="nothing to undo"):
        session.undo()
    for _ in range(3):
        session.redo()
    assert session.happened[-1].cast == there
    assert session.stage.now() == 3.0
    with pytest.raises(TargetError, match="nobody has anything to do"):
        session.do(Deliver())
    with pytest.raises(TargetError, match="no call waits"):
        session.do(Answer(1))
    assert len(session.moves) == 3
    session.close()
