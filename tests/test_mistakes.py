"""What people do by mistake, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    ActorStuckError,
    Delay,
    Dispatcher,
    Event,
    ExploreError,
    IllegalCallError,
    NotAnEventTypeError,
    become,
    choose,
    explore,
    flow,
    parallel,
    race,
    receive,
    sleep,
    spawn,
    state,
    until,
    wait_until,
    whereis,
)
from flowlet.introspect import check, replay


class Knock(Event): ...


class Ask(Event):
    to: ActorRef[Any]


def porter() -> None:
    while True:
        receive(Knock, at="waiting")


def generator() -> Iterator[None]:
    yield


async def coroutine() -> None: ...


class Clerk:
    """Has a method that yields."""

    def work(self) -> Iterator[None]:
        yield


NO_PLAIN_FUNCTIONS = [generator, coroutine, partial(generator), Clerk().work]


@pytest.mark.parametrize("fn", NO_PLAIN_FUNCTIONS)
def test_an_actor_is_a_plain_function(fn: Callable[..., Any]) -> None:
    """A generator or a coroutine would end at once, in silence."""
    with Dispatcher() as d, pytest.raises(TypeError, match="leave out"):
        d.spawn(fn)


@pytest.mark.parametrize("fn", [*NO_PLAIN_FUNCTIONS, 5])
@pytest.mark.parametrize("call", [parallel, race, flow, become, wait_until])
def test_so_is_whatever_an_actor_runs(call: Callable[..., Any], fn: Callable[..., Any]) -> None:
    """Nothing of it would be run, in silence."""

    def actor_function() -> None:
        call(fn)

    with Dispatcher() as d:
        d.spawn(actor_function)
        with pytest.raises(TypeError, match=f"{call.__name__} takes .*function"):
            d.settle()


@pytest.mark.parametrize("fn", NO_PLAIN_FUNCTIONS)
def test_the_body_of_a_generator_is_no_block(fn: Callable[..., Any]) -> None:
    """The block would be left before the body begins."""
    with pytest.raises(TypeError, match=r"@state\('busy'\) takes a plain function"):
        state("busy")(fn)


def test_a_class_is_no_event() -> None:
    """`send(Knock)` without the brackets would be thrown away, in silence."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
        with pytest.raises(NotAnEventTypeError, match=r"send\(Knock\(…\)\)"):
            ref.send(Knock)


def test_where_only_looks() -> None:
    """A wait inside `where=` would go through the mailbox in the middle of itself."""

    def curious() -> None:
        receive(Knock, where=lambda event: sleep(1))

    with Dispatcher() as d:
        d.spawn(curious).send(Knock())
        with pytest.raises(IllegalCallError, match="where="):
            d.settle()


def take_another(knock: Knock) -> bool:
    receive(Knock)
    return True


def go_on_as_another(knock: Knock) -> bool:
    become(porter)


def wait_for_a_child(knock: Knock) -> bool:
    with spawn(porter):
        return True


@pytest.mark.parametrize("look", [take_another, go_on_as_another, wait_for_a_child])
def test_where_takes_nothing_and_leaves_nothing(look: Callable[[Knock], bool]) -> None:
    """It would take the very event that is asked about, or leave the wait that asks."""
    errors: list[IllegalCallError] = []

    def curious() -> None:
        try:
            receive(Knock, where=look)
        except IllegalCallError as error:
            errors.append(error)
        receive(Knock)
        receive(Knock)

    with Dispatcher() as d:
        ref = d.spawn(curious)
        for _ in range(2):
            ref.send(Knock())
        d.settle()
        assert (ref.alive, ref.error, ref.discarded) == (False, None, 0)
    assert "where=" in str(errors[0])


def test_where_in_a_region_takes_nothing_either() -> None:
    """A region is offered one event at a time, and that is asked about."""

    def curious() -> None:
        parallel(lambda: receive(Knock, where=take_another))

    with Dispatcher() as d:
        d.spawn(curious).send(Knock())
        with pytest.raises(IllegalCallError, match="where="):
            d.settle()


def test_a_predicate_becomes_nothing() -> None:
    """It is asked in the middle of a wait, which `become` would leave."""

    def changeable() -> None:
        wait_until(lambda: become(porter))

    with Dispatcher() as d:
        d.spawn(changeable)
        with pytest.raises(IllegalCallError, match="predicate"):
            d.settle()


def test_a_sleep_has_an_end() -> None:
    """`None` is no time, neither inside a block nor outside."""

    def plain() -> None:
        sleep(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def inside() -> None:
        with until(Knock):
            plain()

    def region() -> None:
        parallel(plain)

    for sleeper in (plain, inside, region):
        with Dispatcher() as d:
            d.spawn(sleeper)
            with pytest.raises(TypeError, match="not as None"):
                d.settle()


@pytest.mark.parametrize(
    ("grace", "error"), [("long", TypeError), (None, TypeError), (-1, ValueError)]
)
def test_the_grace_of_a_stop_is_a_time(grace: Any, error: type[Exception]) -> None:
    """One that is none stops nobody."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
        with pytest.raises(error, match="a time is"):
            ref.stop(grace=grace)
        d.settle()
        assert ref.state == ("waiting",)


def test_the_grace_of_a_stop_may_have_a_name() -> None:
    """A `Delay` stands wherever seconds may."""

    def slow() -> None:
        try:
            receive(Knock)
        finally:
            sleep(60)

    with Dispatcher() as d:
        ref = d.spawn(slow)
        d.settle()
        ref.stop(grace=Delay("closing time", 5))
        d.run()
        assert (ref.alive, d.now()) == (False, 5.0)


def test_the_name_of_a_wait_with_a_limit_is_looked_at_there() -> None:
    """And not where somebody asks for the state."""

    def nameless() -> None:
        receive(Knock, after=5, at=7)  # type: ignore[call-overload]

    with Dispatcher() as d:
        d.spawn(nameless)
        with pytest.raises(TypeError, match="state's name"):
            d.settle()


def test_who_swallows_every_stop_is_given_up_by_name() -> None:
    """A bare `except:` round a wait cannot hang the end of a run."""

    def deaf() -> None:
        while True:
            try:  # noqa: SIM105
                receive(Knock)
            except:  # noqa: E722  # this is the mistake
                pass

    d = Dispatcher()
    ref = d.spawn(deaf)
    d.settle()
    with pytest.raises(ActorStuckError, match=r"deaf.*test_mistakes\.py") as caught:
        d.close()
    assert caught.value.actor is ref
    assert not ref.alive


def test_a_handle_by_name_is_a_handle() -> None:
    """It may be sent on, and equals the actor that bears the name."""
    heard: list[object] = []

    def asker() -> None:
        ask = Ask(whereis("porter"))
        heard.append(ask.to == d.find("porter"))
        ask.to.send(Knock())

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.spawn(asker)
        d.settle()
        assert heard == [True]
        assert ref.state == ("waiting",)


def test_a_crash_says_what_and_where() -> None:
    """The drawn state names the kind of error; the notes have its text and line."""

    def clumsy() -> None:
        receive(Knock, at="waiting")
        raise ValueError("dropped it")

    (note,) = [note for note in explore(clumsy).graph.notes if "ValueError" in note]
    assert note.startswith("error: ValueError: dropped it, at ")
    assert "test_mistakes.py:" in note


class Counter:
    count = 0


def test_data_of_a_class_is_shared_and_told() -> None:
    """All runs see it, so its states cannot be told apart; it is put back."""

    def counting() -> None:
        while True:
            receive(Knock, at="even" if Counter.count % 2 == 0 else "odd")
            Counter.count += 1

    with pytest.raises(ExploreError, match=r"Counter\.count|twice"):
        explore(counting)
    assert Counter.count == 0


def test_a_timeout_of_a_month_is_written_out() -> None:
    """No exponents in a picture."""

    def patient() -> None:
        receive(Knock, after=30 * 24 * 3600, at="waiting")

    assert ("waiting", "after 2592000s", "end") in explore(patient).graph.triples()


# --- what exploring is given --------------------------------------------------------------------


def door() -> None:
    knocks = 0
    while knocks < 2:
        receive(Knock, at="shut")
        knocks += 1


def doors(d: Dispatcher) -> None:
    d.spawn(door, name="front")
    d.spawn(door, name="back")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"events": Knock()}, r"events= takes a list.*not Knock\(\).*events=\[Coin\(5\), Push\]"),
        ({"events": "Knock"}, r"events= takes a list"),
        ({"keep": 3}, r'keep= takes names of variables, not 3: keep=\("count",\)'),
        ({"symmetry": "door"}, r'not \'door\': symmetry=worker, symmetry=\["a", "b"\]'),
        ({"examples": "bob"}, r"examples= takes lists of values, not 'bob': examples=\['bob'\]"),
        ({"examples": {"name": "bob"}}, r"examples=\{'name': \['bob'\]\}"),
    ],
)
def test_one_thing_that_is_to_be_a_list_is_not_taken_letter_by_letter(
    asked: dict[str, Any], told: str
) -> None:
    for call in explore, check:
        with pytest.raises(ExploreError, match=told):
            call(doors, **asked)


def test_the_name_of_one_variable_is_one_name() -> None:
    def forgetful() -> None:
        last = choose("left", "right")  # noqa: F841
        receive(Knock, at="shut")

    assert explore(forgetful).unique_states == 2
    kept = explore(forgetful, keep="last")
    assert kept.unique_states == explore(forgetful, keep=("last",)).unique_states == 3
    assert not any("keep=" in note for note in kept.notes)


def test_a_name_to_keep_that_is_nowhere_is_told() -> None:
    notes = explore(door, keep=("knock",)).notes
    assert "no function has a local 'knock', given as keep=: is that its name?" in notes


def test_a_path_is_a_list() -> None:
    with pytest.raises(TypeError, match=r"replay takes a path.*replay\(system, \[step\]\)"):
        replay(doors, "front: Knock()")


def test_what_is_no_graph_is_not_compared() -> None:
    graph: Any = explore(door).graph
    with pytest.raises(TypeError, match="a graph is compared with a graph, not with 3"):
        graph.diff(3)
    with pytest.raises(TypeError, match=r"a trace is an observation, .* not 3"):
        graph.coverage(3)
