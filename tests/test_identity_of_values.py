"""Identity of values: by type, order and aliases, wherever they hang; and what has no value.

Two that behave differently are two states, also where Python calls them equal.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Literal

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    FlowletError,
    choose,
    emit,
    explore,
    now,
    pause,
    receive,
    wait_until,
)
from tests.machines import Box, Digit, Flag, Go, Push, Stop, counts


class Basket(Event):
    items: set[int]


class Which(Event):
    i: Literal[0, 1, 2]


def left_foot() -> str:
    return "left"


def right_foot() -> str:
    return "right"


def marked(mark: int) -> Callable[[], str]:
    def foot() -> str:
        return f"foot {foot.mark}"  # type: ignore[attr-defined]  # it is put there

    foot.mark = mark  # type: ignore[attr-defined]
    return foot


class Side(Enum):
    LEFT = 1
    RIGHT = 2


@pytest.mark.parametrize(
    "pair",
    [
        (1, True),
        (1, 1.0),
        (0, False),
        (0.0, -0.0),
        ("1", 1),
        ("a", b"a"),
        (b"a", bytearray(b"a")),
        ([1], (1,)),
        ([1], [True]),
        ((1, (2, 3)), (1, (2.0, 3))),
        ({1: 1}, {1: True}),
        ({1: "a"}, {True: "a"}),
        ({1}, {1.0}),
        ({1}, frozenset({1})),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (None, ()),
        (Side.LEFT, Side.RIGHT),
        (Side.LEFT, 1),
        (Box(1), Box(2)),
        (Digit(1), Digit(2)),
        (Go(), Stop()),
        (int, float),
        (left_foot, right_foot),
        (0j, complex(0, -0.0)),
        (Decimal("1.0"), Decimal("1.00")),
        (marked(1), marked(2)),
    ],
    ids=lambda pair: re.sub(r" at 0x\w+", "", repr(pair)),
)
def test_values_that_behave_differently_are_two_states(pair: tuple[Any, Any]) -> None:
    """Also those that Python calls equal: by type, by order, deep inside."""

    def hold(pair: tuple[Any, Any]) -> None:
        value = pair[receive(Digit, at="choosing").value - 1]
        receive(Push, at="holding")
        emit(value)

    assert counts(partial(hold, pair)) == (4, 1, 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda i: 1000 + 0 * i,
        lambda i: "".join(["a", "b" * 3, "c"]),
        lambda i: [1, [2, 3]],
        lambda i: {"a": (1, 2)},
        lambda i: {"x", "y", str(3)},
        lambda i: Box(7),
        lambda i: Digit(1),
        lambda i: float("nan"),
        lambda i: (10**30, 2.5, None, ...),
    ],
)
def test_equal_values_that_were_made_twice_are_one_state(make: Callable[[int], Any]) -> None:
    """Where a value lies in memory is no part of it."""

    def hold() -> int:
        value = make(receive(Which, at="choosing").i)
        receive(Push, at="holding")
        return len(repr(value))

    assert counts(hold) == (3, 1, 4)


def test_one_list_under_two_names_is_not_two_equal_lists() -> None:
    """What is appended to the one shows in the other, or does not."""

    def hold() -> int:
        first = [0]
        second = first if receive(Flag, at="choosing").on else [0]
        receive(Push, at="holding")
        first.append(1)
        return len(second)

    assert counts(hold) == (5, 2, 4)


def test_aliases_deep_inside_and_over_two_frames_count() -> None:
    """The same list twice in a tuple; the caller's list in the helper's hands."""

    def pushed(mine: list[int]) -> None:
        receive(Push, at="holding")
        mine.append(1)

    def pair() -> int:
        first = [0]
        both = (first, first) if receive(Flag, at="choosing").on else (first, [0])
        del first
        receive(Push, at="holding")
        both[0].append(1)
        return len(both[1])

    def lent() -> int:
        mine = [0]
        pushed(mine if receive(Flag, at="choosing").on else [0])
        return len(mine)

    assert counts(pair) == (5, 2, 4)
    assert counts(lent) == (5, 2, 4)


def test_one_number_under_two_names_is_two_equal_numbers() -> None:
    """Values that cannot change have no aliases."""

    def hold() -> tuple[int, int]:
        first = 1000
        second = first if receive(Flag, at="choosing").on else int("1000")
        receive(Push, at="holding")
        return first, second

    assert counts(hold) == (3, 1, 3)


def test_a_list_that_holds_itself_is_a_value_too() -> None:
    """A ring of references ends."""

    def ring() -> int:
        items: list[Any] = [receive(Digit, at="choosing").value]
        items.append(items)
        receive(Push, at="holding")
        return int(items[1][1][0])

    assert counts(ring) == (5, 2, 4)


def test_results_that_differ_by_type_are_two_ends() -> None:
    """A finished actor's result is compared as any other value."""
    results: tuple[Any, ...] = (1, True, 1.0)

    def pick(results: tuple[Any, ...]) -> Any:
        return results[receive(Which, at="picking").i]

    assert counts(partial(pick, results)) == (4, 3, 3)


def test_an_object_that_it_does_not_know_is_named() -> None:
    """A lock has no value to compare: the error says which variable holds it."""

    def guarded() -> None:
        lock = threading.Lock()
        receive(Go, at="waiting")
        with lock:
            emit("done")

    with pytest.raises(FlowletError) as error:
        explore(guarded)
    assert "lock" in str(error.value)


def test_an_object_that_it_does_not_know_may_be_dead() -> None:
    """What no longer matters is not looked at."""

    def guarded() -> None:
        lock = threading.Lock()
        with lock:
            emit("done")
        receive(Go, at="waiting")

    assert counts(guarded) == (2, 1, 1)


def test_what_caused_an_error_is_part_of_it() -> None:
    def hold() -> str:
        error = ValueError("x")
        error.__cause__ = KeyError("on") if receive(Flag, at="choosing").on else None
        receive(Push, at="holding")
        return repr(error.__cause__)

    assert counts(hold) == (5, 2, 4)


class Thing:
    n = 0


def test_an_alias_inside_a_set_counts() -> None:
    """An object that stands in a set and beside it is not one that only looks like it."""

    def hold() -> int:
        box = Thing()
        boxes = {box} if receive(Flag, at="choosing").on else {Thing()}
        receive(Push, at="holding")
        box.n = 1
        return next(iter(boxes)).n

    assert counts(hold) == (5, 2, 4)


def test_functions_that_share_a_variable_are_not_two_with_equal_ones() -> None:
    """What the one writes, the other reads; or it does not."""

    def counter() -> tuple[Callable[[], None], Callable[[], int]]:
        count = 0

        def more() -> None:
            nonlocal count
            count += 1

        def read() -> int:
            return count

        return more, read

    def hold() -> int:
        more, read = counter()
        _, other = counter()
        if receive(Flag, at="choosing").on:
            read = other
        del other
        receive(Push, at="holding")
        more()
        return read()

    assert counts(hold) == (5, 2, 4)


def test_numbers_of_decimal_are_values_like_others() -> None:
    """That they keep their context with the actor is no difference."""

    def hold() -> str:
        price = Decimal("1.5")
        receive(Push, at="holding")
        return str(price)

    assert explore(hold).unique_states == 2


def test_a_variable_that_a_function_has_read_is_dead_with_the_function() -> None:
    """The loop sets it anew before it is read again."""

    def system(d: Dispatcher) -> None:
        cells = [d.shared(f"cell {n}", True) for n in range(3)]

        def walker() -> None:
            while True:
                for turn in range(3):
                    if choose(True, False):
                        wait_until(lambda: cells[turn].value, at="waiting")  # noqa: B023
                        break
                pause(at="idle")

        d.spawn(walker)

    x = explore(system)
    assert (x.unique_states, x.complete) == (4, True)  # idle, and waiting on each of three


def test_a_class_of_the_actor_itself_is_refused_with_the_way_out() -> None:
    """Each run makes another one."""

    def hold() -> None:
        class Mine:
            pass

        mine = Mine()
        receive(Push, at="holding")
        emit(repr(mine))

    with pytest.raises(ExploreError, match=r"class Mine is made anew in each run.*outside"):
        explore(hold)


def test_a_set_that_is_sent_is_copied_for_each_run() -> None:
    """Who puts something into it changes it for nobody else."""

    def shopper() -> None:
        basket = receive(Basket, at="idle")
        if choose("put in", "leave") == "put in":
            basket.items.add(9)
        pause("done")
        emit(len(basket.items))

    def shop(shopper: ActorRef[None]) -> None:
        shopper.send(Basket(items={1}))

    def mall(d: Dispatcher) -> None:
        d.spawn(shop, d.spawn(shopper))

    x: Any = explore(mall)
    baskets = [
        v["shopper"].locals["basket"].items for v in x.states if "basket" in v["shopper"].locals
    ]
    assert sorted(map(sorted, baskets)) == [[1], [1, 9]]


def test_the_time_in_a_set_is_noticed() -> None:
    """As it is in a list."""

    def clock() -> None:
        seen = {now()}
        pause("tick")
        emit(seen)

    x = explore(clock)
    assert not x.complete
    assert any("seen of clock comes from now()" in note for note in x.notes)
