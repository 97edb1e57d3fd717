"""Record the capture that the example reads: real TCP connections on loopback, taken by tcpdump.

    python examples/tcp/record.py capture.pcap      (Linux; root, tcpdump, iproute2, iptables)

It takes a little over a minute.

- All happens in a network namespace of its own, so that nothing else is in the capture.
- A connection is a row of the table in capture.md: the story of both its ends. `Link` plays it.
- Loopback is too quick for two FINs to cross, and loses nothing. So every packet, once tcpdump has
  seen it leave, waits in a netfilter queue for `DELAY` before it arrives, or is lost there. What
  follows, the retransmissions above all, is the kernel's own doing.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

DELAY = 0.015  # seconds from one end to the other
SNAP = 14 + 40 + 60  # bytes kept of a packet: the headers at their longest, little of the payload
SETUP = (
    "ip link set lo mtu 1500 gso_max_segs 1 up",
    "iptables -w -A INPUT -p tcp -j NFQUEUE --queue-num 0",
    "ip6tables -w -A INPUT -p tcp -j NFQUEUE --queue-num 0",
)
TCPDUMP = f"tcpdump -i lo -n -U --immediate-mode -Z root -s {SNAP} tcp -w"
TOOLS = "tcpdump", "ip", "iptables", "ip6tables", "unshare", "sleep"
PACKAGES = "tcpdump iproute2 iptables util-linux coreutils"
PEER = {"client": "server", "server": "client"}

# What can be lost: a test of a segment's flags and of how many bytes of data it carries.
LOSSES: dict[str, Callable[[int, int], bool]] = {
    "SYN": lambda flags, size: bool(flags & 0x02),
    "FIN": lambda flags, size: bool(flags & 0x01),
    "ACK": lambda flags, size: flags == 0x10 and not size,
    "data": lambda flags, size: size > 0,
}


class Line(threading.Thread):
    """The line between the ends of all connections: it takes `DELAY`, and loses what it is told to.

    It is the user side of netfilter queue 0; the numbers and structures are those of the kernel
    header linux/netfilter/nfnetlink_queue.h.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.losses: dict[int, list[str]] = {}  # by the port that sends
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
        self._tell(2, 1, struct.pack("!BxH", 1, 0))  # CONFIG, CMD: bind
        self._tell(2, 2, struct.pack("!IB", 128, 2))  # CONFIG, PARAMS: copy 128 bytes of a packet

    def run(self) -> None:
        waiting: deque[tuple[float, int]] = deque()
        while True:
            timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            if select.select([self.netlink], [], [], timeout)[0]:
                number, packet = self._packet(self.netlink.recv(65536))
                if packet and self._is_lost(packet):
                    self._verdict(number, 0)  # NF_DROP
                elif packet:
                    waiting.append((time.monotonic() + DELAY, number))
            while waiting and waiting[0][0] <= time.monotonic():
                self._verdict(waiting.popleft()[1], 1)  # NF_ACCEPT

    def _is_lost(self, packet: bytes) -> bool:
        ipv4 = packet[0] >> 4 == 4
        start = (packet[0] & 15) * 4 if ipv4 else 40
        end = int.from_bytes(packet[2:4] if ipv4 else packet[4:6], "big") + (0 if ipv4 else 40)
        source, offset, flags = struct.unpack_from("!H10xBB", packet, start)
        wanted = self.losses.get(source)
        if not wanted or not LOSSES[wanted[0]](flags, end - start - (offset >> 4) * 4):
            return False
        del wanted[0]
        return True

    def _verdict(self, number: int, verdict: int) -> None:
        self._tell(1, 2, struct.pack("!II", verdict, number))  # VERDICT, VERDICT_HDR

    def _tell(self, message: int, attribute: int, value: bytes) -> None:
        body = struct.pack("=BBHHH", 0, 0, 0, 4 + len(value), attribute)  # any family, queue 0
        body += value + bytes(-len(value) % 4)
        kind = 0x300 + message  # 3: NFNL_SUBSYS_QUEUE
        self.netlink.send(struct.pack("=IHHII", 16 + len(body), kind, 1, 0, 0) + body)

    @staticmethod
    def _packet(message: bytes) -> tuple[int, bytes]:
        """Return a packet's number in the queue and its first bytes; none if it is no packet."""
        number, packet, at = 0, b"", 20
        while message[4:6] == struct.pack("=H", 0x300) and at + 4 <= len(message):
            length, attribute = struct.unpack_from("=HH", message, at)
            if attribute == 1:  # PACKET_HDR
                number = int.from_bytes(message[at + 4 : at + 8], "big")
            elif attribute == 10:  # PAYLOAD
                packet = message[at + 4 : at + length]
            at += (length + 3) & ~3
        return number, packet


class Link:
    """One connection: its two ends, and the words of the stories that can be told of them."""

    def __init__(self, line: Line, port: int) -> None:
        self.line = line
        self.ports = {"client": port + 30000, "server": port, "listener": port}
        self.family, self.host = socket.AF_INET, "127.0.0.1"
        self.ends: dict[str, socket.socket] = {}

    def end(self, who: str) -> socket.socket:
        """Return the socket of that end; a new one where there is none."""
        if who not in self.ends:
            end = self.ends[who] = socket.socket(self.family)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.prepare(end).bind((self.host, self.ports[who]))
        return self.ends[who]

    def prepare(self, end: socket.socket) -> socket.socket:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a segment for each call
        end.settimeout(20)
        return end

    def tell(self, story: str) -> None:
        """Play the steps of a story."""
        for step in story.split("; "):
            try:
                self.do(step)
            except Exception as error:
                error.add_note(f"port {self.ports['server']}, in the step {step!r}")
                raise

    def do(self, step: str) -> None:
        match step.split():
            case ["on", "IPv6"]:
                self.family, self.host = socket.AF_INET6, "::1"
            case ["pause", seconds]:
                time.sleep(float(seconds))  # real time, since it is the kernel that plays
            case ["listen"]:
                self.end("listener").listen()
            case ["accept"]:
                self.ends["server"] = self.prepare(self.end("listener").accept()[0])
                self.do("listener closes")
            case ["open"]:
                self.tell("listen; client connects; accept")
            case [who, "connects"]:
                if self.end(who).connect_ex((self.host, self.ports[PEER[who]])):
                    self.do(f"{who} closes")
            case [who, "dials"]:
                self.end(who).setblocking(False)
                self.end(who).connect_ex((self.host, self.ports[PEER[who]]))
                self.end(who).settimeout(20)
            case [who, "sends", *sizes]:
                for size in sizes:
                    self.end(who).sendall(bytes(int(size)))
            case [who, "holds", size]:
                self.end(who).send(bytes(int(size)), socket.MSG_MORE)
            case [who, "reads", size]:
                left = int(size)
                while left:
                    left -= len(self.end(who).recv(left))
            case [who, "says", size]:
                self.tell(f"{who} sends {size}; {PEER[who]} reads {size}")
                time.sleep(0.06)  # longer than the kernel keeps an ACK back
            case [count, "turns"]:
                for who in ["client", "server"] * int(count):
                    self.tell(f"{who} sends 400; {PEER[who]} reads 400")
            case [count, "segments", "each"]:
                for _ in range(int(count)):
                    self.tell("client sends 500; server sends 800; pause 0.005")
                self.tell(f"server reads {int(count) * 500}; client reads {int(count) * 800}")
            case [who, "ends"]:
                self.end(who).shutdown(socket.SHUT_WR)
            case [who, "closes"]:
                self.ends.pop(who).close()
            case [who, "closes", "first"]:
                self.tell(f"{who} closes; {PEER[who]} follows")
            case [who, "follows", *at_once]:
                while self.end(who).recv(65536):
                    pass
                self.tell(f"pause {0 if at_once else 0.1}; {who} closes")
            case [who, "resets"]:
                linger = struct.pack("ii", 1, 0)  # for zero seconds: a reset instead of a FIN
                self.end(who).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.do(f"{who} closes")
            case [who, "is", "killed"]:
                with subprocess.Popen(["sleep", "99"], pass_fds=[self.end(who).fileno()]) as holder:
                    self.tell(f"{who} closes; pause 1")  # now that process alone holds the end
                    holder.kill()
            case [who, "probes", "every", seconds]:
                self.option(who, socket.TCP_KEEPIDLE, int(seconds))
                self.option(who, socket.TCP_KEEPINTVL, int(seconds))
                self.end(who).setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            case [who, "loses", "every", what]:
                self.line.losses[self.ports[who]] = [what] * 99
            case [who, "loses", *what]:
                self.line.losses[self.ports[who]] = what
            case [who, "gives", "up", "after", seconds]:
                self.option(who, socket.TCP_USER_TIMEOUT, int(seconds) * 1000)
            case [who, "starts", "at", number]:
                # A socket in repair mode takes the first sequence number that it is given, which
                # the kernel would have drawn by lot. The options are those of linux/tcp.h.
                repair, queue, queue_seq = 19, 20, 21
                self.option(who, repair, 1)
                self.option(who, queue, 2)  # that for sending
                self.option(who, queue_seq, int(number))
                self.option(who, repair, -1)
            case _:
                raise ValueError("a step that Link.do does not know")

    def option(self, who: str, option: int, value: int) -> None:
        packed = struct.pack("=I", value % 2**32)
        self.end(who).setsockopt(socket.IPPROTO_TCP, option, packed)


def record(rows: list[tuple[int, str]], out: Path) -> None:
    """Play every row (port, story) in this network namespace, with tcpdump on its loopback."""
    for step in SETUP:
        if subprocess.run(step.split()).returncode:
            sys.exit(f"record.py cannot go on: this failed, see above: {step}")
    line = Line()
    line.start()
    todo: list[tuple[Link, str]] = []
    for port, story in rows:
        link = Link(line, port)
        before, _, after = story.rpartition("; capture begins; ")
        if before:
            link.tell(before)
        todo.append((link, after))

    def play(place: int) -> None:
        link, story = todo[place]
        begin = link.ports["server"] % 10 + place * 0.03
        time.sleep(begin)  # so that some connections overlap in the capture, and not all
        link.tell(story)

    command = [*TCPDUMP.split(), str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tcpdump:
        assert tcpdump.stderr is not None
        try:
            said = ""
            while "listening on" not in said:
                if not (more := tcpdump.stderr.readline()):
                    sys.exit(f"record.py cannot go on: tcpdump ended at once: {said}")
                said += more
            print(f"{len(todo)} connections, and a long silence at the end …")
            with ThreadPoolExecutor(len(todo)) as pool:
                list(pool.map(play, range(len(todo))))  # the list raises what a story has raised
            time.sleep(1)  # real time again: tcpdump waits so long for more before it writes
        finally:
            tcpdump.send_signal(signal.SIGINT)
        print(tcpdump.stderr.read(), end="")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record real TCP connections with tcpdump.")
    parser.add_argument("out", type=Path, help="where the capture goes, for instance capture.pcap")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if missing := [name for name in TOOLS if not shutil.which(name)]:
        sys.exit(f"record.py needs {', '.join(missing)}. On Debian: apt-get install {PACKAGES}")
    if os.geteuid():
        sys.exit("record.py makes a network namespace, which only root may: run it as root")
    if not given.inside:
        again = [sys.executable, __file__, "--inside", str(given.out)]
        os.execvp("unshare", ["unshare", "--net", *again])
    table = Path(__file__).with_name("capture.md").read_text()
    rows = re.findall(r"^\| (\d+) \|[^|]+\| ([^|]+) \|$", table, re.MULTILINE)
    record([(int(port), story) for port, story in rows], given.out)


if __name__ == "__main__":
    main()
