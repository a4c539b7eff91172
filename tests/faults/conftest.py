"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.bench import Bench
from benchmarks.faults.processes import wait_until_gone


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A `Bench`; the test fails where a process of it outlives it."""
    folder = tmp_path.resolve()
    yield Bench(folder)
    assert wait_until_gone(folder) == {}
