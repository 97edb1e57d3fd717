# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""Handlers take events of the type that they stand for; options and side effects keep theirs."""

from __future__ import annotations

from enum import Enum
from typing import Literal, assert_type

from flowlet import Event, choose, on, perform, receive, state


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Mode(Enum):
    OPEN = "open"
    SHUT = "shut"


def takes_coin(coin: Coin) -> None: ...


def takes_push(push: Push) -> None: ...


def takes_any(event: Event) -> int:
    return 5


def charge(amount: int, currency: str) -> float:
    return amount * 1.5


def handlers() -> None:
    with on(Coin, takes_coin), on(Coin, takes_any), on(Coin, lambda coin: coin.value):
        receive(Push)
    with on(Push, takes_push, freeze=True):
        receive(Coin)


@state("decorated")
def decorated(n: int) -> int:
    return n


def states() -> None:
    assert_type(decorated(5), int)
    with state(Mode.OPEN), state("inside", defer=(Coin, Push), history="deep"):
        receive(Push, at=Mode.SHUT)
    with state("one", defer=Coin):
        receive(Push)


def chances() -> None:
    assert_type(choose(True, False), bool)
    mode: Literal["a", "b"] = choose("a", "b")
    assert_type(choose(Mode.OPEN, Mode.SHUT), Mode)
    assert_type(mode, Literal["a", "b"])


def side_effects() -> None:
    assert_type(perform(charge, 5, "EUR"), float)


def mistakes() -> None:
    on(Coin, takes_push)  # type: ignore[arg-type]
    on(Coin, lambda coin: coin.valeu)  # type: ignore[attr-defined]
    on(Coin, takes_coin, freeze="yes")  # type: ignore[arg-type]
    state("busy", defer=[Coin])  # type: ignore[call-overload]  # a type, or a tuple of types
    state("player", history="whole")  # type: ignore[call-overload]
    state(5)  # type: ignore[call-overload]
    decorated("five")  # type: ignore[arg-type]
    perform(5)  # type: ignore[call-overload]  # a function, and its arguments
