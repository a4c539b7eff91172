"""How a few of many files or values are named in a message."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 3


def some(names: Sequence[str]) -> str:
    """The first three.

    >>> some(["a", "b"]), some(["a", "b", "c", "d"])
    ('a, b', 'a, b, c and others')
    """
    return ", ".join(names[:MOST]) + (" and others" if len(names) > MOST else "")
