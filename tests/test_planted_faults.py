"""Planted faults: each is found, by a shortest way, or refused with the name of what is wrong."""

from __future__ import annotations

import calendar
import gc
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    Timeout,
    me,
    pause,
    receive,
    wait_until,
)
from flowlet.cells import Cell
from flowlet.introspect import check, explore


class Job(Event):
    sender: ActorRef[Any]


class Ack(Event): ...


class Cancel(Event): ...


# --- faults of the system -----------------------------------------------------------------------


def add(total: Cell[int]) -> None:
    seen = total.value
    pause("think")
    total.value = seen + 1


def test_a_lost_update() -> None:
    """Both have read before either writes."""

    def system(d: Dispatcher) -> None:
        total = d.shared("total", 0)
        d.spawn(add, total, name="a")
        d.spawn(add, total, name="b")

    def counted(v: Any) -> bool:
        return any(actor.alive for actor in v.actors) or v.cells["total"] == 2

    [failure] = check(system, always={"counted": counted}).failures
    assert [step.target for step in failure.path] == ["end | add", "end | end"]


def hold(first: Cell[bool], second: Cell[bool]) -> None:
    wait_until(lambda: not first.value, at="first")
    first.value = True
    wait_until(lambda: not second.value, at="second")
    first.value = False


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_deadlock_by_the_order_of_locks(number: int) -> None:
    """Each takes one and waits for the next one's: one step for each."""

    def system(d: Dispatcher) -> None:
        locks = [d.shared(f"lock {each}", False) for each in range(number)]
        for each in range(number):
            d.spawn(hold, locks[each], locks[(each + 1) % number], name=f"holder {each}")

    [failure] = check(system).failures
    assert failure.kind == "deadlock"
    assert len(failure.path) == number
    assert failure.path[-1].target == " | ".join(["second"] * number)


def test_a_message_that_nobody_handles_in_a_rare_order() -> None:
    """The cancellation is expected while the job is idle or busy, and comes while it is cleaned."""

    def server() -> None:
        receive(Job, Cancel, at="idle")
        receive(Cancel, Ack, at="busy")
        receive(Ack, at="cleaning")

    def order(to: ActorRef[None]) -> None:
        to.send(Job(me()))

    def helper(to: ActorRef[None]) -> None:
        to.send(Ack())

    def user(to: ActorRef[None]) -> None:
        to.send(Cancel())

    def system(d: Dispatcher) -> None:
        to = d.spawn(server)
        d.spawn(order, to)
        d.spawn(helper, to)
        d.spawn(user, to)

    failures = check(system).failures
    assert {failure.kind.split()[0] for failure in failures} == {"unexpected"}
    by_event = {failure.path[-1].label.partition(" from")[0]: failure for failure in failures}
    assert "server: Ack()" in by_event
    assert len(by_event["server: Ack()"].path) == 1
    cancelled = check(
        system,
        unexpected=False,
        never={
            "cancelled too late": lambda v: (
                v["server"].state == ("cleaning",)
                and any(isinstance(flight.event, Cancel) for flight in v.in_flight)
            )
        },
    )
    assert [len(failure.path) for failure in cancelled.failures] == [2]


def test_a_time_limit_that_races_an_acknowledgement() -> None:
    """The work is done, and its client believes it is not."""

    def client(to: ActorRef[Any]) -> str:
        to.send(Job(me()))
        got = receive(Ack, after=5, at="waiting")
        return "failed" if isinstance(got, Timeout) else "done"

    def server() -> str:
        receive(Job, at="idle").sender.send(Ack())
        return "done"

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(server))

    def torn(v: Any) -> bool:
        return bool((v["server"].result, v["client"].result) == ("done", "failed"))

    [failure] = check(system, never={"torn": torn}).failures
    assert [step.target for step in failure.path] in (
        ["end | waiting", "end | end"],
        ["idle | end", "end | end"],
    )


def test_a_loop_that_grows_without_bound() -> None:
    """Its variable is named, and so is the queue that nobody empties."""

    def hoard() -> None:
        seen: list[int] = []
        while True:
            pause("again")
            seen.append(1)

    def flood(to: ActorRef[Any]) -> None:
        while True:
            pause("again")
            to.send(Ack())

    def system(d: Dispatcher) -> None:
        d.spawn(flood, d.spawn(hoard))

    verdict = check(system)
    assert not verdict.complete
    assert "seen grows without bound" in str(verdict)
    assert "from flood to hoard grows without bound" in str(verdict)


# --- what actors share behind the explorer's back -----------------------------------------------

TOTAL = {"n": 0}


class Register:
    n = 0


def count_global() -> int:
    pause("start")
    TOTAL["n"] += 1
    pause("think")
    return TOTAL["n"]


def count_attribute() -> int:
    pause("start")
    Register.n += 1
    pause("think")
    return Register.n


def two_of(fn: Any) -> Any:
    def system(d: Dispatcher) -> None:
        d.spawn(fn, name="a")
        d.spawn(fn, name="b")

    return system


@pytest.mark.parametrize(
    ("fn", "variable"), [(count_global, "TOTAL"), (count_attribute, "Register")]
)
def test_a_hidden_global_is_named(fn: Any, variable: str) -> None:
    with pytest.raises(ExploreError, match=rf"(?s)\b{variable}\b"):
        explore(two_of(fn))


def test_a_list_that_two_close_over_is_named() -> None:
    def system(d: Dispatcher) -> None:
        seen: list[int] = []

        def note() -> int:
            pause("start")
            seen.append(1)
            pause("think")
            return len(seen)

        d.spawn(note, name="a")
        d.spawn(note, name="b")

    with pytest.raises(ExploreError, match=r"'seen'.*d\.shared"):
        explore(system)


def test_a_list_that_two_are_handed_is_named() -> None:
    def note(seen: list[int]) -> int:
        pause("start")
        seen.append(1)
        pause("think")
        return len(seen)

    def system(d: Dispatcher) -> None:
        shared: list[int] = []
        d.spawn(note, shared, name="a")
        d.spawn(note, shared, name="b")

    with pytest.raises(ExploreError, match=r"'seen'.*d\.shared"):
        explore(system)


def test_an_object_that_is_changed_after_it_was_sent_is_named() -> None:
    class Parcel:
        def __init__(self) -> None:
            self.items = [1]

    def sender(to: ActorRef[Any]) -> None:
        parcel = Parcel()
        to.send(parcel)
        pause("sent")
        parcel.items.append(2)

    def receiver() -> int:
        got = receive(Parcel, at="idle")
        pause("got")
        return len(got.items)

    def system(d: Dispatcher) -> None:
        d.spawn(sender, d.spawn(receiver))

    with pytest.raises(ExploreError, match="items"):
        explore(system)


def test_what_is_only_read_may_be_shared() -> None:
    prices = {"tea": 2}

    def buy() -> int:
        pause("start")
        return prices["tea"]

    assert explore(two_of(buy)).unique_states == 4


# --- code that does not do the same twice -------------------------------------------------------


def by_the_wall() -> None:
    began = time.perf_counter()
    pause("start")
    receive(Ack, at="early" if time.perf_counter() < began + 1 else "late")
    pause(str(began) and "late")


class Fresh:
    """Holds itself, and so stays while nothing collects it: no address comes twice."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def by_the_id() -> None:
    mine = id(Fresh())
    pause("start")
    pause(str(mine) and "next")


def by_the_order_of_a_set() -> None:
    first = next(iter({Fresh(), Fresh()}))
    number = hash(first)
    pause("start")
    pause(str(number) and "next")


def by_chance() -> float:
    pause("start")
    return random.random()


CAPRICIOUS = pytest.mark.parametrize(
    ("fn", "variable"),
    [
        (by_the_wall, "began"),
        (by_the_id, "mine"),
        (by_the_order_of_a_set, "number"),
        (by_chance, "random"),
    ],
)


@CAPRICIOUS
@pytest.mark.usefixtures("uncollected")
def test_what_differs_from_run_to_run_is_named_in_a_system(fn: Any, variable: str) -> None:
    with pytest.raises(ExploreError, match=rf"\b{variable}\b"):
        explore(two_of(fn))


@CAPRICIOUS
@pytest.mark.usefixtures("uncollected")
def test_what_differs_from_run_to_run_is_named_in_a_function_alone(fn: Any, variable: str) -> None:
    with pytest.raises(ExploreError, match=rf"\b{variable}\b"):
        explore(fn)


def test_the_message_speaks_of_what_differs_from_run_to_run() -> None:
    """Nothing is shared here: the clock on the wall is to blame."""
    with pytest.raises(ExploreError, match=r"twice|run to run|each time|clock"):
        explore(two_of(by_the_wall))


def another_each_time() -> None:
    """Each run is another one, by something that no variable shows."""
    receive(Ack, at="asked")
    runs = calendar.firstweekday()  # what a library keeps
    calendar.setfirstweekday((runs + 1) % 7)
    if runs > 2:
        raise ValueError("not this time")
    receive(Ack, at="second")
    receive(Ack, after=1, at="third")


def test_a_run_that_cannot_go_on_as_the_one_before_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has ended, where another one on the same events went on."""
    monkeypatch.setattr(calendar.c, "firstweekday", 0)
    with pytest.raises(ExploreError, match="did not do the same twice"):
        explore(another_each_time, events=[Ack()])
