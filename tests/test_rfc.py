"""examples/rfc: each machine has the edges of its RFC's figure and no other, and each runs.

The sixth machine of the truth, TCP, is compared in test_tcp.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from examples.rfc import dhcp, imap, quic, sip, tls
from examples.rfc.__main__ import MACHINES, main
from flowlet import Dispatcher, Event, explore, observe, pause, whereis
from flowlet.introspect import Exploration, StateGraph
from tests.commands import example

ROOT = Path(__file__).parents[1]
TRUTH = ROOT / "../shared/truth/fsm.json"

Triple = tuple[str, str, str]

# -- the figures -------------------------------------------------------------------------------

#: Under which name the truth has each machine.
FIGURES = {
    "dhcp": "dhcp_client",
    "imap": "imap_session",
    "quic": "quic_send",
    "sip": "sip_invite_client",
    "tls": "tls13_client",
}

#: Of each figure the words on its edges that the code does not use, and what it says for them.
#: What the figure draws as one is several here.  An edge without an event is `""`.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "dhcp": {
        "-": ("",),
        "DHCPACK (not accept)": ("DHCPACK [in_use == True]",),
        "DHCPOFFER, DHCPACK, DHCPNAK": ("DHCPOFFER", "DHCPACK", "DHCPNAK"),
        "DHCPNAK, lease expired": ("DHCPNAK", "lease expired"),
    },
    "imap": {
        "LOGIN or AUTHENTICATE ok": ("LOGIN", "AUTHENTICATE"),
        "SELECT or EXAMINE ok": ("SELECT", "EXAMINE"),
        "CLOSE, UNSELECT, unsolicited CLOSED, or failed SELECT/EXAMINE": (
            *("CLOSE", "UNSELECT", "CLOSED", "SELECT failed", "EXAMINE failed"),
        ),
        "LOGOUT, shutdown, or connection closed": (
            *("LOGOUT", "server shutdown", "connection closed"),
        ),
    },
    "quic": {
        "create stream (sending)": ("create stream",),
        "send RESET_STREAM": ("abandon", "recv STOP_SENDING"),  # the two reasons to send it
    },
    "sip": {"INVITE from TU": ("INVITE",)},
    "tls": {
        "send ClientHello": ("",),
        "recv HelloRetryRequest": ("HelloRetryRequest",),
        "recv ServerHello": ("ServerHello",),
        "recv EncryptedExtensions [PSK]": ("EncryptedExtensions [hello.psk]",),
        "recv EncryptedExtensions [certificate]": ("EncryptedExtensions [not hello.psk]",),
        "recv CertificateRequest": ("CertificateRequest",),
        "recv Certificate": ("Certificate",),
        "recv CertificateVerify": ("CertificateVerify",),
        "recv Finished": ("Finished",),
    },
}

#: Of each machine: unique states, terminal states, transitions; and the edges as they are drawn.
COUNTS = {
    "dhcp": (9, 0, 32, 20),
    "imap": (5, 1, 21, 21),
    "quic": (7, 2, 12, 12),
    "sip": (11, 1, 42, 13),
    "tls": (10, 1, 12, 10),
}


@pytest.fixture(scope="module", params=FIGURES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def explored(name: str) -> Exploration:
    return explore(MACHINES[name], time="ordered")


@pytest.fixture(scope="module")
def figure(name: str) -> dict[str, Any]:
    if not TRUTH.exists():
        pytest.skip(f"the edges of the figure are to be in {TRUTH}, which is not there")
    figure: dict[str, Any] = json.loads(TRUTH.read_text("utf-8"))[FIGURES[name]]
    return figure


def edges_of(graph: StateGraph) -> set[Triple]:
    """The edges of the code: a condition counts where the event alone leads to several places.

    The other way of a condition is called by its event alone, as it is in the figures.
    """
    targets: dict[tuple[str, str], set[str]] = {}
    for edge in graph.transitions:
        targets.setdefault((edge.source, edge.event), set()).add(edge.target)
    found = set()
    for edge in graph.transitions:
        conditional = len(targets[edge.source, edge.event]) > 1 and edge.guard != "else"
        event = f"{edge.event} [{edge.guard}]" if conditional else edge.event
        found.add((edge.source, event, edge.target))
    return found


def listed(edges: set[Triple]) -> str:
    return "".join(f"\n  {source} -- {event} -> {to}" for source, event, to in sorted(edges))


def test_it_has_the_edges_of_the_figure_and_no_other(
    name: str, explored: Exploration, figure: dict[str, Any]
) -> None:
    """None is missing, none is extra; through a table of names that has nothing too much."""
    assert {label for _, label, _ in figure["edges"]} >= set(NAMES[name])
    drawn = {
        (source, event, target)
        for source, label, target in figure["edges"]
        for event in NAMES[name].get(label, (label,))
    }
    found = edges_of(explored.graph)
    assert found == drawn, f"missing:{listed(drawn - found)}\nextra:{listed(found - drawn)}"


def test_it_has_the_states_of_the_figure(explored: Exploration, figure: dict[str, Any]) -> None:
    """Where it begins and where it ends, too."""
    graph = explored.graph
    assert set(graph.names()) == set(figure["states"])
    assert set(graph.initial) == set(figure["start"])
    assert {s.name for s in graph.states if s.kind == "final"} == set(figure["final"])


def test_exploring_it_is_complete(name: str, explored: Exploration) -> None:
    """The states and transitions are counted, to the last."""
    x = explored
    edges = len(x.graph.triples())
    assert x.complete is True
    assert (x.unique_states, x.terminal_states, x.transitions, edges) == COUNTS[name]


def test_what_is_passed_without_a_wait_is_transient() -> None:
    """INIT and INIT-REBOOT of DHCP, and START of TLS: the client sends, and is elsewhere."""
    passed = {
        (name, state.name)
        for name in ("dhcp", "tls")
        for state in explore(MACHINES[name], time="ordered").graph.states
        if state.kind == "transient"
    }
    assert passed == {("dhcp", "INIT"), ("dhcp", "INIT-REBOOT"), ("tls", "START")}


# -- running -----------------------------------------------------------------------------------


def play(actor: Callable[[], Any], *story: Event | float) -> list[tuple[float, str, list[Any]]]:
    """Tell a story, in which numbers are seconds: after each step the time, state and outputs."""
    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        told = [(d.now(), ref.state[-1], ref.take())]
        for step in story:
            if isinstance(step, Event):
                ref.send(step)
                d.settle()
            else:
                d.advance(step)
            told.append((d.now(), ref.state[-1], ref.take()))
        assert ref.error is None
        return told


def states(*told: tuple[float, str, list[Any]]) -> list[str]:
    return [state for _, state, _ in told]


# DHCP

ACK = dhcp.Ack(server="near", address="10.0.0.7", lease=800)
DISCOVER = dhcp.Discover()
USE = dhcp.Configure("10.0.0.7")
HALT = dhcp.HaltNetwork()


def test_a_dhcp_client_requests_the_longest_of_the_leases_that_it_is_offered() -> None:
    """It collects for five seconds after the first; what comes later is too late."""
    short, long = dhcp.Offer("near", 600), dhcp.Offer("far", 900)
    assert play(dhcp.client, 60, short, long, short, 5, dhcp.Offer("late", 9000), ACK) == [
        (0, "SELECTING", [DISCOVER]),
        (60, "SELECTING", []),
        (60, "SELECTING", []),
        (60, "SELECTING", []),
        (60, "SELECTING", []),
        (65, "REQUESTING", [dhcp.Request(server="far")]),
        (65, "REQUESTING", []),
        (65, "BOUND", [USE]),
    ]


def test_a_dhcp_client_renews_in_time_and_starts_anew_when_nobody_answers() -> None:
    """T1, T2 and the end of the lease count from the last DHCPACK, at 0.5, 0.875 and 1 of it."""
    asked_one = dhcp.Request(server="near", address="10.0.0.7")
    asked_all = dhcp.Request(address="10.0.0.7")
    story = (ACK, 400, 10, ACK, 399, dhcp.Nak(), 1, 300, 100)
    assert play(partial(dhcp.client, "10.0.0.7"), *story) == [
        (0, "REBOOTING", [asked_all]),
        (0, "BOUND", [USE]),
        (400, "RENEWING", [asked_one]),
        (410, "RENEWING", []),
        (410, "BOUND", [USE]),
        (809, "BOUND", []),
        (809, "BOUND", []),  # a DHCPNAK that nobody asked for
        (810, "RENEWING", [asked_one]),
        (1110, "REBINDING", [asked_all]),
        (1210, "SELECTING", [HALT, DISCOVER]),
    ]


@pytest.mark.parametrize("seconds", [400, 700], ids=["in RENEWING", "in REBINDING"])
def test_a_dhcp_client_that_is_refused_more_time_stops_at_once(seconds: float) -> None:
    """The lease would still run for a while."""
    told = play(partial(dhcp.client, "10.0.0.7"), ACK, seconds, dhcp.Nak())
    assert told[-1] == (seconds, "SELECTING", [HALT, DISCOVER])


def test_a_dhcp_client_declines_an_address_that_somebody_has() -> None:
    """It has found that out by asking on the network, and begins again."""
    taken = ACK.model_copy(update={"in_use": True})
    told = play(dhcp.client, dhcp.Offer("near", 600), 5, taken)
    assert told[-1] == (5, "SELECTING", [dhcp.Decline(), DISCOVER])


def test_a_dhcp_client_whose_old_address_is_refused_begins_at_init() -> None:
    """There is nothing to halt yet."""
    told = play(partial(dhcp.client, "10.0.0.7"), dhcp.Nak())
    assert told[-1] == (0, "SELECTING", [DISCOVER])


# IMAP


def test_an_imap_client_logs_in_reads_two_mailboxes_and_logs_out() -> None:
    """Selecting the second says CLOSED of the first before."""
    told = play(
        imap.imap_session,
        *(imap.Greeting("OK"), imap.Select(), imap.Login(), imap.Select()),
        *(imap.Closed(), imap.Examine(), imap.Logout()),
    )
    assert states(*told) == [
        *("greeting", "Not Authenticated", "Not Authenticated"),  # nobody selects before the login
        *("Authenticated", "Selected", "Authenticated", "Selected", "Logout"),
    ]


def test_the_greeting_says_where_an_imap_session_begins() -> None:
    """Whoever is known already need not log in; whoever is not wanted is out at once."""
    known = play(imap.imap_session, imap.Greeting("PREAUTH"), imap.Shutdown())
    assert states(*known) == ["greeting", "Authenticated", "Logout"]
    unwanted = play(imap.imap_session, imap.Greeting("BYE"))
    assert states(*unwanted) == ["greeting", "Logout"]


# QUIC


def test_a_quic_stream_sends_all_of_its_data_and_then_the_end() -> None:
    """In frames that fit into a packet; and is done when all has been acknowledged."""
    data = bytes(range(256)) * 10
    told = play(partial(quic.send_stream, data), quic.CreateStream(), quic.AllAcked())
    assert states(*told) == ["START", "Data Sent", "Data Recvd"]
    *frames, last = told[1][2]
    assert [frame.offset for frame in frames] == [0, quic.ROOM, 2 * quic.ROOM]
    assert b"".join(frame.data for frame in frames) == data
    assert last == quic.Stream(offset=len(data), data=b"", fin=True)


def test_a_quic_stream_passes_ready_and_send() -> None:
    """Each for a turn, in which the others run."""
    with Dispatcher() as d:
        seen = observe(d)
        d.spawn(quic.send_stream).send(quic.PeerCreatesStream())
        d.settle()
        assert seen.graph.triples() == {
            ("START", "peer creates bidirectional stream", "Ready"),
            ("Ready", "send STREAM / STREAM_DATA_BLOCKED", "Send"),
            ("Send", "send STREAM + FIN", "Data Sent"),
        }


@pytest.mark.parametrize(("turns", "frames"), [(1, []), (2, ["Stream"]), (9, ["Stream"] * 2)])
def test_a_quic_stream_is_reset_by_its_application(turns: int, frames: list[str]) -> None:
    """In Ready before anything is sent, in Send before the end is, and while it waits for ACKs."""

    def application() -> None:
        whereis("stream").send(quic.CreateStream())
        for _ in range(turns):
            pause()
        whereis("stream").send(quic.Abandon())

    with Dispatcher() as d:
        stream = d.spawn(quic.send_stream, name="stream")
        d.settle()
        d.spawn(application)
        d.settle()
        assert stream.state == ("Reset Sent",)
        assert [type(frame).__name__ for frame in stream.take()] == [*frames, "ResetStream"]
        stream.send(quic.ResetAcked())
        d.settle()
        assert stream.state == ("Reset Recvd",)


# SIP

INVITE = sip.Invite()
RINGING, OK, BUSY = sip.Provisional(180), sip.Success(200), sip.NonSuccess(486)


def sent(*story: Event | float) -> list[tuple[float, Any]]:
    """What an INVITE transaction puts out in a story, each with its time; it is over then."""
    with Dispatcher() as d:
        log: list[tuple[float, Any]] = []
        call = d.spawn(sip.invite_client, on_output=lambda value: log.append((d.now(), value)))
        d.settle()
        for step in story:
            if isinstance(step, Event):
                call.send(step)
                d.settle()
            else:
                d.advance(step)
        assert call.state == ("Terminated",)
        return log


def test_an_invite_that_nobody_answers_is_sent_at_intervals_that_double() -> None:
    """Timer A begins with half a second; Timer B ends it after 64 times that."""
    times = [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert sent(INVITE, 99) == [*((time, INVITE) for time in times), (32, sip.TimedOut())]


def test_ringing_ends_the_sending_and_may_last_long() -> None:
    """Neither Timer A nor Timer B runs any more."""
    assert sent(INVITE, 1, RINGING, 500, RINGING, 100, OK) == [
        *((0, INVITE), (0.5, INVITE), (1, RINGING)),
        *((501, RINGING), (601, OK)),
    ]


def test_a_refusal_is_acknowledged_as_often_as_it_comes() -> None:
    """For 32 seconds; the user hears of it once."""
    ack = sip.Ack()
    assert sent(INVITE, BUSY, 1, BUSY, 30, BUSY, 1) == [
        *((0, INVITE), (0, BUSY), (0, ack), (1, ack), (31, ack))
    ]


def test_the_user_hears_that_an_invite_or_an_ack_could_not_be_sent() -> None:
    """Either ends the transaction at once."""
    error = sip.TransportError()
    assert sent(INVITE, error) == [(0, INVITE), (0, error)]
    assert sent(INVITE, BUSY, 1, error)[-1] == (1, error)


# TLS

HELLO = tls.ClientHello()
FINISHED = tls.Finished()


def test_a_tls_client_checks_the_server_and_shows_its_own_certificate_when_asked() -> None:
    """The longest way, with a second hello."""
    told = play(
        tls.tls_client,
        *(tls.HelloRetryRequest(), tls.ServerHello(psk=False), tls.EncryptedExtensions()),
        *(tls.CertificateRequest(), tls.Certificate(), tls.CertificateVerify(), FINISHED),
    )
    assert states(*told) == [
        *("WAIT_SH", "WAIT_SH", "WAIT_EE", "WAIT_CERT_CR"),
        *("WAIT_CERT", "WAIT_CV", "WAIT_FINISHED", "CONNECTED"),
    ]
    assert [told[0][2], told[1][2]] == [[HELLO], [HELLO]]
    assert told[-1][2] == [tls.Certificate(), tls.CertificateVerify(), FINISHED]


def test_a_tls_client_that_shares_a_key_with_the_server_needs_no_certificate() -> None:
    """The shortest way."""
    told = play(tls.tls_client, tls.ServerHello(psk=True), tls.EncryptedExtensions(), FINISHED)
    assert states(*told) == ["WAIT_SH", "WAIT_EE", "WAIT_FINISHED", "CONNECTED"]
    assert told[-1][2] == [FINISHED]


# -- the command -------------------------------------------------------------------------------


def test_the_command_tells_a_story(tmp_path: Path) -> None:
    """When, what came, where that led, and what was sent."""
    done = example("rfc", "sip", "run", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    words = [line.split() for line in done.stdout.splitlines()]
    assert words[:3] == [["0.00", "START"], ["0.00", "Invite", "Calling"], [">", "Invite"]]


def test_the_command_draws_the_machine(tmp_path: Path) -> None:
    """It lists the edges, and says where the picture is."""
    done = example("rfc", "tls", "graph", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WAIT_CV -- CertificateVerify -> WAIT_FINISHED\n" in done.stdout
    assert done.stdout.endswith("drawn in out/tls.svg\n")
    assert "<svg" in (tmp_path / "out" / "tls.svg").read_text("utf-8")


def test_every_story_comes_to_its_end(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a final state; for DHCP, which has none, with the next attempt."""
    assert main([name, "run"]) == 0
    last = [line for line in capsys.readouterr().out.splitlines() if ">" not in line][-1]
    ends = {"dhcp": "SELECTING", "imap": "Logout", "quic": "Data Recvd", "sip": "Terminated"}
    assert last.endswith(ends.get(name, "CONNECTED"))


def test_without_a_verb_the_command_says_which_there_are(tmp_path: Path) -> None:
    """A wrong one is an error."""
    done = example("rfc", folder=tmp_path)
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-2]] == list(MACHINES)
    assert example("rfc", "sip", "dance", folder=tmp_path).returncode == 2
