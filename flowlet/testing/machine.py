"""An actor as a rule-based state machine of hypothesis: one rule for each type of event.

Here nothing has to be explored: what an actor takes is asked of the actor itself, before each step.
So it is exact where guards decide, and good for actors whose states have no end.  A failing run is
printed as the calls that lead there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from flowlet import ActorRef, Dispatcher, explore
from flowlet.introspect import is_system

from .running import Properties, RunView, ask, make
from .sequences import LONGEST, Advance
from .values import Events, by_type


class ActorMachine(RuleBasedStateMachine):
    """What `machine_of` makes; rules and invariants can be added in a subclass.

    `dispatcher` and `actor` are those of this run; `view` is what properties see; `outputs` is all
    that the actor has given out.
    """

    #: The actor function, as a static method; `machine_of` sets it.
    target: ClassVar[Callable[..., Any]]

    def __init__(self) -> None:
        super().__init__()
        self._begin()

    def _begin(self) -> None:
        self.dispatcher: Dispatcher = Dispatcher()
        self.view: RunView = RunView(self.dispatcher)
        self.actor: ActorRef[Any] = self.dispatcher.spawn(self.target)
        self.outputs: list[Any] = []
        self.dispatcher.settle()

    def make(self, step: Any) -> None:
        """Send an event, or let time pass by an `Advance`, and do all that is ready."""
        make(self.dispatcher, self.actor, step)
        self.outputs += self.actor.take()

    def takes(self, kind: type) -> bool:
        """Whether the actor would take an event of this type now."""
        return any(issubclass(kind, wanted) for wanted in self.actor.accepts)

    def teardown(self) -> None:
        """Close the dispatcher."""
        self.dispatcher.close()

    @precondition(lambda self: self.dispatcher.next_deadline is not None and self.actor.alive)
    @rule()
    def advance(self) -> None:
        """The next time is up."""
        self.make(Advance())

    @precondition(lambda self: not self.actor.alive)
    @rule()
    def begin_again(self) -> None:
        """The actor has ended: a fresh one begins."""
        self.dispatcher.close()
        self._begin()

    @precondition(
        lambda self: (
            self.actor.alive and not self.actor.accepts and self.dispatcher.next_deadline is None
        )
    )
    @rule()
    def wait(self) -> None:
        """Nothing helps: it waits for somebody else."""


def machine_of(
    target: Callable[[], Any],
    *,
    always: Properties | None = None,
    never: Properties | None = None,
    events: Events | None = None,
    noise: bool = True,
) -> type[ActorMachine]:
    """A state machine of hypothesis for an actor function; its `TestCase` is a test.

    ```python
    unpaid = lambda v: v.actors[0].locals["paid"] < 0
    TestTurnstile = machine_of(turnstile, never={"unpaid": unpaid}).TestCase
    ```

    Each type of event is a rule, which applies where the actor takes it; another lets the next
    time be up, and `noise` adds one that lets some seconds pass and sends anything.  `always` and
    `never` are properties of a view, as `check` takes them.  `events` as for `event_sequences`;
    without them the function is explored to know the types.

    Raises `TypeError` for a system function, `ExploreError` where the types cannot be found.
    """
    if is_system(target):
        raise TypeError("machine_of takes an actor function; a system is explored by check(…)")
    kinds: Any = ()
    if events is None:
        kinds = getattr(explore(target, progress=lambda states, frontier: None), "kinds", ())
    strategies = by_type(events, kinds, target)
    body: dict[str, Any] = {"target": staticmethod(target), "__doc__": machine_of.__doc__}
    for kind, strategy in strategies.items():
        called = _rule_name(kind.__name__, body)
        body[called] = _sends(called, strategy, kind)
    if noise:
        body["anything"] = _anything(st.one_of(*strategies.values()))
    if always or never:
        body["properties_hold"] = invariant()(_holds(always, never))
    name = getattr(target, "__name__", "actor")
    return type(f"MachineOf{name.title().replace('_', '')}", (ActorMachine,), body)


def _sends(called: str, strategy: st.SearchStrategy[Any], kind: type) -> Any:
    """A rule of this name that sends an event of this type where it is taken."""

    def send(self: ActorMachine, event: Any) -> None:
        self.make(event)

    send.__name__ = send.__qualname__ = called  # as it is printed
    return precondition(lambda self: self.takes(kind))(rule(event=strategy)(send))


def _anything(strategy: st.SearchStrategy[Any]) -> Any:
    """A rule for what nobody waits for.

    It has two arguments: hypothesis prefers rules with fewer, and so those that are to the point.
    """

    def anything(self: ActorMachine, event: Any, after: int) -> None:
        if after:
            self.make(Advance(after))
        if self.actor.alive:
            self.make(event)

    times = st.integers(0, LONGEST)
    return precondition(lambda self: self.actor.alive)(rule(event=strategy, after=times)(anything))


def _holds(always: Properties | None, never: Properties | None) -> Callable[[Any], None]:
    def properties_hold(self: ActorMachine) -> None:
        ask(self.view, always, never, ())

    return properties_hold


def _rule_name(kind: str, taken: dict[str, Any]) -> str:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
    while name in taken or hasattr(ActorMachine, name):
        name += "_"
    return name
