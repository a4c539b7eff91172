"""What a search is doing: as numbers, as lines, and again and again until it ends; and the logs of one trial."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from service.conftest import Running
from store_examples import SEARCH, search_row, trial_record

from automl import api, cli, results
from automl.errors import NotFoundError
from automl.execution.logs import attempt_at, log_to
from automl.results import Results
from automl.status_lines import follow, line, lines
from automl.store import SearchFolder, Store, open_store
from automl.store.fold import Fold

SPEC = {
    "budget": {"trials": 10, "time": 1000.0},
    "finalists": {"top": 1, "seeds": 2},
    "resources": {"workers": 4, "gpus": 0.5, "cpus": 2},
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


@pytest.fixture
def folder(store: Store) -> SearchFolder:
    """A search on GPUs of which three trials have ended, two of them without a score."""
    folder = store.create_search(SEARCH, {"objectives": [{"name": "rmse", "goal": "min"}], "device": "cuda"})
    term = folder.term_begin()
    folder.write_record(trial_record(0, train_seconds=3600.0))
    for number, seconds in ((1, 1800.0), (2, 1800.0)):
        failed: Any = {"state": "failed", "reason": "out_of_memory_gpu", "message": "no room\nat all"}
        record = trial_record(number, train_seconds=seconds, score=None, **failed)
        folder.write_record(replace(record, **failed))
    fold = Fold(store, folder, term)
    fold.fold()
    counts = {"n_trials": 3, "n_failed": 2, "n_planned": 10, "best_trial": 0, "best_score": 0.5}
    row = search_row(spec=json.dumps(SPEC), train_seconds=300.0, updated_at=datetime.now(UTC), **counts)
    fold.update_search(row)
    return folder


def test_a_search_says_how_far_it_is(store: Store, folder: SearchFolder) -> None:
    found = Results(store).status(folder.search_id)
    assert (found["state"], found["n_trials"], found["n_planned"], found["workers"]) == ("running", 3, 10, 4)
    assert (found["hours"], found["hours_of"]) == (1.0, "GPU")  # two hours of half a GPU
    assert found["n_refits_planned"] == 2
    assert found["seconds_left"] == pytest.approx(
        300 * 0.7 / 0.3, abs=10
    )  # the time goes faster than the trials
    assert found["failures"][0]["reason"] == "out_of_memory_gpu"
    assert lines(found) == [
        f"{SEARCH}  running",
        "  progress    3 of 10 trials, 2 failed, 0 of 2 refits of finalists",
        "  best        mae 0.5, of trial 0",
        "  spent       1.00 GPU-hours in 5 min",
        "  time left   about 12 min",
        "  workers     4",
        "  failures    2, of these 2 out_of_memory_gpu: no room",
    ]
    assert (
        line(found)
        == f"{SEARCH} running · 3 of 10 trials, 2 failed, 0 of 2 refits of finalists · best mae 0.5"
    )
    json.dumps(found)


def test_what_cannot_be_said_is_left_out(store: Store) -> None:
    folder = store.create_search(SEARCH, {"objectives": [{"name": "rmse", "goal": "min"}], "device": "cpu"})
    begun = Results(store).status(SEARCH)
    assert lines(begun) == [f"{SEARCH}  queued: It is about to begin."]
    plain = {
        **SPEC,
        "budget": {"trials": None, "time": None},
        "resources": {"workers": 4, "gpus": 0.0, "cpus": 2},
    }
    Fold(store, folder, folder.term_begin()).update_search(search_row(spec=json.dumps(plain)))
    found = Results(store).status(SEARCH)
    assert (found["seconds_left"], found["best_score"], found["hours"]) == (None, None, 0.0)
    assert lines(found)[1:] == [
        "  progress    0 trials, 0 of 2 refits of finalists",
        "  spent       0.00 CPU-hours in under 1 s",
        "  workers     4",
    ]


def test_it_is_watched_until_it_ends(
    store: Store, folder: SearchFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Results(store).status(folder.search_id)
    for state, status in (("complete", 0), ("failed", 1), ("stopped", 130)):
        ended = {**running, "state": state, "message": "So it is."}
        answers = iter([running, running, {**running, "n_trials": 4}, ended])
        assert follow(lambda answers=answers: next(answers), pause=0.0) == status  # type: ignore[misc]
        shown = capsys.readouterr().out.splitlines()
        assert [text.split(" · ")[0] for text in shown] == [f"{SEARCH} running"] * 2 + [f"{SEARCH} {state}"]
        assert shown[-1].endswith("So it is.")


def test_on_a_terminal_it_is_drawn_in_place(
    store: Store,
    folder: SearchFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = Results(store).status(folder.search_id)
    answers = iter([running, {**running, "state": "complete"}])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert follow(lambda: next(answers), pause=0.0) == 0
    assert f"\x1b[{len(lines(running))}F\x1b[J{SEARCH}  complete" in capsys.readouterr().out


def test_status_is_the_same_from_afar(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    near = api.status(running.search_id, store=str(running.store))
    monkeypatch.setenv("AUTOML_URL", running.url)
    monkeypatch.setenv("AUTOML_TOKEN", running.tokens["viewer"])
    far = api.status(running.search_id)
    assert {**near, "user": "a-submitter"} == far
    assert (far["state"], far["n_trials"], far["n_refits"]) == ("complete", 6, 4)
    assert far["hours"] > 0
    monkeypatch.setattr(sys, "argv", ["automl", "status", running.search_id, "--watch"])
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert (done.value.code or 0) == 0


@pytest.fixture
def logged(folder: SearchFolder) -> Iterator[SearchFolder]:
    """Two workers who have said something of their attempts."""
    log = logging.getLogger("automl")
    before = list(log.handlers)
    for worker, attempt in (("0", 1), ("1", 2)):
        log_to(folder.place / "logs" / f"worker-{worker}.log")
        with attempt_at("trial", "1", attempt):
            log.info("begins on worker %s", worker)
            try:
                raise ValueError("two\nlines")
            except ValueError:
                log.exception("raises")
        with attempt_at("trial", "11", attempt):
            log.info("begins as well, like [trial 1/1] did")
        log.info("waits")
        for handler in [one for one in log.handlers if one not in before]:
            log.removeHandler(handler)
            handler.close()
    yield folder
    log.setLevel(logging.NOTSET)


def test_the_lines_of_a_trial_are_found_in_all_logs(
    store: Store, logged: SearchFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = list(api.attempt_logs(logged.search_id, "1", store=str(store)))
    assert all("[trial 1/" in text for text in found)
    assert sum("begins on worker" in text for text in found) == 2
    assert sum(text.endswith("ValueError: two") for text in found) == 2
    assert sum(text.endswith("] lines") for text in found) == 2
    assert len(list(api.attempt_logs(SEARCH, "11", store=str(store)))) == 2
    assert list(api.attempt_logs(SEARCH, "2", store=str(store))) == []
    monkeypatch.setattr(sys, "argv", ["automl", "logs", f"{SEARCH}/1", "--store", str(store)])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().out.splitlines()
    attempts = [int(text.split("[trial 1/")[1][0]) for text in shown[:-2]]
    assert attempts == sorted(attempts)
    assert shown[-2:] == ["attempt 1: failed (out_of_memory_gpu): no room", "at all"]


def test_long_logs_are_read_in_parts(
    store: Store, logged: SearchFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(api.attempt_logs(SEARCH, "1", store=str(store)))
    longest = max(len(text) for text in (logged.place / "logs/worker-0.log").read().splitlines())
    monkeypatch.setattr(results, "MOST_LOG_BYTES", longest + 1)
    assert sorted(api.attempt_logs(SEARCH, "1", store=str(store))) == sorted(whole)
    parts = [part for name, part in api.logs(SEARCH, store=str(store)) if name == "worker-0.log"]
    assert len(parts) > 5
    assert b"".join(parts) == (logged.place / "logs/worker-0.log").read()


@pytest.mark.parametrize("work", ["99", "0-7", "nothing", "..", "a/b", "x" * 200])
def test_work_that_was_never_begun(store: Store, folder: SearchFolder, work: str) -> None:
    with pytest.raises(NotFoundError):
        Results(store).attempts(folder.search_id, work)


def test_attempts_say_how_they_ended(store: Store, folder: SearchFolder) -> None:
    folder.work_folder("trial", "1", 2)
    found = Results(store).attempts(SEARCH, "1")
    assert [one["state"] for one in found] == ["failed", "running"]
    assert (found[0]["reason"], found[0]["attempt"], found[1]["attempt"]) == ("out_of_memory_gpu", 1, 2)


def test_logs_of_a_trial_come_from_afar(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    place = running.store.search(running.search_id).place / "logs" / "worker-0.log"
    place.write_over(b"2026-01-01 00:00:00,000 INFO [trial 0/1] begins\n2026-01-01 00:00:00,000 INFO waits\n")
    try:
        monkeypatch.setenv("AUTOML_URL", running.url)
        monkeypatch.setenv("AUTOML_TOKEN", running.tokens["viewer"])
        assert list(api.attempt_logs(running.search_id, "0")) == [
            "2026-01-01 00:00:00,000 INFO [trial 0/1] begins"
        ]
        assert api.attempts(running.search_id, "0")[0]["state"] in ("complete", "stopped")
    finally:
        place.remove()
