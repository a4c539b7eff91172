"""Every page under Streamlit's own test driver, over stores in every condition."""

from __future__ import annotations

import shutil
from pathlib import Path

import dashboard_store as rows
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

HOUSES = "houses-0a1b2c3d"


def test_the_bare_address_shows_the_searches(see, many: Path) -> None:
    assert see(many, "").title[0].value == "Searches"


def test_an_empty_store_says_how_to_begin(see, tmp_path: Path) -> None:
    searches, board = see(tmp_path), see(tmp_path, "leaderboard")
    assert "There is no search in this store yet. Start one:" in said(searches)
    assert f"automl demo --store {tmp_path}" in said(searches)
    assert "There is no leaderboard yet" in said(board)


def test_a_missing_store_says_so_on_both_pages(see, tmp_path: Path) -> None:
    for page in ("", "leaderboard"):
        app = see(tmp_path / "nowhere", page)
        assert "The store cannot be reached" in app.error[0].value
        assert f"There is no store at {tmp_path / 'nowhere'}." in said(app)
        assert app.button(key="retry")


@pytest.mark.parametrize(
    ("page", "table", "query"),
    [("", "searches", {}), ("search", "trials", {"id": HOUSES}), ("leaderboard", "scores", {})],
)
def test_a_broken_table_says_so_and_names_nothing_secret(
    see, many: Path, tmp_path: Path, page: str, table: str, query: dict[str, str]
) -> None:
    store = Path(shutil.copytree(many, tmp_path / "copy"))
    for log in (store / "tables" / table / "_delta_log").iterdir():
        log.write_text("not a log")
    app = see(store, page, **query)
    assert "The store cannot be read" in app.error[0].value
    assert "Traceback" not in said(app)


def test_one_search_without_trials_is_shown_as_queued(see, tmp_path: Path) -> None:
    store = rows.write(tmp_path, [rows.search("one", "queued", n_planned=9)])
    assert see(store).dataframe[0].value["trials"].to_list() == ["0 / 9"]
    app = see(store, "search", id="one-0a1b2c3d")
    assert "No trial has ended yet" in said(app)
    assert "renewed every 5 s" in said(app)


def test_one_trial_has_a_curve_and_a_best(see, tmp_path: Path) -> None:
    see_one = see(rows.write(tmp_path, rows.whole_search("one", 1)), "search", id="one-0a1b2c3d")
    assert "1 shown of 1" in said(see_one)
    assert "1 trial shown, the best complete ones" in said(see_one)


def test_searches_lists_states_in_words_and_what_failed(see, many: Path) -> None:
    app = see(many)
    table = app.dataframe[0].value.set_index("search")
    assert table.loc[HOUSES, "state"] == "✔ complete"
    assert table.loc[HOUSES, "trials"] == "240 / 480"
    assert table.loc[HOUSES, "best"].endswith("rmse ↓")
    assert "2 searches failed: error \\(1\\), storage \\(1\\)" in app.error[0].value
    assert f"automl status --json --store {many}" in said(app)


def test_searches_are_filtered_by_the_address(see, many: Path) -> None:
    assert see(many, state="running").dataframe[0].value["search"].to_list() == ["taxi-0a1b2c3d"]
    assert see(many, q="PLANES").dataframe[0].value["search"].to_list() == ["planes-0a1b2c3d"]
    assert "No search fits this filter." in said(see(many, q="zebra"))


def test_a_bad_value_in_the_address_is_left_out(see, many: Path) -> None:
    assert len(see(many, state="<script>").dataframe[0].value) == 6
    board = see(many, "leaderboard", dataset="<script>", metric="zzz")
    assert board.selectbox(key="dataset").value == "houses"


def test_an_unknown_search_is_named(see, many: Path) -> None:
    app = see(many, "search", id="nope")
    assert "There is no such search" in app.warning[0].value
    assert "holds no search 'nope'" in said(app)


def test_a_search_shows_at_most_200_trials_and_says_so(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES)
    assert "200 shown of 240" in said(app)
    assert f"automl trials {HOUSES} --json --store {many}" in said(app)
    assert app.metric[0].label == "Best rmse ↓"
    trials = next(frame.value for frame in app.dataframe if "parameters" in frame.value.columns)
    assert trials["score"].head(50).is_monotonic_increasing


def test_a_search_whose_trials_all_failed_says_why(see, tmp_path: Path) -> None:
    failed = [rows.trial("bad-0a1b2c3d", number, "failed") for number in range(5)]
    head = rows.search("bad", "failed", n_trials=5, n_failed=5, reason="error", message="All trials failed.")
    app = see(rows.write(tmp_path, [head, *failed]), "search", id="bad-0a1b2c3d")
    assert "Every trial so far failed: diverged \\(5\\)" in said(app)
    assert "No trial is complete yet." in said(app)
    assert "error: All trials failed." in said(app)


def test_hostile_names_are_escaped(see, many: Path) -> None:
    assert HOSTILE in see(many).dataframe[0].value["search"].to_list()
    app = see(many, "search", id=HOSTILE)
    assert "\\<img src\\=x" in app.title[0].value
    for element in (*app.title, *app.markdown, *app.caption, *app.error, *app.warning):
        assert "<img" not in element.value.replace("\\<", "")


def test_the_board_says_when_a_baseline_stands_above(see, many: Path) -> None:
    app = see(many, "leaderboard")
    assert "the baseline gradient\\_boosting is better than the best network" in app.warning[0].value
    board = next(frame.value for frame in app.dataframe if "pull" in frame.value.columns)
    assert board["rank"].to_list() == sorted(board["rank"])
    pull = board.set_index("entry").loc[f"{HOUSES}/17", "pull"]
    assert pull == f"automl pull {HOUSES}/17 ./{HOUSES}-17 --store {many}"
    assert board.set_index("entry").loc["linear", "pull"] == "–"


def test_a_board_of_one_network_says_it_is_the_best(see, tmp_path: Path) -> None:
    app = see(rows.write(tmp_path, rows.entry("houses-0a1b2c3d/3", 0.3, n_seeds=1)), "leaderboard")
    assert "The best network is houses\\-0a1b2c3d/3 \\(mlp\\)\\: rmse 0" in app.success[0].value


def test_a_board_of_baselines_alone_says_so(see, tmp_path: Path) -> None:
    app = see(rows.write(tmp_path, rows.entry("linear", 0.3)), "leaderboard")
    assert "There are only baselines here" in app.warning[0].value


def test_boards_of_different_data_are_never_mixed(see, tmp_path: Path) -> None:
    old, new = rows.entry("houses-0a1b2c3d/1", 0.3), rows.entry("linear", 0.2, fingerprint="e" * 16)
    app = see(rows.write(tmp_path, [*old, *new]), "leaderboard")
    assert len(app.selectbox(key="split").options) == 2
    board = next(frame.value for frame in app.dataframe if "pull" in frame.value.columns)
    assert len(board) == 1
