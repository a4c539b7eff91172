"""Recorded searches in a store that is made for them, so that nobody's first page is empty.

`benchmarks/record_demo.py` recorded them.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECORDED = Path(__file__).parent / "demo.tar.xz"


@contextmanager
def filled() -> Iterator[Path]:
    """A folder with the store of the recorded searches, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="automl-demo-"))
    try:
        with tarfile.open(RECORDED) as archive:
            archive.extractall(folder / "demo", filter="data")
        yield folder / "demo"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
