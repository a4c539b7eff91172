"""Records: written once, read strictly, and from earlier and later versions too."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_examples import SEARCH, score_row, trial_record, trial_row

from automl.errors import AlreadyRecorded, NotFoundError, StorageError
from automl.store import Record, Store
from automl.store.places.disk import DiskPlace

FILES = Path(__file__).parent / "files"


@given(st.floats(), st.lists(st.none() | st.floats(), max_size=4), st.text(max_size=20))
def test_a_record_comes_back_as_it_was(score: float, curve: list[float | None], message: str) -> None:
    record = Record(
        kind="trial",
        name="3",
        attempt=1,
        term=2,
        state="failed",
        reason="diverged",
        message=message,
        trial=trial_row(3, score=score, message=message),
        epochs={"train_loss": curve},
        scores=(score_row("a/3", 0, 1.0),),
    )
    again = Record.from_json(record.to_json())
    assert repr(again) == repr(record)  # by repr, where nan is equal to itself
    assert again.message == message
    assert again.trial is not None
    assert again.trial.started_at == trial_row(3).started_at


def test_a_record_of_version_1_is_read() -> None:
    record = Record.from_json((FILES / "record_v1.json").read_bytes())
    assert record.key == ("trial", "7", 1)
    assert record.trial == trial_row(7)
    assert record.schema_version == 1


def test_what_a_later_version_added_is_ignored_and_what_an_earlier_lacked_has_its_default() -> None:
    plain = json.loads(trial_record(7).to_json())
    plain["schema_version"], plain["colour"], plain["trial"]["colour"] = 99, "red", "red"
    del plain["trial"]["bundle_removed"], plain["seconds"], plain["predictions"]
    assert Record.from_json(json.dumps(plain)).trial == trial_row(7)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("trial", "trial"), "7", "TrialRow.trial must be int, but got '7'."),
        (("trial", "score"), True, "TrialRow.score must be float, but got True."),
        (("trial", "started_at"), "noon", "TrialRow.started_at must be datetime, but got 'noon'."),
        (("attempt",), 1.5, "Record.attempt must be int, but got 1.5."),
        (("state",), "ok", "Record.state must be one of ('complete', 'stopped', 'failed'), but got 'ok'."),
    ],
)
def test_a_field_of_another_type_is_refused(path: tuple[str, ...], value: object, message: str) -> None:
    plain = json.loads(trial_record(7).to_json())
    place = plain
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(StorageError, match=f"^{re.escape(message)}$"):
        Record.from_json(json.dumps(plain))


def test_a_missing_field_is_named() -> None:
    plain = json.loads(trial_record(7).to_json())
    del plain["trial"]["family"]
    with pytest.raises(StorageError, match=r"^TrialRow.family is missing\.$"):
        Record.from_json(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(StorageError, match=r"^A record "):
        Record.from_json(text)


def test_a_second_record_loses(tmp_path: Path) -> None:
    folder = Store(DiskPlace(tmp_path)).create_search(SEARCH, {})
    folder.write_record(trial_record(7, score=1.0))
    with pytest.raises(AlreadyRecorded):
        folder.write_record(trial_record(7, score=2.0))
    (found,) = folder.records()
    assert found.trial == trial_row(7, score=1.0)
    assert folder.has_record("trial", "7", 1)
    assert not folder.has_record("trial", "7", 2)
    assert folder.record("trial", "8", 1) is None


def test_records_come_by_number_and_temporary_files_do_not_count(tmp_path: Path) -> None:
    folder = Store(DiskPlace(tmp_path)).create_search(SEARCH, {})
    for number in (10, 9, 2):
        folder.write_record(trial_record(number))
    (tmp_path / "searches" / SEARCH / "trials" / "2" / ".tmp-2.json-ab").write_text("{half")
    assert [record.name for record in folder.records()] == ["2", "9", "10"]


def test_a_damaged_record_names_its_file(tmp_path: Path) -> None:
    folder = Store(DiskPlace(tmp_path)).create_search(SEARCH, {})
    folder.write_record(trial_record(7))
    (tmp_path / "searches" / SEARCH / "trials" / "7" / "1.json").write_text("{")
    with pytest.raises(StorageError, match=r"The record .*trials/7/1\.json cannot be read\."):
        folder.record("trial", "7", 1)


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "a\0b", "x" * 200, "-x", "é"])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    store = Store(DiskPlace(tmp_path))
    with pytest.raises(NotFoundError, match="There is no search named"):
        store.search(name)
    with pytest.raises(NotFoundError, match="There is no trial named"):
        store.create_search(SEARCH, {}).work_folder("trial", name, 1)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [SEARCH, "search.json", "searches"]


def test_numbers_that_json_lacks_survive() -> None:
    record = Record.from_json(trial_record(1, score=math.inf).to_json())
    assert record.trial is not None
    assert record.trial.score == math.inf
    assert b"Infinity" not in trial_record(1, score=math.inf).to_json()
    assert record.trial.search_id == SEARCH
