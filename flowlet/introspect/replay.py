"""`replay`: a system that stands where a path ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ReplayError
from .explore import listed_events
from .found import Step

if TYPE_CHECKING:
    from .alphabet import Examples
    from .network import NetworkKind
    from .scene import Scene


def replay(
    system: Callable[..., Any],
    path: Iterable[Step | str],
    network: NetworkKind = "fifo",
    *,
    time: Literal["any", "ordered"] = "any",
    events: Iterable[Any] | None = None,
    examples: Examples = None,
) -> Scene:
    """Run a system along a path that `explore` or `check` has found; what stands there then.

    ```python
    d = replay(system, verdict.failures[0].path)
    d.find("server").state
    ```

    `path`: steps, or their lines as text.  The result is a dispatcher whose actors wait where the
    path ends; `d.view` shows them as predicates see them, `d.view.possible` says what can happen
    next, and `d.view.deadlock()` who waits in vain.  On a `network` that is `"duplicating"` what
    was sent stays on its way; with `time="ordered"` only the earliest timer goes off, where nothing
    else can happen.  `events` and `examples` are those that the search was given: a line
    of text means one of them.

    Raises `ReplayError` for a step that cannot be taken there, `ExploreError` for an actor that
    the system does not spawn.
    """
    if isinstance(path, str | Step):
        raise TypeError(
            f"replay takes a path, a list of steps or of their lines, not {path!r}: "
            "replay(system, [step])"
        )
    steps = [Step("", step, None, "", step) if isinstance(step, str) else step for step in path]
    for step in steps:
        if not isinstance(step, Step):
            raise TypeError(
                f"replay takes a path, a list of steps or of their lines, and not {step!r} in it; "
                "explore(system).path_to(state) and check(system).failures[0].path are paths"
            )
    if time not in ("any", "ordered"):
        raise ReplayError(f'time is "any" or "ordered", not {time!r}')
    from .replaying import replayed  # what runs it: `flowlet.introspect` says why

    return replayed(system, steps, network, time == "ordered", listed_events(events), examples)
