"""Naming the state of an actor reads its source; nothing that a program holds may stop that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from flowlet import Dispatcher, Event, emit, explore, pause, perform, receive, spawn
from flowlet.introspect.static import static


class Go(Event): ...


class Stop(Event): ...


class StandIn:
    """Says yes to everything, as a stand-in in a test does."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *args: Any) -> Any:
        return self


class Angry:
    """Whoever asks it for anything gets an error."""

    __hash__ = None  # type: ignore[assignment]  # it is no key either

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":  # what collects tests asks everybody
            return Angry
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __call__(self) -> None:
        receive(Go)


class Unhashable(type):
    """The class of classes that are no keys."""

    def __eq__(cls, other: object) -> bool:
        return cls is other

    __hash__ = None  # type: ignore[assignment]  # that is the point


class Odd(metaclass=Unhashable):
    def __call__(self) -> None:
        receive(Go)
        receive(Stop)


class Numbered:
    __name__ = 5

    def __call__(self) -> int:
        return 1


def wrapped() -> None:
    receive(Go)


wrapped.__wrapped__ = wrapped  # type: ignore[attr-defined]  # round and round


class Nameless:
    @property
    def __name__(self) -> str:
        raise RuntimeError("no name")

    def __call__(self) -> int:
        return 1


def strict(held: Any, name: str) -> Any:
    """Raises what it likes for what is not there; what collects tests asks everybody for more."""
    raise KeyError(name) if name.startswith("__") else AttributeError(name)


class Strict:
    __getattr__ = strict

    def __call__(self) -> int:
        return 1


class StrictKind(type):
    __getattr__ = strict


class Made(metaclass=StrictKind):
    """Its class is as strict."""


class Box:
    held = Strict()


STRICT = Strict()
STAND_IN, ODD, NUMBERED, NAMELESS = StandIn(), Odd(), Numbered(), Nameless()


def decorated_by_a_call_of_a_local_function() -> None:
    def twice(n: int) -> Callable[[Any], Any]:
        return lambda fn: fn

    @twice(2)
    def body() -> None:
        receive(Go)

    body()


def decorated_by_an_item() -> None:
    marks: Any = [lambda fn: fn]

    @marks[0]  # type: ignore[untyped-decorator]
    def body() -> None:
        receive(Go)

    body()


def stand_in() -> None:
    STAND_IN()
    STAND_IN.x.y()
    STAND_IN.ask(STAND_IN)
    receive(Go)


def unhashable_class() -> None:
    ODD()


def wrapped_by_itself() -> None:
    wrapped()


def a_number_for_a_name() -> None:
    receive(Go)
    perform(NUMBERED)


def no_name() -> None:
    receive(Go)
    perform(NAMELESS)


def strict_effect() -> None:
    receive(Go)
    perform(STRICT)


def no_text() -> None:
    receive(Go)
    label: Any = [1] and "a"
    pause(label)


#: Where there is one wait, the function is the state; where there are more, each has its name.
CASES: dict[Callable[[], None], tuple[str, ...]] = {
    decorated_by_a_call_of_a_local_function: (),
    decorated_by_an_item: (),
    stand_in: (),
    unhashable_class: ("Go",),
    wrapped_by_itself: (),
    a_number_for_a_name: ("Go",),
    no_name: ("Go",),
    strict_effect: ("Go",),
    no_text: ("Go",),
}


@pytest.mark.parametrize("fn", CASES, ids=lambda fn: str(fn.__name__))
def test_a_state_is_named_whatever_the_program_holds(fn: Callable[[], None]) -> None:
    """By the function, and by what it awaits where there is more to await."""
    with Dispatcher() as d:
        actor = d.spawn(fn)
        d.settle()
        assert actor.state == (fn.__name__, *CASES[fn])
        assert actor.alive


def test_a_state_is_named_though_an_object_answers_nothing() -> None:
    """It is in a closure here, so that no other test meets it."""
    angry = Angry()

    def actor() -> None:
        angry()

    with Dispatcher() as d:
        waiting = d.spawn(actor)
        d.settle()
        assert waiting.state == ("actor",)


def strict_global() -> None:
    receive(Go)
    if STRICT is not None:
        receive(Stop)


def strict_call() -> None:
    receive(Go)
    STRICT()
    receive(Stop)


def strict_held() -> None:
    receive(Go)
    emit(Box.held)
    emit(Box().held is STRICT)
    receive(Stop)


def strict_class() -> None:
    receive(Go)
    Made()
    receive(Stop)


def strict_actor() -> None:
    receive(Go)
    spawn(STRICT)
    receive(Stop)


@pytest.mark.parametrize(
    "fn",
    [strict_global, strict_call, strict_held, strict_class, strict_actor],
    ids=lambda fn: str(fn.__name__),
)
def test_an_object_that_raises_when_it_is_asked_is_as_one_that_has_nothing(
    fn: Callable[[], None],
) -> None:
    """Another error than `AttributeError` hides no state, and stops no view."""
    wait, other = f"{fn.__name__}/Go", f"{fn.__name__}/Stop"
    wanted = {(wait, "Go", other), (other, "Stop", "end")}
    assert wanted <= static(fn).triples()
    assert wanted <= explore(fn).graph.triples()


def test_a_decorator_that_is_a_call_of_a_local_function_is_read_and_explored() -> None:
    """As every other."""
    fn = decorated_by_a_call_of_a_local_function
    wanted = explore(fn).graph.triples()
    assert static(fn).triples() == wanted
    assert len(wanted) == 1


def test_a_callable_object_has_the_name_of_its_class() -> None:
    """Also where it says that its name is something else."""

    class Worker(StandIn):
        def __call__(self, *args: Any) -> Any:
            receive(Go)

    with Dispatcher() as d:
        actor = d.spawn(Worker())
        d.settle()
        assert (actor.name, actor.state) == ("Worker", ("Worker",))


def test_helpers_of_helpers_are_followed_only_so_deep() -> None:
    """Then a wait is named by what it awaits: in every view, and however much Python allows."""
    lines = ["def step_0():", "    receive(Go)"]
    for n in range(1, 200):
        lines += [f"def step_{n}():", f"    step_{n - 1}()"]
    names: dict[str, Any] = {"receive": receive, "Go": Go}
    with_source("\n".join(lines), names)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        with Dispatcher() as d:
            near, far = d.spawn(names["step_9"]), d.spawn(names["step_199"])
            d.settle()
            assert (near.state, far.state) == (("step_9",), ("step_199", "Go"))
        assert static(names["step_9"]).names() == ["step_9", "end"]
        assert static(names["step_199"]).names() == ["step_199/Go", "end"]
    finally:
        sys.setrecursionlimit(limit)


def with_source(text: str, names: dict[str, Any]) -> None:
    """Run a text that can be read again."""
    import linecache

    linecache.cache["<steps>"] = (len(text), None, text.splitlines(True), "<steps>")
    exec(compile(text, "<steps>", "exec"), names)
