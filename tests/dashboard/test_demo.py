"""The recorded searches that `automl dashboard --demo` shows."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from dashboard_app import said

from automl.bundle_files import verify
from automl.store import open_store, reading
from automl.store.pulling import bundle_of
from benchmarks.record_demo import MOST_BYTES, SEARCHES, check
from dashboard.demo import RECORDED, filled


def test_it_is_small_and_holds_files_alone() -> None:
    assert RECORDED.stat().st_size <= MOST_BYTES
    with tarfile.open(RECORDED) as archive:
        assert all(member.isfile() for member in archive)


def test_the_store_is_there_in_a_moment_without_torch_and_goes_at_the_end() -> None:
    program = (
        "import sys, time\nbegan = time.monotonic()\nfrom dashboard.demo import filled\n"
        "with filled() as folder:\n    there = (folder / 'tables').is_dir()\n"
        "print(there, folder.exists(), 'torch' in sys.modules, time.monotonic() - began)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    there, left, torch, seconds = done.stdout.split()
    assert (there, left, torch) == ("True", "False", "False")
    assert float(seconds) < 3.0


def test_it_goes_also_where_something_fails() -> None:
    def fail() -> None:
        with filled() as folder:
            found.append(folder)
            raise KeyboardInterrupt

    found: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not found[0].parent.exists()


def test_its_searches_are_complete_and_their_models_whole() -> None:
    with filled() as folder:
        store = open_store(folder)
        rows = reading.searches(store).collect()
        assert sorted(rows["name"]) == sorted(str(spec["name"]) for spec in SEARCHES)
        assert set(rows["state"]) == {"complete"}
        for search_id in rows["search_id"]:
            model = bundle_of(store, search_id).on_disk()
            assert model is not None
            verify(model)


def test_nothing_of_it_names_a_machine() -> None:
    with filled() as folder:
        check(folder)


@pytest.mark.parametrize("page", ["", "leaderboard", "models", "search"])
def test_its_pages_have_content(see: Any, page: str) -> None:
    with filled() as folder:
        store = open_store(folder)
        query = {"id": store.search_ids()[0]} if page == "search" else {}
        app = see(folder, page, **query)
        assert not app.error, said(app)
        assert app.title
