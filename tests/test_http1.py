"""examples/protocols/http1: strict as RFC 9112 is, however the bytes were cut."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.protocols import samples
from examples.protocols.http1 import (
    Data,
    End,
    Request,
    RequestError,
    Stay,
    Switch,
    requests,
)
from flowlet import Parser, observe
from flowlet.introspect import static
from tests.cuts import Outcome, cuts, joined, outcome, same_however_cut
from tests.linear import SIZES, grows_linearly
from tests.llhttp import FOLDER, Fixture, Message, fixtures

PAGE = Path(__file__).parents[1] / "docs/how-to/protocols.md"
TRUTH = Path(__file__).parents[1] / "../shared/truth/http-framing.json"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def truth() -> list[Any]:
    return json.loads(TRUTH.read_text("utf-8"))["cases"] if TRUTH.exists() else []


def count(found: Outcome) -> int:
    return sum(isinstance(value, Request) for value in found.values)


# -- what others have collected ----------------------------------------------------------------


@pytest.mark.skipif(not TRUTH.exists(), reason="../shared/truth is not here")
def test_there_is_a_truth_to_hold_to() -> None:
    assert len(truth()) == 60


@pytest.mark.parametrize("case", truth(), ids=lambda case: case["name"])
def test_framing_is_what_the_rfc_says(case: Any) -> None:
    """Every verdict of the collection, with the place, the reason and the status to answer."""
    found = same_however_cut(requests, case["bytes"].encode("latin-1"))
    verdict = case["verdict"]
    if verdict == "accept 1 then error":
        assert (count(found), found.error is None) == (1, False)
    elif verdict.startswith("accept"):
        assert (count(found), found.error) == (int(verdict.split()[1]), None)
    else:
        assert verdict.startswith("reject")
        assert found.error is not None
    if found.error is not None:
        assert found.error[1]["status"] == (505 if case["rule"] == "505" else 400)


#: Where RFC 9112 wants more than llhttp asks, and the section that does.
STRICTER = {
    "method: CONNECT with body": "9110, 9.3.6: it has none, and what follows may be a request",
    "uri: Fragment in URI": "3.2: a target has no fragment",
    "method: SOURCE request with ICE": "2.3: the name of the protocol is HTTP",
    "method: OPTIONS request with RTSP": "2.3: the name of the protocol is HTTP",
    "method: ANNOUNCE request with RTSP": "2.3: the name of the protocol is HTTP",
    "method: PRI request HTTP2": "3.2: HTTP/1.1 without Host, and it is no HTTP/1.1",
    "sample: No HTTP version": "2.3: a request line ends with a version",
}


def read(sent: bytes, error: bool) -> tuple[list[Message], RequestError | None]:
    """What flowlet's parser makes of it; the end of the connection is a mistake only for those."""
    parser = Parser(requests)
    raised = None
    try:
        values = parser.feed(sent)
        if error:
            values += parser.eof()
    except RequestError as failure:
        raised, values = failure, failure.outputs
    messages: list[Message] = []
    for value in joined(values):
        match value:
            case Request():
                messages.append(Message(*value))
            case Data(part):
                messages[-1].body += part
            case End():
                messages[-1].complete = True
    return messages, raised


@pytest.mark.skipif(not FOLDER.exists(), reason="../shared/vectors/llhttp is not here")
def test_all_strict_fixtures_of_llhttp_are_read() -> None:
    assert len(fixtures()) == 73
    assert {each.name for each in fixtures()} >= set(STRICTER)


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda each: each.name)
def test_messages_are_those_of_llhttp(fixture: Fixture) -> None:
    """Verdict, method, target, version, fields and body; white space round a value is none of it.

    Most fixtures lack the Host that HTTP/1.1 must have: those are refused, and are compared with
    one added.
    """
    expected = [
        replace(m, headers=[(name, value.strip(b" \t")) for name, value in m.headers])
        for m in fixture.messages
    ]
    messages, error = read(fixture.sent, fixture.error is not None)
    if fixture.name in STRICTER:
        assert error is not None
        return
    if error is not None and "one Host" in error.reason:
        added = re.sub(rb"(?<= HTTP/1\.1)\r\n", b"\r\nHost: added\r\n", fixture.sent)
        messages, error = read(added, fixture.error is not None)
        for message in messages:
            message.headers.remove((b"Host", b"added"))
    assert messages == expected
    assert (error is None) == (fixture.error is None)


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda each: each.name)
def test_fixtures_do_not_depend_on_the_cuts(fixture: Fixture) -> None:
    same_however_cut(requests, fixture.sent)


# -- messages ----------------------------------------------------------------------------------


def test_a_body_with_a_length_streams() -> None:
    """It is given out as it comes, not when it is all there."""
    parser = Parser(requests)
    head, *_ = parser.feed(POST + b"Content-Length: 6\r\n\r\nab")
    assert head == Request(b"POST", b"/", b"1.1", [(b"Host", b"a"), (b"Content-Length", b"6")])
    assert parser.feed(b"cd") == [Data(b"cd")]
    assert parser.feed(b"efGET") == [Data(b"ef"), End([])]
    assert parser.trailing == b"GET"


def test_chunks_with_extensions_and_trailers() -> None:
    body = b'3;name="a \\" b";x\r\nabc\r\n2 ; y = z\r\nde\r\n0\r\nDigest: 1\r\nX: \r\n\r\n'
    found = same_however_cut(requests, CHUNKED + body + GET)
    assert found.values[1:3] == [Data(b"abcde"), End([(b"Digest", b"1"), (b"X", b"")])]
    assert count(found) == 2


def test_an_upgrade_waits_for_the_answer() -> None:
    """The application decides; until then not a byte of what follows is read."""
    asked = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    found = same_however_cut(requests, asked + b"\x81\x05hello")
    assert (count(found), found.error, found.trailing) == (1, None, b"\x81\x05hello")

    parser = Parser(requests)
    parser.feed(asked + b"\x81")
    assert parser.actor.state == ("another protocol?",)
    assert parser.send(Switch()) == []
    assert (parser.actor.alive, parser.trailing) == (False, b"\x81")

    parser = Parser(requests)
    parser.feed(asked + GET)
    assert count(Outcome(parser.send(Stay()), None, b"", None)) == 1


def test_connect_is_the_end_of_http() -> None:
    sent = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n\x16\x03"
    assert same_however_cut(requests, sent).trailing == b"\x16\x03"


def test_an_expected_continue_is_written_once_and_before_the_body() -> None:
    head = POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    found = same_however_cut(requests, head + b"abc")
    assert found.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert outcome(requests, [head + b"abc"], answer_expect=False).written == b""
    old = head.replace(b"1.1", b"1.0")
    assert outcome(requests, [old + b"abc"]).written == b""  # RFC 9110, 10.1.1


def test_http_1_0_closes_unless_it_is_told_not_to() -> None:
    old = b"GET / HTTP/1.0\r\n\r\n"
    kept = b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    assert same_however_cut(requests, kept + old).error is None
    after = same_however_cut(requests, old + GET)
    assert (count(after), after.error and after.error[1]["offset"]) == (1, len(old))


# -- what two programs could read in two ways --------------------------------------------------

REFUSED = {
    "a URI with an empty host": GET.replace(b" / ", b" http:///a "),
    "a URI with a user and no host": GET.replace(b" / ", b" http://me@/a "),
    "a URI with an empty address": GET.replace(b" / ", b" http://[]:80/ "),
    "a fragment": GET.replace(b" / ", b" /a#b "),
    "an authority without CONNECT": GET.replace(b" / ", b" a.example:80 "),
    "a path without a slash": GET.replace(b" / ", b" index.html "),
    "no scheme": GET.replace(b" / ", b" ://a/ "),
    "the server as a whole": GET.replace(b" / ", b" * "),
    "CONNECT to a path": GET.replace(b"GET", b"CONNECT"),
    "CONNECT without a port": b"CONNECT a.example HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT to an empty port": b"CONNECT a.example: HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT with a length": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\n" + GET,
    "CONNECT in chunks": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two ports": GET.replace(b": a", b": a:80:81"),
    "a port of letters": GET.replace(b": a", b": a:b"),
    "an address that is open": GET.replace(b": a", b": [::1"),
    "an address that is not begun": GET.replace(b": a", b": a]"),
    "half an escape": GET.replace(b": a", b": a%2"),
    "a path in Host": GET.replace(b": a", b": a/b"),
    "a user in Host": GET.replace(b": a", b": me@a"),
    "two hosts in one": GET.replace(b": a", b": a b"),
    "a list that ends chunked, twice": POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n",
    "a parameter of chunked": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "an empty coding": POST + b"Transfer-Encoding:\r\n\r\n",
    "no coding before chunked": POST + b"Transfer-Encoding: , chunked\r\n\r\n",
    "a size of 65 bits": CHUNKED + b"1" + b"0" * 16 + b"\r\n",
    "a size with a sign": CHUNKED + b"-1\r\n",
    "a size with a point": CHUNKED + b"1.\r\n",
    "white space before a size": CHUNKED + b" 1\r\na\r\n0\r\n\r\n",
    "an extension without a name": CHUNKED + b"1;\r\na\r\n0\r\n\r\n",
    "a quotation that stays open": CHUNKED + b'1;a="\r\na\r\n0\r\n\r\n',
    "a folded trailer": CHUNKED + b"0\r\nX: 1\r\n 2\r\n\r\n",
    "a trailer with a space before its colon": CHUNKED + b"0\r\nX : 1\r\n\r\n",
    "a trailer that says Host": CHUNKED + b"0\r\nhost: b\r\n\r\n",
    "a bare LF in a trailer": CHUNKED + b"0\r\nX: 1\n\r\n\r\n",
    "more data than its chunk": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(name: str) -> None:
    """RFC 9112, 3.2, 5, 6 and 7; and nothing behind it is taken for a request."""
    found = same_however_cut(requests, REFUSED[name] + GET, count=10)
    assert found.error is not None
    assert found.error[1]["status"] == 400
    assert count(found) <= 1


@pytest.mark.parametrize(
    "sent",
    [
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1]/ HTTP/1.1\r\nHost: [::1]\r\n\r\n",
        b"GET http://user@a.example:80/b?c HTTP/1.1\r\nHost: other\r\n\r\n",
        GET.replace(b": a", b": [::1]:8080"),
        GET.replace(b": a", b": [v1.x:y]"),
        GET.replace(b": a", b": a%2db.example:"),
        GET.replace(b": a", b":"),  # RFC 9110, 7.2: where the target has no authority
        CHUNKED + b"0000000000000001\r\na\r\n000;x\r\n\r\n",
    ],
)
def test_what_the_rfc_allows_is_read(sent: bytes) -> None:
    found = same_however_cut(requests, sent + GET, count=10)
    assert (count(found), found.error) == (2, None)


@pytest.mark.parametrize(
    "sent",
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/3.1\r\n" + b"A: b\r\n" * 200 + b"\r\n"],
)
def test_another_version_is_said_to_be_one(sent: bytes) -> None:
    """Whatever it asks for, and with how many fields; HTTP/2 begins so too (RFC 9113, 3.4)."""
    found = same_however_cut(requests, sent)
    assert found.error is not None
    assert (found.error[1]["status"], found.error[1]["offset"]) == (505, 0)


@pytest.mark.parametrize(
    "sent",
    [
        GET[:-2] + b"X: y\r\nX",
        b"GE",
        b"GET / HT",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r",
        GET[:-6],
        GET[:-2],
        GET[:-1],
    ],
)
def test_a_head_that_is_cut_off_is_said_to_be_so(sent: bytes) -> None:
    """It is no mistake that its last line is none yet."""
    found = same_however_cut(requests, sent)
    assert found.error is not None
    assert found.error[1]["reason"] == "the connection ended in a head"
    assert found.error[1]["offset"] == len(sent.removesuffix(b"\r"))


def test_a_mistake_is_not_hidden_by_a_line_that_is_cut_off() -> None:
    """Though that one is the same, and no mistake as far as it goes."""
    found = same_however_cut(requests, b"GET / HTTP/1.1\r\nX\r\nHost: a\r\nX")
    assert found.error is not None
    assert (found.error[1]["offset"], found.error[1]["reason"]) == (16, "no `name: value`")


def test_a_connect_has_no_body_even_if_it_says_so() -> None:
    """A length of nothing is no body; the offer may be declined."""
    head = b"CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    parser = Parser(requests)
    parser.feed(head + GET)
    assert count(Outcome(parser.send(Stay()), None, b"", None)) == 1


# -- limits ------------------------------------------------------------------------------------

FIELD = b"X: 1234567890\r\n"


@pytest.mark.parametrize(
    ("sent", "limits", "offset", "status"),
    [
        (POST[:-2] + b"\r\n" + FIELD * 9, {"max_head": 100}, 100, 431),
        (b"GET /" + b"a" * 100, {"max_head": 50}, 50, 414),
        (GET[:-2] + FIELD * 5 + b"\r\n", {"max_headers": 5}, 102, 431),
        (POST + b"Content-Length: 11\r\n\r\n", {"max_body": 10}, 48, 413),
        (CHUNKED + b"6\r\nabcdef\r\n5\r\n", {"max_body": 10}, len(CHUNKED) + 11, 413),
        (CHUNKED + b"5;" + b"a" * 30, {"max_chunk_line": 20}, len(CHUNKED) + 20, 431),
        (CHUNKED + b"0\r\n" + FIELD * 9, {"max_head": 60}, len(CHUNKED) + 63, 431),
        (CHUNKED + b"0\r\n" + FIELD * 3 + b"\r\n", {"max_headers": 2}, len(CHUNKED) + 3, 431),
        (CHUNKED + b"1;a=b\r\nx\r\n" * 20, {"max_head": 59}, len(CHUNKED) + 140, 431),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", {}, len(POST) + 36, 501),
        (POST + b"Content-Length: 5\r\n\r\nabc", {}, 50, 400),
        (GET[:-3], {}, len(GET) - 3 - 1, 400),
        (GET[:-4], {}, len(GET) - 4, 400),
    ],
)
def test_limits_have_their_place_and_their_status(
    sent: bytes, limits: Any, offset: int, status: int
) -> None:
    error = same_however_cut(requests, sent, **limits).error
    assert error is not None
    assert (error[1]["offset"], error[1]["status"]) == (offset, status)


def test_memory_is_bounded_by_the_limits() -> None:
    """Single bytes are merged: what waits takes the memory of bytes, and the limit ends it."""
    parser = Parser(requests, max_head=4_000)
    for _ in range(2_001):
        assert parser.feed(b"ab") == []
    with pytest.raises(RequestError) as error:
        parser.feed(b"ab")
    assert error.value.offset == 4_000
    assert parser.stream.unread <= 4_004
    assert len(parser.stream._pieces) <= 2


# -- time --------------------------------------------------------------------------------------

SHAPES = {
    "line ends": lambda n: b"\r\n" * (n // 2),
    "a field of returns": lambda n: b"GET / HTTP/1.1\r\nX: " + b"\r" * n,
    "a long target": lambda n: b"GET /" + b"a:" * (n // 2) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "fields": lambda n: GET[:-2] + b"a:\r\n" * (n // 4) + b"\r\n",
    "spaces": lambda n: GET[:-2] + b"X:" + b" \t" * (n // 2) + b"x\r\n\r\n",
    "chunk extensions": lambda n: CHUNKED + b"1" + b" ;a" * (n // 3) + b"\r\na\r\n",
    "a quoted extension": lambda n: CHUNKED + b'1;a="' + b"\\a" * (n // 2) + b'"\r\na\r\n',
    "small chunks": lambda n: CHUNKED + b"1\r\na\r\n" * (n // 6),
    "pipelined": lambda n: GET * (n // len(GET)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "piece"), SIZES)
def test_time_is_linear_in_the_bytes(shape: str, size: int, piece: int) -> None:
    """Much of what is meant to hurt costs as much a byte as a little of it."""
    many = 1 << 30
    limits = {"max_head": many, "max_headers": many, "max_chunk_line": many}

    def run(size: int) -> Any:
        data = SHAPES[shape](size)
        return lambda: outcome(
            requests, [data[i : i + piece] for i in range(0, len(data), piece)], **limits
        )

    grows_linearly(run, size)


# -- anything at all ---------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *(
            b"GET",
            b"POST",
            b" ",
            b"/",
            b" HTTP/1.1",
            b"\r\n",
            b"\r",
            b"\n",
            b"\r\n\r\n",
            b"\t",
            b"\x00",
        ),
        *(b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Connection: close"),
        *(b"3\r\nabc\r\n", b"0", b";", b"Upgrade: x", b"Connection: upgrade", b"\xff", GET),
        b"Expect: 100-continue",
    ]
)


@given(st.lists(WORDS | st.binary(max_size=4), max_size=16).map(b"".join))
def test_nothing_but_its_own_error_comes_out(data: bytes) -> None:
    same_however_cut(requests, data, count=3)


# -- its picture -------------------------------------------------------------------------------


def test_what_was_seen_is_in_the_source() -> None:
    """Every edge that the vectors took is in the graph of the source; some nobody took."""
    seen: set[Any] = set()
    sent = [case["bytes"].encode("latin-1") for case in truth()] or [GET]
    sent += [CHUNKED + b"3\r\nabc\r\n0\r\nA: b\r\n\r\n" + GET, GET + b"\r\n" + GET]
    for data in sent:
        parser = Parser(requests)
        observation = observe(parser.dispatcher)
        for piece in next(cuts(data)):
            try:
                parser.feed(piece)
            except RequestError:
                break
        seen |= observation.graph.triples()
    said = static(requests)
    assert said.complete
    assert seen <= said.triples()
    assert ("chunk size", "read_until", "body") in seen


@pytest.mark.skipif(
    not (TRUTH.exists() and FOLDER.exists()),
    reason="../shared/truth or ../shared/vectors is missing",
)
def test_the_page_names_the_edges_that_no_vector_takes() -> None:
    """Of what others have published, all of which is read in the source."""
    sent = [[case["bytes"].encode("latin-1")] for case in truth()]
    sent += [[fixture.sent] for fixture in fixtures()]
    seen, said = samples.seen(requests, sent), static(requests)
    listed = re.search(
        rf"{len(sent)} requests.*?```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.S
    )
    assert listed is not None
    assert listed[1].splitlines() == samples.beyond(said, seen)
    assert samples.beyond(seen, said) == []
