"""Paths that other people wrote, in archives and tables: they may not leave their folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def stays_inside(name: str) -> bool:
    """Whether a relative path stays in the folder that it starts from, on any system.

    >>> [stays_inside(name) for name in ("a/b.png", "./a", "../a", "a/../../b", "/a", "C:\\\\a", "")]
    [True, True, False, False, False, False, False]
    """
    parts = name.replace("\\", "/").split("/")
    is_absolute = parts[0] == "" or parts[0][1:2] == ":"
    return not is_absolute and ".." not in parts and "\0" not in name


def leaving(files: Iterable[Path], folder: Path) -> list[Path]:
    """Those of some files below a folder that are reached by a link that leaves this folder."""
    root = folder.resolve()
    parents: dict[Path, bool] = {}
    outside = []
    for file in files:
        if file.parent not in parents:
            parents[file.parent] = file.parent.resolve().is_relative_to(root)
        if not parents[file.parent] or (file.is_symlink() and not file.resolve().is_relative_to(root)):
            outside.append(file)
    return outside
