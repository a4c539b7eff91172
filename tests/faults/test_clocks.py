"""A machine whose clock is hours ahead takes nothing from others: ages are told by the store's own clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from toys import toy_spec

import automl
from automl.execution.local import LocalExecutor
from automl.store import open_store
from automl.store.lease import clock, lease
from automl.store.places.disk import DiskPlace
from automl.store.retention import gc


@pytest.fixture
def hours_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + 24 * 3600)


@pytest.mark.usefixtures("hours_ahead")
def test_lease_is_not_taken_from_a_living_holder(tmp_path: Path) -> None:
    folder = DiskPlace(tmp_path)
    with lease(folder, "lease", 600) as one, lease(folder, "lease", 600) as other:
        assert (one, other) == (True, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("hours_ahead")
def test_what_is_being_written_is_not_left_over(tmp_path: Path) -> None:
    automl.search(toy_spec(tmp_path), store=tmp_path / "store", executor=LocalExecutor())
    store = open_store(tmp_path / "store")
    (search_id,) = store.search_ids()
    work = store.search(search_id).work_folder("trial", "3", 9)
    (work.local / "checkpoint.json").write_text("{}")
    gc(store)
    assert (work.local / "checkpoint.json").exists()


def test_clock_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    before = clock(DiskPlace(tmp_path))
    file = tmp_path / "file"
    file.touch()
    assert before <= file.stat().st_mtime <= clock(DiskPlace(tmp_path))
    assert list(tmp_path.iterdir()) == [file]
