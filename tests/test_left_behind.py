"""What actors leave behind: letters that are still to come, and data that they share in secret."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from flowlet import ActorRef, Dispatcher, Event, ExploreError, pause, receive, wait_until
from flowlet.cells import Cell
from flowlet.introspect import check, explore, replay


class A(Event): ...


class B(Event): ...


def reader() -> None:
    receive(A, at="waiting")
    receive(B, at="got it")


# --- letters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["any", "ordered"])
def test_a_letter_comes_after_its_sender_has_ended(time: Any) -> None:
    """Three states: written, on its way, and read."""

    def writer(to: ActorRef[Any]) -> None:
        to.send(A(), after=3)

    def system(d: Dispatcher) -> None:
        d.spawn(writer, d.spawn(reader))

    x = explore(system, time=time)
    assert (x.unique_states, x.terminal_states, x.complete) == (3, 1, True)
    path = x.path_to(lambda v: v["reader"].state == ("got it",))
    assert [step.line for step in path] == ["writer: send A later", "reader: A() from writer"]
    assert replay(system, path).view["reader"].state == ("got it",)
    with Dispatcher() as d:
        system(d)
        d.run()
        assert d.actors[0].state == ("got it",)


def test_two_letters_that_are_alike_are_told_apart_by_who_may_call_them_off() -> None:
    """The second one is called off: only if it has come before that are there two letters."""

    def twice() -> int:
        receive(A)
        receive(A)
        return 2

    def writer(to: ActorRef[Any]) -> bool:
        to.send(A(), after=3)
        second = to.send(A(), after=5)
        pause()
        return second.cancel()

    def system(d: Dispatcher) -> None:
        d.spawn(writer, d.spawn(twice))

    ends = {(v["writer"].result, v["twice"].result) for v in explore(system).states}
    assert ends == {(None, None), (None, 2), (True, None), (False, None), (False, 2)}


# --- secrets --------------------------------------------------------------------------------------

ledger: Any = ModuleType("ledger")
ledger.total = 0


def adds(total: Cell[int]) -> None:
    pause()
    ledger.total += 1
    pause()
    total.value = ledger.total


def test_shared_data_that_flows_into_a_cell_is_found() -> None:
    """Alone each of them counts on from where the last run has stopped."""

    def system(d: Dispatcher) -> None:
        total = d.shared("total", 0)
        for name in ("one", "two"):
            d.spawn(adds, total, name=name)

    with pytest.raises(ExploreError, match="shared"):
        explore(system)


# --- symmetry -------------------------------------------------------------------------------------


def worker(turn: Cell[int]) -> None:
    wait_until(lambda: turn.value == 0)
    turn.value = 1
    pause("working")
    turn.value = 0


def two_workers(d: Dispatcher) -> None:
    turn = d.shared("turn", 0)
    for name in ("one", "two"):
        d.spawn(worker, turn, name=name)


def test_a_predicate_that_tells_like_actors_apart_is_refused_under_symmetry() -> None:
    """Without it, it is answered; one that asks of all is answered in both ways."""

    def two_is_first(v: Any) -> bool:
        first: bool = v["two"].state == ("worker", "working") and v["one"].alive
        return first

    def both(v: Any) -> bool:
        working = [a for a in v.actors if a.state == ("worker", "working")]
        return len(working) > 1

    assert not check(two_workers, never=two_is_first).ok
    with pytest.raises(ExploreError, match="'two_is_first' tells interchangeable actors apart"):
        check(two_workers, never=two_is_first, symmetry=worker)
    assert check(two_workers, never=both, symmetry=worker).ok
