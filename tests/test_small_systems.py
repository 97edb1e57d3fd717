"""Exploring small made-up systems finds what a plain search over their tables finds."""

from __future__ import annotations

import itertools
from functools import partial
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flowlet import explore
from tests.small_systems import EVENTS, Kind, Network, Row, Table, Then, bounded, search, system

QUICK = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # the long one shrinks what it finds
    suppress_health_check=[HealthCheck.too_slow],
)
LONG = settings(QUICK, max_examples=3_000, derandomize=False, phases=tuple(Phase))

#: A fifo has the most rules.
NETWORKS = st.sampled_from(["fifo", "fifo", *get_args(Network)])
#: What is sent between two waits: most often something, so that there is mail to meet.
SENDINGS = [(), *((one,) for one in EVENTS), *itertools.permutations(EVENTS, 2)]


@st.composite
def rows(draw: st.DrawFn, size: int) -> Row:
    """One wait, and what follows on each way out of it."""
    then = st.builds(
        Then,
        st.sampled_from([*range(size), *range(size), None]),
        st.sampled_from(SENDINGS),
        st.sampled_from([None, None, 0, 1]),
    )
    kind: Kind = draw(st.sampled_from(["receive", "receive", "receive", "pause", "wait_until"]))
    if kind != "receive":
        after = draw(st.lists(then, min_size=1, max_size=2, unique=True))
        return Row(kind, after=tuple(after), value=draw(st.integers(0, 1)))
    events = draw(st.permutations(list(EVENTS)))
    taken = draw(st.sampled_from([1, 1, 2, 3]))
    kept = draw(st.integers(0, 3 - taken))
    return Row(
        takes=tuple((event, draw(then)) for event in events[:taken]),
        keeps=tuple(events[taken : taken + kept]),
        after=(draw(then),) if draw(st.sampled_from([True, False, False])) else (),
    )


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """An actor of two to four waits; the first is a pause, so that something is sent."""
    size = draw(st.sampled_from([2, 3, 4]))
    begin = Then(draw(st.integers(1, size - 1)), draw(st.sampled_from(SENDINGS)))
    return (Row("pause", after=(begin,)), *(draw(rows(size)) for _ in range(1, size)))


def compare(first: Table, second: Table, network: Network, *, lossy: bool) -> None:
    """Explore and search the same system."""
    plain = search((first, second), network, lossy=lossy)
    x = explore(
        partial(system, first=first, second=second), network=network, lossy=lossy, within=bounded
    )
    assert x.complete, x.notes
    assert x.unique_states == len(plain.points)
    assert x.terminal_states == plain.terminal
    assert x.graph_of("a").triples() == plain.own[0]
    assert x.graph_of("b").triples() == plain.own[1]


@QUICK
@given(tables(), tables(), NETWORKS, st.booleans())
def test_it_finds_what_a_plain_search_finds(
    first: Table, second: Table, network: Network, lossy: bool
) -> None:
    """The same number of states and of dead ends, and the same edges for each actor."""
    compare(first, second, network, lossy=lossy)


@pytest.mark.slow
@LONG
@given(tables(), tables(), NETWORKS, st.booleans())
def test_it_finds_what_a_plain_search_finds_in_many_systems(
    first: Table, second: Table, network: Network, lossy: bool
) -> None:
    compare(first, second, network, lossy=lossy)
