"""Every kind of place keeps the same promises; and what a bucket does when the network fails it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bucket import BUCKET, s3_server
from store_examples import SEARCH, trial_record, write_refit
from toys import write_table

import automl
from automl.errors import AlreadyRecorded, RequestError, StorageError, UnreachableError
from automl.execution import attempt
from automl.execution.local import LocalExecutor
from automl.store import Place, delta, open_store
from automl.store.fold import Fold
from automl.store.lease import lease
from automl.store.places import locate, objects
from automl.store.places import place as places
from automl.store.retention import delete, gc, prune
from automl.store.tables import compact, scan
from benchmarks.faults.proxy import FlakyProxy


@pytest.fixture(scope="module")
def bucket() -> Iterator[FlakyProxy]:
    with s3_server() as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def passing(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "bucket" in request.fixturenames:
        request.getfixturevalue("bucket").set("pass")


@pytest.fixture(params=["disk", "bucket"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "disk":
        return str(tmp_path / "store")
    request.getfixturevalue("bucket")
    return in_bucket()


@pytest.fixture
def place(location: str) -> Place:
    made = locate(location)
    made.make_folder()
    return made


def in_bucket() -> str:
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"


def test_what_is_written_is_read_and_listed(place: Place) -> None:
    (place / "a" / "b.json").write_once(b"one")
    (place / "a/c" / "d").write_over(b"two")
    (place / "a/c/d").write_over(b"three")
    assert (place / "a/b.json").read() == b"one"
    assert (place / "a/c/d").read() == b"three"
    assert sorted((place / "a").names()) == ["b.json", "c"]
    assert sorted((f.name, f.n_bytes) for f in (place / "a").files()) == [("b.json", 3), ("c/d", 5)]
    assert ((place / "a").n_bytes(), (place / "a/b.json").n_bytes()) == (8, 3)
    assert (place / "a/b.json").exists()
    assert not (place / "a").exists()
    assert ((place / "a").is_folder(), (place / "a/b.json").is_folder()) == (True, False)
    assert str(locate(str(place / "a")) / "b.json") == str(place / "a" / "b.json")
    assert (place / "a" / "b.json").name == "b.json"


def test_disk_that_refuses_to_be_read_says_so(tmp_path: Path) -> None:
    place = locate(str(tmp_path)) / ("x" * 300)  # a name that no disk takes
    for ask in (place.exists, place.read, place.names, place.is_folder, place.changed_at, place.remove):
        with pytest.raises(StorageError, match=r"x cannot be (read|removed): File name too long\.$"):
            ask()


def test_what_is_not_there(place: Place) -> None:
    none = place / "none"
    with pytest.raises(FileNotFoundError):
        none.read()
    assert (none.names(), list(none.files()), none.n_bytes()) == ([], [], 0)
    assert (none.exists(), none.changed_at(), none.last_change()) == (False, None, None)
    none.remove()
    with none.fetched() as local:
        assert not local.exists() or list(local.iterdir()) == []


def test_names_that_begin_alike_are_kept_apart(place: Place) -> None:
    for name in ("a", "ab", "a-1/x", "a.json"):
        (place / name).write_once(name.encode())
    (place / "a").remove()
    assert sorted(place.names()) == ["a-1", "a.json", "ab"]


def test_times_are_those_of_now(place: Place) -> None:
    (place / "a/b").write_once(b"")
    for changed in ((place / "a/b").changed_at(), (place / "a").last_change()):
        assert changed is not None
        assert abs(changed - time.time()) < 60


def test_one_of_many_writes_once(place: Place) -> None:
    def write(number: int) -> bool:
        try:
            (place / "one").write_once(str(number).encode())
        except AlreadyRecorded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(16)))
    assert won.count(True) == 1
    assert (place / "one").read() == str(won.index(True)).encode()


def test_a_folder_is_worked_in_published_and_fetched(place: Place) -> None:
    work = (place / "trials/0/1-ab").work_folder()
    (work.local / "bundle").mkdir(parents=True)
    (work.local / "bundle" / "model.json").write_text("1")
    (work.local / "checkpoint.json").write_text("old")
    work.publish()
    (work.local / "bundle" / "model.json").write_text("22")
    (work.local / "checkpoint.json").unlink()
    work.publish()
    assert sorted(f.name for f in (place / "trials/0/1-ab").files()) == ["bundle/model.json"]
    with (work.place / "bundle").fetched() as local:
        assert (local / "model.json").read_text() == "22"


def test_a_lease_has_one_holder(place: Place) -> None:
    with lease(place, "lease", 60) as one, lease(place, "lease", 60) as other:
        assert (one, other) == (True, False)
    (place / "lease").write_once(b"dead")
    with lease(place, "lease", -60) as taken:
        assert taken
    assert not (place / "lease").exists()


def test_a_store_lives_its_whole_life_there(location: str) -> None:
    with pytest.raises(UnreachableError, match="There is no store at"):
        open_store(location)
    store = open_store(location, create=True)
    store.check_writable()
    folder = store.create_search(SEARCH, {"objectives": [{"name": "rmse", "goal": "min"}]})
    assert (folder.term_begin(), folder.term_begin()) == (1, 2)
    folder.journal(2).append([{"a": 1}])
    folder.seal_journals(before=3)
    assert folder.read_journal() == [{"a": 1}]
    for number in range(12):
        work = folder.work_folder("trial", str(number), 1)
        (work.local / "bundle").mkdir()
        (work.local / "bundle" / "model.safetensors").write_bytes(b"x" * 100)
        work.publish()
        record = trial_record(number)
        relative = folder.relative(work.place)
        folder.write_record(type(record)(**(vars(record) | {"folder": relative})))
    with pytest.raises(AlreadyRecorded):
        folder.write_record(trial_record(3, score=9.0))
    write_refit(folder, 0, 0, [1.0, 2.0])
    fold = Fold(store, folder, 2)
    assert fold.fold() == 13
    assert Fold(open_store(location), folder, 2).fold() in (0, 1)  # refits are told by the table's keys
    assert scan(store, "trials").collect().height == 12
    assert scan(store, "predictions").collect()["prediction"].to_list() == [[1.0, 2.0]] * 2
    assert prune(folder, fold, ended=True) == 200
    folder.write_record(trial_record(12))
    assert fold.fold() == 1
    assert "trials" in compact(store)
    assert scan(store, "trials").collect()["bundle_removed"].sum() == 2
    assert gc(store, dry_run=True) == []
    assert delete(store, SEARCH) > 0
    assert store.search_ids() == []
    assert scan(store, "trials").collect().height == 0
    assert [f.name for f in (store.place / "searches").files()] == []


def test_write_whose_answer_is_lost_counts_once(bucket: FlakyProxy) -> None:
    place = locate(in_bucket())
    bucket.set("lose_answers", lose=1)
    (place / "record").write_once(b"mine")
    assert bucket.n_lost >= 1
    assert (place / "record").read() == b"mine"
    with pytest.raises(AlreadyRecorded):
        (place / "record").write_once(b"another's")


def test_store_that_comes_back_is_waited_for(bucket: FlakyProxy) -> None:
    place = locate(in_bucket())
    (place / "a").write_once(b"1")
    bucket.set("refuse")
    threading.Timer(1.5, lambda: bucket.set("pass")).start()
    (place / "b").write_once(b"2")
    assert sorted(place.names()) == ["a", "b"]


def test_store_that_stays_away_is_said_so(bucket: FlakyProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(objects, "OPENING_SECONDS", 0.5)
    place = locate(in_bucket())
    bucket.set("refuse")
    with pytest.raises(StorageError, match="The object store did not answer"):
        (place / "a").write_once(b"1")
    with pytest.raises(UnreachableError, match="The object store did not answer"):
        open_store(in_bucket())


def test_a_bucket_that_is_not_there_is_said_so(bucket: FlakyProxy) -> None:
    del bucket
    for create in (True, False):
        with pytest.raises(
            UnreachableError, match="There is no bucket for s3://no-such-bucket/x: make it, or"
        ):
            open_store("s3://no-such-bucket/x", create=create)


def test_a_file_is_read_in_pieces(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PIECE_BYTES", 4)
    content = bytes(range(10))
    (place / "a").write_once(content)
    (place / "empty").write_once(b"")
    assert list((place / "a").pieces()) == [content[:4], content[4:8], content[8:]]
    assert list((place / "a").pieces(3, 5)) == [content[3:7], content[7:8]]
    assert (place / "a").read_range(8, 100) == content[8:]
    assert ((place / "a").read_range(10, 4), (place / "a").read_range(99, 4)) == (b"", b"")
    assert ((place / "empty").read_range(0, 4), list((place / "empty").pieces())) == (b"", [])
    assert (place / "a").read_range(3, 0) == b""
    with pytest.raises(FileNotFoundError):
        (place / "none").read_range(0, 4)


def test_url_carries_no_credentials() -> None:
    with pytest.raises(RequestError, match="carries no credentials"):
        locate("s3://key:secret@bucket/folder")


def test_work_in_a_bucket_leaves_nothing_on_this_machine(bucket: FlakyProxy) -> None:
    del bucket
    work = (locate(in_bucket()) / "w").work_folder()
    local = work.local
    assert local.is_dir()
    assert os.listdir(local) == []
    del work
    assert not local.exists()


def test_a_search_runs_into_a_bucket_is_interrupted_resumed_and_pulled(
    bucket: FlakyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop(Exception):
        pass

    def watch(_search: Any, progress: Any) -> None:
        if progress.n_complete + progress.n_stopped >= 2:
            raise Stop

    monkeypatch.setattr(attempt, "CHECKPOINT_SECONDS", 0.0)
    location = in_bucket()
    spec = {
        "name": "toy",
        "data": {"path": str(write_table(tmp_path / "toy.csv")), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 4, "epochs": 6},
        "finalists": {"top": 1, "seeds": 2},
    }
    with pytest.raises(Stop):
        automl.search(spec, store=location, executor=LocalExecutor(), watch=watch)
    store = open_store(location)
    (search_id,) = store.search_ids()
    before = {record.key: record.to_json() for record in store.search(search_id).records()}
    bucket.set("lose_answers", lose=3)
    result = automl.resume(search_id, store=location, executor=LocalExecutor())
    assert bucket.n_lost >= 3
    assert result.state == "complete"
    after = {record.key: record.to_json() for record in store.search(search_id).records()}
    assert all(after[key] == content for key, content in before.items())
    assert result.trials()["trial"].sort().to_list() == [0, 1, 2, 3]
    assert "refit" in result.leaderboard()["kind"].to_list()
    model = automl.load(result.pull(tmp_path / "model"))
    assert len(model.predict(tmp_path / "toy.csv")) == 120


def test_table_in_a_bucket_that_loses_answers_is_asked_again(bucket: FlakyProxy) -> None:
    store = open_store(in_bucket(), create=True)
    folder = store.create_search(SEARCH, {"search_id": SEARCH})
    folder.term_begin()
    for number in range(3):
        folder.write_record(trial_record(number))
    for _ in range(2):
        bucket.set("lose_answers", lose=15)  # more than the libraries try again by themselves
        Fold(store, folder, 1).fold()
    assert bucket.mode == "pass"
    assert sorted(scan(store, "trials").collect()["trial"]) == [0, 1, 2]


def test_message_of_a_table_that_cannot_be_read_is_one_sentence() -> None:
    error = OSError(
        "Kernel error -> Generic S3 error\n     \x1b[31m↳\x1b[0m Error performing GET\n  \x1b[31m↳\x1b[0m end of file."
    )
    assert delta._sentence(error) == "Kernel error -> Generic S3 error - Error performing GET - end of file"


def test_a_log_is_whole_when_its_process_has_ended(place: Place) -> None:
    said = "import logging, sys; from automl.execution.logs import log_to; from automl.store.places import locate; "
    said += "log_to(locate(sys.argv[1]) / 'driver.log'); logging.getLogger('automl').info('the last word')"
    subprocess.run([sys.executable, "-c", said, str(place)], check=True)
    assert b"the last word" in (place / "driver.log").read()
