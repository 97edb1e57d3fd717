"""A ref is what the outside sees of an actor: outputs, place, identity."""

from __future__ import annotations

from flowlet import Dispatcher, Event, emit, receive, sleep, state, until


class Go(Event): ...


class Stop(Event): ...


class Number(Event):
    value: int = 0


def test_take_gives_what_was_emitted_since_the_last_take() -> None:
    """Outputs come in order, once each, also after the end of the actor."""

    def counter() -> None:
        emit("start")
        for _ in range(2):
            emit(receive(Number).value)

    with Dispatcher() as d:
        ref = d.spawn(counter)
        d.settle()
        seen = [ref.take(), ref.take()]
        ref.send(Number(1))
        ref.send(Number(2))
        d.settle()
        seen.append(ref.take())
        assert not ref.alive
    assert seen == [["start"], [], [1, 2]]


def test_outputs_may_go_to_a_callback() -> None:
    """`on_output` hears each value as it is emitted, between the steps of the actor."""
    log: list[object] = []

    def worker() -> None:
        log.append("before")
        emit(7)
        log.append("after")

    with Dispatcher() as d:
        d.spawn(worker, on_output=log.append)
        d.settle()
    assert log == ["before", 7, "after"]


def test_where_tells_the_line_of_the_wait() -> None:
    """The stack of a parked actor, helpers included, as file and line."""

    def helper() -> None:
        receive(Go)

    def worker() -> None:
        helper()

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        shown = str(ref.where())
    wait = helper.__code__.co_firstlineno + 1
    call = worker.__code__.co_firstlineno + 1
    assert f"test_refs.py:{wait}" in shown
    assert f"test_refs.py:{call}" in shown


def test_where_shows_the_users_code_only() -> None:
    """The frames of the library are no help to anyone."""

    def worker() -> None:
        with until(Stop), state("resting"):
            sleep(5)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        shown = str(ref.where())
    assert "waits.py" not in shown
    assert "dispatcher.py" not in shown


def test_a_wait_of_the_library_can_be_an_actor_function() -> None:
    """`spawn(sleep, 5)` is an actor that sleeps, also under an instrument and in a report."""
    log: list[object] = []

    with Dispatcher(instruments=[log.append]) as d:
        ref = d.spawn(sleep, 5)
        d.settle()
        seen = (ref.alive, ref.state, ref.accepts)
        assert isinstance(str(ref.where()), str)
        d.run()
        assert (seen, ref.alive, d.now()) == ((True, ("sleep",), set()), False, 5.0)


def test_refs_can_be_compared_and_kept_in_sets() -> None:
    """A ref is the identity of its actor."""

    def worker() -> None:
        receive(Go)

    with Dispatcher() as d:
        one, two = d.spawn(worker), d.spawn(worker)
        assert {one: 1, two: 2}[one] == 1
        assert len({one, two, one}) == 2


def test_a_ref_shows_its_name() -> None:
    """The repr of a ref is good enough for a log."""

    def worker() -> None:
        receive(Go)

    with Dispatcher() as d:
        assert "gatekeeper" in repr(d.spawn(worker, name="gatekeeper"))
