"""How fast examples/tcp follows a long capture, beside what `dpkt` needs to read it.

    python -m benchmarks.tcp [PACKETS]

The capture is examples/tcp/capture.pcap again and again, each time later and between other
addresses.  Its connections are short: there is nearly an event for a machine for every packet,
where a capture of long downloads has next to none, so this is the hard case.

Reading and following take turns after each thousand packets, as in the program; so both are timed
in the same run, and a busy machine slows both.
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
    following: float
    connections: int

    @property
    def ratio(self) -> float:
        return self.following / self.dpkt


def measure(path: Path) -> Timing:
    """Read a capture with `dpkt`, follow it, and time both."""
    capture = Capture(path)
    follower = Follower(lambda connection: None)
    packets = capture.packets()
    clock = time.perf_counter
    read = followed = 0.0
    count = 0
    while True:
        t0 = clock()
        batch = list(islice(packets, BATCH))
        t1 = clock()
        if not batch:
            break
        for when, packet in batch:
            segment = capture.segment(when, packet)
            if segment is not None:
                follower.segment(segment)
        t2 = clock()
        read += t1 - t0
        followed += t2 - t1
        count += len(batch)
    t0 = clock()
    follower.finish()
    followed += clock() - t0
    return Timing(1e6 * read / count, 1e6 * followed / count, follower.connections)


def compare(packets: int, rounds: int = 3) -> Timing:
    """The median of some rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.pcap"
        write(path, packets)
        timings = sorted((measure(path) for _ in range(rounds)), key=lambda each: each.ratio)
    return timings[rounds // 2]


def main() -> None:
    packets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    timing = compare(packets)
    total = timing.dpkt + timing.following
    print(f"{packets:,} packets, {timing.connections:,} connections: {1e6 / total:,.0f} packets/s")
    print(f"  dpkt      {timing.dpkt:6.2f} us a packet")
    print(f"  following {timing.following:6.2f} us a packet, {timing.ratio:.2f} of that")


if __name__ == "__main__":
    main()
