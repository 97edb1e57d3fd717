"""Replaying: a way that was found leads a dispatcher to the same state, or tells why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    Exited,
    Timeout,
    choose,
    pause,
    receive,
    spawn,
    state,
    wait_until,
    watch,
)
from flowlet.cells import Cell
from flowlet.errors import ExploreError, ReplayError
from flowlet.introspect import check, explore, replay


class Job(Event):
    size: int = 1


class Done(Event): ...


def worker(limit: int) -> int:
    """Take two jobs; the result is their size together."""
    total = 0
    with state("working", defer=Done):
        for _ in range(limit):
            match receive(Job, after=10, at="free"):
                case Job(size):
                    total += size
                case Timeout():
                    return -1
    receive(Done, at="closing")
    return total


def boss(to: ActorRef[Any]) -> None:
    for size in 1, 2:
        to.send(Job(size))
    pause("watching")
    to.send(Done())


def office(d: Dispatcher) -> None:
    d.spawn(boss, d.spawn(worker, 2, name="worker"))


def add(total: Cell[int]) -> int:
    """Add one in two steps, or give up."""
    pause("start")
    seen = total.value
    if choose("add", "give up") == "add":
        pause("think")
        total.value = seen + 1
    return seen


def await_two(total: Cell[int]) -> str:
    wait_until(lambda: total.value >= 2, at="waiting")
    return "two"


def bank(d: Dispatcher) -> None:
    total = d.shared("total", d.choose(0, 1))
    d.spawn(add, total, name="a")
    d.spawn(add, total, name="b")
    d.spawn(await_two, total)


def gate() -> None:
    while True:
        receive(Job, at="locked")
        receive(Done, after=10, at="unlocked")


def gates(d: Dispatcher) -> None:
    d.spawn(gate)


def plain(names: Any) -> dict[str, Any]:
    """Variables by name; those that are another dispatcher's actors or cells by theirs."""
    return {
        name: value.name if isinstance(value, ActorRef | Cell) else value
        for name, value in dict(names).items()
    }


def told(v: Any) -> Any:
    """What a predicate can see of the actors and the cells of a state."""
    actors = [(a.name, a.state, a.alive, a.result, plain(a.locals)) for a in v.actors]
    return actors, dict(v.cells)


def on_its_way(v: Any) -> list[str]:
    """What it can see of the network."""
    return sorted(str(tuple(flight)) for flight in v.in_flight)


SYSTEMS: list[Any] = [
    pytest.param(office, {}, id="office"),
    *(
        pytest.param(office, {"network": network, "lossy": lossy}, id=f"{network} {lossy}")
        for network in ("unordered", "inbox_set", "duplicating")
        for lossy in (False, True)
    ),
    pytest.param(office, {"lossy": True}, id="lossy"),
    pytest.param(bank, {}, id="bank"),
    pytest.param(gates, {}, id="gates"),
]


@pytest.mark.parametrize("text", [False, True], ids=["steps", "text"])
@pytest.mark.parametrize(("system", "options"), SYSTEMS)
def test_the_way_to_every_state_leads_there(
    system: Callable[[Dispatcher], None], options: dict[str, Any], text: bool
) -> None:
    """All that can be seen of the actors is the same, and what is in the cells."""
    x: Any = explore(system, identity="all", **options)
    for v in x.states:
        expected = told(v)
        path: list[Any] = x.path_to(lambda other, to=expected: told(other) == to)
        there = replay(system, [line_of(step) for step in path] if text else path)
        assert told(there.view) == expected


@pytest.mark.parametrize(("system", "options"), SYSTEMS)
def test_what_is_on_its_way_there_is_the_same(
    system: Callable[[Dispatcher], None], options: dict[str, Any]
) -> None:
    """Mail to one that has ended is gone there too, and on some networks nothing is removed."""
    x: Any = explore(system, identity="all", **options)
    for v in x.states:
        expected = told(v), on_its_way(v)
        path = x.path_to(lambda w, to=expected: (told(w), on_its_way(w)) == to)
        assert on_its_way(replay(system, path).view) == expected[1]


def line_of(step: Any) -> str:
    """A step as the printed test has it."""
    return str(getattr(step, "line", "") or step.label)


def test_the_dispatcher_stands_there() -> None:
    """Its actors wait, and answer what the actors of any dispatcher answer."""
    x: Any = explore(office)
    d = replay(office, x.path_to("closing | end"))
    there = d.find("worker")
    assert there is not None
    assert (there.state, there.accepts) == (("closing",), {Done})
    assert "test_replay.py" in str(there.where())


def test_one_that_has_ended_is_shown_with_its_result() -> None:
    d = replay(office, explore(office).path_to("end | end"))
    assert {actor.name: actor.state for actor in d.view.actors} == {
        "worker": ("end",),
        "boss": ("end",),
    }
    assert d.view["worker"].result in {3, -1}
    assert d.find("worker") is None


def test_the_way_of_an_actor_function_alone_leads_there_too() -> None:
    path = explore(gate).path_to("unlocked")
    assert replay(gate, path).view["gate"].state == ("unlocked",)


def test_a_failure_of_an_actor_function_alone_leads_there_too() -> None:
    verdict = check(gate, never={"open": lambda v: v["gate"].state == ("unlocked",)})
    assert replay(gate, verdict.failures[0].path).view["gate"].state == ("unlocked",)


def test_arguments_may_be_bound() -> None:
    def system(d: Dispatcher, workers: int) -> None:
        for number in range(workers):
            d.spawn(worker, 1, name=f"worker {number}")

    bound = partial(system, workers=2)
    path = explore(bound).path_to(lambda v: not any(actor.alive for actor in v.actors))
    assert not any(actor.alive for actor in replay(bound, path).view.actors)


def test_no_step_at_all_is_where_it_begins() -> None:
    assert replay(office, []).view["worker"].state == ("working", "free")


def test_a_time_limit_that_is_over_is_a_step() -> None:
    d = replay(office, ["worker: after 10s"])
    assert d.view["worker"].result == -1


def test_a_message_that_is_lost_is_a_step() -> None:
    x: Any = explore(office, lossy=True)
    path = x.path_to(lambda v: v["worker"].state == ("working", "free") and not v.in_flight)
    assert not replay(office, path).view.in_flight


# --- what cannot be -----------------------------------------------------------------------------


def test_a_step_that_cannot_be_taken_tells_which_can() -> None:
    with pytest.raises(
        ReplayError, match=r"step 1, 'worker: Job\(size=7\) from boss'.*possible"
    ) as e:
        replay(office, ["worker: Job(size=7) from boss"])
    assert "Job(size=1) from boss" in str(e.value) or "Job() from boss" in str(e.value)
    assert "after 10s" in str(e.value)


def test_a_step_too_many_tells_where_everybody_is() -> None:
    with pytest.raises(ReplayError, match=r"step 2.*worker in working/free, boss in end"):
        replay(office, ["boss: goes on", "boss: goes on"])


def test_an_actor_that_there_is_not_is_told() -> None:
    with pytest.raises(ExploreError, match="no actor 'clerk'; there are worker, boss"):
        replay(office, ["clerk: goes on"])


def test_what_is_no_step_is_told() -> None:
    step: Any = 5
    with pytest.raises(TypeError, match="5"):
        replay(office, [step])


def test_code_that_has_changed_since_is_noticed() -> None:
    """Its way is not possible any more."""

    def idle(to: ActorRef[Any]) -> None:
        pause("watching")

    def changed(d: Dispatcher) -> None:
        d.spawn(idle, d.spawn(worker, 2, name="worker"), name="boss")

    path = explore(office).path_to(lambda v: v["worker"].result == 3)
    with pytest.raises(ReplayError, match="step 1"):
        replay(changed, path)


# --- what can happen next -----------------------------------------------------------------------


def gated(d: Dispatcher) -> None:
    gate = d.shared("gate", False)
    keeper = d.spawn(waits_at, gate, name="keeper")
    d.spawn(knocks, keeper, gate, name="guest")


def waits_at(gate: Cell[bool]) -> None:
    wait_until(lambda: gate.value, at="shut")
    receive(Job, at="open")


def knocks(keeper: ActorRef[Any], gate: Cell[bool]) -> None:
    keeper.send(Job())
    keeper.send(Job(2))
    pause("knock")
    gate.value = True


def test_only_what_would_do_something_is_possible() -> None:
    """Not a predicate that does not hold, nor mail that would be kept."""
    assert replay(gated, []).view.possible == ["guest: goes on"]
    assert replay(gated, ["guest: goes on"]).view.possible == ["keeper: goes on"]


def test_of_mail_in_order_only_the_first_is_possible() -> None:
    path = ["guest: goes on", "keeper: goes on"]
    first, second = "keeper: Job(size=1) from guest", "keeper: Job(size=2) from guest"
    assert replay(gated, path).view.possible == [first]
    assert replay(gated, path, "unordered").view.possible == [first, second]


def test_who_waits_in_vain_is_told() -> None:
    def shut(d: Dispatcher) -> None:
        d.spawn(waits_at, d.shared("gate", False), name="keeper")

    assert "keeper in shut at" in replay(shut, []).view.deadlock()
    assert not replay(gated, []).view.deadlock()
    done = replay(gated, ["guest: goes on", "keeper: goes on", "keeper: Job(size=1) from guest"])
    assert not done.view.deadlock(strict=True)


def test_what_a_lone_actor_may_be_offered_is_possible() -> None:
    assert replay(gate, []).view.possible == ["gate: Job(size=1)"]


def test_with_time_in_order_a_later_timer_does_not_go_off_first() -> None:
    def sleeper(seconds: float) -> None:
        receive(after=seconds)

    def system(d: Dispatcher) -> None:
        d.spawn(sleeper, 1, name="short")
        d.spawn(sleeper, 2, name="long")

    assert replay(system, ["long: after 2s"]).view["short"].alive
    with pytest.raises(ReplayError, match="step 1"):
        replay(system, ["long: after 2s"], time="ordered")
    assert replay(system, [], time="ordered").view.possible == ["short: after 1s"]


def test_who_only_listens_is_no_deadlock_but_a_strict_one() -> None:
    def listener() -> None:
        receive(Job, at="idle")

    def system(d: Dispatcher) -> None:
        d.spawn(listener, name="one")
        d.spawn(listener, name="other")

    view = replay(system, []).view
    assert not view.deadlock()
    assert "one in idle" in view.deadlock(strict=True)


def test_without_order_nothing_is_thrown_away() -> None:
    """What its actor does not take stays on its way."""

    def picky() -> None:
        receive(Done, at="picky")

    def system(d: Dispatcher) -> None:
        d.spawn(sends_job, d.spawn(picky), name="sender")

    assert replay(system, []).view.possible == ["picky: Job(size=1) from sender"]
    assert replay(system, [], "unordered").view.possible == []


def sends_job(to: ActorRef[Any]) -> None:
    to.send(Job())


def test_a_predicate_that_does_not_hold_is_none_in_a_family_either() -> None:
    def child(gate: Cell[bool]) -> None:
        wait_until(lambda: gate.value, at="shut")

    def parent(gate: Cell[bool]) -> None:
        with spawn(child, gate):
            receive(Job, at="waits")

    def system(d: Dispatcher) -> None:
        d.spawn(parent, d.shared("gate", False))

    path = ["parent/child: begins", "parent/child: goes on"]  # to look for the first time
    assert replay(system, path).view.possible == ["parent: Job(size=1)"]
    with pytest.raises(ReplayError, match="step 3"):
        replay(system, [*path, "parent/child: goes on"])


def test_a_failure_of_which_somebody_is_still_to_hear_is_no_crash() -> None:
    def fails() -> None:
        pause("on the way")
        raise ValueError

    def hears(other: ActorRef[Any], does: bool) -> None:
        if does:
            watch(other)
        receive(Exited, at="hears")

    def system(d: Dispatcher, does: bool) -> None:
        d.spawn(hears, d.spawn(fails), does)

    path = ["fails: goes on"]
    assert replay(partial(system, does=False), path).view.crashed == ["fails"]
    assert replay(partial(system, does=True), path).view.crashed == []
