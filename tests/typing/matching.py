# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""`match` on what `receive` returns is checked: an arm that is missing is an error."""

from __future__ import annotations

from typing import assert_never, assert_type

from flowlet import Event, Timeout, receive, until


class Coin(Event):
    value: int = 1


class Refund(Event): ...


def complete() -> str:
    """Every arm is there, so nothing is left over, and no `return` is missing."""
    match receive(Coin, Refund, after=30):
        case Coin(value):
            assert_type(value, int)
            return "coin"
        case Refund():
            return "refund"
        case Timeout(name, seconds):
            assert_type(name, str | None)
            assert_type(seconds, float)
            return "too late"


def says_that_it_is_complete() -> None:
    event = receive(Coin, Refund)
    match event:
        case Coin():
            pass
        case Refund():
            pass
        case _:
            assert_never(event)


def forgets_the_time() -> None:
    match receive(Coin, Refund, after=30):
        case Coin():
            pass
        case Refund():
            pass
        case rest:
            assert_type(rest, Timeout)
            assert_never(rest)  # type: ignore[arg-type]


def forgets_an_event() -> None:
    match receive(Coin, Refund):
        case Coin():
            pass
        case rest:
            assert_type(rest, Refund)
            assert_never(rest)  # type: ignore[arg-type]


def forgets_a_guard() -> None:
    """An arm with a condition does not cover its type."""
    match receive(Coin, Refund):
        case Coin(value) if value > 5:
            pass
        case Refund():
            pass
        case rest:
            assert_type(rest, Coin)
            assert_never(rest)  # type: ignore[arg-type]


def narrows() -> None:
    event = receive(Coin, after=1)
    if isinstance(event, Timeout):
        assert_type(event, Timeout)
    else:
        assert_type(event, Coin)


def goes_on_after_an_until() -> str:
    """A block that may be left early does not make what follows it unreachable."""
    with until(Refund):
        while True:
            receive(Coin)
    return "refunded"


def may_not_return() -> str:  # type: ignore[return]
    with until(Refund):
        return "paid"
