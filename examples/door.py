"""A door with a lock: a composite state, and a time limit that stands round all of it.

    python -m examples.door run
    python -m examples.door graph

Whatever happens while the door is open, after 30 seconds the alarm rings: one `until` says so, for
all the states inside, and the picture draws it once, from the border of the box.
"""

from __future__ import annotations

from flowlet import Event, Timeout, receive, state, until

from .verbs import main


class Badge(Event): ...


class Pull(Event): ...


class Shut(Event): ...


class Hold(Event): ...


class LetGo(Event):
    label = "let go"


def door() -> None:
    """Opens for a badge, and minds being left open."""
    while True:
        receive(Badge, at="locked")
        if isinstance(receive(Pull, after=5, at="unlocked"), Timeout):
            continue
        with until(Shut, after=30) as end, state("open"):
            while True:
                receive(Hold, at="free")
                receive(LetGo, at="held")
        if isinstance(end.event, Timeout):
            receive(Shut, at="alarm")


if __name__ == "__main__":
    main(door, Badge(), 10, Badge(), Pull(), 4, Shut(), Badge(), Pull(), Hold(), 40, Shut())
