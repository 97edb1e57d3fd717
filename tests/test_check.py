"""Checking: what holds in every state is proven, what does not is shown by a shortest way."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections import deque
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowlet import ActorRef, Dispatcher, Event, actor, choose, pause, receive, state, wait_until
from flowlet.cells import Cell
from flowlet.introspect import Verdict, check

ROOT = Path(__file__).parents[1]


class Job(Event): ...


class Done(Event): ...


def step_once() -> str:
    pause("step")
    return "done"


def spin() -> None:
    while True:
        pause("spin")


def gate() -> None:
    while True:
        receive(Job, at="locked")
        receive(Done, at="unlocked")


def gates(d: Dispatcher) -> None:
    d.spawn(gate)


def is_unlocked(v: Any) -> bool:
    return bool(v["gate"].state == ("unlocked",))


def kinds(verdict: Verdict) -> list[str]:
    return [failure.kind for failure in verdict.failures]


# --- predicates ---------------------------------------------------------------------------------


def test_what_holds_is_proven() -> None:
    verdict = check(
        gates,
        always={"a gate": lambda v: len(v.actors) == 1},
        never={"ended": lambda v: not v["gate"].alive},
        sometimes={"opens": is_unlocked},
        eventually={"opens": is_unlocked},
    )
    assert verdict.ok
    assert verdict.complete
    assert str(verdict).startswith("ok: 2 states, 2 transitions")


@pytest.mark.parametrize("target", [gate, gates])
def test_what_is_not_always_so_is_shown_where_it_is_not(target: Any) -> None:
    """In a system, and of an actor function alone."""
    [failure] = check(target, always={"shut": lambda v: not is_unlocked(v)}).failures
    assert (failure.kind, failure.name) == ("always", "shut")
    assert [step.target for step in failure.path] == ["unlocked"]


def test_what_is_never_so_is_shown_where_it_is() -> None:
    verdict = check(gates, never={"open": is_unlocked})
    assert not verdict.ok
    assert [(it.kind, it.name, len(it.path)) for it in verdict.failures] == [("never", "open", 1)]


def test_what_is_wrong_at_once_has_an_empty_way() -> None:
    [failure] = check(gates, never={"shut": lambda v: not is_unlocked(v)}).failures
    assert failure.path == []


def test_what_should_be_so_sometimes_and_never_is_has_no_way() -> None:
    [failure] = check(gates, sometimes={"ends": lambda v: not v["gate"].alive}).failures
    assert (failure.kind, failure.name, failure.path) == ("sometimes", "ends", [])


def test_each_property_fails_by_itself() -> None:
    verdict = check(gates, never={"open": is_unlocked, "ended": lambda v: not v["gate"].alive})
    assert [failure.name for failure in verdict.failures] == ["open"]


# --- eventually ---------------------------------------------------------------------------------


def done(name: str, v: Any) -> bool:
    return not v[name].alive


def test_one_that_can_always_go_on_goes_on_at_last() -> None:
    """However much the other spins: fairness."""

    def system(d: Dispatcher) -> None:
        d.spawn(spin)
        d.spawn(step_once)

    assert check(system, eventually={"done": partial(done, "step_once")}).ok


def test_one_that_can_go_on_now_and_then_may_be_missed_for_ever() -> None:
    """Fairness is weak: the door is open again and again, and never when it is its turn."""

    def swing(door: Cell[int]) -> None:
        while True:
            pause("swing")
            door.value = 1 - door.value

    def enter(door: Cell[int]) -> None:
        wait_until(lambda: door.value == 1, at="before the door")

    def system(d: Dispatcher) -> None:
        door = d.shared("door", 0)
        d.spawn(swing, door)
        d.spawn(enter, door)

    [failure] = check(system, eventually={"enters": partial(done, "enter")}).failures
    assert (failure.kind, failure.path) == ("eventually", [])
    assert [str(step).partition(": ")[0] for step in failure.loop] == [
        "swing | before the door --swing"
    ] * 2


def test_a_way_that_ends_before_it_comes_is_shown() -> None:
    def coin() -> str:
        pause("toss")
        return choose("heads", "tails")

    def system(d: Dispatcher) -> None:
        d.spawn(coin)
        d.spawn(step_once)

    [failure] = check(system, eventually={"heads": lambda v: v["coin"].result == "heads"}).failures
    assert len(failure.path) == 2
    assert failure.loop == []


def test_a_loop_that_never_gets_there_is_shown() -> None:
    def undecided() -> None:
        while choose("on", "stop") == "on":
            pause("there")
            pause("back")

    def system(d: Dispatcher) -> None:
        d.spawn(undecided)
        d.spawn(step_once)

    [failure] = check(system, eventually={"stops": partial(done, "undecided")}).failures
    assert len(failure.loop) == 2
    assert failure.loop[0].source == failure.loop[-1].target


# --- without being asked ------------------------------------------------------------------------


def hold(first: Cell[int], second: Cell[int]) -> None:
    wait_until(lambda: not first.value, at="first")
    first.value = 1
    wait_until(lambda: not second.value, at="second")
    first.value = 0


def crossed(d: Dispatcher) -> None:
    left, right = d.shared("left", 0), d.shared("right", 0)
    d.spawn(hold, left, right, name="p")
    d.spawn(hold, right, left, name="q")


def test_a_deadlock_is_found_without_being_asked_for() -> None:
    [failure] = check(crossed).failures
    assert (failure.kind, len(failure.path)) == ("deadlock", 2)
    assert check(crossed, deadlock=False).ok


def test_a_deadlock_tells_the_line_where_each_waits() -> None:
    line = hold.__code__.co_firstlineno + 3
    [failure] = check(crossed).failures
    assert f"test_check.py:{line}" in failure.text


def test_one_that_waits_for_mail_is_no_deadlock_unless_strict() -> None:
    def listener() -> None:
        receive(Job, at="listening")

    def system(d: Dispatcher) -> None:
        d.spawn(listener)
        d.spawn(step_once)

    assert check(system).ok
    assert kinds(check(system, deadlock="strict")) == ["deadlock"]


def test_mail_that_is_kept_for_ever_is_a_deadlock() -> None:
    def stubborn() -> None:
        with state("busy", defer=Job):
            receive(Done)

    def sender(to: ActorRef[None]) -> None:
        to.send(Job())

    def system(d: Dispatcher) -> None:
        d.spawn(sender, d.spawn(stubborn))

    assert kinds(check(system)) == ["deadlock"]


def test_all_that_have_ended_are_no_deadlock() -> None:
    def system(d: Dispatcher) -> None:
        d.spawn(step_once, name="one")
        d.spawn(step_once, name="other")

    assert check(system, deadlock="strict").ok


def test_a_crash_is_found_with_its_error_and_its_line() -> None:
    def fragile() -> None:
        pause("calm")
        raise ValueError("broken")

    def system(d: Dispatcher) -> None:
        d.spawn(fragile)
        d.spawn(step_once)

    line = fragile.__code__.co_firstlineno + 2
    [failure] = check(system).failures
    assert (failure.kind, len(failure.path)) == ("crash", 1)
    assert "ValueError: broken" in failure.text
    assert f"test_check.py:{line}" in failure.text
    assert check(system, crash=False).ok


def test_a_crash_before_the_first_wait_is_found() -> None:
    def fragile() -> None:
        raise ValueError("broken")

    def system(d: Dispatcher) -> None:
        d.spawn(fragile)
        d.spawn(step_once)

    [failure] = check(system).failures
    assert (failure.kind, failure.path) == ("crash", [])


def server() -> None:
    receive(Job, at="idle")
    receive(Done, at="busy")


def send_one(to: ActorRef[None], event: Event) -> None:
    to.send(event)


def two_senders(d: Dispatcher, server: Any = server) -> None:
    it = d.spawn(server, name="server")
    d.spawn(send_one, it, Job(), name="one")
    d.spawn(send_one, it, Done(), name="other")


def test_an_event_that_nobody_takes_is_found() -> None:
    [failure] = check(two_senders).failures
    assert failure.kind.startswith("unexpected")
    assert "server" in failure.text
    assert "Done" in failure.text
    assert [step.label for step in failure.path] == ["server: Done() from other"]
    assert check(two_senders, unexpected=False).ok


def test_one_that_raises_on_what_it_does_not_take_crashes() -> None:
    strict = actor(unexpected="raise")(server)
    [failure] = check(partial(two_senders, server=strict)).failures
    assert failure.kind == "crash"
    assert "UnexpectedEventError" in failure.text


# --- the shortest way ---------------------------------------------------------------------------


def hop(to: Cell[int], size: int, *jumps: int) -> None:
    """Hop about on a ring of places, by one of the jumps each time."""
    while True:
        pause("hop")
        to.value = (to.value + choose(*jumps)) % size


@pytest.mark.parametrize(("size", "goal"), [(17, 11), (30, 29), (23, 4)])
def test_the_way_is_a_shortest_one(size: int, goal: int) -> None:
    """A breadth-first search by hand over the same ring needs as many hops."""

    def system(d: Dispatcher) -> None:
        place = d.shared("place", 0)
        d.spawn(hop, place, size, 5, 3, name="a")
        d.spawn(hop, place, size, 2, 7, name="b")

    distance = {0: 0}
    queue = deque([0])
    while queue:
        here = queue.popleft()
        for jump in (2, 3, 5, 7):
            if (there := (here + jump) % size) not in distance:
                distance[there] = distance[here] + 1
                queue.append(there)
    [failure] = check(system, never={"goal": lambda v: v.cells["place"] == goal}).failures
    assert len(failure.path) == distance[goal]


# --- the report ---------------------------------------------------------------------------------


def test_the_report_tells_the_steps_one_by_one() -> None:
    lines = str(check(crossed)).splitlines()
    assert lines[0].startswith("deadlock: ")
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["1.", "p:", "goes", "on"],
        ["2.", "q:", "goes", "on"],
    ]
    assert "states/s" in lines[3]


def test_the_report_says_what_is_not_complete() -> None:
    def system(d: Dispatcher) -> None:
        for number in range(8):
            d.spawn(step_once, name=f"worker {number}")

    verdict = check(system, max_states=50)
    assert verdict.ok
    assert not verdict.complete
    assert "not complete" in str(verdict)


def test_the_report_says_which_variable_costs_how_many_states() -> None:
    def dial() -> None:
        number = choose(1, 2, 3, 4)
        pause("dialled")
        receive(Job, where=lambda _: number > 2, at="dialling")

    def system(d: Dispatcher) -> None:
        d.spawn(dial)
        d.spawn(step_once)

    assert "dial.number 4" in str(check(system))


# --- as a test ----------------------------------------------------------------------------------

SYSTEM = """
from flowlet import Dispatcher, choose, pause, wait_until

def add(total, start):
    pause("start")
    seen = total.value
    pause("think")
    total.value = seen + 1

def system(d: Dispatcher, start=0):
    total = d.shared("total", start)
    d.spawn(add, total, start, name="a")
    d.spawn(add, total, start, name="b")

def one(d: Dispatcher):
    system(d)

def counted(v):
    return any(a.alive for a in v.actors) or v.cells["total"] == 2
"""
#: The same, where nothing comes between reading and writing.
MENDED = SYSTEM.replace(
    '    seen = total.value\n    pause("think")\n', '    pause("think")\n'
).replace("seen + 1", "total.value + 1")


@pytest.fixture
def adders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The system in a module of its own."""
    (tmp_path / "adders.py").write_text(SYSTEM, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "adders", raising=False)
    return import_module("adders")


def run_pytest(folder: Path, code: str, name: str = "one") -> subprocess.CompletedProcess[str]:
    """Run the code as a test file beside the system's module."""
    (folder / "test_found.py").write_text(f"from adders import {name}\n{code}", "utf-8")
    path = os.pathsep.join([str(ROOT), str(folder)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_found.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_failure_is_a_test_that_fails(adders: ModuleType, tmp_path: Path) -> None:
    [failure] = check(adders.one, always={"counted": adders.counted}).failures
    done = run_pytest(tmp_path, failure.as_pytest())
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "AssertionError" in done.stdout


def test_the_test_passes_when_the_fault_is_mended(adders: ModuleType, tmp_path: Path) -> None:
    [failure] = check(adders.one, always={"counted": adders.counted}).failures
    (tmp_path / "adders.py").write_text(MENDED, "utf-8")
    done = run_pytest(tmp_path, failure.as_pytest())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_system_with_arguments_bound_is_a_test_too(adders: ModuleType, tmp_path: Path) -> None:
    bound = partial(adders.system, start=5)
    [failure] = check(bound, never={"six": lambda v: v.cells["total"] == 6}).failures
    assert "partial(system, start=5)" in failure.as_pytest()
    done = run_pytest(tmp_path, failure.as_pytest(), "system")
    assert "1 failed" in done.stdout


def test_a_failure_of_an_actor_function_is_a_test_too() -> None:
    """Without a system round it; the code is run in place."""
    [failure] = check(gate, never={"open": is_unlocked}).failures
    names: dict[str, Any] = {"gate": gate}
    exec(textwrap.dedent(failure.as_pytest()), names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    with pytest.raises(AssertionError):
        test()
