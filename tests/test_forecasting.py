"""Forecasts: regular grids, splits by time, windows, what is known ahead, and prediction from a file."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from automl import catalog, training
from automl.data import Preprocessing, prepare, read_for_prediction
from automl.data.prepare import Prepared
from automl.data.series.calendar import turns
from automl.data.series.regular import DAY, Step, infer_step
from automl.data.series.season import season_of
from automl.errors import DataError
from automl.signature import Field, Signature
from automl.spec import DataSpec, SplitSpec

START = datetime(2024, 1, 1)


def hours(n: int, seed: int = 0, start: datetime = START) -> pl.DataFrame:
    """Hourly load with a cycle of a day, and a temperature."""
    random = np.random.default_rng(seed)
    places = np.arange(n)
    load = 100 + 10 * np.sin(2 * np.pi * places / 24) + random.normal(0, 1, n)
    when = [start + timedelta(hours=int(i)) for i in places]
    return pl.DataFrame({"when": when, "load": load, "warmth": random.normal(20, 5, n)})


def prepared_from(frame: pl.DataFrame, path: Path, split: SplitSpec | None = None, **data: Any) -> Prepared:
    frame.write_csv(path)
    spec = DataSpec(path=str(path), **{"horizon": 6, "look_back": 24, **data})
    return prepare(spec, split or SplitSpec(), "auto")


def refusal(frame: pl.DataFrame, path: Path, split: SplitSpec | None = None, **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        prepared_from(frame, path, split, **data)
    return str(caught.value)


def test_windows_of_a_split_never_see_the_next(tmp_path: Path) -> None:
    n = 500
    frame = hours(n).with_columns(load=pl.Series(np.arange(n, dtype=float)))  # each value is its place
    prepared = prepared_from(frame, tmp_path / "a.csv", target="load")
    mean, deviation = (np.array(prepared.task.scales[name])[0] for name in ("mean", "deviation"))
    spans = {"train": (0, 300), "validation": (300, 400), "test": (400, 500)}
    for name, (low, high) in spans.items():
        rows = getattr(prepared, name)
        past = rows.inputs["past"][:, 0] * deviation + mean
        assert rows.target.shape == (len(rows), 6)
        assert rows.target.min() == max(low, 24)
        assert rows.target.max() == high - 1
        np.testing.assert_allclose(past[:, -1], rows.target[:, 0] - 1, atol=1e-2)
        np.testing.assert_allclose(past[:, 0], rows.target[:, 0] - 24, atol=1e-2)
        np.testing.assert_array_equal(rows.index, rows.target[:, 0])
        assert len(rows) == high - max(low, 24) - 6 + 1
    # What was learnt of the scale was learnt of training steps alone.
    assert mean == pytest.approx(np.arange(300).mean(), rel=1e-5)
    assert deviation == pytest.approx(np.arange(300).std(), rel=1e-5)
    assert prepared.target_scale.mean == (mean,) * 6
    groups = prepared.test.groups
    assert groups is not None
    assert np.bincount(groups).max() == 6
    assert len(np.unique(np.concatenate([getattr(prepared, name).index for name in spans]))) == sum(
        len(getattr(prepared, name)) for name in spans
    )


def test_what_is_inferred_is_said(tmp_path: Path) -> None:
    hours(600).write_csv(tmp_path / "a.csv")
    prepared = prepare(DataSpec(path=str(tmp_path / "a.csv")), SplitSpec(), "forecasting")
    assert prepared.notes == (
        "time: when, the only column of dates",
        "targets: load, warmth, as data.target names none",
        "1 hour from step to step",
        "season: 24 steps, from the step of 1 hour",
        "horizon: 24 steps; set data.horizon for another",
        "look_back: 168 steps",
        "added of the calendar: hour, weekday",
        "windows: 169 train, 97 validation, 97 test",
    )
    task, signature = prepared.task, prepared.signature
    assert (task.kind, task.targets, task.horizon, task.n_outputs) == (
        "forecasting",
        ("load", "warmth"),
        24,
        48,
    )
    assert signature.kind == "series"
    assert signature.inputs == {"past": Field((6, 168)), "future": Field((4, 24))}
    assert signature.details == {"horizon": 24, "season": 24}
    assert set(task.scales) == {"naive_error", "deviation", "mean"}
    plain, arrays = prepared.preprocessing.to_plain()
    assert Preprocessing.from_plain(json.loads(json.dumps(plain)), arrays) == prepared.preprocessing


def test_the_naive_error_is_that_of_training(tmp_path: Path) -> None:
    frame = hours(500)
    prepared = prepared_from(frame, tmp_path / "a.csv", target="load")
    train = frame["load"].to_numpy()[:300]
    wanted = np.abs(train[24:] - train[:-24]).mean()
    np.testing.assert_allclose(prepared.task.scales["naive_error"], [wanted] * 6, rtol=1e-5)


def test_baselines_forecast_in_own_units(tmp_path: Path) -> None:
    places = np.arange(500) % 24
    frame = hours(500).with_columns(load=pl.Series(100.0 + places), warmth=pl.Series(-1.0 * places))
    prepared = prepared_from(frame, tmp_path / "a.csv")
    predicted = {}
    for name in ("seasonal", "last_value"):
        predict = catalog.baseline(name).fit(prepared.train, prepared.signature, prepared.task, 0)
        predicted[name] = predict(prepared.test.inputs)
        assert predicted[name].shape == prepared.test.target.shape
    np.testing.assert_allclose(predicted["seasonal"], prepared.test.target, atol=1e-3)
    last = predicted["last_value"].reshape(-1, 2, 6)
    np.testing.assert_allclose(last, np.repeat(last[:, :, :1], 6, axis=2))
    before = (prepared.test.target[:, 0] - 100 - 1) % 24
    np.testing.assert_allclose(last[:, 0, 0], 100 + before, atol=1e-3)
    scores = {
        m.name: m.compute(prepared.test.target, predicted["seasonal"])
        for m in catalog.metrics_for(prepared.task)
    }
    assert {"mase", "smape", "scaled_mse", "scaled_mae"} <= set(scores)
    assert scores["mase"] == pytest.approx(0, abs=1e-3)


def test_gaps_are_filled_in_up_to_a_share(tmp_path: Path) -> None:
    frame = hours(500)
    few = frame.filter(~pl.int_range(pl.len()).is_in([50, 51, 420]))
    few = few.with_columns(pl.when(pl.int_range(pl.len()) == 10).then(None).otherwise("load").name.keep())
    prepared = prepared_from(
        few.sample(fraction=1.0, shuffle=True, seed=0), tmp_path / "a.csv", target="load"
    )
    assert "rows sorted by when" in prepared.notes
    assert "missing steps filled in from their neighbours: load (4), warmth (3)" in prepared.notes
    assert prepared.test.index[-1] == 494
    many = frame.filter(pl.int_range(pl.len()) % 10 != 5)
    assert refusal(many, tmp_path / "a.csv", target="load") == (
        "A forecast needs a value of load at every step of 1 hour, but 50 of 500 are missing, more than 5%. Bring "
        "the rows to a longer step, leave the column out, or fill it in."
    )


def test_times_that_are_no_grid_are_refused(tmp_path: Path) -> None:
    frame = hours(300)
    again = pl.concat([frame, frame.head(3).with_columns(pl.col("load") + 1)])
    assert refusal(again, tmp_path / "a.csv") == (
        "Each time in when should come once in a series, but 3 rows have a time that another row has too, with "
        "other values, such as 2024-01-01T00:00:00. Keep one row for each time, or name the column that tells "
        "series apart under data.series."
    )
    copies = prepared_from(pl.concat([frame, frame.head(3)]), tmp_path / "a.csv")
    assert "left out 3 rows that say the same as another of their time" in copies.notes
    odd = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.col("when") + timedelta(minutes=7))
        .otherwise("when")
        .alias("when")
    )
    assert refusal(odd, tmp_path / "a.csv") == (
        "Forecasting needs times at regular steps, but when has 1 rows off the step of 1 hour, such as "
        "2024-01-01T07:07:00. Bring the rows to one step first, for example by the mean of each hour or day."
    )
    assert refusal(frame.drop("when"), tmp_path / "a.csv") == (
        "To forecast, the data a needs one column with the time of each row, but it has no column of dates. Name it "
        "under data.time; a column that numbers the steps will do."
    )


def test_other_bad_input_is_refused(tmp_path: Path) -> None:
    frame, path = hours(300), tmp_path / "a.csv"
    assert refusal(frame, path, look_back=200) == (
        "A series needs at least 206 training steps (look_back 200 and horizon 6), and 6 more each for validation "
        "and test, but the longest has 300 steps in all. Set a shorter data.look_back or data.horizon, or give "
        "longer series."
    )
    assert refusal(frame, path, target="lod") == (
        "The data a has no column 'lod' to be the target; did you mean load?"
    )
    assert refusal(frame, path, known=["warmt"]).startswith(
        "data.known names the column 'warmt', which the data"
    )
    assert "also given as the time, the series or a known" in refusal(
        frame, path, target="warmth", known=["warmth"]
    )
    assert "has the same value in every training step" in refusal(
        frame.with_columns(load=1.0), path, target="load"
    )
    assert "split.by has no meaning here" in refusal(frame, path, SplitSpec(by="load"))
    text = frame.with_columns(load=pl.Series(["high", "low"] * 150))
    assert refusal(text, path, target="load") == (
        "The target load should hold numbers to forecast with, but 300 of its 300 values are not, such as 'high'. "
        "Correct them, or choose another column."
    )
    infinite = frame.with_columns(pl.Series("load", [float("inf"), *frame["load"].to_list()[1:]]))
    assert refusal(infinite, path).startswith("Numbers must be finite")


def several(lengths: dict[str, int]) -> pl.DataFrame:
    parts = [
        hours(n, seed, START + timedelta(days=seed)).with_columns(pl.lit(name).alias("shop"))
        for seed, (name, n) in enumerate(lengths.items())
    ]
    return pl.concat(parts)


def test_each_of_many_series_is_split_by_itself(tmp_path: Path) -> None:
    frame = several({"b": 200, "a": 300, "tiny": 20})
    prepared = prepared_from(frame, tmp_path / "a.csv", target="load", series="shop")
    assert (
        "left out 1 of 3 series with fewer than 30 training steps (look_back 24 and horizon 6): tiny"
        in prepared.notes
    )
    assert (len(prepared.train), len(prepared.validation), len(prepared.test)) == (91 + 151, 35 + 55, 35 + 55)
    assert len(np.unique(prepared.test.groups)) == 6 + 10
    inputs = prepared.preprocessing.encode(frame.filter(pl.col("shop") != "tiny"))
    assert inputs["past"].shape[0] == 2
    with pytest.raises(DataError) as caught:
        prepared.preprocessing.encode(frame)
    assert str(caught.value) == (
        "A forecast needs the last 24 steps of each series, but 1 of 3 have fewer: tiny. Give more of their past."
    )


def test_the_last_steps_of_a_file_are_what_a_forecast_sees(tmp_path: Path) -> None:
    frame = hours(500)
    prepared = prepared_from(frame, tmp_path / "a.csv", target="load")
    history = frame[400:494]
    history.write_csv(tmp_path / "recent.csv")
    encoded = prepared.preprocessing.encode(
        read_for_prediction(tmp_path / "recent.csv", prepared.preprocessing)
    )
    at = int(np.flatnonzero(prepared.test.index == 494)[0])
    for name, values in encoded.items():
        np.testing.assert_allclose(values[0], prepared.test.inputs[name][at], rtol=1e-5, atol=1e-6)
    ahead = prepared.preprocessing.encoder.ahead(prepared.preprocessing.raw(history))  # type: ignore[attr-defined]
    assert ahead["when"].to_list() == [START + timedelta(hours=hour) for hour in range(494, 500)]
    raw = read_for_prediction(tmp_path / "a.csv", prepared.preprocessing)
    inputs, target = prepared.preprocessing.encoder.windows(raw)  # type: ignore[attr-defined]
    at = np.searchsorted(np.arange(24, 495), prepared.test.index)
    np.testing.assert_allclose(target[at], prepared.test.target)
    np.testing.assert_allclose(inputs["past"][at], prepared.test.inputs["past"], rtol=1e-5, atol=1e-6)


def test_what_is_known_ahead_must_be_given(tmp_path: Path) -> None:
    frame = hours(500)
    prepared = prepared_from(frame, tmp_path / "a.csv", target="load", known=["warmth"])
    assert prepared.signature.inputs["future"].shape[0] == 1 + prepared.signature.inputs["past"].shape[0] - 2
    scale = prepared.preprocessing.encoder
    warmth = prepared.test.inputs["future"][:, 0] * scale.deviation[1] + scale.mean[1]  # type: ignore[attr-defined]
    wanted = frame["warmth"].to_numpy()[prepared.test.index[0] :][:6]
    np.testing.assert_allclose(warmth[0], wanted, rtol=1e-4)
    ahead = frame[:494].with_columns(
        pl.when(pl.int_range(pl.len()) < 488).then("load").otherwise(None).alias("load")
    )
    encoded = prepared.preprocessing.encode(ahead)
    at = int(np.flatnonzero(prepared.test.index == 488)[0])
    np.testing.assert_allclose(encoded["future"][0], prepared.test.inputs["future"][at], rtol=1e-4, atol=1e-5)
    with pytest.raises(DataError) as caught:
        prepared.preprocessing.encode(ahead[:491])
    assert str(caught.value) == (
        "A forecast needs warmth for the next 6 steps, but the data has them for 3. Add rows for the steps ahead "
        "that hold them, with load left empty."
    )


def test_files_of_splits_follow_one_another(tmp_path: Path) -> None:
    frame = hours(500)
    frame[400:].write_csv(tmp_path / "test.csv")
    split = SplitSpec(test=str(tmp_path / "test.csv"))
    prepared = prepared_from(frame[:400], tmp_path / "a.csv", split, target="load")
    assert prepared.test.index.tolist() == list(range(400, 495))
    assert prepared.validation.index.tolist() == list(range(320, 395))
    frame[:100].write_csv(tmp_path / "test.csv")
    assert refusal(frame[100:], tmp_path / "a.csv", split).startswith(
        "In a forecast, the steps in the file for validation come after the training steps"
    )


def test_many_windows_are_thinned_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl.data.series.forecasting.MOST_TRAINING", 100)
    prepared = prepared_from(hours(500), tmp_path / "a.csv", target="load")
    assert len(prepared.train) == 55  # 271 windows, every fifth: 2, 3 and 4 go into a day
    assert len(prepared.test) == 95
    assert "one of 5 windows of the training steps, so that they fit in memory" in prepared.notes


def test_months_are_read(tmp_path: Path) -> None:
    months = [f"{1949 + i // 12}-{i % 12 + 1:02}" for i in range(144)]
    flown = 100 + np.arange(144) * (1 + 0.1 * np.sin(2 * np.pi * np.arange(144) / 12))
    frame = pl.DataFrame({"month": months, "flown": flown, "line": ["x", "y"] * 72})
    frame.write_csv(tmp_path / "a.csv")
    prepared = prepare(DataSpec(path=str(tmp_path / "a.csv"), target="flown"), SplitSpec(), "forecasting")
    assert prepared.notes[:6] == (
        "time: month, the only column of dates",
        "left out: line (category)",
        "1 month from step to step",
        "season: 12 steps, from the step of 1 month",
        "horizon: 12 steps; set data.horizon for another",
        "look_back: 48 steps",
    )
    ahead = prepared.preprocessing.encoder.ahead(prepared.preprocessing.raw(frame))  # type: ignore[attr-defined]
    assert ahead["month"].to_list()[:2] == [datetime(1961, 1, 1), datetime(1961, 2, 1)]


def microseconds(*dates: str) -> np.ndarray:
    return np.array(dates, "datetime64[us]").astype(np.int64)


def test_steps_of_every_unit_are_found() -> None:
    months = microseconds("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
    step = infer_step([months])
    assert step == Step("month", 1)
    assert step.on_grid(months).all()
    np.testing.assert_array_equal(step.times(int(months[0]), 5), months)
    quarters = microseconds("2023-10-01", "2024-01-01", "2024-04-01", "2024-07-01")
    assert infer_step([quarters]) == Step("month", 3)
    weekdays = (
        np.busday_offset(np.datetime64("2024-01-01"), np.arange(12)).astype("datetime64[us]").astype(np.int64)
    )
    assert infer_step([np.delete(weekdays, 3)]) == Step("weekday", 1)
    np.testing.assert_array_equal(Step("weekday", 1).times(int(weekdays[0]), 12), weekdays)
    assert infer_step([np.array([0.0, 0.5, 1.0, 2.0])]) == Step("number", 0.5)
    assert infer_step([np.array([0.0, 1.0, 2.5, 2.9])]) is None


def test_seasons_are_found() -> None:
    rising = np.arange(1000.0)
    assert [season_of(Step("time", DAY * days), rising)[0] for days in (1, 7)] == [7, 52]
    assert [season_of(Step("month", size), rising)[0] for size in (1, 3, 12)] == [12, 4, 1]
    assert season_of(Step("time", DAY // 1440), rising)[0] == 60
    wave = np.sin(2 * np.pi * rising / 17) + rising / 100
    assert season_of(Step("number", 1), wave) == (17, "by autocorrelation")
    assert season_of(Step("number", 1), np.random.default_rng(0).normal(size=500))[0] == 1


def test_the_calendar_goes_round() -> None:
    found = turns(microseconds("2024-01-01T06:00", "2024-01-08T06:00"), ("hour", "weekday", "day", "month"))
    np.testing.assert_allclose(found[0], [1, 0, 0, 1, 0, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(found[1, :4], found[0, :4], atol=1e-6)


@pytest.mark.parametrize("name", ["dlinear", "patch_tst"])
@pytest.mark.parametrize("level", ["mean_deviation", "mean", "last", "none"])
def test_networks_forecast_each_target_from_its_own_past(name: str, level: str) -> None:
    from automl.space import default, fill

    family = catalog.family(name)
    signature = Signature(
        "series", {"past": Field((4, 20)), "future": Field((2, 3))}, 6, {"horizon": 3, "season": 4}
    )
    for future in ("none", "linear", "mlp"):
        settings = {"name": future, "width": 8}
        configuration = {**fill(family.space, default), "level": level, "future": settings}  # type: ignore[arg-type]
        network = training.build_network(family, configuration, signature, seed=0).eval()
        past = torch.randn(5, 4, 20)
        ahead = torch.randn(5, 2, 3)
        other = past.clone()
        other[:, 1:] = torch.randn(5, 3, 20)  # the second target, and what is no target
        with torch.no_grad():
            one, two = network(past=past, future=ahead), network(past=other, future=ahead)
            moved = network(past=past + 100, future=ahead)
        assert one.shape == (5, 6)
        torch.testing.assert_close(one[:, :3], two[:, :3])
        if level != "none":
            torch.testing.assert_close(moved, one + 100, atol=1e-2, rtol=1e-3)


def test_forecasting_needs_a_table(development_data: Path) -> None:
    path = development_data / "ucr" / "GunPoint" / "GunPoint_TRAIN.ts"
    with pytest.raises(DataError, match="Forecasts are made from a table with a column of times"):
        prepare(DataSpec(path=str(path)), SplitSpec(), "forecasting")
