"""Why a search was won: every number against a loop over the rows, every chart a valid specification, every state."""

from __future__ import annotations

import doctest
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dashboard_store as rows
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_insights import ID, configured, stored, whole

from automl.pareto import pareto as slow_pareto
from automl.store.rows import TrialRow
from dashboard.charts import failures as failure_charts
from dashboard.charts import importance as importance_charts
from dashboard.charts import parallel as parallel_charts
from dashboard.charts import pareto as pareto_charts
from dashboard.charts import rungs as rung_charts
from dashboard.charts import slices as slice_charts
from dashboard.charts import timeline as timeline_charts
from dashboard.queries import (
    description,
    failures,
    importance,
    parallel,
    parameters,
    pareto,
    rungs,
    score_axis,
    slices,
    timeline,
)
from dashboard.queries.description import Scale
from dashboard.queries.parameters import Parameter, Table
from dashboard.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    again = configured(3, "complete", attempt=2, score=0.2, scores='{"rmse": 0.2, "mae": 0.1}')
    return stored(tmp_path_factory.mktemp("insights"), [*whole(), again])


def all_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The last attempt at each trial, by a loop."""
    found: dict[int, dict[str, Any]] = {}
    for row in snapshot.scan("trials").sort("attempt").collect().to_dicts():
        found[row["trial"]] = row
    return [found[number] for number in sorted(found)]


# Parameters


def test_scales_come_from_the_space(snapshot: Snapshot) -> None:
    found = {one.path: one.scale for one in parameters.table(snapshot, ID).parameters}
    assert found == {
        "family": Scale("choice"),
        "learning_rate": Scale("number", log=True),
        "optimizer": Scale("choice"),
        "optimizer.sgd.momentum": Scale("number"),
        "depth": Scale("number"),
        "clip_norm": Scale("choice"),
    }
    assert doctest.testmod(description).failed == 0


def test_a_parameter_that_a_trial_does_not_have_is_missing(snapshot: Snapshot) -> None:
    found = parameters.table(snapshot, ID)
    column = next(one.column for one in found.parameters if one.path == "optimizer.sgd.momentum")
    expected = [json.loads(row["parameters"]).get("optimizer.sgd.momentum") for row in all_rows(snapshot)]
    assert found.frame[column].to_list() == expected
    assert None in expected


def test_complete_trials_count_or_those_that_reached_a_rung(snapshot: Snapshot) -> None:
    at_end, at_rung = parameters.table(snapshot, ID), parameters.table(snapshot, ID, rung=9)
    assert at_end.frame.filter("counts")["state"].unique().to_list() == ["complete"]
    curves: dict[tuple[int, int], list[float]] = {}
    for row in snapshot.scan("epochs").collect().to_dicts():
        if row["epoch"] <= 9:
            curves.setdefault((row["trial"], row["attempt"]), []).append(row["value"])
    last = {row["trial"]: row["attempt"] for row in all_rows(snapshot)}
    expected = {
        trial: min(values)
        for (trial, attempt), values in curves.items()
        if len(values) == 9 and last[trial] == attempt
    }
    counted = at_rung.frame.filter("counts")
    assert dict(counted.select("trial", "score").iter_rows()) == expected
    assert "stopped" in counted["state"]


def test_one_family_is_compared_with_itself(snapshot: Snapshot) -> None:
    found = parameters.table(snapshot, ID, family="mlp")
    assert found.frame["family"].unique().to_list() == ["mlp"]
    assert "family" not in [one.path for one in found.parameters]


def test_without_a_description_scales_are_guessed(tmp_path: Path) -> None:
    found = parameters.table(stored(tmp_path, whole(60), plain=None), ID)
    scales = {one.path: one.scale for one in found.parameters}
    assert not found.described
    assert scales["learning_rate"] == Scale("number", log=True)
    assert scales["optimizer.sgd.momentum"] == Scale("number")
    assert scales["clip_norm"] == Scale("choice")


def test_a_word_where_the_space_has_numbers_is_missing(tmp_path: Path) -> None:
    odd = configured(5, "complete", parameters='{"learning_rate": "fast", "depth": 3, "optimizer": "adamw"}')
    found = parameters.table(stored(tmp_path, [*whole(5), odd]), ID)
    column = next(one.column for one in found.parameters if one.path == "learning_rate")
    assert found.frame[column].null_count() == 1
    assert found.frame[column].dtype == pl.Float64


def test_a_damaged_description_is_done_without(tmp_path: Path) -> None:
    snapshot = stored(tmp_path, whole(20), plain={"families": [{"space": {"depth": {"int": "x"}}}]})
    assert description.description(snapshot, ID) is None
    assert parameters.rungs(snapshot, ID) == (3, 9)
    assert parameters.summary(snapshot, ID, None, None).n_trials == 20


# Importance


def slow_share(groups: list[int], scores: list[float]) -> float:
    """Eta squared of ranks, by loops."""
    ranks = [sum(b < a for b in scores) + (sum(b == a for b in scores) + 1) / 2 for a in scores]
    middle = sum(ranks) / len(ranks)
    total = sum((rank - middle) ** 2 for rank in ranks)
    between = 0.0
    for group in set(groups):
        own = [rank for rank, of in zip(ranks, groups, strict=True) if of == group]
        between += len(own) * (sum(own) / len(own) - middle) ** 2
    return between / total if total else 0.0


def with_one(values: list[Any], scores: list[float], kind: str = "number") -> Table:
    """A table of complete trials with one parameter."""
    frame = pl.DataFrame({"p0": values, "score": scores}).with_columns(counts=pl.lit(True))
    return Table(frame, (Parameter("x", "p0", Scale(kind)),), True)  # type: ignore[arg-type]


def test_examples_of_importance() -> None:
    assert doctest.testmod(importance).failed == 0


def test_the_share_of_a_hand_worked_example() -> None:
    """Ranks 1 to 10; groups of the odd places and the even ones: means 5 and 6 around 5.5, so 2.5 of 82.5."""
    found = importance.explained(with_one(["odd", "even"] * 5, [float(i) for i in range(10)], "choice"))
    row = found.row(0, named=True)
    assert row["share"] == pytest.approx(2.5 / 82.5)
    assert row["chance"] == pytest.approx(1 / 9)
    assert (row["n_groups"], row["n_trials"]) == (2, 10)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 5)), min_size=10, max_size=40))
def test_shares_are_what_a_loop_gives_within_bounds_whatever_the_scale(
    pairs: list[tuple[int, int]],
) -> None:
    scores, values = [float(score) for score, _ in pairs], [f"v{value}" for _, value in pairs]
    found = importance.explained(with_one(values, scores, "choice"))
    if len(set(values)) < 2:
        assert found.height == 0
        return
    row = found.row(0, named=True)
    order = sorted(set(values))
    assert row["share"] == pytest.approx(slow_share([order.index(value) for value in values], scores))
    assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1
    for changed in ([score**3 for score in scores], [-score for score in scores]):
        again = importance.explained(with_one(values, changed, "choice")).row(0, named=True)
        assert again["share"] == pytest.approx(row["share"])
        assert again["low"] == pytest.approx(row["low"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1e4), min_size=10, max_size=60, unique=True), st.randoms())
def test_groups_of_numbers_stay_the_same_under_a_monotone_change(values: list[float], chance: Any) -> None:
    chance.shuffle(values)
    groups = importance.group(pl.Series(values), True)
    assert (importance.group(pl.Series([value**3 for value in values]), True) == groups).all()
    sizes = np.bincount(groups)
    assert len(sizes) == max(2, min(importance.BINS, len(values) // importance.LEAST_IN_GROUP))
    assert sizes.max() - sizes.min() <= 1


def test_what_says_nothing_is_not_above_chance_and_what_decides_is() -> None:
    chance = np.random.default_rng(7)
    above = 0
    for _ in range(60):
        found = importance.explained(with_one(chance.random(80).tolist(), chance.random(80).tolist()))
        above += found["low"][0] > found["chance"][0]
    assert above <= 5  # of 60, at 2.5 % each
    values = chance.random(80)
    row = importance.explained(with_one(values.tolist(), (values + 0.01).tolist())).row(0, named=True)
    assert row["low"] > 0.9 > row["chance"]


def test_chance_gives_what_is_said() -> None:
    chance = np.random.default_rng(3)
    drawn = [
        importance.explained(with_one(list("abcd" * 10), chance.random(40).tolist(), "choice"))
        for _ in range(200)
    ]
    assert np.mean([found["share"][0] for found in drawn]) == pytest.approx(drawn[0]["chance"][0], abs=0.01)


def test_fewer_than_ten_trials_say_nothing() -> None:
    assert importance.explained(with_one([1.0, 2.0, 3.0] * 3, [float(i) for i in range(9)])).height == 0


def test_the_learning_rate_is_found(snapshot: Snapshot) -> None:
    found = importance.importance(snapshot, ID, None, 3)
    assert found["path"][0] == "learning_rate"
    assert found["low"][0] > found["chance"][0]


# Slices and lines


def test_the_best_trial_is_marked(snapshot: Snapshot) -> None:
    found = slices.slices(snapshot, ID, None, None, ("learning_rate", "depth"), "min")
    complete = [row for row in all_rows(snapshot) if row["state"] == "complete"]
    best = min(complete, key=lambda row: (row["score"], row["trial"]))
    assert found.points.filter("is_best")["trial"].to_list() == [best["trial"]]
    assert found.best == (best["trial"], best["score"])
    assert found.cells == {}
    at_rung = slices.slices(snapshot, ID, None, 3, ("learning_rate",), "min")
    assert at_rung.best == found.best
    assert not at_rung.points["is_best"].any()  # it has no curve here, so that it is not compared
    assert found.n_trials == sum(row["score"] is not None for row in all_rows(snapshot))


def test_where_more_is_better_the_largest_is_the_best(tmp_path: Path) -> None:
    upside = [replace(row, goal="max") for row in whole(60) if isinstance(row, TrialRow)]
    snapshot = stored(tmp_path, [rows.search("houses", goal="max"), *upside])
    expected = max(row.score or 0.0 for row in upside if row.state == "complete")
    found = slices.slices(snapshot, ID, None, None, ("learning_rate",), "max")
    assert found.best is not None
    assert found.best[1] == found.points["score"][0] == expected
    assert parallel.lines(snapshot, ID, None, None, (), "max").frame["score"][-1] == expected
    assert pareto.front(snapshot, ID, (("rmse", "max"),)).frame.filter("on_front")["v0"].to_list() == [
        expected
    ]


def test_many_points_become_cells_that_hold_all_trials() -> None:
    chance = np.random.default_rng(0)
    n = 4000
    frame = pl.DataFrame(
        {
            **{"trial": range(n), "family": "mlp", "state": "complete", "feasible": True, "counts": True},
            **{
                "score": chance.random(n),
                "p0": 10 ** chance.uniform(-5, -1, n),
                "p1": chance.choice(["a", "b"], n),
            },
        }
    ).with_columns(final="score", p1=pl.when(pl.col("trial") % 2 == 0).then("p1"))
    found = Table(
        frame, (Parameter("x", "p0", Scale("number", True)), Parameter("y", "p1", Scale("choice"))), True
    )
    drawn = slices.cut(found, ("x", "y"), "min")
    assert [drawn.cells[name]["n"].sum() for name in ("p0", "p1")] == [n, n // 2]
    n_marks = sum(cells.height for cells in drawn.cells.values()) + 2 * drawn.points.height
    assert n_marks <= slices.MOST_MARKS
    assert drawn.points["score"].to_list() == sorted(frame["score"])[: slices.BEST]
    for one in drawn.parameters:
        spec = slice_charts.slice_of(drawn.points, drawn.cells[one.column], one, "rmse", drawn.axis).to_dict()
        assert len(spec["layer"]) >= 2


def test_an_edge_of_each_cell_is_on_the_scale_of_the_space() -> None:
    edges = slices.number_edges(pl.Series([1e-4, 1e-1]), log=True)
    assert np.allclose(np.diff(np.log(edges)), np.log(edges[1] / edges[0]))
    assert np.allclose(np.diff(slices.number_edges(pl.Series([0.0, 1.0]), log=True)), 1 / slices.ACROSS)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=80), st.sampled_from(["min", "max"]))
def test_an_axis_has_room_for_the_best_scores(scores: list[float], goal: str) -> None:
    axis = score_axis.score_axis(pl.Series(scores), goal)
    good = axis.low if goal == "min" else axis.high
    assert good == (min(scores) if goal == "min" else max(scores))
    outside = [score for score in scores if not axis.low <= score <= axis.high]
    assert len(outside) == axis.n_beyond <= score_axis.BAD_SHARE * len(scores) + 1
    assert doctest.testmod(score_axis).failed == 0


def test_lines_are_the_best_and_always_the_same_others(tmp_path: Path) -> None:
    many = [configured(number, "complete") for number in range(800)]
    snapshot = stored(tmp_path, [rows.search("houses"), *many])
    found = parallel.lines(snapshot, ID, None, None, ("learning_rate", "optimizer"), "min")
    scores = sorted((row.score, row.trial) for row in many if row.score is not None)
    assert found.n_trials == len(scores) > 500
    assert found.frame.height == parallel.BEST + parallel.OTHERS
    assert {trial for _, trial in scores[: parallel.BEST]} <= set(found.frame["trial"])
    again = parallel.lines(Snapshot(snapshot.store), ID, None, None, ("learning_rate", "optimizer"), "min")
    assert again.frame.equals(found.frame)
    assert found.frame["score"].is_sorted(descending=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_parallel_coordinates_are_plain_data(snapshot: Snapshot, theme: str) -> None:
    found = parallel.lines(
        snapshot, ID, None, None, ("optimizer", "optimizer.sgd.momentum", "learning_rate"), "min"
    )
    spec = json.loads(json.dumps(parallel_charts.parallel(found, "rmse", "min", theme), allow_nan=False))
    assert [axis["type"] for axis in spec["parallelAxis"]] == ["category", "value", "log", "value"]
    assert spec["parallelAxis"][-1]["inverse"]
    assert "-" in [line[1] for line in spec["series"][0]["data"]]


# Trade-offs


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 200), st.integers(0, 1000), st.integers(2, 30))
def test_the_quick_front_is_the_front(n_objectives: int, n: int, seed: int, n_values: int) -> None:
    values = np.random.default_rng(seed).integers(n_values, size=(n, n_objectives)).astype(float)
    frame = pl.DataFrame(values, schema=[f"v{i}" for i in range(n_objectives)]).with_row_index("trial")
    goals = {f"v{i}": ("max" if i % 2 else "min") for i in range(n_objectives)}
    expected = slow_pareto(frame, goals)  # type: ignore[arg-type]
    assert pareto.best_of(frame, goals)["trial"].to_list() == expected["trial"].to_list()  # type: ignore[arg-type]


def test_the_front_of_score_and_cost_is_what_loops_give(snapshot: Snapshot) -> None:
    found = pareto.front(snapshot, ID, (("rmse", "min"), ("latency_ms", "min")))
    complete = [row for row in all_rows(snapshot) if row["state"] == "complete"]
    pairs = {row["trial"]: (row["score"], row["latency_ms"]) for row in complete}
    expected = {
        trial
        for trial, own in pairs.items()
        if not any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in pairs.values())
    }
    assert set(found.frame.filter("on_front")["trial"]) == expected
    assert found.n_trials == len(complete)


def test_objectives_are_read_from_the_scores(snapshot: Snapshot) -> None:
    found = pareto.front(snapshot, ID, (("rmse", "min"), ("mae", "min")))
    expected = {
        row["trial"]: json.loads(row["scores"])["mae"]
        for row in all_rows(snapshot)
        if row["state"] == "complete"
    }
    assert dict(found.frame.select("trial", "v1").iter_rows()) == expected
    assert pareto.front(snapshot, ID, (("rmse", "min"), ("nowhere", "max"))).n_trials == 0


# Rungs


def test_rungs_count_who_came_and_who_stayed(snapshot: Snapshot) -> None:
    found = rungs.reached(snapshot, ID).rows()
    ended = all_rows(snapshot)
    expected = [
        (
            epoch,
            sum(row["n_epochs"] >= epoch for row in ended),
            sum(row["state"] == "stopped" and row["n_epochs"] == epoch for row in ended),
        )
        for epoch in (3, 9)
    ]
    assert found == [*expected, (None, sum(row["state"] == "complete" for row in ended), 0)]


def test_curves_are_few_thin_and_keep_their_ends(tmp_path: Path) -> None:
    long = [configured(number, "stopped", n_epochs=400, score=0.5) for number in range(260)]
    long += [configured(number, "complete", n_epochs=900, score=0.4) for number in range(260, 330)]
    of_them = [row for row in long if row.state != "failed"]
    snapshot = stored(
        tmp_path, [rows.search("houses"), *long, *(e for row in of_them for e in rows.epochs(row))]
    )
    found = rungs.curves(snapshot, ID, "rmse")
    assert (found.n_shown("complete"), found.n_shown("stopped")) == (rungs.SURVIVORS, rungs.STOPPED)
    assert found.frame.height <= rungs.MOST_POINTS
    ends = found.frame.group_by("trial").agg(
        pl.col("epoch").min().alias("first"), pl.col("epoch").max().alias("last")
    )
    assert set(ends["first"]) == {1}
    assert set(ends["last"]) == {400, 900}
    assert found.frame.filter(pl.col("epoch") == 9)["trial"].n_unique() == ends.height


# Failures


def test_failures_are_counted_and_placed(snapshot: Snapshot) -> None:
    ended = all_rows(snapshot)
    failed = [row for row in ended if row["state"] == "failed"]
    row = failures.failures(snapshot, ID).row(0, named=True)
    assert (row["reason"], row["n"], row["message"]) == ("diverged", len(failed), "The loss is not a number.")
    assert row["path"] == "learning_rate"
    low, high = (float(end.replace(",", "")) for end in row["range"].split(" … "))
    inside = [
        one for one in ended if low * 0.99 <= json.loads(one["parameters"])["learning_rate"] <= high * 1.01
    ]
    n_inside = sum(one["state"] == "failed" for one in inside)
    assert (row["n_failed"], row["n_trials"]) == (n_inside, len(inside))
    assert row["failed_share"] == pytest.approx(n_inside / len(failed))
    assert row["share"] == pytest.approx(len(inside) / len(ended))
    assert row["chance"] < failures.RARE


def test_few_failures_are_not_placed(tmp_path: Path) -> None:
    failed = [rows.trial(ID, number, "failed") for number in range(failures.LEAST - 1)]
    snapshot = stored(tmp_path, [rows.search("houses"), *failed, rows.trial(ID, 9)])
    row = failures.failures(snapshot, ID).row(0, named=True)
    assert (row["n"], row["path"], row["range"], row["chance"]) == (failures.LEAST - 1, None, None, None)


def test_failures_that_are_everywhere_are_said_to_be_chance(tmp_path: Path) -> None:
    made = [configured(number, "complete") for number in range(230)]
    fine = [replace(row, state="complete", score=0.4, reason=None) for row in made[:200]]
    failed = [replace(row, state="failed", score=None, reason="hung") for row in made[200:]]
    row = failures.failures(stored(tmp_path, [rows.search("houses"), *fine, *failed]), ID).row(0, named=True)
    assert row["reason"] == "hung"
    assert row["chance"] >= failures.RARE


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 12))
def test_the_tail_is_what_counting_gives(n_in_range: int, n_failed: int, n_others: int) -> None:
    n_trials = max(n_in_range, n_failed) + n_others
    for n_both in range(min(n_in_range, n_failed) + 1):
        ways = sum(
            math.comb(n_failed, k) * math.comb(n_trials - n_failed, n_in_range - k)
            for k in range(n_both, min(n_in_range, n_failed) + 1)
        )
        expected = ways / math.comb(n_trials, n_in_range)
        assert failures.tail(n_both, n_in_range, n_failed, n_trials) == pytest.approx(expected)
    assert doctest.testmod(failures).failed == 0


# Timeline


def spans(row: dict[str, Any]) -> tuple[float, float]:
    return row["started_at"].timestamp(), row["ended_at"].timestamp()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(0, 60), st.integers(0, 30)),
        min_size=1,
        max_size=25,
    )
)
def test_idle_time_is_what_seconds_give(made: list[tuple[int, int, int, int]]) -> None:
    """Whole seconds, each busy or not; the terms are a thousand seconds apart."""
    begin = [rows.BEGIN + timedelta(seconds=1000 * term + start) for _, term, start, _ in made]
    attempts = pl.DataFrame(
        {
            **{"worker": [f"w{worker}" for worker, *_ in made], "term": [term for _, term, *_ in made]},
            **{
                "started_at": begin,
                "ended_at": [b + timedelta(seconds=one[3]) for b, one in zip(begin, made, strict=True)],
            },
        }
    )
    for row in timeline.idle(attempts).to_dicts():
        own = [one for one in made if f"w{one[0]}" == row["worker"]]
        busy = {(term, second) for _, term, start, n in own for second in range(start, start + n)}
        there = 0
        for term in {term for _, term, *_ in own}:
            of_term = [(start, start + n) for _, of, start, n in made if of == term]
            there += max(end for _, end in of_term) - min(start for start, _ in of_term)
        assert row["busy_seconds"] == pytest.approx(len(busy))
        assert row["there_seconds"] == pytest.approx(there)
        assert row["idle_share"] == pytest.approx(1 - len(busy) / there if there else 0.0)
        assert row["n_attempts"] == len(own)


def test_bars_of_a_worker_do_not_cover_each_other(snapshot: Snapshot) -> None:
    found = timeline.timeline(snapshot, ID)
    assert found.n_shown == found.n_attempts == 121  # attempts, not trials
    ended: dict[tuple[str, int], float] = {}
    for row in found.bars.to_dicts():
        begin, end = spans(row)
        assert begin >= ended.get((row["worker"], row["lane"]), 0.0)
        ended[row["worker"], row["lane"]] = end


def test_only_the_latest_attempts_are_bars_and_refits_have_a_line(tmp_path: Path) -> None:
    many = [configured(number, "complete") for number in range(timeline.MOST_BARS + 50)]
    snapshot = stored(tmp_path, [rows.search("houses"), *many, *rows.entry(f"{ID}/3", 0.3)])
    found = timeline.timeline(snapshot, ID)
    assert (found.n_shown, found.n_attempts) == (timeline.MOST_BARS, len(many))
    shown = found.bars.filter(pl.col("worker") != timeline.REFITS)
    latest = sorted((row.ended_at for row in many), reverse=True)[timeline.MOST_BARS - 1]
    assert shown["ended_at"].min() == latest
    assert found.bars.filter(worker=timeline.REFITS).height == 3
    assert found.workers["n_attempts"].sum() == len(many)


# Charts


def drawn_charts(snapshot: Snapshot) -> Iterator[Any]:
    shares = importance.importance(snapshot, ID, None, None)
    yield importance_charts.importance(shares.rename({"path": "label"}))
    found = slices.slices(snapshot, ID, None, None, tuple(shares["path"]), "min")
    for one in found.parameters:
        yield slice_charts.slice_of(found.points, None, one, "rmse", found.axis)
    front = pareto.front(snapshot, ID, (("rmse", "min"), ("n_parameters", "min")))
    axis = score_axis.score_axis(front.frame["v0"], "min")
    yield pareto_charts.front(front.frame, "v1", "v0", {"v0": "rmse", "v1": "weights"}, axis)
    curves = rungs.curves(snapshot, ID, "rmse")
    yield rung_charts.curves(
        curves.frame, (3, 9), "rmse", score_axis.score_axis(curves.frame["value"], "min")
    )
    yield rung_charts.curves(curves.frame, (), "rmse", score_axis.score_axis(curves.frame["value"], "min"))
    counts = pl.DataFrame(
        {"label": ["a", "a"], "what": [rung_charts.WENT_ON, rung_charts.STOPPED], "n": [3, 1]}
    )
    yield rung_charts.reached(counts)
    where = failures.where(snapshot, ID, "diverged", "learning_rate")
    yield failure_charts.ranges(where, "learning_rate")
    bars = timeline.timeline(snapshot, ID).bars.with_columns(pl.col("state").alias("kind"))
    yield timeline_charts.timeline(bars, ["0", "1"])


def test_every_chart_is_a_valid_specification(snapshot: Snapshot) -> None:
    specs = [chart.to_dict() for chart in drawn_charts(snapshot)]
    assert len(specs) == 13
    assert all("layer" in spec or "mark" in spec for spec in specs)


def test_logarithmic_axes_are_those_of_the_space(snapshot: Snapshot) -> None:
    paths = ("learning_rate", "optimizer.sgd.momentum")
    found = slices.slices(snapshot, ID, None, None, paths, "min")
    specs = [
        slice_charts.slice_of(found.points, None, one, "rmse", found.axis).to_dict()
        for one in found.parameters
    ]
    scales = [spec["layer"][0]["encoding"]["x"]["scale"].get("type") for spec in specs]
    assert scales == ["log", None]
