"""What the catalogue's own parts do to a store: spoil files, fill a disk, find out how full a machine is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.faults.catalogue.bad_checkpoint import spoil
from benchmarks.faults.catalogue.full_disk import _fill


@pytest.mark.parametrize("way", ["truncated", "empty", "flipped"])
def test_spoiled_file_is_another(tmp_path: Path, way: str) -> None:
    file = tmp_path / "file"
    content = bytes(range(256))
    for seed in range(20):
        file.write_bytes(content)
        spoil(file, way, random.Random(seed))
        spoiled = file.read_bytes()
        assert spoiled != content
        assert (len(spoiled) == 256) == (way == "flipped")
    assert file.read_bytes() == b"" or way != "empty"


def test_ballast_stops_where_there_is_no_room(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, before[1]))
    try:
        _fill(tmp_path / "ballast")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "ballast").stat().st_size == 100_001
