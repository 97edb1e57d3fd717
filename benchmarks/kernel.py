"""What flowlet's dispatcher does beside raw greenlets, without a peer: it is the same work.

A thousand actors in turn, a full mailbox, an actor's whole life, and what being observed costs.
"""

from __future__ import annotations

from collections.abc import Callable

from greenlet import getcurrent, greenlet

from benchmarks.measure import Subject, timed
from benchmarks.peers import turnstile
from flowlet import Dispatcher, Event, observe, receive


class Tick(Event): ...


def ticking() -> None:
    while True:
        receive(Tick)


def each_event(actor: Callable[[], None], count: int) -> float:
    """To one actor: an event in, run to the next wait, nothing out."""
    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        tick, deliver, settle = Tick(), ref.send, d.settle
        with timed() as watch:
            for _ in range(count):
                deliver(tick)
                settle()
    return watch.seconds


def one_event(count: int) -> float:
    return each_event(ticking, count)


class Nothing:
    """A block that does nothing: what Python itself takes for entering and leaving one."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


def empty_blocks(count: int) -> float:
    """Three blocks that do nothing, left and entered by each event: no nested state does less."""
    nothing = Nothing()

    def deep() -> None:
        while True:
            with nothing, nothing, nothing:
                receive(Tick)

    return each_event(deep, count)


def observed(count: int) -> float:
    """The turnstile, with an observer attached."""
    with Dispatcher() as d:
        observe(d)
        ref = d.spawn(turnstile.gate, on_output=lambda value: None)
        d.settle()
        coin, push, deliver, settle = turnstile.Coin(), turnstile.Push(), ref.send, d.settle
        with timed() as watch:
            for _ in range(count // 2):
                deliver(coin)
                settle()
                deliver(push)
                settle()
    return watch.seconds


def in_turn(count: int) -> float:
    """A thousand actors: an event to each, then run."""
    with Dispatcher() as d:
        refs = [d.spawn(ticking) for _ in range(1000)]
        d.settle()
        tick = Tick()
        with timed() as watch:
            for _ in range(count // 1000):
                for ref in refs:
                    ref.send(tick)
                d.settle()
        assert not any(ref.discarded for ref in refs)
    return watch.seconds


def batch(count: int) -> float:
    """A hundred events into one mailbox, then run."""
    with Dispatcher() as d:
        ref = d.spawn(ticking)
        d.settle()
        tick, deliver = Tick(), ref.send
        with timed() as watch:
            for _ in range(count // 100):
                for _ in range(100):
                    deliver(tick)
                d.settle()
        assert ref.discarded == 0
    return watch.seconds


def life(count: int) -> float:
    """Spawn an actor that waits once, and let it end."""

    def once() -> None:
        receive(Tick)

    with Dispatcher() as d:
        tick = Tick()
        ref = d.spawn(once)
        with timed() as watch:
            for _ in range(count):
                ref = d.spawn(once)
                d.settle()
                ref.send(tick)
                d.settle()
        assert not ref.alive
    return watch.seconds


def fresh(count: int) -> float:
    """The same with a greenlet made for it: it waits once and ends."""
    hub = getcurrent()

    def once() -> None:
        hub.switch()

    other = greenlet(once)
    with timed() as watch:
        for _ in range(count):
            other = greenlet(once)
            other.switch()
            other.switch()
    assert other.dead
    return watch.seconds


TASK = "kernel"

SUBJECTS = (
    Subject(TASK, "one event in, nothing out", one_event),
    Subject(TASK, "the same in three blocks that do nothing", empty_blocks, 10_000),
    Subject(TASK, "the turnstile, observed", observed, 1000),
    Subject(TASK, "1,000 actors in turn", in_turn, 40_000),
    Subject(TASK, "100 events in a mailbox", batch, 40_000),
    Subject(TASK, "spawn, wait once, end", life, 2000),
    Subject(TASK, "a fresh greenlet", fresh, 2000),
)
