"""A machine that others run does what the actor does: the same states, the same outputs.

The actor runs on a dispatcher, and is sent events at random.  What it is heard to take, in order,
is given to the machine that python-statemachine has read from SCXML, and XState from its JSON, both
written of the unfolded graph.  A time is the event that it stands for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import door, traffic_light, turnstile, vending_machine
from examples.game import dialogue, guard
from examples.game.__main__ import ALPHABETS
from examples.rfc import dhcp, imap, quic, sip, tls
from flowlet import Dispatcher, Timeout, VirtualClock, explore
from flowlet.events import label_of
from flowlet.instrument import Delivered, Discarded, Emitted, Record
from flowlet.introspect import StateGraph
from tests.consumers import Node, Runner, Scxml, XState, plain, xstate_or_skip


@dataclass(frozen=True)
class Machine:
    """An example, and what it takes to run it."""

    module: ModuleType
    actor: Callable[[], Any]
    events: Any = None
    hz: int | None = None

    @functools.cached_property
    def graph(self) -> StateGraph:
        return explore(self.actor, events=self.events, time="ordered").unfolded


MACHINES = {
    "turnstile": Machine(turnstile, turnstile.turnstile),
    "traffic_light": Machine(traffic_light, traffic_light.traffic_light),
    "vending_machine": Machine(vending_machine, vending_machine.vending_machine),
    "door": Machine(door, door.door),
    "dhcp": Machine(dhcp, dhcp.client),
    "imap": Machine(imap, imap.imap_session),
    "quic": Machine(quic, quic.send_stream),
    "sip": Machine(sip, sip.invite_client),
    "tls": Machine(tls, tls.tls_client),
    "guard": Machine(guard, guard.guard, ALPHABETS["guard"]),
    "dialogue": Machine(dialogue, dialogue.dialogue),
}


@dataclass
class Actor:
    """The actor itself, on a dispatcher that is listened to."""

    machine: Machine
    taken: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    discarded: int = 0

    def __post_init__(self) -> None:
        self.d = Dispatcher(clock=VirtualClock(hz=self.machine.hz), instruments=[self._hear])
        self.ref = self.d.spawn(self.machine.actor)
        self.d.settle()

    def _hear(self, record: Record) -> None:
        match record:
            case Delivered(event=Timeout() as up):
                self.taken.append(label_of(up))
            case Delivered(event=event):
                self.taken.append(repr(event))
            case Discarded():
                self.discarded += 1
            case Emitted(value=value):
                self.given.append(f"emit {value!r}")

    def take(self, label: str) -> None:
        """Be sent the event that a label tells, or let time pass until something falls due."""
        if "(" in label:
            self.ref.send(eval(label, vars(self.machine.module)))
            self.d.settle()
        else:
            assert self.d.next_deadline is not None
            self.d.run(until=self.d.next_deadline)
            self.d.settle()

    def heard(self) -> tuple[list[str], list[str]]:
        """What it has taken and given out since it was asked last."""
        taken, given = self.taken[:], self.given[:]
        self.taken.clear()
        self.given.clear()
        return taken, given


#: The step of an actor that has paused.
GOES_ON = "goes on"


def walk(machine: Machine, picks: list[int], begin: Callable[[StateGraph], Runner]) -> int:
    """Let the actor and somebody else's machine do the same at random; how many events they took.

    Each pick is one of all events that there are, those first that the machine would take.  What
    the actor throws away must be nothing to the machine.
    """
    everything = {
        edge.event: edge.event
        for edge in machine.graph.transitions
        if edge.kind == "event" and "(" in edge.event
    }
    actor, other = Actor(machine), begin(machine.graph)
    steps = 0
    with actor.d:
        agree(actor, other)
        assert actor.heard() == ([], other.given)
        for pick in picks:
            taken_here = sorted(label for label in other.offers if label != GOES_ON)
            wanted = [*taken_here, *sorted(everything.keys() - other.offers.keys())]
            if not actor.ref.alive or not wanted:
                break
            label = wanted[pick % len(wanted)]
            before = actor.discarded
            actor.take(label)
            if label in everything and label not in other.offers:
                if actor.discarded == before:
                    break  # it is kept for later: the graph is of mail that comes when listened for
                assert other.send(label) == []
                assert actor.heard() == ([], [])
                agree(actor, other)
                continue
            taken, given = actor.heard()
            told: list[str] = []
            for one in taken:
                told += other.send(sent_for(one, other))
            while GOES_ON in other.offers:
                told += other.send(other.offers[GOES_ON])
            assert told == given
            agree(actor, other)
            steps += 1
    return steps


def sent_for(taken: str, other: Runner) -> str:
    """What is sent to a machine for an event that the actor has taken; of two times, the first."""
    if taken.startswith("Over("):
        return other.offers[GOES_ON]
    assert taken in other.offers, f"{taken} was taken, and {other.state} has {other.offers}"
    return other.offers[taken]


def agree(actor: Actor, other: Runner) -> None:
    """Both are in the same state."""
    assert plain(other.state) == actor.ref.path_text()


picks = st.lists(st.integers(0, 40), max_size=25)
#: Walks are tried anew each time, and each takes what its machine takes to begin.
walks = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@pytest.mark.parametrize("name", MACHINES)
def test_python_statemachine_does_what_the_actor_does(name: str) -> None:
    """SCXML of the unfolded graph, run by python-statemachine 3."""
    longest = 0

    @walks
    @given(picks)
    def try_it(picks: list[int]) -> None:
        nonlocal longest
        longest = max(longest, walk(MACHINES[name], picks, Scxml))

    try_it()
    assert longest > 1


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with xstate_or_skip() as node:
        yield node


@pytest.mark.parametrize("name", MACHINES)
def test_xstate_does_what_the_actor_does(name: str, node: Node) -> None:
    """JSON of the unfolded graph, run by XState 5 under Node."""
    longest = 0

    @walks
    @given(picks)
    def try_it(picks: list[int]) -> None:
        nonlocal longest
        longest = max(longest, walk(MACHINES[name], picks, functools.partial(XState, node)))

    try_it()
    assert longest > 1
