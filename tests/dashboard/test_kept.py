"""Answers are kept for one version of the tables, and for no other."""

from __future__ import annotations

from pathlib import Path

import dashboard_store as rows
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from dashboard.kept import query
from dashboard.snapshot import Snapshot


def test_a_question_is_asked_once_for_each_version_and_each_argument(tmp_path: Path) -> None:
    asked = []

    @query("searches")
    def n_named(snapshot: Snapshot, state: str) -> int:
        asked.append(state)
        return snapshot.scan("searches").filter(state=state).collect().height

    store = open_store(rows.write(tmp_path, [rows.search("one")]))
    assert [n_named(Snapshot(store), "complete") for _ in range(2)] == [1, 1]
    assert n_named(Snapshot(store), "failed") == 0
    assert asked == ["complete", "failed"]
    rows.write(tmp_path, [rows.search("two")])
    assert n_named(Snapshot(store), "complete") == 2
    assert asked == ["complete", "failed", "complete"]


def test_stores_and_questions_are_told_apart(tmp_path: Path) -> None:
    first, second = (open_store(rows.write(tmp_path / name, [rows.search(name)])) for name in "ab")

    @query("searches")
    def names(snapshot: Snapshot) -> list[str]:
        return snapshot.scan("searches").collect()["name"].to_list()

    @query("searches")
    def states(snapshot: Snapshot) -> list[str]:
        return snapshot.scan("searches").collect()["state"].to_list()

    assert names(Snapshot(first)) == ["a"]
    assert names(Snapshot(second)) == ["b"]
    assert states(Snapshot(first)) == ["complete"]


def test_what_was_given_can_be_changed_without_harm(tmp_path: Path) -> None:
    @query("searches")
    def everything(snapshot: Snapshot) -> list[str]:
        return snapshot.scan("searches").collect()["name"].to_list()

    snapshot = Snapshot(open_store(rows.write(tmp_path, [rows.search("one")])))
    everything(snapshot).clear()
    assert everything(snapshot) == ["one"]
