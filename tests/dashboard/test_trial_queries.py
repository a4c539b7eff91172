"""What the page of a trial shows, against what a loop over the rows gives, and by hand-worked examples."""

from __future__ import annotations

import doctest
import json
import math
from pathlib import Path

import dashboard_store as rows
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.errors import REASONS
from automl.resolve import queue_entry as queue_entry_of_spec
from automl.space import Choice, Float, Int
from automl.store import open_store
from dashboard.queries import differences, learning, naming, overfitting, refits, thinning, trial
from dashboard.queries.naming import Named, named
from dashboard.queries.overfitting import LEAST_EPOCHS, best_epoch
from dashboard.snapshot import Snapshot
from dashboard.views import story

TAXI = "taxi-0a1b2c3d"
SPEC = json.dumps({"search": {"rungs": {"first": "auto", "factor": 3}}})
VALUES = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    root = tmp_path_factory.mktemp("store")
    whole = rows.whole_search("taxi", 60, spec=SPEC)
    again = rows.trial(TAXI, 3, "complete", attempt=2, score=0.05)
    entry = rows.entry(f"{TAXI}/3", 0.2, n_seeds=4)
    return Snapshot(open_store(rows.write(root, [*whole, again, *entry])))


@pytest.mark.parametrize(
    "module", [naming, overfitting, thinning, differences], ids=lambda module: module.__name__
)
def test_examples_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(st.text(max_size=30))
def test_any_text_is_a_name_or_none(text: str) -> None:
    found = named(text)
    assert found is None or named(str(found)) == found


@pytest.mark.parametrize(
    "text", ["", "/", "/1", "a", "a/", "a/x", "a/1-", "a/-1", "a/1-2-3", "a/" + "9" * 40]
)
def test_what_names_no_trial_is_told(text: str) -> None:
    assert named(text) is None


def test_attempts_and_place_are_what_a_loop_gives(snapshot: Snapshot) -> None:
    assert trial.attempts(snapshot, TAXI, 3)["attempt"].to_list() == [1, 2]
    every = snapshot.scan("trials").filter(search_id=TAXI).collect().to_dicts()
    last = {row["trial"]: row for row in sorted(every, key=lambda row: row["attempt"])}
    order = sorted((row["score"], number) for number, row in last.items() if row["state"] == "complete")
    for number in (0, 2, 3, 5):
        place = next((i for i, pair in enumerate(order, start=1) if pair[1] == number), None)
        assert trial.place(snapshot, TAXI, number) == (place, len(order))
    assert trial.place(snapshot, TAXI, 4) == (None, len(order))
    best = trial.best(snapshot, TAXI, 3)
    assert best is not None
    assert best["trial"] == order[1][1]


def test_where_a_trial_was_stopped_is_what_a_loop_gives(snapshot: Snapshot) -> None:
    values: dict[int, dict[int, float]] = {}
    for row in snapshot.scan("epochs").filter(search_id=TAXI, metric="rmse").collect().to_dicts():
        values.setdefault(row["trial"], {})[row["epoch"]] = row["value"]
    there = sorted(min(curve[i] for i in range(1, 10)) for curve in values.values() if max(curve) >= 9)
    found = trial.rung(snapshot, TAXI, 1, 9, "rmse", "min")
    assert found is not None
    own = min(values[1].values())
    assert (found.score, found.place, found.n) == (own, there.index(own) + 1, len(there))
    assert found.needed == there[len(there) // 3 - 1]
    mirrored = trial.rung(snapshot, TAXI, 1, 9, "rmse", "max")
    assert mirrored is not None
    assert mirrored.score == max(values[1][i] for i in range(1, 10))
    assert trial.rung(snapshot, TAXI, 4, 9, "rmse", "min") is None  # it failed without an epoch


def test_a_rung_is_told_of_no_search_without_rungs(tmp_path: Path) -> None:
    for number, spec in enumerate(('{"search": {"rungs": "none"}}', "{}", "not JSON")):
        root = tmp_path / str(number)
        found = Snapshot(open_store(rows.write(root, rows.whole_search("taxi", 9, spec=spec))))
        assert trial.rung(found, TAXI, 1, 9, "rmse", "min") is None


def test_the_story_of_a_stopped_trial_names_the_rung() -> None:
    row = {"state": "stopped", "reason": None, "n_epochs": 9, "metric": "rmse"}
    found = trial.Rung(9, 0.75, 21, 40, 0.5, 3)
    assert story.ended(row, found) == (
        "It was stopped at the rung of 9 epochs, where about one in 3 goes on: its best rmse until there, 0.75, takes "
        "place 21 among the 40 trials that have reached this rung by now, and 0.5 would be needed to be among those "
        "that go on."
    )
    by_now = story.ended(row, trial.Rung(9, 0.75, 2, 40, 0.8, 3))
    assert (
        "takes place 2 among the 40 trials that have reached this rung by now, which would be enough"
        in by_now
    )
    assert story.ended(row, None) == "It was stopped early, after 9 epochs."
    failed = row | {"state": "failed", "reason": "diverged", "n_epochs": 1}
    assert story.ended(failed, None) == "It failed after 1 epoch. Its loss was no finite number any more."


def test_every_reason_has_a_sentence() -> None:
    assert set(story.REASONS) == set(REASONS)


def test_overfitting_begins_at_the_best_epoch_of_a_worked_example() -> None:
    loss = list(enumerate([1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2], start=1))
    error = list(enumerate([0.9, 0.7, 0.5, 0.6, 0.7, 0.8, 0.9], start=1))
    found = overfitting.overfitting(loss, error, "min")
    assert found == overfitting.Overfitting(3, 0.5, 0.9, 0.6, 0.2, pytest.approx(1.0))
    assert story.overfits(found, "rmse") == (
        "It overfits from epoch 3 on: the training loss still falls, from 0.6 to about 0.2, while rmse gets no better "
        "than 0.5 and is about 0.9 at the end. The shaded parts are the gap."
    )


def test_little_that_is_lost_is_called_slight() -> None:
    loss = [(epoch, 1 / epoch) for epoch in range(1, 11)]
    error = list(enumerate([9.0, 7.0, 5.0, 5.1, 5.1, 5.1, 5.1, 5.1, 5.1, 5.1], start=1))
    found = overfitting.overfitting(loss, error, "min")
    assert found is not None
    assert found.lost == pytest.approx(0.1 / 4)
    assert "so that it hardly overfits yet." in story.overfits(found, "rmse")


@pytest.mark.parametrize(
    ("loss", "error", "why"),
    [
        ([1.0, 0.5, 0.4, 0.4, 0.4], [0.9, 0.5, 0.6, 0.7], "two epochs after the best are too few"),
        ([1.0, 0.5, 0.6, 0.7, 0.8, 0.9], [0.9, 0.5, 0.6, 0.7, 0.8, 0.9], "the training loss rises too"),
        ([1.0, 0.8, 0.6, 0.5, 0.4], [0.9, 0.8, 0.7, 0.6, 0.5], "it gets better to the end"),
        ([], [0.9, 0.5, 0.6, 0.7, 0.8], "no training loss was recorded"),
        ([1.0], [0.5], "there is one epoch"),
    ],
)
def test_overfitting_is_not_said_where(loss: list[float], error: list[float], why: str) -> None:
    curves = (list(enumerate(values, start=1)) for values in (loss, error))
    assert overfitting.overfitting(*curves, "min") is None, why


@given(VALUES, VALUES)
def test_overfitting_says_only_what_is_so(loss: list[float], score: list[float]) -> None:
    train, validation = (list(enumerate(values, start=1)) for values in (loss, score))
    found = overfitting.overfitting(train, validation, "max")
    mirrored = overfitting.overfitting(train, [(epoch, -value) for epoch, value in validation], "min")
    assert (found and found.epoch) == (mirrored and mirrored.epoch)
    if found is None:
        return
    after = [value for epoch, value in validation if epoch > found.epoch]
    assert len(after) >= LEAST_EPOCHS
    assert max(after) <= found.best == max(score)
    assert found.last_loss < found.loss == loss[found.epoch - 1]


@given(VALUES, st.sampled_from(["min", "max"]))
def test_the_best_epoch_is_the_first_with_the_best_value(values: list[float], goal: str) -> None:
    best = min(values) if goal == "min" else max(values)
    curve = [(0, math.nan), *enumerate(values, start=1)]
    assert best_epoch(curve, goal) == (values.index(best) + 1, best)


@given(st.lists(st.integers(-99, 99), min_size=1, max_size=300), st.integers(4, 60))
def test_thinned_curves_keep_ends_and_peaks(values: list[int], most: int) -> None:
    curve = pl.DataFrame({"epoch": range(1, len(values) + 1), "value": values})
    found = thinning.thinned(curve, most)
    assert found.height <= max(most, 4)
    assert set(found.rows()) <= set(curve.rows())
    assert found["epoch"].is_sorted()
    assert (found.row(0), found.row(-1)) == (curve.row(0), curve.row(-1))
    assert (found["value"].min(), found["value"].max()) == (min(values), max(values))


def test_learning_is_told_of_all_epochs_before_they_are_thinned(tmp_path: Path) -> None:
    row = rows.trial("long-0a1b2c3d", 0, n_epochs=5000)
    falling = [
        rows.EpochRow(search_id=row.search_id, trial=0, attempt=1, metric="train_loss", epoch=i, value=1 / i)
        for i in range(1, 5001)
    ]
    rising = [
        rows.EpochRow(
            search_id=row.search_id, trial=0, attempt=1, metric="rmse", epoch=i, value=abs(i - 1234)
        )
        for i in range(1, 5001)
    ]
    snapshot = Snapshot(open_store(rows.write(tmp_path, [row, *falling, *rising])))
    found = learning.learning(snapshot, row.search_id, 0, 1, "rmse", "min")
    assert (found.n_epochs, found.best) == (5000, (1234, 0.0))
    assert found.overfitting is not None
    assert found.overfitting.epoch == 1234
    assert max(found.train.height, found.validation.height) <= thinning.MAX_POINTS
    assert learning.metrics(snapshot, row.search_id, 0, 1) == ["rmse"]


_NAMES = st.sampled_from(["depth", "width", "optimizer", "dropout"])
_PARAMETERS = st.dictionaries(
    _NAMES, st.one_of(st.integers(0, 3), st.floats(0, 1), st.sampled_from("ab"), st.none())
)


@given(_PARAMETERS, _PARAMETERS)
def test_differences_name_every_parameter_once_and_those_that_differ_first(own, other) -> None:
    found = differences.differences(own, other)
    assert sorted(found["parameter"]) == sorted({*own, *other})
    same = {name for name in own if name in other and own[name] == other[name]}
    assert set(found.filter(mark=differences.SAME)["parameter"]) == same
    marks = found["mark"].to_list()
    assert marks == sorted(
        marks,
        key=[differences.DIFFERENT, differences.ONLY_HERE, differences.ONLY_THERE, differences.SAME].index,
    )


def test_the_queue_of_a_spec_takes_what_is_offered_for_it() -> None:
    space = {
        "depth": Int(1, 6),
        "optimizer": Choice({"sgd": {"momentum": Float(0, 1)}, "adam": {}}),
        "augmentation": {"flip": Choice((True, False)), "erase": Float(0, 1)},
    }
    flat = {
        "depth": 4,
        "optimizer": "sgd",
        "optimizer.sgd.momentum": 0.9,
        "augmentation.flip": True,
        "augmentation.erase": 0.2,
    }
    entry = differences.queue_entry("mlp", flat)
    assert queue_entry_of_spec(entry, {"mlp": space}, "queue.0") == ("mlp", flat)


def test_refits_are_found_by_their_number(snapshot: Snapshot) -> None:
    found = refits.refit(snapshot, Named(TAXI, 3, 2))
    assert set(found["seed"]) == {2}
    assert refits.refit(snapshot, Named(TAXI, 3, 9)).height == 0
    assert refits.refit(snapshot, Named(TAXI, 3)).height == 0


def test_the_spread_of_refits_is_what_a_loop_gives(snapshot: Snapshot) -> None:
    scores = refits.refit_scores(snapshot, TAXI, 3).filter(split="test")["score"].to_list()
    found = next(one for one in refits.spread(snapshot, TAXI, 3) if one["split"] == "test")
    mean = sum(scores) / 4
    assert found["n"] == 4
    assert found["mean"] == pytest.approx(mean)
    assert found["deviation"] == pytest.approx(math.sqrt(sum((score - mean) ** 2 for score in scores) / 3))
    assert (found["least"], found["greatest"]) == (min(scores), max(scores))
