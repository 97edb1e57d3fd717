"""Two thousand clients that send a byte a second, and fifty that are fast: the seed of all this."""

from __future__ import annotations

import os
import shutil

import pytest

from benchmarks.slow_clients import FAST, SLOW, WORKERS, measure


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk, the fast clients, is not installed here"
)
@pytest.mark.skipif(
    (os.cpu_count() or 1) < 2, reason="two processes and the clients want two cores"
)
def test_the_slow_ones_do_not_slow_down_the_fast_ones() -> None:
    """With them, the slowest hundredth of the fast ones' answers takes at most twice as long.

    What else the machine does may be in the way: so it is measured three times at most.
    """
    assert (WORKERS, SLOW, FAST) == (2, 2_000, 50)
    ratios: list[float] = []
    for _ in range(3):
        without, together = measure(rounds=3, seconds=3)
        assert together.rate > without.rate / 2
        ratios.append(together.p99 / without.p99)
        if ratios[-1] <= 2:
            return
    raise AssertionError(f"p99 with the slow ones to p99 without: {ratios}")
