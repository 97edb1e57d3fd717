"""Small systems with one fault each, which is mended where the environment says so.

For the tests of counterexamples: what is generated from the faulty ones imports this module.
"""

from __future__ import annotations

import os
from typing import Any

from flowlet import (
    Dispatcher,
    Event,
    Exited,
    Request,
    actor,
    child,
    choose,
    pause,
    perform,
    receive,
    sleep,
    spawn,
    supervise,
    wait_until,
    watch,
)

MENDED = "MENDED" in os.environ


class Job(Event):
    size: int = 1


class Done(Event): ...


class Stop(Event): ...


class Price(Request[int]): ...


# --- cells ----------------------------------------------------------------------------------


def clerk(total: Any) -> None:
    if MENDED:
        pause("think")
        total.value += 1
        return
    seen = total.value
    pause("think")
    total.value = seen + 1


def office(d: Dispatcher) -> None:
    total = d.shared("total", 0)
    for name in "ann", "bob":
        d.spawn(clerk, total, name=name)


def both_count(v: Any) -> bool:
    return any(each.alive for each in v.actors) or v.cells["total"] == 2


def philosopher(first: Any, second: Any) -> None:
    for fork in first, second:
        wait_until(lambda: not fork.value, at="hungry")  # noqa: B023
        fork.value = True
    pause("eat")
    first.value = second.value = False


def table(seats: int, d: Dispatcher) -> None:
    forks = [d.shared(f"fork {n}", False) for n in range(seats)]
    for n in range(seats):
        first, second = forks[n], forks[(n + 1) % seats]
        if MENDED and n == seats - 1:
            first, second = second, first
        d.spawn(philosopher, first, second, name=f"p{n}")


def tosser() -> str:
    while not MENDED and choose("heads", "tails") == "tails":
        pause("again")
    pause("look")
    return "done"


def is_done(v: Any) -> bool:
    return bool(v["tosser"].result == "done")


def tossing(d: Dispatcher) -> None:
    d.spawn(tosser)


def begins_somehow() -> None:
    side = choose("left", "right")
    pause("look")
    if side == "right" and not MENDED:
        raise ValueError(side)


# --- asks and mail --------------------------------------------------------------------------


def asker(other: list[Any]) -> None:
    if not MENDED or me_first(other):
        other[0].ask(Price())
    while True:
        receive(Price, at="answers").reply(1)


def me_first(other: list[Any]) -> bool:
    return bool(other[0].name == "b")


def asking_each_other(d: Dispatcher) -> None:
    ours: list[Any] = []
    theirs: list[Any] = []
    a, b = d.spawn(asker, ours, name="a"), d.spawn(asker, theirs, name="b")
    ours.append(b)
    theirs.append(a)


def polite(other: list[Any], begins: bool) -> None:
    if begins:
        other[0].send(Done())
    receive(Done, at="after you")
    if not begins:
        other[0].send(Done())


def at_the_door(d: Dispatcher) -> None:
    ours: list[Any] = []
    theirs: list[Any] = []
    a = d.spawn(polite, ours, MENDED, name="a")
    b = d.spawn(polite, theirs, False, name="b")
    ours.append(b)
    theirs.append(a)


def keeper(gate: Any) -> None:
    if MENDED:
        receive(Done, at="listens")
        gate.value = True
    wait_until(lambda: gate.value, at="waits")


def sender(to: Any) -> None:
    to.send(Done())


def kept_mail(d: Dispatcher) -> None:
    """What is sent is on its way, and its receiver waits for something else."""
    gate = d.shared("gate", False)
    d.spawn(sender, d.spawn(keeper, gate, name="keeper"), name="sender")


def counter(total: Any) -> None:
    while total.value < 3:
        receive(Job, at="counts")
        if MENDED:
            total.value = 1
            return
        total.value += 1


def once(to: Any) -> None:
    to.send(Job())


def counting(d: Dispatcher) -> None:
    total = d.shared("total", 0)
    d.spawn(once, d.spawn(counter, total, name="counter"), name="once")


def calls(to: Any) -> None:
    to.send(Job())
    while MENDED:
        pause("again", at="calls")
        to.send(Job())


def waits_for_it() -> str:
    if MENDED:
        return "got it"
    receive(Job, at="waits")
    return "got it"


def calling(d: Dispatcher) -> None:
    d.spawn(calls, d.spawn(waits_for_it, name="waits"), name="calls")


def got_it(v: Any) -> bool:
    return not v["waits"].alive


def confused(order: Any) -> None:
    receive(Job, at="first")
    order.value = "job"
    receive(Stop, at="second")


def hasty(to: Any) -> None:
    to.send(Job())
    if not MENDED:
        to.send(Done())
    to.send(Stop())


def confusion(d: Dispatcher) -> None:
    order = d.shared("order", "")
    d.spawn(hasty, d.spawn(confused, order, name="confused"), name="hasty")


def overtaken(d: Dispatcher) -> None:
    d.spawn(overtaker, d.spawn(takes_any, d.shared("seen", ""), name="takes"), name="overtaker")


def takes_any(seen: Any) -> None:
    event = receive(Job, Stop, at="listens")
    seen.value = type(event).__name__
    if not MENDED:
        return
    seen.value = "Job"


def overtaker(to: Any) -> None:
    to.send(Job())
    to.send(Stop())


# --- time -----------------------------------------------------------------------------------


def slow(log: Any) -> None:
    sleep(1 if MENDED else 3)
    log.value += "slow "


def fast(log: Any) -> None:
    sleep(2)
    log.value += "fast "


def two_clocks(d: Dispatcher) -> None:
    log = d.shared("log", "")
    d.spawn(slow, log, name="slow")
    d.spawn(fast, log, name="fast")


# --- lone actors ----------------------------------------------------------------------------


class Receipt(Event):
    paid: int


def charge() -> Receipt:
    raise NotImplementedError


def shop() -> None:
    receive(Job, at="open")
    receipt = perform(charge)
    if receipt.paid < 100 and not MENDED:
        raise ValueError("too little")
    receive(Done, after=5, at="packing")


def door() -> None:
    while True:
        job = receive(Job, at="shut")
        if job.size > 4 and not MENDED:
            receive(Done, at="jammed")


# --- families -------------------------------------------------------------------------------


def worker() -> None:
    receive(Job, at="work")
    if not MENDED:
        raise KeyError("boom")


def boss() -> None:
    hand = spawn(worker)
    receive(Job, at="orders")
    if MENDED:
        watch(hand)
    hand.send(Job())
    receive(Exited, Done, at="waits")


def supervised() -> None:
    """Supervises one that waits for orders which nobody gives."""
    supervise(child(helper if MENDED else worker))


def parent_of_confused() -> None:
    kid = spawn(strict_child)
    receive(Job, at="orders")
    kid.send(Done() if MENDED else Stop())
    receive(Exited, Stop, at="waits")


@actor(unexpected="discard")
def strict_child() -> None:
    receive(Done, at="strict")


def helper() -> None:
    pause("work")


def forgetful() -> None:
    kid = spawn(helper)
    if MENDED:
        watch(kid)
        receive(Exited, at="waits")
        return
    pause("elsewhere")
