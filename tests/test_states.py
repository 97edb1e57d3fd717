"""`state` names a block of code; nesting, entry and exit are Python's own."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum

import pytest

from flowlet import Dispatcher, Event, become, flow, receive, sleep, spawn, state, until, whereis


class Go(Event): ...


class Stop(Event): ...


class Light(Enum):
    RED = 1
    GREEN = 2


class Mode(StrEnum):
    IDLE = "idle"
    BUSY = "busy"


def test_an_actor_that_has_not_started_is_in_no_state() -> None:
    """The state of one that waits for its start is the empty tuple."""

    def worker() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        assert (ref.state, ref.alive) == ((), True)


def test_outside_any_block_the_function_names_its_only_wait() -> None:
    """A machine with one wait is in the state of its name."""

    def listening() -> None:
        while True:
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(listening)
        d.settle()
        assert ref.state == ("listening",)


def test_at_names_a_wait() -> None:
    """`at=` is the name of the state that this wait is."""

    def worker() -> None:
        receive(Go, at="ready")
        sleep(3, at="steady")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        seen = [ref.state]
        ref.send(Go())
        d.settle()
        seen.append(ref.state)
    assert seen == [("ready",), ("steady",)]


def test_a_block_with_one_wait_is_the_state() -> None:
    """`with state(...)` round a wait names it."""

    def worker() -> None:
        with state("ready"):
            receive(Go)
        with state("steady"):
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        seen = [ref.state]
        ref.send(Go())
        d.settle()
        seen.append(ref.state)
    assert seen == [("ready",), ("steady",)]


def test_a_wait_with_its_own_name_is_a_state_inside_its_block() -> None:
    """The path is the blocks, then the `at`."""

    def worker() -> None:
        with state("open"):
            receive(Go, at="idle")
            receive(Go, at="busy")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert ref.state == ("open", "busy")


def test_blocks_nest() -> None:
    """The state is the path of the open blocks, outermost first."""

    def worker() -> None:
        with state("on"), state("playing"):
            with state("loud"):
                receive(Go)
            with state("quiet"):
                receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        seen = [ref.state]
        ref.send(Go())
        d.settle()
        seen.append(ref.state)
    assert seen == [("on", "playing", "loud"), ("on", "playing", "quiet")]


def test_a_hundred_nested_blocks_make_a_path_of_a_hundred() -> None:
    """Depth has no limit of its own."""

    def dig(depth: int) -> None:
        if depth == 100:
            receive(Go)
            return
        with state(f"level {depth}"):
            dig(depth + 1)

    def miner() -> None:
        dig(0)
        receive(Go, at="daylight")

    with Dispatcher() as d:
        ref = d.spawn(miner)
        d.settle()
        assert ref.state == tuple(f"level {n}" for n in range(100))
        ref.send(Go())
        d.settle()
        assert ref.state == ("daylight",)


def test_a_function_may_be_a_state() -> None:
    """As a decorator, `state` names the whole function."""

    @state("warming")
    def warm(seconds: float) -> str:
        sleep(seconds)
        return "warm"

    def oven() -> str:
        return warm(5)

    with Dispatcher() as d:
        ref = d.spawn(oven)
        d.settle()
        assert ref.state == ("warming",)
        d.advance(5)
        assert ref.result == "warm"


def test_a_decorated_function_keeps_its_name() -> None:
    """The decorator leaves name and docstring alone."""

    @state("warming")
    def warm() -> None:
        """Wait for the heat."""

    assert (warm.__name__, warm.__doc__) == ("warm", "Wait for the heat.")


def test_a_decorated_function_serves_many_actors_at_once() -> None:
    """One decorator, several actors: each has its own path."""

    @state("warming")
    def warm() -> None:
        receive(Go)

    def oven(room: str) -> None:
        with state(room):
            warm()
        receive(Stop, at="hot")

    with Dispatcher() as d:
        one, two = d.spawn(oven, "kitchen"), d.spawn(oven, "bakery")
        d.settle()
        assert (one.state, two.state) == (("kitchen", "warming"), ("bakery", "warming"))
        one.send(Go())
        d.settle()
        assert (one.state, two.state) == (("hot",), ("bakery", "warming"))


def test_a_decorated_function_may_call_itself() -> None:
    """Each call is one block more."""

    @state("fold")
    def fold(times: int) -> None:
        if times > 1:
            fold(times - 1)
        else:
            receive(Go)

    def paper() -> None:
        fold(3)
        receive(Stop, at="flat")

    with Dispatcher() as d:
        ref = d.spawn(paper)
        d.settle()
        seen = [ref.state]
        ref.send(Go())
        d.settle()
        seen.append(ref.state)
    assert seen == [("fold", "fold", "fold"), ("flat",)]


def test_a_decorated_function_is_an_actor_function() -> None:
    """A state can be spawned as it is."""

    @state("alone")
    def hermit() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(hermit)
        d.settle()
        assert ref.state == ("alone",)


def test_a_str_enum_member_counts_by_its_value() -> None:
    """`state(Mode.IDLE)` is the state `"idle"`."""

    def worker() -> None:
        with state(Mode.IDLE):
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        assert ref.state == ("idle",)
        assert ref.state == (Mode.IDLE,)


def test_an_enum_member_names_a_state() -> None:
    """A plain Enum member is as good a name as a string, and tells its members apart."""

    def lamp() -> None:
        for colour in Light:
            with state(colour):
                receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(lamp)
        d.settle()
        seen = [ref.state]
        ref.send(Go())
        d.settle()
        seen.append(ref.state)
    assert seen in ([(Light.RED,), (Light.GREEN,)], [("RED",), ("GREEN",)])


def test_entry_and_exit_actions_are_ordinary_code() -> None:
    """Entry stands at the top of the block, exit in its `finally`; inner exits come first."""
    log: list[str] = []

    def worker() -> None:
        with state("outer"):
            log.append("enter outer")
            try:
                with state("inner"):
                    log.append("enter inner")
                    try:
                        receive(Go)
                    finally:
                        log.append("exit inner")
            finally:
                log.append("exit outer")

    with Dispatcher() as d:
        d.spawn(worker).send(Go())
        d.settle()
    assert log == ["enter outer", "enter inner", "exit inner", "exit outer"]


def test_an_exception_leaves_the_block() -> None:
    """After an error has been handled outside, the path is that of the outside."""

    def worker() -> None:
        try:
            with state("risky"):
                receive(Go)
                raise ValueError("slipped")
        except ValueError:
            receive(Go, at="bandaged")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert ref.state == ("bandaged",)


def test_a_block_does_not_swallow_exceptions() -> None:
    """What is raised inside comes out as it is."""

    def worker() -> None:
        with state("risky"):
            raise ValueError("slipped")

    with Dispatcher() as d:
        d.spawn(worker)
        with pytest.raises(ValueError, match="slipped"):
            d.settle()


def test_break_continue_and_return_leave_the_block() -> None:
    """However Python leaves it, the block is left."""

    def inside() -> None:
        with state("short"):
            return

    def worker() -> None:
        for turn in range(3):
            with state("loop"):
                if turn == 1:
                    continue
                if turn == 2:
                    break
        inside()
        receive(Go, at="outside")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        assert ref.state == ("outside",)


def test_clean_up_that_waits_is_still_inside_its_block() -> None:
    """While an exit action waits, the path shows where."""

    def worker() -> None:
        with state("open"):
            try:
                receive(Go, at="working")
            finally:
                sleep(2, at="closing")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert ref.state == ("open", "closing")


def test_a_block_that_until_leaves_is_left() -> None:
    """The transition on a composite state ends the states inside."""

    def worker() -> None:
        with state("service"):
            with until(Stop), state("running"):
                receive(Go, at="idle")
            receive(Go, at="halted")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        seen = [ref.state]
        ref.send(Stop())
        d.settle()
        seen.append(ref.state)
    assert seen == [("service", "running", "idle"), ("service", "halted")]


def test_a_child_has_its_own_path() -> None:
    """The states of the parent are not those of its child."""

    def child() -> None:
        receive(Go, at="crib")

    def parent() -> None:
        with state("home"):
            spawn(child, name="child")
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(parent)
        paths: list[object] = []
        d.settle()
        paths.append(ref.state)

        def visitor() -> None:
            paths.append(whereis("child").state)

        d.spawn(visitor)
        d.settle()
    assert paths == [("home",), ("crib",)]


def test_an_actor_that_returns_ends_in_end() -> None:
    """The final state without a name of its own is `end`."""

    def worker() -> None:
        with state("busy"):
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert ref.state == ("end",)


def test_the_last_block_entered_since_the_last_wait_is_the_final_state() -> None:
    """`with state("Terminated"): return` gives the end its name."""

    def call() -> None:
        with state("Talking"):
            receive(Go)
        with state("Terminated"):
            return

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Go())
        d.settle()
        assert (ref.state, ref.alive) == (("Terminated",), False)


def test_a_final_state_may_be_reached_by_become() -> None:
    """From inside other blocks one jumps to the final state; they are not part of its path."""

    @state("Terminated")
    def terminated() -> None: ...

    def call() -> None:
        with state("Talking"):
            receive(Go)
            become(terminated)

    with Dispatcher() as d:
        ref = d.spawn(call)
        ref.send(Go())
        d.settle()
        assert ref.state == ("Terminated",)


def test_a_crash_is_a_final_state_with_the_name_of_its_error() -> None:
    """An actor that failed is in `error: ValueError`."""

    def worker() -> None:
        with state("busy"):
            receive(Go)
            raise ValueError("broken")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        with pytest.raises(ValueError, match="broken"):
            d.settle()
        assert (ref.state, ref.alive) == (("error: ValueError",), False)


def test_accepts_is_what_the_wait_and_its_surroundings_take() -> None:
    """A button for Stop is as live as one for Go; after the end nothing is accepted."""

    def worker() -> None:
        with until(Stop), state("busy"):
            receive(Go, at="working")
            sleep(5, at="resting")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        seen = [ref.accepts]
        d.settle()
        seen.append(ref.accepts)
        for event in (Go(), Stop()):
            ref.send(event)
            d.settle()
            seen.append(ref.accepts)
    assert seen == [set(), {Go, Stop}, {Stop}, set()]


def test_a_deferred_type_is_not_accepted() -> None:
    """What is only kept for later enables no button."""

    def worker() -> None:
        with state("busy", defer=(Stop,)):
            receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        assert ref.accepts == {Go}


@pytest.mark.parametrize("opened", [1, 2, 5])
def test_flow_keeps_the_blocks_round_it(opened: int) -> None:
    """A function that runs in place waits inside the blocks of its caller."""

    def leaf() -> None:
        receive(Go, at="leaf")

    def nest(left: int, then: Callable[[], None]) -> None:
        if left == 0:
            flow(then)
            return
        with state(f"s{left}"):
            nest(left - 1, then)

    with Dispatcher() as d:
        ref = d.spawn(nest, opened, leaf)
        d.settle()
        assert ref.state == (*(f"s{n}" for n in range(opened, 0, -1)), "leaf")
