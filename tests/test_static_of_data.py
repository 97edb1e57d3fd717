"""What the source says of data: collections and objects that change, and names made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from flowlet import Event, emit, explore, on, pause, receive, sleep, state, until
from flowlet.introspect.static import static
from tests.test_static_of_errors import Fix, Go, Sum, all_read


class Flag(Event):
    on: bool


# -- collections and objects that change --------------------------------------------------------


def counter_in_a_dict() -> None:
    count = {"n": 0}

    def turn() -> None:
        count["n"] = (count["n"] + 1) % 2
        receive(Go, at=f"turn {count['n']}")

    turn()
    turn()


def counter_in_a_list() -> None:
    count = [0]

    def turn() -> None:
        count[0] += 1

    while count[0] < 2:
        turn()
        receive(Go, at="turn")
    receive(Fix, at="over")


def flag_in_an_object() -> None:
    box = SimpleNamespace(done=False)
    while not box.done:
        box.done = receive(Sum, at="sum").euros == 1
    receive(Fix, at="over")


def key_that_is_deleted() -> None:
    table = {"a": 1}
    if receive(Sum, at="sum").euros:
        del table["a"]
    receive(Go, at="there" if "a" in table else "gone")


def dict_that_is_updated() -> None:
    table = {"n": 0}
    table.update(n=1)
    receive(Go, at=f"n is {table['n']}")


def dict_that_is_merged() -> None:
    table: dict[str, Any] = {"a": 1}
    table |= {"f": lambda: receive(Go, at="merged")}
    table["f"]()


def list_with_two_names() -> None:
    one: list[Callable[[], Any]] = []
    two = one
    one += [lambda: receive(Go, at="there")]
    for call in two:
        call()
    receive(Fix, at="over")


def list_inside_a_list() -> None:
    rows: list[list[Callable[[], Any]]] = [[], []]
    for row in rows:
        row.append(lambda: receive(Go, at="there"))
    for call in rows[0]:
        call()
    receive(Fix, at="over")


def list_of_an_object() -> None:
    box = Box()
    box.items.append(lambda: receive(Go, at="there"))
    for call in box.items:
        call()
    receive(Fix, at="over")


def list_that_grows_while_it_is_gone_through() -> None:
    calls: list[Callable[[], Any]] = []
    calls.append(lambda: calls.append(lambda: receive(Go, at="late")))
    for call in calls:
        call()
    receive(Fix, at="over")


def list_that_a_helper_fills() -> None:
    def fill(calls: list[Callable[[], Any]]) -> None:
        calls[:] = [lambda: receive(Go, at="there")]

    mine: list[Callable[[], Any]] = []
    fill(mine)
    for call in mine:
        call()
    receive(Fix, at="over")


def attribute_set_by_name() -> None:
    box = Box()
    setattr(box, "hook", lambda: receive(Go, at="hooked"))  # noqa: B010
    box.hook()  # type: ignore[attr-defined]  # it is now
    receive(Fix, at="over")


class Box:
    def __init__(self) -> None:
        self.items: list[Callable[[], Any]] = []


@dataclass
class Job:
    name: str
    work: Callable[[], Any] = dict

    def __post_init__(self) -> None:
        receive(Go, at=f"new {self.name}")


def fields_of_a_dataclass() -> None:
    Job("j", lambda: receive(Fix, at="working")).work()


def variable_of_a_comprehension() -> None:
    x = 5
    [receive(Go, at=f"turn {x}") for x in range(2)]
    receive(Fix, at=f"x is {x}")


def nonlocal_counter() -> None:
    n = 0

    def up() -> int:
        nonlocal n
        n = (n + 1) % 3
        return n

    while up():
        receive(Go, at=f"n is {n}")


@pytest.mark.parametrize(
    "fn",
    [
        counter_in_a_dict, counter_in_a_list, flag_in_an_object, key_that_is_deleted,
        dict_that_is_updated, dict_that_is_merged, list_with_two_names, list_inside_a_list,
        list_of_an_object, list_that_grows_while_it_is_gone_through, list_that_a_helper_fills,
        attribute_set_by_name, fields_of_a_dataclass, variable_of_a_comprehension, nonlocal_counter,
    ],
    ids=lambda fn: str(fn.__name__),
)  # fmt: skip
def test_what_is_stored_somewhere_is_read_there(fn: Callable[..., Any]) -> None:
    """Whoever else holds a collection or an object may find what was put in."""
    all_read(fn)


def test_a_collection_of_one_variable_is_known_where_it_stands() -> None:
    """Nobody else can have changed it."""

    def actor() -> None:
        table = {"n": 0}
        receive(Go, at=f"n is {table['n']}")
        table["n"] = 1
        receive(Go, at=f"n is {table['n']}")

    assert all_read(actor).triples() == {("n is 0", "Go", "n is 1"), ("n is 1", "Go", "end")}


# -- names -------------------------------------------------------------------------------------


def test_a_closure_sees_its_variable_as_it_is_when_it_is_called() -> None:
    """Of a loop, as the last turn left it."""

    def listed() -> None:
        calls: list[Any] = [lambda: receive(Go, at=f"call {i}") for i in range(2)]  # noqa: B023
        for call in calls:
            call()

    def kept() -> None:
        calls: dict[int, Any] = {}
        for i in range(2):
            calls[i] = lambda: receive(Go, at=f"call {i}")  # noqa: B023
        calls[0]()

    def early() -> None:
        calls: list[Any] = [lambda i=i: receive(Go, at=f"call {i}") for i in range(2)]
        for call in calls:
            call()

    assert ("call 1", "Go", "call 1") in all_read(listed).triples()
    assert ("call 1", "Go", "end") in all_read(kept).triples()
    assert all_read(early).triples() == {("call 0", "Go", "call 1"), ("call 1", "Go", "end")}


def test_a_name_that_is_put_together_is_known() -> None:
    """By whatever Python computes of what is known."""

    def handed_on(**more: Any) -> None:
        receive(Go, **more)

    both: Any = (Go, Fix)
    named: Any = {"at": "both"}

    def actor() -> None:
        receive(Go, at="-".join(["a", "b"]))
        receive(Go, at="%s.%d" % ("p", 3))  # noqa: UP031
        receive(Go, at="{}:{n}".format("f", n=2))
        receive(Go, at="text"[1:] + repr("q"))
        receive(Go, at=f"{'z'!r:>5}")
        handed_on(at="handed on")
        receive(*both, **named)

    assert all_read(actor).names()[:-1] == [
        "a-b",
        "p.3",
        "f:2",
        "ext'q'",
        "  'z'",
        "handed on",
        "both",
    ]


def test_a_state_whose_name_is_not_known_is_told() -> None:
    """It is drawn as ?, and the notes have the line."""

    def counting() -> None:
        for i in range(receive(Sum, at="sum").euros):
            receive(Go, at=f"turn {i}")

    def blocks(name: str) -> None:
        with state(name):
            receive(Go)

    read = static(counting)
    assert ("sum", "Sum", "?") in read.triples()
    assert not read.complete
    assert read.notes[0].startswith("test_static_of_data.py:")
    assert read.notes[0].endswith(": what this state is called is not known until it runs")
    assert not static(blocks).complete
    assert static(partial(blocks, "known")).complete


def test_a_time_that_is_not_known_is_told() -> None:
    """The edge has its text for a name; where it is known, its seconds."""

    def patient(k: int) -> None:
        receive(Go, after=2**k, at="waiting")

    read = static(patient)
    assert ("waiting", "after 2 ** k", "end") in read.triples()
    assert "how long it waits is not known until it runs" in read.notes[0]

    def doubling() -> None:
        for k in range(3):
            receive(Go, after=2**k, at="waiting")

    assert ("waiting", "after 4s", "end") in all_read(doubling).triples()


def test_what_a_wait_or_a_block_hears_is_told_where_it_is_not_known() -> None:
    """Something may come, and then it goes on."""

    def waiting(kind: type[Event]) -> None:
        receive(kind, at="listening")
        receive(Go, at="heard")

    def leaving(kinds: list[type[Event]]) -> None:
        with until(*kinds):
            receive(Go, at="inside")
        receive(Go, at="left")

    def answering(kind: type[Event]) -> None:
        with on(kind, lambda event: receive(Fix, at="answering")):
            receive(Go, at="inside")

    assert ("listening", "?", "heard") in static(waiting).triples()
    assert ("inside", "?", "left") in static(leaving).triples()
    assert ("inside", "?", "answering") in static(answering).triples()
    for fn in (waiting, leaving, answering):
        assert not static(fn).complete
    assert static(partial(waiting, Fix)).triples() == {
        ("listening", "Fix", "heard"), ("heard", "Go", "end"),
    }  # fmt: skip


def test_a_pause_whose_label_is_not_known_is_told() -> None:
    """The label is the name of its edge."""

    def actor(label: str, seconds: float) -> None:
        pause(label)
        sleep(seconds)

    assert len(static(actor).notes) == 2


class Light(Enum):
    RED = 1


def test_what_is_given_out_is_told_as_in_a_run() -> None:
    """A member of an Enum by its name, an event by its label, a constant as it is."""

    def actor() -> None:
        receive(Go, at="waiting")
        emit(Light.RED)
        emit(Flag(on=True))
        emit("text")

    outputs = [edge.outputs for edge in static(actor).transitions]
    assert outputs == [("emit RED", "emit Flag", "emit 'text'")]
    assert outputs == [edge.outputs for edge in explore(actor).graph.transitions]


def test_of_a_long_call_that_is_given_out_the_edge_shows_what_is_called() -> None:
    """Its arguments stand in the source; a short one is shown as it is written."""

    def actor(prices: dict[str, float]) -> None:
        receive(Go, at="waiting")
        emit(prices.get("bread"))
        emit(prices.get("a bottle of orange juice", 2.5))

    (edge,) = static(actor).transitions
    assert edge.outputs == ("emit prices.get('bread')", "emit prices.get(…)")
