"""A folder with machines in it, and the command as it is typed there."""

from __future__ import annotations

import importlib
import inspect
import io
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowlet.tools import cli

GATES = """
import functools
from flowlet import Event, receive

class Coin(Event):
    value: int = 1

class Push(Event): ...

offered = [Coin(5), Push()]
price = 5

def turnstile():
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")

def till():
    while receive(Coin, at="open").value:
        pass

def gate(code, *, delay, name="x"):
    receive(Push)

north = functools.partial(gate, 4711, delay=5)

def counter():
    passed = 0
    while True:
        receive(Push, at="counting")
        passed += 1
        if passed == 10**9:
            return

async def later():
    receive(Push)

def one_by_one():
    yield receive(Push)

class Hall:
    @staticmethod
    def door():
        receive(Push, at="shut")

def office(d):
    d.spawn(turnstile, name="north")
    d.spawn(turnstile, name="south")
"""

MUSEUM = '''
from enum import Enum
from typing import Literal
from flowlet import (
    Dispatcher, Event, choose, emit, me, pause, perform, receive, sleep, state, whereis,
)

class Hall(Enum):
    EAST = "east"
    WEST = "west"

class Coin(Event):
    value: int = 1

class Push(Event): ...

class Ticket(Event):
    kind: Literal["day", "year"]
    hall: Hall = Hall.EAST
    name: str

morning = [Coin(5), Push()]

def gate():
    """Five lets in; three visitors later it is swept."""
    passed = 0
    while True:
        match receive(Coin, Ticket, at="locked"):
            case Coin(value) if value < 5:
                emit(f"{value} is too little")
                continue
            case Ticket() as ticket:
                emit(ticket)
        receive(Push, after=10, at="unlocked")
        passed = (passed + 1) % 3
        if passed == 0:
            with state("sweeping"):
                sleep(60)

def book(amount: int) -> bool:
    raise OSError(f"{amount} must never be booked by a simulator")

def till():
    coin = receive(Coin, at="open")
    if not perform(book, coin.value):
        raise ValueError("no money")
    emit("booked")

def visitor(gate: str):
    whereis(gate).send(Coin(5))
    pause("looking round")
    whereis(gate).send(Push())

def museum(d: Dispatcher):
    d.spawn(gate, name="gate")
    d.spawn(visitor, "gate", name="ann")

def crowd(d: Dispatcher):
    museum(d)
    d.spawn(visitor, "gate", name="bob")

def lamp():
    while True:
        sleep(1, at="dark")
        sleep(2, at="lit")

def lights(d: Dispatcher):
    d.spawn(lamp)

def restless():
    while True:
        pause()

bookings = {book: [True]}

def porter():
    sleep(5, at="resting")
    receive(Push, at="at the door")

def toss():
    unread = choose("heads", "tails")
    emit(unread)
    receive(Push)

def helper(text: str) -> str:
    return text.upper()

def gate_is_swept(v):
    return v["gate"].state == ("sweeping",)

def all_are_home(v):
    return all(not actor.alive for actor in v.actors if actor.name != "gate")
'''


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Flowlet = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the person is in, with modules; nothing imported stays behind."""
    (tmp_path / "gates.py").write_text(GATES, encoding="utf-8")
    (tmp_path / "museum.py").write_text(MUSEUM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file is changed within a second
    monkeypatch.setenv("COLUMNS", "100")
    yield tmp_path
    forget(tmp_path)


def forget(folder: Path) -> None:
    """Have the modules of a folder be imported anew."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    importlib.invalidate_caches()


Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Puts one text in the place of another in a file of the folder."""

    def run(name: str, before: str, after: str) -> None:
        text = (folder / name).read_text("utf-8")
        assert before in text
        (folder / name).write_text(text.replace(before, after), encoding="utf-8")
        forget(folder)

    return run


@pytest.fixture
def passes(folder: Path) -> Callable[[str], bool]:
    """Whether the tests of a file in the folder pass: run here, which is quicker than by pytest."""

    def run(name: str) -> bool:
        forget(folder)
        tests = runpy.run_path(str(folder / name))
        try:
            for test in [value for key, value in tests.items() if key.startswith("test_")]:
                marks = getattr(test, "pytestmark", [])
                for case in marks[0].args[1] if marks else [None]:
                    with pytest.MonkeyPatch.context() as patch:
                        wants = inspect.signature(test).parameters
                        given = {"monkeypatch": patch, "path": case}
                        test(**{key: value for key, value in given.items() if key in wants})
        except (Exception, pytest.fail.Exception):
            return False
        return True

    return run


@pytest.fixture
def flowlet(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Flowlet:
    """The command, as typed in that folder; `typed` is what comes at its standard input."""

    def run(*arguments: str, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["flowlet", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, said.out, said.err)

    return run


@pytest.fixture
def refused(flowlet: Flowlet) -> Callable[..., str]:
    """The message of a command that was refused: no traceback, nothing on the standard output."""

    def run(*arguments: str, typed: str = "") -> str:
        said = flowlet(*arguments, typed=typed)
        assert (said.code, said.out) == (2, ""), said
        assert said.err.startswith("error: ")
        assert "Traceback" not in said.err
        return said.err.removeprefix("error: ")

    return run
