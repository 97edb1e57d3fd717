"""`until` leaves a block at whatever wait is inside."""

from __future__ import annotations

import pytest

from flowlet import Dispatcher, Event, Timeout, flow, now, receive, sleep, spawn, state, until

Log = list[tuple[float, str]]


class Line(Event):
    text: str = ""


class Hangup(Event):
    by: str = "caller"


class Fire(Event): ...


class Go(Event): ...


def test_an_event_leaves_the_block() -> None:
    """The cause is in `end.event`, with its fields."""

    def call() -> object:
        with until(Hangup) as end:
            while True:
                receive(Line, at="talking")
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Line("hello"))
        ref.send(Hangup(by="callee"))
        d.settle()
        assert ref.result == Hangup(by="callee")


def test_a_block_that_ends_by_itself_has_no_cause() -> None:
    """`end.event` is None, and the ear of the block is closed."""

    def call() -> tuple[object, object]:
        with until(Hangup) as end:
            receive(Line, at="talking")
        return end.event, receive(Hangup, Line, at="after it")

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Line("bye"))
        ref.send(Hangup())
        d.settle()
        assert ref.result == (None, Hangup())


def test_a_block_without_a_wait_is_not_left() -> None:
    """Only a wait can be interrupted: work in between runs through."""
    log: list[str] = []

    def call() -> object:
        receive(Go, at="ready")
        with until(Hangup) as end:
            log.extend(["dial", "ring"])
        log.append(type(receive(Hangup, at="after it")).__name__)
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Go())
        ref.send(Hangup())
        d.settle()
        assert ref.result is None
    assert log == ["dial", "ring", "Hangup"]


def test_a_time_limit_leaves_the_block() -> None:
    """`until(after=30)` bounds the whole block, however many waits it holds."""
    log: Log = []

    def call() -> None:
        with until(after=30) as end:
            while True:
                receive(Line, after=8, at="talking")
                log.append((now(), "pause"))
        assert isinstance(end.event, Timeout)
        log.append((now(), f"limit {end.event.seconds}"))

    with Dispatcher() as d:
        d.spawn(call)
        d.run()
    assert log == [(8.0, "pause"), (16.0, "pause"), (24.0, "pause"), (30.0, "limit 30")]


def test_a_block_that_is_quick_enough_kills_its_timer() -> None:
    """After the block its limit never comes."""

    def call() -> float:
        with until(after=30) as end:
            sleep(5)
        assert end.event is None
        sleep(100)
        return now()

    with Dispatcher() as d:
        assert d.run(until=d.spawn(call)) == 105.0


def test_whichever_comes_first_is_the_cause() -> None:
    """An event and a limit side by side: here the event is early."""

    def call() -> tuple[float, str]:
        with until(Hangup, Fire, after=30) as end:
            sleep(100)
        return now(), type(end.event).__name__

    with Dispatcher() as d:
        early, late = d.spawn(call), d.spawn(call)
        d.advance(10)
        early.send(Fire())
        d.run()
        assert (early.result, late.result) == ((10.0, "Fire"), (30.0, "Timeout"))


def test_an_until_hears_while_its_block_sleeps() -> None:
    """A sleep takes no mail, but the block round it listens."""

    def call() -> float:
        with until(Hangup):
            sleep(100)
        return now()

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.advance(7)
        ref.send(Hangup())
        d.settle()
        assert ref.result == 7.0


def test_a_sleep_inside_an_until_keeps_other_mail() -> None:
    """What the block does not listen to is still there afterwards."""

    def call() -> str:
        with until(Hangup):
            sleep(100)
        return receive(Line, at="after it").text

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.settle()
        ref.send(Line("kept"))
        ref.send(Hangup())
        d.settle()
        assert (ref.result, ref.discarded) == ("kept", 0)


def test_mail_that_is_there_already_leaves_the_block_at_its_first_wait() -> None:
    """A hangup that came during a sleep before the block is heard inside it."""

    def call() -> tuple[float, object]:
        sleep(5)
        with until(Hangup) as end:
            sleep(100)
        return now(), end.event

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.advance(1)
        ref.send(Hangup())
        d.run()
        assert ref.result == (5.0, Hangup())


def test_the_wait_has_first_choice() -> None:
    """An event that the wait itself wants does not leave the block."""

    def call() -> tuple[object, object]:
        with until(Hangup) as end:
            got = receive(Hangup, Line, at="inside")
            return got, end.event
        return None, end.event

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Hangup("me"))
        d.settle()
        assert ref.result == (Hangup("me"), None)


def test_an_event_that_where_refuses_may_leave_the_block() -> None:
    """First the wait, which does not want it; then the block, which does."""

    def call() -> tuple[object, object]:
        with until(Hangup) as end:
            receive(Hangup, where=lambda h: h.by == "callee", at="inside")
        return "left", end.event

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Hangup(by="caller"))
        d.settle()
        assert ref.result == ("left", Hangup(by="caller"))


def test_the_inner_block_comes_before_the_outer_one() -> None:
    """Of two blocks that listen to the same type the inner one is left."""
    log: list[object] = []

    def call() -> None:
        with until(Hangup) as outer:
            with until(Hangup) as inner:
                sleep(100)
            log.append((inner.event, outer.event))
            sleep(100)
        log.append(outer.event)

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Hangup("first"))
        ref.send(Hangup("second"))
        d.settle()
    assert log == [(Hangup("first"), None), Hangup("second")]


def test_the_outer_block_leaves_through_the_inner_one() -> None:
    """The inner block is left too, without a cause of its own."""
    log: list[object] = []

    def call() -> None:
        with until(Fire) as outer:
            try:
                with until(Hangup) as inner:
                    sleep(100)
                log.append("not here")
            finally:
                log.append(inner.event)  # pyright: ignore[reportPossiblyUnboundVariable]
            log.append("nor here")
        log.append(outer.event)

    with Dispatcher() as d:
        d.spawn(call).send(Fire())
        d.settle()
    assert log == [None, Fire()]


def test_the_outer_limit_may_be_the_shorter_one() -> None:
    """The outer time is up first; the inner timer dies with its block."""
    log: Log = []

    def call() -> None:
        with until(after=5) as outer:
            with until(after=9) as inner:
                sleep(100)
        causes = outer.event, inner.event  # pyright: ignore[reportPossiblyUnboundVariable]
        log.append((now(), " ".join(type(cause).__name__ for cause in causes)))
        sleep(20)
        log.append((now(), "undisturbed"))

    with Dispatcher() as d:
        d.spawn(call)
        d.run()
    assert log == [(5.0, "Timeout NoneType"), (25.0, "undisturbed")]


def test_two_limits_at_one_instant_leave_the_outer_block() -> None:
    """The outer one was armed first, so it goes off first, and takes the inner one along."""

    def call() -> tuple[str, str]:
        with until(after=5) as outer:
            with until(after=5) as inner:
                sleep(100)
        causes = outer.event, inner.event  # pyright: ignore[reportPossiblyUnboundVariable]
        return type(causes[0]).__name__, type(causes[1]).__name__

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.advance(5)
        assert ref.result == ("Timeout", "NoneType")


def test_a_block_is_left_from_any_depth() -> None:
    """Thirty calls and thirty blocks down, one event brings the actor back."""
    left: list[int] = []

    def dig(depth: int) -> None:
        if depth == 30:
            sleep(1000)
        with until(Fire), state(f"level {depth}"):
            try:
                dig(depth + 1)
            finally:
                left.append(depth)

    def miner() -> str:
        with until(Hangup):
            dig(0)
        return "daylight"

    with Dispatcher() as d:
        ref = d.spawn(miner)
        d.settle()
        ref.send(Hangup())
        d.settle()
        assert ref.result == "daylight"
    assert left == list(range(29, -1, -1))


def test_exits_run_innermost_first() -> None:
    """Leaving is unwinding: each `finally` on the way runs, from inside out."""
    log: list[str] = []

    def call() -> None:
        with until(Hangup):
            try:
                with state("connected"):
                    try:
                        receive(Line)
                    finally:
                        log.append("inner")
            finally:
                log.append("outer")
        log.append("after")

    with Dispatcher() as d:
        d.spawn(call).send(Hangup())
        d.settle()
    assert log == ["inner", "outer", "after"]


def test_clean_up_may_wait_while_the_block_is_left() -> None:
    """A `finally` that sleeps is finished before the program goes on after the block."""
    log: Log = []

    def call() -> None:
        with until(Hangup) as end:
            try:
                receive(Line, at="talking")
            finally:
                sleep(2)
                log.append((now(), "hung up"))
        log.append((now(), type(end.event).__name__))

    with Dispatcher() as d:
        d.spawn(call).send(Hangup())
        d.run()
    assert log == [(2.0, "hung up"), (2.0, "Hangup")]


def test_a_second_cause_does_not_cut_the_clean_up_short() -> None:
    """A block that is being left listens no more, and its time limit is over."""
    log: Log = []

    def call() -> None:
        with until(Hangup, after=3) as end:
            try:
                receive(Line, at="talking")
            finally:
                sleep(5)
                log.append((now(), "cleaned"))
        assert isinstance(end.event, Hangup)
        log.append((now(), end.event.by))
        again = receive(Hangup, at="after it")
        log.append((now(), again.by))

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Hangup("first"))
        d.advance(1)
        ref.send(Hangup("second"))
        d.run()
    assert log == [(5.0, "cleaned"), (5.0, "first"), (5.0, "second")]


def test_an_error_in_the_clean_up_comes_out() -> None:
    """A failure on the way out is a failure, not the end of the block."""

    def call() -> None:
        with until(Hangup):
            try:
                receive(Line)
            finally:
                raise ValueError("line stuck")

    with Dispatcher() as d:
        d.spawn(call).send(Hangup())
        with pytest.raises(ValueError, match="line stuck"):
            d.settle()


def test_except_exception_does_not_hold_the_block() -> None:
    """Code that swallows every Exception is left all the same."""
    log: list[str] = []

    def call() -> str:
        with until(Hangup):
            while True:
                try:
                    receive(Line, at="talking")
                except Exception:
                    log.append("swallowed")
        return "left"

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Hangup())
        d.settle()
        assert ref.result == "left"
    assert log == []


def test_a_timeout_error_of_the_user_passes_through() -> None:
    """`until(after=...)` swallows only its own cause, not the program's TimeoutError."""

    def call() -> None:
        with until(Hangup, after=5):
            sleep(1)
            raise TimeoutError("the server's own")

    with Dispatcher() as d:
        d.spawn(call)
        with pytest.raises(TimeoutError, match="the server's own"):
            d.run()


def test_an_error_inside_comes_out_and_leaves_no_cause() -> None:
    """After an error of the block, `end.event` is still None."""

    def call() -> object:
        try:
            with until(Hangup) as end:
                receive(Line, at="talking")
                raise ValueError("garbled")
        except ValueError:
            return end.event  # pyright: ignore[reportPossiblyUnboundVariable]
        return "swallowed"

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Line())
        d.settle()
        assert (ref.alive, ref.result) == (False, None)


def test_the_mail_before_the_cause_is_handled_first() -> None:
    """A block is left in the order of the mail."""
    got: list[str] = []

    def call() -> str:
        with until(Hangup):
            while True:
                got.append(receive(Line, at="talking").text)
        return receive(Line, at="recorder").text

    with Dispatcher() as d:
        ref = d.spawn(call)
        for event in (Line("a"), Line("b"), Hangup(), Line("c")):
            ref.send(event)
        d.settle()
        assert ref.result == "c"
    assert got == ["a", "b"]


def test_a_block_may_be_entered_again() -> None:
    """Each round of a loop listens anew."""
    log: list[str] = []

    def desk() -> None:
        for _ in range(3):
            with until(Hangup) as end:
                receive(Line, after=10, at="talking")
            log.append(type(end.event).__name__)

    with Dispatcher() as d:
        ref = d.spawn(desk)
        ref.send(Hangup())
        ref.send(Line())
        ref.send(Hangup())
        d.settle()
    assert log == ["Hangup", "NoneType", "Hangup"]


def test_an_until_round_a_flow_leaves_the_flow() -> None:
    """`with state("open"), until(Reset): flow(listen)`: the flow has no say in it."""

    def talk() -> None:
        with state("talking"):
            receive(Line)

    def call() -> str:
        with state("open"), until(Hangup):
            flow(talk)
        return "closed"

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.settle()
        assert ref.state == ("open", "talking")
        ref.send(Hangup())
        d.settle()
        assert ref.result == "closed"


def test_an_until_ends_the_children_of_its_block() -> None:
    """A child that belongs to a block ends when the block is left."""
    log: list[str] = []

    def recorder() -> None:
        try:
            receive(Line)
        finally:
            log.append("tape off")

    def call() -> None:
        with until(Hangup), spawn(recorder):
            sleep(100)
        log.append("after")

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.settle()
        ref.send(Hangup())
        d.settle()
    assert log == ["tape off", "after"]


def test_until_of_a_base_class_hears_its_subclasses() -> None:
    """Listening goes by isinstance, as receiving does."""

    class Crash(Hangup): ...

    def call() -> str:
        with until(Hangup) as end:
            sleep(100)
        return type(end.event).__name__

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Crash())
        d.settle()
        assert ref.result == "Crash"


def test_no_time_at_all_leaves_at_the_first_wait() -> None:
    """`until(after=0)` lets the work before the first wait run, then leaves."""
    log: Log = []

    def call() -> None:
        with until(after=0) as end:
            log.append((now(), "worked"))
            sleep(1)
            log.append((now(), "not here"))
        log.append((now(), type(end.event).__name__))

    with Dispatcher() as d:
        d.spawn(call)
        d.settle()
    assert log == [(0.0, "worked"), (0.0, "Timeout")]
