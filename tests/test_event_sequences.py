"""The bridge to hypothesis: sequences of events, made of a machine, run on it, and made short."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import find as hypothesis_find
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from pydantic import ConfigDict, Field

from flowlet import (
    ActorRef,
    Delay,
    Dispatcher,
    Event,
    ExploreError,
    emit,
    explore,
    pause,
    perform,
    receive,
    sleep,
    spawn,
    state,
    until,
)
from flowlet.introspect import check
from flowlet.testing import (
    ActorMachine,
    Advance,
    event_sequences,
    events_of,
    machine_of,
    run_sequence,
)


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Kick(Event): ...


class Go(Event):
    label = "go {way}"
    way: Literal["left", "right"]


#: The machine may be busy with other things; what is made up is the same each time.
CALM = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def turnstile() -> None:
    while True:
        receive(Coin, at="locked")
        receive(Push, after=10, at="unlocked")


def examples(strategy: st.SearchStrategy[Any], number: int = 100) -> list[Any]:
    """Return what a strategy makes up, the same each time."""
    made: list[Any] = []

    @settings(CALM, max_examples=number, phases=[Phase.generate])
    @given(strategy)
    def collect(value: Any) -> None:
        made.append(value)

    collect()
    return made


def shortest(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> Any:
    """Return what hypothesis comes to when it looks for this."""
    return hypothesis_find(
        strategy,
        wanted,
        settings=settings(CALM, max_examples=3000),
    )


def fails(fn: Callable[[], Any], steps: Iterable[Any], **more: Any) -> bool:
    try:
        run_sequence(fn, steps, **more)
    except (ValueError, AssertionError):
        return True
    return False


# --- sequences


def test_without_noise_each_step_is_taken() -> None:
    """Where no data decides, a walk on the graph is a run of the actor."""
    sequences = examples(event_sequences(turnstile, noise=0))
    assert sum(map(len, sequences)) > 300
    for steps in sequences:
        ran = run_sequence(turnstile, steps)
        assert (ran.discarded, ran.steps) == (0, tuple(steps))
    assert {type(step) for steps in sequences for step in steps} == {Coin, Push, Advance}


def test_noise_is_the_share_of_steps_that_are_anything() -> None:
    """Some of these are taken by chance; a tenth is the default, and all may be noise."""

    def discarded(noise: float) -> float:
        sequences = examples(event_sequences(turnstile, noise=noise))
        steps = sum(map(len, sequences))
        assert steps > 300
        return sum(run_sequence(turnstile, each).discarded for each in sequences) / steps

    assert 0 < discarded(0.1) < 0.15
    assert discarded(1) > 0.2


def test_time_passes_to_the_next_deadline_or_by_chance() -> None:
    """An `Advance` without seconds is a timer that goes off; noise lets some seconds pass."""
    steps = [step for each in examples(event_sequences(turnstile, noise=0.3), 300) for step in each]
    times = [step.seconds for step in steps if isinstance(step, Advance)]
    assert None in times
    assert all(1 <= seconds <= 60 for seconds in times if seconds is not None)
    assert len(set(times)) > 10


def test_sequences_are_as_long_as_is_asked_for() -> None:
    """At most, and half as long on the average."""
    lengths = [len(each) for each in examples(event_sequences(turnstile, max_size=8))]
    assert max(lengths) == 8
    assert 0 in lengths
    assert max(len(each) for each in examples(event_sequences(turnstile, max_size=1))) == 1
    assert max(len(each) for each in examples(event_sequences(turnstile, max_size=150))) > 60


def test_where_guards_decide_the_walk_goes_on_from_all_targets() -> None:
    """What may come next in one of them is offered."""

    def bank() -> None:
        while True:
            if receive(Coin, at="empty").value > 100:
                receive(Push, at="rich")

    sequences = examples(event_sequences(bank, noise=0), 200)
    visited = [run_sequence(bank, each).state for each in sequences]
    assert {("empty",), ("rich",)} == set(visited)
    assert any(isinstance(step, Push) for each in sequences for step in each)


def test_a_machine_may_go_on_by_itself() -> None:
    """Pauses, calls and transient states need nothing from outside; sleeps need time."""

    def busy() -> None:
        while True:
            receive(Coin, at="idle")
            pause("thinking")
            with state("passed"):
                pass
            sleep(Delay("nap", 3))
            perform(length, "abc")
            receive(Push, at="done")

    for steps in examples(event_sequences(busy, noise=0), 100):
        assert run_sequence(busy, steps).discarded == 0
    whole = [Coin(), Advance(), Push()]
    assert shortest(event_sequences(busy, noise=0), lambda steps: Push() in steps) == whole


def length(text: str) -> int:
    return len(text)


def test_a_machine_that_ends_takes_no_more() -> None:
    """And a sequence for it ends there."""

    def once() -> str:
        receive(Coin)
        return "paid"

    assert {len(each) for each in examples(event_sequences(once, noise=0))} == {0, 1}
    ran = run_sequence(once, [Coin(), Push(), Coin()])
    assert (ran.alive, ran.result, ran.steps, ran.state) == (False, "paid", (Coin(),), ("end",))


def test_labels_with_fields_are_understood() -> None:
    """Each choice is an edge of its own."""

    def crossing() -> None:
        while True:
            match receive(Go, at="crossing").way:
                case "left":
                    receive(Push, at="left")
                case "right":
                    receive(Kick, at="right")

    for steps in examples(event_sequences(crossing, noise=0)):
        assert run_sequence(crossing, steps).discarded == 0


def test_the_graph_may_come_from_elsewhere() -> None:
    """Then the events are named, since it has only their names."""
    graph = explore(turnstile).graph
    strategy = event_sequences(graph, events=[Coin(7), Push], noise=0)
    steps = {step for each in examples(strategy) for step in each}
    assert steps == {Coin(7), Push(), Advance()}
    with pytest.raises(ValueError, match="a graph has only the names of events"):
        event_sequences(graph)


def test_events_may_be_given_as_such_or_by_a_strategy() -> None:
    """By type a strategy, or some events and types."""
    some = event_sequences(
        turnstile, events={Coin: st.builds(Coin, st.just(42)), Push: st.just(Push())}
    )
    values = {s.value for each in examples(some) for s in each if isinstance(s, Coin)}
    assert values == {42}
    listed = event_sequences(turnstile, events=[Coin(3), Coin(4), Push])
    values = {s.value for each in examples(listed) for s in each if isinstance(s, Coin)}
    assert values == {3, 4}


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"noise": 2}, "noise is a share of the steps"),
        ({"max_size": 0}, "max_size is a number of steps"),
        ({"max_size": 2.5}, "max_size is a number of steps"),
    ],
)
def test_wrong_options_are_told(more: dict[str, Any], error: str) -> None:
    """When the strategy is made, not when it is used."""
    with pytest.raises(ValueError, match=error):
        event_sequences(turnstile, **more)


def test_who_takes_nothing_has_no_sequences() -> None:
    """There is nothing to make up."""

    def sleeper() -> None:
        sleep(3)

    with pytest.raises(ValueError, match="sleeper takes no events at all"):
        event_sequences(sleeper)


def system(d: Dispatcher) -> None:
    d.spawn(turnstile)


@pytest.mark.parametrize("call", [event_sequences, machine_of, lambda fn: run_sequence(fn, [])])
def test_a_system_is_for_check(call: Callable[[Any], Any]) -> None:
    """To it nothing comes from outside."""
    with pytest.raises(TypeError, match="check"):
        call(system)


# --- shrinking


def test_a_fault_shrinks_to_the_shortest_way_and_the_smallest_field() -> None:
    """Three coins of at least fifty, and a kick: nothing else is left."""

    def gate() -> None:
        heavy = 0
        while True:
            coin = receive(Coin, at="locked")
            heavy += coin.value >= 50
            match receive(Push, Kick, after=10, at="unlocked"):
                case Kick():
                    if heavy == 2:
                        raise ValueError("broken")

    steps = shortest(event_sequences(gate), lambda steps: fails(gate, steps))
    assert [type(step) for step in steps[:1] + steps[2:]] == [Coin, Coin, Kick]
    assert [step.value for step in steps if isinstance(step, Coin)] == [50, 50]
    assert len(steps) == 4


def test_what_comes_first_is_preferred() -> None:
    """Of several ways of the same length the one whose events stand first in the graph."""

    def hall() -> None:
        match receive(Coin, Push, Kick, at="hall"):
            case _:
                raise ValueError("whatever came")

    assert shortest(event_sequences(hall), lambda steps: fails(hall, steps)) == [Coin(1)]


def test_noise_is_left_out_of_what_is_shown() -> None:
    """It is not needed to fail."""

    def counted() -> None:
        n = 0
        while True:
            receive(Coin, at="locked")
            n += 1
            receive(Push, after=3, at="unlocked")

    always = {"less than three": lambda v: v["counted"].locals["n"] < 3}
    found = shortest(
        event_sequences(counted, noise=0.5), lambda steps: fails(counted, steps, always=always)
    )
    assert found in (
        [Coin(1), Push(), Coin(1), Push(), Coin(1)],
        [Coin(1), Advance(), Coin(1), Advance(), Coin(1)],
    )


# --- running


def test_a_run_tells_what_came_of_it() -> None:
    """The state, the outputs and what was thrown away."""

    def echo() -> None:
        while True:
            emit(receive(Coin, at="listening").value)

    ran = run_sequence(echo, [Coin(3), Push(), Advance(5), Advance(), Coin(4)])
    assert (ran.state, ran.alive, ran.outputs, ran.discarded) == (("listening",), True, (3, 4), 1)
    assert repr([Advance(), Advance(2.5)]) == "[Advance(), Advance(2.5)]"


def test_a_property_that_fails_tells_where_and_after_what() -> None:
    """Numbered steps, with the name of the property and the state."""
    never = {"open": lambda v: v.actors[0].state == ("unlocked",)}
    with pytest.raises(AssertionError) as caught:
        run_sequence(turnstile, [Push(), Coin(2), Push()], never=never)
    assert str(caught.value).splitlines() == [
        "never: open: holds here: turnstile in unlocked",
        "   1. Push()",
        "   2. Coin(value=2)",
    ]
    with pytest.raises(
        AssertionError, match="always: nothing: does not hold here: turnstile in lo"
    ):
        run_sequence(turnstile, [], always={"nothing": lambda v: False})


def test_the_same_property_is_checked_and_tried() -> None:
    """A view of a run has what a view of an explored state has."""

    def parent() -> None:
        child = spawn(turnstile, name="gate")
        with until(Kick):
            receive(Push, at="parent")
        child.stop()

    def seen(v: Any) -> bool:
        assert v.in_flight == [] == v.in_flight_between("parent", "gate")
        assert v.cells == {}
        assert v["parent"].name == "parent"
        return bool(v["parent"].alive or not v["gate"].alive)

    assert check(parent, always={"seen": seen}).ok
    assert not fails(parent, [Kick()], always={"seen": seen})

    def nobody(v: Any) -> bool:
        return bool(v["nobody"].alive)

    with pytest.raises(KeyError, match="no actor 'nobody'; there are parent, gate"):
        run_sequence(parent, [], always={"nobody": nobody})


def test_cells_are_seen() -> None:
    """Those that the actor's dispatcher has."""
    values: list[dict[str, Any]] = []

    def worker(here: list[ActorRef[Any]]) -> None:
        receive(Coin)

    def look(v: Any) -> bool:
        values.append(v.cells)
        return True

    run_sequence(lambda: worker([]), [Coin()], always={"look": look})
    assert values == [{}, {}]


def test_an_error_of_the_actor_is_an_error_of_the_run() -> None:
    """As it is for any dispatcher."""

    def fragile() -> None:
        receive(Kick)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_sequence(fragile, [Coin(), Kick()])


# --- values


class Colour(Enum):
    RED = 1
    BLUE = 2


class Many(Event):
    colour: Colour
    small: int = Field(ge=3, le=5)
    near: Annotated[int, Field(gt=10, lt=13)] = 11
    word: str = Field(default="a", examples=["b", "c"])
    flag: bool = False
    renamed: int = Field(default=0, alias="other")


class Opaque:
    def __init__(self, needed) -> None:  # type: ignore[no-untyped-def]  # so nobody can make one
        self.needed = needed


class Holder(Event):
    thing: Any = None


class Closed(Event):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    thing: Opaque


def test_events_are_made_of_what_their_fields_allow() -> None:
    """Defaults, examples, finite types, and bounds."""
    made = examples(events_of(Many), 300)
    assert {event.colour for event in made} == set(Colour)
    assert {event.small for event in made} == {3, 4, 5}
    assert {event.near for event in made} == {11, 12}
    assert {event.word for event in made} <= {"a", "b", "c"}
    assert {event.flag for event in made} == {False, True}


def test_constants_of_the_source_are_tried() -> None:
    """A value that is compared with is met, however far off it is; and that next to it."""

    def picky() -> None:
        if receive(Coin).value == 123_456_789:
            raise ValueError("that one")

    found = shortest(event_sequences(picky), lambda steps: fails(picky, steps))
    assert found == [Coin(123_456_789)]


def test_what_cannot_be_made_is_told() -> None:
    """With what to give instead."""
    with pytest.raises(ExploreError, match="no event of type Closed can be made up"):
        events_of(Closed)
    assert examples(events_of(Holder), 5)[0] == Holder()


def test_other_events_than_models_are_made_too() -> None:
    """Any object may be an event."""
    assert set(examples(events_of(bool), 30)) == {False, True}


# --- the rule-based machine


def test_a_machine_is_a_test() -> None:
    """Its rules are the events that the actor takes, and time."""
    machine = machine_of(turnstile, always={"named": lambda v: v.actors[0].state != ()})
    assert issubclass(machine, ActorMachine)
    run_state_machine_as_test(machine, settings=settings(CALM, max_examples=30))
    for name in ("coin", "push", "advance", "anything"):
        assert hasattr(machine, name)


def failing_run(machine: type[ActorMachine], capsys: Any) -> list[str]:
    """Return the calls of the shortest run that fails."""
    with pytest.raises((AssertionError, ValueError)) as caught:
        run_state_machine_as_test(
            machine,
            settings=settings(CALM, max_examples=500),
        )
    notes = "\n".join(getattr(caught.value, "__notes__", ())) + capsys.readouterr().out
    calls = [line.strip() for line in notes.splitlines() if line.strip().startswith("state.")]
    return [call for call in calls if call != "state.properties_hold()"]


def test_a_failing_run_is_printed_as_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """The shortest one, with the smallest fields."""

    def gate() -> None:
        while True:
            big = receive(Coin, at="locked").value > 70
            match receive(Push, Kick, after=10, at="unlocked"):
                case Kick() if big:
                    raise ValueError("broken")

    assert failing_run(machine_of(gate), capsys) == [
        "state.coin(event=Coin(value=71))",
        "state.kick(event=Kick())",
        "state.teardown()",
    ]


def test_a_property_of_the_machine_is_looked_at_after_each_rule(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without noise only what is taken is sent; where events are given nothing is explored."""

    def counter() -> None:
        n = 0
        while True:
            receive(Coin, at=f"after {n}")
            n += 1

    machine = machine_of(
        counter,
        events=[Coin(1), Push],
        noise=False,
        never={"two": lambda v: v.actors[0].locals["n"] == 2},
    )
    calls = failing_run(machine, capsys)
    assert calls[:2] == ["state.coin(event=Coin(value=1))"] * 2
    assert not hasattr(machine, "anything")


def test_rules_can_be_added(capsys: pytest.CaptureFixture[str]) -> None:
    """In a subclass, which has the dispatcher, the actor and what it gave out."""

    class Machine(machine_of(echoing, noise=False)):  # type: ignore[misc]
        @rule()
        def outputs_are_few(self) -> None:
            assert len(self.outputs) < 2

    calls = failing_run(Machine, capsys)
    assert calls[:3] == ["state.coin(event=Coin(value=1))"] * 2 + ["state.outputs_are_few()"]


def echoing() -> None:
    while True:
        emit(receive(Coin, at="listening").value)


def test_an_actor_that_ends_begins_again(capsys: pytest.CaptureFixture[str]) -> None:
    """So that a run goes on; one that waits for nobody waits."""
    begun: list[int] = []

    def once() -> None:
        begun.append(1)
        receive(Coin)

    run_state_machine_as_test(
        machine_of(once, events=[Coin(1)], noise=False),
        settings=settings(CALM, max_examples=20),
    )
    assert len(begun) > 25

    def stuck() -> None:
        whereis_nobody = receive(Coin, where=lambda coin: False)
        emit(whereis_nobody)

    run_state_machine_as_test(
        machine_of(stuck, events=[Coin(1)], noise=False), settings=settings(CALM, max_examples=5)
    )


class Advances(Event): ...


Advance_ = type("Advance", (Event,), {"__module__": __name__})


def test_an_event_may_be_called_as_the_machine_calls_something() -> None:
    """Its rule gets another name."""

    def clocked() -> None:
        while True:
            receive(Advance_, at="clocked")

    machine = machine_of(clocked, events=[Advance_()], noise=False)
    assert hasattr(machine, "advance_")


def test_without_hypothesis_the_bridge_says_what_to_install() -> None:
    """In so many words."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try:\n    import flowlet.testing\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "flowlet.testing needs hypothesis: pip install 'flowlet[hypothesis]'\n"
