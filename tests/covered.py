"""Whether enough is covered, of the lines and of the branches: coverage.py looks at their sum.

`coverage json -q -o - | python tests/covered.py 95` ends with 1 where one of them is less.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping


def shares(totals: Mapping[str, int]) -> dict[str, float]:
    """How many in a hundred lines, and in a hundred branches, were run."""
    return {
        "lines": 100 * totals["covered_lines"] / totals["num_statements"],
        "branches": 100 * totals["covered_branches"] / totals["num_branches"],
    }


def main(least: float) -> int:
    """Tell both, and end with 1 where one is less than that."""
    found = shares(json.load(sys.stdin)["totals"])
    for what, share in found.items():
        more = "" if share >= least else f", and not {least:g}"
        sys.stdout.write(f"{what}: {share:.2f} % covered{more}\n")
    return int(min(found.values()) < least)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
