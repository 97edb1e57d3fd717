"""The models: what their actors do on a dispatcher, and how many states their systems have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from examples.models import (
    allocator,
    barrier,
    die_hard,
    increment,
    lock,
    paxos,
    peterson,
    philosophers,
    ping_pong,
    prisoners,
    register,
    ring,
    transaction_commit,
    two_phase_commit,
)
from examples.models.table import MODELS
from flowlet import ActorRef, DeadlockError, Dispatcher, explore
from flowlet.instrument import Sent
from tests.commands import example

ROOT = Path(__file__).parents[1]
MODULES = {path.stem for path in (ROOT / "examples" / "models").glob("[!_]*.py")} - {"table"}


def sized(name: str) -> Any:
    """A model as a parameter; a large one takes seconds."""
    return pytest.param(name, marks=pytest.mark.slow if MODELS[name].states > 5_000 else ())


# --- exploring ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [sized(name) for name in MODELS])
def test_it_has_as_many_states_as_its_specification(name: str) -> None:
    """And as many of them lead nowhere."""
    model = MODELS[name]
    x = explore(model.system, **model.options)
    assert (x.unique_states, x.terminal_states, x.complete) == (model.states, model.terminal, True)


@pytest.mark.parametrize(
    "name", [sized(name) for name, model in MODELS.items() if model.states_by_symmetry]
)
def test_interchangeable_actors_are_told_apart_by_their_states_alone(name: str) -> None:
    model = MODELS[name]
    options: dict[str, Any] = model.options | {"symmetry": model.alike}
    x = explore(model.system, **options)
    assert x.unique_states == model.states_by_symmetry


def test_the_jugs_are_one_actor() -> None:
    """It is explored by itself: what is done to it comes from outside."""
    x = explore(die_hard.jugs)
    assert (x.unique_states, x.terminal_states, x.complete) == (16, 0, True)


def test_every_model_is_in_the_table() -> None:
    functions = [getattr(m.system, "func", m.system) for m in MODELS.values()]
    assert {function.__module__.rpartition(".")[2] for function in functions} == MODULES


# --- running ------------------------------------------------------------------------------------


def start(d: Dispatcher, system: Callable[[Dispatcher], None]) -> dict[str, ActorRef[Any]]:
    """Spawn the actors of a system; by name, as long as one looks, ended ones too."""
    system(d)
    return {actor.name: actor for actor in d.actors}


def deliveries(d: Dispatcher, most: int) -> Iterator[None]:
    """Make so many deliveries, or fewer if there is nothing left to do."""
    for _ in range(most):
        if not d.step():
            if d.next_deadline is None:
                return
            d.run(until=d.next_deadline)
        yield


def view(actors: dict[str, ActorRef[Any]]) -> SimpleNamespace:
    """As much of a view as a running system can give."""
    return SimpleNamespace(actors=list(actors.values()))


def test_updates_are_lost_when_all_read_first() -> None:
    """They take turns, so each has read 0 before the first one writes."""
    with Dispatcher() as d:
        threads = start(d, partial(increment.system, threads=3))
        d.run()
        assert [thread.result for thread in threads.values()] == [0, 0, 0]


def test_no_update_is_lost_under_the_lock() -> None:
    with Dispatcher() as d:
        threads = start(d, partial(increment.locked, threads=3))
        d.run()
        assert [thread.result for thread in threads.values()] == [0, 1, 2]


@pytest.mark.parametrize("system", [peterson.system, lock.system])
def test_one_at_a_time_is_in_the_critical_section(system: Callable[[Dispatcher], None]) -> None:
    """And each of them again and again."""
    entered = []
    with Dispatcher() as d:
        actors = start(d, system)
        for _ in deliveries(d, 100):
            assert lock.one_at_a_time(view(actors))
            entered += [name for name, it in actors.items() if it.state == ("critical",)]
    assert min(entered.count(name) for name in actors) > 5


def test_philosophers_who_all_take_the_left_fork_starve() -> None:
    with Dispatcher() as d:
        table = start(d, partial(philosophers.system, seats=5))
        with pytest.raises(DeadlockError, match="philosopher 4"):
            d.run(until=table["philosopher 0"])
        assert {philosopher.state for philosopher in table.values()} == {("hungry",)}


def test_with_one_left_handed_philosopher_all_eat() -> None:
    fed = set()
    with Dispatcher() as d:
        table = start(d, partial(philosophers.system, seats=5, left_handed=True))
        for _ in deliveries(d, 200):
            fed |= {name for name, it in table.items() if it.state == ("eating",)}
    assert fed == table.keys()


def test_two_phase_commit_is_all_or_nothing() -> None:
    """Whatever they choose; and both are seen."""
    outcomes = set()
    for seed in range(40):
        with Dispatcher(seed=seed) as d:
            actors = start(d, partial(two_phase_commit.system, managers=2))
            d.run()
            ends = {actor.state for actor in actors.values()}
            heard = actors["coordinator"].result or set()
            assert ends == {("aborted",)} or len(heard) == 2
            outcomes.add(tuple(ends))
    assert outcomes == {(("committed",),), (("aborted",),)}


def test_transaction_commit_is_all_or_nothing() -> None:
    outcomes = set()
    for seed in range(40):
        with Dispatcher(seed=seed) as d:
            managers = start(d, transaction_commit.system)
            d.run()
            outcomes.add(tuple({manager.state for manager in managers.values()}))
    assert outcomes == {(("committed",),), (("aborted",),)}


def test_each_ping_is_answered_before_the_next() -> None:
    sent: list[object] = []
    with Dispatcher() as d:
        d.listen(lambda record: sent.append(record.event) if isinstance(record, Sent) else None)
        start(d, ping_pong.system)
        for _ in deliveries(d, 10):
            if len(sent) == 4:
                break
    assert sent == [ping_pong.Ping(0), ping_pong.Pong(0), ping_pong.Ping(1), ping_pong.Pong(1)]


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 2, 1), (2, 4, 1, 3)])
def test_the_smallest_number_wins_the_ring(numbers: tuple[int, ...]) -> None:
    with Dispatcher() as d:
        nodes = start(d, partial(ring.system, numbers=numbers))
        d.run()
        won = {name for name, node in nodes.items() if node.state == ("won",)}
        lost = {name for name, node in nodes.items() if node.state == ("lost",)}
    assert (won, len(lost)) == ({"node 1"}, len(numbers) - 1)


def test_nobody_passes_the_barrier_before_all_have_come() -> None:
    """It fills up, one by one, and is empty again at once, though the barrier looks first."""
    sizes = [0]
    with Dispatcher() as d:
        arrived: barrier.Arrived = d.shared("arrived", frozenset())
        d.spawn(barrier.barrier, 3, arrived)
        for number in range(3):
            d.spawn(barrier.process, number, arrived)
        for _ in deliveries(d, 60):
            if len(arrived.value) != sizes[-1]:
                sizes.append(len(arrived.value))
    assert sizes[:9] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def cells(d: Dispatcher) -> dict[str, Any]:
    """What is in the shared cells."""
    return {name: cell.value for name, cell in d.cells.named.items()}


def test_a_resource_is_with_one_client_and_comes_to_all() -> None:
    served = set()
    with Dispatcher(seed=1) as d:
        start(d, allocator.system)
        for _ in deliveries(d, 300):
            assert allocator.nothing_held_twice(SimpleNamespace(cells=cells(d)))
            served |= {name for name, holds in cells(d).items() if "holds" in name and holds}
    assert served == {"client 0 holds", "client 1 holds", "client 2 holds"}


@pytest.mark.parametrize("seed", range(4))
def test_the_counter_says_once_that_all_have_been_there(seed: int) -> None:
    """However the switches stood at first."""
    said: list[object] = []
    with Dispatcher(seed=seed) as d:
        actors = start(d, prisoners.system)
        for _ in deliveries(d, 100):
            said += actors["counter"].take()
    assert said == ["we have all been here"]


def test_clients_of_one_server_are_served() -> None:
    with Dispatcher() as d:
        actors = start(d, register.system)
        d.run()
        assert [actors[f"client {n}"].state for n in (1, 2)] == [("done",), ("done",)]


@pytest.mark.parametrize("clients", [1, 2])
def test_servers_agree_and_answer(clients: int) -> None:
    """Also where two want to write."""
    with Dispatcher() as d:
        actors = start(d, partial(paxos.system, clients=clients))
        d.run()
        states = [actor.state for actor in actors.values()]
        assert (states[:3], ("done",) in states) == ([("decided",)] * 3, True)


# --- the command line ---------------------------------------------------------------------------


def test_run_tells_where_everybody_is(tmp_path: Path) -> None:
    done = example("models", "increment 2", "run", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "thread 0: end, thread 1: end"


def test_graph_counts_and_draws(tmp_path: Path) -> None:
    done = example("models", "increment 2", "graph", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "13 states, of which 3 lead nowhere"
    assert "<svg" in (tmp_path / "out" / "increment 2.svg").read_text("utf-8")


def test_check_shows_how_an_update_is_lost(tmp_path: Path) -> None:
    done = example("models", "increment 2", "check", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("not so: every one counts\n")


def test_without_a_verb_it_lists_them(tmp_path: Path) -> None:
    """A wrong one is an error."""
    done = example("models", folder=tmp_path)
    assert done.returncode == 0
    assert all(name in done.stdout for name in MODELS)
    assert example("models", "increment 2", "dance", folder=tmp_path).returncode == 2
