"""What no variable shows: letters still to come, data shared in secret, what waits know."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    NoReplyError,
    Request,
    choose,
    pause,
    perform,
    receive,
    state,
    wait_until,
)
from flowlet.cells import Cell
from flowlet.introspect import check, explore, replay, static


class A(Event): ...


class B(Event): ...


class Go(Event): ...


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


# --- what a wait itself knows ------------------------------------------------------------------


def test_whom_an_actor_asks_is_part_of_its_state() -> None:
    """Also where no variable says it any more: the one ends, and the other does not."""

    class Get(Request[int]): ...

    def patient() -> None:
        receive(Get)
        receive(Go)

    def hasty() -> None:
        receive(Get)

    def client(*servers: ActorRef[Any]) -> str:
        server = choose(*servers)
        try:
            server.ask(Get())
        except NoReplyError:
            return "no reply"
        return "reply"

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(patient), d.spawn(hasty))

    x = explore(system)
    assert x.unique_states == 5
    ended = [view for view in x.states if not view["hasty"].alive]
    assert [view["client"].result for view in ended] == [None, "no reply"]


def test_what_an_actor_waits_to_be_true_is_part_of_its_state() -> None:
    """Two predicates at one place are two states."""

    def waiter(cell: Any) -> None:
        high, low = (lambda: cell.value > 3), (lambda: cell.value < 3)
        wait_until(choose(high, low))

    def system(d: Dispatcher) -> None:
        d.spawn(waiter, d.shared("n", 5))

    assert explore(system).terminal_states == 2


def test_how_often_a_call_was_tried_is_part_of_the_state() -> None:
    """After the third failure there is no fourth attempt."""
    tenacity = pytest.importorskip("tenacity", reason="tenacity is not installed")

    def charge() -> bool:
        return True

    def shop() -> None:
        three = tenacity.Retrying(stop=tenacity.stop_after_attempt(3), reraise=True)
        with state("paying"):
            perform(charge, retry=three)
        with state("paid"):
            receive(Go)

    x = explore(shop)
    assert x.complete
    assert x.graph.triples() == {
        ("paying", "perform charge", "paid"), ("paying", "perform charge", "paying"),
        ("paying", "retry", "paying"), ("paying", "perform charge", "error: PerformFailed"),
        ("paid", "Go", "end"),
    }  # fmt: skip
    assert x.graph.triples() <= static(shop).triples()
    lines = [step.line for step in x.path_to("error: PerformFailed")]
    assert sum("perform charge gives" in line for line in lines) == 3


def test_calls_that_are_tried_for_ever_alike_are_one_state() -> None:
    """Nothing tells the tenth attempt from the first."""
    tenacity = pytest.importorskip("tenacity", reason="tenacity is not installed")

    def charge() -> bool:
        return True

    def shop() -> None:
        perform(charge, retry=tenacity.Retrying())

    x = explore(shop)
    assert x.complete
    assert x.unique_states == 3
