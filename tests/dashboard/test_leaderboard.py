"""The leaderboard: what is best, how sure that is, and what it costs, over stores in every condition."""

from __future__ import annotations

import doctest
import shutil
import types
from pathlib import Path
from typing import Any

import dashboard_store as rows
import polars as pl
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_app import said
from dashboard_store import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from automl import commands
from automl.store import open_store
from dashboard.charts import costs as cost_charts
from dashboard.charts import ranks as rank_charts
from dashboard.queries import board_table, boards, costs, standings
from dashboard.snapshot import Snapshot

HOUSES = "houses-0a1b2c3d"


def _table(app: Any, column: str = "interval") -> Any:
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_an_empty_store_says_how_to_begin(see, tmp_path: Path) -> None:
    app = see(tmp_path, "leaderboard")
    assert "There is no leaderboard yet" in said(app)
    assert f"automl demo --store {tmp_path}" in said(app)


def test_a_missing_store_says_so(see, tmp_path: Path) -> None:
    app = see(tmp_path / "nowhere", "leaderboard")
    assert "The store cannot be reached" in app.error[0].value
    assert f"There is no store at {tmp_path / 'nowhere'}." in said(app)
    assert app.button(key="retry")


def test_a_broken_table_says_so_and_names_nothing_secret(see, many: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(many, tmp_path / "copy"))
    for log in (store / "tables" / "scores" / "_delta_log").iterdir():
        log.write_text("not a log")
    app = see(store, "leaderboard")
    assert "The store cannot be read" in app.error[0].value
    assert "Traceback" not in said(app)


def test_a_bad_value_in_the_address_is_left_out_and_named(see, many: Path) -> None:
    app = see(many, "leaderboard", dataset="<script>", metric="zzz", cost="love", view="none", family="zzz")
    assert app.selectbox(key="dataset").value == "houses"
    expected = "There is no board of a data set \\<script\\> in this store; another one is shown."
    assert expected in [warning.value for warning in app.warning]


def test_searches_without_finalists_have_no_board(see, tmp_path: Path) -> None:
    assert "There is no leaderboard yet" in said(
        see(rows.write(tmp_path, rows.whole_search("one", 3)), "leaderboard")
    )


def test_the_board_says_when_a_baseline_stands_above(see, many: Path) -> None:
    app = see(many, "leaderboard")
    assert "the baseline gradient\\_boosting is better than the best network" in app.warning[0].value
    board = _table(app)
    assert board["rank"].to_list() == sorted(board["rank"])
    assert "6 shown of 6. Ranks are those of the whole board" in said(app)


def test_a_board_of_one_network_says_it_is_the_best_and_of_one_seed(see, tmp_path: Path) -> None:
    app = see(rows.write(tmp_path, rows.entry(f"{HOUSES}/3", 0.3, n_seeds=1)), "leaderboard")
    assert "The best network is houses\\-0a1b2c3d/3 \\(mlp\\)\\: rmse 0" in app.success[0].value
    assert "There is no baseline to compare it with" in app.success[0].value
    assert (
        "n \\= 1 seed\\: houses\\-0a1b2c3d/3\\. What another seed would give is not known of it"
        in app.info[0].value
    )
    assert "1 shown of 1" in said(app)


def test_a_board_of_baselines_alone_says_so(see, tmp_path: Path) -> None:
    app = see(rows.write(tmp_path, rows.entry("linear", 0.3)), "leaderboard")
    assert "There are only baselines here" in app.warning[0].value


def test_boards_of_different_data_are_never_mixed(see, tmp_path: Path) -> None:
    old, new = rows.entry(f"{HOUSES}/1", 0.3), rows.entry("linear", 0.2, fingerprint="e" * 16)
    app = see(rows.write(tmp_path, [*old, *new]), "leaderboard")
    assert len(app.selectbox(key="split").options) == 2
    assert len(_table(app)) == 1


def test_failures_and_costs_stand_beside_each_entry(see, many: Path) -> None:
    board = _table(see(many, "leaderboard")).set_index("entry")
    assert board.loc[f"{HOUSES}/17", "failed"] == "34 of 240"
    assert board["failed"].isna()["linear"]
    assert board.loc[f"{HOUSES}/17", ["seconds", "weights", "latency", "seeds"]].to_list() == pytest.approx(
        [12.5, 20_000, 0.4, 3]
    )


def test_a_filter_leaves_ranks_as_they_are(see, many: Path) -> None:
    whole = _table(see(many, "leaderboard")).set_index("entry")["rank"]
    app = see(many, "leaderboard", networks="true")
    networks = _table(app).set_index("entry")["rank"]
    assert len(networks) == 3
    assert networks.to_dict() == whole[networks.index].to_dict()
    assert "3 shown of 6" in said(app)
    assert _table(see(many, "leaderboard", family="linear"))["entry"].to_list() == ["linear"]
    none = see(many, "leaderboard", family="linear", networks="true")
    assert "No entry of this board fits the filter." in said(none)


def test_other_metrics_become_columns_whatever_they_are(see, tmp_path: Path) -> None:
    calibration = [
        row
        for row in rows.entry(f"{HOUSES}/3", 0.3, metric="expected_calibration_error", score=0.07)
        if isinstance(row, rows.ScoreRow)
    ]
    store = rows.write(tmp_path, [*rows.entry(f"{HOUSES}/3", 0.3), *rows.entry("linear", 0.5), *calibration])
    assert "more0" not in _table(see(store, "leaderboard")).columns
    board = _table(see(store, "leaderboard", columns="expected_calibration_error")).set_index("entry")
    assert board.loc[f"{HOUSES}/3", "more0"] == pytest.approx(0.07)
    assert board["more0"].isna().to_list() == [False, True]


def test_the_entry_of_the_address_shows_its_commands(see, many: Path) -> None:
    app = see(many, "leaderboard", entry=f"{HOUSES}/17")
    refit = next(code.value.split()[2] for code in app.code if code.value.startswith("automl pull"))
    assert refit.startswith(f"{HOUSES}/17-")
    assert f"automl pull {refit} ./{refit.replace('/', '-')} --store {many}" in said(app)
    baseline = see(many, "leaderboard", entry="linear")
    assert "**linear** is a baseline" in said(baseline)
    unknown = see(many, "leaderboard", entry=HOSTILE)
    assert "This board has no entry \\<img src\\=x" in said(unknown)


def test_the_command_that_repeats_an_entry_is_shown_where_there_is_one(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = Snapshot(open_store(many))
    monkeypatch.setattr(board_table, "has_command", lambda name: name == "reproduce")
    assert board_table.reproduce(snapshot, "s/1") == f"automl reproduce s/1 --store {many}"
    monkeypatch.setattr(board_table, "has_command", lambda _: False)
    assert board_table.reproduce(snapshot, "s/1") is None


def test_the_commands_of_the_command_line_are_found() -> None:
    assert board_table.has_command("pull")
    assert not board_table.has_command("love")
    assert isinstance(commands, types.ModuleType)


def test_a_large_board_draws_its_best_and_its_baselines(see, tmp_path: Path) -> None:
    entries = [
        row for n in range(500) for row in rows.entry(f"{HOUSES}/{n}", 0.3 + n / 500, n_seeds=1, n_rows=20)
    ]
    app = see(rows.write(tmp_path, [*entries, *rows.entry("linear", 3.0, n_rows=20)]), "leaderboard")
    assert "40 shown of 501: the best ones, and the baselines." in said(app)
    assert "501 shown of 501." in said(app)
    assert len(_table(app)) == 501


def test_entries_without_predictions_have_no_rank(see, tmp_path: Path) -> None:
    found = [row for row in rows.entry(f"{HOUSES}/3", 0.3) if isinstance(row, rows.ScoreRow)]
    app = see(rows.write(tmp_path, [*found, *rows.entry("linear", 0.5)]), "leaderboard")
    assert "1 entry has no rank and no interval: the predictions on the test rows are missing" in said(app)


def test_the_axis_of_costs_always_has_numbers() -> None:
    assert doctest.testmod(cost_charts).failed == 0
    for low, high in ((1e-5, 1e9), (3.0, 4.0), (7.0, 7.1), (1.0, 1.0)):
        assert all(low <= tick <= high for tick in cost_charts.ticks(low, high))
        assert cost_charts.ticks(low, high)


def test_hostile_names_on_a_board_are_text(see, tmp_path: Path) -> None:
    named = f"{HOSTILE}/3".replace("//", "")
    found = [*rows.entry(f"{HOUSES}/3", 0.3, entry=named, family=HOSTILE, dataset=HOSTILE)]
    app = see(rows.write(tmp_path, found), "leaderboard")
    for element in (
        *app.title,
        *app.markdown,
        *app.caption,
        *app.error,
        *app.warning,
        *app.success,
        *app.info,
    ):
        assert "<img" not in element.value.replace("\\<", "")


def test_a_board_is_the_same_in_every_form(many: Path) -> None:
    snapshot = Snapshot(open_store(many))
    board = boards.load(snapshot, boards.choices(snapshot).row(0, named=True))
    written = {form: write(board) for form, _, write in boards.EXPORTS}
    assert pl.read_parquet(written["Parquet"]).equals(board)
    assert pl.read_csv(written["CSV"])["entry"].to_list() == board["entry"].to_list()
    assert pl.read_json(written["JSON"])["score"].to_list() == board["score"].to_list()


def test_a_board_is_kept_when_other_boards_get_rows(tmp_path: Path) -> None:
    root = rows.write(tmp_path, rows.entry(f"{HOUSES}/3", 0.3))
    first = Snapshot(open_store(root))
    choice = boards.choices(first).row(0, named=True)
    rows.write(root, rows.entry("linear", 0.2, dataset="taxi", fingerprint="e" * 16))
    second = Snapshot(open_store(root))
    block = (choice["fingerprint"], choice["split_id"])
    assert first.version("scores") != second.version("scores")
    assert boards._stamp(first, "scores", *block) == boards._stamp(second, "scores", *block)
    rows.write(root, rows.entry("linear", 0.2))
    assert boards._stamp(Snapshot(open_store(root)), "scores", *block) != boards._stamp(
        first, "scores", *block
    )


# Costs


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12),
    st.sampled_from(["min", "max"]),
)
def test_the_front_is_what_a_loop_gives(pairs: list[tuple[int, int]], goal: str) -> None:
    board = pl.DataFrame(
        {
            **{
                "entry": [f"s/{n}" for n in range(len(pairs))],
                "kind": "refit",
                "family": "mlp",
                "goal": goal,
            },
            **{
                "score": [float(score) for score, _ in pairs],
                "train_seconds": [float(cost) for _, cost in pairs],
            },
        }
    )
    priced = costs.priced(board, costs.COSTS["training"])
    sign = 1 if goal == "min" else -1
    losses = [(sign * score, cost) for score, cost in pairs]
    front = {
        f"s/{n}"
        for n, (loss, cost) in enumerate(losses)
        if not any(a <= loss and b <= cost and (a, b) != (loss, cost) for a, b in losses)
    }
    assert set(priced.filter("front")["entry"]) == front


def test_entries_without_a_cost_are_counted(see, many: Path) -> None:
    app = see(many, "leaderboard", cost="weights")
    assert "3 shown of 6. Large marks, joined by the dashed line" in said(app)
    assert "3 entries have no such cost." in said(app)
    assert cost_charts.quality_against_cost(_priced(many), "rmse", "min", "size").to_dict()["layer"]


def _priced(store: Path) -> pl.DataFrame:
    snapshot = Snapshot(open_store(store))
    return costs.priced(
        boards.load(snapshot, boards.choices(snapshot).row(0, named=True)), costs.COSTS["latency"]
    )


# All data sets


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two data sets: the networks are one first and one last, and one baseline was tried on one of them."""
    taxi = {"dataset": "taxi", "fingerprint": "e" * 16}
    found = [
        *(rows.search("houses"), rows.search("taxi", **taxi)),
        *rows.entry(f"{HOUSES}/1", 0.2),
        *rows.entry(f"{HOUSES}/2", 0.1),
        *rows.entry("linear", 0.5),
        *rows.entry("mean", 0.9),
    ]
    moved = [*rows.entry("taxi-0a1b2c3d/1", 0.7, **taxi), *rows.entry("linear", 0.3, **taxi)]
    return rows.write(tmp_path, [*found, *moved])


def test_ranks_over_data_sets(suite: Path) -> None:
    found = standings.ranks(Snapshot(open_store(suite)), impute=False)
    on = {(row["method"], row["dataset"]): row["rank"] for row in found.to_dicts()}
    assert on == {
        **{("mlp", "houses"): 1.0, ("linear", "houses"): 2.0, ("mean", "houses"): 3.0},
        **{("linear", "taxi"): 1.0, ("mlp", "taxi"): 2.0},
    }
    lines = standings.summary(found).select("method", "mean_rank", "wins", "n_datasets").rows()
    assert lines == [("linear", 1.5, 1, 2), ("mlp", 1.5, 1, 2), ("mean", 3.0, 0, 1)]
    assert rank_charts.ranks(standings.marks(found, standings.summary(found))).to_dict()["layer"]


def test_two_tasks_on_one_data_set_are_ranked_apart(tmp_path: Path) -> None:
    other = {"fingerprint": "e" * 16, "task": "quantile"}
    found = [
        *(rows.search("houses"), rows.search("again", **other)),
        *rows.entry(f"{HOUSES}/1", 0.2),
        *rows.entry("again-0a1b2c3d/1", 0.7, **other),
    ]
    ranked = standings.ranks(Snapshot(open_store(rows.write(tmp_path, found))), impute=False)
    assert sorted(ranked["dataset"]) == ["houses (quantile)", "houses (regression)"]


def test_a_method_that_was_not_tried_can_count_as_the_last(suite: Path) -> None:
    found = standings.ranks(Snapshot(open_store(suite)), impute=True)
    assert found.filter(method="mean", dataset="taxi")["rank"].to_list() == [3.0]
    assert standings.summary(found).filter(method="mean")["n_datasets"].to_list() == [1]


def test_the_view_over_data_sets_says_what_it_cannot_say(see, suite: Path) -> None:
    app = see(suite, "leaderboard", view="All data sets")
    assert "2 data sets are too few for a critical difference" in app.info[0].value
    assert "Not every method was tried on every data set" in app.info[0].value
    table = _table(app, "on0")
    assert table["method"].to_list() == ["linear", "mlp", "mean"]
    assert table["on1"].isna().to_list() == [False, False, True]
    imputed = _table(see(suite, "leaderboard", view="All data sets", impute="counted as last"), "on0")
    assert imputed["on1"].to_list() == [1.0, 2.0, 3.0]


def test_one_data_set_is_too_few_to_compare_over(see, many: Path) -> None:
    app = see(many, "leaderboard", view="All data sets")
    assert "1 data set is too few for a critical difference" in app.info[0].value
