"""The alphabet: which events exploring offers, and which values their fields take.

From the types of the fields, from `examples`, or by hand from `events`.  Where none of these
says what could come, exploring must say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from flowlet import Event, FlowletError, emit, explore, receive, state, until
from tests.machines import Coin, Digit, Flag, Go, Price, Push, Stop, Tick, turnstile


class Drink(Enum):
    TEA = 1
    COFFEE = 2
    COCOA = 3


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Ordered(Event):
    drink: Drink


class Sized(Event):
    size: Size


class Level(Event):
    n: Annotated[int, Field(ge=1, le=4)]


class Between(Event):
    n: int = Field(gt=1, lt=4)


class Both(Event):
    on: bool
    n: Literal[1, 2, 3]


class WithDefault(Event):
    on: bool = False


class Named(Event):
    name: str


class Suggested(Event):
    name: str = Field(examples=["Ada", "Grace"])


class Huge(Event):
    n: Annotated[int, Field(ge=0, le=10**12)]


class Paid(Event):
    cents: int


def values(type_: type[Event], **options: Any) -> set[str]:
    """Every value of the one field that is offered: the machine ends in a state called by it."""

    def taker() -> None:
        event: Any = receive(type_, at="taking")
        (value,) = dict(event).values()
        with state(str(value)):
            return

    return set(explore(taker, **options).graph.names()) - {"taking"}


# -- from the type -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "offered"),
    [
        (Flag, {"True", "False"}),
        (Digit, {"1", "2"}),
        (Ordered, {"Drink.TEA", "Drink.COFFEE", "Drink.COCOA"}),
        (Sized, {"small", "large"}),
        (Level, {"1", "2", "3", "4"}),
        (Between, {"2", "3"}),
        (WithDefault, {"True", "False"}),
    ],
)
def test_a_field_takes_every_value_of_its_type(type_: type[Event], offered: set[str]) -> None:
    """`bool`, `Enum`, `Literal` and bounded integers have few enough."""
    assert values(type_) == offered


def test_two_fields_take_every_pair() -> None:
    """Two by three are six."""

    def taker() -> tuple[bool, int]:
        both = receive(Both, at="taking")
        return both.on, both.n

    x = explore(taker)
    assert (x.unique_states, x.terminal_states, x.transitions) == (7, 6, 6)


def test_an_event_without_fields_is_offered_as_it_is() -> None:
    """Each type that is listened for is offered, in every state that listens for it."""

    def taker() -> None:
        receive(Go, Stop, Tick, at="taking")

    assert explore(taker).graph.triples() == {
        ("taking", "Go", "end"),
        ("taking", "Stop", "end"),
        ("taking", "Tick", "end"),
    }


def test_what_an_until_listens_for_is_offered_too() -> None:
    """With all its values."""

    def taker() -> bool:
        with until(Flag) as end:
            receive(Go, at="taking")
        return isinstance(end.event, Flag) and end.event.on

    x = explore(taker)
    assert x.transitions == 3
    assert x.terminal_states == 2


def test_what_where_refuses_is_no_edge() -> None:
    """Of the values that are offered only those are taken that `where` lets through."""

    def taker() -> int:
        return receive(Price, where=lambda price: price.value > 2, at="taking").value

    x = explore(taker)
    assert (x.unique_states, x.terminal_states, x.transitions) == (3, 2, 2)


def test_what_a_block_defers_is_not_offered() -> None:
    """Mail is assumed to come when it is listened for; the notes say so."""

    def taker() -> None:
        with state("busy", defer=(Tick,)):
            receive(Go)
        receive(Tick, at="free")

    x = explore(taker)
    assert (x.unique_states, x.transitions) == (3, 2)
    assert any("mail" in note for note in x.graph.notes)


# -- from examples -----------------------------------------------------------------------------


def test_examples_of_the_field_are_its_values() -> None:
    """`Field(examples=...)` in the model is enough."""
    assert values(Suggested) == {"Ada", "Grace"}


def test_examples_for_the_event_are_its_instances() -> None:
    """A mapping from the class to what could come; it says more than the type."""
    assert values(Named, examples={Named: [Named(name="Ada"), Named(name="Alan")]}) == {
        "Ada",
        "Alan",
    }
    assert values(Level, examples={Level: [Level(n=3)]}) == {"3"}


def test_examples_for_the_event_that_are_none_are_refused() -> None:
    """Values of its field, say: they would be offered, and never be taken."""
    with pytest.raises(FlowletError) as told:
        values(Level, examples={Level: [Level(n=3), 3]})
    assert str(told.value) == (
        "examples= has 3 for Level, which is no Level; "
        'give {Level: [Level(…)]}, or {"Level.n": […]}'
    )


def test_other_events_keep_their_values_beside_examples() -> None:
    """Examples for one class say nothing of another."""

    def taker() -> str:
        name = receive(Named, at="naming").name
        return f"{name} {receive(Digit, at='counting').value}"

    x = explore(taker, examples={Named: [Named(name="Ada")]})
    assert (x.unique_states, x.terminal_states) == (4, 2)


# -- by hand -----------------------------------------------------------------------------------


def test_events_are_the_alphabet_by_hand() -> None:
    """Nothing else comes, whatever the types would allow."""

    def taker() -> int:
        while True:
            match receive(Digit, Coin, Stop, at="taking"):
                case Digit(value=v):
                    return v
                case Coin():
                    receive(Push, at="pushing")
                case Stop():
                    return 0

    graph = explore(taker, events=[Digit(2), Coin()]).graph
    assert graph.triples() == {("taking", "Digit", "end"), ("taking", "Coin", "pushing")}


def test_several_values_by_hand_are_all_offered() -> None:
    """An integer without bounds is what the user says it is."""
    assert values(Paid, events=[Paid(cents=5), Paid(cents=10), Paid(cents=25)]) == {"5", "10", "25"}


def test_an_event_of_a_subclass_is_offered_where_its_base_is_awaited() -> None:
    """It is taken there when running, so it comes when exploring."""

    class Animal(Event): ...

    class Dog(Animal): ...

    class Cat(Animal): ...

    def vet() -> str:
        return type(receive(Animal, at="waiting")).__name__

    x = explore(vet, events=[Dog(), Cat()])
    assert x.graph.triples() == {("waiting", "Dog", "end"), ("waiting", "Cat", "end")}
    assert x.terminal_states == 2


def test_events_may_be_any_objects() -> None:
    """Not only subclasses of `Event` can be sent; by hand they can be explored."""

    def parser() -> str:
        return receive(str, at="reading")

    x = explore(parser, events=["yes", "no"])
    assert x.graph.triples() == {("reading", "str", "end")}
    assert x.terminal_states == 2


def test_without_any_event_only_time_passes() -> None:
    """An empty alphabet leaves the timers."""

    def patient() -> None:
        receive(Go, after=5, at="waiting")

    assert explore(patient, events=[]).graph.triples() == {("waiting", "after 5s", "end")}
    assert explore(turnstile, events=[]).graph.triples() == set()


# -- what could be anything --------------------------------------------------------------------


def said(fn: Callable[..., Any]) -> str:
    """The error, or the notes on the graph."""
    try:
        return " ".join(explore(fn).graph.notes)
    except FlowletError as error:
        return str(error)


def test_a_field_that_could_be_anything_is_named() -> None:
    """A text has no end of values: which event, which field, and what to do."""

    def greeter() -> None:
        emit(receive(Named, at="waiting").name)

    text = said(greeter)
    assert "Named" in text
    assert "name" in text
    assert "examples" in text


def test_a_class_that_is_no_event_is_named() -> None:
    """Nothing is known of what a `bytes` could be."""

    def parser() -> None:
        receive(bytes, at="reading")

    assert "bytes" in said(parser)


def test_a_default_is_a_value_where_there_is_no_other() -> None:
    """`value: int = 1` is offered with its default: the first example of all must work."""

    class Insert(Event):
        value: int = 1

    assert "1" in values(Insert)

    def slot() -> None:
        while True:
            receive(Insert, at="open")

    x = explore(slot)
    assert x.graph.triples() == {("open", "Insert", "open")}
    assert x.unique_states == 1


def test_bounds_that_are_far_apart_do_not_take_for_ever() -> None:
    """A million millions are not tried one by one; that some were left out is said."""

    def taker() -> None:
        receive(Huge, at="taking")

    began = time.process_time()
    text = said(taker)
    assert time.process_time() - began < 2
    assert "Huge" in text
