"""`flow` runs a function in place; `become` jumps to another: machines that are not a tree."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest

from flowlet import Dispatcher, Event, become, flow, now, receive, sleep, spawn, state, until


class Go(Event): ...


class Reset(Event): ...


class Number(Event):
    value: int = 0


def test_flow_returns_the_result_of_its_function() -> None:
    """Without a jump, `flow(fn)` is a call."""

    def sum_of(start: int, *, factor: int) -> int:
        return (start + receive(Number).value) * factor

    def calculator() -> int:
        return flow(sum_of, 1, factor=10)

    with Dispatcher() as d:
        ref = d.spawn(calculator)
        ref.send(Number(2))
        d.settle()
        assert ref.result == 30


def test_become_goes_on_as_another_function() -> None:
    """The rest of the old function does not run."""
    log: list[str] = []

    def caterpillar() -> None:
        receive(Go, at="leaf")
        become(butterfly)
        log.append("still a caterpillar")

    def butterfly() -> None:
        log.append("butterfly")
        receive(Go, at="air")

    with Dispatcher() as d:
        ref = d.spawn(caterpillar)
        ref.send(Go())
        d.settle()
        assert ref.state == ("air",)
    assert log == ["butterfly"]


def test_become_passes_arguments() -> None:
    """By position and by keyword, as in a call."""

    def first() -> tuple[int, str]:
        become(second, 7, name="seven")

    def second(number: int, *, name: str) -> tuple[int, str]:
        return number, name

    with Dispatcher() as d:
        ref = d.spawn(first)
        d.settle()
        assert ref.result == (7, "seven")


def test_the_result_is_that_of_the_last_function() -> None:
    """A flow that jumps returns what its last function returns."""

    def one() -> str:
        become(two)

    def two() -> str:
        receive(Go)
        become(three)

    def three() -> str:
        return "three"

    def walker() -> str:
        return "walked to " + flow(one)

    with Dispatcher() as d:
        ref = d.spawn(walker)
        ref.send(Go())
        d.settle()
        assert ref.result == "walked to three"


def test_a_jump_ends_at_the_nearest_flow() -> None:
    """The blocks outside the flow stay open, those inside it are left."""

    def listen() -> None:
        with state("listen"):
            receive(Go)
            become(connected)

    def connected() -> None:
        with state("connected"):
            receive(Go)

    def server() -> None:
        with state("open"), until(Reset) as end:
            flow(listen)
        receive(Go, at="reset" if end.event else "done")

    with Dispatcher() as d:
        ref = d.spawn(server)
        d.settle()
        seen = [ref.state]
        for event in (Go(), Reset()):
            ref.send(event)
            d.settle()
            seen.append(ref.state)
    assert seen == [("open", "listen"), ("open", "connected"), ("reset",)]


def test_an_inner_flow_keeps_a_jump_to_itself() -> None:
    """The caller of the inner flow goes on after it."""
    log: list[str] = []

    def inner() -> str:
        become(other)

    def other() -> str:
        return "other"

    def outer() -> str:
        log.append(flow(inner))
        return "outer"

    def actor_function() -> str:
        return flow(outer)

    with Dispatcher() as d:
        ref = d.spawn(actor_function)
        d.settle()
        assert ref.result == "outer"
    assert log == ["other"]


def test_a_jump_without_a_flow_replaces_the_whole_actor() -> None:
    """Where there is no flow, the actor itself is the flow: every block is left."""

    def caterpillar() -> None:
        with until(Reset), state("garden"), state("leaf"):
            receive(Go)
            become(butterfly)

    def butterfly() -> str:
        receive(Go, at="air")
        return "flown"

    with Dispatcher() as d:
        ref = d.spawn(caterpillar)
        ref.send(Go())
        d.settle()
        assert (ref.state, ref.accepts) == (("air",), {Go})
        ref.send(Reset())
        d.settle()
        assert (ref.alive, ref.discarded) == (True, 1)


def test_a_jump_may_start_deep_in_helpers() -> None:
    """A helper's helper decides where the machine goes."""

    def dig(depth: int) -> None:
        if depth == 0:
            receive(Go, at="bottom")
            become(surface)
        with state(f"level {depth}"):
            dig(depth - 1)

    def surface() -> str:
        return "daylight"

    def miner() -> str:
        dig(20)
        return "still below"

    with Dispatcher() as d:
        ref = d.spawn(miner)
        ref.send(Go())
        d.settle()
        assert ref.result == "daylight"


def test_exits_run_before_the_new_function_begins() -> None:
    """The blocks are left, innermost first, and only then the jump lands."""
    log: list[str] = []

    def old() -> None:
        try:
            with state("a"):
                try:
                    become(new)
                finally:
                    log.append("exit a")
        finally:
            log.append("exit old")

    def new() -> None:
        log.append("new")

    with Dispatcher() as d:
        d.spawn(old)
        d.settle()
    assert log == ["exit a", "exit old", "new"]


def test_clean_up_on_the_way_may_wait() -> None:
    """The jump lands when the clean-up is done."""
    log: list[tuple[float, str]] = []

    def old() -> None:
        try:
            become(new)
        finally:
            sleep(3)
            log.append((now(), "cleaned"))

    def new() -> None:
        log.append((now(), "new"))

    with Dispatcher() as d:
        d.spawn(old)
        d.run()
    assert log == [(3.0, "cleaned"), (3.0, "new")]


def test_except_exception_does_not_hold_a_jump() -> None:
    """Code that swallows every Exception is left all the same."""

    def old() -> str:
        try:
            become(new)
        except Exception:
            return "swallowed"

    def new() -> str:
        return "jumped"

    with Dispatcher() as d:
        ref = d.spawn(old)
        d.settle()
        assert ref.result == "jumped"


def test_a_timer_of_the_old_function_is_dead() -> None:
    """The limit of a block that was jumped out of never comes."""

    def old() -> None:
        with until(after=5):
            receive(Go, at="old")
            become(new)

    def new() -> float:
        sleep(20)
        return now()

    with Dispatcher() as d:
        ref = d.spawn(old)
        ref.send(Go())
        d.run()
        assert ref.result == 20.0


def test_a_jump_ends_the_children_of_the_blocks_that_it_leaves() -> None:
    """`with spawn(...)` is a block like others."""
    log: list[str] = []

    def helper() -> None:
        try:
            receive(Go)
        finally:
            log.append("helper done")

    def old() -> None:
        with spawn(helper):
            receive(Go, at="old")
            become(new)

    def new() -> None:
        log.append("new")

    with Dispatcher() as d:
        ref = d.spawn(old)
        d.settle()
        ref.send(Go())
        d.settle()
    assert log == ["helper done", "new"]


def test_mail_survives_a_jump() -> None:
    """The mailbox belongs to the actor, not to the function."""

    def old() -> None:
        receive(Go, at="old")
        become(new)

    def new() -> int:
        return receive(Number).value

    with Dispatcher() as d:
        ref = d.spawn(old)
        ref.send(Go())
        ref.send(Number(9))
        d.settle()
        assert ref.result == 9


def test_ten_thousand_jumps_do_not_grow_the_stack() -> None:
    """Two functions may go on as each other for ever."""
    depths: list[int] = []

    def depth() -> int:
        frame = sys._getframe()
        count = 0
        while frame.f_back is not None:
            frame, count = frame.f_back, count + 1
        return count

    def ping(left: int) -> None:
        depths.append(depth())
        if left:
            become(pong, left - 1)

    def pong(left: int) -> None:
        become(ping, left)

    with Dispatcher() as d:
        ref = d.spawn(ping, 10_000)
        d.settle()
        assert not ref.alive
    assert len(depths) == 10_001
    assert depths[1] == depths[-1]


def test_a_jump_lets_the_old_locals_go() -> None:
    """What only the old function held is freed."""

    class Luggage: ...

    kept: list[weakref.ref[Luggage]] = []

    def old() -> None:
        luggage = Luggage()
        kept.append(weakref.ref(luggage))
        become(new)

    def new() -> None:
        receive(Go, at="light")

    with Dispatcher() as d:
        ref = d.spawn(old)
        d.settle()
        gc.collect()
        assert (ref.state, kept[0]()) == (("light",), None)


def test_an_error_in_a_flow_reaches_its_caller() -> None:
    """A flow raises as a call does."""

    def risky() -> None:
        receive(Go, at="risky")
        raise ValueError("slipped")

    def careful() -> str:
        try:
            flow(risky)
        except ValueError as error:
            return str(error)
        return "nothing happened"

    with Dispatcher() as d:
        ref = d.spawn(careful)
        ref.send(Go())
        d.settle()
        assert ref.result == "slipped"


def test_an_error_after_a_jump_is_that_of_the_actor() -> None:
    """The new function fails in the name of the actor."""

    def old() -> None:
        become(new)

    def new() -> None:
        raise ValueError("slipped")

    with Dispatcher() as d:
        ref = d.spawn(old)
        with pytest.raises(ValueError, match="slipped"):
            d.settle()
        assert ref.state == ("error: ValueError",)


def test_a_ring_of_states_may_be_written_as_functions() -> None:
    """Three states that follow each other for ever, with the mail deciding when."""

    def red() -> None:
        with state("red"):
            receive(Go)
        become(green)

    def green() -> None:
        with state("green"):
            receive(Go)
        become(yellow)

    def yellow() -> None:
        with state("yellow"):
            receive(Go)
        become(red)

    with Dispatcher() as d:
        ref = d.spawn(red)
        seen: list[str] = []
        for _ in range(7):
            d.settle()
            seen.extend(ref.state)
            ref.send(Go())
    assert seen == ["red", "green", "yellow", "red", "green", "yellow", "red"]
