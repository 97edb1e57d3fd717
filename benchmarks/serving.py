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

BODY = b"Hello, world!\n"
CONNECTIONS = 50

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

    dates = [0, b""]

    def date() -> bytes:
        second = int(time.time())
        if second != dates[0]:
            dates[:] = second, formatdate(second, usegmt=True).encode()
        return dates[1]  # type: ignore[return-value]

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


def main(rounds: int = 15, seconds: int = 2) -> dict[str, float]:
    """Measure; requests a second, by server."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed here: Debian has a package of that name")
    ours, theirs = cores()
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
    rates = {name: statistics.median(rate for rate, _ in each) for name, each in samples.items()}
    tell(rates, samples, rounds, seconds)
    return rates


def ratios_of(samples: dict[str, list[tuple[float, float]]], name: str) -> list[float]:
    """Requests a second to those of uvicorn, round by round."""
    pairs = zip(samples[name], samples["uvicorn, h11"], strict=True)
    return [mine / theirs for (mine, _), (theirs, _) in pairs]


def tell(
    rates: dict[str, float],
    samples: dict[str, list[tuple[float, float]]],
    rounds: int,
    seconds: int,
) -> None:
    """The table."""
    print(", ".join(f"{name} {version(name)}" for name in PEERS), end=", ")
    print(f"CPython {sys.version.split()[0]}; medians of {rounds} rounds of {seconds} s")
    print(f"\n{CONNECTIONS} connections{'requests/s':>26}{'to uvicorn':>12}", end="")
    print(f"{'spread':>9}{'p99':>11}")
    ratios = {name: ratios_of(samples, name) for name in samples}
    for name, rate in rates.items():
        found = [each for each, _ in samples[name]]
        spread = (max(found) - min(found)) / rate
        late = statistics.median(p99 for _, p99 in samples[name])
        ratio = statistics.median(ratios[name])
        print(f"  {name:26}{rate:12,.0f}{ratio:12.2f}{spread:9.0%}{late:8.2f} ms")
    low, ratio, high = statistics.quantiles(ratios["flowlet"])
    print(f"\nhalf of the rounds between {low:.2f} and {high:.2f} times uvicorn")
    verdict = "holds" if ratio >= 1.5 else "fails"
    print(f"flowlet to uvicorn with h11: {ratio:.2f}, bar 1.5: {verdict}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        with socket.socket(fileno=int(sys.argv[3])) as inherited:
            SERVERS[sys.argv[2]](inherited)
    else:
        main(*map(int, sys.argv[1:]))
