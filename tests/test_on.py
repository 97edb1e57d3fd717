"""`on`: what a handler's wait is called, jumps out of a handler, a block that is entered twice.

What a handler does in the midst of a wait is in test_semantics.py and test_statechart_traps.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    IllegalCallError,
    become,
    flow,
    on,
    parallel,
    pause,
    receive,
    sleep,
    spawn,
    state,
    until,
)


class Go(Event): ...


class Jump(Event): ...


class Leave(Event): ...


Log = list[str]


def send_all(d: Dispatcher, ref: ActorRef[Any], *events: Event) -> None:
    """Send, and settle after each."""
    for event in events:
        ref.send(event)
        d.settle()


def other() -> None:
    receive(Go, at="other")


def nothing(_event: object) -> None: ...


def jump(_event: Jump) -> None:
    become(other)


# --- the name of a handler's wait ---------------------------------------------------------------


@pytest.mark.parametrize("listeners", [[], [nothing]], ids=["unseen", "watched"])
def test_a_wait_of_a_handler_has_its_own_name(listeners: list[Callable[..., None]]) -> None:
    """And not that of the sleep which it interrupts; the source does not tell here."""
    awaited = [Go]

    def think(_event: Jump) -> None:
        receive(*awaited)

    def machine() -> None:
        with on(Jump, think):
            sleep(9)

    with Dispatcher(instruments=listeners) as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert ref.state[-1] == "Go"
        send_all(d, ref, Go())
        assert ref.state[-1] != "Go"


# --- become in a handler ------------------------------------------------------------------------


def test_a_jump_in_a_handler_lands_in_the_flow_round_the_wait() -> None:
    """The flow is inside the block, so the block is not left and goes on hearing."""
    log: Log = []

    def work() -> None:
        try:
            with state("work"):
                receive(Go)
        finally:
            log.append("work left")

    def machine() -> None:
        try:
            with state("machine"), on(Jump, jump):
                flow(work)
                log.append("flow over")
                receive(Go, at="afterwards")
        finally:
            log.append("machine left")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert (ref.state, log) == (("machine", "other"), ["work left"])
        assert ref.accepts == {Go, Jump}
        send_all(d, ref, Jump(), Go())
        assert (ref.state, log) == (("machine", "afterwards"), ["work left", "flow over"])


def test_the_blocks_between_the_flow_and_the_wait_are_left() -> None:
    """Innermost first; what is outside the flow stays, an `until` too."""
    log: Log = []

    def work() -> None:
        end = until(Leave)
        try:
            with end:
                receive(Go)
        finally:
            log.append(f"inner until heard {end.event}")

    def machine() -> object:
        with until(Leave) as end, on(Jump, jump):
            flow(work)
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert (ref.state, log) == (("other",), ["inner until heard None"])
        send_all(d, ref, Leave())
        assert ref.result == Leave()


def test_a_jump_lands_outside_where_the_flow_is_round_the_block() -> None:
    """The block is one of those that are left, and hears no more."""

    def work() -> None:
        with on(Jump, jump):
            receive(Go)

    def machine() -> None:
        with state("machine"):
            flow(work)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert (ref.state, ref.accepts) == (("machine", "other"), {Go})


def test_of_two_flows_a_jump_lands_in_the_one_round_the_wait() -> None:
    """The outer one goes on after it."""

    def work() -> str:
        flow(lambda: receive(Go))
        return "outer flow goes on"

    def machine() -> str:
        with on(Jump, jump):
            return flow(work)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert ref.state == ("other",)
        send_all(d, ref, Go())
        assert ref.result == "outer flow goes on"


def test_a_handler_that_waits_may_jump_too() -> None:
    """Its own blocks are left first, then those of the wait."""
    log: Log = []

    def think(_event: Jump) -> None:
        try:
            with state("thinking"):
                receive(Go)
            become(other)
        finally:
            log.append("thought")

    def work() -> None:
        try:
            receive(Go)
        finally:
            log.append("work left")

    def machine() -> None:
        with on(Jump, think):
            flow(work)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert ref.state == ("thinking",)
        send_all(d, ref, Go())
        assert (ref.state, log) == (("other",), ["thought", "work left"])


def test_a_flow_of_the_handlers_own_is_nearer() -> None:
    """A jump in it stays in the handler, and the wait goes on afterwards."""

    def detour(_event: Jump) -> None:
        flow(become, other)

    def machine() -> None:
        with on(Jump, detour):
            receive(Go, at="working")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Jump())
        assert ref.state == ("other",)
        send_all(d, ref, Go())
        assert ref.state == ("working",)


def test_in_a_region_a_jump_in_a_handler_stays_in_the_region() -> None:
    """The region goes on as the other function; its sibling hears nothing of it."""

    def region() -> None:
        with on(Jump, jump):
            receive(Leave)

    def sibling() -> None:
        receive(Leave, at="sibling")

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(region, sibling))
        send_all(d, ref, Jump())
        assert ref.state[-1] == (("other",), ("sibling",))


# --- a block entered twice ----------------------------------------------------------------------


BLOCKS = [lambda: until(Leave), lambda: on(Leave, nothing)]


@pytest.mark.parametrize("make", BLOCKS, ids=["until", "on"])
def test_a_block_is_not_entered_inside_itself(make: Callable[[], Any]) -> None:
    """It would wait for itself to be left; the error says to make another one."""

    def machine() -> None:
        block = make()
        with block, block:
            receive(Go)

    with Dispatcher() as d:
        d.spawn(machine, name="doubled")
        with pytest.raises(IllegalCallError, match=r"open already, in actor 'doubled'; make one"):
            d.settle()


@pytest.mark.parametrize("make", BLOCKS, ids=["until", "on"])
def test_two_actors_do_not_share_a_block(make: Callable[[], Any]) -> None:
    """The second is told; the first is left in peace."""
    block = make()

    def machine() -> None:
        with block:
            receive(Go)
            receive(Go)

    with Dispatcher() as d:
        first, second = d.spawn(machine, name="first"), d.spawn(machine, name="second")
        with pytest.raises(IllegalCallError, match=r"open already, in actor 'first'"):
            d.settle()
        send_all(d, first, Go())
        assert (first.alive, second.alive, first.accepts) == (True, False, {Go, Leave})


@pytest.mark.parametrize("make", BLOCKS, ids=["until", "on"])
def test_a_block_that_was_left_may_be_entered_again(make: Callable[[], Any]) -> None:
    """Also after an error, and by another actor."""
    block = make()

    def machine() -> str:
        try:
            with block:
                raise ValueError
        except ValueError:
            with block:
                receive(Go)
        return "left"

    with Dispatcher() as d:
        for _ in range(2):
            ref = d.spawn(machine)
            send_all(d, ref, Go())
            assert ref.result == "left"


def test_a_child_may_end_while_a_handler_interrupts_the_wait_for_it() -> None:
    """The block is left when the handler is done: nobody waits for an end that has been."""

    def tidy() -> None:
        try:
            receive(Leave)
        finally:
            sleep(1)

    def owner() -> str:
        with on(Go, lambda _: sleep(3)), spawn(tidy):
            pause()
        return "left"

    with Dispatcher() as d:
        ref = d.spawn(owner)
        d.settle()
        ref.send(Go())
        d.run()
        assert (ref.result, d.now()) == ("left", 3.0)


def interrupted(interrupt: Callable[[Jump], None]) -> None:
    """Waits in its clean-up too, inside the block that hears."""
    with on(Jump, interrupt):
        try:
            receive(Go)
        finally:
            receive(Go, at="cleaning up")


def test_an_error_out_of_a_handler_that_is_stopped_leaves_the_blocks_round_the_wait_deaf() -> None:
    """The stop goes through them all, whatever the handler's clean-up has made of it."""

    def interrupt(event: Jump) -> None:
        try:
            receive(Go)
        finally:
            raise ValueError("the clean-up has failed")

    with Dispatcher() as d:
        ref = d.spawn(interrupted, interrupt)
        send_all(d, ref, Jump())
        ref.stop()
        d.settle()
        assert (ref.state, ref.accepts) == (("cleaning up",), {Go})


def test_an_error_out_of_a_block_of_the_handler_leaves_the_blocks_round_the_wait_hearing() -> None:
    """What the clean-up of a block inside the handler has failed on is an error like any other."""

    def interrupt(event: Jump) -> None:
        with until(Leave):
            try:
                receive(Go)
            finally:
                raise ValueError("the clean-up has failed")

    with Dispatcher() as d:
        ref = d.spawn(interrupted, interrupt)
        send_all(d, ref, Jump(), Leave())
        assert (ref.state, ref.accepts) == (("cleaning up",), {Go, Jump})
