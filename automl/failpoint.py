"""Crashes on purpose, for tests of what a crash leaves; nothing happens unless AUTOML_FAILPOINT is set.

``AUTOML_FAILPOINT="PHASE N PATTERN MARK"`` ends the process at once, without any clearing up, when it comes to a
phase of a durable step for the N-th time with a path that matches the pattern: ``before`` the step, ``written``
beside its place, ``placed``, or ``synced``, when it lasts. It happens once: the file MARK is made by it.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

_WANTED = os.environ.get("AUTOML_FAILPOINT")
_STATUS = 86
_n_passed = 0


def step(phase: str, path: object) -> None:
    """Says that a durable step on `path` has come to a phase."""
    if _WANTED is not None:
        _pass(_WANTED, phase, str(path))


def _pass(wanted: str, phase: str, path: str) -> None:
    global _n_passed
    at, n, pattern, mark = wanted.split()
    if phase != at or not fnmatchcase(path, pattern):
        return
    _n_passed += 1
    if _n_passed != int(n):
        return
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return  # it has happened
    os._exit(_STATUS)
