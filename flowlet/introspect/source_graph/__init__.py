"""Reading a machine out of its source: every way from wait to wait, without running it."""

from .search import Search

__all__ = ["Search"]
