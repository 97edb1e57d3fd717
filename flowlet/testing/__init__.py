"""Random event sequences for actors: a bridge from the explored machine to hypothesis.

```python
from hypothesis import given
from flowlet.testing import event_sequences, run_sequence

@given(event_sequences(turnstile))
def test_no_coin_is_lost(steps):
    run_sequence(turnstile, steps, always={"paid once": lambda v: v.actors[0].locals["due"] >= 0})
```

`check` proves a property over all states, where there is an end of them.  Where data is too large
for that, or the property is one of a whole run, sequences made up at random find what is wrong
with it, and hypothesis makes them short.  The strategies, the shrinking and the example database
are hypothesis's own; here is only what it cannot know: which events an actor takes where.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401  # only to say what is missing
except ImportError as _error:
    raise ImportError(
        "flowlet.testing needs hypothesis: pip install 'flowlet[hypothesis]'"
    ) from _error

from .machine import ActorMachine, machine_of
from .running import Ran, RunView, run_sequence
from .sequences import Advance, event_sequences
from .values import events_of

__all__ = [
    "ActorMachine",
    "Advance",
    "Ran",
    "RunView",
    "event_sequences",
    "events_of",
    "machine_of",
    "run_sequence",
]
