"""The other half of a stream: the bytes that an actor writes."""

from __future__ import annotations

from collections.abc import Callable

from .buffer import Buffer, bytes_of
from .errors import IllegalCallError


class Writing(Buffer):
    """Bytes that are written, and handed on by whoever sends them."""

    __slots__ = ("_on_write", "_out", "closed")

    def __init__(self, on_write: Callable[[bytes], object] | None = None) -> None:
        super().__init__()
        self._on_write = on_write
        self._out: list[bytes] = []
        #: Whether the actor has closed it.
        self.closed: bool = False

    def write(self, data: bytes) -> None:
        """Have bytes sent; nobody waits for that.

        Raises `IllegalCallError` on a stream that is closed.
        """
        if self.closed:
            raise IllegalCallError(f"write({data!r}) on a stream that is closed; write before")
        if type(data) is not bytes:
            data = bytes_of(data)
        if self._on_write is not None:
            self._on_write(data)
        else:
            self._out.append(data)

    def close(self) -> None:
        """Have no more read and written; what was written before is still sent."""
        self.closed = True

    def data_to_send(self) -> bytes:
        """What has been written since the last call."""
        data = b"".join(self._out)
        self._out.clear()
        return data
