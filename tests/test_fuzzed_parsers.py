"""Whatever is fed to the parsers of examples/protocols: values or their own error, within limits.

`python -m tests.fuzz` feeds a million inputs to each.
"""

from __future__ import annotations

import pytest

from tests.fuzz import TARGETS, fuzz


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    ("count", "seed"), [(500, 1), pytest.param(20_000, 2, marks=pytest.mark.slow)]
)
def test_nothing_comes_out_but_values_and_its_own_error(name: str, count: int, seed: int) -> None:
    done = fuzz(name, count, seed)
    assert done["inputs"] == count
    # Of both there is enough: the changes are neither too few nor too many.
    assert count / 10 < done["refused"] < count
    assert done["values"] > count / 10
