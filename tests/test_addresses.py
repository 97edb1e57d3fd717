"""Names and addresses: `me`, `whereis`, and what an actor is called."""

from __future__ import annotations

import pytest

from flowlet import Dispatcher, Event, FlowletError, actor, me, receive, whereis

Log = list[tuple[float, str]]


class Go(Event): ...


class Job(Event):
    number: int = 0


def test_me_is_this_actor() -> None:
    """`me()` is the ref that the spawner holds, also in a helper."""
    got: list[object] = []

    def introduce() -> None:
        got.append(me())

    def worker() -> None:
        introduce()

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
    assert got == [ref]


def test_an_actor_may_write_to_itself() -> None:
    """A note to oneself is mail like other mail."""

    def worker() -> int:
        me().send(Job(7))
        return receive(Job).number

    with Dispatcher() as d:
        assert d.run(until=d.spawn(worker)) == 7


def test_an_actor_is_called_after_its_function() -> None:
    """Names come from the function; two of the same function are told apart."""

    def porter() -> None:
        receive(Go)

    with Dispatcher() as d:
        first, second = d.spawn(porter), d.spawn(porter)
        assert first.name.startswith("porter")
        assert second.name.startswith("porter")
        assert first.name != second.name


def test_a_name_may_be_given() -> None:
    """By the spawner, or by the function's `@actor(name=...)`; the spawner has the last word."""

    @actor(name="gate")
    def porter() -> None:
        receive(Go)

    with Dispatcher() as d:
        assert d.spawn(porter).name == "gate"
        assert d.spawn(porter, name="back door").name == "back door"


def test_actor_options_leave_the_function_a_function() -> None:
    """`@actor(...)` keeps name and docstring, and others may call it as a helper."""

    @actor(unexpected="raise", name="double")
    def double(number: int) -> int:
        """Twice the number and the job's."""
        return 2 * number + receive(Job).number

    def worker() -> int:
        return double(20)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Job(2))
        d.settle()
        assert ref.result == 42
    assert (double.__name__, double.__doc__) == ("double", "Twice the number and the job's.")


def test_an_unknown_option_is_an_error() -> None:
    """What `unexpected` may be is said at once, not at the first surprise."""
    with pytest.raises((ValueError, TypeError, FlowletError), match="discard"):
        actor(unexpected="explode")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_an_actor_is_found_by_its_name() -> None:
    """`whereis` knows every actor of the dispatcher."""
    got: list[int] = []

    def porter() -> None:
        got.append(receive(Job).number)

    def guest() -> None:
        whereis("porter at the gate").send(Job(3))

    with Dispatcher() as d:
        d.spawn(guest)
        d.spawn(porter, name="porter at the gate")
        d.settle()
    assert got == [3]


def test_a_name_is_resolved_when_it_is_used() -> None:
    """One may hold the name of an actor that does not exist yet."""
    got: list[int] = []

    def porter() -> None:
        got.append(receive(Job).number)

    def guest() -> None:
        gate = whereis("gate")
        receive(Go)
        gate.send(Job(4))

    with Dispatcher() as d:
        early = d.spawn(guest)
        d.settle()
        d.spawn(porter, name="gate")
        early.send(Go())
        d.settle()
    assert got == [4]


def test_a_name_means_whoever_bears_it_now() -> None:
    """When an actor has ended and another bears its name, mail goes to the new one."""
    got: list[str] = []

    def porter(shift: str) -> None:
        receive(Job)
        got.append(shift)

    def guest() -> None:
        gate = whereis("gate")
        for _ in range(2):
            receive(Go)
            gate.send(Job())

    with Dispatcher() as d:
        ref = d.spawn(guest)
        d.spawn(porter, "day", name="gate")
        ref.send(Go())
        d.settle()
        d.spawn(porter, "night", name="gate")
        ref.send(Go())
        d.settle()
    assert got == ["day", "night"]


def test_a_name_that_nobody_bears_is_an_error_of_its_user() -> None:
    """Mail to nobody says who was meant."""

    def guest() -> None:
        whereis("nobody").send(Job())

    with Dispatcher() as d:
        d.spawn(guest)
        with pytest.raises((FlowletError, LookupError), match="nobody"):
            d.settle()
