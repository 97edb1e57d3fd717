"""The models, each with its network, how many states it has, and what is to be proved of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flowlet import Dispatcher

from . import (
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

Predicate = Callable[[Any], bool]


@dataclass(frozen=True)
class Model:
    """A system function, and what exploring it finds."""

    system: Callable[[Dispatcher], None]
    #: How many states there are, and how many of them lead nowhere.
    states: int
    terminal: int
    network: str = "fifo"
    lossy: bool = False
    within: Predicate | None = None
    #: What holds in every state.
    always: Mapping[str, Predicate] = field(default_factory=dict)
    #: What holds in every state but some: checking it shows a shortest way to one.
    refuted: Mapping[str, Predicate] = field(default_factory=dict)
    #: Whether actors can come to wait for each other for good.
    deadlock: bool = False
    #: The function whose actors are interchangeable, and how many states differ in more than names.
    alike: Callable[..., Any] | None = None
    states_by_symmetry: int | None = None
    #: In `run`, what comes from outside: the receiver's name, and the event.
    story: Sequence[tuple[str, object]] = ()

    @property
    def options(self) -> dict[str, Any]:
        """What `explore` and `check` are told besides the system."""
        options: dict[str, Any] = {"network": self.network, "lossy": self.lossy}
        return options if self.within is None else options | {"within": self.within}


MODELS: dict[str, Model] = {}

for threads, states, ends in ((2, 13, 3), (3, 84, 16), (4, 755, 109), (5, 8_638, 906)):
    MODELS[f"increment {threads}"] = Model(
        partial(increment.system, threads=threads),
        states,
        ends,
        refuted={"every one counts": increment.every_one_counts},
    )
for threads, states, ends in ((2, 17, 2), (3, 61, 6), (4, 257, 24)):
    MODELS[f"increment with a lock {threads}"] = Model(
        partial(increment.locked, threads=threads),
        states,
        ends,
        always={"every one counts": increment.every_one_counts},
    )

MODELS["die hard"] = Model(
    die_hard.system,
    16,
    0,
    refuted={"never four gallons": die_hard.never_four_gallons},
    story=[("jugs", event) for event in die_hard.SOLUTION],
)
MODELS["peterson"] = Model(peterson.system, 42, 0, always={"one at a time": lock.one_at_a_time})
for processes, states in ((2, 12), (3, 32)):
    MODELS[f"lock {processes}"] = Model(
        partial(lock.system, processes=processes),
        states,
        0,
        always={"one at a time": lock.one_at_a_time},
    )

for seats in range(2, 7):
    MODELS[f"philosophers {seats}"] = Model(
        partial(philosophers.system, seats=seats), 3**seats - 1, 1, deadlock=True
    )
    MODELS[f"philosophers, one left-handed {seats}"] = Model(
        partial(philosophers.system, seats=seats, left_handed=True), 3**seats, 0
    )

COMMITS = {2: 56, 3: 288, 4: 1_568, 5: 8_832, 6: 50_816, 7: 296_448}
for managers, states in COMMITS.items():
    MODELS[f"two-phase commit {managers}"] = Model(
        partial(two_phase_commit.system, managers=managers),
        states,
        3**managers + 1,
        network="duplicating",
        always={"consistent": transaction_commit.consistent},
        alike=two_phase_commit.manager,
        states_by_symmetry={3: 80, 5: 314}.get(managers),
    )
MODELS["transaction commit"] = Model(
    transaction_commit.system,
    34,
    2,
    always={"consistent": transaction_commit.consistent},
)

for most, states, ends in ((1, 14, 3), (5, 4_094, 11)):
    MODELS[f"ping-pong up to {most}"] = Model(
        ping_pong.system,
        states,
        ends,
        network="duplicating",
        lossy=True,
        within=partial(ping_pong.within, most),
    )
MODELS["ping-pong up to 5, lossless"] = Model(
    ping_pong.system,
    11,
    1,
    network="duplicating",
    within=partial(ping_pong.within, 5),
)
for numbers, states in (((1, 2, 3), 24), ((3, 2, 1), 20), ((1, 2, 3, 4), 120), ((4, 3, 2, 1), 76)):
    MODELS[f"ring {' '.join(map(str, numbers))}"] = Model(
        partial(ring.system, numbers=numbers),
        states,
        1,
        network="inbox_set",
        always={"one leader": ring.one_leader},
    )

MODELS["barrier"] = Model(barrier.system, 64, 0)
MODELS["allocator"] = Model(
    allocator.system, 400, 0, always={"nothing held twice": allocator.nothing_held_twice}
)
MODELS["prisoners"] = Model(
    prisoners.system, 214, 0, always={"never too early": prisoners.never_too_early}
)
MODELS["register"] = Model(register.system, 49, 2, network="unordered")
for clients, states, ends in ((1, 265, 20), (2, 16_668, 1_268)):
    MODELS[f"paxos {clients}"] = Model(
        partial(paxos.system, clients=clients),
        states,
        ends,
        network="unordered",
        always={"agreed": paxos.agreed},
    )
