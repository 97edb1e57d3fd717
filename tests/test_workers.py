"""Several processes that share a port: process and coroutine."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pytest

from flowlet import Stream, receive
from flowlet.hosts.aio import Closing, Workers

ROOT = Path(__file__).parent.parent


def who(stream: Stream) -> None:
    """Tells which process it is in; asked for more, it says goodbye."""
    stream.read_line()
    stream.write(b"%d\n" % os.getpid())
    if stream.at_eof():
        return
    receive(Closing)
    stream.write(b"goodbye\n")


def dies(stream: Stream) -> None:
    stream.read_line()
    os._exit(3)


def no_loop() -> None:
    raise LookupError("there is no such loop")


def ask(port: int) -> int:
    """Connect, and ask which process it is; 0 where it died of that."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"who?\n")
        with sock.makefile("rb") as answers:
            return int(answers.readline() or 0)


def come_true(condition: Callable[[], object]) -> None:
    late = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < late, "it has not come true"


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not looked after yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def watched(pool: Workers) -> Iterator[list[BaseException]]:
    """Have another thread watch them; what it raises."""
    raised: list[BaseException] = []

    def watch() -> None:
        try:
            pool.watch()
        except RuntimeError as error:
            raised.append(error)

    with pool:
        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield raised
        finally:
            pool.stop()
            watching.join()


def test_connections_are_divided_among_the_processes() -> None:
    """Each is served by one of them, and all of them serve."""
    with Workers(who, "127.0.0.1", 0, workers=2) as pool:
        assert len(pool.pids) == 2
        seen: set[int] = set()
        come_true(lambda: seen.add(ask(pool.port)) or seen == set(pool.pids))  # type: ignore[func-returns-value]
    with pytest.raises(ConnectionRefusedError):
        ask(pool.port)


def test_a_port_that_another_pool_has_cannot_be_had() -> None:
    """Though the system would let both have it, and divide what comes among them."""
    with Workers(who, "127.0.0.1", 0, workers=1) as pool:
        with pytest.raises(OSError, match="in use"):
            Workers(who, "127.0.0.1", pool.port, workers=1)
        assert ask(pool.port) == pool.pids[0]


def test_one_that_dies_is_started_anew() -> None:
    """The others go on meanwhile, and in the end all are ended."""
    pool = Workers(who, "127.0.0.1", 0, workers=2)
    with watched(pool) as raised:
        first, second = pool.pids
        os.kill(first, signal.SIGKILL)
        come_true(lambda: first not in pool.pids and len(pool.pids) == 2)
        after = set(pool.pids)
        assert second in after
        seen: set[int] = set()
        come_true(lambda: seen.add(ask(pool.port)) or seen == after)  # type: ignore[func-returns-value]
    assert raised == []
    assert not any(map(alive, after))


@pytest.mark.slow
def test_if_they_die_again_and_again_that_is_told() -> None:
    """Starting them anew mends nothing: the error says how the last one ended."""
    pool = Workers(dies, "127.0.0.1", 0, workers=1)
    with watched(pool) as raised:

        def provoke() -> bool:
            with suppress(OSError):  # it is just being started
                ask(pool.port)
            return bool(raised)

        come_true(provoke)
    assert "4 workers have died within 10 s, the last one with exit code 3" in str(raised[0])


def test_who_is_among_them_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is just being started has no number yet; one that cannot be is told as it is."""
    start = SpawnProcess.start
    told: list[list[int]] = []

    def begins(process: SpawnProcess) -> None:
        told.append(pool.pids)
        if len(told) == 2:
            raise OSError("there is no room for more")
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", begins)
    pool = Workers(who, "127.0.0.1", 0, workers=2)
    with pytest.raises(OSError, match="no room for more"):
        pool.__enter__()
    assert [len(pids) for pids in told] == [0, 1]
    assert all(isinstance(pid, int) for pids in told for pid in pids)
    assert pool.pids == []


def test_one_that_cannot_begin_says_so() -> None:
    """And nobody is left who waits for it."""
    with pytest.raises(RuntimeError, match="ended before it listened, with exit code 1"):
        Workers(who, "127.0.0.1", 0, workers=1, loop_factory=no_loop).__enter__()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"on_output": lambda connection: print}, "on_output cannot be handed to another process"),
        ({"loop_factory": lambda: None}, "loop_factory cannot be handed to another process"),
        ({"ssl": ssl.create_default_context()}, "ssl is a function that makes the context"),
        ({"limt": 3}, "serve has no option 'limt'"),
        ({"idle": "60"}, "idle is in seconds"),
        ({"limit": 1.5}, "limit is how many connections"),
    ],
)
def test_what_no_process_can_be_given_is_named(options: dict[str, Any], told: str) -> None:
    """It is told by the one that starts them, and none is left."""
    with pytest.raises(TypeError, match=told), Workers(who, "127.0.0.1", workers=2, **options):
        pass


def test_an_argument_of_the_actor_that_stays_here_is_named() -> None:
    """By its place; the function itself is named too."""
    lock: Any = threading.Lock()
    cases: list[tuple[Any, tuple[Any, ...], str]] = [
        (who, (1, lock), "argument 2 of the actor cannot be handed"),
        (lambda stream: None, (), "the actor function cannot be handed"),
    ]
    for fn, args, told in cases:
        with (
            pytest.raises(TypeError, match=told),
            Workers(fn, "127.0.0.1", 0, *args, workers=1),
        ):
            pass


SERVER = """
from flowlet.hosts import aio
from tests.test_workers import who
import sys

if __name__ == "__main__":
    aio.run(who, "127.0.0.1", int(sys.argv[1]), workers=int(sys.argv[2]))
    print("it has ended by itself")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_gracefully(
    tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    """Connections are told, and may finish; then `run` returns."""
    program, port = tmp_path / "server.py", free_port()
    program.write_text(SERVER, "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(program), str(port), str(workers)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip

    def answers() -> bool:
        try:
            return ask(port) > 0
        except OSError:
            return False

    come_true(answers)
    with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as got:
        sock.sendall(b"who?\n")
        pid = int(got.readline())
        assert (pid == process.pid) is (workers == 1)
        sock.sendall(b"more")
        process.send_signal(number)
        assert got.readline() == b"goodbye\n"
    out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == ("it has ended by itself\n", 0)
    come_true(lambda: not alive(pid))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it is seen in /proc who is alive")
def test_processes_whose_parent_is_gone_end(tmp_path: Path) -> None:
    """It had no time to tell them."""
    program, port = tmp_path / "server.py", free_port()
    program.write_text(SERVER, "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(program), str(port), "2"], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    pids: set[int] = set()

    def both_answer() -> bool:
        with suppress(OSError):
            pids.add(ask(port))
        return len(pids) == 2

    come_true(both_answer)
    process.kill()
    process.wait()
    come_true(lambda: not any(map(alive, pids)))
