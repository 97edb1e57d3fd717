"""`send(event, after=…)`: mail that is delivered later, and can be called off."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flowlet import (
    ActorEndedError,
    ActorRef,
    Delay,
    Dispatcher,
    Event,
    IllegalCallError,
    NotAnEventTypeError,
    VirtualClock,
    actor,
    me,
    now,
    on,
    parallel,
    receive,
    sleep,
    until,
    whereis,
)
from flowlet.instrument import DeadLetter, Record, Sent

Log = list[tuple[float, str]]


class Word(Event):
    text: str = ""


class Go(Event): ...


def listener_for(log: Log) -> Any:
    def listen() -> None:
        while True:
            word = receive(Word)
            log.append((now(), word.text))

    return listen


def test_a_delayed_event_comes_when_its_time_has_come() -> None:
    """In seconds on the dispatcher's clock."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        ref.send(Word("later"), after=5)
        ref.send(Word("now"))
        d.run()
    assert log == [(0.0, "now"), (5.0, "later")]


def test_a_delay_with_a_name_stands_for_its_seconds() -> None:
    """`Delay` stands wherever seconds may."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(listener_for(log)).send(Word("x"), after=Delay("pause", 2.5))
        d.run()
    assert log == [(2.5, "x")]


def test_delayed_events_come_in_the_order_of_their_times() -> None:
    """Those of one instant in the order in which they were sent."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        for after, text in [(3, "c"), (1, "a"), (2, "b1"), (2, "b2")]:
            ref.send(Word(text), after=after)
        d.run()
    assert log == [(1.0, "a"), (2.0, "b1"), (2.0, "b2"), (3.0, "c")]


def test_no_seconds_are_a_time_too() -> None:
    """`after=0` comes at this instant, when everything ready has been done."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        ref.send(Word("second"), after=0)
        ref.send(Word("first"))
        d.settle()
    assert log == [(0.0, "first"), (0.0, "second")]


def test_a_clock_of_ticks_rounds_the_delay_up() -> None:
    """As it does for every time."""
    log: Log = []
    with Dispatcher(clock=VirtualClock(hz=10)) as d:
        d.spawn(listener_for(log)).send(Word("x"), after=0.21)
        d.run()
    assert log == [(0.3, "x")]


def test_what_was_called_off_never_comes() -> None:
    """`cancel()` says that it was in time."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        handle = ref.send(Word("x"), after=5)
        d.advance(4)
        assert handle.cancel() is True
        d.run()
    assert log == []


def test_it_cannot_be_called_off_twice_or_too_late() -> None:
    """Then `cancel()` returns false, and nothing happens."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        twice, late = ref.send(Word("twice"), after=1), ref.send(Word("late"), after=1)
        assert (twice.cancel(), twice.cancel()) == (True, False)
        d.advance(1)
        assert late.cancel() is False
    assert log == [(1.0, "late")]


def test_a_handle_says_what_it_will_do() -> None:
    """Its event, and when it is due."""
    with Dispatcher() as d:
        d.advance(2)
        handle = d.spawn(listener_for([])).send(Word("x"), after=3)
        assert (handle.event, handle.when) == (Word("x"), 5.0)
        assert repr(handle) == "<Word(text='x') to 'listen' at 5>"


def test_an_actor_may_remind_itself() -> None:
    """A note to oneself that outlives every block."""

    def forgetful() -> tuple[float, str]:
        with until(Go):
            me().send(Word("water the plants"), after=60)
            sleep(100)
        text = receive(Word).text
        return now(), text

    with Dispatcher() as d:
        ref = d.spawn(forgetful)
        d.advance(10)
        ref.send(Go())
        d.run()
        assert ref.result == (60.0, "water the plants")


def test_one_actor_sends_to_another_later() -> None:
    """Also by name; and after the sender has ended."""
    log: Log = []

    def sender(to: ActorRef[Any]) -> None:
        to.send(Word("direct"), after=1)
        whereis("ear").send(Word("by name"), after=2)

    with Dispatcher() as d:
        d.spawn(sender, d.spawn(listener_for(log), name="ear"))
        d.run()
    assert log == [(1.0, "direct"), (2.0, "by name")]


def test_a_delayed_event_for_an_actor_that_has_ended_is_a_dead_letter() -> None:
    """Counted, and told with its sender."""
    told: list[Record] = []

    def sender(to: ActorRef[Any]) -> None:
        to.send(Word("too late"), after=5)
        sleep(10)

    def short() -> None:
        sleep(1)

    with Dispatcher(instruments=[told.append]) as d:
        ref = d.spawn(short)
        source = d.spawn(sender, ref)
        d.run()
        assert d.dead_letters == 1
        dead = [record for record in told if isinstance(record, DeadLetter)]
        assert dead == [DeadLetter(5.0, ref, Word("too late"), source)]


def test_to_send_to_an_ended_actor_from_outside_is_an_error_at_once() -> None:
    """As for the plain send."""

    def gone() -> None: ...

    with Dispatcher() as d:
        ref = d.spawn(gone)
        d.settle()
        with pytest.raises(ActorEndedError, match="has ended"):
            ref.send(Word(), after=5)
        assert d.next_deadline is None


def test_a_delayed_event_finds_the_wait_like_any_other() -> None:
    """It leaves an `until`, runs an `on`, makes the round of the regions."""
    log: Log = []

    def busy() -> object:
        with until(Word, after=20) as end, on(Go, lambda _: log.append((now(), "go"))):
            parallel(lambda: sleep(50), lambda: sleep(60))
        return end.event, now()

    with Dispatcher() as d:
        ref = d.spawn(busy)
        ref.send(Go(), after=1)
        ref.send(Word("leave"), after=2)
        d.run()
        assert ref.result == (Word("leave"), 2.0)
    assert log == [(1.0, "go")]


def test_listeners_hear_of_it_when_it_is_delivered() -> None:
    """With the actor that sent it."""
    told: list[tuple[float, object, object]] = []

    def listener(record: Record) -> None:
        if isinstance(record, Sent):
            told.append((record.time, record.event, record.sender))

    def sender(to: ActorRef[Any]) -> None:
        to.send(Word("x"), after=3)
        sleep(9)

    with Dispatcher(instruments=[listener]) as d:
        source = d.spawn(sender, d.spawn(listener_for([])))
        d.run()
        assert told == [(3.0, Word("x"), source)]


def test_it_keeps_a_run_going() -> None:
    """`run` goes on until nothing can happen any more."""
    with Dispatcher() as d:
        d.spawn(listener_for([])).send(Word("x"), after=7)
        assert d.next_deadline == 7.0
        d.run()
        assert d.now() == 7.0


def test_close_forgets_what_is_on_its_way() -> None:
    """Nothing is delivered any more, and nothing raised."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(listener_for(log))
        ref.send(Word("x"), after=7)
        d.settle()
    assert (log, ref.alive, d.dead_letters) == ([], False, 0)


def test_a_delayed_event_into_a_full_mailbox_is_a_dead_letter() -> None:
    """Its sender has gone on, and cannot be told."""

    @actor(mailbox=1)
    def small() -> str:
        sleep(10)
        return receive(Word).text

    with Dispatcher() as d:
        ref = d.spawn(small)
        ref.send(Word("late"), after=5)
        ref.send(Word("full"))
        d.run()
        assert (ref.result, d.dead_letters) == ("full", 1)


@pytest.mark.parametrize(("after", "error"), [(-1, ValueError), ("soon", TypeError)])
def test_a_wrong_time_is_an_error(after: Any, error: type[Exception]) -> None:
    """It says what a time is."""
    with Dispatcher() as d:
        ref = d.spawn(listener_for([]))
        with pytest.raises(error, match="a time is"):
            ref.send(Word(), after=after)


def test_a_class_is_an_error_at_once() -> None:
    """Not when its time has come."""
    with Dispatcher() as d:
        with pytest.raises(NotAnEventTypeError, match="send one of it"):
            d.spawn(listener_for([])).send(Word, after=1)
        assert d.next_deadline is None


def test_an_event_that_is_never_due_can_be_called_off() -> None:
    """An endless time arms nothing."""
    with Dispatcher() as d:
        handle = d.spawn(listener_for([])).send(Word(), after=float("inf"))
        assert d.next_deadline is None
        assert handle.cancel() is True


def test_another_thread_may_neither_send_nor_call_off() -> None:
    """The error says what it may do."""
    caught: list[str] = []

    with Dispatcher() as d:
        ref = d.spawn(listener_for([]))
        handle = ref.send(Word(), after=1)

        def other() -> None:
            for call in (lambda: ref.send(Word(), after=1), handle.cancel):
                try:
                    call()
                except IllegalCallError as error:
                    caught.append(str(error))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert handle.cancel() is True
    assert ["dispatcher.post" in text for text in caught] == [True, True]
