"""`@actor(mailbox=…)`: a mailbox that is full is an error for whoever sends more."""

from __future__ import annotations

from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    MailboxFullError,
    Request,
    actor,
    me,
    now,
    parallel,
    receive,
    sleep,
    spawn,
    state,
    until,
)
from flowlet.instrument import Record, Sent


class Job(Event):
    number: int = 0


class Urgent(Event): ...


class Count(Request[int]): ...


@actor(mailbox=2)
def worker() -> list[int]:
    done: list[int] = []
    while len(done) < 4:
        done.append(receive(Job).number)
    return done


@actor(mailbox=2)
def sleeper() -> int:
    sleep(100)
    return receive(Job).number


def test_a_send_to_a_full_mailbox_is_an_error_of_the_sender() -> None:
    """It says who, what, how many, and what to do; nothing has been sent."""
    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.settle()
        ref.send(Job(1))
        ref.send(Job(2))
        with pytest.raises(MailboxFullError) as caught:
            ref.send(Job(3))
        error = caught.value
        assert (error.actor, error.event, error.limit) == (ref, Job(3), 2)
        assert "Job(number=3) was sent to actor 'sleeper', which has 2 unread" in str(error)
        assert "in state sleeper/sleep, as many as @actor(mailbox=2) allows; let it" in str(error)
        d.run()
        assert ref.result == 1


def test_when_it_has_read_there_is_room_again() -> None:
    """The limit is on what is unread."""
    with Dispatcher() as d:
        ref = d.spawn(worker)
        for first in (1, 3):
            ref.send(Job(first))
            ref.send(Job(first + 1))
            d.settle()
        assert ref.result == [1, 2, 3, 4]


@pytest.mark.parametrize("begun", [False, True])
def test_it_makes_no_difference_what_the_actor_is_doing(begun: bool) -> None:
    """Whether it has begun or waits for just that: two go in, the third does not."""
    with Dispatcher() as d:
        ref = d.spawn(worker)
        if begun:
            d.settle()
        ref.send(Job(1))
        ref.send(Job(2))
        with pytest.raises(MailboxFullError):
            ref.send(Job(3))
        d.settle()
        ref.send(Job(3))
        ref.send(Job(4))
        d.settle()
        assert ref.result == [1, 2, 3, 4]


def test_an_actor_that_waits_for_several_types_or_in_regions_has_the_same_limit() -> None:
    """Two go in, the third does not."""

    @actor(mailbox=2)
    def choosy() -> None:
        while True:
            receive(Job, Urgent)

    @actor(mailbox=2)
    def divided() -> None:
        parallel(worker, sleeper)

    with Dispatcher() as d:
        for ref in (d.spawn(choosy), d.spawn(divided)):
            d.settle()
            ref.send(Job(1))
            ref.send(Job(2))
            with pytest.raises(MailboxFullError):
                ref.send(Job(3))


def test_the_error_is_raised_in_an_actor_that_sends() -> None:
    """Which may wait and try again."""
    log: list[tuple[float, str]] = []

    @actor(mailbox=1)
    def slow() -> None:
        for _ in range(2):
            sleep(5)
            receive(Job)

    def producer(to: ActorRef[None]) -> None:
        for number in (1, 2):
            while True:
                try:
                    to.send(Job(number))
                except MailboxFullError:
                    log.append((now(), "full"))
                    sleep(3)
                else:
                    log.append((now(), f"sent {number}"))
                    break

    with Dispatcher() as d:
        d.spawn(producer, d.spawn(slow))
        d.run()
    assert log == [(0.0, "sent 1"), (0.0, "full"), (3.0, "full"), (6.0, "sent 2")]


def test_an_actor_may_fill_its_own_mailbox() -> None:
    """It is a sender like any other."""

    @actor(mailbox=2)
    def talker() -> int:
        me().send(Job(1))
        me().send(Job(2))
        with pytest.raises(MailboxFullError):
            me().send(Job(3))
        first = receive(Job).number
        me().send(Job(3))
        return first + receive(Job).number + receive(Job).number

    with Dispatcher() as d:
        ref = d.spawn(talker)
        d.settle()
        assert ref.result == 6


def test_a_time_limit_and_a_stop_always_get_through() -> None:
    """They are no mail."""
    log: list[str] = []

    @actor(mailbox=1)
    def stuffed() -> None:
        try:
            with until(after=5):
                sleep(100)
            log.append(f"up at {now():g}")
            sleep(100)
        finally:
            log.append("stopped")

    with Dispatcher() as d:
        ref = d.spawn(stuffed)
        d.settle()
        ref.send(Job())
        d.advance(5)
        ref.stop()
        d.settle()
        assert not ref.alive
    assert log == ["up at 5", "stopped"]


def test_what_is_no_mail_does_not_count() -> None:
    """A time that is up takes no room."""

    @actor(mailbox=1)
    def waiting() -> object:
        receive(Job, after=5)
        return receive(Job, after=5)

    with Dispatcher() as d:
        ref = d.spawn(waiting)
        d.settle()
        ref.send(Urgent(), after=5)
        d.run(until=5.0)
        ref.send(Job(1))
        d.run()
        assert ref.result == Job(1)


def test_kept_mail_is_unread() -> None:
    """What a state defers fills the mailbox; what the wait takes goes past it."""

    @actor(mailbox=2)
    def busy() -> list[object]:
        with state("busy", defer=(Job,)):
            receive(Urgent)
        return [receive(Job), receive(Job)]

    with Dispatcher() as d:
        ref = d.spawn(busy)
        d.settle()
        for number in (1, 2):
            ref.send(Job(number))
            d.settle()
        with pytest.raises(MailboxFullError):
            ref.send(Job(3))
        ref.stop()


def test_a_request_to_a_full_mailbox_is_an_error_of_the_asker() -> None:
    """At its ask."""

    def client(to: ActorRef[int]) -> str:
        try:
            to.ask(Count())
        except MailboxFullError as error:
            return repr(error.event)
        return "asked"

    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.settle()
        ref.send(Job(1))
        ref.send(Job(2))
        asker = d.spawn(client, ref)
        d.settle()
        assert asker.result == "Count()"


def test_a_post_that_finds_it_full_is_a_dead_letter() -> None:
    """Whoever posted it has gone on."""
    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        for number in (1, 2, 3):
            d.post(ref, Job(number))
        d.run()
        assert (ref.result, d.dead_letters) == (1, 1)


def test_a_child_has_the_limit_of_its_function() -> None:
    """Whoever spawns it."""

    def parent() -> int:
        child = spawn(sleeper)
        sent = 0
        try:
            while True:
                child.send(Job())
                sent += 1
        except MailboxFullError:
            return sent

    with Dispatcher() as d:
        ref = d.spawn(parent)
        d.settle()
        assert ref.result == 2


def test_the_limit_holds_while_somebody_listens_and_afterwards() -> None:
    """What was not sent is not told."""
    told: list[object] = []

    def listener(record: Record) -> None:
        if isinstance(record, Sent):
            told.append(record.event)

    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.settle()
        d.listen(listener)
        ref.send(Job(1))
        d.unlisten(listener)
        ref.send(Job(2))
        for listening in (False, True):
            if listening:
                d.listen(listener)
            with pytest.raises(MailboxFullError):
                ref.send(Job(3))
    assert told == [Job(1)]


def test_the_limit_holds_step_by_step() -> None:
    """A step that looks into the mailbox leaves its limit as it is."""
    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.step()
        for number in (1, 2):
            ref.send(Job(number))
            ref.send(Job(number))
            with pytest.raises(MailboxFullError):
                ref.send(Job(3))
            while d.step():
                pass
        assert ref.result == [1, 1, 2, 2]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "many"])
def test_a_limit_is_a_number_of_events(limit: Any) -> None:
    """The error says so."""
    with pytest.raises(ValueError, match=r"mailbox is a number of events, 1 or more"):
        actor(mailbox=limit)


def test_an_actor_without_a_limit_takes_all() -> None:
    """That is the default."""

    def patient() -> int:
        sleep(1)
        return sum(receive(Job).number for _ in range(10_000))

    with Dispatcher() as d:
        ref = d.spawn(patient)
        for _ in range(10_000):
            ref.send(Job(1))
        d.run()
        assert ref.result == 10_000
