"""Running a sequence of steps on a real actor, with properties that hold all the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowlet import ActorRef, Dispatcher
from flowlet.instrument import Record, Spawned
from flowlet.introspect import is_system
from flowlet.introspect.view import SceneActor

from .sequences import Advance

#: Named properties of a view, as `check` takes them.
Properties = Mapping[str, Callable[[Any], object]]


@dataclass(frozen=True)
class Ran:
    """What came of a run: where the actor is, what it gave out, and what it threw away."""

    state: tuple[Any, ...]
    alive: bool
    result: Any
    outputs: tuple[Any, ...]
    discarded: int
    #: The steps that were taken; after its end an actor takes no more.
    steps: tuple[Any, ...]


class RunView:
    """A run as properties see it: what the view of `check` is for a state that was explored.

    `v.actors` and `v[name]` have `state`, `alive`, `result` and `locals`; ended actors are among
    them.  `v.cells` has the shared cells.  Nothing is in flight: a property is asked when all that
    was ready has been done.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._refs: list[ActorRef[Any]] = list(dispatcher.actors)
        dispatcher.listen(self._hear)

    def _hear(self, record: Record) -> None:
        if type(record) is Spawned:
            self._refs.append(record.actor)

    @property
    def actors(self) -> list[SceneActor]:
        """All actors in the order in which they were spawned."""
        return [SceneActor(ref, ref.name) for ref in self._refs]

    def __getitem__(self, name: str) -> SceneActor:
        for ref in reversed(self._refs):
            if ref.name == name:
                return SceneActor(ref, name)
        there = ", ".join(ref.name for ref in self._refs)
        raise KeyError(f"there is no actor {name!r}; there are {there}")

    @property
    def cells(self) -> dict[str, Any]:
        """The values of the shared cells, by name."""
        return {name: cell.value for name, cell in self._dispatcher.cells.named.items()}

    @property
    def in_flight(self) -> list[Any]:
        """Nothing."""
        return []

    def in_flight_between(self, sender: str, receiver: str) -> list[Any]:
        """Nothing."""
        return []


def run_sequence(
    target: Callable[..., Any],
    steps: Iterable[Any],
    *,
    always: Properties | None = None,
    never: Properties | None = None,
    seed: int = 0,
) -> Ran:
    """Run an actor function through some steps: events are sent, an `Advance` lets time pass.

    ```python
    ran = run_sequence(turnstile, [Coin(), Advance(), Push()])
    ran.state, ran.discarded        # ('locked',), 1
    ```

    After each step everything that is ready is done, and each property of `always` must hold on
    the view (see `RunView`), each of `never` must not.  The same properties can be given to
    `check`.  The run ends with the steps, or with the actor.

    Raises `AssertionError` where a property fails, with the steps up to there, and whatever the
    actor raises.
    """
    if is_system(target):
        raise TypeError("run_sequence takes an actor function; a system is explored by check(…)")
    taken: list[Any] = []
    with Dispatcher(seed=seed) as d:
        view = RunView(d)
        ref = d.spawn(target)
        outputs: list[Any] = []
        d.settle()
        ask(view, always, never, taken)
        for step in steps:
            if not ref.alive:
                break
            taken.append(step)
            make(d, ref, step)
            outputs += ref.take()
            ask(view, always, never, taken)
        outputs += ref.take()
        return Ran(ref.state, ref.alive, ref.result, tuple(outputs), ref.discarded, tuple(taken))


def make(dispatcher: Dispatcher, ref: ActorRef[Any], step: Any) -> None:
    """Make one step, and do all that is ready then."""
    if not isinstance(step, Advance):
        ref.send(step)
        dispatcher.settle()
    elif step.seconds is not None:
        dispatcher.advance(step.seconds)
    elif dispatcher.next_deadline is not None:
        dispatcher.run(until=dispatcher.next_deadline)


def ask(
    view: RunView, always: Properties | None, never: Properties | None, taken: Sequence[Any]
) -> None:
    """Ask all properties."""
    for properties, wanted in ((always, True), (never, False)):
        for name, holds in (properties or {}).items():
            if bool(holds(view)) is not wanted:
                raise AssertionError(_failure(name, wanted, view, taken))


def _failure(name: str, wanted: bool, view: RunView, taken: Sequence[Any]) -> str:
    where = ", ".join(f"{actor.name} in {'/'.join(map(str, actor.state))}" for actor in view.actors)
    lines = [
        f"{'always' if wanted else 'never'}: {name}: "
        f"{'does not hold' if wanted else 'holds'} here: {where}"
    ]
    lines += [f"{number:4}. {step!r}" for number, step in enumerate(taken, 1)]
    return "\n".join(lines)
