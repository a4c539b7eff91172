"""Which files are images, recordings and texts, by their endings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_MOST_FOLDERS = 1000  # that are looked into: somebody may name the root of a disk
_DEEPEST = 4  # folders below the first that are looked into: splits, classes, and what an archive adds


@dataclass(frozen=True)
class Medium:
    """One kind of file that holds one row.

    Args:
        kind: the kind of data, one of `automl.task.KINDS`.
        noun: what such files are called in messages.
        formats: likewise, their formats.
    """

    kind: str
    endings: tuple[str, ...]
    noun: str
    formats: str

    def has(self, name: str) -> bool:
        """Whether a file of this name is one; hidden files are none."""
        return name.lower().endswith(self.endings) and not name.startswith(".")


IMAGE = Medium("image", (".png", ".jpg", ".jpeg"), "images", "PNG or JPEG")
AUDIO = Medium("audio", (".wav", ".flac", ".ogg"), "recordings", "WAV, FLAC or OGG")
TEXT = Medium("text", (".txt",), "texts", ".txt")
MEDIA = (IMAGE, AUDIO, TEXT)


def medium_of(folder: Path) -> Medium | None:
    """What a folder holds: images or recordings where there are any, else texts; None where none of them."""
    has_texts = False
    depth = len(folder.parts)
    for here, folders, files in islice(os.walk(folder), _MOST_FOLDERS):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(Path(here).parts) - depth >= _DEEPEST:
            folders.clear()
        for medium in (IMAGE, AUDIO):
            if any(map(medium.has, files)):
                return medium
        has_texts = has_texts or any(map(TEXT.has, files))
    return TEXT if has_texts else None
