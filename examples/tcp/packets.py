"""From the frames of a capture to TCP segments; `dpkt` takes the frames apart.

A segment is what following needs, and no more: when, from where, to where, and a few numbers of
the TCP header.  What is no TCP, is damaged or is a fragment is counted and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dpkt.ethernet import Ethernet
from dpkt.ip import IP, IP_PROTO_FRAGMENT, IP_PROTO_TCP
from dpkt.ip6 import IP6
from dpkt.loopback import Loopback
from dpkt.sll import SLL
from dpkt.sll2 import SLL2
from dpkt.tcp import TCP

from .frames import BadCaptureError, Frames

#: The addresses of who sends and who receives, and the ports.
Key = tuple[bytes, bytes, int, int]


class Segment(NamedTuple):
    """A TCP segment: `time` in seconds since the first packet, `size` in bytes of data."""

    time: float
    key: Key
    seq: int
    ack: int
    flags: int
    window: int
    options: bytes
    size: int


def raw_ip(frame: bytes) -> Any:
    """A frame that is an IP packet and nothing round it."""
    return IP6(frame) if frame[:1] and frame[0] >> 4 == 6 else IP(frame)


#: What opens a frame, by link type: https://www.tcpdump.org/linktypes.html
LINKS: dict[int, tuple[str, Callable[[bytes], Any]]] = {
    0: ("BSD loopback", Loopback),
    1: ("Ethernet", Ethernet),
    12: ("raw IP", raw_ip),
    14: ("raw IP", raw_ip),
    101: ("raw IP", raw_ip),
    108: ("OpenBSD loopback", Loopback),
    113: ("Linux cooked", SLL),
    228: ("raw IPv4", IP),
    229: ("raw IPv6", IP6),
    276: ("Linux cooked v2", SLL2),
}


class Capture:
    """The segments of a capture file: `for segment in Capture(path)`.

    Raises `BadCaptureError` where the file is none that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.frames = Frames(path)
        #: Frames left out so far, by reason.
        self.left_out: Counter[str] = Counter()
        link = self.frames.link
        if link is not None and link not in LINKS:
            known = ", ".join(f"{number} ({name})" for number, (name, _) in LINKS.items())
            raise BadCaptureError(
                f"{path} is of link type {link}, which is unknown here; known are {known}"
            )

    def __iter__(self) -> Iterator[Segment]:
        for time, packet in self.packets():
            segment = self.segment(time, packet)
            if segment is not None:
                yield segment

    def packets(self) -> Iterator[tuple[float, Any]]:
        """What `dpkt` makes of the frames, with the seconds since the first."""
        begin: float | None = None
        last = 0.0
        for time, link, frame in self.frames:
            if begin is None:
                begin = time
            # Captured on several processors, packets may be a little out of order.
            last = max(last, time - begin)
            if link not in LINKS:
                self.left_out[f"of link type {link}, which is unknown here"] += 1
                continue
            try:
                packet = LINKS[link][1](frame)
            except Exception:
                # What dpkt raises for bytes that make no sense is of many types.
                self.left_out["damaged"] += 1
                continue
            yield last, packet
        if self.frames.damaged:
            self.left_out["damaged"] += self.frames.damaged

    def segment(self, time: float, packet: Any) -> Segment | None:
        """The segment in a packet; where there is none, it is counted why."""
        try:
            while type(packet) is not IP and type(packet) is not IP6:
                packet = packet.data  # at last these are bytes, which have no data
        except AttributeError:
            self.left_out["no IP"] += 1
            return None
        try:
            return self._of_ip(time, packet)
        except Exception:
            self.left_out["damaged"] += 1
            return None

    def _of_ip(self, time: float, ip: Any) -> Segment | None:
        tcp = ip.data
        version = type(ip)
        if version is IP:
            fragment = ip._flags_offset & 0x3FFF  # the offset, or that more is to come
            size = ip.len - (ip._v_hl & 15) * 4 if ip.len else len(tcp)
        else:
            fragment = IP_PROTO_FRAGMENT in ip.extension_hdrs
            extra = sum(header.length for header in ip.all_extension_headers)
            size = ip.plen - extra if ip.plen else len(tcp)
        inside = type(tcp)
        if ip.p != IP_PROTO_TCP:
            self.left_out["no TCP"] += 1
        elif fragment:
            self.left_out["fragments"] += 1
        elif inside is not TCP or size < (header := (tcp._off_flags >> 12) * 4):
            self.left_out["damaged"] += 1
        else:
            # The size is the one on the wire: the capture may have kept only the headers.
            flags = tcp._off_flags & 0x3F
            size -= header
            key = (ip.src, ip.dst, tcp.sport, tcp.dport)
            # Segment(…) would take thrice the time, and this is done for every packet.
            return tuple.__new__(
                Segment, (time, key, tcp.seq, tcp.ack, flags, tcp.win, tcp.opts, size)
            )
        return None


def window_scale(options: bytes) -> int:
    """The window scale in the options of a SYN (RFC 7323); 14, the largest, where they are cut."""
    if options[:1] == b"\2" and options[4:7] == b"\4\2\10" and options[16:19] == b"\1\3\3":
        return min(options[19], 14)  # in the order in which Linux sends them
    place = 0
    while place < len(options):
        kind = options[place]
        if kind == 0:
            break
        if kind == 1:
            place += 1
            continue
        length = options[place + 1] if place + 1 < len(options) else 0
        if length < 2 or place + length > len(options):
            return 14
        if kind == 3 and length == 3:
            return min(options[place + 2], 14)
        place += length
    return 0
