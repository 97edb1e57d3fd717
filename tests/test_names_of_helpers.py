"""Names, helpers included: a wait belongs to the block round it, however deep the call.

`look(...)` of `machines` runs and explores the machine; its `told` is what the running actor
says, its `triples()` are the edges on which both graphs agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest

from flowlet import (
    Dispatcher,
    emit,
    pause,
    receive,
    sleep,
    state,
    until,
)
from tests.machines import (
    Address,
    Card,
    Cash,
    Coin,
    Data,
    Disconnect,
    Flag,
    Login,
    Stop,
    Tick,
    look,
)


def take_card() -> Card:
    return receive(Card)


def take_order() -> None:
    receive(Address)
    take_card()


def deeper() -> Card:
    return take_card()


def deepest() -> Card:
    return deeper()


def test_the_one_wait_of_a_block_may_stand_in_a_helper() -> None:
    """Three calls down, it is still the block's only wait."""

    def till() -> None:
        with state("paying"):
            deepest()

    assert look(till, Card()).triples() == {("paying", "Card", "end")}


def test_a_helper_called_twice_is_two_places() -> None:
    """Each call of a helper is a wait of its own."""

    def till() -> None:
        with state("paying"):
            take_card()
            take_card()

    assert look(till, Card(), Card()).told == ["paying/Card", "paying/Card#2", "end"]


def test_a_helper_with_two_waits_called_twice_is_four_places() -> None:
    """The numbers go on through the calls."""

    def till() -> None:
        take_order()
        take_order()

    views = look(till, Address(), Card(), Address(), Card())
    assert views.told == ["till/Address", "till/Card", "till/Address#2", "till/Card#2", "end"]


def test_a_helper_called_in_a_loop_is_one_place() -> None:
    """A call stands once in the source, however often it is made."""

    def till() -> None:
        with state("paying"):
            for _ in range(2):
                take_card()

    assert look(till, Card(), Card()).told == ["paying", "paying", "end"]


def test_a_helper_called_from_two_blocks_is_the_state_of_each() -> None:
    """Each block holds one wait, the same line."""

    def till() -> None:
        with state("deposit"):
            take_card()
        with state("rest"):
            take_card()

    assert look(till, Card(), Card()).told == ["deposit", "rest", "end"]


def test_the_wait_of_a_closure_counts() -> None:
    """A helper that is a free variable of the actor function is followed."""

    def build(times: int) -> Callable[[], None]:
        def pay() -> None:
            receive(Coin)

        def till() -> None:
            with state("paying"):
                for _ in range(times):
                    pay()

        return till

    assert look(build(2), Coin(), Coin()).told == ["paying", "paying", "end"]


def test_the_wait_of_a_nested_function_counts() -> None:
    """A helper defined inside the actor function is followed."""

    def till() -> None:
        def pay() -> None:
            receive(Coin)

        with state("paying"):
            pay()
            pay()

    assert look(till, Coin(), Coin()).told == ["paying/Coin", "paying/Coin#2", "end"]


@dataclass
class Desk:
    served: int = 0

    def take(self) -> Coin:
        return receive(Coin)

    def serve(self) -> None:
        self.take()
        self.served += 1


desk = Desk()


def test_the_wait_of_a_method_counts() -> None:
    """A method of an object that the module holds is followed."""

    def till() -> None:
        with state("paying"):
            desk.take()
            desk.take()

    assert look(till, Coin(), Coin()).told == ["paying/Coin", "paying/Coin#2", "end"]


def test_the_wait_of_a_method_of_a_local_object_counts() -> None:
    """A method that calls another method, on an object that the actor made, is followed."""

    def till() -> None:
        mine = Desk()
        with state("paying"):
            mine.serve()
        with state("counting"):
            receive(Tick)
            receive(Tick)

    assert look(till, Coin(), Tick(), Tick()).told == [
        "paying",
        "counting/Tick",
        "counting/Tick#2",
        "end",
    ]


def logged(fn: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fn)
    def wrapper(*args: Any) -> Any:
        return fn(*args)

    return wrapper


@logged
def take_cash() -> Cash:
    return receive(Cash)


def test_the_wait_of_a_wrapped_helper_counts() -> None:
    """A decorator that only passes on hides nothing."""

    def till() -> None:
        with state("paying"):
            take_cash()
            take_cash()

    assert look(till, Cash(), Cash()).told == ["paying/Cash", "paying/Cash#2", "end"]


def countdown(left: int) -> None:
    if left:
        receive(Tick)
        countdown(left - 1)


def test_a_helper_that_calls_itself_is_one_place() -> None:
    """Recursion ends in the source: the wait that it comes back to is the same one."""

    def launch() -> None:
        with state("counting"):
            countdown(3)

    views = look(launch, Tick(), Tick(), Tick())
    assert views.told == ["counting", "counting", "counting", "end"]


def two_coins() -> Iterator[Coin]:
    yield receive(Coin)
    yield receive(Coin)


def test_the_waits_of_a_generator_count() -> None:
    """A block that loops over a generator holds the waits in it."""

    def till() -> None:
        with state("paying"):
            for _coin in two_coins():
                emit("clink")

    assert look(till, Coin(), Coin()).told == ["paying/Coin", "paying/Coin#2", "end"]


@contextmanager
def visit() -> Iterator[None]:
    receive(Login)
    try:
        yield
    finally:
        receive(Disconnect)


def test_the_waits_of_a_context_manager_count() -> None:
    """What waits on the way in and on the way out is inside the block that uses it."""

    def guest() -> None:
        with state("visit"), visit():
            receive(Data)

    views = look(guest, Login(), Data(), Disconnect())
    assert views.told == ["visit/Login", "visit/Data", "visit/Disconnect", "end"]


def twice(step: Callable[[], Any]) -> None:
    step()
    step()


def test_a_helper_that_is_handed_over_has_names_on_which_all_agree() -> None:
    """A call of an argument cannot be read in the source at once; the views still agree."""

    def till() -> None:
        with state("paying"):
            twice(take_card)

    views = look(till, Card(), Card())
    assert [name.split("/")[0] for name in views.told] == ["paying", "paying", "end"]
    assert views.told[0] != views.told[1]
    assert len(views.triples()) == 2


PAYMENTS = (Card, Cash)


def sleep_in_block(seconds: float) -> None:
    """Sleep the long way."""
    with until(Stop):
        sleep(seconds)


def test_a_wait_for_types_from_a_variable_is_named_by_what_they_are() -> None:
    """`receive(*PAYMENTS)` is called as if the types stood in the call."""

    def till() -> None:
        with state("paying"):
            receive(Address)
            receive(*PAYMENTS)

    assert look(till, Address(), Cash()).told == ["paying/Address", "paying/Card|Cash", "end"]


@pytest.mark.parametrize("instruments", [[], [lambda record: None]], ids=["plain", "watched"])
@pytest.mark.parametrize("before", [lambda: sleep(1), lambda: sleep_in_block(1), pause])
def test_a_wait_is_not_called_after_the_one_before_it(
    before: Callable[[], None], instruments: list[Callable[[object], None]]
) -> None:
    """Where the source does not tell the types, the wait itself does."""

    def till(*kinds: type) -> None:
        before()
        receive(*kinds)

    with Dispatcher(instruments=instruments) as d:
        ref = d.spawn(till, Card)
        d.advance(1)
        assert ref.state == ("till", "Card")


def test_a_wait_in_a_while_and_in_finally_is_one_place() -> None:
    """A call that Python compiles twice stands once in the source."""

    def asking() -> None:
        with state("asking"):
            while receive(Flag).on:
                pass
        with state("closing"):
            try:
                emit("bye")
            finally:
                receive(Stop)

    views = look(asking, Flag(on=True), Flag(on=False), Stop())
    assert views.told == ["asking", "asking", "closing", "end"]
