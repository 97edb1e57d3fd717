"""Events: frozen, validated values that take their fields by keyword and by position."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest
from pydantic import Field, ValidationError

from flowlet import Dispatcher, Event, explore, receive


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Order(Event):
    dish: str
    count: int = 1
    notes: list[str] = Field(default_factory=list)


class RushOrder(Order):
    table: int = 0


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Choice(Event):
    label = "{choice}"
    choice: Size


class Syn(Event):
    label = "SYN"


def test_fields_may_be_given_by_keyword() -> None:
    """A field is set by its name."""
    assert Coin(value=5).value == 5


def test_fields_may_be_given_by_position() -> None:
    """Positions follow the order in which the fields are written."""
    order = Order("soup", 2)
    assert (order.dish, order.count, order.notes) == ("soup", 2, [])


def test_position_and_keyword_mix() -> None:
    """The first fields by position, the others by keyword, make the same event."""
    assert Order("soup", count=2) == Order(dish="soup", count=2)


def test_a_field_that_is_left_out_has_its_default() -> None:
    """No argument at all leaves every field at its default."""
    assert Coin() == Coin(1)


def test_inherited_fields_come_first() -> None:
    """A subclass takes the fields of its base first, then its own."""
    order = RushOrder("soup", 2, ["hot"], 7)
    assert (order.dish, order.count, order.notes, order.table) == ("soup", 2, ["hot"], 7)


def test_too_many_positions_are_an_error() -> None:
    """An event without fields takes no argument, and says which class was meant."""
    with pytest.raises(TypeError, match="Push"):
        Push(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_field_given_twice_is_an_error() -> None:
    """The same field by position and by keyword is a mistake of the caller."""
    with pytest.raises(TypeError, match="value"):
        Coin(5, value=6)  # type: ignore[misc]  # pyright: ignore[reportCallIssue]


def test_a_wrong_value_is_refused_by_keyword() -> None:
    """Values are validated against the field's type."""
    with pytest.raises(ValidationError):
        Coin(value="five")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_wrong_value_is_refused_by_position_and_the_field_is_named() -> None:
    """Validation by position names the field, not a number."""
    with pytest.raises(ValidationError) as caught:
        Order("soup", "two")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert caught.value.errors()[0]["loc"] == ("count",)


def test_a_missing_field_is_refused() -> None:
    """A field without a default must be given."""
    with pytest.raises(ValidationError):
        Order()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_an_unknown_field_is_not_taken_for_one() -> None:
    """A misspelt field never becomes an attribute of the event."""
    try:
        coin = Coin(valeu=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    except (ValidationError, TypeError):
        return
    assert not hasattr(coin, "valeu")


def test_events_are_frozen() -> None:
    """An event on its way cannot be changed by the sender."""
    coin = Coin(5)
    with pytest.raises(ValidationError):
        coin.value = 6  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert coin.value == 5


def test_events_are_values() -> None:
    """Equal fields make equal events, which count once in a set; another class never equals."""
    assert {Coin(5), Coin(value=5), Coin(6)} == {Coin(5), Coin(6)}
    events: list[Event] = [Coin(5), Order("5")]
    assert events[0] != events[1]


def test_a_match_arm_takes_fields_by_position() -> None:
    """`case Coin(v)` binds the first field."""
    match Coin(5):
        case Coin(v):
            assert v == 5
        case _:  # pyright: ignore[reportUnnecessaryComparison]
            pytest.fail("the arm did not match")


def test_a_match_arm_on_a_subclass_reaches_its_own_fields() -> None:
    """`case RushOrder(...)` counts the inherited fields as the constructor does."""
    match RushOrder("soup", 2, [], 7):
        case RushOrder(dish, _, _, table):
            assert (dish, table) == ("soup", 7)
        case _:  # pyright: ignore[reportUnnecessaryComparison]
            pytest.fail("the arm did not match")


def test_an_event_goes_through_json_and_back() -> None:
    """Payloads are plain pydantic: JSON out, the same event in."""
    order = Order("soup", 2, ["hot"])
    assert Order.model_validate_json(order.model_dump_json()) == order


def test_a_repr_names_class_and_fields() -> None:
    """A log line shows what came."""
    shown = repr(Coin(5))
    assert "Coin" in shown
    assert "5" in shown


def test_a_label_is_no_field() -> None:
    """`label` belongs to the class: it takes no position and is not in the JSON."""
    assert Choice(Size.SMALL).choice is Size.SMALL
    assert "label" not in Choice.model_fields
    assert "label" not in Choice(Size.SMALL).model_dump()


@pytest.mark.parametrize("label", ["{chioce}", "{", "{}", "{choice:d}", "{choice.colour}"])
def test_a_label_that_cannot_be_formatted_is_shown_as_it_is(label: str) -> None:
    """It is seen in the picture; nobody who listens or explores fails of it."""
    odd = type("Odd", (Choice,), {"label": label, "__module__": __name__})

    def chooser() -> None:
        receive(odd, at="asking")

    assert explore(chooser).graph.triples() == {("asking", label, "end")}


def test_a_label_does_not_leak_to_other_classes() -> None:
    """The label that one class gives is its own."""
    assert Syn.label == "SYN"
    assert Choice.label == "{choice}"
    assert Push.label != "SYN"


def test_any_object_can_be_an_event() -> None:
    """A mailbox takes what people have: strings, numbers, dataclasses."""

    @dataclass
    class Reading:
        celsius: float

    got: list[object] = []

    def thermometer() -> None:
        got.append(receive(Reading, at="reading"))
        got.append(receive(str, at="word"))
        got.append(receive(int, at="number"))

    with Dispatcher() as d:
        sensor = d.spawn(thermometer)
        for event in (Reading(20.5), "stop", 7):
            sensor.send(event)
        d.settle()
    assert got == [Reading(20.5), "stop", 7]


def test_a_base_class_takes_its_subclasses() -> None:
    """`receive(Order)` is happy with a RushOrder."""
    served: list[Order] = []

    def waiter() -> None:
        served.append(receive(Order))

    with Dispatcher() as d:
        d.spawn(waiter).send(RushOrder("soup", table=3))
        d.settle()
    assert served == [RushOrder("soup", table=3)]


def test_a_subclass_does_not_take_its_base() -> None:
    """`receive(RushOrder)` throws a plain Order away."""

    def waiter() -> None:
        receive(RushOrder)

    with Dispatcher() as d:
        ref = d.spawn(waiter)
        ref.send(Order("soup"))
        d.settle()
        assert (ref.alive, ref.discarded) == (True, 1)
