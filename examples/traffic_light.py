"""A traffic light with a button for pedestrians: timers, and mail that is kept.

    python -m examples.traffic_light run
    python -m examples.traffic_light graph

`sleep` takes no mail and loses none.  So a button that is pressed in the first seconds of green,
or while it is red, is still there when the light comes to ask for it, and cuts the green short.
"""

from __future__ import annotations

from flowlet import Event, receive, sleep, state

from .verbs import main


class Button(Event): ...


def traffic_light() -> None:
    """For cars; whoever wants to cross may shorten their green."""
    while True:
        with state("green"):
            sleep(5, at="for sure")
            receive(Button, after=25, at="unless asked")
        sleep(3, at="yellow")
        sleep(20, at="red")


if __name__ == "__main__":
    main(traffic_light, 56, Button(), 40, Button(), 20)
