"""Errors say what came, what was expected, and what to do; an illegal call changes nothing."""

from __future__ import annotations

import gc
import inspect
import weakref
from _thread import start_new_thread
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

import pytest

from flowlet import (
    ActorEndedError,
    ActorRef,
    ChildFailedError,
    DeadlockError,
    Dispatcher,
    Event,
    FlowletError,
    IllegalCallError,
    NotAnEventTypeError,
    UnexpectedEventError,
    actor,
    become,
    emit,
    me,
    now,
    receive,
    sleep,
    spawn,
    state,
    until,
    whereis,
)


class Knock(Event):
    times: int = 1


class Go(Event): ...


def porter() -> None:
    """Wait for a knock."""
    with state("at the door"):
        receive(Knock)


def line_of(function: Callable[..., Any], text: str) -> str:
    """`file.py:line` of the first line of the function's source that holds the text."""
    lines, first = inspect.getsourcelines(function)
    offset = next(n for n, line in enumerate(lines) if text in line)
    return f"test_errors.py:{first + offset}"


def told(error: BaseException) -> str:
    """All that a traceback would print of an error: its text and its notes."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


def in_another_thread(call: Callable[[], object]) -> BaseException | None:
    """What the call raises when another thread makes it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).exception()


def test_all_errors_have_one_base() -> None:
    """`except FlowletError` catches whatever the library says, nothing of the user's."""
    errors = [
        IllegalCallError,
        NotAnEventTypeError,
        ActorEndedError,
        UnexpectedEventError,
        ChildFailedError,
        DeadlockError,
    ]
    assert [e for e in errors if not issubclass(e, FlowletError)] == []
    assert issubclass(FlowletError, Exception)
    assert issubclass(NotAnEventTypeError, TypeError)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("receive", lambda: receive(Knock)),
        ("sleep", lambda: sleep(1)),
        ("now", lambda: now()),
        ("me", lambda: me()),
        ("emit", lambda: emit(1)),
        ("spawn", lambda: spawn(porter)),
        ("whereis", lambda: whereis("porter").send(Knock())),
        ("become", lambda: become(porter)),
    ],
)
def test_a_call_that_needs_an_actor_says_so(name: str, call: Callable[[], object]) -> None:
    """Outside an actor the message names the call and points at `spawn`."""
    with pytest.raises(IllegalCallError) as caught:
        call()
    assert name in str(caught.value)
    assert "spawn" in str(caught.value)


def test_a_wait_beside_a_run_is_still_outside() -> None:
    """An open dispatcher does not make its user an actor."""
    with Dispatcher() as d:
        d.spawn(porter)
        d.settle()
        with pytest.raises(IllegalCallError):
            receive(Knock)


def test_a_thread_inside_an_actor_is_not_the_actor() -> None:
    """A thread that an actor starts cannot wait for it."""
    errors: list[BaseException] = []

    def bad_idea() -> None:
        try:
            receive(Knock)
        except BaseException as error:
            errors.append(error)

    def worker() -> str:
        thread = Thread(target=bad_idea)
        thread.start()
        thread.join()
        return "unharmed"

    with Dispatcher() as d:
        assert d.run(until=d.spawn(worker)) == "unharmed"
    assert [type(e) for e in errors] == [IllegalCallError]


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        (Knock(3), "Knock"),
        ("Knock", "'Knock'"),
        (5, "5"),
        (None, "None"),
        ((Knock, Go), "Knock"),
        (porter, "porter"),
    ],
)
def test_receive_wants_classes(wrong: Any, shown: str) -> None:
    """What is no class is refused at the wait, with what came and what to write."""

    def confused() -> None:
        receive(wrong)

    with Dispatcher() as d:
        d.spawn(confused)
        with pytest.raises(NotAnEventTypeError) as caught:
            d.settle()
    assert shown in told(caught.value)
    assert "class" in told(caught.value)


def test_receive_wants_classes_in_every_place() -> None:
    """One wrong type among right ones is found too."""
    wrong: Any = Knock(3)

    def confused() -> None:
        receive(Go, wrong, after=5)

    with Dispatcher() as d:
        d.spawn(confused)
        with pytest.raises(NotAnEventTypeError, match="Knock"):
            d.settle()


def test_until_wants_classes() -> None:
    """The block is not entered."""
    wrong: Any = Knock(3)
    log: list[str] = []

    def confused() -> None:
        with until(wrong):
            log.append("inside")

    with Dispatcher() as d:
        d.spawn(confused)
        with pytest.raises(NotAnEventTypeError, match="Knock"):
            d.settle()
    assert log == []


@pytest.mark.parametrize("wrong", [(Knock(3),), [Knock], {Knock}, "Knock"])
def test_defer_wants_a_class_or_a_tuple_of_classes(wrong: Any) -> None:
    """A deferred type is checked where it is written."""

    def confused() -> None:
        with state("busy", defer=wrong):
            receive(Go)

    with Dispatcher() as d:
        d.spawn(confused)
        with pytest.raises(NotAnEventTypeError, match="Knock"):
            d.settle()


def test_a_wrong_type_may_be_handled_by_the_actor() -> None:
    """It is an ordinary TypeError of the call, and the mail is untouched."""
    wrong: Any = "Knock"

    def careful() -> int:
        try:
            receive(wrong)
        except TypeError:
            return receive(Knock).times
        return 0

    with Dispatcher() as d:
        ref = d.spawn(careful)
        ref.send(Knock(3))
        d.settle()
        assert (ref.result, ref.discarded) == (3, 0)


def test_mail_to_an_ended_actor_names_actor_and_event() -> None:
    """The sender reads who has ended and what was not delivered."""
    with Dispatcher() as d:
        ref = d.spawn(porter, name="night porter")
        ref.send(Knock())
        d.settle()
        with pytest.raises(ActorEndedError) as caught:
            ref.send(Knock(7))
    assert "night porter" in str(caught.value)
    assert "Knock" in str(caught.value)


def test_an_unexpected_event_names_actor_state_event_and_what_was_wanted() -> None:
    """An actor that refuses says who, where, what came, and what it was waiting for."""

    @actor(unexpected="raise")
    def strict() -> None:
        with state("at the door"):
            receive(Knock)

    with Dispatcher() as d:
        ref = d.spawn(strict, name="night porter")
        ref.send(Go())
        with pytest.raises(UnexpectedEventError) as caught:
            d.settle()
    text = told(caught.value)
    assert [w for w in ("night porter", "at the door", "Go", "Knock") if w not in text] == []


def test_a_crash_carries_a_note_of_actor_state_and_line() -> None:
    """The actor's own error is raised, with a note that says where it was."""

    def clumsy() -> None:
        with state("carrying"):
            receive(Knock)
            raise ValueError("dropped it")

    with Dispatcher() as d:
        d.spawn(clumsy, name="night porter").send(Knock())
        with pytest.raises(ValueError, match="dropped it") as caught:
            d.settle()
    notes = "\n".join(caught.value.__notes__)
    line = line_of(clumsy, "raise ValueError")
    assert [w for w in ("night porter", "carrying", line) if w not in notes] == []


def test_a_crash_is_raised_once_and_kept_on_the_ref() -> None:
    """The error stays readable after it was raised."""

    def clumsy() -> None:
        raise ValueError("dropped it")

    with Dispatcher() as d:
        ref = d.spawn(clumsy)
        with pytest.raises(ValueError, match="dropped it"):
            d.settle()
        d.settle()
        d.advance(1)
        assert str(ref.error) == "dropped it"
        assert not ref.alive


def test_a_run_keeps_nothing_of_an_error_that_was_raised() -> None:
    """An error holds its frames, as everywhere in Python; the run holds neither."""

    class Luggage: ...

    kept: list[weakref.ref[Luggage]] = []

    def clumsy() -> None:
        luggage = Luggage()
        kept.append(weakref.ref(luggage))
        receive(Knock)
        raise ValueError("dropped it")

    with Dispatcher() as d:
        ref = d.spawn(clumsy)
        ref.send(Knock())
        with suppress(ValueError):
            d.settle()
        assert isinstance(ref.error, ValueError)
        del ref
        gc.collect()
        assert kept[0]() is None


def test_an_error_that_was_handled_is_not_kept() -> None:
    """An actor that lives on holds nothing of an error that it has dealt with."""

    class Luggage: ...

    kept: list[weakref.ref[Luggage]] = []

    def stumble() -> None:
        luggage = Luggage()
        kept.append(weakref.ref(luggage))
        with state("stumbling"):
            raise ValueError("dropped it")

    def careful() -> None:
        with suppress(ValueError):
            stumble()
        receive(Knock)

    with Dispatcher() as d:
        ref = d.spawn(careful)
        d.settle()
        gc.collect()
        assert ref.alive
        assert kept[0]() is None


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d.settle(),
        lambda d: d.advance(1),
        lambda d: d.run(),
        lambda d: d.run(until=5),
        lambda d: d.step(),
    ],
    ids=["settle", "advance", "run", "run until", "step"],
)
def test_a_run_inside_a_run_is_refused(call: Callable[[Dispatcher], object]) -> None:
    """An actor cannot run the dispatcher that runs it; nothing has moved afterwards."""
    errors: list[BaseException] = []

    with Dispatcher() as d:

        def eager() -> None:
            try:
                call(d)
            except IllegalCallError as error:
                errors.append(error)

        guest = d.spawn(eager)
        other = d.spawn(porter)
        d.settle()
        assert (guest.alive, guest.error, d.now()) == (False, None, 0.0)
        assert other.state == ("at the door",)
    assert len(errors) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda d, ref: d.settle(),
        lambda d, ref: d.advance(1),
        lambda d, ref: d.run(),
        lambda d, ref: d.step(),
        lambda d, ref: d.spawn(porter),
        lambda d, ref: d.close(),
        lambda d, ref: ref.send(Knock()),
        lambda d, ref: ref.stop(),
        lambda d, ref: ref.take(),
        lambda d, ref: d.choose(1, 2),
        lambda d, ref: d.listen(print),
        lambda d, ref: d.unlisten(print),
    ],
    ids=[
        "settle",
        "advance",
        "run",
        "step",
        "spawn",
        "close",
        "send",
        "stop",
        "take",
        "choose",
        "listen",
        "unlisten",
    ],
)
def test_another_thread_is_refused(
    call: Callable[[Dispatcher, ActorRef[None]], object],
) -> None:
    """A dispatcher belongs to its thread: the other one hears so, and nothing has changed."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
        error = in_another_thread(lambda: call(d, ref))
        assert isinstance(error, IllegalCallError)
        assert "thread" in str(error)
        d.settle()
        assert (ref.alive, ref.state, d.now()) == (True, ("at the door",), 0.0)
        ref.send(Knock())
        d.settle()
        assert not ref.alive


def test_a_thread_without_an_object_is_refused_too() -> None:
    """What `threading` has not started is another thread all the same."""
    caught: list[str] = []
    over = Lock()

    def other(ref: ActorRef[None]) -> None:
        try:
            ref.send(Knock())
        except IllegalCallError as error:
            caught.append(str(error))
        over.release()

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
        over.acquire()
        start_new_thread(other, (ref,))
        assert over.acquire(timeout=10)
        d.settle()
        assert ref.alive
    assert "another thread" in caught[0]


def test_another_thread_loses_no_event() -> None:
    """Mail sent before and after the illegal call is all delivered, once, in order."""
    got: list[int] = []

    def counter() -> None:
        while True:
            got.append(receive(Knock).times)

    with Dispatcher() as d:
        ref = d.spawn(counter)
        for times in range(50):
            ref.send(Knock(times))
        assert isinstance(in_another_thread(d.settle), IllegalCallError)
        assert isinstance(in_another_thread(lambda: ref.send(Knock(999))), IllegalCallError)
        assert got == []
        for times in range(50, 100):
            ref.send(Knock(times))
        d.settle()
    assert got == list(range(100))


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d.settle(),
        lambda d: d.advance(1),
        lambda d: d.run(),
        lambda d: d.step(),
        lambda d: d.spawn(porter),
    ],
    ids=["settle", "advance", "run", "step", "spawn"],
)
def test_a_closed_dispatcher_says_so(call: Callable[[Dispatcher], object]) -> None:
    """After close nothing runs any more."""
    d = Dispatcher()
    d.close()
    with pytest.raises(IllegalCallError, match="closed"):
        call(d)


def test_mail_after_close_is_refused() -> None:
    """Closing ended the actor, and the sender hears of it."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
    with pytest.raises(FlowletError):
        ref.send(Knock())


def test_a_deadlock_reports_every_actor_with_state_and_line() -> None:
    """When the awaited actor can never end, the report says who waits where."""

    def first() -> None:
        with state("after you"):
            receive(Knock)

    def second() -> None:
        with state("no, after you"):
            receive(Go)

    def long_gone() -> None: ...

    with Dispatcher() as d:
        d.spawn(long_gone, name="gone")
        ref = d.spawn(first, name="alphonse")
        d.spawn(second, name="gaston")
        with pytest.raises(DeadlockError) as caught:
            d.run(until=ref)
        assert ref.alive
    text = told(caught.value)
    wanted = [
        "alphonse",
        "after you",
        line_of(first, "receive"),
        "gaston",
        "no, after you",
        line_of(second, "receive"),
    ]
    assert [w for w in wanted if w not in text] == []


def test_a_deadlock_is_found_only_when_nothing_can_happen() -> None:
    """As long as a timer may help, time goes on; then the report comes."""

    def late() -> None:
        sleep(7)

    with Dispatcher() as d:
        d.spawn(late)
        ref = d.spawn(porter)
        with pytest.raises(DeadlockError):
            d.run(until=ref)
        assert d.now() == 7.0


def test_a_deadlock_can_be_resolved_afterwards() -> None:
    """The error changes nothing: mail that comes later helps."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        with pytest.raises(DeadlockError):
            d.run(until=ref)
        ref.send(Knock())
        d.run(until=ref)
        assert not ref.alive
