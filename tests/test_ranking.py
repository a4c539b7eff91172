"""The leaderboard: worked by hand, its ties, its intervals, and who stands above whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_examples import SEARCH, prediction_row, score_row, search_row, write_refit

from automl import catalog
from automl.errors import NotFoundError
from automl.intervals import Judged, holm, intervals, ranks, replicate, within_bounds
from automl.ranking import COLUMNS, above, board, choose, leaderboard, pareto
from automl.store import Store, open_store
from automl.store.fold import Fold
from automl.store.rows import PredictionRow, ScoreRow, schema

Errors = Sequence[Sequence[float]]


def board_of(entries: dict[str, Errors], metric: str = "mae", **changes: Any) -> pl.DataFrame:
    """A board of entries given by their errors, (seeds, rows), on a target of zeros."""
    judge = catalog.metric(metric)
    rows, predictions = [], []
    for entry, seeds in entries.items():
        for seed, errors in enumerate(seeds):
            values, zeros = [float(e) for e in errors], [0.0] * len(errors)
            score = judge.compute(np.zeros(len(errors)), np.asarray(values))
            for split in ("test", "validation"):
                of = {"metric": metric, "goal": judge.goal, "n_rows": len(errors)}
                rows.append(vars(score_row(entry, seed, score, split, **of)))
            predictions.append(vars(prediction_row(entry, seed, values, zeros, **changes)))
    return leaderboard(
        pl.DataFrame(rows, schema=schema(ScoreRow)).lazy(),
        pl.DataFrame(predictions, schema=schema(PredictionRow)).lazy(),
        judge,
    )


def test_worked_by_hand() -> None:
    # s/0 errs by 1 and by 3 everywhere, so 2 in the mean; s/1 errs by 5 with both seeds.
    found = board_of({"s/1": [[5.0] * 40, [5.0] * 40], "s/0": [[1.0] * 40, [3.0] * 40]})
    assert dict(found.schema) == COLUMNS
    columns = ("rank", "entry", "score", "n_seeds", "n_rows", "validation_score")
    assert found.select(columns).rows() == [(1, "s/0", 2.0, 2, 40, 2.0), (1, "s/1", 5.0, 2, 40, 5.0)]
    # Two seeds that lie so far apart say little: sd of the mean 1, and t(1) = 12.7 such to each side.
    assert found["high"][0] == pytest.approx(2 + 1.414 * 12.706 / 1.96, rel=0.1)
    assert found.filter(entry="s/1").select("low", "high").row(0) == (5.0, 5.0)
    assert found["bundle"].to_list() == ["s/0/1/bundle", "s/1/1/bundle"]


def test_a_clearly_better_entry_is_first_and_equal_ones_share_a_rank() -> None:
    noise = np.random.default_rng(0).normal(size=(4, 3, 400))
    twin = noise[0] + 1.0
    found = board_of(
        {"s/2": noise[1] * 3, "s/3": twin, "s/4": twin, "s/5": noise[2] * 0.1, "forest": noise[3][:1]}
    )
    ranked = dict(found.select("entry", "rank").iter_rows())
    assert ranked["s/5"] == 1
    assert ranked["s/3"] == ranked["s/4"] == 3
    assert ranked["forest"] == 2
    assert ranked["s/2"] == 5
    assert found["rank"].is_sorted()


def test_chance_makes_no_winner() -> None:
    random = np.random.default_rng(1)
    sure = 0
    for _ in range(40):
        errors = random.normal(size=(6, 3, 100))
        sure += int(board_of({f"s/{i}": errors[i] for i in range(6)})["rank"].max() > 1)
    assert sure <= 5  # 5 % of 40, with room for chance


@given(st.permutations(range(5)), st.integers(0, 3))
@settings(max_examples=10)
def test_ranks_do_not_depend_on_the_order_of_rows(order: list[int], seed: int) -> None:
    errors = np.random.default_rng(seed).normal(size=(5, 2, 50)) * np.arange(1, 6)[:, None, None]
    straight = board_of({f"s/{i}": errors[i] for i in range(5)})
    shuffled = board_of({f"s/{i}": errors[i] for i in order})
    assert straight.equals(shuffled)
    rows = np.random.default_rng(seed).permutation(50)
    columns = ["entry", "rank", "score"]
    again = board_of({f"s/{i}": errors[i][:, rows] for i in range(5)}, row=rows.tolist()).select(columns)
    assert again.drop("score").equals(straight.select(columns).drop("score"))


@given(st.integers(0, 20))
@settings(max_examples=10)
def test_a_mirrored_metric_gives_the_same_ranks(seed: int) -> None:
    mae = catalog.metric("mae")
    mirrored = replace(mae, goal="max", compute=lambda t, p: -mae.compute(t, p), from_mean=lambda mean: -mean)
    random = np.random.default_rng(seed)
    errors = random.normal(size=(4, 2, 60)) * random.uniform(1, 2, size=(4, 1, 1))
    entries = [Judged(np.zeros(60), list(one)) for one in errors]
    points = np.abs(errors).mean(axis=(1, 2))
    one, other = replicate(entries, mae), replicate(entries, mirrored)
    assert ranks(points, one, "min").tolist() == ranks(-points, other, "max").tolist()
    low, high = intervals(points, one)
    assert np.allclose(intervals(-points, other), (-high, -low))


@pytest.mark.parametrize(("n_seeds", "seed_sd"), [(1, 0.0), (3, 0.0), (3, 0.3), (5, 0.1)])
def test_intervals_cover_what_they_should(n_seeds: int, seed_sd: float) -> None:
    """The mean error of the method is 0; rows share an error of their own, seeds have theirs."""
    random, mean = np.random.default_rng(7), _mean_metric()
    inside = 0
    for i in range(150):
        rows = random.normal(size=60)
        seeds = random.normal(size=(n_seeds, 1)) * seed_sd
        errors = rows + seeds + 0.3 * random.normal(size=(n_seeds, 60))
        low, high = intervals(
            np.array([errors.mean()]), replicate([Judged(np.zeros(60), list(errors))], mean, seed=i)
        )
        inside += int(low[0] <= 0 <= high[0])
    assert inside >= 0.90 * 150


def test_groups_are_drawn_whole() -> None:
    """Rows of a group err alike, so 200 rows of 10 groups tell no more than 10 rows do."""
    random = np.random.default_rng(0)
    error = np.repeat(random.normal(size=10), 20)
    by_row = board_of({"s/0": [np.abs(error)]})
    by_group = board_of({"s/0": [np.abs(error)]}, group=np.repeat(np.arange(10), 20).tolist())
    alone = board_of({"s/0": [np.abs(error[::20])]})
    width = [(one["high"] - one["low"])[0] for one in (by_row, by_group, alone)]
    assert width[1] > 3 * width[0]
    assert width[1] == pytest.approx(width[2], rel=0.1)


def test_an_entry_judged_on_other_rows_has_no_rank() -> None:
    found = board_of({"s/0": [[1.0] * 9], "s/1": [[2.0] * 9], "s/2": [[0.5] * 8]})
    assert found.select("entry", "rank", "low").rows() == [
        ("s/0", 1, 1.0),
        ("s/1", 2, 2.0),
        ("s/2", None, None),
    ]


def test_no_scores_give_an_empty_board() -> None:
    assert board_of({}).schema == pl.Schema(COLUMNS)


def test_holm_by_hand() -> None:
    assert holm(np.array([0.001, 0.02, 0.04, 0.5]), 0.05).tolist() == [True, False, False, False]
    assert holm(np.array([0.01, 0.02, 0.04]), 0.05).tolist() == [True, True, True]
    assert holm(np.array([]), 0.05).tolist() == []


def test_the_network_is_chosen_by_validation_alone() -> None:
    rows = [
        score_row(f"s/{t}", s, v, "validation")
        for t, s, v in [(1, 0, 1.0), (1, 1, 4.0), (1, 2, 2.0), (2, 0, 3.0)]
    ]
    rows += [score_row(f"s/{t}", s, v) for t, s, v in [(1, 0, 9.0), (2, 0, 0.0)]]
    rows += [score_row("forest", 0, 0.0, "validation")]
    frame = pl.DataFrame([vars(row) for row in rows], schema=schema(ScoreRow))
    assert choose(frame) == choose(frame, "mae") == (1, 2)
    assert choose(frame.filter(pl.col("seed") < 2)) == (1, 1)  # of two middle seeds the worse
    with pytest.raises(NotFoundError, match="no refit with a validation score 'mea': did you mean mae"):
        choose(frame, "mea")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)), max_size=20))
def test_the_front_is_what_nothing_beats(rows: list[tuple[int, int, int]]) -> None:
    frame = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row").with_row_index()
    found = pareto(frame, {"a": "max", "b": "min", "c": "max"})["index"].to_list()

    def beats(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
        return one != other and one[0] >= other[0] and one[1] <= other[1] and one[2] >= other[2]

    assert found == [i for i, row in enumerate(rows) if not any(beats(other, row) for other in rows)]


def test_rows_without_a_value_are_on_no_front() -> None:
    frame = pl.DataFrame({"a": [None, math.nan, 1.0], "b": [1.0, 1.0, 2.0]})
    assert pareto(frame, {"a": "max", "b": "min"}).rows() == [(1.0, 2.0)]


def test_a_better_baseline_is_said_aloud() -> None:
    clear = board_of({"forest": [[1.0] * 9], "s/1": [[2.0] * 9]})
    sentence = "On houses the baseline forest is better than the best network s/1: mae 1 against 2."
    assert above(clear) == sentence
    random = np.random.default_rng(0).normal(size=(2, 1, 9)) * [[[1.0]], [[1.05]]]
    close = above(board_of({"forest": random[0], "s/1": random[1]}))
    assert close is None or close.endswith("The difference is within the uncertainty.")
    assert above(board_of({"forest": [[3.0] * 9], "s/1": [[2.0] * 9]})) is None
    assert above(board_of({"s/1": [[2.0] * 9]})) is None


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path, create=True)
    for name, scale in ((SEARCH, 1.0), ("other-00000000", 2.0)):
        folder = store.create_search(name, {})
        for index in range(2):
            write_refit(folder, 0, index, [scale * (1 + 0.1 * i) for i in range(20)])
        fold = Fold(store, folder, 1)
        fold.fold()
        fold.update_search(search_row(name))
    return store


def test_the_board_of_a_store(store: Store) -> None:
    both = board(store)
    assert both.select("entry", "rank").rows() == [(f"{SEARCH}/0", 1), ("other-00000000/0", 2)]
    assert board(store, search_id=SEARCH)["entry"].to_list() == [f"{SEARCH}/0"]
    assert board(store, dataset="houses").equals(both)
    assert board(store, dataset="f0", metric="mae").equals(both)
    assert board(store, dataset="none").height == board(store, metric="rmse").height == 0
    with pytest.raises(NotFoundError, match="did you mean"):
        board(store, metric="mea")


def _mean_metric() -> Any:
    def signed(target: Any, prediction: Any) -> Any:
        return prediction - target

    mae = catalog.metric("mae")
    return replace(mae, compute=lambda t, p: float(signed(t, p).mean()), per_row=signed)


def test_rows_of_one_group_give_no_interval_and_share_a_rank() -> None:
    error = np.random.default_rng(0).normal(size=50)
    board = board_of({"s/0": [error], "s/1": [error + 5]}, group=[3] * 50)
    assert board["low"].to_list() == board["high"].to_list() == [None, None]
    assert board["rank"].to_list() == [1, 1]


def test_an_interval_is_open_where_nothing_went_wrong() -> None:
    metric = catalog.metric("accuracy")
    low, high = within_bounds(np.array([1.0, 0.4, 0.0]), np.array([1.0, 1.2, 0.0]), metric, 300)
    assert low.tolist() == pytest.approx([0.99, 0.4, 0.0])
    assert high.tolist() == pytest.approx([1.0, 1.0, 0.01])
