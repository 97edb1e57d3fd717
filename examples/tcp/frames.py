"""From a capture file to the frames in it: pcap, which `dpkt` reads, and pcapng.

The pcapng reader of `dpkt` knows one interface of one link type, so the blocks of such a file are
walked here (the format: draft-ietf-opsawg-pcapng).  A file that breaks off, or in which a length
cannot be true, gives what comes before; `Frames.cut` then says how it ended.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import dpkt

#: A record of more bytes than this is a damaged one; the largest packet has 64 KiB.
LARGEST = 1 << 24

PCAP = {
    b"\xa1\xb2\xc3\xd4",  # times in microseconds
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",  # in nanoseconds
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\xcd\x34",  # the "modified" pcap of some old Linux systems
    b"\x34\xcd\xb2\xa1",
}
PCAPNG = b"\x0a\x0d\x0d\x0a"
LITTLE_ENDIAN = b"\x4d\x3c\x2b\x1a"

#: Seconds since the epoch, link type, the bytes of the frame.
Frame = tuple[float, int, bytes]


class BadCaptureError(Exception):
    """The file is no capture that can be read; the text is for the person who gave it."""


class Frames:
    """The frames of a capture file, in their order.

    Raises `BadCaptureError` where the file is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Frames read so far.
        self.count = 0
        #: Frames of pcapng that could not be read.
        self.damaged = 0
        #: How the file breaks off; empty where it is whole.
        self.cut = ""
        #: The size of the file, and how much of it has been read, in bytes.
        self.size = 0
        self.place = 0
        #: The link type of the whole file, which only pcap has.
        self.link: int | None = None
        try:
            if not (path.is_file() or path.is_dir()) and path.exists():
                raise BadCaptureError(f"{path} is a pipe or a device: save the capture to a file")
            with path.open("rb") as file:
                self.size = os.fstat(file.fileno()).st_size
                head = file.read(24)  # of pcap, the first header
        except OSError as error:
            raise BadCaptureError(f"{path} cannot be read: {error.strerror}") from None
        self._is_pcap = head[:4] in PCAP
        if self._is_pcap:
            try:
                link = dpkt.pcap.Reader(io.BytesIO(head)).datalink()
            except dpkt.NeedData:
                raise BadCaptureError(f"{path} ends within its first header") from None
            self.link = int(link) & 0xFFFF  # above that stands the size of checksums
        elif head[:4] != PCAPNG:
            raise BadCaptureError(f"{path} {_what_it_is(head[:4])}")

    def __iter__(self) -> Iterator[Frame]:
        with self.path.open("rb") as file:
            for frame in self._pcap(file) if self._is_pcap else self._pcapng(file):
                self.count += 1
                if self.count % 1000 == 0:
                    self.place = file.tell()
                yield frame
        self.place = self.size

    def _breaks_off(self, how: str) -> None:
        self.cut = f"{how} after {self.count:,} packets"

    def _pcap(self, whole: BinaryIO) -> Iterator[Frame]:
        file = _Watched(whole)
        link = self.link or 0
        try:
            for time, frame in dpkt.pcap.Reader(file):
                if file.short:
                    break
                yield float(time), link, frame
            else:
                return
        except dpkt.NeedData:
            pass
        except _TooLargeError as error:
            self._breaks_off(f"damaged ({error})")
            return
        self._breaks_off("cut off in the middle of a packet")

    def _pcapng(self, file: BinaryIO) -> Iterator[Frame]:
        order = "<"
        interfaces: list[_Interface] = []
        time = 0.0
        while head := file.read(12):
            if head.startswith(PCAPNG):
                order = "<" if head[8:] == LITTLE_ENDIAN else ">"
                interfaces = []
            if len(head) < 12:
                break
            kind, length = struct.unpack_from(order + "II", head)
            if not 12 <= length <= LARGEST or length % 4:
                self._breaks_off(f"damaged (a block of {length:,} bytes)")
                return
            body = head[8:] + file.read(length - 12)
            if len(body) < length - 8:
                break
            try:
                if kind == 1:
                    interfaces.append(_Interface.read(order, body[:-4]))
                    continue
                found = _packet(order, kind, body[:-4])
                if found is None:
                    continue
                number, ticks, frame = found
                interface = interfaces[number]
            except (struct.error, IndexError):
                self.count += 1
                self.damaged += 1
                continue
            if ticks is not None:
                time = interface.offset + ticks / interface.ticks
            yield time, interface.link, frame
        else:
            return
        self._breaks_off("cut off in the middle of a block")


def _packet(order: str, kind: int, body: bytes) -> tuple[int, int | None, bytes] | None:
    """Of a block with a packet: the interface, the time in ticks if it has one, and the frame."""
    if kind == 6:
        number, high, low, size, _ = struct.unpack_from(order + "5I", body)
        return number, high << 32 | low, body[20 : 20 + size]
    if kind == 2:  # older than 6, and long out of use
        number, _, high, low, size, _ = struct.unpack_from(order + "HH4I", body)
        return number, high << 32 | low, body[20 : 20 + size]
    if kind == 3:  # simple: of the first interface, and without a time
        (size,) = struct.unpack_from(order + "I", body)
        return 0, None, body[4 : 4 + size]
    return None


class _Interface(NamedTuple):
    """Where a packet of a pcapng file was taken; `ticks` of its clock make a second."""

    link: int
    ticks: int
    offset: int

    @classmethod
    def read(cls, order: str, body: bytes) -> _Interface:
        (link,) = struct.unpack_from(order + "H", body)
        ticks, offset, place = 10**6, 0, 8
        while place + 4 <= len(body):
            code, size = struct.unpack_from(order + "HH", body, place)
            if code == 9:  # if_tsresol: a power of ten, or with the first bit set, of two
                power = body[place + 4]
                ticks = 2 ** (power & 0x7F) if power & 0x80 else 10**power
            elif code == 14:  # if_tsoffset
                (offset,) = struct.unpack_from(order + "q", body, place + 4)
            elif code == 0:
                break
            place += 4 + (size + 3 & ~3)
        return cls(link, ticks, offset)


class _TooLargeError(Exception):
    pass


class _Watched:
    """A file that notes when it gave less than was asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.short = False

    def read(self, size: int) -> bytes:
        if size > LARGEST:
            raise _TooLargeError(f"a packet of {size:,} bytes")
        data = self.file.read(size)
        self.short = len(data) < size
        return data


def _what_it_is(magic: bytes) -> str:
    if not magic:
        return "is empty: a capture has at least a header"
    if magic.startswith(b"\x1f\x8b"):
        return "is compressed: unpack it with gunzip first"
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return "is compressed: unpack it with unzstd first"
    return (
        f"is no capture: it begins with {magic!r}, which neither pcap nor pcapng does, the formats "
        "that tcpdump -w and Wireshark write"
    )
