"""Instruments: one stream of records of everything that happens in a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    emit,
    me,
    parallel,
    pause,
    receive,
    sleep,
    spawn,
    state,
    until,
)
from flowlet.instrument import DeadLetter, Delivered, Record, Sent


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Stop(Event): ...


Line = tuple[str, str, object]


def line(record: object) -> Line:
    """A record as (kind, name of the actor, event), where it has these."""
    actor = getattr(record, "actor", None)
    return (
        type(record).__name__,
        str(getattr(actor, "name", actor)),
        getattr(record, "event", None),
    )


def watched(program: Callable[[Dispatcher], None]) -> list[Line]:
    """The records of a program, from its first spawn to the end of its run."""
    log: list[object] = []
    with Dispatcher(instruments=[log.append]) as d:
        program(d)
        return [line(record) for record in log]


def turnstile() -> None:
    """Locked until a coin, unlocked until a push."""
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")


def test_spawned_actors_are_recorded() -> None:
    """Each new actor is one record, with its name."""

    def program(d: Dispatcher) -> None:
        d.spawn(turnstile, name="north gate")
        d.spawn(turnstile, name="south gate")
        d.settle()

    spawned = [name for kind, name, _ in watched(program) if kind == "Spawned"]
    assert spawned == ["north gate", "south gate"]


def test_deliveries_are_recorded_in_order() -> None:
    """Each event that was taken is one record, with the actor that took it."""

    def program(d: Dispatcher) -> None:
        gate = d.spawn(turnstile, name="gate")
        for event in (Coin(5), Push(), Coin(6)):
            gate.send(event)
        d.settle()

    delivered = [(name, event) for kind, name, event in watched(program) if kind == "Delivered"]
    assert delivered == [("gate", Coin(5)), ("gate", Push()), ("gate", Coin(6))]


def test_mail_that_is_thrown_away_is_recorded() -> None:
    """Discarding is never silent."""

    def program(d: Dispatcher) -> None:
        gate = d.spawn(turnstile, name="gate")
        gate.send(Push())
        gate.send(Coin())
        d.settle()

    records = watched(program)
    assert [r for r in records if r[0] == "Discarded"] == [("Discarded", "gate", Push())]
    assert ("Delivered", "gate", Push()) not in records


def test_what_an_until_hears_is_a_delivery() -> None:
    """An event that leaves a block was taken."""

    def guarded() -> None:
        with until(Stop):
            sleep(100)

    def program(d: Dispatcher) -> None:
        d.spawn(guarded, name="guard").send(Stop())
        d.settle()

    assert ("Delivered", "guard", Stop()) in watched(program)


def test_a_parked_actor_is_recorded() -> None:
    """Each wait that is reached is one record."""

    def program(d: Dispatcher) -> None:
        gate = d.spawn(turnstile, name="gate")
        d.settle()
        for event in (Coin(), Push()):
            gate.send(event)
            d.settle()

    parked = [name for kind, name, _ in watched(program) if kind == "Parked"]
    assert parked == ["gate"] * 3


def test_mail_between_actors_is_recorded_when_it_is_sent() -> None:
    """A message is seen leaving before it is seen arriving."""

    def payer(gate: ActorRef[None]) -> None:
        gate.send(Coin(3))

    def program(d: Dispatcher) -> None:
        gate = d.spawn(turnstile, name="gate")
        d.settle()
        d.spawn(payer, gate, name="payer")
        d.settle()

    kinds = [kind for kind, _, event in watched(program) if event == Coin(3)]
    assert kinds == ["Sent", "Delivered"]


def test_outputs_are_recorded() -> None:
    """What an actor emits is one record, with the actor."""

    def speaker() -> None:
        emit("hello")
        emit("world")

    def program(d: Dispatcher) -> None:
        d.spawn(speaker, name="speaker")
        d.settle()

    emitted = [name for kind, name, _ in watched(program) if kind == "Emitted"]
    assert emitted == ["speaker", "speaker"]


def test_ends_are_recorded_whatever_they_are() -> None:
    """Return, stop and crash each leave one record."""

    def returns() -> None: ...

    def waits() -> None:
        receive(Coin)

    def crashes() -> None:
        raise ValueError("broken")

    def program(d: Dispatcher) -> None:
        d.spawn(returns, name="returned")
        ref = d.spawn(waits, name="stopped")
        d.settle()
        ref.stop()
        d.settle()
        d.spawn(crashes, name="crashed")
        with pytest.raises(ValueError, match="broken"):
            d.settle()

    ended = [name for kind, name, _ in watched(program) if kind == "Ended"]
    assert ended == ["returned", "stopped", "crashed"]


def test_dead_letters_are_recorded() -> None:
    """Mail between actors to an ended one is seen, and counted."""

    def brief() -> None: ...

    def payer(gone: ActorRef[None]) -> None:
        gone.send(Coin(8))

    def program(d: Dispatcher) -> None:
        gone = d.spawn(brief)
        d.settle()
        d.spawn(payer, gone)
        d.settle()
        assert d.dead_letters == 1

    letters = [event for kind, _, event in watched(program) if kind == "DeadLetter"]
    assert letters == [Coin(8)]


def test_a_story_reads_in_the_order_in_which_it_happened() -> None:
    """Start, wait, coin, wait, push that is not wanted, end."""

    def gate() -> None:
        receive(Coin, at="locked")
        receive(Coin, at="unlocked")

    def program(d: Dispatcher) -> None:
        ref = d.spawn(gate, name="gate")
        d.settle()
        for event in (Coin(1), Push(), Coin(2)):
            ref.send(event)
            d.settle()

    story = [
        (kind, event)
        for kind, _, event in watched(program)
        if kind in ("Spawned", "Delivered", "Discarded", "Ended")
    ]
    assert story == [
        ("Spawned", None),
        ("Delivered", Coin(1)),
        ("Discarded", Push()),
        ("Delivered", Coin(2)),
        ("Ended", None),
    ]


def test_several_instruments_hear_the_same() -> None:
    """Each listener gets every record."""
    one: list[object] = []
    two: list[object] = []
    with Dispatcher(instruments=[one.append, two.append]) as d:
        d.spawn(turnstile).send(Coin())
        d.settle()
        assert len(one) > 0
        assert one == two


def test_a_listener_may_come_later() -> None:
    """`d.listen(fn)` hears what happens from then on."""
    log: list[object] = []
    with Dispatcher() as d:
        gate = d.spawn(turnstile, name="gate")
        gate.send(Coin(1))
        d.settle()
        d.listen(log.append)
        gate.send(Push())
        gate.send(Coin(2))
        d.settle()
        delivered = [event for kind, _, event in map(line, log) if kind == "Delivered"]
    assert delivered == [Push(), Coin(2)]


def test_two_dispatchers_do_not_hear_each_other() -> None:
    """An instrument belongs to its dispatcher."""
    log: list[object] = []
    with Dispatcher(instruments=[log.append]), Dispatcher() as other:
        other.spawn(turnstile).send(Coin())
        other.settle()
        assert log == []


def test_listening_changes_nothing() -> None:
    """A program does the same with and without an instrument."""

    def program(d: Dispatcher) -> list[object]:
        def relay(friend: ActorRef[None] | None) -> None:
            with until(Stop), state("relaying"):
                while True:
                    value = receive(Coin, after=3)
                    emit(repr(value))
                    if friend is not None and isinstance(value, Coin):
                        friend.send(Coin(value.value + 1))

        last = d.spawn(relay, None)
        first = d.spawn(relay, last)
        first.send(Coin(1))
        d.advance(7)
        first.send(Stop())
        d.settle()
        return [first.take(), last.take(), first.state, last.state, d.now()]

    log: list[object] = []
    with Dispatcher() as plain, Dispatcher(instruments=[log.append]) as heard:
        assert program(plain) == program(heard)
    assert len(log) > 0


def test_the_same_program_twice_gives_the_same_records() -> None:
    """Scheduling is deterministic: equal inputs, equal traces."""

    def member(friends: list[str], mates: dict[str, ActorRef[None]]) -> None:
        with until(Stop, after=20):
            while True:
                coin = receive(Coin, after=4)
                if isinstance(coin, Coin) and coin.value > 0:
                    for friend in friends:
                        mates[friend].send(Coin(coin.value - 1))
                else:
                    spawn(visitor, me())

    def visitor(host: ActorRef[None]) -> None:
        sleep(1)
        host.send(Push())

    def program(d: Dispatcher) -> None:
        mates: dict[str, ActorRef[None]] = {}
        mates["a"] = d.spawn(member, ["b", "c"], mates, name="a")
        mates["b"] = d.spawn(member, ["c", "a"], mates, name="b")
        mates["c"] = d.spawn(member, ["a"], mates, name="c")
        for mate in mates.values():
            mate.send(Coin(5))
        d.advance(10)
        mates["b"].send(Stop())
        d.run()

    first, second = watched(program), watched(program)
    assert len(first) > 100
    assert first == second


def test_the_short_ways_hold_no_test_for_listeners() -> None:
    """Nobody listening costs nothing: the hot code does not even know that there are listeners."""
    for hot in (receive, ActorRef.send, Dispatcher.settle):
        assert "listeners" not in hot.__code__.co_names
        assert "report" not in hot.__code__.co_names


def test_who_has_heard_enough_hears_no_more() -> None:
    """After `unlisten` nothing is told, and the actors go on as before."""
    heard: list[object] = []

    def porter() -> None:
        while True:
            receive(Coin, at="waiting")

    with Dispatcher(instruments=[heard.append]) as d:
        ref = d.spawn(porter)
        d.settle()
        d.unlisten(heard.append)
        before = len(heard)
        for _ in range(3):
            ref.send(Coin())
        d.settle()
        assert len(heard) == before > 0
        assert ref.state == ("waiting",)


def test_an_event_from_another_thread_is_posted() -> None:
    """`post` is the one call that other threads may make; the next run takes it in."""
    with Dispatcher() as d:
        ref = d.spawn(receive, Coin)
        d.settle()
        other = threading.Thread(target=d.post, args=(ref, Coin(3)))
        other.start()
        other.join()
        assert ref.alive
        d.settle()
        assert ref.result == Coin(3)


class Note(Event): ...


def plain_wait() -> None:
    receive(Note)


def timed_wait() -> None:
    receive(Note, after=5)


def one_of_two() -> None:
    receive(Note, Stop)


def after_a_history() -> None:
    with state("room", history="deep"):
        pause()
    receive(Note, after=5)


def regions_wait() -> None:
    parallel(plain_wait, timed_wait)


@pytest.mark.parametrize(
    "waiter", [plain_wait, timed_wait, one_of_two, after_a_history, regions_wait]
)
def test_who_begins_to_listen_late_hears_of_the_next_delivery(waiter: Callable[[], None]) -> None:
    """However the actor waits already by then."""
    log: list[Record] = []
    with Dispatcher() as d:
        ref = d.spawn(waiter)
        d.settle()
        d.listen(log.append)
        ref.send(Note())
        d.settle()
    took = [record.event for record in log if isinstance(record, Delivered)]
    assert took[:1] == [Note()]
    assert [record.event for record in log if isinstance(record, Sent)] == [Note()]


def test_records_of_a_kind_are_compared_by_what_they_tell() -> None:
    """As any dataclass; and a test that fails shows their fields."""
    with Dispatcher() as d:
        ref = d.spawn(turnstile)
        one, same = Sent(1.5, ref, Coin(), None), Sent(1.5, ref, Coin(), None)
        assert one == same
        assert one != Sent(1.5, ref, Coin(2), None)
        assert one != Sent(2.0, ref, Coin(), None)
        assert one != DeadLetter(1.5, ref, Coin(), None)
        assert repr(one) == f"Sent(time=1.5, actor={ref!r}, event=Coin(value=1), sender=None)"
        with pytest.raises(TypeError):
            hash(one)
