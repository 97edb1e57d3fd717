"""Whether 2,000 clients that send a byte a second slow down 50 that are fast.

    python -m benchmarks.slow_clients [ROUNDS [SECONDS]]

A server of two processes; 50 connections of wrk, which ask as fast as they are answered; and, in
every other round, 2,000 connections each of which sends a request byte by byte, one a second.  The
question is what the slow ones do to the slowest hundredth of the fast ones' answers.  `--picture`
draws it.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final, NamedTuple

from examples.sockets.http_server import conversation
from flowlet.hosts.aio import Workers

WORKERS, SLOW, FAST = 2, 2_000, 50
PERCENTILES: Final = (1, *range(5, 100, 5), 99, 99.5, 99.9)
PICTURE: Final = Path("docs/pictures/slow-clients.svg")
#: What wrk is told to print at the end: latencies in microseconds.
SCRIPT: Final = """
done = function(summary, latency)
  for _, p in ipairs({%s}) do print("at", p, latency:percentile(p)) end
end
"""
REQUEST: Final = b"GET /slowly HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Round(NamedTuple):
    """Requests a second, and latencies in ms, by percentile."""

    rate: float
    latencies: dict[float, float]

    @property
    def p99(self) -> float:
        return self.latencies[99]


# -- the slow ones, in a process of their own ------------------------------------------------------


def drip(port: int, count: int, orders: Pipe) -> None:
    """Connect, say so, and send byte by byte until told to end."""

    async def one(number: int, up: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        up.release()
        await asyncio.sleep(number / count)  # spread over the second
        while True:
            for byte in REQUEST:
                writer.write(bytes([byte]))
                await asyncio.sleep(1)
            await reader.readuntil(b"world!\n")

    async def main() -> None:
        up = asyncio.Semaphore(0)
        clients = [asyncio.create_task(one(number, up)) for number in range(count)]
        for _ in clients:
            await up.acquire()
        await asyncio.sleep(1)  # all have begun to send
        orders.send(len(clients))
        await asyncio.get_running_loop().run_in_executor(None, orders.recv)
        failed = [client.exception() for client in clients if client.done()]
        orders.send(str(failed[0]) if failed else None)
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)

    asyncio.run(main())


@contextmanager
def slow_clients(port: int, count: int = SLOW) -> Iterator[None]:
    """Have them there meanwhile; an error if one of them was not served."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=drip, args=(port, count, theirs))
    process.start()
    theirs.close()
    try:
        if ours.recv() != count:
            raise RuntimeError("not all have connected")
        yield
        ours.send("end")
        failure = ours.recv()
        if failure is not None:
            raise RuntimeError(f"a slow client was not served: {failure}")
    finally:
        ours.close()
        process.join()


# -- the fast ones ---------------------------------------------------------------------------------


def fast_clients(port: int, seconds: int) -> Round:
    """What wrk sees."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "percentiles.lua"
        script.write_text(SCRIPT % ", ".join(map(str, PERCENTILES)), "utf-8")
        done = subprocess.run(
            ["wrk", "-t1", f"-c{FAST}", f"-d{seconds}s", "-s", str(script),
             f"http://127.0.0.1:{port}/"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"not all were answered:\n{done.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None:
        raise RuntimeError(f"wrk has not said how much it was:\n{done.stdout}")
    found = re.findall(r"^at\t([\d.]+)\t([\d.]+)", done.stdout, re.M)
    return Round(float(rate[1]), {float(at): float(late) / 1000 for at, late in found})


# -- both ------------------------------------------------------------------------------------------


def measure(rounds: int = 5, seconds: int = 5) -> tuple[Round, Round]:
    """The medians without the slow ones, and with them."""
    without, together = [], []
    with Workers(conversation, "127.0.0.1", 0, workers=WORKERS, stop_grace=0.0) as pool:
        fast_clients(pool.port, 1)  # warm
        for _ in range(rounds):
            without.append(fast_clients(pool.port, seconds))
            with slow_clients(pool.port):
                together.append(fast_clients(pool.port, seconds))
    return median(without), median(together)


def median(rounds: list[Round]) -> Round:
    """Of everything by itself."""
    return Round(
        statistics.median(each.rate for each in rounds),
        {at: statistics.median(each.latencies[at] for each in rounds) for at in PERCENTILES},
    )


def draw(without: Round, together: Round) -> str:
    """Latency by percentile, as two lines."""
    wide, high, left, top = 640, 300, 60, 50
    most = max(*without.latencies.values(), *together.latencies.values()) * 1.05

    def place(at: float, late: float) -> str:
        x = math.log10(100 / (100 - at)) / 3  # as much for the slowest tenth as for its tenth
        return f"{left + wide * x:.1f},{top + high * (1 - late / most):.1f}"

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {left + wide + 40} {top + high + 60}" '
        'font-family="Inter, sans-serif" font-size="13" fill="#334155">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{left}" y="26" font-size="15" '
        f'font-weight="600" fill="#0f172a">{FAST} fast clients, without and with {SLOW:,} slow ones'
        "</text>",
    ]
    for at in (0, 50, 90, 99, 99.9):
        x = place(at, 0).split(",")[0]
        lines.append(f'<path d="M{x} {top}V{top + high}" stroke="#e2e8f0"/>')
        lines.append(f'<text x="{x}" y="{top + high + 20}" text-anchor="middle">{at:g} %</text>')
    step = max(1, round(most / 5))
    for late in range(0, int(most) + 1, step):
        y = place(0, late).split(",")[1]
        lines.append(f'<path d="M{left} {y}H{left + wide}" stroke="#e2e8f0"/>')
        lines.append(f'<text x="{left - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{late}</text>')
    for each, colour, name in (
        (without, "#64748b", f"without, p99 {without.p99:.1f} ms"),
        (together, "#2563eb", f"with, p99 {together.p99:.1f} ms"),
    ):
        points = " ".join(place(at, late) for at, late in each.latencies.items())
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        row = top + 20 + 20 * (each is together)
        lines.append(f'<path d="M{left + 16} {row - 4}h24" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{left + 48}" y="{row}">{name}</text>')
    lines.append(
        f'<text x="{left}" y="{top + high + 44}">So many of all answers took no longer than this, '
        "in milliseconds; a server of two processes.</text>"
    )
    return "\n".join([*lines, "</svg>", ""])


def main(rounds: int = 5, seconds: int = 5, *, picture: bool = False) -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed here: Debian has a package of that name")
    without, together = measure(rounds, seconds)
    print(f"{'':12}{'requests/s':>12}{'p50':>9}{'p99':>9}   ({os.cpu_count()} cores)")
    for name, each in (("without", without), ("with", together)):
        print(f"{name:12}{each.rate:12,.0f}{each.latencies[50]:9.2f}{each.p99:9.2f} ms")
    ratio = together.p99 / without.p99
    print(f"p99 with to without: {ratio:.2f}, bar 2: {'holds' if ratio <= 2 else 'fails'}")
    if picture:
        PICTURE.write_text(draw(without, together), "utf-8")


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each != "--picture"]
    main(*map(int, given), picture="--picture" in sys.argv)
