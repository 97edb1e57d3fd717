"""Requests a second, by wrk: flowlet's HTTP server beside uvicorn and a bare protocol with h11.

    python -m benchmarks.serving [ROUNDS [SECONDS]]

Each server is one process with asyncio's own loop, on one core; wrk is on another, with 50
connections that are kept.  All give the same answer, which is looked at first.  They run side by
side the whole time, and have their turns with wrk in another order each round: what else the
machine does meets them all alike.  What counts is the ratio within a round, and of the rounds the
median.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

from benchmarks import bars
from benchmarks.measure import Figures

BODY = b"Hello, world!\n"
CONNECTIONS = 50
ROUNDS, SECONDS = 15, 2

# -- the servers, each in a process of its own ---------------------------------------------------


def flowlet(sock: socket.socket) -> None:
    """examples/sockets/http_server.py, as it is."""
    from examples.sockets.http_server import conversation
    from flowlet.hosts import aio

    async def main() -> None:
        server = await aio.serve(conversation, sockets=[sock])
        await server.stopped()

    asyncio.run(main())


def uvicorn_h11(sock: socket.socket) -> None:
    """As its documentation says, without the log of what was asked."""
    import uvicorn

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    config = uvicorn.Config(
        app, http="h11", loop="asyncio", lifespan="off", ws="none", log_level="warning",
        access_log=False, server_header=False,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[sock])


def protocol_h11(sock: socket.socket) -> None:
    """h11 in a protocol of asyncio, and nothing else."""
    import time
    from email.utils import formatdate

    import h11

    told, date_told = 0, b""

    def date() -> bytes:
        nonlocal told, date_told
        second = int(time.time())
        if second != told:
            told, date_told = second, formatdate(second, usegmt=True).encode()
        return date_told

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            self.connection = h11.Connection(h11.SERVER)

        def data_received(self, data: bytes) -> None:
            connection = self.connection
            connection.receive_data(data)
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    return
                if isinstance(event, h11.EndOfMessage):
                    headers = [
                        (b"content-type", b"text/plain"),
                        (b"content-length", b"%d" % len(BODY)),
                        (b"date", date()),
                    ]
                    answer = h11.Response(status_code=200, headers=headers, reason=b"OK")
                    parts = [answer, h11.Data(data=BODY), h11.EndOfMessage()]
                    self.transport.write(b"".join(connection.send(part) or b"" for part in parts))
                    if connection.our_state is h11.MUST_CLOSE:
                        self.transport.close()
                        return
                    connection.start_next_cycle()

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Protocol, sock=sock)
        await server.serve_forever()

    asyncio.run(main())


SERVERS: dict[str, Callable[[socket.socket], None]] = {
    "flowlet": flowlet,
    "asyncio protocol, h11": protocol_h11,
    "uvicorn, h11": uvicorn_h11,
}
PEERS = ("uvicorn", "h11")


# -- measuring -----------------------------------------------------------------------------------


def listening() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sock.set_inheritable(True)
    return sock


def start(name: str, sock: socket.socket, core: int | None) -> subprocess.Popen[bytes]:
    """Run a server on a socket that listens already, so that nobody has to wait for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving", "--serve", name, str(sock.fileno())],
        pass_fds=[sock.fileno()],
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
    )


def cores() -> tuple[int | None, int | None]:
    """One core for the servers and another for wrk, where there are two and the system lets us."""
    if not hasattr(os, "sched_getaffinity") or len(found := sorted(os.sched_getaffinity(0))) < 2:
        return None, None
    return found[-1], found[0]


def answer(port: int) -> tuple[int, dict[str, str], bytes]:
    """What a server answers, but for the second in which it does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/", timeout=60) as got:
        headers = {name.lower(): value for name, value in got.headers.items()}
        headers["date"] = "" if "date" in headers else "missing"
        # urllib closes each connection, which is not how they are asked below.
        headers.pop("connection", None)
        return got.status, headers, got.read()


def requests_a_second(port: int, seconds: int, core: int | None) -> tuple[float, float]:
    """What wrk counts, and the 99th percentile of the latency in ms."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    if core is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"not all were answered:\n{done.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if rate is None or late is None:
        raise RuntimeError(f"wrk has not said how much it was:\n{done.stdout}")
    return float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]


def missing() -> str:
    """What is not installed here and is needed."""
    return "" if shutil.which("wrk") else "wrk, of which Debian has a package"


def measure(
    rounds: int = ROUNDS, seconds: int = SECONDS, on: tuple[int | None, int | None] | None = None
) -> dict[str, Figures]:
    """What wrk counts of each server, as medians of the rounds; `on` which cores."""
    ours, theirs = cores() if on is None else on
    with ExitStack() as stack:
        ports, processes = {}, []
        for name in SERVERS:
            sock = stack.enter_context(listening())
            ports[name] = sock.getsockname()[1]
            processes.append(start(name, sock, ours))
        try:
            answers = {name: answer(port) for name, port in ports.items()}
            first = answers["flowlet"]
            for name, each in answers.items():
                if each != first:
                    raise RuntimeError(f"not the same answer: {first} of flowlet, {each} of {name}")
            for port in ports.values():
                requests_a_second(port, 1, theirs)  # warm
            samples: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
            order = random.Random(0)
            for _ in range(rounds):
                for name in order.sample(list(ports), len(ports)):
                    samples[name].append(requests_a_second(ports[name], seconds, theirs))
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()
    return {name: figures_of(samples, name) for name in SERVERS}


def figures_of(samples: dict[str, list[tuple[float, float]]], name: str) -> Figures:
    """Of one server; its ratios are to uvicorn, round by round."""
    rates = [rate for rate, _ in samples[name]]
    rate = statistics.median(rates)
    pairs = zip(samples[name], samples["uvicorn, h11"], strict=True)
    ratios = sorted(mine / theirs for (mine, _), (theirs, _) in pairs)
    return {
        "requests_per_second": rate,
        "spread": (max(rates) - min(rates)) / rate,
        "p99_ms": statistics.median(late for _, late in samples[name]),
        "to_uvicorn": statistics.median(ratios),
        "to_uvicorn, a quarter below": ratios[len(ratios) // 4],
        "to_uvicorn, a quarter above": ratios[-1 - len(ratios) // 4],
    }


def tell(found: dict[str, Figures], rounds: int, seconds: int) -> None:
    """The table."""
    print(f"{CONNECTIONS} connections, medians of {rounds} rounds of {seconds} s")
    print(f"{'':28}{'requests/s':>12}{'to uvicorn':>12}{'half between':>17}", end="")
    print(f"{'spread':>9}{'p99':>11}")
    for name, row in found.items():
        low, high = row["to_uvicorn, a quarter below"], row["to_uvicorn, a quarter above"]
        print(
            f"  {name:26}{row['requests_per_second']:12,.0f}{row['to_uvicorn']:12.2f}"
            f"{low:9.2f} - {high:.2f} {row['spread']:9.0%}{row['p99_ms']:8.2f} ms"
        )


def rows(found: dict[str, Figures]) -> list[bars.Row]:
    """What is promised, and what is told beside it."""
    bare = found["flowlet"]["to_uvicorn"] / found["asyncio protocol, h11"]["to_uvicorn"]
    return [
        bars.at_least(
            "requests a second against uvicorn with h11", found["flowlet"]["to_uvicorn"], 1.5, None
        ),
        bars.Row("the same, a bare asyncio protocol with h11", bare, f"{bare:.2f} x"),
    ]


def main(rounds: int = ROUNDS, seconds: int = SECONDS) -> None:
    from benchmarks.__main__ import machine, tell_bars

    if missing():
        sys.exit(f"not installed here: {missing()}")
    print(machine())
    print(", ".join(f"{name} {version(name)}" for name in PEERS))
    found = measure(rounds, seconds)
    tell(found, rounds, seconds)
    tell_bars(rows(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        with socket.socket(fileno=int(sys.argv[3])) as inherited:
            SERVERS[sys.argv[2]](inherited)
    else:
        main(*map(int, sys.argv[1:]))
