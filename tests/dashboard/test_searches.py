"""The page of all searches: what runs, what has finished, what needs somebody."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from dashboard.queries import searches
from dashboard.snapshot import Snapshot

HOUSES = "houses-0a1b2c3d"


def listed(app: Any) -> Any:
    """The list of searches, by id."""
    return app.dataframe[0].value.set_index("search")


def hours(store: Path, search_id: str) -> float:
    """What its trials and refits took of workers with one CPU."""
    snapshot = Snapshot(open_store(store))
    trials = snapshot.scan("trials").filter(search_id=search_id).collect()
    scores = snapshot.scan("scores").filter(search_id=search_id, kind="refit").collect()
    refits = {(row["entry"], row["seed"]): row["train_seconds"] for row in scores.to_dicts()}
    return (sum(trials["train_seconds"]) + sum(refits.values())) / 3600


def in_the_store(store: Path, search_id: str, **files: str) -> None:
    """The folder of a search, with these files in it."""
    folder = store / "searches" / search_id
    folder.mkdir(parents=True)
    for name, content in {"search": "{}", **files}.items():
        (folder / f"{name}.json").write_text(content)


def test_the_bare_address_shows_the_searches(see, many: Path) -> None:
    assert see(many, "").title[0].value == "Searches"


def test_an_empty_store_says_how_to_begin(see, tmp_path: Path) -> None:
    app = see(tmp_path)
    assert "There is no search in this store yet. Start one:" in said(app)
    assert f"automl demo --store {tmp_path}" in said(app)


def test_a_missing_store_says_so(see, tmp_path: Path) -> None:
    app = see(tmp_path / "nowhere")
    assert "The store cannot be reached" in app.error[0].value
    assert f"There is no store at {tmp_path / 'nowhere'}." in said(app)
    assert app.button(key="retry")


def test_a_broken_table_says_so_and_names_nothing_secret(see, many: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(many, tmp_path / "copy"))
    for log in (store / "tables" / "searches" / "_delta_log").iterdir():
        log.write_text("not a log")
    app = see(store)
    assert "The store cannot be read" in app.error[0].value
    assert "Traceback" not in said(app)


def test_the_list_says_how_far_each_search_is(see, many: Path) -> None:
    app = see(many)
    table = listed(app)
    assert table.loc[HOUSES, "state"] == "✔ complete"
    assert table.loc[HOUSES, "trials"] == "240 / 480"
    assert table.loc[HOUSES, "progress"] == 1
    assert table.loc[HOUSES, "best"].endswith("rmse ↓")
    assert table.loc[HOUSES, "cpu_hours"] == pytest.approx(hours(many, HOUSES))
    assert "gpu_hours" not in table.columns
    assert f"automl status --json --store {many}" in said(app)


def test_what_is_active_stands_first_with_the_time_left(see, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    half = {"n_trials": 45, "n_planned": 91, "n_refits": 5, "train_seconds": 1800.0, "updated_at": now}
    store = rows.write(tmp_path, [rows.search("done", updated_at=now), rows.search("now", "running", **half)])
    app = see(store)
    table = listed(app)
    assert table.index.tolist() == ["now-0a1b2c3d", "done-0a1b2c3d"]
    assert " min " in table.loc["now-0a1b2c3d", "left"]
    assert table.loc["now-0a1b2c3d", "progress"] == 0.5
    assert "2 shown of 2, active ones first, then the last updated." in said(app)
    found, _ = searches.searches(Snapshot(open_store(store)))
    assert searches.searches_table(found, {}, now)["left"].to_list() == ["30 min 0 s", None]


def test_hours_are_counted_in_gpus_where_workers_have_them(see, tmp_path: Path) -> None:
    spec = json.loads(rows.SPEC)
    spec["resources"]["gpus"] = 0.25
    run = rows.trial("big-0a1b2c3d", 0, train_seconds=7200.0)
    table = listed(see(rows.write(tmp_path, [rows.search("big", spec=json.dumps(spec)), run])))
    assert table.loc["big-0a1b2c3d", "gpu_hours"] == 0.5
    assert "cpu_hours" not in table.columns


def test_a_spec_of_another_version_leaves_its_cells_empty(see, tmp_path: Path) -> None:
    table = listed(see(rows.write(tmp_path, [rows.search("old", "stopped", spec='{"budget": 3}')])))
    assert table["progress"].isna().all()
    assert "cpu_hours" not in table.columns


def test_failures_stand_first_and_lead_to_their_searches(see, many: Path) -> None:
    app = see(many)
    assert "2 searches failed: error \\(1\\), storage \\(1\\)" in app.error[0].value
    assert "storage: The disk is full." in said(app)


def test_a_search_that_fell_silent_is_named(see, tmp_path: Path) -> None:
    store = rows.write(tmp_path, [rows.search("lost", "running"), rows.search("well", "running")])
    for search_id in ("lost-0a1b2c3d", "well-0a1b2c3d"):
        in_the_store(store, search_id, clock="{}")
    earlier = time.time() - 600
    os.utime(store / "searches" / "lost-0a1b2c3d" / "clock.json", (earlier, earlier))
    (warning,) = see(store).warning
    assert "lost\\-0a1b2c3d has given no sign of life for 10 min" in warning.value


def test_who_submitted_a_search_is_said_where_it_is_known(see, tmp_path: Path) -> None:
    store = rows.write(tmp_path, [rows.search("one"), rows.search("two")])
    in_the_store(store, "one-0a1b2c3d", submission='{"user": "ada"}')
    in_the_store(store, "two-0a1b2c3d", submission="not JSON")
    table = listed(see(store))
    assert table.loc["one-0a1b2c3d", "owner"] == "ada"
    assert table["owner"].notna().sum() == 1


def test_searches_are_filtered_by_the_address(see, many: Path) -> None:
    assert listed(see(many, state="running")).index.tolist() == ["taxi-0a1b2c3d"]
    assert listed(see(many, q="PLANES")).index.tolist() == ["planes-0a1b2c3d"]
    assert sorted(listed(see(many, dataset="taxi")).index) == ["queued-one-0a1b2c3d", "taxi-0a1b2c3d"]
    assert "No search fits this filter." in said(see(many, q="zebra"))


def test_a_bad_value_in_the_address_is_left_out(see, many: Path) -> None:
    assert len(listed(see(many, state="<script>", dataset="../.."))) == 6


def test_hostile_names_are_escaped(see, many: Path) -> None:
    app = see(many)
    assert HOSTILE in listed(app).index
    for element in (*app.title, *app.markdown, *app.caption, *app.error, *app.warning):
        assert "<img" not in element.value.replace("\\<", "")


def test_more_searches_than_are_shown_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "MAX_SEARCHES", 3)
    store = rows.write(tmp_path, [rows.search(f"s{n}") for n in range(5)])
    found, n_found = searches.searches(Snapshot(open_store(store)))
    assert (found.height, n_found) == (3, 5)


def test_a_snapshot_stays_as_it_was(tmp_path: Path) -> None:
    root = rows.write(tmp_path, [rows.search("one")])
    snapshot = Snapshot(open_store(root))
    assert searches.overview(snapshot)["n"].sum() == 1
    rows.write(root, [rows.search("two")])
    assert searches.overview(snapshot)["n"].sum() == 1
    assert searches.overview(Snapshot(open_store(root)))["n"].sum() == 2


def test_the_time_left_is_never_below_nothing() -> None:
    row = {"state": "running", "train_seconds": 100.0, "n_planned": 10, "n_trials": 5, "n_refits": 0}
    row["updated_at"] = datetime.now(UTC) - timedelta(hours=1)
    may = searches.allowed({"spec": rows.SPEC})
    assert may is not None
    assert may.seconds_left(row, datetime.now(UTC)) == 0
