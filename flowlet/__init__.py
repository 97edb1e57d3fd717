"""flowlet: a state machine written as an ordinary function; where it waits are its states."""

from .actor import ActorRef
from .blocks import state, until
from .clock import RealClock, VirtualClock
from .dispatcher import Dispatcher
from .errors import (
    ActorEndedError,
    ActorStuckError,
    ChildFailedError,
    DeadlockError,
    ExploreError,
    FlowletError,
    IllegalCallError,
    NotAnEventTypeError,
    UnexpectedEventError,
)
from .events import Delay, Event, Timeout
from .handlers import on
from .introspect import StateGraph, draw, explore, observe
from .waits import (
    actor,
    become,
    emit,
    flow,
    me,
    now,
    parallel,
    pause,
    race,
    receive,
    sleep,
    spawn,
    whereis,
)

__all__ = [
    # writing actors
    "actor",
    "become",
    "Delay",
    "emit",
    "Event",
    "flow",
    "me",
    "now",
    "on",
    "parallel",
    "pause",
    "race",
    "receive",
    "sleep",
    "spawn",
    "state",
    "Timeout",
    "until",
    "whereis",
    # running them
    "ActorRef",
    "Dispatcher",
    "RealClock",
    "VirtualClock",
    # seeing the machine
    "draw",
    "explore",
    "observe",
    "StateGraph",
    # what can go wrong
    "ActorEndedError",
    "ActorStuckError",
    "ChildFailedError",
    "DeadlockError",
    "ExploreError",
    "FlowletError",
    "IllegalCallError",
    "NotAnEventTypeError",
    "UnexpectedEventError",
]
