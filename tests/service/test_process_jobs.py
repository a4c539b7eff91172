"""Drivers as processes: what one printed that died before it had a log is in its log."""

from __future__ import annotations

import time
from pathlib import Path

from toys import toy_spec

from automl.api import spec_of
from automl.execution.jobs import DRIVER_LOG, MOST_PRINTED, note_end
from automl.execution.process_jobs import ProcessJobs
from automl.run import plan_search
from automl.store import SearchFolder, open_store


def begun(folder: Path) -> tuple[str, SearchFolder]:
    location = str(folder / "store")
    search, _ = plan_search(spec_of(toy_spec(folder)))
    return location, open_store(location, create=True).create_search(search.search_id, search.to_plain())


def log_of(folder: SearchFolder) -> str:
    return (folder.place / "logs" / DRIVER_LOG).read().decode()


def test_what_a_driver_printed_that_died_at_once_is_in_its_log(tmp_path: Path) -> None:
    location, folder = begun(tmp_path)
    (folder.place / "search.json").write_over(b"{")
    jobs = ProcessJobs(location)
    jobs.start(folder.search_id)
    until = time.monotonic() + 120
    while not (folder.place / "logs").names():
        assert time.monotonic() < until
        time.sleep(0.05)
        jobs.running()
    assert "ERROR the driver ended with status 1, and printed: " in log_of(folder)
    assert "JSONDecodeError" in log_of(folder)


def test_of_what_was_printed_the_end_is_kept(tmp_path: Path) -> None:
    location, folder = begun(tmp_path)
    note_end(folder.search_id, location, -9, "")
    note_end(folder.search_id, location, None, "x" * 10**6 + "the end")
    first, second = log_of(folder).splitlines()
    assert first.endswith("ERROR the driver ended with status -9")
    assert second.endswith("xthe end")
    assert "ERROR the driver ended, and printed: x" in second
    assert len(second) < MOST_PRINTED + 100
    note_end("none-00000000", location, 1, "")  # a log that cannot be written keeps nothing from going on
