"""A talk with an innkeeper: lines, choices, a way back, and three ways to end.

    python -m examples.game dialogue run
    python -m examples.game dialogue graph

`say` and `pick` are the words that such a script needs; everything else is Python: a sub-dialogue
is a function that is called, a hidden choice is a condition, and an ending is jumped to.  Who walks
off and comes back goes on with the scene that was interrupted: the history of "talk" knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from flowlet import Delay, Event, Timeout, become, emit, receive, state, until

R = TypeVar("R")


class Back(Event):
    """Show me the last choice again."""


class WalkOff(Event): ...


class Return(Event): ...


class Line(Event):
    """What is shown: somebody speaks."""

    text: str


class Menu(Event):
    """What is shown: the player may choose."""

    choices: str


class Choice(Event):
    """What the player may say; a choice that is not shown is none, and not heard."""


class FromRiver(Choice):
    label = "From the river."


class FromNowhere(Choice):
    label = "From nowhere."


class News(Choice):
    label = "Any news?"


class Room(Choice):
    label = "A room, please."


class Bye(Choice):
    label = "Farewell."


class Pay(Choice):
    label = "Here are five coins."


class Sing(Choice):
    label = "I could sing."


# --- the words of the script -------------------------------------------------------------------


def say(line: str) -> None:
    """Show a line for two seconds; a choice that comes too early is no choice."""
    emit(Line(line))
    receive(after=2, at=line)


def pick(options: dict[type[Choice], bool], at: str) -> Choice:
    """Show the choices whose conditions hold now; after ten seconds the first of them is taken."""
    shown = [choice for choice, visible in options.items() if visible]
    emit(Menu(" | ".join(str(choice.label) for choice in shown)))
    answer = receive(*shown, after=Delay("too long", 10), at=at)
    return shown[0]() if isinstance(answer, Timeout) else answer


def replayed(scene: Callable[[], R]) -> R:
    """Play a scene that begins with a choice; `Back` plays it again."""
    while True:
        with until(Back):
            return scene()


# --- the script --------------------------------------------------------------------------------


def dialogue() -> str:
    """From the door of the inn to one of the endings."""
    while True:
        with until(WalkOff), state("talk", history="shallow") as scenes:
            if scenes.last == ("bar",):
                greeting()
            else:
                welcome()
                replayed(arrival)
            bar()
        receive(Return, at="away")


@state("door")
def welcome() -> None:
    say("Come in, come in!")


def arrival() -> None:
    where_from()
    greeting()


@state("door")
def where_from() -> None:
    match pick({FromRiver: True, FromNowhere: True}, at="where from"):
        case FromRiver():
            say("A long way.")
        case _:
            say("Keep your secrets.")


@state("bar")
def greeting() -> None:
    say("What can I do for you?")


@state("bar")
def bar() -> None:
    heard = False

    def order() -> None:
        nonlocal heard
        while True:
            match pick({Bye: True, News: not heard, Room: True}, at="order"):
                case News():
                    news()
                    heard = True
                    say("But you did not hear it here.")
                case Room():
                    say("Five coins.")
                    replayed(partial(price, heard))
                case _:
                    say("Safe travels.")
                    become(ending, "on the road")

    replayed(order)


def news() -> None:
    """A sub-dialogue: it returns to the line after its call."""
    say("The king is dead.")
    say("Nobody sings any more.")


def price(heard: bool) -> NoReturn:
    match pick({Pay: True, Sing: heard}, at="price"):
        case Sing():
            say("Sing, and stay as long as you like!")
            become(ending, "friend of the house")
        case _:
            say("Upstairs, on the left.")
            become(ending, "a night's rest")


def ending(name: str) -> str:
    with state(name):
        return name
