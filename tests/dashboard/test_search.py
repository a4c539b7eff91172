"""The page of one search, tab by tab, in every state that a search can be in."""

from __future__ import annotations

import shutil
from pathlib import Path

import dashboard_store as rows
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

pytest.importorskip("streamlit", reason="Streamlit is not installed")

HOUSES, TAXI = "houses-0a1b2c3d", "taxi-0a1b2c3d"
TABS = ("overview", "trials", "insights", "logs", "spec")


def logged(store: Path, search_id: str, **logs: bytes) -> None:
    """The folder of a search, with these logs."""
    folder = store / "searches" / search_id
    (folder / "logs").mkdir(parents=True)
    (folder / "search.json").write_text("{}")
    for name, content in logs.items():
        (folder / "logs" / f"{name}.log").write_bytes(content)


@pytest.mark.parametrize("tab", TABS)
def test_an_unknown_search_is_named(see, many: Path, tab: str) -> None:
    app = see(many, "search", id="nope", tab=tab)
    assert "There is no such search" in app.warning[0].value
    assert "holds no search 'nope'" in said(app)


@pytest.mark.parametrize("tab", TABS)
def test_hostile_names_are_escaped_on_every_tab(see, many: Path, tab: str) -> None:
    app = see(many, "search", id=HOSTILE, tab=tab)
    assert "\\<img src\\=x" in app.title[0].value
    for element in (*app.title, *app.markdown, *app.caption, *app.error, *app.warning, *app.info):
        assert "<img" not in element.value.replace("\\<", "")


@pytest.mark.parametrize(
    ("tab", "table"), [("overview", "trials"), ("trials", "trials"), ("overview", "scores")]
)
def test_a_broken_table_says_so_and_names_nothing_secret(
    see, many: Path, tmp_path: Path, tab: str, table: str
) -> None:
    store = Path(shutil.copytree(many, tmp_path / "copy"))
    for log in (store / "tables" / table / "_delta_log").iterdir():
        log.write_text("not a log")
    app = see(store, "search", id=HOUSES, tab=tab)
    assert "The store cannot be read" in app.error[0].value
    assert "Traceback" not in said(app)


def test_a_queued_search_says_what_it_waits_for(see, tmp_path: Path) -> None:
    row = rows.search("one", "queued", n_planned=9, message="It waits for a free worker.")
    app = see(rows.write(tmp_path, [row]), "search", id="one-0a1b2c3d")
    assert app.info[0].value == "queued: It waits for a free worker\\."
    assert "No trial has ended yet: charts and trials appear here as they do." in said(app)
    assert "renewed every 5 s" in said(app)
    listed = see(tmp_path, "search", id="one-0a1b2c3d", tab="trials")
    assert "No trial has ended yet: they are listed here as they do." in said(listed)


def test_a_search_that_ended_without_a_trial_says_so(see, many: Path) -> None:
    assert "No trial ended in this search." in said(see(many, "search", id="planes-0a1b2c3d"))


def test_one_trial_has_a_curve_and_a_best(see, tmp_path: Path) -> None:
    store = rows.write(tmp_path, rows.whole_search("one", 1))
    assert "1 trial shown, the best complete ones" in said(see(store, "search", id="one-0a1b2c3d"))
    table = see(store, "search", id="one-0a1b2c3d", tab="trials")
    assert "1 to 1 of 1 trial, the best first." in said(table)


def test_the_head_says_the_best_the_cost_and_the_command_that_prints_it(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES)
    shown = {one.label: one.value for one in app.metric}
    assert shown["Best rmse ↓"].startswith("0.4")
    assert (shown["Trials ended"], shown["✖ Failed"], shown["Refits"]) == ("240 / 480", "34", "0 / 9")
    assert set(shown) >= {"CPU-hours used", "Time taken"}
    assert f"automl status {HOUSES} --json --store {many}" in said(app)


def test_a_running_search_says_the_time_that_is_left(see, many: Path) -> None:
    labels = [one.label for one in see(many, "search", id=TAXI).metric]
    assert "Time left" in labels
    assert "Time taken" not in labels


def test_a_search_begun_by_hand_is_stopped_and_resumed_by_hand(see, many: Path) -> None:
    stop = see(many, "search", id=TAXI).button(key="stop")
    assert stop.disabled
    assert "Ctrl-C where it runs stops it." in stop.help
    app = see(many, "search", id="halted-0a1b2c3d")
    assert app.button(key="resume").disabled
    assert f"automl resume halted-0a1b2c3d --store {many}" in said(app)


def test_more_budget_is_given_as_the_command_line_takes_it(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES)
    app.number_input(key="more-trials").set_value(70)
    app.selectbox(key="more-time").select("1 hour").run()
    assert f"automl resume {HOUSES} --trials +70 --time +1h --store {many}" in said(app)


def test_a_search_whose_trials_all_failed_says_why_first(see, tmp_path: Path) -> None:
    failed = [rows.trial("bad-0a1b2c3d", number, "failed") for number in range(5)]
    rare = rows.trial("bad-0a1b2c3d", 5, "failed", reason="error", message="Rare.")
    head = rows.search("bad", "failed", n_trials=6, n_failed=6, reason="error", message="All trials failed.")
    app = see(rows.write(tmp_path, [head, *failed, rare]), "search", id="bad-0a1b2c3d")
    assert app.error[0].value == "error\\: All trials failed\\."
    assert app.error[1].value == "Every trial so far failed: diverged \\(5\\), error \\(1\\)."
    assert "Trial 0 was the first with diverged: The loss is not a number." in said(app)
    assert "No trial is complete." in said(app)


def test_a_bad_tab_in_the_address_shows_the_overview(see, many: Path) -> None:
    assert "Learning curves" in said(see(many, "search", id=HOUSES, tab="<script>", over="zzz"))


def test_only_the_open_tab_is_shown(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="spec")
    assert "Learning curves" not in said(app)
    assert "trials.parquet" not in said(app)


def test_the_finalists_are_named_with_their_spread_and_the_command_that_gets_one(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES)
    table = next(frame.value for frame in app.dataframe if "spread" in frame.value.columns)
    assert table["trial"].tolist() == [17, 64, 101]
    assert table["seeds"].tolist() == [3, 3, 3]
    assert table["choice"].tolist()[0] == "✔ pulled"
    assert f"automl pull {HOUSES} ./houses --store {many}" in said(app)


def test_the_end_of_a_log_is_shown_as_plain_text(see, tmp_path: Path) -> None:
    store = rows.write(tmp_path, rows.whole_search("one", 9))
    logged(store, "one-0a1b2c3d", driver=b"line \x1b[31m<b>\n" * 20_000, worker=b"")
    app = see(store, "search", id="one-0a1b2c3d", tab="logs")
    shown = next(one.value for one in app.code if "line" in one.value)
    assert shown.splitlines()[0] == "line \N{REPLACEMENT CHARACTER}[31m<b>"
    assert "bytes shown of 280,000, the end of the log." in said(app)
    assert "Nothing was written to it." in said(
        see(store, "search", id="one-0a1b2c3d", tab="logs", log="worker.log")
    )
    reasons = next(frame.value for frame in app.dataframe if "reason" in frame.value.columns)
    assert reasons["reason"].tolist() == ["diverged"]


def test_a_search_without_logs_says_so(see, many: Path) -> None:
    assert "This search has no logs in the store." in said(see(many, "search", id=HOUSES, tab="logs"))


def test_the_spec_is_shown_as_it_is_written_by_hand(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="spec")
    assert "budget:\n  trials: 200\n  time: 7200.0\n" in said(app)
    assert "automl search houses.yaml" in said(app)


@pytest.mark.parametrize("spec", ["{}", "not JSON", "[1]", "null"])
def test_a_spec_of_another_version_is_said_to_be_unreadable(see, tmp_path: Path, spec: str) -> None:
    store = rows.write(tmp_path, [rows.search("old", spec=spec)])
    for tab in ("overview", "spec"):
        app = see(store, "search", id="old-0a1b2c3d", tab=tab)
    assert "The spec of this search cannot be read by this version." in app.warning[0].value
