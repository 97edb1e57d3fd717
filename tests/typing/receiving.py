# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""`receive(A)` is an `A`; several types are their union, and with a time limit `Timeout` too."""

from __future__ import annotations

from typing import assert_type

from flowlet import Delay, Event, Timeout, receive


class A(Event):
    value: int = 1


class B(Event): ...


class C(Event): ...


class D(Event): ...


class E(Event): ...


class F(Event): ...


class G(Event): ...


class H(Event): ...


class I(Event): ...  # noqa: E742  # the ninth


class Plain:
    """Any object is an event, not only an `Event`."""


def one() -> None:
    assert_type(receive(A), A)
    assert_type(receive(A).value, int)
    assert_type(receive(Plain), Plain)
    assert_type(receive(int), int)
    assert_type(receive(A, at="waiting"), A)
    assert_type(receive(A, where=lambda a: a.value > 3), A)
    assert_type(receive(A, after=1), A | Timeout)
    assert_type(receive(A, after=0.5, at="waiting"), A | Timeout)
    assert_type(receive(A, after=Delay("patience", 5)), A | Timeout)
    assert_type(receive(A, after=None), A)


def perhaps(limit: float | None, patience: Delay | None) -> None:
    """A time limit that there may be."""
    assert_type(receive(A, after=limit), A | Timeout)
    assert_type(receive(A, B, after=limit), A | B | Timeout)
    assert_type(receive(A, B, C, after=patience), A | B | C | Timeout)


def collected(kinds: tuple[type[Event], ...], pair: tuple[type[A], type[B]]) -> None:
    """Types that are in a variable."""
    assert_type(receive(*kinds), Event)
    assert_type(receive(*kinds, after=1), Event | Timeout)
    assert_type(receive(*pair), A | B)


def none() -> None:
    assert_type(receive(after=1), Timeout)


def several() -> None:
    assert_type(receive(A, B), A | B)
    assert_type(receive(A, B, after=1), A | B | Timeout)
    assert_type(receive(A, B, C), A | B | C)
    assert_type(receive(A, B, C, after=1), A | B | C | Timeout)
    assert_type(receive(A, B, C, D), A | B | C | D)
    assert_type(receive(A, B, C, D, after=1), A | B | C | D | Timeout)
    assert_type(receive(A, B, C, D, E), A | B | C | D | E)
    assert_type(receive(A, B, C, D, E, after=1), A | B | C | D | E | Timeout)
    assert_type(receive(A, B, C, D, E, F), A | B | C | D | E | F)
    assert_type(receive(A, B, C, D, E, F, after=1), A | B | C | D | E | F | Timeout)
    assert_type(receive(A, B, C, D, E, F, G), A | B | C | D | E | F | G)
    assert_type(receive(A, B, C, D, E, F, G, after=1), A | B | C | D | E | F | G | Timeout)
    assert_type(receive(A, B, C, D, E, F, G, H), A | B | C | D | E | F | G | H)
    assert_type(receive(A, B, C, D, E, F, G, H, after=1), A | B | C | D | E | F | G | H | Timeout)


def mistakes() -> None:
    receive(A, B, C, D, E, F, G, H, I)  # type: ignore[call-overload]  # more than eight
    receive(A())  # type: ignore[call-overload]  # an event, not its type
    receive("A")  # type: ignore[call-overload]  # a name
    receive(A, after="5")  # type: ignore[call-overload]  # a text is no time
    receive(A, wherever=lambda a: a)  # type: ignore[call-overload]  # no such argument
    receive(A).valeu  # type: ignore[attr-defined]  # noqa: B018
    receive(A, after=1).value  # type: ignore[union-attr]  # noqa: B018  # it may be a Timeout
    A("five")  # type: ignore[arg-type]  # fields are checked by position
    A(valeu=5)  # type: ignore[call-arg]
