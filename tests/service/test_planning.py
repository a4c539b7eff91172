"""Planning in processes of their own: each is used once, one waits ahead of time, and any may die."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from toys import write_table

from automl.errors import DataError, RequestError
from automl.service import planning
from automl.service.planning import Planner
from automl.store import open_store
from automl.store.uploads import Uploads, upload_url


@pytest.fixture
def planner() -> Iterator[Planner]:
    made = Planner()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(open_store(tmp_path / "store", create=True))


def spec(store: str, folder: Path, **changes: Any) -> dict[str, Any]:
    table = write_table(folder / "houses.csv")
    digest = sha256(table.read_bytes()).hexdigest()
    Uploads(open_store(store)).put(digest, "houses.csv", table)
    return {"name": "houses", "data": {"path": upload_url(digest, "houses.csv"), "target": "price"}} | changes


def test_a_search_is_planned_in_a_process_that_is_gone_afterwards(
    planner: Planner, store: str, tmp_path: Path
) -> None:
    found = planner.plan(spec(store, tmp_path), store, 2, 0)
    assert found["search"]["name"] == "houses"
    assert found["search"]["spec"]["data"]["path"].startswith("upload://")
    until = time.monotonic() + 20
    while children(planner) and time.monotonic() < until:
        time.sleep(0.01)
    assert children(planner) == []


def test_many_plan_at_once(planner: Planner, store: str, tmp_path: Path) -> None:
    wanted = [spec(store, tmp_path, name=f"houses-{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: planner.plan(one, store, 2, 0), wanted))
    assert [one["search"]["name"] for one in found] == [one["name"] for one in wanted]


def parent(planner: Planner) -> subprocess.Popen[bytes]:
    assert planner._parent is not None
    return planner._parent


def children(planner: Planner) -> list[str]:
    process = parent(planner).pid
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def test_an_archive_with_a_large_file_is_planned(planner: Planner, store: str, tmp_path: Path) -> None:
    table = write_table(tmp_path / "houses.csv")
    long = ",".join(["a note"] * 20)
    lines = table.read_text().splitlines()
    wide = [
        f"{line},{long if n else ','.join(f'note{i}' for i in range(20))}" for n, line in enumerate(lines)
    ]
    table.write_text("\n".join([wide[0], *wide[1:] * 100]) + "\n")
    assert table.stat().st_size > 2**20
    packed = tmp_path / "houses.zip"
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.write(table, "houses.csv")
    digest = sha256(packed.read_bytes()).hexdigest()
    Uploads(open_store(store)).put(digest, "houses.zip", packed)
    data = {"path": upload_url(digest, "houses.zip"), "target": "price"}
    assert (
        planner.plan({"name": "houses", "data": data}, store, 2, 0)["search"]["task"]["kind"] == "regression"
    )


def test_what_is_wrong_with_a_spec_is_the_error_that_it_is(
    planner: Planner, store: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="pric"):
        planner.plan(
            spec(store, tmp_path, data={**spec(store, tmp_path)["data"], "target": "pric"}), store, 2, 0
        )


def test_a_parent_that_died_is_no_loss(planner: Planner, store: str, tmp_path: Path) -> None:
    dead = parent(planner)
    dead.kill()
    dead.wait()
    assert planner.plan(spec(store, tmp_path), store, 2, 0)["search"]["name"] == "houses"
    assert parent(planner).poll() is None


def test_reading_that_takes_too_long_is_ended_and_said(
    planner: Planner, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner.plan(spec(store, tmp_path), store, 2, 0)  # so that the imports are done
    monkeypatch.setattr(planning, "SECONDS", 1e-3)
    with pytest.raises(RequestError, match="ended without an answer"):
        planner.plan(spec(store, tmp_path), store, 2, 0)
    assert planner._turns._value == planning.MOST_AT_ONCE  # others may go on


def test_what_was_not_started_starts_when_it_is_needed_and_after_stop_nothing_is_left(
    store: str, tmp_path: Path
) -> None:
    planner = Planner()
    assert planner.plan(spec(store, tmp_path), store, 2, 0)["notes"] is not None
    process = parent(planner)
    planner.stop()
    assert process.poll() is not None


def test_the_parent_ends_when_its_service_does() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        parent = subprocess.Popen([sys.executable, "-m", "automl.service.planning"], stdin=theirs.fileno())
    ours.close()
    assert parent.wait(250) == 0
