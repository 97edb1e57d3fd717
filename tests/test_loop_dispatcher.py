"""Actors in an event loop: they go on by themselves, and it does not stand still for them."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from contextvars import ContextVar
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Event,
    IllegalCallError,
    NoReplyError,
    Request,
    Timeout,
    observe,
    pause,
    perform,
    receive,
    sleep,
    until,
    wait_until,
)
from flowlet.hosts.aio import LoopDispatcher
from tests.looped import both_loops, come_true, failures_are_heard


class Push(Event): ...


class Total(Request[int]): ...


def shop() -> None:
    sold = 0
    while True:
        match receive(Push, Total):
            case Push():
                sold += 1
            case Total() as request:
                request.reply(sold)


def stuck() -> None:
    receive(Push, at="deaf to all else")


@both_loops
async def test_an_actor_begins_by_itself_and_is_asked_from_outside() -> None:
    """Nobody calls run: what is sent wakes the loop, and an ask can be awaited."""
    async with LoopDispatcher() as d:
        keeper = d.spawn(shop)
        keeper.send(Push())
        keeper.send(Push())
        total: int = await d.ask(keeper, Total())
        assert total == 2


@both_loops
async def test_an_ask_from_outside_ends_as_one_from_an_actor_does() -> None:
    """By the time that is given, and by news that there will be no reply."""
    async with LoopDispatcher() as d:
        deaf = d.spawn(receive, Push)
        assert isinstance(await d.ask(d.spawn(sleep, 60.0), Total(), after=0.0), Timeout)
        with pytest.raises(NoReplyError, match="threw it away"):
            await d.ask(deaf, Total())
        deaf.send(Push())
        await d.ended(deaf)
        with pytest.raises(NoReplyError, match="has ended"):
            await d.ask(deaf, Total())


@both_loops
async def test_an_ask_that_is_cancelled_leaves_nobody_behind() -> None:
    """The task is cancelled, and no actor waits on in its stead."""
    async with LoopDispatcher() as d:
        slow = d.spawn(sleep, 60.0)
        task = asyncio.create_task(d.ask(slow, Total()))
        await come_true(lambda: len(d.actors) == 2 and d.actors[1].state)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await come_true(lambda: d.actors == [slow])


@both_loops
async def test_the_end_of_an_actor_is_awaited() -> None:
    """Its result is what it returned, and its error is raised; the loop is told of neither."""

    def fails() -> None:
        receive(Push)
        raise ValueError("no more pushes")

    async with LoopDispatcher() as d:
        assert await d.ended(d.spawn(lambda: 5)) == 5
        failing: ActorRef[None] = d.spawn(fails)
        waiting = [asyncio.create_task(d.ended(failing)) for _ in range(2)]
        await come_true(lambda: failing.state)
        failing.send(Push())
        for each in waiting:
            with pytest.raises(ValueError, match="no more pushes"):
                await each


@both_loops
async def test_a_failure_that_nobody_awaits_is_for_the_loop_and_the_others_run_on() -> None:
    """It goes to the loop's exception handler; and so it does when whoever awaited has left."""

    def fails() -> None:
        receive(Push)
        raise ValueError("alone")

    heard = failures_are_heard()
    async with LoopDispatcher() as d:
        keeper, first, second = d.spawn(shop), d.spawn(fails), d.spawn(fails)
        left = asyncio.create_task(d.ended(second))
        await come_true(lambda: second.state)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        first.send(Push())
        second.send(Push())
        keeper.send(Push())
        assert await d.ask(keeper, Total()) == 1
    assert [str(each["exception"]) for each in heard] == ["alone", "alone"]


@both_loops
async def test_time_is_real_and_the_loop_has_one_handle() -> None:
    """Sleepers wake in the order of their times; the loop is asked only for the earliest."""
    loop = asyncio.get_running_loop()
    calls = 0
    log: list[int] = []

    def sleeper(number: int) -> None:
        sleep(number / 1000)
        log.append(number)

    async with LoopDispatcher() as d:
        call_at = loop.call_at

        def counted(when: float, *rest: object, **more: object) -> asyncio.TimerHandle:
            nonlocal calls
            calls += 1
            return call_at(when, *rest, **more)  # type: ignore[arg-type]

        class Counting:
            """The loop, but for that."""

            def __getattr__(self, name: str) -> object:
                return counted if name == "call_at" else getattr(loop, name)

        d.loop = Counting()  # type: ignore[assignment]
        far = [d.spawn(sleep, 1000.0 + n) for n in range(50)]
        await come_true(lambda: far[-1].state)
        later = [far[0].send(Push(), after=2000.0 + n) for n in range(50)]
        assert calls == 1
        assert all(each.cancel() for each in later)
        began = time.monotonic()
        refs = [d.spawn(sleeper, number) for number in (30, 10, 20)]
        for ref in refs:
            await d.ended(ref)
        assert log == [10, 20, 30]
        assert time.monotonic() - began >= 0.03


@both_loops
async def test_what_is_done_from_outside_wakes_actors() -> None:
    """A reply, a cell, an event for later, a stop, and the post of another thread."""
    log: list[object] = []
    async with LoopDispatcher() as d:
        turn = d.shared("turn", 0)
        held: list[Total] = []

        def waits() -> None:
            wait_until(lambda: turn.value == 1)
            log.append("turn")
            receive(Push)
            log.append("push")

        def answers() -> None:
            held.append(receive(Total))
            receive(Push)

        waiter, clerk = d.spawn(waits), d.spawn(answers)
        await come_true(lambda: waiter.state)
        turn.value = 1
        await come_true(lambda: log == ["turn"])
        waiter.send(Push(), after=0.001)
        await come_true(lambda: log == ["turn", "push"])
        asked = asyncio.create_task(d.ask(clerk, Total()))
        await come_true(lambda: held)
        held[0].reply(7)
        assert await asked == 7
        thread = threading.Thread(target=d.post, args=(clerk, Push()))
        thread.start()
        await d.ended(clerk)
        thread.join()


@both_loops
async def test_perform_awaits_coroutine_functions() -> None:
    """In a task of the loop, in a copy of the actor's context; what it raises is raised there."""
    who: ContextVar[str] = ContextVar("who", default="nobody")
    there = asyncio.Event()

    async def greet(name: str) -> str:
        await there.wait()
        if name == "nobody":
            raise LookupError(name)
        return f"hello {name}, from {who.get()}"

    def actor() -> tuple[str, str]:
        who.set("actor")
        hello = perform(greet, "loop")
        try:
            perform(greet, "nobody")
        except LookupError as error:
            return hello, repr(error)
        raise AssertionError("it was to raise")

    async with LoopDispatcher() as d:
        ref = d.spawn(actor)
        await come_true(lambda: ref.state)
        assert ref.state == ("actor", "perform greet")
        there.set()
        assert await d.ended(ref) == ("hello loop, from actor", "LookupError('nobody')")
        assert who.get() == "nobody"


@both_loops
async def test_perform_awaits_what_a_function_makes_too() -> None:
    """`perform(lambda: work(5))`: the coroutine is awaited in the loop, as the actor would be."""
    who: ContextVar[str] = ContextVar("who", default="nobody")

    class Greeter:
        async def __call__(self, name: str) -> str:
            if name == "nobody":
                raise LookupError(name)
            return f"hello {name}, from {who.get()} in {threading.current_thread().name}"

    def actor() -> tuple[str, str]:
        who.set("actor")
        greet = Greeter()
        hello: str = perform(greet, "loop")
        with pytest.raises(LookupError):
            perform(lambda: greet("nobody"))
        return hello, perform(lambda: greet("again"))

    async with LoopDispatcher() as d:
        assert await d.ended(d.spawn(actor)) == (
            "hello loop, from actor in MainThread",
            "hello again, from actor in MainThread",
        )


@both_loops
async def test_what_nobody_waits_for_any_more_is_not_awaited() -> None:
    """The actor was ended while the thread made it."""
    asked, goes = threading.Event(), threading.Event()
    made: list[Coroutine[Any, Any, None]] = []

    async def work() -> None:
        made.clear()

    def slow() -> Coroutine[Any, Any, None]:
        asked.set()
        goes.wait()
        made.append(work())
        return made[0]

    async with LoopDispatcher() as d:
        ref = d.spawn(perform, slow)
        await come_true(asked.is_set)
        ref.stop(grace=0)
        await come_true(lambda: not ref.alive)
        goes.set()
        await come_true(lambda: made and inspect.getcoroutinestate(made[0]) == "CORO_CLOSED")
    assert made


@both_loops
async def test_a_task_whose_actor_is_ended_at_once_is_cancelled() -> None:
    """A stop waits until the result is known, as the contract says; what is over cannot go on."""
    log: list[str] = []

    async def works() -> None:
        log.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    d = LoopDispatcher()
    ref = d.spawn(perform, works)
    await come_true(lambda: log)
    assert ref.state
    d.close()
    await come_true(lambda: log[1:])
    assert log == ["begun", "cancelled"]


@both_loops
async def test_a_task_that_cancels_itself_does_not_end_the_actor_like_a_stop() -> None:
    """It is an error like others, which `except Exception` sees."""

    async def gives_up() -> None:
        raise asyncio.CancelledError

    def actor() -> str:
        try:
            perform(gives_up)
        except CancelledError as error:
            return str(error)
        return "?"

    async with LoopDispatcher() as d:
        said = await d.ended(d.spawn(actor))
    assert said == "perform gives_up was cancelled, its task and not its actor"


@both_loops
async def test_a_blocking_call_is_in_a_thread_and_the_loop_goes_on() -> None:
    """What `perform` calls may block; the loop lets it go on."""
    go_on = threading.Event()
    async with LoopDispatcher() as d:
        ref = d.spawn(lambda: perform(go_on.wait))
        await come_true(lambda: ref.state)
        go_on.set()
        assert await d.ended(ref) is True


@both_loops
async def test_actors_that_pause_for_ever_hold_up_nobody() -> None:
    """A round gives each one turn; then the loop looks at everything else."""
    turns = {"left": 0, "right": 0}

    def pauses(side: str) -> None:
        while True:
            turns[side] += 1
            pause()

    async with LoopDispatcher() as d:
        d.spawn(pauses, "left")
        d.spawn(pauses, "right")
        for _ in range(50):
            await asyncio.sleep(0)
        assert 10 < turns["left"] < 100
        assert abs(turns["left"] - turns["right"]) <= 1


@both_loops
async def test_time_passes_for_those_who_sleep_beside_one_that_pauses() -> None:
    """A timer that is due is fired, however busy they are; and it gives them no turns more."""
    turns = 0

    def pauses() -> None:
        nonlocal turns
        while True:
            turns += 1
            pause()

    async with LoopDispatcher() as d:
        d.spawn(pauses)
        sleeper = d.spawn(sleep, 0.002)
        looks = 0
        while sleeper.alive:
            looks += 1
            await asyncio.sleep(0)
        assert turns <= looks + 10


@both_loops
async def test_those_who_sleep_no_time_let_the_loop_go_on() -> None:
    """An instant that is always due takes its turns with all others."""

    def naps() -> None:
        while True:
            sleep(0)

    async with LoopDispatcher() as d:
        d.spawn(naps)
        for _ in range(20):
            await asyncio.sleep(0)


@both_loops
async def test_a_timer_that_is_called_off_never_fires_though_both_are_due() -> None:
    """Of two instants that have come, what the first one does is done before the second."""
    log: list[str] = []

    def actor() -> None:
        with until(after=0.001):
            sleep(0.002)
            log.append("late")
        log.append("left")

    async with LoopDispatcher() as d:
        ref = d.spawn(actor)
        await come_true(lambda: ref.state)
        began = time.monotonic()
        while time.monotonic() < began + 0.01:
            pass  # the loop is busy until both are due
        await d.ended(ref)
    assert log == ["left"]


@both_loops
async def test_the_end_of_the_block_waits_for_clean_up() -> None:
    """Actors are stopped, and what they do in `finally` may wait."""
    log: list[str] = []

    def tidy() -> None:
        try:
            receive(Push)
        finally:
            sleep(0.001)
            log.append("tidy")

    async with LoopDispatcher() as d:
        refs = [d.spawn(tidy) for _ in range(3)]
        await come_true(lambda: all(ref.state for ref in refs))
    assert log == ["tidy"] * 3
    assert [ref.alive for ref in refs] == [False] * 3


@both_loops
async def test_who_is_stuck_is_ended_and_the_loop_lives() -> None:
    """The watchdog works here as elsewhere."""
    heard = failures_are_heard()

    def computes() -> None:
        while True:
            pass

    async with LoopDispatcher(watchdog=0.05) as d:
        ref = d.spawn(computes)
        await come_true(lambda: not ref.alive)
    assert [type(each["exception"]).__name__ for each in heard] == ["ActorStuckError"]


@both_loops
async def test_a_run_in_a_loop_is_observed_like_any_other() -> None:
    """Listeners hear of it, and its graph is the one that it has under a clock that is virtual."""
    async with LoopDispatcher() as d:
        seen = observe(d)
        ref = d.spawn(stuck)
        ref.send(Push())
        await d.ended(ref)
    assert ("deaf to all else", "Push", "end") in seen.graph.triples()


@both_loops
async def test_what_makes_no_sense_under_a_loop_says_what_does() -> None:
    """`run` and `advance` are the loop's."""
    async with LoopDispatcher() as d:
        with pytest.raises(IllegalCallError, match=r"await d\.ended"):
            d.run()
        with pytest.raises(IllegalCallError, match="time is real"):
            d.advance(1)


def test_without_a_loop_there_is_no_such_dispatcher() -> None:
    """The error says what to take instead."""
    with pytest.raises(IllegalCallError, match=r"Dispatcher\(clock=RealClock\(\)\)"):
        LoopDispatcher()
