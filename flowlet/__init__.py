"""flowlet: a state machine written as an ordinary function; where it waits are its states."""

from .actor import ActorRef
from .blocks import state, until
from .cells import Cell
from .chance import choose, rng
from .clock import RealClock, VirtualClock
from .conditions import wait_until
from .dispatcher import Dispatcher
from .effects import perform
from .errors import (
    ActorEndedError,
    ActorStuckError,
    ChildFailedError,
    ConnectionLostError,
    DeadlockError,
    ExploreError,
    FlowletError,
    IllegalCallError,
    KeptMailWarning,
    MailboxFullError,
    NoReplyError,
    NotAnEventTypeError,
    ParseError,
    ReplayError,
    RestartLimitError,
    StreamEndedError,
    TooLongError,
    UnexpectedEventError,
)
from .events import Delay, Event, Timeout
from .handlers import on
from .introspect import StateGraph, draw, explore, observe, play
from .jumps import become, flow
from .options import actor
from .requests import Request
from .stream import Parser, Stream
from .supervision import child, supervise
from .waits import (
    emit,
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
from .watching import Exited, watch

__all__ = [
    # writing actors
    "actor",
    "become",
    "child",
    "choose",
    "Delay",
    "emit",
    "Event",
    "Exited",
    "flow",
    "me",
    "now",
    "on",
    "parallel",
    "pause",
    "perform",
    "race",
    "receive",
    "Request",
    "rng",
    "sleep",
    "spawn",
    "state",
    "Stream",
    "supervise",
    "Timeout",
    "until",
    "wait_until",
    "watch",
    "whereis",
    # running them
    "ActorRef",
    "Cell",
    "Dispatcher",
    "Parser",
    "RealClock",
    "VirtualClock",
    # seeing the machine
    "draw",
    "explore",
    "observe",
    "play",
    "StateGraph",
    # what can go wrong
    "ActorEndedError",
    "ActorStuckError",
    "ChildFailedError",
    "ConnectionLostError",
    "DeadlockError",
    "ExploreError",
    "FlowletError",
    "IllegalCallError",
    "KeptMailWarning",
    "MailboxFullError",
    "NoReplyError",
    "NotAnEventTypeError",
    "ParseError",
    "ReplayError",
    "RestartLimitError",
    "StreamEndedError",
    "TooLongError",
    "UnexpectedEventError",
]
