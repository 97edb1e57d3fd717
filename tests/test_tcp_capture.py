"""examples/tcp as a program: every kind of capture file, files that are none, and long ones.

The recorded capture, written anew in another format or wrapped in another link layer, has to give
the same connections as it does itself.
"""

from __future__ import annotations

import gc
import io
import random
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dpkt
import pytest
from rich.console import Console

from benchmarks.tcp import repeat, write
from examples.tcp import __main__ as program
from examples.tcp.ends import Connection
from examples.tcp.follow import Follower
from examples.tcp.frames import BadCaptureError
from examples.tcp.packets import Capture, window_scale
from tests.commands import example

ROOT = Path(__file__).parents[1]
CAPTURE = ROOT / "examples" / "tcp" / "capture.pcap"
HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")


def frames() -> list[tuple[int, int, bytes, int]]:
    """The frames of the capture: seconds, microseconds, bytes, and their size on the wire."""
    data = CAPTURE.read_bytes()
    found, place = [], HEADER.size
    while place < len(data):
        seconds, micros, kept, size = RECORD.unpack_from(data, place)
        place += RECORD.size
        found.append((seconds, micros, data[place : place + kept], size))
        place += kept
    return found


@dataclass
class Summary:
    """All that is known of the connections of a file: what they are, and when things happened."""

    facts: Sequence[object]
    times: list[float]


def summary(path: Path) -> Summary:
    found: list[Connection] = []
    capture = Capture(path)
    follower = Follower(found.append)
    for segment in capture:
        follower.segment(segment)
    follower.finish()
    assert not capture.frames.cut
    found.sort(key=lambda each: each.number)
    ends = [end for each in found for end in each.ends]
    return Summary(
        [(each.number, each.outcome, each.odd) for each in found]
        + [
            (end.key, end.packets, end.data, end.again, [state for _, state in end.passed])
            for end in ends
        ],
        [time for end in ends for time, _ in end.passed],
    )


def assert_alike(path: Path, usual: Summary) -> None:
    other = summary(path)
    assert other.facts == usual.facts
    assert other.times == pytest.approx(usual.times, abs=2e-6)


@pytest.fixture(scope="module")
def usual() -> Summary:
    return summary(CAPTURE)


# -- formats -----------------------------------------------------------------------------------


def pcap(order: str, nanoseconds: bool, link: int, wrap: Callable[[bytes], bytes]) -> bytes:
    magic, unit = (0xA1B23C4D, 1000) if nanoseconds else (0xA1B2C3D4, 1)
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)]
    for seconds, micros, frame, size in frames():
        body = wrap(frame)
        times = struct.pack(order + "II", seconds, micros * unit)
        out += [times, struct.pack(order + "II", len(body), size), body]
    return b"".join(out)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def pcapng(order: str, resolution: int | None, kind: int) -> bytes:
    """The capture as pcapng, with blocks that nobody asked for, and a second interface."""
    out = [
        block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(order, 0x0BAD, b"of some vendor"),
    ]
    ticks = 10**6
    options = option(order, 2, b"lo")
    if resolution is not None:
        options += option(order, 9, bytes([resolution]))
        ticks = 2 ** (resolution & 127) if resolution & 128 else 10**resolution
    options += option(order, 14, struct.pack(order + "q", 1_000_000)) + option(order, 0, b"")
    out.append(block(order, 1, struct.pack(order + "HHI", 113, 0, 0) + option(order, 0, b"")))
    out.append(block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + options))
    for seconds, micros, frame, size in frames():
        when = (seconds - 1_000_000) * ticks + round(micros * ticks / 10**6)
        high, low = when >> 32, when & 0xFFFFFFFF
        if kind == 6:
            head = struct.pack(order + "IIIII", 1, high, low, len(frame), size)
        else:
            head = struct.pack(order + "HHIIII", 1, 0, high, low, len(frame), size)
        out.append(block(order, kind, head + frame + bytes(-len(frame) % 4)))
    out.append(block(order, 5, struct.pack(order + "III", 1, 0, 0)))  # statistics
    return b"".join(out)


def ethernet(frame: bytes) -> bytes:
    return frame


def vlan(frame: bytes) -> bytes:
    return frame[:12] + b"\x81\x00\x00\x07" + frame[12:]


def cooked(frame: bytes) -> bytes:
    return b"\0\0\x03\x04\0\6" + frame[:6] + b"\0\0" + frame[12:]


def cooked2(frame: bytes) -> bytes:
    return frame[12:14] + b"\0\0" + b"\0\0\0\1\x03\x04\0\6" + frame[:6] + b"\0\0" + frame[14:]


def loopback(order: str) -> Callable[[bytes], bytes]:
    def wrap(frame: bytes) -> bytes:
        return struct.pack(order + "I", 2 if frame[12:14] == b"\x08\x00" else 30) + frame[14:]

    return wrap


def bare(frame: bytes) -> bytes:
    return frame[14:]


@pytest.mark.parametrize(
    ("link", "wrap"),
    [
        pytest.param(1, vlan, id="vlan"),
        pytest.param(113, cooked, id="cooked"),
        pytest.param(276, cooked2, id="cooked-v2"),
        pytest.param(0, loopback("<"), id="loopback-little-endian"),
        pytest.param(0, loopback(">"), id="loopback-big-endian"),
        pytest.param(108, loopback(">"), id="openbsd-loopback"),
        pytest.param(101, bare, id="raw"),
        pytest.param(12, bare, id="raw-12"),
    ],
)
def test_every_link_layer_gives_the_same(
    link: int, wrap: Callable[[bytes], bytes], usual: Summary, tmp_path: Path
) -> None:
    """What is round an IP packet makes no difference."""
    path = tmp_path / "other.pcap"
    path.write_bytes(pcap("<", False, link, wrap))
    assert_alike(path, usual)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_every_kind_of_pcap_gives_the_same(
    order: str, nanoseconds: bool, usual: Summary, tmp_path: Path
) -> None:
    """Either byte order, micro- or nanoseconds."""
    path = tmp_path / "other.pcap"
    path.write_bytes(pcap(order, nanoseconds, 1, ethernet))
    assert_alike(path, usual)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("resolution", [None, 9, 128 | 24])
@pytest.mark.parametrize("kind", [6, 2])
def test_every_kind_of_pcapng_gives_the_same(
    order: str, resolution: int | None, kind: int, usual: Summary, tmp_path: Path
) -> None:
    """Either byte order, any clock, old and new blocks, with others between."""
    path = tmp_path / "other.pcapng"
    path.write_bytes(pcapng(order, resolution, kind))
    assert_alike(path, usual)


def test_options_and_extension_headers_do_not_count_as_data(tmp_path: Path) -> None:
    """IPv4 with options, IPv6 with extension headers: the data begins after the TCP header."""
    tcp = dpkt.tcp.TCP(sport=1, dport=2, seq=5, flags=16, data=b"12345")
    ip4 = dpkt.ip.IP(src=b"abcd", dst=b"efgh", p=6, data=tcp)
    with_options = bytearray(bytes(ip4))
    with_options[0] = 0x46
    with_options[20:20] = b"\1\1\1\1"
    with_options[2:4] = len(with_options).to_bytes(2, "big")
    hop_by_hop = b"\x06\x00" + bytes(6)
    body = hop_by_hop + bytes(tcp)
    ip6 = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + b"\0\x40" + bytes(32) + body
    path = tmp_path / "options.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=101)
        writer.writepkt(bytes(with_options), 1.0)
        writer.writepkt(ip6, 1.5)
    assert [segment.size for segment in Capture(path)] == [5, 5]


def test_what_is_no_whole_tcp_packet_is_counted(tmp_path: Path) -> None:
    """Fragments, other protocols, too little of a header: left out, each by its reason."""
    tcp = dpkt.tcp.TCP(sport=1, dport=2, flags=2)
    good = bytes(dpkt.ip.IP(src=b"abcd", dst=b"efgh", p=6, len=40, data=tcp))
    first, later = bytearray(good), bytearray(good)
    first[6], later[7] = 0x20, 0x10
    path = tmp_path / "mixed.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for kind, packet in [
            (b"\x08\x00", good),
            (b"\x08\x00", bytes(first)),
            (b"\x08\x00", bytes(later)),
            (b"\x08\x00", good[:30]),
            (b"\x08\x00", good[:9] + b"\x11" + good[10:]),
            (b"\x08\x06", bytes(28)),
        ]:
            writer.writepkt(bytes(12) + kind + packet, 1.0)
    capture = Capture(path)
    assert len(list(capture)) == 1
    assert capture.left_out == {"fragments": 2, "damaged": 1, "no TCP": 1, "no IP": 1}


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ("", 0),
        ("020405b40402080a0000000000000000 01 030307", 7),
        ("030302", 2),
        ("0303ff", 14),
        ("01010000030307", 0),
        ("020405b40402080a0000", 14),
        ("03", 14),
        ("0200030307", 14),
    ],
)
def test_the_window_scale_is_read_from_the_options(options: str, scale: int) -> None:
    """None is 0; one that is cut off may be the largest."""
    assert window_scale(bytes.fromhex(options)) == scale


# -- files that are none -----------------------------------------------------------------------


def command(*args: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in the repository, with its pictures in `folder`."""
    return example("tcp", *map(str, args), "--out", str(folder / "out"), folder=ROOT)


def complaint(path: Path) -> str:
    with pytest.raises(BadCaptureError) as error:
        Capture(path)
    return str(error.value)


def test_what_is_no_capture_is_said_to_be_none(tmp_path: Path) -> None:
    """A text, nothing at all, a folder, no file, something compressed."""
    text, empty, packed = tmp_path / "notes.txt", tmp_path / "empty", tmp_path / "x.gz"
    text.write_text("SYN SYN,ACK ACK")
    empty.touch()
    packed.write_bytes(b"\x1f\x8b\x08\0")
    assert complaint(text) == (
        f"{text} is no capture: it begins with b'SYN ', which neither pcap nor pcapng does, the "
        "formats that tcpdump -w and Wireshark write"
    )
    assert complaint(empty) == f"{empty} is empty: a capture has at least a header"
    assert complaint(tmp_path) == f"{tmp_path} cannot be read: Is a directory"
    assert complaint(tmp_path / "not") == f"{tmp_path / 'not'} cannot be read: " + (
        "No such file or directory"
    )
    assert complaint(packed) == f"{packed} is compressed: unpack it with gunzip first"


def test_an_unknown_link_type_is_named(tmp_path: Path) -> None:
    """With those that are known."""
    path = tmp_path / "usb.pcap"
    path.write_bytes(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 65535, 189))
    message = complaint(path)
    assert "link type 189" in message
    assert "1 (Ethernet)" in message


def test_an_error_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """And never a traceback."""
    done = command(tmp_path / "not", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'not'} cannot be read: No such file or directory\n"
    file = tmp_path / "out"
    file.touch()
    done = command(CAPTURE, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {file} cannot be the folder for pictures")
    assert done.stderr.count("\n") == 1


def test_a_capture_that_breaks_off_is_followed_as_far_as_it_goes(tmp_path: Path) -> None:
    """With a warning that says where; what is whole counts."""
    path = tmp_path / "cut.pcap"
    whole = HEADER.size + sum(RECORD.size + len(frame) for _, _, frame, _ in frames()[:200])
    path.write_bytes(CAPTURE.read_bytes()[: whole + 50])
    done = command(path, folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr == (
        f"warning: {path} is cut off in the middle of a packet after 200 packets; "
        "what is whole was followed\n"
    )
    assert "in 200 packets of" in done.stdout


@pytest.mark.parametrize("end", [24, 25, 39, 40, 41, 113, 114, 130, 131])
def test_it_may_break_off_anywhere(end: int, tmp_path: Path) -> None:
    """Within the first header it is no capture; after a whole packet it is whole."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(CAPTURE.read_bytes()[:end])
    capture = Capture(path)
    first = RECORD.unpack_from(CAPTURE.read_bytes(), HEADER.size)[2]
    whole = HEADER.size + RECORD.size + first
    assert len(list(capture)) == (end >= whole)
    assert bool(capture.frames.cut) == (end not in (HEADER.size, whole))
    path.write_bytes(CAPTURE.read_bytes()[:23])
    assert complaint(path) == f"{path} ends within its first header"


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_may_break_off_anywhere(order: str, tmp_path: Path) -> None:
    """And lengths in it may be nonsense."""
    path = tmp_path / "cut.pcapng"
    whole = pcapng(order, None, 6)
    for end in (5, 11, 13, 40, 200, 3000, len(whole) - 3):
        path.write_bytes(whole[:end])
        capture = Capture(path)
        list(capture)
        assert "cut off in the middle of a block" in capture.frames.cut
    for length in (0, 3, 11, 13, 2**32 - 1):
        path.write_bytes(whole[:28] + struct.pack(order + "II", 6, length) + bytes(50))
        capture = Capture(path)
        assert list(capture) == []
        assert "damaged" in capture.frames.cut
    path.write_bytes(whole[:28] + block(order, 6, bytes(8)) + block(order, 6, bytes(40)))
    capture = Capture(path)
    assert list(capture) == []
    assert capture.left_out == {"damaged": 2}  # too short; of an interface that there is not


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_never_raise(seed: int, tmp_path: Path) -> None:
    """A few, or many, anywhere after the first header."""
    luck = random.Random(seed)
    path = tmp_path / "damaged"
    data = bytearray(CAPTURE.read_bytes() if seed % 3 else pcapng("<", None, 6))
    for _ in range(luck.choice([1, 20, 400, 5000])):
        data[luck.randrange(24, len(data))] = luck.randrange(256)
    path.write_bytes(data)
    found: list[Connection] = []
    follower = Follower(found.append)
    for segment in Capture(path):
        follower.segment(segment)
    follower.finish()
    assert sum(end.packets for each in found for end in each.ends) == follower.segments


# -- the program -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("tcp")
    done = command(CAPTURE, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, folder / "out"


def test_it_lists_who_how_much_and_how_it_ended(output: tuple[str, Path]) -> None:
    """And the states of both ends, with the seconds since the beginning of the connection."""
    lines = output[0].splitlines()
    assert lines[0].split("  ") == [
        *("", " 1", "127.0.0.1:36010 > 127.0.0.1:6010"),
        "11 packets, 200 > 900 bytes: closed by the client",
    ]
    assert " ".join(lines[1].split()) == (
        "client SYN-SENT 0.000 ESTABLISHED 0.030 FIN-WAIT-1 0.197 FIN-WAIT-2 0.269 "
        "TIME-WAIT 0.327 CLOSED 60.327"
    )
    assert lines[2].split()[:3] == ["server", "LISTEN", "0.015"]
    numbers = [
        int(number) for number in re.findall(r"^ *(\d+)  \S+ [>-] ", output[0], re.MULTILINE)
    ]
    assert numbers == list(range(1, 67))
    assert "[::1]:36013 > [::1]:6013" in output[0]
    assert "127.0.0.1:36220 - 127.0.0.1:6220" in output[0]
    assert "1 repeated" in output[0]


def test_it_says_which_edges_were_never_taken(output: tuple[str, Path]) -> None:
    """After the list, where a reader's eye comes to rest."""
    end = output[0].splitlines()[-13:]
    assert end[1] == (
        "The machine has 11 states and 20 edges, as RFC 9293 draws it; these packets took 18. "
        "Never taken:"
    )
    assert end[2:4] == ["  LISTEN -- SEND -> SYN-SENT", "  LISTEN -- CLOSE -> CLOSED"]
    assert end[5] == "  rcv RST, taken in SYN-SENT, ESTABLISHED, FIN-WAIT-1, CLOSE-WAIT"


def test_the_picture_has_counts(output: tuple[str, Path]) -> None:
    """Both files are where the last lines say, and what was taken is counted on the edges."""
    svg, png = output[1] / "tcp.svg", output[1] / "tcp.png"
    assert f"{svg} and {png}" in output[0]
    assert "×46" in svg.read_text("utf-8")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_in_a_pipe_there_are_no_colours_and_a_line_is_a_line(output: tuple[str, Path]) -> None:
    """So that `grep` finds it."""
    assert "\x1b" not in output[0]
    assert any(len(line) > 120 for line in output[0].splitlines())


def test_quiet_leaves_out_the_list(tmp_path: Path) -> None:
    """The summary remains."""
    done = command(CAPTURE, "--quiet", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("\n66 connections in 740 packets of ")


def test_help_says_what_it_does(tmp_path: Path) -> None:
    """Without a capture there is nothing to do but to say how to give one."""
    done = command("--help", folder=tmp_path)
    assert done.returncode == 0
    assert "Follow the TCP connections of a capture" in done.stdout
    assert command(folder=tmp_path).returncode == 2


def test_a_long_capture_has_a_bar_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the side of the errors, and only where somebody looks."""
    monkeypatch.setattr(program, "LONG", 500)
    monkeypatch.setattr(program, "BATCH", 100)
    console = Console(file=io.StringIO())
    for terminal in (True, False):
        said = io.StringIO()
        errors = Console(file=said, force_terminal=terminal, width=100)
        batches = list(program.batches(Capture(CAPTURE), console, errors))
        assert sum(map(len, batches)) == 740
        assert ("packets" in said.getvalue()) is terminal


# -- long captures -----------------------------------------------------------------------------


def rounds(count: int, later: float) -> Iterator[tuple[int, int]]:
    """Follow the capture so many times over; after each, how many machines and bytes there are."""
    follower = Follower(lambda connection: None)
    capture = Capture(CAPTURE)
    begin = None
    for number, (when, frame) in enumerate(repeat(740 * count, later=later), 1):
        begin = when if begin is None else begin
        segment = capture.segment(when - begin, dpkt.ethernet.Ethernet(frame))
        assert segment is not None
        follower.segment(segment)
        if number % 740 == 0:
            gc.collect()
            yield len(follower.machines.dispatcher.actors), tracemalloc.get_traced_memory()[0]
    follower.finish()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_the_capture() -> None:
    """Machines serve again, and nothing is kept of a connection that is over."""
    tracemalloc.start()
    try:
        seen = list(rounds(12, later=3 * 3600.0))
    finally:
        tracemalloc.stop()
    assert {actors for actors, _ in seen[2:]} == {seen[2][0]}
    settled = [size for _, size in seen[4:]]
    assert max(settled) - min(settled) < 20_000


@pytest.mark.slow
def test_following_takes_no_longer_than_parsing() -> None:
    """On 100,000 packets, of connections that open and close all the time, beside dpkt alone.

    They take turns at every thousand packets, and the median of several rounds counts; in a process
    of their own, where no collector of garbage looks through what other tests have left.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tcp", "100000"],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = re.search(r"following .* ([\d.]+) of dpkt alone", done.stdout)
    assert told is not None, done.stdout
    assert float(told[1]) <= 1


@pytest.mark.slow
def test_a_long_capture_is_followed_to_its_end(tmp_path: Path) -> None:
    """A hundred thousand packets, by the program itself."""
    path = tmp_path / "long.pcap"
    write(path, 100_000)
    done = command(path, "--quiet", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "in 100,000 packets" in done.stdout
