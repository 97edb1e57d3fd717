"""The only sources of chance: `choose` and `rng`, from a seed and the actor's name.

Each actor has two streams of its own, made when they are first used: one for `choose`, one for
`rng`.  So what one actor draws moves nobody else, and neither call moves the other.  A stream is
seeded from a text, which gives the same numbers in every process (`hash` would not).
"""

from __future__ import annotations

import random
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from .actor import ActorRef
from .blocks import running

T = TypeVar("T")

Seed = int | str


class Chance:
    """The streams of one dispatcher."""

    __slots__ = ("_own", "_streams", "seed")

    def __init__(self, seed: Seed) -> None:
        if not isinstance(seed, int | str):
            raise TypeError(f"seed is a number or a text, the same for the same run, not {seed!r}")
        self.seed: Seed = seed
        self._own: dict[str, random.Random] = {}
        #: By actor, and no longer than it is there; made when it is needed.
        self._streams: WeakKeyDictionary[ActorRef[Any], dict[str, random.Random]] | None = None

    def stream(self, use: str, ref: ActorRef[Any] | None) -> random.Random:
        """The stream of an actor, or of the dispatcher itself, for one use."""
        streams = self._own if ref is None else self._of(ref)
        if use not in streams:
            # No actor's name can be mistaken for another's, or for the dispatcher's own stream.
            whose = "dispatcher" if ref is None else f"actor {ref.name}"
            streams[use] = random.Random(f"{use} of {whose}, seed {self.seed!r}")
        return streams[use]

    def _of(self, ref: ActorRef[Any]) -> dict[str, random.Random]:
        if self._streams is None:
            self._streams = WeakKeyDictionary()
        return self._streams.setdefault(ref, {})


def picked(stream: random.Random, options: tuple[T, ...]) -> T:
    """One of the options."""
    if not options:
        raise TypeError("choose() has nothing to choose from; give it the options: choose(1, 2, 3)")
    return options[stream.randrange(len(options))]


def choose(*options: T) -> T:
    """Return one of the options: by the seed when run, every one of them when explored.

    ```python
    if choose("heads", "tails") == "heads": ...
    ```

    The same seed gives the same choices: `Dispatcher(seed=7)`.  They belong to the actor's name:
    one that is spawned again under its name chooses the same again.  Raises `TypeError` without
    options.
    """
    me = running("choose")
    chosen: T = me.home.choose_for(me.ref, options)
    return chosen


def rng() -> random.Random:
    """The actor's own random numbers, seeded from the dispatcher's seed and the actor's name.

    What is drawn from it moves neither another actor nor `choose`.  An actor that is spawned again
    under its name draws the same numbers again.
    """
    me = running("rng")
    return me.home.rng_for(me.ref)
