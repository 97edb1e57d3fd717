"""What some of Python's own functions do, written down to be read like the user's.

None of it is ever called.
"""

from __future__ import annotations

from typing import Any

manager: Any = None
function: Any = None


def decorated(*args: Any, **words: Any) -> Any:
    """A function under a context manager that is used as a decorator."""
    with manager:
        return function(*args, **words)
