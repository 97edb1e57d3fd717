"""What an object says of itself.

A program holds objects of any class, and a class may answer for attributes that it does not have,
by raising whatever it likes.  Looking at them must not fail of that: it is as if there were none.
"""

from __future__ import annotations

from typing import Any


def asked(held: Any, attr: str, other: Any = None) -> Any:
    """An attribute of an object or a class, or `other` where asking for it fails."""
    try:
        return getattr(held, attr, other)
    except Exception:
        return other
