"""Identity of the stack: where loops stand, and what Python keeps out of sight.

A loop's iterator, a sum that is half done and a call written in C hold state that no variable
shows.  It is read, or the exploration is refused with the name of the expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Literal

import pytest

from flowlet import (
    Event,
    FlowletError,
    emit,
    explore,
    receive,
    state,
    until,
)
from tests.machines import Coin, Digit, Flag, Go, Push, Stop, Tick, counts


class Which(Event):
    i: Literal[0, 1, 2]


def counted_or_refused(fn: Callable[..., Any], unique: int, because: str = "") -> None:
    """A value that Python keeps out of sight is read, or named in an error: never guessed."""
    refusal, found = because, unique
    try:
        found = explore(fn).unique_states
    except FlowletError as error:
        refusal = str(error)
    assert because in refusal
    assert found == unique


# -- loops -------------------------------------------------------------------------------------


def over_range() -> None:
    for _ in range(3):
        receive(Tick, at="ticking")


def over_list() -> None:
    for _ in ["a", "b", "c"]:
        receive(Tick, at="ticking")


def over_tuple() -> None:
    for _ in ("a", "b", "a"):
        receive(Tick, at="ticking")


def over_enumerate() -> None:
    for _, _ in enumerate(["a", "a", "a"]):
        receive(Tick, at="ticking")


def over_zip() -> None:
    for _, _ in zip([1, 1, 1], "aaa", strict=True):
        receive(Tick, at="ticking")


def over_dict() -> None:
    for _ in {"a": 1, "b": 1, "c": 1}:
        receive(Tick, at="ticking")


def over_items() -> None:
    for _, _ in {"a": 1, "b": 1, "c": 1}.items():
        receive(Tick, at="ticking")


def over_values() -> None:
    for _ in {"a": 1, "b": 1, "c": 1}.values():
        receive(Tick, at="ticking")


def by_counter() -> None:
    n = 0
    while n < 3:
        receive(Tick, at="ticking")
        n += 1


@pytest.mark.parametrize(
    "loop",
    [
        over_range,
        over_list,
        over_tuple,
        over_enumerate,
        over_zip,
        over_dict,
        over_items,
        over_values,
        by_counter,
    ],
)
def test_where_a_loop_stands_is_part_of_the_state(loop: Callable[[], None]) -> None:
    """Three rounds are three states under one name, though no variable tells them apart."""
    x = explore(loop)
    assert (x.unique_states, x.terminal_states, x.transitions) == (4, 1, 3)
    assert x.complete
    assert x.graph.triples() == {("ticking", "Tick", "ticking"), ("ticking", "Tick", "end")}


def test_loops_in_one_another_multiply() -> None:
    """Two rounds of three are six."""

    def nested() -> None:
        for _ in range(2):
            for _ in [1, 2, 3]:
                receive(Tick, at="ticking")

    assert counts(nested) == (7, 1, 6)


def test_a_loop_in_the_caller_counts_while_the_helper_loops() -> None:
    """Each frame's own place counts."""

    def inner() -> None:
        for _ in range(2):
            receive(Tick, at="ticking")

    def outer() -> None:
        for _ in (1, 2, 3):
            inner()

    assert counts(outer) == (7, 1, 6)


def test_a_loop_over_what_differs_differs() -> None:
    """What is still to come of the loop is part of the state, not only how far it is."""

    def choosy() -> list[str]:
        got = []
        for item in ["a", "b"] if receive(Flag, at="choosing").on else ["a", "c"]:
            receive(Tick, at="ticking")
            got.append(item)
        return got

    assert counts(choosy) == (7, 2, 6)


def test_a_while_over_a_wait_is_one_place() -> None:
    """The compiler writes the call twice; it stands once in the source."""

    def asking() -> None:
        while receive(Flag, at="asking").on:
            pass

    assert counts(asking) == (2, 1, 2)


# -- what Python keeps out of sight ------------------------------------------------------------


def letters() -> Iterator[str]:
    yield from "abc"


def test_a_loop_over_a_generator_is_counted_or_refused() -> None:
    """Where a generator stands is hidden; the error shows the expression."""

    def spelling() -> None:
        for _ in letters():
            receive(Tick, at="ticking")

    counted_or_refused(spelling, 4, because="letters()")


def test_a_sum_that_is_half_done_is_counted_or_refused() -> None:
    """The first number waits for the second where no variable holds it."""

    def adder() -> int:
        return receive(Digit, at="first").value + receive(Digit, at="second").value

    counted_or_refused(adder, 1 + 2 + 3, because="receive(Digit")


def test_arguments_that_are_half_collected_are_counted_or_refused() -> None:
    """The call is not made before both are there."""

    def adder() -> int:
        return max(receive(Digit, at="first").value, receive(Digit, at="second").value)

    counted_or_refused(adder, 1 + 2 + 2, because="max")


def test_a_comprehension_that_is_half_built_is_counted_or_refused() -> None:
    """The list has no name yet."""

    def digits() -> list[int]:
        return [receive(Digit, at="digit").value for _ in range(2)]

    counted_or_refused(digits, 1 + 2 + 4)


def test_a_finally_on_the_way_of_an_error_is_not_the_ordinary_one() -> None:
    """The same line waits; one goes on, the other raises: two states, or a refusal."""

    def careful() -> None:
        try:
            try:
                if receive(Flag, at="trying").on:
                    raise KeyError("lost")
            finally:
                receive(Push, at="cleaning")
        except KeyError:
            with state("failed"):
                return
        with state("fine"):
            return

    counted_or_refused(careful, 5)


def test_an_error_that_is_being_handled_is_a_value() -> None:
    """What it says is read after the wait."""

    def handler() -> str:
        try:
            raise ValueError("yes" if receive(Flag, at="trying").on else "no")
        except ValueError as error:
            receive(Push, at="handling")
            return str(error)

    counted_or_refused(handler, 5)


def test_a_with_round_a_wait_needs_no_reading() -> None:
    """The exit that Python keeps for later says nothing new."""

    def guarded() -> None:
        with suppress(KeyError):
            receive(Go, at="inside")

    counted_or_refused(guarded, 2, because="suppress")


def test_an_iterator_in_a_variable_is_counted_or_refused() -> None:
    """It has a place of its own, as in a loop."""

    def walker() -> None:
        steps = iter([1, 1, 1])
        while next(steps, None):
            receive(Tick, at="walking")

    counted_or_refused(walker, 4, because="steps")


# -- waits under a call of C -------------------------------------------------------------------


def take(n: int = 1) -> int:
    receive(Coin, at="taking")
    return n


def taken() -> Iterator[int]:
    yield take(1)
    yield take(2)


@contextmanager
def opened() -> Iterator[None]:
    receive(Go, at="opening")
    try:
        yield
    finally:
        receive(Stop, at="closing")


def by_star() -> int:
    arguments = (5,)
    return take(*arguments)


def by_partial() -> int:
    return partial(take, 5)()


def by_generator() -> int:
    return sum_up(taken())


def sum_up(numbers: Iterator[int]) -> int:
    total = 0
    for number in numbers:
        total += number
    return total


@pytest.mark.parametrize(("call", "unique"), [(by_star, 2), (by_partial, 2), (by_generator, 3)])
def test_calls_without_a_state_of_their_own_are_transparent(
    call: Callable[[], int], unique: int
) -> None:
    """`f(*args)`, a partial and the next of a generator hide nothing of the wait inside."""
    assert counts(call) == (unique, 1, unique - 1)


def test_waits_on_the_way_into_and_out_of_a_context_manager_are_counted() -> None:
    """Its generator is on the stack while it waits; an exception on the way out, too."""

    def visitor() -> None:
        with suppress(KeyError), opened():
            raise KeyError("gone")

    def guest() -> None:
        with opened():
            emit("hello")

    assert counts(guest) == (3, 1, 2)
    counted_or_refused(visitor, 3)


@pytest.mark.parametrize("call", ["sorted", "max"])
def test_a_wait_under_a_call_that_has_a_state_is_refused_by_name(call: str) -> None:
    """How far `sorted` has come cannot be seen; it runs, but it cannot be explored."""
    function: Any = {"sorted": sorted, "max": max}[call]

    def ranked() -> None:
        if call == "sorted":
            sorted([3, 1, 2], key=take)
        else:
            max([3, 1, 2], key=take)

    with pytest.raises(FlowletError) as error:
        explore(ranked)
    assert function.__name__ in str(error.value)


# --- the exception that is being handled ----------------------------------------------------------


def retry() -> None:
    """Fails in one of two ways, waits twice, and raises the failure again without a name for it."""
    event = receive(Go, Stop, at="first")
    if isinstance(event, Stop):
        receive(Go, at="detour")
    try:
        if isinstance(event, Stop):
            raise ValueError
        raise KeyError
    except (ValueError, KeyError):
        receive(Go, at="back off")
        receive(Go, at="and again")
        raise


def test_what_a_bare_raise_will_raise_tells_states_apart() -> None:
    """Python shows it nowhere on the stack of a parked greenlet."""

    def whole() -> None:
        try:
            retry()
        except ValueError:
            receive(Go, at="value")
        except KeyError:
            receive(Go, at="key")

    x = explore(whole)
    assert {"value", "key"} <= set(x.graph.names())
    # First, the detour, two waits and one more on each of two ways, and the end.
    assert x.unique_states == 9


def test_an_exception_that_nobody_looks_at_again_does_not() -> None:
    """The handler waits, and is left for good."""

    def forgiving() -> None:
        event = receive(Go, Stop, at="first")
        try:
            raise ValueError if isinstance(event, Stop) else KeyError
        except (ValueError, KeyError):
            receive(Go, at="back off")
        receive(Go, at="last")

    assert explore(forgiving).unique_states == 4


# -- one call of the source, compiled more than once ------------------------------------------


@contextmanager
def tidying() -> Iterator[None]:
    try:
        yield
    finally:
        receive(Tick, at="tidying")


class Tidying:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None:
        receive(Tick, at="tidying")


def leaves_through_finally() -> None:
    while True:
        try:
            if receive(Flag, at="asked").on:
                break
        finally:
            receive(Tick, at="tidying")
    receive(Coin, at="behind")


def leaves_through_a_generator() -> None:
    while True:
        with tidying():
            if receive(Flag, at="asked").on:
                break
    receive(Coin, at="behind")


def leaves_through_an_object() -> None:
    while True:
        with Tidying():
            if receive(Flag, at="asked").on:
                break
    receive(Coin, at="behind")


@pytest.mark.parametrize(
    "fn", [leaves_through_finally, leaves_through_a_generator, leaves_through_an_object]
)
def test_clean_up_on_the_way_out_and_on_the_way_round_are_two_states(
    fn: Callable[[], None],
) -> None:
    """They stand in one line, and the compiler has made two of it: one leads out of the loop."""
    x = explore(fn)
    assert x.graph.triples() == {
        ("asked", "Flag", "tidying"),
        ("tidying", "Tick", "asked"),
        ("tidying", "Tick", "behind"),
        ("behind", "Coin", "end"),
    }
    assert x.unique_states == 5  # of which two are called `tidying`


def two_clean_ups() -> int:
    while True:
        with Tidying():
            with Tidying():
                if receive(Flag, at="asked").on:
                    return 5


def test_clean_ups_inside_each_other_are_left_one_after_the_other() -> None:
    x = explore(two_clean_ups)
    # Each is come by on two ways; behind the outer one there is only the return.
    assert x.unique_states == 1 + 2 + 2 + 1


def asks_in_its_condition() -> None:
    receive(Go, at="first")
    while receive(Flag, at="again").on:
        receive(Tick, at="inside")


def test_the_condition_of_a_loop_is_one_state() -> None:
    """It is compiled twice as well, but what comes after is the same."""
    assert explore(asks_in_its_condition).unique_states == 4


def test_clean_up_is_the_same_wherever_an_exception_has_come_from() -> None:
    """Python keeps the instruction that raised on the stack, for the traceback alone."""

    @contextmanager
    def tidied() -> Iterator[None]:
        try:
            yield
        finally:
            receive(Tick, at="tidying")

    def guest() -> None:
        with until(Stop), tidied():
            receive(Go, at="hall")
            receive(Go, at="room")
            receive(Go, at="roof")

    x = explore(guest)
    # hall, room, roof, tidying with nothing or with the `Stop` to go on with, the end
    assert (x.unique_states, x.complete) == (6, True)
