"""The first of all state machines: a coin unlocks the turnstile, a push locks it again.

    python -m examples.turnstile run
    python -m examples.turnstile graph

The two places that wait are the two states.  What a `receive` does not ask for is thrown away, and
counted: a push that comes while it is locked must not turn it after the next coin.
"""

from __future__ import annotations

from flowlet import Event, receive

from .verbs import main


class Coin(Event): ...


class Push(Event): ...


def turnstile() -> None:
    """A coin for each who goes through."""
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")


if __name__ == "__main__":
    main(turnstile, Push(), Coin(), Coin(), Push(), Push())
