"""`step` makes one delivery and never moves time; settling is all the steps there are."""

from __future__ import annotations

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    emit,
    now,
    on,
    pause,
    receive,
    sleep,
    until,
    wait_until,
)


class Go(Event): ...


class Stop(Event): ...


class Number(Event):
    value: int = 0


def test_step_makes_one_delivery() -> None:
    """A start, then one event at a time; then there is nothing left."""

    def worker() -> None:
        for name in ("first", "second", "third"):
            receive(Go, at=name)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        seen: list[object] = [(d.step(), ref.state)]
        for _ in range(2):
            ref.send(Go())
        for _ in range(3):
            seen.append((d.step(), ref.state))
    assert seen == [
        (True, ("first",)),
        (True, ("second",)),
        (True, ("third",)),
        (False, ("third",)),
    ]


def test_a_start_with_mail_waiting_is_still_one_step() -> None:
    """The start comes first; the mail that was there already is delivered by later steps."""

    def worker() -> None:
        receive(Go, at="first")
        receive(Go, at="second")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        ref.send(Go())
        seen = [(d.step(), ref.state) for _ in range(4)]
    assert seen == [
        (True, ("first",)),
        (True, ("second",)),
        (True, ("end",)),
        (False, ("end",)),
    ]


def test_an_event_that_is_thrown_away_is_a_step() -> None:
    """A delivery counts, whatever becomes of it."""

    def worker() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.send(Stop())
        ref.send(Go())
        seen = [(d.step(), ref.discarded, ref.alive) for _ in range(3)]
    assert seen == [(True, 1, True), (True, 1, False), (False, 1, False)]


def test_steps_take_turns_between_actors() -> None:
    """One step concerns one actor; all the mail is delivered in the end."""

    def worker() -> None:
        while True:
            emit(receive(Number).value)

    with Dispatcher() as d:
        refs = [d.spawn(worker) for _ in range(3)]
        d.settle()
        for number in range(4):
            for ref in refs:
                ref.send(Number(number))
        steps = 0
        while d.step():
            steps += 1
            got = sum(len(ref.take()) for ref in refs)
            assert got == 1
    assert steps == 12


def test_a_step_never_moves_time() -> None:
    """A timer that is not due yet is no delivery; one that is due is."""
    log: list[float] = []

    def worker() -> None:
        sleep(5)
        log.append(now())

    with Dispatcher() as d:
        d.spawn(worker)
        assert (d.step(), d.step(), d.now()) == (True, False, 0.0)
        d.advance(4)
        assert d.step() is False
    assert log == []


def test_a_timer_that_is_due_is_a_step() -> None:
    """`sleep(0)` parks the actor until the next delivery."""

    def worker() -> None:
        sleep(0, at="blink")
        receive(Go, at="open")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        seen = [(d.step(), ref.state) for _ in range(3)]
    assert seen == [(True, ("blink",)), (True, ("open",)), (False, ("open",))]


def test_settle_is_all_the_steps_there_are() -> None:
    """Stepping to the end and settling lead to the same place, in the same order."""

    def program(by_steps: bool) -> list[object]:
        log: list[object] = []

        def worker(name: str, friend: ActorRef[None] | None) -> None:
            with until(Stop):
                while True:
                    number = receive(Number).value
                    log.append((name, number))
                    if number and friend is not None:
                        friend.send(Number(number - 1))
            log.append(name)

        with Dispatcher() as d:
            one = d.spawn(worker, "one", None)
            two = d.spawn(worker, "two", one)
            three = d.spawn(worker, "three", two)
            for ref in (three, one, two, three):
                ref.send(Number(3))
            two.send(Stop())
            if by_steps:
                while d.step():
                    pass
            else:
                d.settle()
        return log

    assert program(by_steps=True) == program(by_steps=False)


def test_a_pause_lets_all_mail_in_step_by_step_as_at_once() -> None:
    """Two events are there when its turn comes again: both are handled before it goes on."""

    def worker() -> None:
        with on(Go, lambda go: emit("handled")):
            pause()
            emit("went on")

    def took(step_by_step: bool) -> list[object]:
        with Dispatcher() as d:
            ref = d.spawn(worker)
            d.spawn(lambda: receive(Stop))
            d.step()
            ref.send(Go())
            ref.send(Go())
            while step_by_step and d.step():
                pass
            d.settle()
            return ref.take()

    assert took(step_by_step=True) == took(step_by_step=False) == ["handled", "handled", "went on"]


def test_a_wait_for_a_cell_hears_a_stop_step_by_step() -> None:
    """It is about to look when the mail and the stop come: the mail is handled, and that is all."""

    def worker() -> None:
        with on(Go, lambda go: emit("handled")):
            wait_until(lambda: door.value == "open")
            emit("went on")

    with Dispatcher() as d:
        door = d.shared("door", "open")
        ref = d.spawn(worker)
        d.spawn(lambda: receive(Stop))
        d.step()
        ref.send(Go())
        ref.stop()
        while d.step():
            pass
        assert (ref.take(), ref.phase) == ([], "ended")
