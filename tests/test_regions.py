"""Leaving regions: what comes for one while another cleans up, and the children of regions.

The rounds of their mail are in test_semantics.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from flowlet import (
    Dispatcher,
    Event,
    RealClock,
    child,
    me,
    on,
    parallel,
    perform,
    race,
    receive,
    sleep,
    spawn,
    state,
    supervise,
    until,
)
from flowlet.instrument import Delivered


class Go(Event): ...


class Fall(Event): ...


class Cancel(Event): ...


Log = list[str]


# --- entering -------------------------------------------------------------------------------------


def test_a_region_may_ask_for_the_state_before_the_later_ones_have_begun() -> None:
    """In its first turn already; so may a message that names the actor."""
    seen: list[object] = []

    def curious() -> None:
        seen.append(me().state[-1][0])
        repr(me())

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(curious, lambda: receive(Go)))
        d.settle()
        assert ref.alive
    assert seen == [("curious",)]


def test_a_listener_may_come_in_the_first_turn_of_a_region() -> None:
    """It hears of what the later regions take."""
    heard: list[object] = []

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(lambda: d.listen(heard.append), lambda: receive(Go)))
        ref.send(Go())
        d.settle()
        assert ref.result == (None, Go())
    assert [record.event for record in heard if isinstance(record, Delivered)] == [Go()]


# --- what comes for an earlier region while a later one cleans up ---------------------------------


def pay(log: Log) -> None:
    """Asks the bank, and goes on when it has answered."""
    try:
        perform(log.append, "paid")
        log.append("goes on")
    finally:
        log.append("payment left")


def test_a_result_that_comes_while_a_later_region_cleans_up_is_not_lost() -> None:
    """The bank's answer comes first, and the payment is left when its turn to clean up comes."""
    log: Log = []

    def tidy() -> None:
        try:
            receive(Go)
        finally:
            perform(log.append, "tidied up")
            log.append("tidy left")

    with Dispatcher() as d:
        ref = d.spawn(lambda: race(lambda: pay(log), tidy, lambda: "first"))
        assert d.run(until=ref) == (2, "first")
    assert log == ["paid", "tidied up", "tidy left", "payment left"]


def test_nor_is_it_where_an_until_leaves_the_regions() -> None:
    """The clean-up of the later region takes its second meanwhile."""
    log: Log = []

    def tidy() -> None:
        try:
            receive(Go)
        finally:
            perform(str)
            sleep(1)
            log.append("tidy left")

    def shop() -> object:
        with until(Cancel) as end:
            parallel(lambda: pay(log), tidy)
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(shop)
        ref.send(Cancel())
        assert d.run(until=ref) == Cancel()
    assert log == ["paid", "tidy left", "payment left"]


def test_in_real_time_a_result_waits_for_the_later_region_too() -> None:
    """Whose clean-up waits for word that the bank has answered."""
    log: Log = []
    may_answer = threading.Event()

    def charge() -> None:
        assert may_answer.wait(5)

    def paying() -> None:
        try:
            perform(charge)
            log.append("goes on")
        finally:
            log.append("payment left")

    def tidy() -> None:
        try:
            receive(Go)
        finally:
            may_answer.set()
            perform(str)  # an end like the bank's
            sleep(0.01)
            log.append("tidy left")

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(lambda: race(paying, tidy, lambda: receive(Cancel)))
        d.settle()
        ref.send(Cancel())
        assert d.run(until=ref) == (2, Cancel())
    assert log == ["tidy left", "payment left"]


@pytest.mark.parametrize("fails", [False, True], ids=["ends", "fails"])
def test_news_of_a_supervised_child_wait_as_well(fails: bool) -> None:
    """A child that is over during the clean-up of a later region; the other child ends with it."""
    log: Log = []

    def steady() -> None:
        receive(Go)

    def worker() -> None:
        receive(Fall)
        if fails:
            raise ValueError("fell")

    def office() -> None:
        try:
            supervise(child(steady, name="steady"), child(worker, name="worker", restart="never"))
        finally:
            log.append("office left")

    def tidy() -> None:
        try:
            receive(Go)
        finally:
            sleep(3)
            log.append("tidy left")

    with Dispatcher() as d:
        ref = d.spawn(lambda: race(office, tidy, lambda: receive(Cancel)))
        d.settle()
        worker_ref = d.find("worker")
        assert worker_ref is not None
        ref.send(Cancel())
        d.advance(1)
        worker_ref.send(Fall())
        assert d.run(until=ref) == (2, Cancel())
        assert (log, d.now(), d.actors) == (["tidy left", "office left"], 3.0, [])


# --- their children when the grace runs out -------------------------------------------------------

Region = Callable[[Callable[[], None]], None]


def with_a_child(helper: Callable[[], None]) -> None:
    spawn(helper)
    receive(Go)


def with_a_child_of_a_block(helper: Callable[[], None]) -> None:
    with spawn(helper):
        receive(Go)


def with_a_child_that_it_supervises(helper: Callable[[], None]) -> None:
    supervise(helper)


@pytest.mark.parametrize("grace", [0.0, 1.0])
@pytest.mark.parametrize(
    "region", [with_a_child, with_a_child_of_a_block, with_a_child_that_it_supervises]
)
def test_when_the_grace_runs_out_the_children_of_regions_are_ended(
    region: Region, grace: float
) -> None:
    """All clean-up begins, none is waited for any longer, and nobody is called stuck."""
    log: Log = []

    def helper() -> None:
        try:
            receive(Go)
        finally:
            log.append("helper")
            receive(Go)
            log.append("never here")

    def insisting() -> None:
        try:
            receive(Go)
        finally:
            log.append("insisting")
            receive(Go)
            log.append("never here")

    def machine() -> None:
        try:
            parallel(lambda: region(helper), insisting)
        finally:
            log.append("machine")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        d.settle()
        ref.stop(grace=grace)
        d.run()
        assert (ref.alive, ref.error, d.actors, d.now()) == (False, None, [], grace)
    assert log == ["insisting", "helper", "machine"]


def test_with_grace_enough_a_child_of_a_region_cleans_up() -> None:
    """The region waits for it, and the earlier regions for the region."""
    log: list[tuple[float, str]] = []

    with Dispatcher() as d:

        def helper() -> None:
            try:
                receive(Go)
            finally:
                sleep(2)
                log.append((d.now(), "helper"))

        def earlier() -> None:
            try:
                receive(Go)
            finally:
                log.append((d.now(), "earlier"))

        ref = d.spawn(lambda: parallel(earlier, lambda: with_a_child(helper)))
        d.settle()
        ref.stop()
        d.run()
        assert not ref.alive
    assert log == [(2.0, "helper"), (2.0, "earlier")]


def test_what_comes_while_a_region_inside_cleans_up_is_not_lost() -> None:
    """Nothing there takes it, and something for another region is before it: it is thrown away."""

    def tidy() -> None:
        try:
            sleep(0)
        finally:
            receive(after=4)

    def inner() -> None:
        race(lambda: sleep(0), tidy)

    with Dispatcher() as d:
        ref = d.spawn(lambda: race(lambda: None, inner))
        d.settle()
        ref.send(Go())
        d.settle()
        assert ref.discarded == 1


def test_an_error_while_regions_are_left_leaves_no_clean_up_out() -> None:
    """A handler fails while one region tidies up; both have done so before the error goes on."""
    log: Log = []

    def alarm(event: Fall) -> None:
        raise ValueError("the handler has failed")

    def tidy(name: str) -> None:
        try:
            receive(Go)
        finally:
            try:
                sleep(1)
            finally:
                log.append(f"{name} left")

    def shop() -> None:
        with on(Fall, alarm), until(Cancel):
            parallel(lambda: tidy("kitchen"), lambda: tidy("counter"))

    with Dispatcher() as d:
        ref = d.spawn(shop)
        for event in (Cancel(), Fall()):
            d.settle()
            ref.send(event)
        with pytest.raises(ValueError, match="the handler has failed"):
            d.run()
    assert log == ["counter left", "kitchen left"]


def test_of_what_comes_while_regions_are_left_the_last_counts() -> None:
    """As where a `finally` raises: the handler fails, and then the grace of the stop is over."""

    def alarm(event: Fall) -> None:
        raise ValueError("the handler has failed")

    def tidy() -> None:
        try:
            receive(Go)
        finally:
            sleep(9)

    def shop() -> None:
        with on(Fall, alarm), until(Cancel):
            parallel(tidy, tidy)

    with Dispatcher() as d:
        ref = d.spawn(shop)
        for event in (Cancel(), Fall()):
            d.settle()
            ref.send(event)
        d.settle()
        ref.stop()
        d.run()
        assert (ref.phase, ref.error) == ("ended", None)


# --- clean-up that fails --------------------------------------------------------------------------


def clumsy() -> None:
    """Cannot save when it is left."""
    try:
        receive(Go)
    finally:
        raise KeyError("the disk is full")


def by_a_race() -> None:
    race(lambda: receive(Cancel), clumsy)


def by_an_until() -> None:
    with until(Cancel):
        parallel(lambda: receive(Go), clumsy, lambda: receive(Go))


def by_a_sibling() -> None:
    def fails() -> None:
        receive(Cancel)
        raise ValueError("no more")

    parallel(fails, clumsy)


@pytest.mark.parametrize("shop", [by_a_race, by_an_until, by_a_sibling])
def test_an_error_in_the_clean_up_of_a_region_comes_out(shop: Callable[[], None]) -> None:
    """Whatever it is left for; without regions it does too."""
    with Dispatcher() as d:
        d.spawn(shop)
        d.settle()
        d.actors[0].send(Cancel())
        with pytest.raises(KeyError, match="the disk is full") as raised:
            d.settle()
    if shop is by_a_sibling:
        assert isinstance(raised.value.__context__, ValueError)


def test_an_error_in_the_clean_up_of_a_region_that_is_stopped_comes_out() -> None:
    """The actor has failed, as it would have without regions."""
    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(clumsy, lambda: receive(Go)))
        d.settle()
        ref.stop()
        with pytest.raises(KeyError, match="the disk is full"):
            d.settle()
        assert isinstance(ref.error, KeyError)


# --- names ----------------------------------------------------------------------------------------


def test_a_race_that_is_decided_at_once_is_no_wait() -> None:
    """The state that was entered before it is the final one: nobody has waited since."""

    def play(part: Callable[[], object]) -> None:
        with state("over"):
            race(part)

    with Dispatcher() as d:
        at_once = d.spawn(lambda: play(lambda: None))
        waited = d.spawn(lambda: play(lambda: sleep(1)))
        d.run()
        assert (at_once.state, waited.state) == (("over",), ("end",))


def test_regions_that_are_left_at_once_by_a_stop_were_a_wait() -> None:
    """One of them stops the actor in its first turn; step by step it is the same."""

    def impatient() -> None:
        me().stop()
        receive(Go)

    def play() -> None:
        with state("over"):
            race(impatient, impatient)

    def final(step_by_step: bool) -> tuple[object, ...]:
        with Dispatcher() as d:
            ref = d.spawn(play)
            while step_by_step and d.step():
                pass
            d.settle()
            return ref.state

    assert final(step_by_step=True) == final(step_by_step=False) == ("end",)
