"""Data without a bound: exploring stops early and names what grows; with a bound it finishes.

A machine that counts for ever has no end of states.  It is cut where one edge is taken again and
again while a value grows, long before `max_states`; one that has a limit is explored to it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from flowlet import (
    Cell,
    Delay,
    Dispatcher,
    Event,
    ExploreError,
    actor,
    emit,
    explore,
    me,
    now,
    on,
    pause,
    receive,
    sleep,
    state,
    whereis,
)
from flowlet.introspect import patience
from tests.machines import Coin, Data, Digit, Go, Push, Stop, Tick


def explored(fn: Callable[..., Any], **options: Any) -> Any:
    """Explore within two seconds of this process's own time."""
    began = time.process_time()
    x = explore(fn, **options)
    assert time.process_time() - began < 2
    return x


def names(x: Any, variable: str) -> bool:
    """Whether the notes on a graph that was cut name the variable, as a word."""
    return any(re.search(rf"\b{variable}\b", note) for note in x.graph.notes)


# -- without a bound ---------------------------------------------------------------------------


def counter() -> None:
    n = 0
    while True:
        receive(Tick, at="counting")
        n += 1


def falling() -> None:
    n = 0
    while True:
        receive(Tick, at="falling")
        n -= 1


def collector() -> None:
    got = []
    while True:
        got.append(receive(Tick, at="collecting"))


def writer() -> None:
    text = ""
    while True:
        receive(Tick, at="writing")
        text += "x"


def chain() -> None:
    links: tuple[Any, ...] = ()
    while True:
        receive(Tick, at="linking")
        links = (links,)


def ledger() -> None:
    log: dict[int, str] = {}
    while True:
        receive(Tick, at="logging")
        log[len(log)] = "tick"


@dataclass
class Meter:
    total: int = 0


def metered() -> None:
    meter = Meter()
    while True:
        receive(Tick, at="metering")
        meter.total += 1


def enclosed() -> None:
    n = 0

    def bump() -> None:
        nonlocal n
        receive(Tick, at="bumping")
        n += 1

    while True:
        bump()


def two_step() -> None:
    rounds = 0
    while True:
        receive(Go, at="ping")
        receive(Stop, at="pong")
        rounds += 1


def adding() -> None:
    total = 0
    while True:
        total += receive(Digit, at="adding").value


def backing_off() -> None:
    rto = 1
    while True:
        receive(Data, after=Delay("retransmission", rto), at="sent")
        rto *= 2


@pytest.mark.parametrize(
    ("machine", "variable"),
    [
        (counter, "n"),
        (falling, "n"),
        (collector, "got"),
        (writer, "text"),
        (chain, "links"),
        (ledger, "log"),
        (metered, "meter"),
        (enclosed, "n"),
        (two_step, "rounds"),
        (adding, "total"),
        (backing_off, "rto"),
    ],
)
def test_a_value_that_grows_for_ever_is_named(machine: Callable[[], None], variable: str) -> None:
    """Exploring ends, is not complete, and says which variable has no bound."""
    x = explored(machine)
    assert x.complete is False
    assert x.graph.complete is False
    assert names(x, variable)


def test_the_named_states_of_an_unbounded_machine_are_all_found() -> None:
    """What is cut off are more of the same; the picture is whole."""

    def tally() -> int:
        n = 0
        while True:
            match receive(Tick, Stop, at="counting"):
                case Tick():
                    n += 1
                case Stop():
                    receive(Go, at="telling")
                    return n

    x = explored(tally)
    assert x.complete is False
    assert x.graph.triples() == {
        ("counting", "Tick", "counting"),
        ("counting", "Stop", "telling"),
        ("telling", "Go", "end"),
    }


def test_a_growing_value_does_not_hide_another_part_of_the_machine() -> None:
    """The way on beyond the counter is still explored to its end."""

    def worker() -> None:
        n = 0
        while True:
            match receive(Tick, Go, at="counting"):
                case Tick():
                    n += 1
                case Go():
                    break
        for _ in range(5):
            receive(Data, at="reading")
        with state("Terminated"):
            emit(n)

    x = explored(worker)
    assert x.complete is False
    assert ("reading", "Data", "Terminated") in x.graph.triples()


def test_calls_that_pile_up_are_growth_too() -> None:
    """A helper that calls itself and has still something to do afterwards."""

    def deeper() -> int:
        receive(Tick, at="digging")
        return deeper() + 1

    x = explored(deeper)
    assert x.complete is False
    assert names(x, "deeper")


def test_calls_that_only_return_do_not_pile_up() -> None:
    """With nothing left to do in the callers, all depths are one state."""

    def again() -> None:
        receive(Tick, at="again")
        again()

    x = explored(again)
    assert (x.unique_states, x.terminal_states, x.transitions) == (1, 1, 1)
    assert x.complete is True


def test_mail_that_piles_up_is_growth_too() -> None:
    """Letters to itself that it never opens are part of the state."""

    @actor(unexpected="defer")
    def hoarder() -> None:
        while True:
            receive(Tick, at="hoarding")
            me().send(Data())

    x = explored(hoarder)
    assert x.complete is False
    assert any("mail" in note or "Data" in note for note in x.graph.notes)


def test_the_time_in_a_variable_has_no_bound() -> None:
    """A live value that comes from `now()` is named."""

    def watch() -> None:
        last = now()
        while True:
            sleep(5, at="watching")
            emit(now() - last)
            last = now()

    x = explored(watch)
    assert x.complete is False
    assert names(x, "last")
    assert x.graph.triples() == {("watching", "after 5s", "watching")}


# -- with a bound ------------------------------------------------------------------------------


def to_forty() -> None:
    n = 0
    while n < 40:
        receive(Tick, at="counting")
        n += 1


def to_two_hundred() -> None:
    n = 0
    while True:
        receive(Tick, at="counting")
        n += 1
        if n == 200:
            return


def down_from_hundred() -> None:
    n = 100
    while n:
        receive(Tick, at="counting")
        n -= 1


def up_to_fifty_items() -> None:
    got: list[str] = []
    while len(got) < 50:
        receive(Tick, at="collecting")
        got.append("x")


@pytest.mark.parametrize(
    ("machine", "rounds"),
    [(to_forty, 40), (to_two_hundred, 200), (down_from_hundred, 100), (up_to_fifty_items, 50)],
)
def test_a_count_that_the_code_bounds_is_complete(machine: Callable[[], None], rounds: int) -> None:
    """However long it takes, it is explored to its end."""
    x = explored(machine)
    assert x.complete is True
    assert (x.unique_states, x.terminal_states, x.transitions) == (rounds + 1, 1, rounds)


def test_a_count_that_an_argument_bounds_is_complete() -> None:
    """The limit may come from outside."""

    def counting(limit: int) -> None:
        n = 0
        while n < limit:
            receive(Tick, at="counting")
            n += 1

    x = explored(partial(counting, 60))
    assert (x.complete, x.unique_states) == (True, 61)


def test_a_loop_over_a_long_range_is_complete() -> None:
    """The iterator grows towards its end and not for ever."""

    def counting() -> None:
        for _ in range(150):
            receive(Tick, at="counting")

    x = explored(counting)
    assert (x.complete, x.unique_states) == (True, 151)


def test_a_count_that_comes_round_is_complete() -> None:
    """Modulo twelve there are twelve states, and no last one."""

    def clock() -> None:
        hour = 0
        while True:
            receive(Tick, at="ticking")
            hour = (hour + 1) % 12

    x = explored(clock)
    assert (x.complete, x.unique_states, x.terminal_states, x.transitions) == (True, 12, 0, 12)


def test_a_count_that_stops_growing_is_complete() -> None:
    """A counter that saturates stays where it is."""

    def gauge() -> None:
        level = 0
        while True:
            receive(Tick, at="rising")
            level = min(level + 1, 64)

    x = explored(gauge)
    assert (x.complete, x.unique_states, x.terminal_states, x.transitions) == (True, 65, 1, 65)


def test_a_count_up_and_down_between_two_bounds_is_complete() -> None:
    """Growth that can be undone is still bounded by the code."""

    def lift() -> None:
        floor = 0
        while True:
            match receive(Go, Stop, at="moving"):
                case Go():
                    floor = min(floor + 1, 30)
                case Stop():
                    floor = max(floor - 1, 0)

    x = explored(lift)
    assert (x.complete, x.unique_states, x.transitions) == (True, 31, 62)


# -- where the ways multiply -------------------------------------------------------------------


def diary() -> None:
    days = []
    while True:
        days.append(receive(Push, Coin))


@pytest.mark.slow
def test_a_list_of_what_came_is_noticed_although_the_ways_double_with_each_entry() -> None:
    """Long before it is forty-eight entries long, which would be 2^48 states."""
    x = explore(diary)
    assert x.complete is False
    assert any("days grows without bound" in note for note in x.graph.notes)
    assert x.unique_states < 20_000


def test_a_cell_that_two_actors_count_up_is_noticed() -> None:
    """It is no variable of theirs."""

    def counter(total: Cell[int]) -> None:
        while True:
            pause()
            total.value += 1

    def system(d: Dispatcher) -> None:
        total = d.shared("total", 0)
        d.spawn(counter, total, name="one")
        d.spawn(counter, total, name="two")

    x = explore(system)
    assert x.complete is False
    assert any("cell 'total' grows without bound" in note for note in x.graph.notes)


def test_a_cell_that_counts_a_long_way_and_stops_is_explored_to_its_end() -> None:
    """Four hundred values are many, and they end."""

    def counter(total: Cell[int]) -> None:
        while total.value < 400:
            pause()
            total.value += 1

    def system(d: Dispatcher) -> None:
        d.spawn(counter, d.shared("total", 0))

    x = explore(system)
    assert (x.unique_states, x.complete) == (401, True)


class Ball(Event):
    rally: int = 0


def player(other: str) -> None:
    while True:
        ball = receive(Ball)
        whereis(other).send(Ball(ball.rally + 1))


def test_a_number_that_grows_in_messages_alone_is_noticed() -> None:
    """Neither player keeps it; it is always on its way."""

    def system(d: Dispatcher) -> None:
        one = d.spawn(player, "two", name="one")
        d.spawn(player, "one", name="two")
        one.send(Ball())

    x = explore(system)
    assert x.complete is False
    assert any("Ball is sent to" in note and "without bound" in note for note in x.graph.notes)


def generated() -> None:
    def numbers() -> Iterator[int]:
        number = 0
        while True:
            number += 1
            yield number

    more = numbers()
    while True:
        receive(Ball, at="waiting")
        next(more)


def counted_by_a_handler() -> None:
    count = 0

    def one_more(_: Ball) -> None:
        nonlocal count
        count += 1

    with on(Ball, one_more):
        receive(Stop, at="waiting")


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def one_more(self, _: Ball) -> None:
        self.count += 1


def counted_by_an_object() -> None:
    with on(Ball, Counter().one_more):
        receive(Stop, at="waiting")


@pytest.mark.parametrize("fn", [generated, counted_by_a_handler, counted_by_an_object])
def test_what_grows_out_of_sight_is_noticed(fn: Callable[[], None]) -> None:
    """In a generator, in a handler, in the object of one."""
    x = explore(fn, events=[Ball(), Stop()], max_states=400)
    assert x.unique_states < 150
    assert any("grows without bound" in note for note in x.notes)


def test_two_that_grow_are_told_of_once_each() -> None:
    def both() -> None:
        here = there = 0
        while True:
            match receive(Ball, Stop, at="waiting"):
                case Ball():
                    here += 1
                case Stop():
                    there += 1

    notes = explore(both, events=[Ball(), Stop()], max_states=1500).notes
    assert sum(note.startswith("here grows") for note in notes) == 1
    assert sum(note.startswith("there grows") for note in notes) == 1


def test_a_limit_that_is_very_far_away_is_told() -> None:
    def count() -> None:
        number = 0
        while number < 100_000:
            receive(Ball, at="waiting")
            number += 1

    x = explore(count, events=[Ball()])
    assert any("on its way to 100000" in note for note in x.notes), x.notes


def spin() -> None:
    receive(Stop)
    while True:
        ...


def test_a_loop_that_never_waits_is_given_up_and_the_error_has_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether the function is explored alone or among others."""
    monkeypatch.setattr(patience, "LIMIT", 0.05)
    first = spin.__code__.co_firstlineno

    def system(d: Dispatcher) -> None:
        d.spawn(spin).send(Stop())
        d.spawn(lambda: receive(Go))

    for target in (spin, system):
        with pytest.raises(ExploreError, match=r"spin computes for ever, .*let the loop") as caught:
            explore(target)
        assert re.search(
            rf"test_unbounded\.py:{first + 2}|test_unbounded\.py:{first + 3}", str(caught.value)
        )


def test_who_catches_what_ends_the_loop_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on to a wait, and has computed for very long all the same."""
    monkeypatch.setattr(patience, "LIMIT", 0.05)

    def stubborn() -> None:
        receive(Stop)
        try:
            while True:
                ...
        except BaseException:
            emit("caught")
        receive(Go)

    with pytest.raises(ExploreError, match="stubborn computes for ever"):
        explore(stubborn)


def test_a_search_within_a_step_is_no_part_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes."""
    monkeypatch.setattr(patience, "LIMIT", 0.1)

    def count() -> None:
        for _ in range(1500):
            receive(Ball, at="waiting")

    def curious() -> None:
        receive(Stop)
        assert explore(count, events=[Ball()]).seconds > patience.LIMIT
        receive(Go)

    assert explore(curious).complete


def test_a_search_that_takes_longer_than_one_step_may_is_no_endless_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is each step that must end."""
    monkeypatch.setattr(patience, "LIMIT", 0.02)

    def count() -> None:
        for _ in range(1500):
            receive(Ball, at="waiting")

    x = explore(count, events=[Ball()])
    assert x.complete
    assert x.seconds > patience.LIMIT
