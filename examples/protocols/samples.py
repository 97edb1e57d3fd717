"""What is fed to the parsers to see which ways they go: a sample of every kind of message.

`seen` feeds them, byte by byte, and tells what was seen; docs/how-to/protocols.md lays that over
what the source says, and names the edges that no sample has taken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from examples.protocols.http1_events import Stay, Switch
from examples.protocols.websocket import connection
from examples.protocols.websocket_frames import Binary, Close, Ping, Pong, Text, frame
from flowlet import ParseError, Parser, observe
from flowlet.introspect import StateGraph

#: What happens to a parser, in turn: bytes, an event, seconds that pass.  At last its stream ends.
Sample = list[Any]

HEAD: Final = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OFFER: Final = HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
#: Requests, each for a parser of its own; events are what it is told in the midst of them.
HTTP: Final[list[Sample]] = [
    [b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n\r\n" + HEAD + b"\r\n"],
    [HEAD + b"Content-Length: 3\r\n\r\nabc" + HEAD + b"Content-Length: 2\r\n\r\nxy"],
    [CHUNKED + b'3;a="b"\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n' + CHUNKED + b"0\r\n\r\n\r\n"],
    [CHUNKED + b"0\r\n\r\n"],
    [HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"],
    [HEAD + b"Connection: close\r\n\r\n\r\n"],
    [HEAD + b"Connection: close\r\n\r\n" + HEAD],
    [HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\nx"],
    [HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    [OFFER, Switch(), b"\x81\x00"],
    [OFFER, Stay(), b"\r\n"],
    [OFFER[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Stay()],
    [HEAD + b"Content-Length: 1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx", Stay()],
    [b"GET / HTTP/1.1\r\n\r\n"],
    [b"GET / HTTP/1.1\r\nHo"],
    [HEAD + b"Content-Length: 2\r\n\r\na"],
    [CHUNKED + b"x\r\n"],
    [CHUNKED + b"1"],
    [CHUNKED + b"1\r\n"],
    [CHUNKED + b"1\r\nab\r\n"],
    [CHUNKED + b"1\r\na\r"],
    [CHUNKED + b"0\r\nX\r\n\r\n"],
    [CHUNKED + b"0\r\nX: "],
]
#: Replies of RESP2 and RESP3, whole ones and others.
RESP: Final[list[Sample]] = [
    [b"+OK\r\n-ERR no\r\n:12\r\n$3\r\nabc\r\n$2\r\nab\r\n*2\r\n$1\r\na\r\n:7\r\n_\r\n#t\r\n"],
    [b",1.5e3\r\n*1\r\n$1\r\na\r\n(123456789012345678901\r\n!3\r\nERR\r\n=7\r\ntxt:abc\r\n"],
    [b"%1\r\n+a\r\n*1\r\n:1\r\n~2\r\n:1\r\n~0\r\n>1\r\n+x\r\n$?\r\n;1\r\na\r\n;0\r\n"],
    [b"*?\r\n:1\r\n.\r\n|1\r\n+t\r\n:1\r\n+x\r\n*-1\r\n"],
    [b"?\r\n"], [b"$5\r\nhelloXX"], [b"$9\r\nhel"], [b"+OK"], [b"*1\r\n$9999999999\r\n"],
    [b"+" + b"x" * 65_600],
]  # fmt: skip
#: JSON texts, and what is none.
JSON: Final[list[Sample]] = [
    [b'{"a": [1, 2.5, -3e4], "b" : {"c":null , "d":""}} [true ,false] "\\u00e9\\"x" 12 []'],
    ['{"é": "😀"}[[[["deep"]]], {}, {"x":[]}]  1'.encode()],
    [b" " * 140_000 + b"1"],
    [b"[1 "], [b"tru "], [b"@"], [b"[1}"], [b'{"a"}'], [b"{1:2}"], [b'"a\n"'], [b'"\xff"'], [b'"'],
    [b"01 "], [b"1e999999999999999999999 "], [b"1" * 5000], [b"[" * 2000], [b"{"], [b'{"a":'],
    [b'["a'], [b'{"a', b""], [b"[1,"], [b"[nul]"], [b"[01]"], [b'{"a":1 '], [b'{"a":1,'],
]  # fmt: skip
MASK: Final = b"\x37\xfa\x21\x3d"


def masked(message: Text | Binary | Ping | Pong | Close, first: int | None = None) -> bytes:
    """The frame of a client, with another first byte if one is given."""
    data = frame(message, MASK)
    return data if first is None else bytes([first]) + data[1:]


HELLO: Final = masked(Text("Hello"))
#: Frames of a client.
FRAMES: Final[list[Sample]] = [
    [HELLO + HELLO + masked(Binary(bytes(200))) + HELLO + masked(Ping()) + masked(Pong(b"x"))],
    [masked(Text("Hel"), 1) + masked(Ping()) + masked(Text("lo"), 0x80) + HELLO],
    [masked(Binary(bytes(200)), 2) + masked(Binary(bytes(130)), 0) + masked(Binary(b""), 0x80)],
    [HELLO + masked(Close())], [masked(Ping()) + masked(Close(1005))], [masked(Close())],
    [b"\xc1\x80"], [b"\x81\x05"], [b"\x88\xff"], [masked(Text("x"), 0x80)], [HELLO[:4]],
    [b"\x82\xfe\x00\x01"], [b"\x82\xfe\x00"], [HELLO[:8]], [masked(Ping(b"abc"))[:-1]], [b"\x81"],
    [b"\x81\x81" + MASK + b"\xc8"], [masked(Binary(b"\x03"), 0x88)], [b"\x82\xff" + bytes(8)],
    [b"\x82\xff\x7f" + bytes(7)], [masked(Binary(bytes(130)), 2)[:5]],
]  # fmt: skip


#: Conversations of a server and its client: what is said to it is sent, what it hears are bytes.
SERVER: Final[list[Sample]] = [
    [HELLO, Text("hi"), masked(Ping()), 20.0, masked(Pong()), 20.0, 20.0],
    [20.0, Text("still there?"), masked(Text("yes")), Close(), masked(Text("more"))],
    [Binary(b"x"), Ping(), Close(), masked(Close())],
    [Close(), 10.0],
    [20.0, masked(Close())],
    [20.0, 20.0],
    [masked(Close())],
    [b"\xff\xff"],
    [HELLO[:8]],
    [20.0, b"\xff\xff"],
    [Close(), b"\xff\xff"],
    [20.0, Ping(), Binary(b"x")],
]
CLIENT: Final[list[Sample]] = [[frame(Close()), 10.0], [Close(), frame(Close()), b"x"]]


def seen(fn: Callable[..., Any], samples: list[Sample]) -> StateGraph:
    """What was seen of a parser to which each of these happened; of mistakes too."""
    graphs: list[StateGraph] = []
    for sample in samples:
        parser = Parser(fn)
        observation = observe(parser.dispatcher)
        try:
            for part in sample:
                if isinstance(part, float):
                    parser.dispatcher.advance(part)
                elif not isinstance(part, bytes):
                    parser.send(part)
                else:
                    for place in range(len(part)):
                        parser.feed(part[place : place + 1])
            parser.eof()
        except ParseError:
            pass  # that is seen too
        graphs.append(observation.graph)
        parser.close()
    return graphs[0].merge(*graphs[1:])


def conversations() -> StateGraph:
    """What was seen of the conversations, of both sides."""
    client = seen(partial(connection, role="client"), CLIENT)
    return seen(connection, SERVER).merge(client)


def beyond(graph: StateGraph, other: StateGraph) -> list[str]:
    """The edges of one graph that are not in the other, as text."""
    edges = sorted(graph.triples() - other.triples())
    return [f"{source} -- {event} --> {target}" for source, event, target in edges]
