"""How a search gets better and how its trials end, against what a loop over the rows gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dashboard_store as rows
import polars as pl
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from dashboard.charts import curves as curve_charts
from dashboard.charts import finalists as finalist_charts
from dashboard.charts import progress as progress_charts
from dashboard.charts import states as state_charts
from dashboard.queries import curves, finalists, progress, trials
from dashboard.snapshot import Snapshot

HOUSES, TAXI = "houses-0a1b2c3d", "taxi-0a1b2c3d"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    root = tmp_path_factory.mktemp("store")
    again = rows.trial(TAXI, 3, "complete", attempt=2, score=0.05)
    other = rows.whole_search("other", 30)
    elsewhere = rows.whole_search("elsewhere", 30, fingerprint="0" * 16)
    written = rows.write(root, [*rows.whole_search("taxi", 60), again, *other, *elsewhere])
    return Snapshot(open_store(written))


def test_best_so_far_is_what_a_loop_gives(snapshot: Snapshot) -> None:
    steps = progress.best_so_far(snapshot, (TAXI,), "time")
    ended = trials.trials(snapshot, TAXI).collect().sort("ended_at", "trial").to_dicts()
    best, expected = float("inf"), []
    for row in ended:
        if row["state"] == "complete" and row["score"] < best:
            best = row["score"]
            expected.append((row["trial"], best))
    assert steps.select("trial", "score").rows()[:-1] == expected
    assert steps["score"][-1] == best


def test_the_time_of_workers_counts_every_attempt(snapshot: Snapshot) -> None:
    steps = progress.best_so_far(snapshot, (TAXI,), "worker time")
    spent = snapshot.scan("trials").filter(search_id=TAXI).collect()["train_seconds"].sum()
    assert steps["minute"][-1] == pytest.approx(spent / 60)


def test_searches_are_compared_on_the_same_rows_alone(snapshot: Snapshot) -> None:
    assert progress.on_same_data(snapshot, TAXI) == ["other-0a1b2c3d"]
    assert progress.on_same_data(snapshot, "elsewhere-0a1b2c3d") == []


def test_long_lines_are_thinned_but_keep_their_last_step(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = progress.best_so_far(snapshot, ("other-0a1b2c3d",), "time")
    monkeypatch.setattr(progress, "MAX_STEPS", 2)
    thinned = progress.best_so_far(snapshot, (TAXI,), "time")
    assert thinned["steps"][0] > thinned.height - 2
    assert thinned["score"][-1] == 0.05
    assert whole["steps"][0] == whole.height - 1


def test_trials_that_ended_are_counted_up_to_their_number(snapshot: Snapshot) -> None:
    found = progress.ended(snapshot, TAXI)
    counts = dict(trials.states(snapshot, TAXI).group_by("state").agg(pl.col("n").sum()).rows())
    assert dict(found.group_by("state").agg(pl.col("n").max()).rows()) == counts
    assert found.height == len(counts) * (progress.N_INTERVALS + 1)


def test_curves_are_thinned_but_keep_their_ends(tmp_path: Path) -> None:
    row = rows.trial("long-0a1b2c3d", 0, n_epochs=5000)
    found = curves.curves(
        Snapshot(open_store(rows.write(tmp_path, [row, *rows.epochs(row)]))), "long-0a1b2c3d", "rmse"
    )
    assert found.height <= curves.MAX_POINTS + 2
    assert (found["epoch"].min(), found["epoch"].max()) == (1, 5000)


def test_charts_draw_every_frame(snapshot: Snapshot, many: Path) -> None:
    found = finalists.finalists(Snapshot(open_store(many)), HOUSES, "rmse")
    steps = progress.best_so_far(snapshot, (TAXI, "other-0a1b2c3d"), "time")
    drawn: list[Any] = [
        progress_charts.best_so_far(steps, TAXI, "rmse", "min", "since"),
        state_charts.ended(progress.ended(snapshot, TAXI)),
        curve_charts.curves(curves.curves(snapshot, TAXI, "rmse"), "rmse"),
        finalist_charts.refits(found.scores, found.summary, "rmse", "min"),
    ]
    for chart in drawn:
        assert chart.to_dict()["layer"]
