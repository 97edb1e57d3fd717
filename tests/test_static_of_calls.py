"""Calls as the source says them, also those that are hard to see: none may wait unseen."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest

from flowlet import become, choose, flow, on, parallel, race, receive, sleep, state, until
from flowlet.introspect.static import static
from tests.test_static_of_errors import NOTHING, Fix, Go, Sum, all_read

# -- blocks that are entered by a call ----------------------------------------------------------


@contextlib.contextmanager
def session(name: str) -> Iterator[str]:
    receive(Go, at=f"opening {name}")
    with state(name):
        try:
            yield name
        finally:
            receive(Fix, at="closing")


class Lamp:
    def __enter__(self) -> str:
        receive(Go, at="lighting")
        return "light"

    def __exit__(self, *_: object) -> bool:
        receive(Fix, at="dark")
        return True

    def close(self) -> None:
        receive(Fix, at="closed")


def exit_stack() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(session("s"))
        end = stack.enter_context(until(Sum))
        receive(Go, at="inside")
        stack.callback(lambda n: receive(Fix, at=f"callback {n}"), 5)
        receive(Go, at="inside again")
    receive(Go, at="over" if end.event is None else "left")


def exit_stack_in_a_loop() -> None:
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            stack.enter_context(state("s"))
            if receive(Sum, at="sum").euros:
                break
            receive(Go, at="zero")
    receive(Fix, at="over")


def exit_stack_of_a_helper() -> None:
    def enter(stack: contextlib.ExitStack) -> None:
        stack.enter_context(state("s"))
        receive(Go, at="entered")

    with contextlib.ExitStack() as stack:
        enter(stack)
        receive(Go, at="inside")
    receive(Fix, at="over")


def exit_stack_that_swallows() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(Lamp())
        stack.push(Lamp())
        NOTHING[receive(Sum, at="sum")]
    receive(Fix, at="over")


def closing() -> None:
    with contextlib.closing(Lamp()):
        receive(Go, at="inside")
    receive(Go, at="over")


def decorated_by_a_context_manager() -> None:
    @session("s")
    def inner(n: int) -> None:
        receive(Go, at=f"inside {n}")

    inner(3)
    receive(Go, at="over")


@session("g")
def decorated_once() -> None:
    receive(Go, at="inside")


def decorated_by_a_context_manager_outside() -> None:
    decorated_once()
    decorated_once()


# -- places where a wait is easily overlooked ---------------------------------------------------


class Machine:
    turn = functools.partialmethod(lambda self, n: receive(Go, at=f"turn {n}"), 3)

    def __call__(self) -> None:
        receive(Go, at="called")

    def __getattr__(self, name: str) -> Callable[[], Any]:
        return lambda: receive(Go, at=f"any {name}")


@dataclass
class Job:
    name: str = "j"

    def __post_init__(self) -> None:
        receive(Go, at=f"new {self.name}")


class RefusedError(Exception):
    def __init__(self) -> None:
        receive(Go, at="refusing")


def partial_method() -> None:
    receive(Go, at="a")
    Machine().turn()


def called_object() -> None:
    Machine()()


def post_init() -> None:
    Job()


def made_error() -> None:
    try:
        raise RefusedError()
    except RefusedError:
        receive(Fix, at="fixing")


def default_of_a_lambda() -> None:
    fn: Any = lambda a=receive(Sum, at="sum").euros: receive(Go, at=f"a is {a}")  # noqa: B008, E731
    receive(Fix, at="between")
    fn(7)


def default_of_a_function() -> None:
    def fn(a: object = receive(Sum, at="sum")) -> None: ...

    receive(Fix, at="after")


def message_of_an_assertion() -> None:
    assert receive(Sum, at="sum").euros, receive(Go, at="message")


def error_of(event: Sum) -> Exception | None:
    return None


def cause_of_an_error() -> None:
    try:
        raise ValueError from error_of(receive(Sum, at="sum"))
    except ValueError:
        receive(Fix, at="fixing")


def deleted_item() -> None:
    del {0: 1, 1: 2}[receive(Sum, at="sum").euros]
    receive(Fix, at="after")


# -- and the others -----------------------------------------------------------------------------


class Color(Enum):
    RED = "r"
    BLUE = "b"

    def shine(self) -> None:
        receive(Go, at=self.name)


class Base:
    name = "base"

    def run(self) -> None:
        self.before()
        receive(Go, at=self.name)

    def before(self) -> None: ...


class Derived(Base):
    name = "derived"

    def before(self) -> None:
        super().before()
        receive(Fix, at="before")


HANDLERS: dict[str, Callable[[], Any]] = {}


def handles(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def mark(fn: Callable[[], Any]) -> Callable[[], Any]:
        HANDLERS[name] = fn
        return fn

    return mark


@handles("Go")
def handle_go() -> None:
    receive(Fix, at="went")


@handles("Sum")
def handle_sum() -> None:
    receive(Fix, at="summed")


def attempts(times: int) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    def mark(fn: Callable[..., bool]) -> Callable[..., bool]:
        @functools.wraps(fn)
        def again(*args: Any, **words: Any) -> bool:
            for i in range(times):
                if fn(*args, **words):
                    return True
                sleep(1, at=f"resting {i}")
            return False

        return again

    return mark


@attempts(2)
def attempt(name: str) -> bool:
    return bool(receive(Sum, at=f"try {name}").euros)


def table_of_functions() -> None:
    HANDLERS[type(receive(Go, Sum, at="idle")).__name__]()


def method_by_its_text() -> None:
    getattr(Derived(), choose("run", "before"))()


def inherited() -> None:
    Derived().run()


def members() -> None:
    for color in Color:
        color.shine()


def decorated_helper() -> None:
    receive(Go, at="ok" if attempt("x") else "failed")


def waits_in_conditions() -> None:
    value = receive(Sum, at="sum").euros
    if (value and receive(Sum, at="and").euros) or receive(Sum, at="or").euros:
        receive(Go, at="so" if receive(Sum, at="else").euros else "or so")
    while (left := receive(Sum, at="walrus").euros) > 0:
        receive(Go, at="left" if left > 1 else "one left")


def waits_in_arms() -> None:
    match receive(Sum, Go, at="matching"):
        case Sum(euros=n) if receive(Sum, at="guard").euros and n:
            receive(Fix, at="many")
        case Sum(euros=0) | Go():
            receive(Fix, at="none")
        case _:
            receive(Fix, at="other")


def regions_in_a_helper() -> None:
    def both(*fns: Callable[[], Any]) -> Any:
        return parallel(*fns)

    race(lambda: both(lambda: receive(Go, at="left"), handle_go), lambda: sleep(3))


def regions_from_a_list() -> None:
    fns = [lambda i=i: receive(Go, Sum, at=f"region {i}") for i in range(2)]
    won, _ = race(*fns)
    receive(Fix, at=f"{won} won")


def ping(n: int) -> None:
    receive(Go, at=f"ping {n}")
    if n < 2:
        become(pong, n + 1)


def pong(n: int) -> None:
    with state("pong"):
        receive(Fix, at=f"{n}")
        become(ping, n)


def jumps() -> None:
    flow(ping, 0)
    receive(Sum, at="landed")


def handlers_that_wait() -> None:
    def handle(event: Sum) -> None:
        with state("handling"):
            receive(Go, at="first")
            receive(Go, at="second")

    with state("outer"), on(Sum, handle), until(Fix, after=2):
        receive(Go, at="in")
        receive(Go, at="in again")


def clean_up_round_loops() -> None:
    for i in range(2):
        try:
            if receive(Sum, at=f"turn {i}").euros:
                continue
            receive(Go, at=f"zero {i}")
        finally:
            receive(Fix, at=f"tidying {i}")
    else:
        receive(Go, at="over")


def generators() -> None:
    def steps() -> Iterator[int]:
        for i in range(2):
            receive(Go, at=f"step {i}")
            yield i

    def all_steps() -> Iterator[int]:
        yield from steps()
        yield 7

    for step in all_steps():
        receive(Fix, at=f"got {step}")


@pytest.mark.parametrize(
    "fn",
    [
        exit_stack, exit_stack_in_a_loop, exit_stack_of_a_helper, exit_stack_that_swallows, closing,
        decorated_by_a_context_manager, decorated_by_a_context_manager_outside, partial_method,
        called_object, post_init, made_error, default_of_a_lambda, default_of_a_function,
        message_of_an_assertion, cause_of_an_error, deleted_item, table_of_functions,
        method_by_its_text, inherited, members, decorated_helper, waits_in_conditions,
        waits_in_arms, regions_in_a_helper, regions_from_a_list, jumps, handlers_that_wait,
        clean_up_round_loops, generators,
    ],
    ids=lambda fn: str(fn.__name__),
)  # fmt: skip
def test_a_wait_is_seen_wherever_it_stands(fn: Callable[..., Any]) -> None:
    """What is explored was read, and all is known."""
    all_read(fn)


def test_a_callable_object_is_an_actor_function() -> None:
    """Its `__call__` is read."""
    assert static(Machine()).triples() == {("called", "Go", "end")}
    assert static(functools.partial(attempt, "y")).complete


def test_the_body_of_a_class_is_run_where_it_stands() -> None:
    """It may wait, though such an actor cannot be explored."""

    def actor() -> None:
        class Box:
            euros = receive(Sum, at="sum").euros

        receive(Go, at="after")

    assert static(actor).triples() == {("sum", "Sum", "after"), ("after", "Go", "end")}


# -- what cannot be read ------------------------------------------------------------------------


@dataclass
class Lazy:
    value: Any = field(default_factory=lambda: receive(Go, at="made"))


class Odd:
    def __new__(cls) -> Odd:
        receive(Go, at="new")
        return object.__new__(cls)

    def __len__(self) -> int:
        receive(Go, at="measured")
        return 1


def default_factory() -> None:
    Lazy()


def new() -> None:
    Odd()


def length(odd: Odd) -> None:
    len(odd)


def error_that_waits() -> None:
    raise RefusedError


def any_attribute() -> None:
    Machine().anything()


def driven_by_python() -> None:
    def handle(n: int) -> None:
        receive(Go, at=f"n is {n}")

    list(map(handle, [1, 2]))


def stack_that_is_handed_away() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(state("s"))
        stack.pop_all().close()


def stack_that_is_filled_too_late() -> None:
    with contextlib.ExitStack() as stack, state("inner"):
        stack.enter_context(state("outer"))
        receive(Go)


def flow_of_something(plugin: Callable[[], None]) -> None:
    flow(plugin)


@pytest.mark.parametrize(
    "fn",
    [
        default_factory, new, length, error_that_waits, any_attribute, driven_by_python,
        stack_that_is_handed_away, stack_that_is_filled_too_late, flow_of_something,
    ],
    ids=lambda fn: str(fn.__name__),
)  # fmt: skip
def test_what_cannot_be_followed_is_an_unknown_edge(fn: Callable[..., Any]) -> None:
    """It leads to a state ?, the notes have the line, and the graph is not complete."""
    read = static(fn)
    assert "?" in {step for edge in read.triples() for step in edge} | {*read.initial}
    assert not read.complete
    assert all(note.startswith("test_static_of_calls.py:") for note in read.notes)


of_no_module = int.from_bytes  # what Python has built in as a method of a class has no module


def beside_what_is_of_no_module(names: Any) -> None:
    names.add("x")
    receive(Go, at="added")


def test_what_has_no_module_stands_in_no_way() -> None:
    """Whose method an unknown one may be is asked of all that is around."""
    assert of_no_module.__module__ is None
    assert static(beside_what_is_of_no_module).triples() == {("added", "Go", "end")}
