"""Whether time grows with the size of the input and not faster."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from flowlet import Parser

#: How many bytes, in pieces of how many: a quick look, and a megabyte.
SIZES = [
    (1 << 17, 1 << 17),
    pytest.param(1 << 20, 1 << 20, marks=pytest.mark.slow),
    pytest.param(1 << 20, 64, marks=pytest.mark.slow),
]
TIMES = 16


def grows_linearly(run: Callable[[int], Callable[[], object]], size: int) -> None:
    """What `run(size)` returns takes less than 3 times as long a byte as with a sixteenth of it.

    The best of some rounds counts: whatever else runs here makes a round longer, never shorter.
    """
    little, much = run(size // TIMES), run(size)
    small = large = float("inf")
    for _ in range(5):
        small = min(small, _seconds(little, TIMES))  # as many bytes in each
        large = min(large, _seconds(much, 1))
        if large < 2 * small:
            return
    assert large < 3 * small, f"{large / small:.1f} times as long a byte"


def parses_linearly(
    fn: Callable[..., object],
    made: Callable[[int], bytes],
    size: int,
    piece: int,
    **limits: int,
) -> None:
    """So does a parser that is fed such data, in pieces of so many bytes."""

    def run(size: int) -> Callable[[], None]:
        data = made(size)
        pieces = [data[i : i + piece] for i in range(0, len(data), piece)]

        def parse() -> None:
            parser = Parser(fn, **limits)
            for each in pieces:
                parser.feed(each)

        return parse

    grows_linearly(run, size)


def _seconds(call: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        call()
    return time.process_time() - began
