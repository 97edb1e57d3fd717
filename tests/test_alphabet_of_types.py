"""Which values a field, a reply and a result may have while exploring: by type, table by table."""

from __future__ import annotations

import abc
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from flowlet import (
    ActorRef,
    Delay,
    Dispatcher,
    Event,
    ExploreError,
    Request,
    Timeout,
    emit,
    explore,
    perform,
    receive,
    whereis,
)
from flowlet.events import Over


class Colour(Enum):
    RED = 1
    BLUE = 2


class Inner(BaseModel):
    on: bool


class Nothing(Request[None]): ...


class HowMany(Request[Literal[1, 2]]): ...


class Plain(Request): ...  # type: ignore[type-arg]  # one that does not say what it is answered


class Opaque:
    def __init__(self, needed) -> None:  # type: ignore[no-untyped-def]  # so nobody can make one
        self.needed = needed


def outputs(fn: Callable[[], Any], **more: Any) -> set[str]:
    """Return what the actor may give out, as it is drawn."""
    edges = explore(fn, **more).graph.transitions
    return {text.removeprefix("emit ") for edge in edges for text in edge.outputs}


def offered(field: Any, default: Any = ..., **more: Any) -> set[str]:
    """Return the values that an event's field is tried with."""
    body = {"__annotations__": {"value": field}, "__module__": __name__}
    if default is not ...:
        body["value"] = default
    kind: Any = type(
        "Tried", (Event,), body | {"model_config": ConfigDict(arbitrary_types_allowed=True)}
    )

    def actor() -> None:
        emit(str(receive(kind).value))

    return {text.strip("'") for text in outputs(actor, **more)}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (bool | None, {"True", "False", "None"}),
        (Literal["a"] | Colour, {"a", "Colour.RED", "Colour.BLUE"}),
        (Annotated[Annotated[int, Field(ge=1)], Field(le=3)], {"1", "2", "3"}),
        (Annotated[int, Field(gt=0, lt=10, multiple_of=4)], {"4", "8"}),
        (Annotated[bool, "whatever"], {"True", "False"}),
        (Inner, {"on=True", "on=False"}),
        (int | str, {"0"}),
        (Annotated[str, "whatever"], {""}),
        (str | list[int], {""}),
        (list[int], {"[]"}),
        (dict[str, int], {"{}"}),
        (None, {"None"}),
    ],
    ids=lambda part: str(sorted(part) if isinstance(part, set) else part),
)
def test_a_field_has_the_values_of_its_type(field: Any, values: set[str]) -> None:
    """All, where they are few; else one."""
    assert offered(field) == values


def test_examples_may_be_named_by_field_or_given_as_they_are() -> None:
    """By `Event.field`, by the field's name, or as a list of events."""
    assert offered(str, examples={"Tried.value": ["x", "y"]}) == {"x", "y"}
    assert offered(str, examples={"value": ["z"]}) == {"z"}
    listed = explore(answered, examples=[Word("p"), Word("q")]).graph
    assert {text for edge in listed.transitions for text in edge.outputs} == {
        "emit 'p'",
        "emit 'q'",
    }


class Word(Event):
    text: str


def answered() -> None:
    emit(receive(Word).text)


def test_examples_that_nothing_asks_for_are_told() -> None:
    """The name may be wrong."""
    found = explore(answered, examples={"nobody": [1]})
    assert any("nothing has asked for the examples of 'nobody'" in note for note in found.notes)


def test_a_text_that_is_compared_has_another_value_too() -> None:
    """So that the other branch is seen, whatever the texts are."""

    def which() -> None:
        text = receive(Word).text
        emit("match" if text == "another" or text == "one" else "none")

    assert outputs(which) == {"'match'", "'none'"}


def test_what_a_field_refuses_is_not_tried() -> None:
    """A validator knows better than the type; who refuses all is told of."""

    class Even(Event):
        value: Literal[1, 2, 3, 4]

        @field_validator("value")
        @classmethod
        def is_even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("odd")
            return value

    class Never(Event):
        value: Literal[1]

        @field_validator("value")
        @classmethod
        def is_never(cls, value: int) -> int:
            raise ValueError("no")

    def even() -> None:
        emit(receive(Even).value)

    def never() -> None:
        receive(Never)

    assert outputs(even) == {"2", "4"}
    with pytest.raises(ExploreError, match="no values could be found that Never accepts"):
        explore(never)


def test_too_many_combinations_are_cut_and_told() -> None:
    """Nobody wants to wait for all."""

    class Wide(Event):
        a: Annotated[int, Field(ge=0, lt=30)]
        b: Annotated[int, Field(ge=0, lt=30)]

    def wide() -> None:
        receive(Wide)

    found = explore(wide)
    assert not found.complete
    assert any("more than 512 combinations of field values" in note for note in found.notes)


def test_what_no_value_can_be_made_of_is_told() -> None:
    """A field of a class that needs something, and an abstract event that nothing asks for."""
    with pytest.raises(ExploreError, match=r"Tried.value is Opaque, of which no value can be made"):
        offered(Opaque)

    class Shape(Event, abc.ABC):
        @abc.abstractmethod
        def area(self) -> float: ...

    def draws() -> None:
        receive(Shape)  # type: ignore[type-abstract]

    with pytest.raises(ExploreError, match="Shape is abstract, and the source asks for no class"):
        explore(draws)


# --- replies and results


def asks(request: Request[Any]) -> Callable[[], None]:
    def client() -> None:
        emit(repr(whereis("server").ask(request)))

    return client


def test_a_reply_is_a_value_of_its_type_or_an_example() -> None:
    """Also where that is nothing."""
    assert outputs(asks(HowMany())) == {"'1'", "'2'"}
    assert outputs(asks(Nothing())) == {"'None'"}
    assert outputs(asks(Plain())) == {"'None'"}
    assert outputs(asks(HowMany()), examples={HowMany: [7]}) == {"'7'"}
    assert outputs(asks(HowMany()), examples={"HowMany": [8]}) == {"'8'"}


def says_nothing():  # type: ignore[no-untyped-def]
    len("")


def says_too_little():  # type: ignore[no-untyped-def]
    return 5


def names_nobody() -> Unknown:  # type: ignore[name-defined]  # noqa: F821
    return 5


def gives_none() -> None: ...


def gives_bool() -> bool:
    return True


@pytest.mark.parametrize(
    ("fn", "found"),
    [
        (says_nothing, {"'None'"}),
        (gives_none, {"'None'"}),
        (gives_bool, {"'True'", "'False'"}),
        (says_too_little, "says_too_little does not say what it returns"),
        (names_nobody, "names_nobody does not say what it returns"),
    ],
)
def test_a_result_is_a_value_of_what_is_returned(fn: Any, found: Any) -> None:
    """By the annotation; without one, nothing, if that is all that the code can return."""

    def client() -> None:
        try:
            emit(repr(perform(fn)))
        except Exception:
            return

    if isinstance(found, set):
        assert outputs(client) == found
        return
    with pytest.raises(ExploreError, match=found):
        explore(client)
    assert outputs(client, examples={fn.__name__: [3]}) == {"'3'"}


# --- small things with a face


def test_times_are_shown_and_compared() -> None:
    """By name and seconds."""
    assert repr(Delay("nap", 2)) == "Delay('nap', 2)"
    assert {Timeout("nap", 2), Timeout("nap", 2)} == {Timeout("nap", 2)}
    assert Timeout("nap", 2) != "nap"
    assert repr(Over("sleep")) == "Over('sleep')"
    assert str(Word("x")) == "Word(text='x')"
    for name in ("", 5):
        with pytest.raises(TypeError, match="a Delay's name is a text"):
            Delay(name, 1)  # type: ignore[arg-type]


def test_an_actor_by_name_is_whoever_bears_it() -> None:
    """It can be stopped, emptied, compared and shown, as any handle."""

    def server() -> None:
        emit("up")
        receive(Word)

    def client() -> list[object]:
        named = whereis("server")
        ref = me_by_name(named)
        same = [named == whereis("server"), named == ref, hash(named) == hash(whereis("server"))]
        taken = named.take()
        named.stop()
        return [*same, taken, repr(named)]

    def me_by_name(named: ActorRef[Any]) -> ActorRef[Any]:
        found = d.find(named.name)
        assert found is not None
        return found

    with Dispatcher() as d:
        serving = d.spawn(server)
        result = d.run(until=d.spawn(client))
        d.settle()
        assert not serving.alive
    assert result == [True, True, True, ["up"], "<whoever is called 'server'>"]
