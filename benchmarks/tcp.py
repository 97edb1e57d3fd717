"""How fast examples/tcp follows a long capture, beside what `dpkt` needs to read it.

    python -m benchmarks.tcp [PACKETS]

The capture is examples/tcp/capture.pcap again and again, each time later and between other
addresses.  Its connections are short: there is nearly an event for a machine for every packet,
where a capture of long downloads has next to none, so this is the hard case.

What is compared: `dpkt` alone, reading the file and parsing each packet, in a loop that does
nothing else; and following, all that becomes of a segment once it has been read.  They take turns
at every thousand packets, so that whatever else the machine does meets both; and so does the rest
of the reading: the program's own checks, and taking the fields that it needs out of what dpkt made.
The processor's time counts: what others take of it meanwhile is no part of it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import dpkt

from examples.tcp.follow import Follower
from examples.tcp.packets import Capture

CAPTURE = Path(__file__).parents[1] / "examples" / "tcp" / "capture.pcap"

BATCH = 1000

#: Seconds between the beginnings of two repetitions; the capture lasts 75, and TIME-WAIT 60.
LATER = 140.0


def repeat(packets: int, later: float = LATER) -> Iterator[tuple[float, bytes]]:
    """So many frames of the capture, over and over, with their times in seconds."""
    with CAPTURE.open("rb") as file:
        frames = list(dpkt.pcap.Reader(file))
    for number in range(packets):
        round_, place = divmod(number, len(frames))
        when, frame = frames[place]
        yield when + round_ * later, _elsewhere(frame, round_)


def _elsewhere(frame: bytes, round_: int) -> bytes:
    """The frame, between other addresses: two bytes in the middle of both are changed."""
    changed = bytearray(frame)
    first, length = (26, 4) if frame[12:14] == b"\x08\x00" else (22, 16)
    for address in (first, first + length):
        changed[address + 1 : address + 3] = round_.to_bytes(2, "big")
    return bytes(changed)


def write(path: Path, packets: int, later: float = LATER) -> None:
    """Write a capture of so many packets."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for when, frame in repeat(packets, later=later):
            writer.writepkt_time(frame, when)


@dataclass
class Timing:
    """Microseconds a packet, and the connections that were found."""

    dpkt: float
    reading: float
    following: float
    connections: int

    @property
    def ratio(self) -> float:
        """Following to dpkt alone."""
        return self.following / self.dpkt


def parse(frames: Iterator[tuple[float, bytes]]) -> None:
    """Read a batch of a capture with dpkt alone, and parse it."""
    for _, frame in islice(frames, BATCH):
        dpkt.ethernet.Ethernet(frame)


def measure(path: Path) -> Timing:
    """Parse a capture with dpkt alone, read it and follow it, in turns, and time the three."""
    segments = iter(Capture(path))
    follower = Follower(lambda connection: None)
    clock = time.process_time
    alone = read = followed = 0.0
    count = 0
    with path.open("rb") as file:
        frames = iter(dpkt.pcap.Reader(file))
        while True:
            t0 = clock()
            parse(frames)
            t1 = clock()
            batch = list(islice(segments, BATCH))
            t2 = clock()
            follower.follow(batch)
            t3 = clock()
            alone += t1 - t0
            read += t2 - t1
            followed += t3 - t2
            count += len(batch)
            if not batch:
                break
    t0 = clock()
    follower.finish()
    followed += clock() - t0
    each = 1e6 / count
    return Timing(each * alone, each * read, each * followed, follower.connections)


def compare(packets: int, rounds: int = 7) -> Timing:
    """The round of the median ratio."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.pcap"
        write(path, packets)
        timings = sorted((measure(path) for _ in range(rounds)), key=lambda each: each.ratio)
    return timings[rounds // 2]


def tell(packets: int, timing: Timing) -> None:
    """Print what was measured."""
    total = timing.reading + timing.following
    print(f"{packets:,} packets, {timing.connections:,} connections: {1e6 / total:,.0f} packets/s")
    print(f"  dpkt alone             {timing.dpkt:6.2f} us a packet")
    print(f"  reading, dpkt included {timing.reading:6.2f} us a packet")
    print(f"  following              {timing.following:6.2f} us a packet", end="")
    print(f", {timing.ratio:.2f} of dpkt alone")


def main() -> None:
    packets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    tell(packets, compare(packets))


if __name__ == "__main__":
    main()
