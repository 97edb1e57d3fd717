"""The INVITE transaction of a SIP client: RFC 3261, section 17.1.1 and its Figure 5.

    python -m examples.rfc sip run
    python -m examples.rfc sip graph

It stands between the transaction user (TU), which wants to call somebody, and a transport that
loses packets, as UDP does.  Over TCP there would be no Timer A, and Timer D would be zero.

Timer B runs while Timer A goes off again and again, so exploring has to let the earliest go first.
"""

from __future__ import annotations

from pydantic import Field

from flowlet import Delay, Event, Timeout, emit, receive, state, until

#: How long a packet takes there and back, as far as anybody knows (section 17.1.1.1).
T1 = 0.5
TIMER_B = Delay("Timer B fires", 64 * T1)
TIMER_D = Delay("Timer D fires", 32)


class Invite(Event):
    """What the TU wants sent, and then what is sent."""

    label = "INVITE"


# What the transport brings, and the TU gets.


class Provisional(Event):
    label = "1xx"

    status: int = Field(ge=100, le=199, examples=[180])


class Success(Event):
    label = "2xx"

    status: int = Field(ge=200, le=299, examples=[200])


class NonSuccess(Event):
    """A final answer, but not the wanted one."""

    label = "300-699"

    status: int = Field(ge=300, le=699, examples=[486])


class TransportError(Event):
    label = "transport error"


# Further outputs.


class Ack(Event):
    """To the server: its answer has arrived.  The ACK of a 2xx is the TU's."""

    label = "ACK"


class TimedOut(Event):
    """To the TU: nobody has answered at all."""

    label = "timeout"


Answer = Provisional | Success | NonSuccess | TransportError | TimedOut


def invite_client() -> None:
    """One INVITE of the TU, from its sending to the last answer."""
    invite = receive(Invite, at="START")
    answer = calling(invite)
    emit(answer)
    while isinstance(answer, Provisional):
        # Somebody is there, which ends all sending again.  It may ring for long.
        answer = receive(Provisional, Success, NonSuccess, at="Proceeding")
        emit(answer)
    if isinstance(answer, NonSuccess):
        completed()
    with state("Terminated"):
        return


def calling(invite: Invite) -> Answer:
    """Section 17.1.1.2: send the INVITE, and again after T1, 2*T1, 4*T1 …, until Timer B fires."""
    wait = T1
    with until(after=TIMER_B):
        while True:
            emit(invite)
            answer = receive(
                *(Provisional, Success, NonSuccess, TransportError),
                after=Delay("Timer A fires", wait),
                at="Calling",
            )
            if not isinstance(answer, Timeout):
                return answer
            wait *= 2
    return TimedOut()


def completed() -> None:
    """The ACK may be lost, and then the answer comes again: stay for 32 seconds, and repeat it."""
    with until(after=TIMER_D):
        while True:
            emit(Ack())
            match receive(NonSuccess, TransportError, at="Completed"):
                case NonSuccess():
                    pass  # the TU has it already
                case TransportError() as error:
                    emit(error)
                    return
