"""What the runs of an exploration share besides messages and cells is told by its name."""

from __future__ import annotations

import calendar
import itertools
import os
import random
import re
import tempfile
import threading
import time
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowlet import Dispatcher, Event, ExploreError, explore, perform, receive
from flowlet.introspect import check

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class Coin(Event): ...


class Push(Event): ...


#: Which place an actor below gets its turns from, by a call of it.
TURNS = (turn for turn in itertools.cycle([0, 1]))
NUMBERS = itertools.cycle([0, 1])
SHELF = types.ModuleType("shelf")
SHELF.turn = 0  # type: ignore[attr-defined]
OF_THREAD = threading.local()
OF_THREAD.turn = 0
QUEUE = deque([0, 1])


class Register:
    turns: list[int] = []  # noqa: RUF012

    def __call__(self) -> int:
        self.turn = 1 - getattr(self, "turn", 0)
        return self.turn


REGISTER = Register()


def with_default(turns: list[int] = []) -> int:  # noqa: B006
    turns.append(1)
    return len(turns) % 2


def with_attribute() -> int:
    with_attribute.turn = 1 - vars(with_attribute).get("turn", 0)  # type: ignore[attr-defined]
    return int(with_attribute.turn)  # type: ignore[attr-defined]


def counted() -> Callable[[], int]:
    turn = 0

    def count() -> int:
        nonlocal turn
        turn = 1 - turn
        return turn

    return count


COUNT = counted()


def from_module() -> int:
    SHELF.turn = 1 - SHELF.turn  # type: ignore[attr-defined]
    return int(SHELF.turn)


def from_environment() -> int:
    os.environ["TURNS"] = "0" if os.environ.get("TURNS") == "1" else "1"
    return int(os.environ["TURNS"])


def from_thread() -> int:
    OF_THREAD.turn = 1 - OF_THREAD.turn
    return int(OF_THREAD.turn)


def from_class() -> int:
    Register.turns.append(1)
    return len(Register.turns) % 2


def from_queue() -> int:
    QUEUE.rotate()
    return QUEUE[0]


def made_up() -> int:
    globals()["NEW"] = 1 - globals().get("NEW", 0)
    return int(NEW)  # type: ignore[name-defined]  # noqa: F821


SHARED: dict[str, tuple[Callable[[], int], str]] = {
    "a generator": (lambda: next(TURNS), "the global TURNS"),
    "an iterator": (lambda: next(NUMBERS), "the global NUMBERS"),
    "a default": (lambda: with_default(), r"the default of turns= in with_default\(\)"),
    "an attribute": (lambda: with_attribute(), "the attribute with_attribute.turn"),
    "a closure": (lambda: COUNT(), r"the variable turn, which count\(\) closes over,"),
    "a module": (from_module, "the global SHELF.turn"),
    "the environment": (from_environment, r"os.environ\['TURNS'\]"),
    "a thread": (from_thread, "OF_THREAD.turn, of the thread,"),
    "a class": (from_class, "the global Register.turns"),
    "an object that is called": (lambda: REGISTER(), "the global REGISTER"),
    "a queue": (from_queue, "the global QUEUE"),
    "a global that is new": (made_up, "the global NEW"),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("TURNS", raising=False)
    yield
    globals().pop("NEW", None)


def player(turn: Callable[[], int]) -> Callable[[], None]:
    """An actor that gets its turns from there."""

    def play() -> None:
        while True:
            receive(Coin, at="waits")
            if turn():
                receive(Push, at="plays")

    return play


@pytest.mark.parametrize("kind", SHARED)
def test_what_all_runs_share_is_named(kind: str) -> None:
    turn, called = SHARED[kind]
    with pytest.raises(ExploreError, match=f"^{called} is changed by the function") as told:
        explore(player(turn), events=[Coin(), Push()])
    assert "company" not in str(told.value)


@pytest.mark.parametrize("kind", SHARED)
def test_it_is_put_back_where_that_can_be_done(kind: str) -> None:
    """So exploring tells the same each time, and other code finds what it left."""
    turn, called = SHARED[kind]
    for _ in range(2):
        with pytest.raises(ExploreError, match=called):
            explore(player(turn), events=[Coin(), Push()])


LOG = tempfile.TemporaryFile()  # noqa: SIM115
LOCK = threading.Lock()


def test_what_can_be_neither_compared_nor_copied_is_told() -> None:
    """Nobody knows whether it changes: so nobody says that every edge was found."""

    def reader() -> None:
        receive(Coin, at="waits")
        if LOG.read(1):
            receive(Push, at="more")

    x = explore(reader, events=[Coin(), Push()])
    assert not x.complete
    assert any(note.startswith("the global LOG is a ") for note in x.notes), x.notes


def test_a_lock_is_no_data() -> None:
    def careful() -> None:
        with LOCK:
            pass
        receive(Coin)

    assert explore(careful, events=[Coin()]).complete


CHANCE: dict[str, tuple[Callable[[], object], str]] = {
    "the clock": (lambda: time.time(), r"time\.time\(\) is called at .*: what depends.*now\(\)"),
    "a number for good": (lambda: uuid.uuid4(), r"uuid\.uuid4\(\) is called at .*perform\(\)"),
    "noise": (lambda: os.urandom(1), r"os\.urandom\(\) is called at"),
}


@pytest.mark.parametrize("kind", CHANCE)
def test_what_is_another_thing_each_time_is_told(kind: str) -> None:
    call, told = CHANCE[kind]

    def actor() -> None:
        receive(Coin, at="waits")
        call()

    x = explore(actor, events=[Coin()])
    assert not x.complete
    [note] = [note for note in x.notes if "is called at" in note]
    assert re.search(told, note), note


def fetch() -> float:
    return time.time()


def test_what_is_performed_may_ask_the_clock() -> None:
    """It is not called while exploring."""

    def actor() -> None:
        receive(Coin, at="waits")
        perform(fetch)

    assert explore(actor, events=[Coin()], examples={"fetch": [1.0]}).complete


def test_a_difference_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that is alone nobody says what it does in company."""

    def actor() -> None:
        receive(Coin, at="waits")
        # Out of reach of whoever looks: what a library keeps.
        calendar.setfirstweekday(1 - calendar.firstweekday())
        if calendar.firstweekday():
            time.time()
            receive(Push, at="odd")

    monkeypatch.setattr(calendar.c, "firstweekday", 0)
    with pytest.raises(ExploreError, match=r"; look at time\.time\(\) at .*now\(\)") as told:
        explore(actor, events=[Coin(), Push()])
    assert "company" not in str(told.value)


def test_several_that_share_an_object_are_told_of_company() -> None:
    def writer(log: list[int]) -> None:
        receive(Coin, at="waits")
        log.append(1)
        if len(log) > 1:
            receive(Push, at="second")

    def asks(ref: Any) -> None:
        ref.send(Coin())

    def system(d: Dispatcher) -> None:
        log: list[int] = []
        for name in "a", "b":
            d.spawn(asks, d.spawn(writer, log, name=name), name=f"for {name}")

    with pytest.raises(ExploreError, match="in company than alone"):
        check(system)


def test_random_is_told() -> None:
    def actor() -> None:
        receive(Coin, at="waits")
        random.random()

    with pytest.raises(ExploreError, match="draws from random"):
        explore(actor, events=[Coin()])
