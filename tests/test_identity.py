"""Identity: when two states that are called alike are two, and when they are one.

A state is each frame's place and the locals that still matter, kept mail and timers.  Never may
two that differ be merged, and what is over must not split one into two.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from flowlet import (
    Event,
    actor,
    emit,
    explore,
    me,
    receive,
    until,
)
from tests.machines import Box, Coin, Data, Digit, Flag, Go, Push, Stop, Tick, counts


class Which(Event):
    i: Literal[0, 1, 2]


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
