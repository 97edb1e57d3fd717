"""Identity: when two states that are called alike are two, and when they are one.

A state is each frame's place and the locals that still matter, kept mail and timers.  Never may
two that differ be merged, and what is over must not split one into two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Literal

import pytest

from flowlet import (
    Event,
    FlowletError,
    actor,
    emit,
    explore,
    me,
    receive,
    state,
    until,
)
from tests.machines import Coin, Data, Digit, Flag, Go, Push, Stop, Tick


class Which(Event):
    i: Literal[0, 1, 2]


def counts(fn: Callable[..., Any], **options: Any) -> tuple[int, int, int]:
    """States, last states and steps of a machine that must be explored to its end."""
    x = explore(fn, **options)
    assert x.complete
    return x.unique_states, x.terminal_states, x.transitions


def counted_or_refused(fn: Callable[..., Any], unique: int, because: str = "") -> None:
    """A value that Python keeps out of sight is read, or named in an error: never guessed."""
    refusal, found = because, unique
    try:
        found = explore(fn).unique_states
    except FlowletError as error:
        refusal = str(error)
    assert because in refusal
    assert found == unique


# -- locals ------------------------------------------------------------------------------------


def test_two_values_that_still_matter_are_two_states() -> None:
    """They have one name, and their futures differ."""

    def remember() -> int:
        digit = receive(Digit, at="first")
        receive(Push, at="second")
        return digit.value

    assert counts(remember) == (5, 2, 4)
    assert explore(remember).graph.names() == ["first", "second", "end"]


def forget() -> None:
    digit = receive(Digit, at="first")
    emit(digit.value)
    receive(Push, at="second")


def test_a_value_that_no_longer_matters_is_none_of_the_state() -> None:
    """The variable is still bound; nothing reads it any more."""
    assert counts(forget) == (3, 1, 3)


def test_a_name_in_keep_counts_although_it_is_dead() -> None:
    """So does every name with `identity="all"`."""
    assert explore(forget, keep=("digit",)).unique_states == 4
    assert explore(forget, identity="all").unique_states == 4
    assert explore(forget, identity="live").unique_states == 3


def test_a_value_that_is_written_before_it_is_read_does_not_matter() -> None:
    """What the old value was changes nothing."""

    def overwrite() -> int:
        n = receive(Digit, at="first").value
        emit(n)
        receive(Push, at="second")
        n = receive(Digit, at="third").value
        return n

    assert counts(overwrite) == (5, 2, 5)


def test_a_value_that_matters_on_one_way_only_matters() -> None:
    """As long as there is a way to where it is read, it counts."""

    def maybe() -> int:
        n = receive(Digit, at="first").value
        if receive(Flag, at="second").on:
            return n
        return 0

    assert counts(maybe) == (6, 3, 6)


def test_a_value_of_the_caller_matters_while_a_helper_waits() -> None:
    """The whole stack counts, not only the frame that waits."""

    def pushed() -> None:
        receive(Push, at="second")

    def remember() -> int:
        digit = receive(Digit, at="first")
        pushed()
        return digit.value

    assert counts(remember) == (5, 2, 4)


def test_the_variable_of_a_closure_matters() -> None:
    """A cell that an inner function changes is part of the state."""

    def counting() -> None:
        n = 0

        def bump() -> None:
            nonlocal n
            receive(Tick, at="ticking")
            n += 1

        while n < 3:
            bump()

    assert counts(counting) == (4, 1, 3)


@dataclass
class Box:
    n: int = 0


def test_the_fields_of_an_object_matter() -> None:
    """A dataclass is what its fields are."""

    def counting() -> None:
        box = Box()
        while box.n < 3:
            receive(Tick, at="ticking")
            box.n += 1

    assert counts(counting) == (4, 1, 3)


def test_what_an_until_ended_by_matters() -> None:
    """`end.event` is read after the block: two ends, and one wait before."""

    def limited() -> bool:
        with until(Stop) as end:
            receive(Go, at="inside")
        return end.event is None

    assert counts(limited) == (3, 2, 2)


def test_frames_that_can_only_return_are_none_of_the_state() -> None:
    """Two helpers that only hand on the same wait wait in one state."""

    def take() -> Coin:
        return receive(Coin, at="taking")

    def left() -> Coin:
        return take()

    def right() -> Coin:
        return take()

    def fork() -> Coin:
        if receive(Flag, at="fork").on:
            return left()
        return right()

    assert counts(fork) == (3, 1, 3)


def test_frames_that_go_on_after_the_helper_are_part_of_the_state() -> None:
    """One line waits; what comes after it differs."""

    def take() -> Coin:
        return receive(Coin, at="taking")

    def fork() -> str:
        if receive(Flag, at="fork").on:
            take()
            return "left"
        take()
        return "right"

    assert counts(fork) == (5, 2, 4)


def test_the_depth_of_a_recursion_is_part_of_the_state() -> None:
    """A helper that has still to come back from three calls is not one from two."""

    def count(left: int) -> int:
        if not left:
            return 0
        receive(Tick, at="ticking")
        return count(left - 1) + 1

    assert counts(partial(count, 3)) == (4, 1, 3)


# -- values ------------------------------------------------------------------------------------


def left_foot() -> str:
    return "left"


def right_foot() -> str:
    return "right"


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
    ],
    ids=repr,
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


# -- mail and timers ---------------------------------------------------------------------------


def test_kept_mail_is_part_of_the_state() -> None:
    """One that has a letter waiting is not one that has none."""

    @actor(unexpected="defer")
    def clerk() -> None:
        if receive(Flag, at="opening").on:
            me().send(Data())
        receive(Go, at="working")

    assert counts(clerk) == (4, 1, 4)


def test_armed_timers_are_part_of_the_state() -> None:
    """Two lengths that are both running are two states, though their variable is dead."""

    def patient() -> None:
        seconds = 5 if receive(Flag, at="choosing").on else 9
        receive(Go, after=seconds, at="waiting")

    x = explore(patient)
    assert x.unique_states == 4
    assert x.graph.triples() == {
        ("choosing", "Flag", "waiting"),
        ("waiting", "Go", "end"),
        ("waiting", "after 5s", "end"),
        ("waiting", "after 9s", "end"),
    }


def test_an_until_that_was_left_leaves_nothing_behind() -> None:
    """With and without the time limit that is over, the wait after it is the same."""

    def visitor() -> None:
        if receive(Flag, at="door").on:
            with until(after=5):
                receive(Go, at="inside")
        receive(Stop, at="outside")

    assert explore(visitor).unique_states == 4
