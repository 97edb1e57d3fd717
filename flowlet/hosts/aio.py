"""Actors on sockets, in asyncio: `serve` an actor function, `connect` one, `run` it for good.

```python
from flowlet import Stream
from flowlet.hosts import aio

def echo(stream: Stream) -> None:
    while data := stream.read_some():
        stream.write(data)

if __name__ == "__main__":
    aio.run(echo, "127.0.0.1", 8000)
```

The function is the one that `Parser` would run: its first argument is the stream.  What is what:

    rounds      how an event loop drives a dispatcher: when it runs, and for how long
    loop        what asyncio code has of it, and what its actors have of asyncio
    sockets     the stream of a socket: back-pressure
    terms       what holds for connections: limits, consumers
    connection  how a transport, a stream and an actor begin, live and end together
    server      accepting, limits, the graceful stop
    client      a connection that is made from here
    workers     several processes that share a port
"""

from __future__ import annotations

from .client import Client, connect
from .connection import Connection
from .loop import LoopDispatcher
from .server import Closing, Server, serve
from .workers import Workers, run

__all__ = [
    "Client",
    "Closing",
    "Connection",
    "LoopDispatcher",
    "Server",
    "Workers",
    "connect",
    "run",
    "serve",
]
