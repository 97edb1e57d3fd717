"""Three traps that users fall into, each as a story, and after it the remedy.

`where` keeps what fails it; a region that sleeps makes its siblings keep mail; what is sent while a
handler waits is kept.  Each rule is there for a reason, and each surprises somebody.
"""

from __future__ import annotations

from collections.abc import Callable

from flowlet import Dispatcher, Event, Timeout, now, on, parallel, race, receive, sleep, state


class Key(Event):
    code: int


class Shout(Event):
    text: str


class Shift(Event): ...


class Knock(Event):
    who: str = ""


class Call(Event): ...


class HangUp(Event): ...


Log = list[tuple[float, str]]


# --- where keeps what fails it ------------------------------------------------------------------


def test_where_keeps_what_fails_it_to_be_met_later() -> None:
    """A wrong key tried at the outer door is still in the lock of the inner one."""
    log: list[str] = []

    def visitor() -> None:
        receive(Key, where=lambda key: key.code == 1, at="outer door")
        log.append("outer door open")
        key = receive(Key, at="inner door")
        log.append(f"inner door met key {key.code}")

    with Dispatcher() as d:
        ref = d.spawn(visitor)
        ref.send(Key(2))  # wrong, and long forgotten by whoever tried it
        ref.send(Key(1))
        d.settle()
        assert ref.discarded == 0
    assert log == ["outer door open", "inner door met key 2"]


def test_where_remedy_a_condition_on_what_to_do_is_an_if() -> None:
    """Take the event, look at it, and wait again: what was wrong is gone."""
    log: list[str] = []

    def visitor() -> None:
        while receive(Key, at="outer door").code != 1:
            log.append("wrong key")
        log.append("outer door open")
        key = receive(Key, after=60, at="inner door")
        log.append("nobody came" if isinstance(key, Timeout) else f"met key {key.code}")

    with Dispatcher() as d:
        ref = d.spawn(visitor)
        ref.send(Key(2))
        ref.send(Key(1))
        d.run()
    assert log == ["wrong key", "outer door open", "nobody came"]


def test_where_is_for_choosing_among_mail_that_is_all_wanted() -> None:
    """What it is made for: the answers come in any order, and each is met in its turn."""
    log: list[str] = []

    def clerk() -> None:
        receive(Knock, where=lambda knock: knock.who == "ann")
        log.append("ann")
        receive(Knock, where=lambda knock: knock.who == "bob")
        log.append("bob")

    with Dispatcher() as d:
        ref = d.spawn(clerk)
        ref.send(Knock("bob"))
        ref.send(Knock("ann"))
        d.settle()
    assert log == ["ann", "bob"]


# --- a region that sleeps makes its siblings keep mail ------------------------------------------


def guard(log: Log, rest: Callable[[float], object]) -> None:
    """Stands at the gate and strikes a bell, with a `rest` in between; off duty, hears shouts."""

    def gate() -> None:
        receive(Shift, at="at the gate")

    def strike() -> None:
        while True:
            log.append((now(), "strike"))
            rest(10)

    race(gate, strike)
    with state("off duty"):
        match receive(Shout, after=60):
            case Shout(text):
                log.append((now(), f"heard {text}"))
            case Timeout():
                log.append((now(), "heard nothing"))


def test_a_region_that_sleeps_makes_its_siblings_keep_mail() -> None:
    """Nobody at the gate listens to shouts, and yet an old one is heard after the shift."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(guard, log, sleep)
        d.advance(3)
        ref.send(Shout("old"))
        d.advance(1)
        assert ref.discarded == 0
        d.advance(8)
        ref.send(Shift())
        d.settle()
    assert log == [(0.0, "strike"), (10.0, "strike"), (12.0, "heard old")]


def test_a_region_that_sleeps_remedy_is_a_receive_of_nothing() -> None:
    """`receive(after=10)` waits as long, and does not stand up for mail that nobody wants."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(guard, log, lambda seconds: receive(after=seconds))
        d.advance(3)
        ref.send(Shout("old"))
        d.advance(1)
        assert ref.discarded == 1
        d.advance(8)
        ref.send(Shift())
        d.run()
    assert log == [(0.0, "strike"), (10.0, "strike"), (72.0, "heard nothing")]


def test_a_region_that_sleeps_loses_nothing_that_it_wants_itself() -> None:
    """What the rule is for: the mail of a region that is busy waits for it, whatever others do."""
    got: list[str] = []

    def busy() -> None:
        sleep(5)
        got.append(receive(Shout).text)

    def idle() -> None:
        receive(Shift)

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(busy, idle))
        d.settle()
        ref.send(Shout("for the busy one"))
        d.advance(5)
        assert (got, ref.discarded) == (["for the busy one"], 0)


# --- what is sent during a handler is kept ------------------------------------------------------


def test_what_is_sent_during_a_handler_is_kept() -> None:
    """Whoever knocks while the porter is on the phone, and asleep to them, is met afterwards."""
    log: Log = []

    def phone(_call: Call) -> None:
        sleep(30, at="on the phone")

    def porter() -> None:
        with on(Call, phone):
            while True:
                knock = receive(Knock, at="at the door")
                log.append((now(), f"opened to {knock.who}"))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        ref.send(Call())
        d.advance(10)
        assert (ref.state, ref.accepts) == (("on the phone",), set())
        ref.send(Knock("ann"))  # and gives up
        d.advance(50)
        ref.send(Knock("bob"))
        d.settle()
    assert log == [(30.0, "opened to ann"), (60.0, "opened to bob")]


def test_what_is_sent_during_a_handler_remedy_is_a_handler_that_listens() -> None:
    """A `receive` in the handler goes through the mail like any: what it does not want is gone."""
    log: Log = []

    def phone(_call: Call) -> None:
        receive(HangUp, after=30, at="on the phone")

    def porter() -> None:
        with on(Call, phone):
            while True:
                knock = receive(Knock, at="at the door")
                log.append((now(), f"opened to {knock.who}"))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        ref.send(Call())
        d.advance(10)
        assert ref.accepts == {HangUp}
        ref.send(Knock("ann"))
        d.settle()
        assert ref.discarded == 1
        d.advance(50)
        ref.send(Knock("bob"))
        d.settle()
    assert log == [(60.0, "opened to bob")]


def test_what_is_sent_during_a_handler_remedy_may_keep_some_of_it() -> None:
    """`defer` names what is to be kept; a second call follows the first, knocks are not kept."""
    log: Log = []

    def phone(_call: Call) -> None:
        with state("on the phone", defer=(Call,)):
            receive(after=30)
        log.append((now(), "hung up"))

    def porter() -> None:
        with on(Call, phone):
            while True:
                knock = receive(Knock, at="at the door")
                log.append((now(), f"opened to {knock.who}"))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        ref.send(Call())
        d.advance(10)
        ref.send(Knock("ann"))
        ref.send(Call())
        d.run()
        assert (ref.state, ref.discarded) == (("at the door",), 1)
    assert log == [(30.0, "hung up"), (60.0, "hung up")]


def test_what_is_sent_during_a_handler_that_does_not_wait_is_no_trap() -> None:
    """There is no while: the handler is over before the next event is looked at."""
    log: Log = []

    def note(_call: Call) -> None:
        log.append((now(), "noted"))

    def porter() -> None:
        with on(Call, note):
            receive(HangUp)

    with Dispatcher() as d:
        ref = d.spawn(porter)
        ref.send(Call())
        ref.send(Knock("ann"))
        d.settle()
        assert (log, ref.discarded) == ([(0.0, "noted")], 1)
