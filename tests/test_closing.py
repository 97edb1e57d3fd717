"""Closing a dispatcher unwinds all that is parked, at once."""

from __future__ import annotations

import pytest

from flowlet import Dispatcher, Event, receive, sleep


class Go(Event): ...


def test_close_ends_every_actor_with_its_clean_up() -> None:
    """Leaving the `with` block of a dispatcher unwinds all that is parked."""
    log: list[str] = []

    def worker(name: str) -> None:
        try:
            receive(Go)
        finally:
            log.append(name)

    with Dispatcher() as d:
        refs = [d.spawn(worker, name) for name in ("a", "b")]
        d.settle()
    assert sorted(log) == ["a", "b"]
    assert [ref.alive for ref in refs] == [False, False]


def test_under_close_a_waiting_clean_up_raises_at_once() -> None:
    """Nobody waits for a clean-up any more, but its own `finally` still runs."""
    log: list[str] = []

    def worker() -> None:
        try:
            try:
                receive(Go)
            finally:
                log.append("inner")
                sleep(2)
                log.append("never here")
        finally:
            log.append("outer")

    d = Dispatcher()
    ref = d.spawn(worker)
    d.settle()
    d.close()
    assert ref.alive is False
    assert log == ["inner", "outer"]


def test_close_ends_a_clean_up_that_is_waiting_already() -> None:
    """An actor in its grace is ended as well."""
    log: list[str] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            try:
                sleep(2)
            finally:
                log.append("cut short")

    d = Dispatcher()
    ref = d.spawn(worker)
    d.settle()
    ref.stop()
    d.settle()
    d.close()
    assert (ref.alive, log) == (False, ["cut short"])


def test_close_may_be_called_twice() -> None:
    """The second time there is nothing to do."""
    d = Dispatcher()
    d.close()
    d.close()
    with Dispatcher() as other:
        other.close()


def test_an_error_in_the_with_block_comes_out() -> None:
    """The dispatcher closes, and the error of the user goes on."""
    log: list[str] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            log.append("closed")

    def session() -> None:
        with Dispatcher() as d:
            d.spawn(worker)
            d.settle()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        session()
    assert log == ["closed"]


def test_actors_that_never_started_are_closed_without_running() -> None:
    """Closing starts nobody."""
    log: list[str] = []

    def worker() -> None:
        log.append("ran")

    with Dispatcher() as d:
        ref = d.spawn(worker)
    assert (ref.alive, log) == (False, [])
