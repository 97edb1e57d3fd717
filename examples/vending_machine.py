"""A vending machine: its data decides, and the conditions stand on the edges of the picture.

    python -m examples.vending_machine run
    python -m examples.vending_machine graph

It takes no more money than its dearest drink costs, so its states are few and exploring visits all.
"""

from __future__ import annotations

from typing import Literal

from flowlet import Event, emit, receive, sleep

from .verbs import main

PRICES = {"water": 20, "tea": 50}


class Coin(Event):
    value: Literal[10, 20, 50]


class Choose(Event):
    drink: Literal["water", "tea"]


class Cancel(Event): ...


class Change(Event):
    """Money that comes out; an output."""

    value: int

    def __str__(self) -> str:
        return f"{self.value} back"


class Drink(Event):
    """What was bought; an output."""

    name: str

    def __str__(self) -> str:
        return f"a {self.name}"


def vending_machine() -> None:
    """Coins in; a drink and the change out."""
    while True:
        credit = int(receive(Coin, at="idle").value)
        while credit > 0:
            match receive(Coin, Choose, Cancel, at="paid"):
                case Coin(value) if credit + value > 50:
                    emit(Change(value))
                case Coin(value):
                    credit += value
                case Choose(drink) if credit >= PRICES[drink]:
                    sleep(2, at="pouring")
                    emit(Drink(drink))
                    credit -= PRICES[drink]
                case Choose():
                    pass
                case Cancel():
                    emit(Change(credit))
                    credit = 0


if __name__ == "__main__":
    main(
        vending_machine,
        Choose("water"),
        Coin(10),
        Choose("water"),
        Coin(20),
        Coin(50),
        Choose("water"),
        2,
        Cancel(),
        Coin(50),
        Choose("tea"),
        2,
    )
