"""How much may come out of compressed files: a small one can be made to hold any amount."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from automl.data.files.sniff import looks_like
from automl.errors import DataError

MAX_BYTES = 20_000_000_000
MAX_RATIO = 100  # of what comes out to what is in the file, where much comes out
RATIO_FROM = 100_000_000  # bytes
_BLOCK = 1 << 20


def most_bytes(n_compressed: int) -> int:
    """How many bytes may come out of so many.

    >>> most_bytes(1_000), most_bytes(10_000_000), most_bytes(10**12)
    (100000000, 1000000000, 20000000000)
    """
    return min(max(RATIO_FROM, MAX_RATIO * n_compressed), MAX_BYTES)


def too_large(name: str, n_bytes: int, n_compressed: int) -> DataError:
    """The refusal of a file that holds more than it may."""
    return DataError(
        f"{name} holds more than may come out of it: at least {_size(n_bytes)} in {_size(n_compressed)}, and "
        f"at most {MAX_BYTES // 10**9} GB are taken, or {MAX_RATIO} times its size beyond "
        f"{RATIO_FROM // 10**6} MB. If it is sound, unpack it yourself and give what it holds."
    )


def _size(n_bytes: int) -> str:
    unit, name = next(
        ((u, n) for u, n in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")) if n_bytes >= u), (1, "B")
    )
    return f"{n_bytes / unit:.3g} {name}"


def gunzipped(content: bytes, path: Path) -> bytes:
    """What is in the bytes of a file compressed with gzip.

    Raises:
        DataError: it is none, damaged, or holds too much.
    """
    packed, out = BytesIO(content), BytesIO()
    try:
        with gzip.open(packed) as stream:
            copy_limited(
                cast(BinaryIO, stream), out, lambda: most_bytes(packed.tell()), str(path), len(content)
            )
    except (OSError, EOFError, zlib.error) as error:
        came = looks_like(content[:4096])
        came += " that is cut off or damaged" if came == "a gzip file" else ""
        raise DataError(
            f"{path} should be compressed with gzip, but it is {came}. Compress it again."
        ) from error
    return out.getvalue()


def copy_limited(
    source: BinaryIO, target: BinaryIO, limit: Callable[[], int], name: str, n_compressed: int
) -> int:
    """Copies to the end, and says how many bytes these were; raises `DataError` beyond the limit of the moment."""
    n_bytes = 0
    while block := source.read(_BLOCK):
        n_bytes += len(block)
        if n_bytes > limit():
            raise too_large(name, n_bytes, n_compressed)
        target.write(block)
    return n_bytes
