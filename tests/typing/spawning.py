# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""`spawn` checks the arguments of the function, and its ref knows what it will return."""

from __future__ import annotations

from typing import NoReturn, assert_type

from flowlet import ActorRef, Dispatcher, Event, become, flow, receive, spawn


class Go(Event): ...


def counter(start: int, name: str = "counter") -> int:
    receive(Go)
    return start + len(name)


def quiet() -> None:
    receive(Go)


def from_a_dispatcher(d: Dispatcher) -> None:
    ref = d.spawn(counter, 5)
    assert_type(ref, ActorRef[int])
    assert_type(ref.result, int | None)
    assert_type(d.run(until=ref), int)
    assert_type(d.spawn(counter, 5, "five"), ActorRef[int])
    assert_type(d.spawn(quiet), ActorRef[None])
    assert_type(d.spawn(quiet, name="quiet"), ActorRef[None])
    assert_type(d.spawn(lambda: counter(1)), ActorRef[int])


def from_an_actor() -> None:
    assert_type(spawn(counter, 5), ActorRef[int])
    assert_type(spawn(quiet, name="quiet"), ActorRef[None])
    with spawn(counter, 5, "five") as child:
        assert_type(child, ActorRef[int])


def by_flow() -> None:
    assert_type(flow(counter, 5, name="five"), int)


def by_become() -> NoReturn:
    become(counter, 5, name="five")


def as_any_actor(refs: list[ActorRef[object]], d: Dispatcher) -> None:
    """A ref of something is a ref of any object."""
    refs.append(d.spawn(counter, 5))
    refs.append(d.spawn(quiet))


def mistakes(d: Dispatcher) -> None:
    d.spawn(counter)  # type: ignore[arg-type]
    d.spawn(counter, "five")  # type: ignore[arg-type]
    d.spawn(counter, 5, "five", 6)  # type: ignore[arg-type]
    d.spawn(quiet, 5)  # type: ignore[arg-type]
    d.spawn(counter(5))  # type: ignore[arg-type]


def mistakes_of_an_actor() -> None:
    spawn(counter)  # type: ignore[arg-type]
    spawn(counter, "five")  # type: ignore[arg-type]
    flow(counter, "five")  # type: ignore[arg-type]


def more_mistakes_of_an_actor() -> None:
    become(counter, "five")  # type: ignore[arg-type]
