"""An actor that keeps very much mail at one wait is told of, for it may wait in vain."""

from __future__ import annotations

import warnings

import pytest

from flowlet import (
    Dispatcher,
    Event,
    KeptMailWarning,
    actor,
    on,
    parallel,
    receive,
    sleep,
    state,
)


class Key(Event):
    code: int


class Go(Event): ...


def picky() -> None:
    receive(Key, where=lambda key: key.code == -1, at="door")


def two() -> None:
    with state("both"):
        parallel(lambda: receive(Go), lambda: sleep(10))


def test_a_where_that_turns_down_a_thousand_events_is_told() -> None:
    """With the actor, its state, and the oldest that it keeps."""
    with Dispatcher() as d:
        ref = d.spawn(picky, name="porter")
        for code in range(1000):
            ref.send(Key(code))
        with pytest.warns(KeptMailWarning, match=r"'porter' keeps 1000 .* door, .*Key\(code=0\)"):
            d.settle()
        assert ref.discarded == 0


def test_regions_that_keep_a_thousand_events_are_told() -> None:
    """Here because one of them sleeps."""
    with Dispatcher() as d:
        ref = d.spawn(two)
        d.settle()
        for code in range(1000):
            ref.send(Key(code))
        with pytest.warns(KeptMailWarning, match="'two' keeps 1000 events in state both/"):
            d.settle()


def test_less_is_nothing_to_speak_of() -> None:
    """Nor is mail that an actor is about to take."""

    @actor(unexpected="discard")
    def taker() -> None:
        while True:
            receive(Key)

    with Dispatcher() as d, warnings.catch_warnings():
        warnings.simplefilter("error")
        picker, busy = d.spawn(picky), d.spawn(taker)
        for code in range(999):
            picker.send(Key(code))
        for code in range(5000):
            busy.send(Key(code))
        d.settle()
        assert busy.state == ("taker",)


# --- what keeping costs ---------------------------------------------------------------------------


def test_a_wait_asks_its_where_once_of_each_event() -> None:
    """What it has refused is not looked at again while it waits: ten events are ten questions."""
    asked: list[int] = []

    def refuses(key: Key) -> bool:
        asked.append(key.code)
        return False

    with Dispatcher() as d:
        ref = d.spawn(lambda: receive(Key, where=refuses))
        for code in range(10):
            ref.send(Key(code))
            d.settle()
    assert asked == list(range(10))


def test_so_do_regions_until_one_of_them_has_run() -> None:
    """Then it may want what it has refused before."""
    asked: list[int] = []

    def waits_for_go(event: Key | Go) -> bool:
        if isinstance(event, Key):
            asked.append(event.code)
        return isinstance(event, Go)

    def region() -> None:
        receive(Key, Go, where=waits_for_go)
        receive(Key, Go, where=waits_for_go)

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(region, lambda: sleep(99)))
        for code in range(3):
            ref.send(Key(code))
            d.settle()
        assert asked == [0, 1, 2]
        ref.send(Go())
        d.settle()
        assert asked == [0, 1, 2, 0, 1, 2]


def test_a_handler_that_sleeps_over_a_thousand_events_is_told() -> None:
    """While it sleeps; the wait inside would take them."""

    def answer(go: Go) -> None:
        sleep(10)

    def cook() -> None:
        with on(Go, answer):
            receive(Key)

    with Dispatcher() as d:
        ref = d.spawn(cook)
        ref.send(Go())
        d.settle()
        for code in range(999):
            ref.send(Key(code))
        with pytest.warns(KeptMailWarning, match="handler that sleeps"):
            ref.send(Key(999))
