"""examples/tcp: the machine is that of the RFC, and packets tell what the ends went through.

A conversation is told in lines, one for each packet: `0.02 client ACK,FIN 201 ack 1 size 200` has
the seconds, who sends, the flags, and sequence numbers that count from the sender's first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from examples.tcp.connection import (
    Abort,
    AckOfFin,
    AckOfSyn,
    ActiveOpen,
    Close,
    Fin,
    PassiveOpen,
    Rst,
    Send,
    Syn,
    SynAck,
    connection,
)
from examples.tcp.ends import Connection
from examples.tcp.follow import SILENCE, Follower
from examples.tcp.packets import Capture, Segment
from examples.tcp.show import machine, rfc_name
from flowlet import Dispatcher, explore
from flowlet.introspect import StateGraph

ROOT = Path(__file__).parents[1]
CAPTURE = ROOT / "examples" / "tcp" / "capture.pcap"
TRUTH = ROOT / "../shared/truth/fsm.json"

# -- the machine -------------------------------------------------------------------------------

#: What the figure calls what the code calls so.
FIGURE_NAMES = {
    PassiveOpen.label: "passive OPEN",
    ActiveOpen.label: "active OPEN",
    Send.label: "SEND",
    Close.label: "CLOSE",
    Syn.label: "rcv SYN",
    SynAck.label: "rcv SYN,ACK",
    AckOfSyn.label: "rcv ACK of SYN",
    Fin.label: "rcv FIN",
    AckOfFin.label: "rcv ACK of FIN",
    Rst.label: "rcv RST",
    "timeout 2MSL": "timeout 2MSL",
}


@pytest.fixture(scope="module")
def graph() -> StateGraph:
    return explore(connection).graph


def figure(graph: StateGraph) -> set[tuple[str, str, str]]:
    """The edges that the RFC draws: all but those of the `until` round the states."""
    return {
        (rfc_name(edge.source), FIGURE_NAMES[edge.event], rfc_name(edge.target))
        for edge in graph.transitions
        if edge.border is None
    }


def test_exploring_is_complete_and_small() -> None:
    """SYN-RECEIVED counts twice: only after a passive OPEN does a reset lead back to LISTEN."""
    x = explore(connection)
    assert x.complete is True
    assert (x.unique_states, x.terminal_states, x.transitions) == (12, 0, 43)
    assert len(x.graph.names()) == 11
    assert x.graph.initial == ("CLOSED",)


def test_it_is_the_machine_of_the_rfc(graph: StateGraph) -> None:
    """The 11 states and 20 edges of RFC 9293, section 3.3.2, Figure 5, and no other."""
    if not TRUTH.exists():
        pytest.skip(f"the edges of the figure are to be in {TRUTH}, which is not there")
    truth = json.loads(TRUTH.read_text("utf-8"))["tcp"]
    expected = {tuple(edge) for edge in truth["edges"]}
    found = figure(graph)
    assert {rfc_name(name) for name in graph.names()} == set(truth["states"])
    assert (expected - found, found - expected) == (set(), set()), "(missing, extra)"
    assert len(found) == 20


def test_reset_and_abort_lead_out_of_every_state(graph: StateGraph) -> None:
    """Both are drawn once, from the border; note 3 of the figure leaves them out."""
    out = [edge for edge in graph.transitions if edge.border is not None]
    inside = {name for name in graph.names() if name != "CLOSED"}
    assert {edge.border for edge in out} == {"connection"}
    assert {edge.target for edge in out} == {"CLOSED"}
    assert {edge.source for edge in out if edge.event == Rst.label} == inside
    assert {edge.source for edge in out if edge.event == Abort.label} == inside
    assert len(out) == 20


def test_a_client_and_a_server_open_and_close() -> None:
    """The way of most connections, by hand."""
    with Dispatcher() as d:
        client, server = d.spawn(connection), d.spawn(connection)
        d.settle()
        for end, event in [
            (server, PassiveOpen()),
            (client, ActiveOpen()),
            (server, Syn()),
            (client, SynAck()),
            (server, AckOfSyn()),
        ]:
            end.send(event)
            d.settle()
        assert client.state == server.state == ("connection", "ESTABLISHED")
        for end, event in [
            (client, Close()),
            (server, Fin()),
            (client, AckOfFin()),
            (server, Close()),
            (client, Fin()),
            (server, AckOfFin()),
        ]:
            end.send(event)
            d.settle()
        assert [*client.state, *server.state] == ["connection", "TIME-WAIT", "CLOSED"]
        d.run()
        assert [d.now(), *client.state] == [60.0, "CLOSED"]


def test_after_a_passive_open_a_reset_leads_back_to_listen() -> None:
    """Note 1 of the figure; whoever opened actively is back in CLOSED."""
    with Dispatcher() as d:
        server, client = d.spawn(connection), d.spawn(connection)
        for end, opening in ((server, PassiveOpen()), (client, ActiveOpen())):
            for event in (opening, Syn(), Rst()):
                end.send(event)
        d.settle()
        assert [*server.state, *client.state] == ["connection", "LISTEN", "CLOSED"]


# -- telling of packets ------------------------------------------------------------------------

FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "ACK": 16}
ENDS = {"client": (b"\x0a\0\0\1", 4000), "server": (b"\x0a\0\0\2", 80)}
LINE = re.compile(
    r"(?P<time>\S+) (?P<who>client|server) (?P<flags>\S+) (?P<seq>\d+)"
    r"(?: ack (?P<ack>\d+))?(?: size (?P<size>\d+))?(?: window (?P<window>\d+))?$"
)

OPEN = """
    0.00 client SYN 0
    0.01 server SYN,ACK 0 ack 1
    0.02 client ACK 1 ack 1
"""
CLIENT_CLOSES = """
    1.00 client FIN,ACK 1 ack 1
    1.01 server ACK 1 ack 2
    1.10 server FIN,ACK 1 ack 2
    1.11 client ACK 2 ack 2
"""


def read(story: str, client: int = 1000, server: int = 70_000) -> list[Segment]:
    """The segments of a conversation; `client` and `server` are their first sequence numbers."""
    first = {"client": client, "server": server}
    segments = []
    for line in filter(None, map(str.strip, story.splitlines())):
        told = LINE.match(line)
        assert told is not None, line
        who = told["who"]
        other = "server" if who == "client" else "client"
        (source, source_port), (target, target_port) = ENDS[who], ENDS[other]
        segments.append(
            Segment(
                float(told["time"]),
                (source, target, source_port, target_port),
                (first[who] + int(told["seq"])) % 2**32,
                (first[other] + int(told["ack"])) % 2**32 if told["ack"] else 0,
                sum(FLAGS[flag] for flag in told["flags"].split(",")),
                int(told["window"] or 8000),
                b"",
                int(told["size"] or 0),
            )
        )
    return segments


def follow(*stories: str, client: int = 1000, server: int = 70_000) -> list[Connection]:
    """The connections that are found in a conversation, as they began."""
    found: list[Connection] = []
    follower = Follower(found.append)
    for segment in read("\n".join(stories), client, server):
        follower.segment(segment)
    follower.finish()
    return sorted(found, key=lambda each: each.number)


def only(*stories: str, client: int = 1000, server: int = 70_000) -> Connection:
    """The one connection of a conversation."""
    (found,) = follow(*stories, client=client, server=server)
    return found


def passed(found: Connection) -> tuple[str, str]:
    """The states of client and server, each with its time, as text."""
    client, server = (
        " ".join(f"{state}@{time:.2f}" for time, state in end.passed) for end in found.ends
    )
    return client, server


def names(found: Connection) -> tuple[str, str]:
    """The states of client and server, as text."""
    client, server = (" ".join(state for _, state in end.passed) for end in found.ends)
    return client, server


# -- what packets tell -------------------------------------------------------------------------


def test_each_end_is_told_what_it_did_and_what_it_got() -> None:
    """A SYN or FIN counts as received when it is acknowledged; a bare ACK, after the usual time."""
    found = only(OPEN, CLIENT_CLOSES)
    assert found.outcome == "closed by the client"
    client, server = passed(found)
    assert client == (
        "SYN-SENT@0.00 ESTABLISHED@0.02 FIN-WAIT-1@1.00 FIN-WAIT-2@1.02 TIME-WAIT@1.11"
    )
    assert server == (
        "LISTEN@0.01 SYN-RECEIVED@0.01 ESTABLISHED@0.03 CLOSE-WAIT@1.01 LAST-ACK@1.10 CLOSED@1.12"
    )
    assert found.odd == 0


def test_time_wait_ends_by_the_clock_of_the_capture() -> None:
    """A packet of anybody, 2MSL later, is enough for the time to have passed."""
    found: list[Connection] = []
    follower = Follower(found.append)
    for segment in read(OPEN + CLIENT_CLOSES):
        follower.segment(segment)
    assert found == []
    later = read("61.20 client SYN 0")[0]
    follower.segment(later._replace(key=(b"\x0a\0\0\7", b"\x0a\0\0\7", 1, 2)))
    assert passed(found[0])[0].endswith("TIME-WAIT@1.11 CLOSED@61.11")


def test_what_is_after_the_capture_is_not_told() -> None:
    """An ACK that was seen on its way still arrives; TIME-WAIT is left where it is."""
    found = only(OPEN, CLIENT_CLOSES, "61.10 client ACK 2 ack 2")
    client, server = names(found)
    assert (client.split()[-1], server.split()[-1]) == ("TIME-WAIT", "CLOSED")


def test_fins_that_cross_lead_both_to_closing() -> None:
    """The server's FIN does not acknowledge the client's: it had not come yet."""
    found = only(
        OPEN,
        """
        1.000 client FIN,ACK 1 ack 1
        1.001 server FIN,ACK 1 ack 1
        1.011 client ACK 2 ack 2
        1.011 server ACK 2 ack 2
        """,
    )
    assert found.outcome == "closed by both at once"
    assert names(found) == (
        "SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT",
        "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT",
    )


def test_a_fin_that_acknowledges_one_is_two_things_in_order() -> None:
    """The figure's note 2, told by the edges that the figure has."""
    found = only(
        OPEN,
        """
        1.00 client FIN,ACK 1 ack 1
        1.01 server FIN,ACK 1 ack 2
        1.02 client ACK 2 ack 2
        """,
    )
    assert names(found)[0].endswith("FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    assert names(found)[1].endswith("CLOSE-WAIT LAST-ACK CLOSED")


def test_syns_that_cross_lead_both_to_syn_received() -> None:
    """Both open actively; the SYN,ACKs are the acknowledgments."""
    found = only("""
        0.000 client SYN 0
        0.001 server SYN 0
        0.011 server SYN,ACK 0 ack 1
        0.012 client SYN,ACK 0 ack 1
        0.100 client ACK 1 ack 1 size 10
        """)
    assert names(found) == (
        "SYN-SENT SYN-RECEIVED ESTABLISHED",
        "SYN-SENT SYN-RECEIVED ESTABLISHED",
    )


def test_a_close_in_syn_received_leads_to_fin_wait_1() -> None:
    """The client closes before the acknowledgment of its SYN can have reached it."""
    found = only("""
        0.000 client SYN 0
        0.001 server SYN 0
        0.010 server SYN,ACK 0 ack 1
        0.011 client SYN,ACK 0 ack 1
        0.015 client FIN,ACK 1 ack 1
        0.040 server ACK 1 ack 2
        """)
    assert names(found)[0] == "SYN-SENT SYN-RECEIVED FIN-WAIT-1 FIN-WAIT-2"


def test_what_is_lost_moves_nobody() -> None:
    """A SYN and a FIN are sent twice; the receiver's states begin with the second."""
    found = only("""
        0.00 client SYN 0
        1.00 client SYN 0
        1.01 server SYN,ACK 0 ack 1
        1.02 client ACK 1 ack 1
        2.00 client FIN,ACK 1 ack 1
        2.30 client FIN,ACK 1 ack 1
        2.31 server ACK 1 ack 2
        """)
    client, server = passed(found)
    assert client.startswith("SYN-SENT@0.00 ESTABLISHED@1.02 FIN-WAIT-1@2.00")
    assert server == "LISTEN@1.01 SYN-RECEIVED@1.01 ESTABLISHED@1.03 CLOSE-WAIT@2.31"
    assert (found.client.again, found.server.again) == (2, 0)


def test_a_lost_last_ack_is_found_out() -> None:
    """The server asks again, so it was still in LAST-ACK: its CLOSED is dated by the second ACK."""
    found = only(
        OPEN,
        CLIENT_CLOSES,
        """
        1.40 server FIN,ACK 1 ack 2
        1.41 client ACK 2 ack 2
        """,
    )
    assert passed(found)[1].endswith("LAST-ACK@1.10 CLOSED@1.42")
    assert found.outcome == "closed by the client"


def test_data_is_counted_once() -> None:
    """Bytes by sequence numbers; a segment that brings no news is a repetition."""
    found = only(
        OPEN,
        """
        0.10 client ACK 1 ack 1 size 100
        0.20 client ACK 1 ack 1 size 150
        0.21 server ACK 1 ack 151
        0.30 client ACK 1 ack 1 size 100
        0.40 server ACK 1 ack 151 size 7
        """,
    )
    assert (found.client.data, found.client.again) == (150, 1)
    assert (found.server.data, found.server.again) == (7, 0)
    assert (found.client.packets, found.server.packets) == (5, 3)


@pytest.mark.parametrize("first", [2**32 - 1, 2**32 - 2, 2**32 - 101, 2**32 - 203])
def test_sequence_numbers_wrap(first: int) -> None:
    """After 2**32 - 1 comes 0: within the data, after the SYN, at the FIN."""
    story = """
        0.10 client ACK 1 ack 1 size 200
        0.11 server ACK 1 ack 201
        0.20 client ACK 1 ack 1 size 200
        1.00 client FIN,ACK 201 ack 1
        1.01 server FIN,ACK 1 ack 202
        1.02 client ACK 202 ack 2
        """
    usual = only(OPEN, story)
    wrapped = only(OPEN, story, client=first, server=2**32 - 1)
    assert passed(wrapped) == passed(usual)
    assert wrapped.outcome == "closed by the client"
    assert (wrapped.client.data, wrapped.client.again, wrapped.odd) == (200, 1, 0)


def test_a_connection_that_nobody_listens_for_is_refused() -> None:
    """The server has no machine: it never was in any state."""
    found = only("""
        0.00 client SYN 0
        0.01 server RST,ACK 0 ack 1
        """)
    assert found.outcome == "refused by the server"
    assert names(found) == ("SYN-SENT CLOSED", "")


def test_a_refusal_has_to_acknowledge_the_syn() -> None:
    """RFC 9293, section 3.10.7.3: in SYN-SENT another reset is dropped."""
    found = only("""
        0.00 client SYN 0
        0.01 server RST,ACK 0 ack 7
        0.02 server RST 0
        """)
    assert (found.outcome, names(found), found.odd) == ("not answered", ("SYN-SENT", ""), 2)


def test_a_client_may_have_given_up_before_the_answer() -> None:
    """It answers the SYN,ACK with a reset: it is in CLOSED, and the server listens again."""
    found = only("""
        0.00 client SYN 0
        0.01 server SYN,ACK 0 ack 1
        0.02 client RST 1
        """)
    assert found.outcome == "given up by the client before the answer"
    assert names(found) == ("SYN-SENT CLOSED", "LISTEN SYN-RECEIVED LISTEN")


def test_a_reset_ends_both() -> None:
    """The one who sends it has aborted; the other gets it a little later."""
    found = only(OPEN, "1.00 server RST,ACK 1 ack 1")
    assert found.outcome == "reset by the server"
    client, server = passed(found)
    assert client.endswith("ESTABLISHED@0.02 CLOSED@1.01")
    assert server.endswith("ESTABLISHED@0.03 CLOSED@1.00")


def test_a_reset_may_cross_a_fin() -> None:
    """The server closes before the client's reset can have reached it."""
    found = only(
        OPEN,
        """
        1.000 client RST,ACK 1 ack 1
        1.001 server FIN,ACK 1 ack 1
        1.011 client RST 1
        """,
    )
    assert found.outcome == "reset by the client"
    assert names(found)[1].endswith("ESTABLISHED FIN-WAIT-1 CLOSED")


# -- what does not belong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "packet",
    [
        "0.50 client RST 5000",
        "0.50 client FIN,ACK 900000 ack 1",
        "0.50 client FIN,ACK 1 ack 900000",
        "0.50 client ACK 900000 ack 1 size 100",
        "0.50 client FIN 1",
        "0.50 server SYN,ACK 77 ack 1",
        "0.50 server SYN 300000",
    ],
)
def test_a_foreign_packet_changes_nothing(packet: str) -> None:
    """Its numbers are out of the window: it is counted, and the connection goes on."""
    usual = only(OPEN, CLIENT_CLOSES)
    found = only(OPEN, packet, CLIENT_CLOSES)
    assert (passed(found), found.outcome) == (passed(usual), usual.outcome)
    assert found.odd == 1


def test_a_syn_on_an_open_connection_changes_nothing() -> None:
    """RFC 9293, section 3.10.7.4: it is answered by an ACK at most."""
    found = only(
        OPEN,
        """
        0.50 client SYN 300000
        0.51 server ACK 1 ack 1
        """,
        CLIENT_CLOSES,
    )
    assert (found.outcome, found.odd) == ("closed by the client", 1)


def test_a_syn_that_is_answered_begins_a_new_connection() -> None:
    """So the server knew nothing of the old one any more; its client is seen no more."""
    old, new = follow(
        OPEN,
        """
        5.00 client SYN 300000
        5.01 server SYN,ACK 800000 ack 300001
        5.02 client ACK 300001 ack 800001
        """,
    )
    assert old.outcome == "still open, its ports used again"
    assert names(old)[0] == "SYN-SENT ESTABLISHED"
    assert passed(new)[0] == "SYN-SENT@5.00 ESTABLISHED@5.02"
    assert (new.client.packets, new.server.packets) == (2, 1)
    assert (old.client.packets, old.server.packets) == (2, 1)


def test_ports_may_be_used_again_in_time_wait() -> None:
    """The next SYN between the same ports is the next connection."""
    old, new = follow(OPEN, CLIENT_CLOSES, OPEN.replace("0.0", "9.0").replace(" 0", " 90000"))
    assert old.outcome == "closed by the client, its ports used again"
    assert names(old)[0].endswith("TIME-WAIT")
    assert new.begin == 9.0


def test_of_a_connection_that_began_before_no_state_is_claimed() -> None:
    """Its packets are counted; a SYN afterwards begins one that is known."""
    old, new = follow(
        """
        0.10 client ACK 100 ack 100 size 50
        0.11 server ACK 100 ack 150
        """,
        OPEN.replace("0.0", "9.0"),
    )
    assert old.outcome == "began before the capture"
    assert (names(old), old.client.packets, old.client.data) == (("", ""), 1, 50)
    assert names(new)[0] == "SYN-SENT ESTABLISHED"


def test_late_packets_belong_to_the_connection_that_is_over() -> None:
    """Data that crossed a reset is no new connection that began before the capture."""
    found = only(
        OPEN,
        """
        1.00 client RST 1
        1.02 server ACK 1 ack 1 size 100
        1.50 server ACK 1 ack 1 size 100
        """,
    )
    assert (found.outcome, found.server.packets) == ("reset by the client", 3)


def test_a_hole_in_the_capture_is_no_end() -> None:
    """Where both ends agree on numbers that nobody saw, the capture has missed something."""
    found = only(
        OPEN,
        """
        0.10 client ACK 1 ack 1 size 1000
        0.11 server ACK 1 ack 1001
        0.50 client ACK 901001 ack 1 size 1000
        0.51 server ACK 1 ack 902001
        0.60 client ACK 902001 ack 1 size 1000
        0.61 server ACK 1 ack 903001
        1.00 client FIN,ACK 903001 ack 1
        1.01 server FIN,ACK 1 ack 903002
        1.02 client ACK 903002 ack 2
        """,
    )
    assert found.outcome == "closed by the client"


def test_one_direction_alone_is_said_to_be_so() -> None:
    """What the server did, nobody knows; the client has acknowledged its SYN."""
    found = only("""
        0.00 client SYN 0
        0.02 client ACK 1 ack 1
        0.10 client ACK 1 ack 1 size 100
        """)
    assert found.outcome == "only the client's packets were captured"
    assert names(found) == ("SYN-SENT ESTABLISHED", "")


def test_a_connection_is_given_up_after_long_silence() -> None:
    """So those that never end do not fill the memory."""
    found: list[Connection] = []
    follower = Follower(found.append)
    for segment in read(OPEN):
        follower.segment(segment)
    for hours in range(1, 5):
        other = read(f"{hours * 3600}.0 client SYN 0")[0]
        follower.segment(other._replace(key=(b"\x0a\0\0\7", b"\x0a\0\0\7", hours, 2)))
    assert found[0].outcome == "still open, silent for two hours"
    assert SILENCE < 3 * 3600


@given(
    some.lists(
        some.builds(
            lambda *parts: parts,
            some.sampled_from(["client", "server"]),
            some.integers(0, 63),
            some.sampled_from([0, 1, 2, 101, 102, 2**31, 2**32 - 1]),
            some.sampled_from([0, 1, 2, 101, 102, 2**31, 2**32 - 1]),
            some.sampled_from([0, 1, 100]),
            some.sampled_from([0.0, 0.001, 0.3, 61.0]),
        ),
        max_size=40,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_packets_at_all_are_followed(
    told: list[tuple[str, int, int, int, int, float]],
) -> None:
    """Whatever the flags and numbers say, each packet is counted once, and nothing is raised."""
    found: list[Connection] = []
    follower = Follower(found.append)
    time = 0.0
    for who, flags, seq, ack, size, later in told:
        time += later
        usual = read(f"{time} {who} ACK 0")[0]
        follower.segment(usual._replace(seq=seq, ack=ack, flags=flags, size=size))
    follower.finish()
    assert sum(end.packets for each in found for end in each.ends) == len(told)
    assert len({each.number for each in found}) == len(found)


# -- the recorded capture ----------------------------------------------------------------------

#: How the connections ended to which capture.md tells the stories, by server port.
ENDED = {
    "closed by the client": [
        *(6010, 6011, 6012, 6013, 6040, 6042, 6071, 6080, 6081, 6110, 6120, 6150, 6151, 6152),
        *(6160, 6161, 6162, 6170, 6171, 6172, 6190, 6192, 6200, 6201, 6202, 6210, 6211),
    ],
    "closed by the server": [6020, 6021, 6022, 6082, 6122, 6173, 6191],
    "closed by the server, its ports used again": [6210],
    "closed by both at once": [6030, 6031, 6032, 6041, 6174, 6193],
    "reset by the client": [6050, 6051, 6090, 6100, 6101, 6111, 6121],
    "reset by the server": [6052, 6053, 6091, 6102],
    "refused by the server": [6060, 6061, 6062, 6211],
    "given up by the client before the answer": [6070, 6071],
    "still open": [6130, 6131, 6132],
    "half closed by the client, and still open": [6140],
    "half closed by the server, and still open": [6141],
    "not answered": [6180],
    "began before the capture": [6220, 6221],
}


@pytest.fixture(scope="module")
def recorded() -> tuple[Follower, list[Connection]]:
    """The capture, followed: the follower, and the connections."""
    found: list[Connection] = []
    follower = Follower(found.append)
    for segment in Capture(CAPTURE):
        follower.segment(segment)
    follower.finish()
    return follower, found


Recorded = tuple[Follower, list[Connection]]


def test_the_recorded_connections_end_as_they_were_played(recorded: Recorded) -> None:
    """Every story of capture.md, by the port of its server."""
    told = re.findall(
        r"^\| (\d{4}) \|", CAPTURE.with_suffix(".md").read_text("utf-8"), re.MULTILINE
    )
    found: dict[str, list[int]] = {}
    for each in recorded[1]:
        found.setdefault(each.outcome, []).append(min(each.client.key[2:]))
    assert {outcome: sorted(ports) for outcome, ports in found.items()} == ENDED
    assert sorted(map(int, told)) == sorted({port for ports in ENDED.values() for port in ports})


def test_no_recorded_packet_is_odd(recorded: Recorded) -> None:
    """What real systems send, the follower understands to the last packet."""
    assert [each.number for each in recorded[1] if each.odd] == []
    assert sum(end.packets for each in recorded[1] for end in each.ends) == 740


def test_the_recorded_packets_take_all_edges_but_two(recorded: Recorded, graph: StateGraph) -> None:
    """A listener that sends or closes before anybody came has no packet to show for it."""
    seen = machine(recorded[0].machines.graph)
    assert seen.triples() == graph.triples()
    never = {(rfc_name(edge.source), edge.event) for edge in seen.unseen() if edge.border is None}
    assert never == {("LISTEN", "SEND"), ("LISTEN", "CLOSE")}
    counts = {(rfc_name(edge.source), edge.event): edge.evidence.seen for edge in seen.transitions}
    assert counts["CLOSED", "active OPEN"] == 67  # 64 connections, and both ends of three
    assert counts["SYN-RECEIVED", "CLOSE"] == 1
    assert counts["TIME-WAIT", "timeout 2MSL"] == 46


def test_a_recorded_simultaneous_open_and_early_close(recorded: Recorded) -> None:
    """Port 6042: the FIN left 7 ms before the acknowledgment of the SYN could have come."""
    (found,) = [each for each in recorded[1] if min(each.client.key[2:]) == 6042]
    assert names(found)[0] == "SYN-SENT SYN-RECEIVED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED"


def test_a_recorded_loss_of_the_last_ack(recorded: Recorded) -> None:
    """Port 6172: the server stayed in LAST-ACK until the second ACK had come, at 0.500."""
    (found,) = [each for each in recorded[1] if min(each.client.key[2:]) == 6172]
    time, state = found.server.passed[-1]
    assert (state, round(time - found.begin, 2)) == ("CLOSED", 0.50)
