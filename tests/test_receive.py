"""`receive` waits wherever Python runs: in helpers, generators, callbacks and clean-up."""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import assert_type

import pytest

from flowlet import Dispatcher, Event, Timeout, receive
from flowlet.errors import NotAnEventTypeError


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Go(Event): ...


def test_receive_returns_the_event_that_was_sent() -> None:
    """The very object arrives, not a copy."""
    got: list[Coin] = []

    def box() -> None:
        got.append(receive(Coin))

    coin = Coin(5)
    with Dispatcher() as d:
        d.spawn(box).send(coin)
        d.settle()
    assert [id(event) for event in got] == [id(coin)]


def test_a_turnstile_follows_its_events() -> None:
    """The places where a function waits are its states."""

    def turnstile() -> None:
        while True:
            receive(Coin, at="locked")
            receive(Push, at="unlocked")

    with Dispatcher() as d:
        gate = d.spawn(turnstile)
        d.settle()
        seen = [(gate.state, gate.accepts)]
        for event in (Coin(), Push()):
            gate.send(event)
            d.settle()
            seen.append((gate.state, gate.accepts))
    assert seen == [(("locked",), {Coin}), (("unlocked",), {Push}), (("locked",), {Coin})]


def test_receive_of_several_types_takes_the_oldest_of_any() -> None:
    """The order of the mail decides, not the order of the types."""
    got: list[object] = []

    def box() -> None:
        got.append(receive(Coin, Push, at="first"))
        got.append(receive(Coin, Push, at="second"))

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Push())
        ref.send(Coin())
        d.settle()
    assert got == [Push(), Coin()]


def test_receive_is_typed_by_what_it_waits_for() -> None:
    """Type checkers know the event; with `after` they know that it may be a Timeout."""
    got: list[object] = []

    def box() -> None:
        coin = receive(Coin, at="one")
        assert_type(coin, Coin)
        either = receive(Coin, Push, at="two")
        assert_type(either, Coin | Push)
        perhaps = receive(Coin, Push, after=1, at="late")
        assert_type(perhaps, Coin | Push | Timeout)
        got.extend([coin, either, type(perhaps)])

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Coin(1))
        ref.send(Push())
        d.advance(1)
    assert got == [Coin(1), Push(), Timeout]


def test_receive_takes_eight_types() -> None:
    """And waits for each of them."""
    kinds = [type(f"Kind{number}", (Event,), {}) for number in range(8)]

    def box() -> str:
        return type(receive(*kinds)).__name__

    with Dispatcher() as d:
        ref = d.spawn(box)
        d.settle()
        assert ref.accepts == set(kinds)
        ref.send(kinds[7]())
        d.settle()
        assert ref.result == "Kind7"


def test_more_than_eight_types_are_told_to_have_a_base() -> None:
    """The error says what to give instead."""
    kinds = [type(f"Kind{number}", (Event,), {}) for number in range(9)]

    def box() -> None:
        receive(*kinds)

    with Dispatcher() as d:
        d.spawn(box)
        with pytest.raises(NotAnEventTypeError, match="at most 8 types; give it a class"):
            d.settle()


def test_an_actor_function_returns_its_result() -> None:
    """What the function returns is the result of its actor."""

    def adder(start: int) -> int:
        return start + receive(Coin).value

    with Dispatcher() as d:
        ref = d.spawn(adder, 10)
        ref.send(Coin(5))
        d.settle()
        assert (ref.result, ref.alive, ref.error) == (15, False, None)


def test_a_wait_may_stand_fifty_calls_deep() -> None:
    """A helper waits for its caller, however deep it is."""
    got: list[int] = []

    def dig(depth: int) -> int:
        if depth == 0:
            return receive(Coin, at="bottom").value
        return dig(depth - 1) + 1

    def miner() -> None:
        got.append(dig(50))

    with Dispatcher() as d:
        ref = d.spawn(miner)
        d.settle()
        assert ref.state == ("bottom",)
        ref.send(Coin(7))
        d.settle()
    assert got == [57]


def test_a_generator_may_wait_between_its_values() -> None:
    """A generator that waits is read by an ordinary loop."""
    got: list[int] = []

    def coins() -> Iterator[int]:
        while (coin := receive(Coin, at="coins")).value:
            yield coin.value

    def counter() -> None:
        got.extend(coins())

    with Dispatcher() as d:
        ref = d.spawn(counter)
        for value in (3, 1, 2, 0):
            ref.send(Coin(value))
        d.settle()
        assert not ref.alive
    assert got == [3, 1, 2]


def test_a_comprehension_may_wait() -> None:
    """A list is filled as its events come."""

    def collector() -> list[int]:
        return [receive(Coin, at="slot").value for _ in range(3)]

    with Dispatcher() as d:
        ref = d.spawn(collector)
        for value in (3, 1, 2):
            ref.send(Coin(value))
        d.settle()
        assert ref.result == [3, 1, 2]


def test_a_sort_key_may_wait() -> None:
    """A wait below a C function parks it too."""

    def judge() -> list[str]:
        return sorted(["ann", "bob", "cleo"], key=lambda _: receive(Coin, at="marks").value)

    with Dispatcher() as d:
        ref = d.spawn(judge)
        for marks in (3, 1, 2):
            ref.send(Coin(marks))
            d.settle()
        assert ref.result == ["bob", "cleo", "ann"]


def test_map_and_reduce_may_wait() -> None:
    """Callbacks of the standard library are as good a place as any."""

    def adder() -> int:
        def coin(worth: int) -> int:
            return worth * receive(Coin, at="coin").value

        return functools.reduce(lambda a, b: a + b, map(coin, [1, 10, 100, 1000]))

    with Dispatcher() as d:
        ref = d.spawn(adder)
        for value in (1, 2, 3, 4):
            ref.send(Coin(value))
        d.settle()
        assert ref.result == 4321


def test_a_finally_may_wait() -> None:
    """Clean-up after an error waits, then the error goes on."""
    log: list[str] = []

    def cook() -> None:
        try:
            raise ValueError("burnt")
        finally:
            receive(Go, at="airing")
            log.append("aired")

    with Dispatcher() as d:
        ref = d.spawn(cook)
        d.settle()
        assert ref.state == ("airing",)
        ref.send(Go())
        with pytest.raises(ValueError, match="burnt"):
            d.settle()
    assert log == ["aired"]


def test_a_context_manager_may_wait_on_the_way_in_and_out() -> None:
    """Entering and leaving a block are calls like others."""
    log: list[object] = []

    @contextmanager
    def lease() -> Iterator[int]:
        yield receive(Coin, at="asking").value
        receive(Push, at="giving back")

    def tenant() -> None:
        with lease() as flat:
            log.append(flat)
        log.append("out")

    with Dispatcher() as d:
        ref = d.spawn(tenant)
        ref.send(Coin(12))
        d.settle()
        assert (log, ref.state) == ([12], ("giving back",))
        ref.send(Push())
        d.settle()
    assert log == [12, "out"]


def test_a_generator_that_is_closed_may_wait_in_its_clean_up() -> None:
    """`close()` of a generator runs its `finally`, which may wait too."""
    log: list[str] = []

    def numbers() -> Generator[int, None, None]:
        try:
            yield 1
            yield 2
        finally:
            receive(Go, at="closing")
            log.append("closed")

    def reader() -> None:
        source = numbers()
        next(source)
        source.close()
        log.append("read")

    with Dispatcher() as d:
        ref = d.spawn(reader)
        d.settle()
        assert ref.state == ("closing",)
        ref.send(Go())
        d.settle()
    assert log == ["closed", "read"]


def test_a_wait_inside_except_keeps_the_exception_in_hand() -> None:
    """A bare `raise` after a wait raises the actor's own error, whatever others handled."""

    def sufferer() -> None:
        try:
            raise ValueError("mine")
        except ValueError:
            receive(Go, at="thinking")
            raise

    def bystander() -> None:
        try:
            raise KeyError("other")
        except KeyError:
            receive(Go, at="calm")

    with Dispatcher() as d:
        hurt = d.spawn(sufferer)
        calm = d.spawn(bystander)
        d.settle()
        calm.send(Go())
        hurt.send(Go())
        with pytest.raises(ValueError, match="mine"):
            d.settle()
        assert calm.error is None


def test_methods_lambdas_and_partials_are_actor_functions() -> None:
    """Anything that can be called can be an actor."""
    got: list[object] = []

    class Till:
        def __init__(self) -> None:
            self.total = 0

        def serve(self) -> None:
            self.total += receive(Coin).value

        def __call__(self) -> None:
            self.serve()

    def worth(factor: int) -> None:
        got.append(factor * receive(Coin).value)

    first, second = Till(), Till()
    with Dispatcher() as d:
        refs = [
            d.spawn(first.serve),
            d.spawn(second),
            d.spawn(lambda: got.append(receive(Coin))),
            d.spawn(functools.partial(worth, 3)),
        ]
        for ref in refs:
            ref.send(Coin(2))
        d.settle()
    assert (first.total, second.total, got) == (2, 2, [Coin(2), 6])


def test_helpers_of_two_actors_do_not_mix() -> None:
    """The same helper waits for whichever actor runs it."""

    def pair() -> tuple[int, int]:
        return receive(Coin, at="left").value, receive(Coin, at="right").value

    def reader() -> tuple[int, int]:
        return pair()

    with Dispatcher() as d:
        one, two = d.spawn(reader), d.spawn(reader)
        one.send(Coin(1))
        two.send(Coin(10))
        d.settle()
        two.send(Coin(20))
        one.send(Coin(2))
        d.settle()
        assert (one.result, two.result) == ((1, 2), (10, 20))
