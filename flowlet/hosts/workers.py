"""Several processes that share a port, each with a loop and a dispatcher of its own.

Where the system can, every process has a socket of its own on the port, and the system divides the
connections evenly; elsewhere all accept from one socket.  The processes share nothing else: what
the actors of one know, those of another do not.

Who has started them watches: a process that dies unasked is started anew.  If they die again and
again, all are stopped.  A process whose parent is gone ends by itself.
"""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.reduction import ForkingPickler
from pickle import PicklingError
from types import FrameType
from typing import Any, Final, NoReturn, Self, TypeVarTuple

from ..names import check_function
from ..reading import Stream
from .binding import DIVIDES, addresses, bound, close
from .server import Server, check_options, serve
from .terms import Terms

Ts = TypeVarTuple("Ts")

#: A worker that dies more often than this, for each worker, within so many seconds, is a fault that
#: starting it anew does not mend.
MOST: Final = 3
WITHIN: Final = 10.0
#: Seconds for a new process to say that it listens.
BEGIN: Final = 60.0
#: Seconds beyond its grace, before a process is killed.
SPARE: Final = 5.0

#: What `pickle` raises for what it cannot pickle.
UNPICKLED: Final = (TypeError, AttributeError, PicklingError)

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class _Asked(BaseException):
    """A signal has asked to end."""


class Workers:
    """Processes that serve one port.

    ```python
    with Workers(echo, "127.0.0.1", 8000, workers=2) as pool:
        pool.watch()
    ```

    What is given goes to other processes: the actor function stands in a module, and its arguments
    can be pickled.  The options are those of `serve`, but for `ssl`, which is a function that makes
    the context.
    """

    def __init__(
        self,
        fn: Callable[[Stream, *Ts], Any],
        host: str | None = None,
        port: int = 0,
        *args: *Ts,
        workers: int,
        loop_factory: LoopFactory | None = None,
        stop_grace: float = 5.0,
        **options: Any,
    ) -> None:
        check_function(fn, "Workers", "an actor function, whose first argument is a stream")
        check_given(options)
        if workers < 1:
            raise ValueError(f"workers is how many processes there are, 1 or more, not {workers!r}")
        found = addresses(host, port)
        if DIVIDES and port:
            close(bound(found))  # sockets that share a port would share it with any other pool
        self._sockets = bound(found, DIVIDES)
        #: The port of the first address.
        self.port: int = self._sockets[0].getsockname()[1]
        self._count = workers
        self._grace = stop_grace
        self._work = (fn, args, loop_factory, stop_grace, options)
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Any, Pipe] = {}
        #: Held by whoever starts or ends processes.
        self._lock = threading.RLock()
        self._stopping = False

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [process.pid for process in list(self._processes)]

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._start()
            for process in list(self._processes):
                self._await(process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def watch(self) -> None:
        """Start anew who dies, until another thread calls `stop`, or an exception comes.

        Raises `RuntimeError` where they die again and again, and where one cannot be started.
        """
        died: deque[float] = deque()
        while not self._stopping:
            wait([process.sentinel for process in list(self._processes)])
            with self._lock:
                for process in list(self._processes):
                    if self._stopping or process.is_alive():
                        continue
                    self._mourn(died, process)
                    self._processes.pop(process).close()
                    self._await(self._start())

    def _mourn(self, died: deque[float], process: Any) -> None:
        """Count who has died, and see whether it is too many."""
        died.append(time.monotonic())
        while died[0] + WITHIN < died[-1]:
            died.popleft()
        if len(died) > MOST * self._count:
            raise RuntimeError(
                f"{len(died)} workers have died within {WITHIN:g} s, the last one with exit code "
                f"{process.exitcode}; what it has printed says why"
            )

    def stop(self) -> None:
        """End all, each as `Server.stop` does."""
        self._stopping = True
        with self._lock:
            for process in self._processes:
                process.terminate()
            late = time.monotonic() + 2 * self._grace + SPARE
            for process, pipe in self._processes.items():
                process.join(max(0.0, late - time.monotonic()))
                if process.is_alive():
                    process.kill()
                    process.join()
                pipe.close()
            self._processes.clear()
            close(self._sockets)

    def _start(self) -> Any:
        ours, theirs = self._context.Pipe()
        places = None
        if DIVIDES:
            places = [(s.family, s.type, s.proto, "", s.getsockname()) for s in self._sockets]
        process = self._context.Process(
            target=_serve, args=(*self._work, places or self._sockets, theirs), daemon=True
        )
        try:
            process.start()
        except BaseException as error:
            ours.close()
            self._name_what_stays(error)
            raise
        finally:
            theirs.close()
        self._processes[process] = ours  # now it has a number, and can be ended
        return process

    def _name_what_stays(self, error: BaseException) -> None:
        """Raise which of the arguments it was that cannot be handed to another process."""
        work: Any = self._work
        fn, args, loop_factory, _, options = work
        given = {"the actor function": fn, "loop_factory": loop_factory, **options}
        given.update({f"argument {number} of the actor": arg for number, arg in enumerate(args, 1)})
        for name, value in given.items():
            try:
                ForkingPickler.dumps(value)
            except UNPICKLED as reason:
                raise TypeError(
                    f"{name} cannot be handed to another process: {reason}; what several workers "
                    "are given stands in a module, or can be pickled"
                ) from error
            except Exception:  # some can, but only while a process begins
                continue

    def _await(self, process: Any) -> None:
        """Wait until a process listens."""
        pipe = self._processes[process]
        if not pipe.poll(BEGIN):
            raise RuntimeError(f"a worker has not begun within {BEGIN:g} s")
        try:
            pipe.recv()
        except EOFError:
            process.join()
            raise RuntimeError(
                f"a worker has ended before it listened, with exit code {process.exitcode}; what "
                "it has printed says why"
            ) from None


def check_given(options: dict[str, Any]) -> None:
    """Raise here what `serve` would raise in each of the processes."""
    known = inspect.signature(serve).parameters
    for name in options:
        if name not in known:
            raise TypeError(f"serve has no option {name!r}")
    if (make_context := options.get("ssl")) is not None and not callable(make_context):
        raise TypeError(
            "with several workers, ssl is a function that makes the context, since each process "
            f"has its own; not {make_context!r}"
        )
    given = {"consumer" if name == "on_output" else name: options[name] for name in options}
    Terms(**{name: given[name] for name in given.keys() & Terms.__slots__})
    check_options(
        **{name: given[name] for name in given.keys() & {"limit", "handshake", "backlog"}}
    )


def _serve(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    loop_factory: LoopFactory | None,
    grace: float,
    options: dict[str, Any],
    places: list[Any],
    parent: Pipe,
) -> None:
    """What a process does."""

    async def main() -> None:
        sockets = places
        if not isinstance(places[0], socket.socket):
            sockets = bound(places, divided=True)
        make_context = options.pop("ssl", None)
        if make_context is not None:
            options["ssl"] = make_context()
        begin: Any = serve
        server: Server = await begin(fn, None, 0, *args, sockets=sockets, **options)
        ask = _until_asked(server, grace)
        loop = asyncio.get_running_loop()

        def orphaned() -> None:
            loop.remove_reader(parent.fileno())
            ask()

        with suppress(NotImplementedError):  # the loop of Windows watches sockets alone
            loop.add_reader(parent.fileno(), orphaned)
        parent.send("it listens")
        await server.stopped()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def _until_asked(server: Server, grace: float) -> Callable[[], None]:
    """Have the server stop at a signal; returns what stops it otherwise."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def ask() -> None:
        if not stopping:
            stopping.append(loop.create_task(server.stop(grace)))

    with suppress(NotImplementedError):  # the loop of Windows leaves signals to Python
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ask)
    return ask


def run(
    fn: Callable[[Stream, *Ts], Any],
    host: str | None = None,
    port: int = 0,
    *args: *Ts,
    workers: int = 1,
    loop_factory: LoopFactory | None = None,
    stop_grace: float = 5.0,
    **options: Any,
) -> None:
    """Serve until a signal comes, SIGINT (Ctrl-C) or SIGTERM; then stop gracefully.

    `workers`: so many processes share the port.  `loop_factory`: what makes the event loop, such as
    `uvloop.new_event_loop`.  `stop_grace`: seconds in which connections may come to their end.  The
    other options are those of `serve`; with several workers, `ssl` is a function that makes the
    context.
    """
    if workers == 1:

        async def main() -> None:
            server = await serve(fn, host, port, *args, **options)
            _until_asked(server, stop_grace)
            await server.stopped()

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(main())
        return

    def asked(number: int, frame: FrameType | None) -> NoReturn:
        raise _Asked

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Workers(
            fn, host, port, *args, workers=workers, loop_factory=loop_factory,
            stop_grace=stop_grace, **options,
        ) as pool:  # fmt: skip
            pool.watch()
    except _Asked:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
