"""What the pages show, against what a loop over the rows gives."""

from __future__ import annotations

import doctest
from pathlib import Path

import dashboard_store as rows
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from dashboard import words
from dashboard.charts import curves as curve_charts
from dashboard.charts import intervals, progress, states
from dashboard.queries import curves, searches, trials
from dashboard.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    root = tmp_path_factory.mktemp("store")
    again = rows.trial("taxi-0a1b2c3d", 3, "complete", attempt=2, score=0.05)
    return Snapshot(open_store(rows.write(root, [*rows.whole_search("taxi", 60), again])))


def test_best_so_far_is_what_a_loop_gives(snapshot: Snapshot) -> None:
    steps = trials.best_so_far(snapshot, "taxi-0a1b2c3d")
    ended = trials.trials(snapshot, "taxi-0a1b2c3d").collect().sort("ended_at", "trial").to_dicts()
    best, expected = float("inf"), []
    for row in ended:
        if row["state"] == "complete" and row["score"] < best:
            best = row["score"]
            expected.append((row["trial"], best))
    assert steps.select("trial", "score").rows()[:-1] == expected
    assert steps["score"][-1] == best


def test_the_last_attempt_stands_for_a_trial(snapshot: Snapshot) -> None:
    found, n_trials = trials.top_trials(snapshot, "taxi-0a1b2c3d")
    assert n_trials == 60
    assert (found["trial"][0], found["score"][0], found["attempt"][0]) == (3, 0.05, 2)


def test_a_snapshot_stays_as_it_was(tmp_path: Path) -> None:
    root = rows.write(tmp_path, [rows.search("one")])
    snapshot = Snapshot(open_store(root))
    assert searches.overview(snapshot)["n"].sum() == 1
    rows.write(root, [rows.search("two")])
    assert searches.overview(snapshot)["n"].sum() == 1
    assert searches.overview(Snapshot(open_store(root)))["n"].sum() == 2


def test_curves_are_thinned_but_keep_their_ends(tmp_path: Path) -> None:
    row = rows.trial("long-0a1b2c3d", 0, n_epochs=5000)
    snapshot = Snapshot(open_store(rows.write(tmp_path, [row, *rows.epochs(row)])))
    found = curves.curves(snapshot, "long-0a1b2c3d", "rmse")
    assert found.height <= curves.MAX_POINTS + 2
    assert (found["epoch"].min(), found["epoch"].max()) == (1, 5000)


def test_only_the_files_of_a_search_are_read(snapshot: Snapshot) -> None:
    plan = trials.trials(snapshot, "taxi-0a1b2c3d").explain()
    assert "SELECTION" in plan
    assert "taxi-0a1b2c3d" in plan


def test_charts_draw_every_frame(snapshot: Snapshot) -> None:
    identity = ("taxi-0a1b2c3d",)
    drawn = [
        progress.best_so_far(trials.best_so_far(snapshot, *identity), "rmse", "min"),
        states.states(trials.states(snapshot, *identity)),
        curve_charts.curves(curves.curves(snapshot, *identity, "rmse"), "rmse"),
        intervals.intervals(
            pl.DataFrame(
                {"label": ["a"], "what": ["baseline"], "rank": [1], "score": [0.1], "low": [0.0], "high": [1]}
            ),
            "rmse",
            "min",
        ),
    ]
    for chart in drawn:
        assert chart.to_dict()["layer"]


@given(st.text(max_size=60))
def test_escaped_text_leaves_no_sign_of_markdown_unmarked(value: str) -> None:
    shown = words.escape(value)
    bare = shown.replace("\\\\", "")
    for sign in "`*_[]<>#|~$:&":
        assert all(bare[i - 1] == "\\" for i, found in enumerate(bare) if found == sign)
    assert "\n" not in shown


def test_examples_of_words() -> None:
    assert doctest.testmod(words).failed == 0
