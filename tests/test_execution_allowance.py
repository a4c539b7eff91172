"""A search whose workers are taken for others, and given back: it goes on, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toys import toy_spec

from automl.api import spec_of
from automl.execution.service import StudyService
from automl.execution.tune import TuneExecutor
from automl.run import plan_search, run_search
from automl.store import open_store
from automl.store.reading import trials


@pytest.mark.slow
def test_workers_come_and_go_as_they_are_allowed(tmp_path: Path) -> None:
    spec = toy_spec(tmp_path, space={"pause": 0.6}, budget={"trials": 10, "epochs": 4})
    search, prepared = plan_search(spec_of(spec))
    store = open_store(tmp_path / "store", create=True)
    ended = 0

    def watch(_search: Any, progress: Any) -> None:
        nonlocal ended
        ended = progress.n_complete + progress.n_stopped

    def allowed() -> int:  # one at first, then both, then one again, then both
        return (1, 2, 1, 2)[min(3, ended // 2)]

    outcome = run_search(search, prepared, store, TuneExecutor(str(store)), watch, allowed)
    assert outcome.state == "complete"
    rows = trials(store, search.search_id).collect()
    assert rows["trial"].to_list() == list(range(10))
    assert set(rows["state"]) <= {"complete", "stopped"}
    by_worker = dict(rows.group_by("worker").len().iter_rows())
    assert set(by_worker) == {"0", "1"}
    assert by_worker["0"] > by_worker["1"]
    lost = [r for r in store.search(search.search_id).records() if r.state == "failed"]
    assert {(r.reason, r.message) for r in lost} <= {("preempted", "its worker was needed elsewhere")}


def test_what_a_worker_held_goes_to_another(tmp_path: Path) -> None:
    search, _ = plan_search(spec_of(toy_spec(tmp_path)))
    folder = open_store(tmp_path / "store", create=True).create_search(search.search_id, search.to_plain())
    service = StudyService(search, folder, folder.term_begin(), 0.0)
    for worker in ("0", "1"):
        service.register(worker)
    (work,) = service.ask("1").answer.assignments
    service.allow(1)
    assert service.report("1", work, 1, 0.5) == "pause"
    assert service.alive("1", work) == "pause"
    service.leave("1")
    (again,) = service.ask("0").answer.assignments
    assert (again.kind, again.name, again.attempt) == (work.kind, work.name, work.attempt + 1)
    service.allow(2)
    service.register("1")  # it comes again, which is no restart
    assert service.ask("1").answer.assignments[0].name != work.name
    service.allow(1)
    service.finish("1", [])
    assert service.ask("1").answer.done
    assert not service.status().idle
