"""All files of a bundle as one archive, made while it is read: nothing of it is held or written anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from automl.bundle_files import MANIFEST
from dashboard.queries.bundles import Bundle, Listed, pieces

PLAIN_BYTES = 2_000_000_000  # up to here every archive has the same form, so that its size is known before


def archived(found: Bundle, folder: str) -> Iterator[bytes]:
    """The archive piece by piece, its files stored as they are.

    Where a hash is wrong it ends before its table of contents, without which nothing opens it.
    """
    out = _Out()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for name, listed in _all(found):
            info = _entry(folder, name)
            info.file_size = listed.n_bytes
            with archive.open(info, "w") as entry:
                for piece in pieces(found, name):
                    entry.write(piece)
                    yield out.taken()
    yield out.taken()


def archive_bytes(found: Bundle, folder: str) -> int | None:
    """How large the archive will be: that of empty files, and the files; None where the form depends on the sizes."""
    n_bytes = sum(listed.n_bytes for _, listed in _all(found))
    if n_bytes > PLAIN_BYTES:
        return None
    out = _Out()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for name, _ in _all(found):
            archive.open(_entry(folder, name), "w").close()
    return len(out.taken()) + n_bytes


def _all(found: Bundle) -> list[tuple[str, Listed]]:
    return [*found.files.items(), (MANIFEST, Listed(len(found.listed), found.sha256))]


def _entry(folder: str, name: str) -> ZipInfo:
    info = ZipInfo(f"{folder}/{name}")
    info.external_attr = 0o644 << 16
    return info


class _Out:
    """A file that can only be written, of which what was written is taken."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, part: bytes, /) -> int:
        self._written.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        parts, self._written = self._written, []
        return b"".join(parts)
