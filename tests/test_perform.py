"""`perform`: side effects and blocking calls, off the dispatcher's thread."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from flowlet import (
    Dispatcher,
    Event,
    IllegalCallError,
    RealClock,
    Timeout,
    now,
    observe,
    on,
    parallel,
    perform,
    race,
    receive,
    sleep,
    state,
    until,
)


class Cancel(Event): ...


class Order(Event):
    number: int = 0


class Status(Event): ...


class Bank:
    """A bank whose answer can be held back; it tells when it was asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        self.charged: list[int] = []

    def charge(self, amount: int = 5) -> int:
        self.asked.set()
        assert self.may_answer.wait(5)
        self.charged.append(amount)
        return amount


@pytest.fixture
def bank() -> Iterator[Bank]:
    bank = Bank()
    yield bank
    bank.may_answer.set()  # so that no thread outlives a test that fails


# --- the result ------------------------------------------------------------------------------


def test_the_result_comes_back_from_another_thread() -> None:
    """The function runs off the dispatcher's thread, with its arguments."""

    def add(a: int, b: int) -> tuple[int, bool]:
        return a + b, threading.get_ident() == main

    main = threading.get_ident()

    def adder() -> object:
        return perform(add, 2, 3)

    with Dispatcher() as d:
        assert d.run(until=d.spawn(adder)) == (5, False)


def test_an_error_is_raised_at_the_call() -> None:
    """It is the error itself, and its trace begins in the function, not in the thread."""

    def fail() -> None:
        raise ConnectionError("no route")

    def caller() -> tuple[str, list[str]]:
        try:
            perform(fail)
        except ConnectionError as error:
            names = []
            trace = error.__traceback__
            while trace is not None:
                names.append(trace.tb_frame.f_code.co_name)
                trace = trace.tb_next
            return str(error), names
        raise AssertionError

    with Dispatcher() as d:
        text, frames = d.run(until=d.spawn(caller))
    assert text == "no route"
    assert (frames[0], frames[-1]) == ("caller", "fail")
    assert "run" not in frames


def test_the_function_sees_the_context_of_the_actor() -> None:
    """Context variables go along; what the thread sets stays there."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

    def who() -> str:
        before = user.get()
        user.set("thread")
        return before

    def caller() -> tuple[str, str]:
        user.set("ann")
        return perform(who), user.get()

    with Dispatcher() as d:
        assert d.run(until=d.spawn(caller)) == ("ann", "ann")


# --- time and order ----------------------------------------------------------------------------


def test_no_virtual_time_passes_while_a_call_is_out() -> None:
    """Somebody else's timer, due in a second, does not overtake the call."""
    log: list[tuple[float, str]] = []

    def caller() -> None:
        perform(threading.Event().wait, 0.02)
        log.append((now(), "called"))

    def sleeper() -> None:
        sleep(1)
        log.append((now(), "slept"))

    with Dispatcher() as d:
        d.spawn(sleeper)
        d.spawn(caller)
        d.run()
    assert log == [(0.0, "called"), (1.0, "slept")]


@pytest.mark.parametrize("how", ["settle", "advance", "run until a time", "run until an actor"])
def test_every_run_waits_for_the_calls_that_are_out(how: str) -> None:
    """When it comes back, the actor has its result."""
    log: list[str] = []

    def caller() -> None:
        perform(threading.Event().wait, 0.01)
        log.append("called")

    with Dispatcher() as d:
        ref = d.spawn(caller)
        match how:
            case "settle":
                d.settle()
            case "advance":
                d.advance(1)
            case "run until a time":
                d.run(until=1.0)
            case _:
                d.run(until=ref)
        assert log == ["called"]


def test_on_a_virtual_clock_results_come_in_the_order_of_the_calls() -> None:
    """The first call ends last, and its result still comes first."""
    second_is_done = threading.Event()
    log: list[str] = []

    def first() -> None:
        perform(second_is_done.wait, 5)
        log.append("first")

    def second() -> None:
        perform(second_is_done.set)
        log.append("second")

    with Dispatcher() as d:
        d.spawn(first)
        d.spawn(second)
        d.settle()
    assert log == ["first", "second"]


def test_on_a_real_clock_results_come_as_they_come(bank: Bank) -> None:
    """A slow call holds up nobody else."""
    log: list[str] = []

    def slow() -> None:
        perform(bank.charge)
        log.append("slow")

    def quick() -> None:
        perform(bank.asked.wait, 5)
        log.append("quick")
        perform(bank.may_answer.set)

    with Dispatcher(clock=RealClock()) as d:
        d.spawn(slow)
        d.spawn(quick)
        d.run()
    assert log == ["quick", "slow"]


def test_others_go_on_while_a_call_is_out(bank: Bank) -> None:
    """On a real clock `settle` does what is ready, and does not wait for the call."""

    def slow() -> int:
        return perform(bank.charge)

    def other() -> int:
        return receive(Order).number

    with Dispatcher(clock=RealClock()) as d:
        calling, waiting = d.spawn(slow), d.spawn(other)
        d.settle()
        waiting.send(Order(7))
        d.settle()
        assert (calling.alive, waiting.result) == (True, 7)
        bank.may_answer.set()
        assert d.run(until=calling) == 5


def test_a_step_waits_for_the_oldest_call_when_nothing_else_is_ready() -> None:
    """The call's end is one delivery: first turn, end, and then there is nothing to do."""

    def caller() -> int:
        return perform(int, "5")

    with Dispatcher() as d:
        ref = d.spawn(caller)
        assert d.step()
        assert ref.alive
        assert d.step()
        assert ref.result == 5
        assert not d.step()


def test_a_call_may_wait_for_an_answer_that_it_posts_for() -> None:
    """What a thread posts is let in while the run waits for that thread."""
    answered = threading.Event()

    def answering() -> None:
        receive(Status)
        answered.set()

    with Dispatcher() as d:
        clerk = d.spawn(answering)

        def ask() -> bool:
            d.post(clerk, Status())
            return answered.wait(5)

        assert d.run(until=d.spawn(lambda: perform(ask))) is True


# --- mail, blocks and the end -------------------------------------------------------------------


def test_mail_is_kept_meanwhile() -> None:
    """It takes nothing and loses nothing."""

    def shop() -> list[int]:
        perform(int)
        return [receive(Order).number for _ in range(2)]

    with Dispatcher() as d:
        ref = d.spawn(shop)
        ref.send(Order(1))
        ref.send(Order(2))
        d.settle()
        assert (ref.result, ref.discarded) == ([1, 2], 0)


def test_an_until_outside_leaves_only_when_the_result_is_known() -> None:
    """The order is cancelled while the card is being charged: charged it is, and then it leaves."""
    log: list[str] = []

    def shop() -> object:
        with until(Cancel) as end:
            perform(charge)
            log.append("goes on")
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(shop)

        def charge() -> None:
            d.post(ref, Cancel())
            log.append("charged")

        d.settle()
        assert ref.result == Cancel()
    assert log == ["charged"]


def test_what_an_until_leaves_by_comes_before_an_error_of_the_call() -> None:
    """Who leaves does not ask any more how the call went."""

    def fail() -> None:
        raise ConnectionError

    def shop() -> object:
        with until(Cancel) as end:
            perform(fail)
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(shop)
        ref.send(Cancel())
        d.settle()
        assert ref.result == Cancel()


def test_a_time_limit_waits_for_the_result_too(bank: Bank) -> None:
    """The limit is up long before the bank answers."""

    def shop() -> object:
        with until(after=0.001) as end:
            perform(bank.charge)
        return end.event

    def clock() -> None:
        sleep(0.005)
        bank.may_answer.set()

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(shop)
        d.spawn(clock)
        assert isinstance(d.run(until=ref), Timeout)
    assert bank.charged == [5]


def test_a_handler_outside_runs_when_the_result_is_known_and_before_it_is_used() -> None:
    """`on` hears as `until` does; the wait then goes on to its result."""
    log: list[str] = []

    def shop() -> None:
        with on(Status, lambda _: log.append("handled")):
            log.append(perform(charge))

    with Dispatcher() as d:
        ref = d.spawn(shop)

        def charge() -> str:
            d.post(ref, Status())
            log.append("charging")
            return "charged"

        d.settle()
    assert log == ["charging", "handled", "charged"]


def test_a_stop_waits_for_the_result(bank: Bank) -> None:
    """What is on its way cannot be taken back, so the actor stays until it is known."""
    log: list[str] = []

    def shop() -> None:
        try:
            perform(bank.charge)
            log.append("goes on")
        finally:
            log.append(f"clean-up after {bank.charged}")

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(shop)
        d.settle()
        ref.stop()
        d.settle()
        assert (ref.alive, log) == (True, [])
        bank.may_answer.set()
        d.run()
        assert log == ["clean-up after [5]"]


def test_close_does_not_wait(bank: Bank) -> None:
    """Closing ends the wait at once; the thread goes on by itself."""
    log: list[str] = []

    def shop() -> None:
        try:
            perform(bank.charge)
        finally:
            log.append(f"clean-up after {bank.charged}")

    d = Dispatcher(clock=RealClock())
    d.spawn(shop)
    d.settle()
    assert bank.asked.wait(5)
    d.close()
    assert log == ["clean-up after []"]


def test_nothing_goes_out_any_more_under_close() -> None:
    """A call in the clean-up of an actor that is being closed is not made, nor one in a region."""
    log: list[str] = []

    def shop() -> None:
        try:
            receive(Order)
        finally:
            perform(log.append, "refunded")

    with Dispatcher() as d:
        d.spawn(shop)
        d.spawn(lambda: parallel(shop, shop))
        d.settle()
    assert log == []


def test_the_clean_up_of_a_stop_may_perform() -> None:
    """A stopped actor can still tell the world."""
    log: list[str] = []

    def shop() -> None:
        try:
            receive(Order)
        finally:
            perform(log.append, "refunded")

    with Dispatcher() as d:
        ref = d.spawn(shop)
        d.settle()
        ref.stop()
        d.settle()
    assert log == ["refunded"]


def test_the_threads_end_with_the_dispatcher() -> None:
    """They belong to it."""
    before = set(threading.enumerate())
    with Dispatcher() as d:
        d.spawn(lambda: perform(int))
        d.settle()
        made = set(threading.enumerate()) - before
    for thread in made:
        thread.join(5)
    assert len(made) == 1
    assert not any(thread.is_alive() for thread in made)


# --- regions ----------------------------------------------------------------------------------


def test_regions_perform_side_by_side() -> None:
    """Two calls of one actor are out at the same time."""
    both = threading.Barrier(2)

    def meet() -> int:
        both.wait(5)
        return 1

    def pair() -> object:
        return parallel(lambda: perform(meet), lambda: perform(meet))

    with Dispatcher() as d:
        assert d.run(until=d.spawn(pair)) == (1, 1)


def test_in_a_region_an_until_inside_leaves_when_the_result_is_known() -> None:
    """The region's own block hears what came meanwhile, before the result is used."""
    log: list[str] = []

    def paying() -> object:
        with until(Cancel) as end:
            perform(charge)
            log.append("goes on")
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(paying, lambda: 2))

        def charge() -> None:
            d.post(ref, Cancel())
            log.append("charged")

        d.settle()
        assert ref.result == (Cancel(), 2)
    assert log == ["charged"]


def test_a_race_that_is_lost_waits_for_the_result(bank: Bank) -> None:
    """The loser leaves when the bank has answered, and is not told what."""
    log: list[str] = []

    def paying() -> None:
        try:
            perform(bank.charge)
            log.append("goes on")
        finally:
            log.append(f"clean-up after {bank.charged}")

    def impatient() -> str:
        receive(Cancel)
        return "too late"

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(lambda: race(paying, impatient))
        d.settle()
        ref.send(Cancel())
        d.settle()
        assert (ref.alive, log) == (True, [])
        bank.may_answer.set()
        assert d.run(until=ref) == (1, "too late")
    assert log == ["clean-up after [5]"]


def test_close_does_not_wait_for_a_region_either(bank: Bank) -> None:
    """Every region's wait raises at once."""
    log: list[str] = []

    def paying() -> None:
        try:
            perform(bank.charge)
        finally:
            log.append(f"clean-up after {bank.charged}")

    with Dispatcher(clock=RealClock()) as d:
        d.spawn(lambda: parallel(paying, lambda: sleep(60)))
        d.settle()
        assert bank.asked.wait(5)
    assert log == ["clean-up after []"]


# --- names ---------------------------------------------------------------------------------------


def test_the_wait_is_called_by_what_it_performs(bank: Bank) -> None:
    """`perform charge`, as a state and as the edge out of it; `at` gives another name."""

    def charge() -> int:
        return bank.charge()

    def shop() -> None:
        with state("checkout"):
            receive(Order)
            perform(charge)
            perform(charge, at="again")

    with Dispatcher(clock=RealClock()) as d:
        seen = observe(d)
        ref = d.spawn(shop)
        d.settle()
        ref.send(Order())
        d.settle()
        assert ref.state == ("checkout", "perform charge")
        bank.may_answer.set()
        d.run(until=ref)
    assert seen.graph.triples() == {
        ("checkout/Order", "Order", "checkout/perform charge"),
        ("checkout/perform charge", "perform charge", "checkout/again"),
        ("checkout/again", "perform charge", "end"),
    }


# --- mistakes ------------------------------------------------------------------------------------


def test_outside_an_actor_there_is_nobody_to_wait() -> None:
    """The error says where to call it."""
    with pytest.raises(IllegalCallError, match="perform was called outside an actor"):
        perform(int)


def test_in_a_where_nothing_is_performed() -> None:
    """A predicate is asked again and again; nothing goes out."""
    log: list[int] = []

    def shop() -> None:
        receive(Order, where=lambda order: perform(log.append, order.number) or True)

    with Dispatcher() as d:
        ref = d.spawn(shop)
        ref.send(Order(1))
        with pytest.raises(IllegalCallError, match="call it after the wait"):
            d.settle()
    assert log == []


def test_a_call_where_a_function_belongs_is_told() -> None:
    """The usual slip: the result instead of the function; and a coroutine function."""

    async def work() -> None: ...

    def slip() -> None:
        perform(int("5"))  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]

    def coroutine() -> None:
        perform(work)  # which only an event loop can await

    for wrong in (slip, coroutine):
        with Dispatcher() as d:
            d.spawn(wrong)
            with pytest.raises(TypeError, match="perform takes a plain function"):
                d.settle()


def test_a_coroutine_that_a_function_makes_is_told() -> None:
    """It would never be awaited here."""

    async def work() -> None: ...

    with Dispatcher() as d:
        d.spawn(lambda: perform(lambda: work()))
        with pytest.raises(TypeError, match=r"has made a coroutine, .* perform\(asyncio.run, work"):
            d.run()


def test_the_function_may_not_touch_the_dispatcher() -> None:
    """From its thread only `post` is allowed, and the error says so."""

    def shop() -> None:
        receive(Order)

    with Dispatcher() as d:
        ref = d.spawn(shop)
        d.spawn(lambda: perform(ref.send, Order()))
        with pytest.raises(IllegalCallError, match="post"):
            d.settle()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to a thread here")
def test_ctrl_c_gets_through_while_the_run_waits_for_a_call(bank: Bank) -> None:
    """The main thread waits for a lock then, and that wait ends."""

    def interrupting() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return bank.charge()

    with Dispatcher() as d:
        d.spawn(lambda: perform(interrupting))
        with pytest.raises(KeyboardInterrupt):
            d.settle()
