"""A TCP connection as ordinary functions: the state machine of RFC 9293, section 3.3.2.

Each function is a state or two and reads as the RFC tells it: wait, look at what came, go on.
Where the way leads on, it simply goes on to the next `receive`; where ways meet, it `become`s
the function they meet in.  The places that wait are the states of the RFC's Figure 5, under its
names, and its edges are the ways between them.  `python -m examples.tcp` draws them.

Three things that the figure leaves to its notes:

- Note 1: a reset in SYN-RECEIVED leads back to LISTEN, but only where a passive OPEN led there.
- Note 2: a FIN that also acknowledges ours takes FIN-WAIT-1 straight to TIME-WAIT.  Here it is
  told as what it is, two things in their order: the ACK of our FIN, then the FIN.  The same holds
  for every segment that says several things at once.
- Note 3: a reset ends the connection in any state.  The figure does not draw it; here it is the
  one `until` round all of them, and so is the user's ABORT.
"""

from __future__ import annotations

from flowlet import Delay, Event, become, flow, receive, state, until

# What the user of the connection calls (RFC 9293, section 3.9.1).


class PassiveOpen(Event):
    label = "passive OPEN"


class ActiveOpen(Event):
    label = "active OPEN"


class Send(Event):
    label = "SEND"


class Close(Event):
    label = "CLOSE"


class Abort(Event):
    label = "ABORT"


# What segments say.


class Syn(Event):
    label = "rcv SYN"


class SynAck(Event):
    label = "rcv SYN,ACK"


class AckOfSyn(Event):
    label = "rcv ACK of SYN"


class Fin(Event):
    label = "rcv FIN"


class AckOfFin(Event):
    label = "rcv ACK of FIN"


class Rst(Event):
    label = "rcv RST"


#: The RFC's segment lifetime is two minutes, which no system waits twice; Linux waits 60 seconds
#: in all (its constant TCP_TIMEWAIT_LEN).
TWO_MSL = Delay("timeout 2MSL", 60.0)


def connection() -> None:
    """One end of a connection, client or server; CLOSED is where there is none."""
    while True:
        opened = receive(PassiveOpen, ActiveOpen, at="CLOSED")
        with until(Rst, Abort), state("connection"):
            flow(listen if isinstance(opened, PassiveOpen) else syn_sent)


def listen() -> None:
    """A server waits for whoever comes."""
    while True:
        match receive(Syn, Send, Close, at="LISTEN"):
            case Syn():
                with until(Rst):  # and then it listens again
                    syn_received()
            case Send():
                become(syn_sent)
            case Close():
                return


def syn_sent() -> None:
    """A client has sent its SYN.  An answer without an ACK is a SYN that crossed ours."""
    match receive(Syn, SynAck, Close, at="SYN-SENT"):
        case SynAck():
            become(established)
        case Syn():
            syn_received()
        case Close():
            return


def syn_received() -> None:
    """Both have sent their SYN; ours is not acknowledged yet."""
    match receive(AckOfSyn, Close, at="SYN-RECEIVED"):
        case AckOfSyn():
            become(established)
        case Close():
            become(close_first)


def established() -> None:
    """The data goes to and fro, until one end has said all that it had to say."""
    match receive(Fin, Close, at="ESTABLISHED"):
        case Close():
            become(close_first)
        case Fin():
            receive(Close, at="CLOSE-WAIT")
            receive(AckOfFin, at="LAST-ACK")


def close_first() -> None:
    """We have sent our FIN first, or both FINs cross."""
    match receive(AckOfFin, Fin, at="FIN-WAIT-1"):
        case AckOfFin():
            receive(Fin, at="FIN-WAIT-2")
        case Fin():
            receive(AckOfFin, at="CLOSING")
    # The last ACK may be lost and asked for again: somebody has to stay and answer.  Being asked
    # starts the time anew (RFC 9293, section 3.10.7.4), which the figure does not draw.
    receive(after=TWO_MSL, at="TIME-WAIT")
