"""The folder of a search: one creation, terms, the journal, and disks that fail."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from store_examples import SEARCH, trial_record

from automl.errors import AlreadyRecorded, NotFoundError, RequestError, Superseded, UnreachableError
from automl.store import SearchFolder, Store, open_store
from automl.store.places.disk import DiskPlace


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def test_a_search_is_created_once(store: Store) -> None:
    first = store.create_search(SEARCH, {"a": 1})
    again = store.create_search(SEARCH, {"a": 2})
    assert first.plain == again.plain == {"a": 1}
    assert store.search_ids() == [SEARCH]
    assert store.search(SEARCH).place.path == first.place.path


def test_an_absent_search_is_answered_with_the_nearest(store: Store) -> None:
    store.create_search(SEARCH, {})
    with pytest.raises(NotFoundError, match=f"did you mean {SEARCH}\\?"):
        store.search("houses-1a2b3c4e")


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOML_STORE", raising=False)
    assert open_store(create=True).place.on_disk() == tmp_path / "automl-store"
    monkeypatch.setenv("AUTOML_STORE", str(tmp_path / "b"))
    assert open_store(create=True).place.on_disk() == tmp_path / "b"
    assert open_store(tmp_path / "c", create=True).place.on_disk() == tmp_path / "c"
    assert open_store((tmp_path / "c d").as_uri(), create=True).place.on_disk() == tmp_path / "c d"


@pytest.mark.parametrize("url", ["file://host/a", "http://x", "s3://", "ftp://host/a"])
def test_other_places_are_refused(url: str) -> None:
    with pytest.raises(
        RequestError, match=r"The store must be a folder, a file:// URL or a bucket .*, but got"
    ):
        open_store(url)


def test_a_store_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"There is no store at .*Run a search first"):
        open_store(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="could not be made"):
        open_store(tmp_path / "file", create=True)
    with pytest.raises(RequestError, match="must be a folder that can be written"):
        Store(DiskPlace(tmp_path / "file")).check_writable()


def test_terms_count_on_and_the_later_wins(store: Store) -> None:
    folder = store.create_search(SEARCH, {})
    assert [folder.term_begin() for _ in range(3)] == [1, 2, 3]
    folder.check_term(3)
    with pytest.raises(Superseded, match=r"^Term 3 of search houses-1a2b3c4d is at work; term 2 ends here\."):
        folder.check_term(2)


def test_terms_taken_at_once_are_all_different(store: Store) -> None:
    folder = store.create_search(SEARCH, {})
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: folder.term_begin(), range(24)))
    assert sorted(taken) == list(range(1, 25))


def test_of_many_writers_of_one_file_one_wins(tmp_path: Path) -> None:
    def write(i: int) -> bool:
        try:
            DiskPlace(tmp_path / "a" / "b").write_once(str(i).encode())
        except AlreadyRecorded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(32)))
    assert won.count(True) == 1
    assert (tmp_path / "a" / "b").read_text() == str(won.index(True))
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b"]


def test_the_journal_is_in_order_over_terms(store: Store) -> None:
    folder = store.create_search(SEARCH, {})
    assert folder.read_journal() == []
    for term in (2, 10):
        journal = folder.journal(term)
        for i in range(12):
            journal.append([{"term": term, "i": i}, {"term": term, "i": i, "second": True}])
    (folder.place.path / "journal" / ".tmp-10-12.json-ab").write_text("[{half")
    found = [(entry["term"], entry["i"], "second" in entry) for entry in folder.read_journal()]
    assert found == [(term, i, second) for term in (2, 10) for i in range(12) for second in (False, True)]
    folder.journal(10).append([{"last": True}])  # a journal opened again goes on behind what is there
    assert folder.journal(10).read_journal()[-1] == {"last": True}


def test_two_writers_of_one_term_are_noticed(store: Store) -> None:
    folder = store.create_search(SEARCH, {})
    one, other = folder.journal(1), folder.journal(1)
    one.append([{"a": 1}])
    other.append([{"a": 2}])
    with pytest.raises(Superseded, match="Another driver writes the journal of term 1"):
        one.append([{"a": 3}])


def test_work_folders_are_private_and_newest_first(store: Store) -> None:
    folder = store.create_search(SEARCH, {})
    made = [folder.work_folder("trial", "3", attempt) for attempt in (1, 2, 10)]
    assert folder.work_folder("trial", "3", 2).place not in [work.place for work in made]
    assert [path.name.split("-")[0] for path in folder.latest_work_folders("trial", "3")] == [
        "10",
        "2",
        "2",
        "1",
    ]
    assert folder.latest_work_folders("trial", "4") == []


FULL_DISK = """
    from pathlib import Path
    from automl.errors import RequestError, StorageError
    from automl.store import open_store
    from store_examples import SEARCH, limited_to, trial_record
    import sys
    store = open_store(sys.argv[1])
    folder = store.search(SEARCH)
    limited_to({n_bytes}, Path(sys.argv[1]))
    entry = {{"a": "x" * 999}}
    for write in (lambda: folder.write_record(trial_record(8)), lambda: folder.journal(1).append([entry])):
        try:
            write()
        except StorageError as error:
            print(error)
    try:
        store.check_writable()
    except RequestError as error:
        print(error)
"""


@pytest.mark.parametrize("n_bytes", [0, 100])
def test_a_full_disk_is_said_so_and_loses_nothing(store: Store, n_bytes: int) -> None:
    folder = store.create_search(SEARCH, {})
    folder.write_record(trial_record(7))
    folder.journal(1).append([{"a": 1}])
    said = _run(FULL_DISK.format(n_bytes=n_bytes), str(store.place.path))
    assert said.count("File too large. Free some space") == 2
    assert ("The store" in said) == (n_bytes == 0)
    assert [record.name for record in folder.records()] == ["7"]
    assert folder.read_journal() == [{"a": 1}]
    assert [path for path in store.place.path.rglob("*") if path.name.startswith(".tmp-")] == []
    folder.write_record(trial_record(8))  # there is space again


def _run(program: str, *arguments: str) -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": f"{here}:{here.parent}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_folder_type_is_exported() -> None:
    assert SearchFolder.__module__ == "automl.store.folder"
