"""How a few of many files or values are named in a message."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 3
_LONGEST = 200  # characters of an error of a library


def some(names: Sequence[str]) -> str:
    """The first three.

    >>> some(["a", "b"]), some(["a", "b", "c", "d"])
    ('a, b', 'a, b, c and others')
    """
    return ", ".join(names[:MOST]) + (" and others" if len(names) > MOST else "")


def first_line(error: Exception) -> str:
    """What an error says, in one line; some repeat the whole file."""
    return str(error)[:_LONGEST].split("\n", 1)[0]
