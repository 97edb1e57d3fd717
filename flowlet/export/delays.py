"""Times, as the labels of their edges tell them."""

from __future__ import annotations

import re

#: `after 5s`, and where several such times run at once `after 5s#2`.
_NUMBER = re.compile(r"after (\d+(?:\.\d+)?)s(?:#\d+)?")

NOTE = (
    "A time begins here when its state is entered. A limit round several states that are no block "
    "of their own begins anew with each of them."
)


def seconds(label: str) -> float | None:
    """How long the time of an edge is; `None` where only its name is known."""
    found = _NUMBER.fullmatch(label)
    return float(found[1]) if found else None
