"""What a file really is, by its first bytes: an ending can be wrong."""

from __future__ import annotations

from pathlib import Path

_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a ZIP or NPZ archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x93NUMPY", "a NumPy array"),
)


def looks_like(head: bytes) -> str:
    """What the first bytes of a file belong to, with its article.

    >>> looks_like(b"a,b\\n1,2\\n"), looks_like(b"PAR1...")
    ('text', 'a Parquet file')
    """
    if not head:
        return "an empty file"
    for magic, meaning in _MAGIC:
        if head.startswith(magic):
            return meaning
    return "binary data" if b"\0" in head else "text"


def head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)
