"""The page that says whether the machines are fine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard.queries.cluster import nodes_table, searches_table, total

See = Callable[..., Any]
NODE = {
    "node_id": "a1",
    "address": "10.0.0.1",
    "alive": True,
    "head": True,
    "cpus": 8.0,
    "gpus": 2.0,
    "memory_bytes": 2**34,
}
USED = NODE | {"cpus_used": 4.0, "gpus_used": 0.5, "workers": {"houses-0a1b2c3d": 3}}
UNKNOWN = NODE | {"node_id": "b2", "head": False, "cpus_used": None, "gpus_used": None, "workers": None}


def test_an_empty_store_says_that_nothing_runs(see: See, tmp_path: Path) -> None:
    app = see(tmp_path, "cluster")
    assert "No search runs or waits." in said(app)
    assert "It has no tables yet: the first search makes them." in said(app)
    assert "automl cluster --json" in said(app)


def test_what_runs_and_waits_comes_from_the_store_without_a_service(see: See, many: Path) -> None:
    app = see(many, "cluster")
    active = next(frame.value for frame in app.dataframe if "waits_for" in frame.value.columns)
    assert active["search"].to_list() == ["queued-one-0a1b2c3d", "taxi-0a1b2c3d"]
    assert active["state"].to_list() == ["◷ queued", "▶ running"]
    assert "GB are free on its disk" in said(app)


def test_every_table_is_listed_with_its_rows(see: See, many: Path) -> None:
    app = see(many, "cluster")
    tables = next(frame.value for frame in app.dataframe if "megabytes" in frame.value.columns)
    assert tables["table"].to_list() == ["searches", "trials", "epochs", "scores", "predictions"]
    assert tables.set_index("table").loc["searches", "rows"] == 6


def test_a_machine_is_shown_with_what_is_used_of_it() -> None:
    shown = nodes_table([USED, UNKNOWN]).to_dicts()
    assert [row["node"] for row in shown] == ["a1 (head)", "b2"]
    assert (shown[0]["cpus"], shown[0]["cpus_used"], shown[0]["gpus_used"]) == ("4 of 8", 0.5, 0.25)
    assert shown[0]["workers"] == "3 of houses-0a1b2c3d"
    assert (shown[1]["cpus"], shown[1]["cpus_used"], shown[1]["workers"]) == ("8", None, "")


def test_totals_leave_out_machines_that_are_gone_and_say_nothing_unknown() -> None:
    assert total([USED, USED | {"alive": False}], "cpus") == "4 of 8"
    assert total([USED, UNKNOWN], "gpus") == "4"


def test_a_search_of_the_service_that_the_tables_do_not_know_yet_has_no_time() -> None:
    new = {"search_id": "new-00000000", "state": "queued", "user": "ann", "workers": 0, "waits_for": "1 GPU"}
    (line,) = searches_table([new], {}, rows.BEGIN).to_dicts()
    assert (line["user"], line["waits_for"], line["lag"]) == ("ann", "1 GPU", None)
