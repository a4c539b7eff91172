"""The page of a trial, in every state that one can be in."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from automl.store.records import Record

HOUSES = "houses-0a1b2c3d"
TAXI = "taxi-0a1b2c3d"


def metrics(app: Any) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def store_of(root: Path, *trials: Any, **more: Any) -> Path:
    """A store of one search with these trials and their curves."""
    curves = [epoch for trial in trials for epoch in rows.epochs(trial)]
    return rows.write(root, [rows.search("one", **more), *trials, *curves])


def tables_with(app: Any, column: str) -> list[Any]:
    return [frame.value for frame in app.dataframe if column in frame.value.columns]


def test_a_complete_trial_says_what_came_of_it(see, many: Path) -> None:
    app = see(many, "trial", id=f"{HOUSES}/14")
    assert app.title[0].value == "houses\\-0a1b2c3d/14"
    assert "It was trained for all its 27 epochs." in said(app)
    assert metrics(app)["Epochs"] == "27"
    assert " of " in metrics(app)["Place"]
    assert "suggested by the sampler · seed 14 · cpu" in said(app)
    assert [tab.label for tab in app.tabs] == ["Curves", "Parameters", "Architecture", "Refits", "Attempts"]
    assert "◆ marks the best epoch" in said(app)


def test_a_stopped_trial_says_at_which_rung(see, tmp_path: Path) -> None:
    spec = '{"search": {"rungs": {"first": "auto", "factor": 3}}}'
    root = rows.write(tmp_path, rows.whole_search("taxi", 30, spec=spec))
    app = see(root, "trial", id=f"{TAXI}/1")
    assert "It was stopped at the rung of 9 epochs, where about one in 3 goes on" in said(app)


def test_a_failed_trial_has_a_reason_and_no_score(see, many: Path) -> None:
    app = see(many, "trial", id=f"{HOUSES}/4")
    assert "It failed after 27 epochs. Its loss was no finite number any more." in said(app)
    assert "The loss is not a number." in said(app)
    assert metrics(app)["rmse ↓"] == "-"
    assert metrics(app)["Place"] == "–"
    assert "It has no learning curve: no epoch of it was recorded." in said(app)
    assert "No model is kept of a trial that is failed" in said(app)


def test_parameters_stand_as_a_difference_from_the_best(see, tmp_path: Path) -> None:
    best = rows.trial("one-0a1b2c3d", 0, score=0.1, parameters='{"depth":4,"width":64}')
    other = rows.trial("one-0a1b2c3d", 1, score=0.2, parameters='{"depth":2,"width":64}')
    root = store_of(tmp_path, best, other)
    app = see(root, "trial", id="one-0a1b2c3d/1", tab="Parameters")
    lines = tables_with(app, "mark")[0]
    assert lines.to_numpy().tolist() == [["≠ differs", "depth", "2", "4", "÷ 2"]]
    assert app.expander[0].label == "1 parameter the same in both"
    assert "Compared with the best trial, 0\\.1 against 0\\.2" in said(app)
    assert "They are of two families" in said(app)
    first = see(root, "trial", id="one-0a1b2c3d/0", tab="Parameters")
    assert "This is the best trial of its search\\. Compared with the second best trial" in said(first)


def test_a_trial_alone_has_nothing_to_be_compared_with(see, tmp_path: Path) -> None:
    root = store_of(tmp_path, rows.trial("one-0a1b2c3d", 0))
    app = see(root, "trial", id="one-0a1b2c3d/0", tab="Parameters")
    assert "There is no other complete trial to compare it with." in said(app)
    broken = store_of(tmp_path / "b", rows.trial("one-0a1b2c3d", 0, parameters="not JSON"))
    app = see(broken, "trial", id="one-0a1b2c3d/0", tab="Parameters")
    assert "No parameter of it is open in the space." in said(app)


def test_one_epoch_is_a_point_and_says_so(see, tmp_path: Path) -> None:
    root = store_of(tmp_path, rows.trial("one-0a1b2c3d", 0, n_epochs=1))
    assert "There is one epoch only" in said(see(root, "trial", id="one-0a1b2c3d/0"))


def test_thousands_of_epochs_are_thinned_and_it_says_so(see, tmp_path: Path) -> None:
    root = store_of(tmp_path, rows.trial("one-0a1b2c3d", 0, n_epochs=5000))
    app = see(root, "trial", id="one-0a1b2c3d/0")
    assert "of 5,000 epochs shown" in said(app)
    assert max(len(frame) for frame in tables_with(app, "epoch")) <= 400


def test_overfitting_is_said_in_a_sentence(see, tmp_path: Path) -> None:
    row = rows.trial("one-0a1b2c3d", 0)
    place = {"search_id": row.search_id, "trial": 0, "attempt": 1}
    curves = [rows.EpochRow(**place, metric="train_loss", epoch=i, value=1 / i) for i in range(1, 21)]
    curves += [rows.EpochRow(**place, metric="rmse", epoch=i, value=abs(i - 8) + 1) for i in range(1, 21)]
    app = see(rows.write(tmp_path, [rows.search("one"), row, *curves]), "trial", id="one-0a1b2c3d/0")
    assert "It overfits from epoch 8 on\\: the training loss still falls" in app.warning[0].value


def test_every_attempt_has_a_line(see, tmp_path: Path) -> None:
    lost = rows.trial(
        "one-0a1b2c3d", 0, "failed", reason="lost_worker", message="It was killed.", worker="w7"
    )
    again = rows.trial("one-0a1b2c3d", 0, attempt=2, ended_at=rows.BEGIN + timedelta(minutes=9))
    app = see(store_of(tmp_path, lost, again), "trial", id="one-0a1b2c3d/0", tab="Attempts")
    lines = tables_with(app, "attempt")[0]
    assert lines["state"].to_list() == ["✖ failed", "✔ complete"]
    assert lines["worker"].to_list() == ["w7", "w0"]
    assert lines["message"].to_list()[0] == "It was killed."
    assert "There is no log of this search\\." in said(app)


def test_the_log_of_a_trial_holds_its_lines_alone(see, tmp_path: Path) -> None:
    root = store_of(tmp_path, rows.trial("one-0a1b2c3d", 7))
    folder = open_store(root).create_search("one-0a1b2c3d", {})
    logs = Path(str(folder.place)) / "logs"
    logs.mkdir()
    start = "2026-03-01 12:00:0{},000 INFO [trial {}/1] "
    lines = [start.format(1, 7) + HOSTILE, start.format(2, 17) + "not mine", start.format(3, 7) + "the last"]
    (logs / "worker-w0.log").write_text("\n".join(lines) + "\n")
    (logs / "worker-w1.log").write_text(start.format(4, 7) + "of another worker\n")
    folder.write_record(Record(kind="trial", name="7", attempt=1, term=1))
    app = see(root, "trial", id="one-0a1b2c3d/7", tab="Attempts")
    assert [HOSTILE in app.code[0].value, "the last" in app.code[0].value] == [True, True]
    assert "not mine" not in said(app)
    assert "The last 2 lines of 7 in worker\\-w0\\.log\\." in said(app)


def test_a_trial_that_runs_says_so_and_looks_again(see, tmp_path: Path) -> None:
    root = rows.write(tmp_path, [rows.search("one", "running")])
    folder = open_store(root).create_search("one-0a1b2c3d", {})
    (Path(str(folder.place)) / "trials" / "5" / "1-0a1b2c3d").mkdir(parents=True)
    app = see(root, "trial", id="one-0a1b2c3d/5")
    assert "Attempt 1 is under way; what comes of it appears here when it ends." in said(app)
    assert "There is no model yet." in said(app)


def test_a_refit_that_failed_says_why(see, tmp_path: Path) -> None:
    root = store_of(tmp_path, rows.trial("one-0a1b2c3d", 3))
    folder = open_store(root).create_search("one-0a1b2c3d", {})
    record = Record(
        kind="refit", name="3-1", attempt=1, term=1, state="failed", reason="timeout", message="Too slow."
    )
    folder.write_record(record)
    app = see(root, "trial", id="one-0a1b2c3d/3-1")
    assert "It failed. It took longer than a trial may take." in said(app)
    assert "Too slow." in said(app)


def test_a_removed_bundle_says_why_and_a_lost_one_too(see, tmp_path: Path) -> None:
    gone = rows.trial("one-0a1b2c3d", 0, bundle="trials/0/1-a/bundle", bundle_removed=True)
    lost = rows.trial("one-0a1b2c3d", 1, bundle="trials/1/1-a/bundle")
    root = store_of(tmp_path, gone, lost)
    assert "Its bundle was removed: only those of the ten best trials" in said(
        see(root, "trial", id="one-0a1b2c3d/0")
    )
    app = see(root, "trial", id="one-0a1b2c3d/1")
    assert "There is no search 'one\\-0a1b2c3d' in the store" in app.warning[0].value


def test_a_trial_leads_to_its_refits(see, many: Path) -> None:
    app = see(many, "trial", id=f"{HOUSES}/17", tab="Refits")
    lines = tables_with(app, "refit")[0]
    assert lines["refit"].to_list() == ["17-0", "17-1", "17-2"]
    assert "n = 3, from" in said(app)
    assert "It has no refits" in said(see(many, "trial", id=f"{HOUSES}/18", tab="Refits"))


def test_a_refit_shows_both_scores_and_its_predictions(see, many: Path) -> None:
    app = see(many, "trial", id=f"{HOUSES}/17-1")
    assert {"rmse ↓ test", "rmse ↓ validation"} <= set(metrics(app))
    assert app.tabs[0].label == "Predictions"
    assert "Every row is a mark." in said(app)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "This address names no trial"),
        ("nonsense", "This address names no trial"),
        (f"{HOUSES}/", "This address names no trial"),
        (f"{HOUSES}/<script>", "This address names no trial"),
        (f"{HOUSES}/9999999999999999999999", "This address names no trial"),
        ("nope/17", "There is no such search"),
        ("../../etc/17", "There is no such search"),
        (f"{HOUSES}/9999", "There is no such trial"),
        (f"{HOUSES}/17-9", "There is no such refit"),
    ],
)
def test_what_is_not_there_is_said(see, many: Path, name: str, sentence: str) -> None:
    assert sentence in see(many, "trial", id=name).warning[0].value


def test_a_bad_tab_is_the_first(see, many: Path) -> None:
    assert "◆ marks the best epoch" in said(see(many, "trial", id=f"{HOUSES}/14", tab="<script>"))


def test_hostile_words_are_escaped(see, tmp_path: Path) -> None:
    head = rows.search("evil", search_id=HOSTILE, name=HOSTILE, dataset=HOSTILE)
    parameters = '{"%s": "%s"}' % (("<b>[x](https://evil.example)",) * 2)
    words = {"message": HOSTILE, "family": HOSTILE, "origin": HOSTILE, "parameters": parameters}
    odd = rows.trial(HOSTILE, 0, "failed", **words)
    root = rows.write(tmp_path, [head, odd, rows.trial(HOSTILE, 1, parameters=parameters)])
    for tab in ("Curves", "Parameters", "Attempts"):
        app = see(root, "trial", id=f"{HOSTILE}/0", tab=tab)
        assert "\\<img src\\=x" in app.title[0].value
        for element in (*app.title, *app.markdown, *app.caption, *app.error, *app.warning, *app.info):
            assert "<img" not in element.value.replace("\\<", "")
            assert "](https" not in element.value.replace("\\]", "")


@pytest.mark.parametrize("table", ["trials", "epochs", "searches", "scores"])
def test_a_broken_table_says_so(see, many: Path, tmp_path: Path, table: str) -> None:
    store = Path(shutil.copytree(many, tmp_path / "copy"))
    for log in (store / "tables" / table / "_delta_log").iterdir():
        log.write_text("not a log")
    app = see(store, "trial", id=f"{HOUSES}/14")
    assert "The store cannot be read" in app.error[0].value


def test_a_missing_store_says_so(see, tmp_path: Path) -> None:
    for page in ("trial", "compare"):
        app = see(tmp_path / "nowhere", page, id="a/1", ids="a/1")
        assert "The store cannot be reached" in app.error[0].value


def test_the_command_line_is_asked_and_what_it_cannot_do_is_said(see, many: Path) -> None:
    app = see(many, "trial", id=f"{HOUSES}/14", tab="Architecture")
    assert "There is no search" in app.warning[0].value
    assert "Traceback" not in said(app)
