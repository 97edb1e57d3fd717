"""flowlet: write a state machine as an ordinary function; the places where it waits are its states."""

from .actor import ActorRef
from .clock import RealClock, VirtualClock
from .dispatcher import Dispatcher
from .errors import (
    ActorEndedError,
    ChildFailedError,
    DeadlockError,
    ExploreError,
    FlowletError,
    IllegalCallError,
    NotAnEventTypeError,
    UnexpectedEventError,
)
from .events import Delay, Event, Timeout
from .introspect import draw, explore, observe
from .waits import (
    actor,
    become,
    emit,
    flow,
    me,
    now,
    receive,
    sleep,
    spawn,
    state,
    until,
    whereis,
)
