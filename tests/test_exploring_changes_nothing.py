"""Exploring leaves no trace: the same graph each time, and nobody's objects changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from flowlet import (
    Event,
    FlowletError,
    explore,
    receive,
    state,
)
from flowlet.introspect import StateGraph
from tests import machines
from tests.machines import (
    Coin,
    Go,
    Stop,
    checkout,
    drill,
    jugs,
    python_program,
    session,
    turnstile,
    vending,
)


@pytest.mark.parametrize("machine", [turnstile, checkout, session, vending, drill, jugs])
def test_exploring_twice_gives_the_same_graph(machine: Callable[[], None]) -> None:
    """The graphs are equal, and so is every byte of their JSON."""
    first, second = explore(machine), explore(machine)
    assert first.graph == second.graph
    assert first.graph.text("json") == second.graph.text("json")
    counts = (first.unique_states, first.terminal_states, first.transitions)
    assert counts == (second.unique_states, second.terminal_states, second.transitions)


def test_the_graph_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """Sets are never walked in the order that a run happens to give them."""
    text = (
        "for machine in (turnstile, checkout, session, vending, drill, jugs):\n"
        "    print(explore(machine).graph.text('json'))\n"
    )
    done = [python_program(tmp_path, text, PYTHONHASHSEED=seed) for seed in ("1", "2", "77")]
    assert [one.stderr for one in done] == ["", "", ""]
    assert '"jugs"' in done[0].stdout
    assert done[0].stdout == done[1].stdout == done[2].stdout


def test_a_list_that_was_handed_over_is_not_changed() -> None:
    """Each run begins with what the first one saw, and the user's list stays as it is."""
    basket: list[str] = []

    def shopper(basket: list[str]) -> None:
        while len(basket) < 3:
            receive(Go, at="shopping")
            basket.append("apple")

    x = explore(partial(shopper, basket))
    assert basket == []
    assert (x.unique_states, x.terminal_states) == (4, 1)
    assert x.complete


@dataclass
class Account:
    balance: int = 0
    log: list[str] = field(default_factory=list)


def test_an_object_that_was_handed_over_is_not_changed() -> None:
    """Neither it nor what hangs on it; by keyword as by position."""
    account = Account()

    def clerk(*, account: Account) -> None:
        while account.balance < 2:
            receive(Coin, at="open")
            account.balance += 1
            account.log.append("coin")

    assert explore(partial(clerk, account=account)).unique_states == 3
    assert account == Account(balance=0, log=[])


def test_two_names_for_one_argument_stay_two_names_for_one() -> None:
    """What is the same object outside is the same object in every run."""
    box: list[int] = []

    def twins(left: list[int], right: list[int]) -> None:
        receive(Go, at="start")
        left.append(1)
        with state("same" if right == left else "different"):
            return

    assert explore(partial(twins, box, box)).graph.names() == ["start", "same"]
    assert box == []


def test_what_a_function_holds_is_not_changed() -> None:
    """Neither a list in its closure nor one that is its default; each run has its own."""
    kept: list[int] = []

    def closed() -> None:
        while len(kept) < 3:
            receive(Go, at="filling")
            kept.append(1)

    def default(items: list[int] = []) -> None:  # noqa: B006
        while len(items) < 3:
            receive(Go, at="filling")
            items.append(1)

    assert explore(closed).unique_states == 4
    assert explore(default).unique_states == 4
    assert kept == []
    assert default.__defaults__ == ([],)


def test_state_that_hides_in_a_module_is_found_or_said() -> None:
    """A global that decides where it goes is no local: never a graph that is wrong in silence."""
    text = (
        "from flowlet import receive\n"
        "from tests.machines import *\n"
        "visits = [0]\n"
        "def guest():\n"
        "    while True:\n"
        "        receive(Go, at='door')\n"
        "        visits[0] += 1\n"
        "        if visits[0] % 2:\n"
        "            receive(Stop, at='odd')\n"
    )
    with machines.program(text) as module:
        said = ""
        try:
            graph = explore(module.guest).graph
            said = " ".join(graph.notes)
        except FlowletError as error:
            graph, said = StateGraph(), str(error)
        assert "visits" in said or ("door", "Go", "door") in graph.triples()
        assert module.visits == [0]


class Batch(Event):
    items: list[int]


def test_an_event_of_the_alphabet_is_not_changed() -> None:
    """An actor that spoils what it receives spoils nothing for the next run."""
    batch = Batch(items=[])

    def packer() -> int:
        items = receive(Batch, at="packing").items
        items.append(1)
        receive(Go, at="packed")
        return len(items)

    x = explore(packer, events=[batch, Go()])
    assert batch == Batch(items=[])
    assert x.unique_states == 3


def test_nothing_of_a_run_is_left_behind() -> None:
    """Exploring is no actor of anyone: afterwards a wait outside is still an error."""
    explore(turnstile)
    with pytest.raises(FlowletError):
        receive(Coin)


def test_exploring_inside_an_actor_leaves_that_actor_alone() -> None:
    """An actor may explore another function between two waits."""
    counts: list[int] = []

    def curious() -> None:
        receive(Go, at="wondering")
        counts.append(explore(turnstile).unique_states)
        receive(Stop, at="wiser")

    told, _ = machines.run(curious, Go(), Stop())
    assert told == ["wondering", "wiser", "end"]
    assert counts == [2]
