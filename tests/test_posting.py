"""Mail from other threads: `post`, and what becomes of what cannot be delivered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flowlet import ActorRef, Dispatcher, Event, NotAnEventTypeError, RealClock, receive, whereis


class Go(Event): ...


class Number(Event):
    n: int


def waiter() -> None:
    receive(Go)


def finder(name: str) -> ActorRef[Any]:
    """Gives a handle by name."""
    return whereis(name)


def test_what_is_posted_comes_when_the_dispatcher_runs() -> None:
    """From any thread, in the order of that thread."""

    def adder() -> list[int]:
        return [receive(Number).n for _ in range(200)]

    with Dispatcher() as d:
        ref = d.spawn(adder)

        def post_all(first: int) -> None:
            for n in range(first, first + 100):
                d.post(ref, Number(n))

        with ThreadPoolExecutor() as pool:
            list(pool.map(post_all, (0, 100)))
        got = d.run(until=ref)
    assert [n for n in got if n < 100] == list(range(100))
    assert [n for n in got if n >= 100] == list(range(100, 200))


@pytest.mark.parametrize(
    ("post", "told"),
    [
        (lambda d, ref: d.post(ref, Go), r"post\(ref, Go\(…\)\)"),
        (lambda d, ref: d.post(None, Go()), "handle of an actor"),
        (lambda d, ref: d.post("waiter", Go()), "handle of an actor"),
    ],
    ids=["a class", "nobody", "a name"],
)
def test_who_posts_by_mistake_is_told_himself(
    post: Callable[[Dispatcher, ActorRef[None]], object], told: str
) -> None:
    """At once, and not whoever runs the dispatcher later."""
    with Dispatcher() as d:
        ref = d.spawn(waiter)
        with pytest.raises(TypeError, match=told):
            post(d, ref)
        d.settle()
        assert (ref.alive, d.dead_letters) == (True, 0)


def test_a_class_is_told_by_its_own_error() -> None:
    """As `send` tells it."""
    with Dispatcher() as d, pytest.raises(NotAnEventTypeError):
        d.post(d.spawn(waiter), Go)


def test_mail_to_a_name_that_nobody_bears_is_a_dead_letter() -> None:
    """Whoever posted it has gone on; the run is not to blame."""
    with Dispatcher() as d:
        d.post(d.run(until=d.spawn(finder, "gone")), Go())
        d.settle()
        assert d.dead_letters == 1


def test_a_name_is_looked_up_when_the_mail_comes_in() -> None:
    """Not when it was posted."""
    with Dispatcher() as d:
        d.post(d.run(until=d.spawn(finder, "late")), Go())
        late = d.spawn(waiter, name="late")
        d.settle()
        assert (late.alive, d.dead_letters) == (False, 0)


@pytest.mark.parametrize("clock", [None, RealClock()], ids=["virtual", "real"])
def test_mail_to_a_closed_dispatcher_is_a_dead_letter(clock: RealClock | None) -> None:
    """What was posted and not taken in, and what is posted afterwards."""
    with Dispatcher(clock=clock) as d:
        ref = d.spawn(waiter)
        d.settle()
        d.post(ref, Go())
    assert d.dead_letters == 1
    with ThreadPoolExecutor() as pool:
        pool.submit(d.post, ref, Go()).result()
    assert d.dead_letters == 2
