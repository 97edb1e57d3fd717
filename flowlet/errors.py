"""Every error that flowlet raises, and the exceptions that it unwinds an actor with.

Two families.  `FlowletError` is for people: its message says what came, what was expected and
what to do, and its attributes say the same to a program.  `Unwinding` is for the kernel: it
carries a stop, a jump or the leaving of a block up an actor's stack, so that `finally` runs.  It
derives from `BaseException`, so that `except Exception` in an actor cannot swallow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .actor import ActorRef


class FlowletError(Exception):
    """The base of all errors of flowlet, for `except FlowletError`."""


class IllegalCallError(FlowletError, RuntimeError):
    """A call where it makes no sense: a wait outside an actor, a run in a run, a wrong thread."""


class NotAnEventTypeError(FlowletError, TypeError):
    """A class is missing where the type of an event belongs, or stands where an event belongs."""


class ActorEndedError(FlowletError):
    """An event was sent, from outside the run, to an actor that has ended."""

    def __init__(self, message: str, actor: ActorRef[Any], event: object) -> None:
        super().__init__(message)
        self.actor = actor
        self.event = event


class UnexpectedEventError(FlowletError):
    """An actor with `unexpected="raise"` met an event that nothing in it takes."""

    def __init__(self, message: str, actor: ActorRef[Any], event: object) -> None:
        super().__init__(message)
        self.actor = actor
        self.event = event


class ChildFailedError(FlowletError):
    """A child actor failed and nobody watched it; `__cause__` is the child's own error."""

    def __init__(self, message: str, child: ActorRef[Any]) -> None:
        super().__init__(message)
        self.child = child


class ActorStuckError(FlowletError):
    """An actor did not reach a wait for too long, or swallows what should end it."""

    def __init__(self, message: str, actor: ActorRef[Any]) -> None:
        super().__init__(message)
        self.actor = actor


class NoReplyError(FlowletError):
    """A request is not going to be answered: who was asked has ended, or threw it away."""

    def __init__(self, message: str, actor: ActorRef[Any], request: object) -> None:
        super().__init__(message)
        self.actor = actor
        self.request = request


class MailboxFullError(FlowletError):
    """An event was sent to an actor that has as many unread ones as `@actor(mailbox=…)` allows."""

    def __init__(self, message: str, actor: ActorRef[Any], event: object, limit: int) -> None:
        super().__init__(message)
        self.actor = actor
        self.event = event
        self.limit = limit


class RestartLimitError(FlowletError):
    """A supervised child ended more often than it may be restarted; `cause` is its last error.

    `count` is how often it and the others were restarted within the time that counts.
    """

    def __init__(
        self, message: str, child: ActorRef[Any], count: int, cause: BaseException | None
    ) -> None:
        super().__init__(message)
        self.child = child
        self.count = count
        self.cause = cause
        self.__cause__ = cause


class DeadlockError(FlowletError):
    """A run cannot go on: every actor waits and nothing is on its way."""


class KeptMailWarning(UserWarning):
    """An actor keeps very much mail at one wait: it may wait for nothing that will come."""


class ParseError(FlowletError):
    """The bytes of a stream are not what the parser takes; final for this stream.

    `offset`: how many bytes of the stream stand before the mistake.  `reason`: what is wrong.
    `outputs`: what the call of `Parser` that raises it had given out before.  Both are the same
    however the bytes were cut.  Derive from it to tell more: the status of an answer, a code.
    """

    def __init__(self, offset: int, reason: str, outputs: Iterable[Any] = ()) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason
        self.outputs: list[Any] = list(outputs)

    def __str__(self) -> str:
        return f"at byte {self.offset}: {self.reason}"

    def again(self) -> ParseError:
        """The same error for a later call, which has given out nothing."""
        twin = type(self).__new__(type(self), *self.args)
        twin.__dict__.update(self.__dict__, outputs=[])
        twin.__cause__ = self.__cause__
        return twin


class TooLongError(ParseError):
    """What a read was to find did not come within its `limit` of bytes."""

    def __init__(self, offset: int, reason: str, limit: int) -> None:
        super().__init__(offset, reason)
        self.limit = limit


class StreamEndedError(ParseError):
    """The stream ended in the midst of what was to be read."""


class ConnectionLostError(StreamEndedError):
    """A connection broke; whoever reads or writes it is told.  `__cause__` is what broke it."""


class ExploreError(FlowletError):
    """A function cannot be explored as it is; the message names the line and the way out."""


class ReplayError(FlowletError):
    """A recorded step cannot be taken where it stands; the message names it, and what could be."""


class Unwinding(BaseException):
    """What flowlet throws through an actor; never to be caught and kept."""


class Stopped(Unwinding):
    """The actor is being stopped: clean-up runs, then it ends."""


class Stuck(Unwinding):
    """The watchdog ends an actor that does not reach a wait."""


class Leave(Unwinding):
    """An `until` block is being left: `Leave(block)`."""

    # No __init__ of its own, here and below: Python makes these three times as fast without.


class Jump(Unwinding):
    """`become`: the nearest `flow`, or the actor, goes on as another: `Jump(fn, args, kwargs)`."""


def bare(error: BaseException | None) -> BaseException | None:
    """The error; of a group that `except*` has made of what flowlet throws, the first of that.

    Python wraps whatever is raised inside an `except*` (PEP 654), and a stop is still a stop.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    inside = [bare(each) for each in error.exceptions]
    return inside[0] if all(isinstance(each, Unwinding) for each in inside) else error
