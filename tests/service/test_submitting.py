"""Searches that are submitted: they end, whatever is killed; and what a spec from elsewhere must not hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from service.conftest import Running
from toys import write_table

from automl.api import spec_of
from automl.errors import DataError, NotFoundError, RequestError, SpecError
from automl.execution.process_jobs import ProcessJobs
from automl.remote import Remote
from automl.service.tokens import Tokens
from automl.store import open_store
from automl.store.uploads import Uploads, upload_url


class Service:
    """`automl serve` as a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.location = str(folder / "store")
        self.store = open_store(self.location, create=True)
        self.jobs = ProcessJobs(self.location)
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        tokens = Tokens(self.store)
        self.ann, self.bob, self.admin = (
            Remote(self.url, tokens.create(user, role, timedelta(hours=1))[0])
            for user, role in (("ann", "submitter"), ("bob", "submitter"), ("root", "admin"))
        )
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "automl.cli",
            "serve",
            "--store",
            self.location,
            "--port",
            str(self._port),
        ]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.url}/v1/health").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError("the service did not start")

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(30)

    def waits_for(self, search_id: str, states: tuple[str, ...], seconds: float = 120.0) -> dict[str, Any]:
        until = time.monotonic() + seconds
        row: dict[str, Any] = {}
        while time.monotonic() < until:
            row = self.ann.searches(search_id).row(0, named=True)
            if row["state"] in states:
                return row
            time.sleep(0.3)
        log = self.store.place / "searches" / search_id / "logs" / "driver.log"
        said = log.read().decode()[-2000:] if log.exists() else "no log"
        raise AssertionError(f"{search_id} is {row['state']} ({row['message']}) after {seconds} s; {said}")

    def close(self) -> None:
        self.kill()
        for search_id in self.jobs.running():
            process = self.jobs._processes().get(search_id)
            if process is not None:
                os.kill(process, signal.SIGKILL)


@pytest.fixture
def service(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Service]:
    made = Service(tmp_path, free_port())
    yield made
    made.close()


def spec(folder: Path, **changes: Any) -> Any:
    table = folder / "houses.csv"
    if not table.exists():
        write_table(table)
    given: dict[str, Any] = {
        "name": "houses",
        "data": {"path": str(table), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 3, "epochs": 3},
        "finalists": {"top": 1, "seeds": 1},
        "resources": {"workers": 1},
    }
    return spec_of(given | changes)


def test_a_submitted_search_ends_and_the_same_again_is_the_same(service: Service, tmp_path: Path) -> None:
    answer = service.ann.submit(spec(tmp_path))
    search_id = answer["search_id"]
    assert (search_id[:7], answer["state"]) == ("houses-", "queued")
    assert service.ann.grant(search_id)["user"] == "ann"
    row = service.waits_for(search_id, ("complete", "failed"))
    assert (row["state"], row["n_trials"]) == ("complete", 3)
    assert service.ann.trials(search_id).height == 3
    assert "refit" in service.ann.leaderboard(search_id)["kind"].to_list()
    assert service.ann.pull(search_id, tmp_path / "model").is_dir()
    assert service.ann.log_names(search_id) == ["driver.log", "worker-0.log"]
    said = service.ann.log_part(search_id, "driver.log", 0)
    assert b"the driver of houses-" in said
    assert service.ann.log_part(search_id, "driver.log", len(said)) == b""
    with pytest.raises(NotFoundError, match="has no log"):
        service.ann.log_part(search_id, "other.log", 0)
    again = service.bob.submit(spec(tmp_path))
    assert (again["search_id"], again["state"]) == (search_id, "complete")
    assert service.ann.grant(search_id)["user"] == "ann"  # it stays whose it was
    with pytest.raises(RequestError, match="belongs to ann"):
        service.bob.stop(search_id)
    service.ann.resume(search_id, {"trials": 5})
    until = time.monotonic() + 120
    while service.ann.trials(search_id).height < 5 and time.monotonic() < until:
        time.sleep(0.3)
    assert service.ann.trials(search_id).height == 5


@pytest.mark.slow
def test_whatever_is_killed_the_search_ends_and_nothing_is_lost(service: Service, tmp_path: Path) -> None:
    longer = {"trials": 12, "epochs": 60}
    search_id = service.ann.submit(spec(tmp_path, budget=longer))["search_id"]
    folder = service.store.search(search_id)
    until = time.monotonic() + 120
    while len([key for key in folder.record_keys() if key[0] == "trial"]) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    before = {record.key: record.to_json() for record in folder.records()}
    assert before
    service.kill()  # the driver goes on without it
    assert search_id in service.jobs.running()
    os.kill(service.jobs._processes()[search_id], signal.SIGKILL)
    service.start()  # and finds the search without a driver
    row = service.waits_for(search_id, ("complete", "failed"), 200)
    assert row["state"] == "complete"
    after = {record.key: record.to_json() for record in folder.records()}
    assert all(after[key] == content for key, content in before.items())
    rows = service.ann.trials(search_id)
    assert sorted(rows["trial"]) == list(range(12))
    assert set(rows["state"]) <= {"complete", "stopped"}


@pytest.mark.slow
def test_a_search_is_stopped_and_goes_on(service: Service, tmp_path: Path) -> None:
    longer = {"trials": 30, "epochs": 100}
    search_id = service.ann.submit(spec(tmp_path, budget=longer))["search_id"]
    service.waits_for(search_id, ("running",))
    service.ann.stop(search_id)
    assert service.waits_for(search_id, ("stopped",))["reason"] == "cancelled"
    until = time.monotonic() + 20
    while search_id in service.jobs.running() and time.monotonic() < until:
        time.sleep(0.1)
    assert search_id not in service.jobs.running()
    service.ann.resume(search_id, {"trials": 1})
    assert service.waits_for(search_id, ("complete",))["state"] == "complete"


def test_many_at_once_submit_one_search(running: Running, tmp_path: Path) -> None:
    remote = running.remote("submitter")
    given = spec(tmp_path, budget={"trials": 1, "epochs": 1}, name="once")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: remote.submit(given)["search_id"], range(4)))
    assert len(set(answers)) == 1
    assert remote.searches().filter(search_id=answers[0]).height == 1
    remote.stop(answers[0])


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"data": {"path": "upload://x", "target": "price"}}, RequestError, "An upload is named"),
        ({"data": {"path": upload_url("0" * 64, "a.csv")}}, NotFoundError, "Nothing was uploaded as"),
        ({"data": {"path": "file:///etc/passwd"}}, SpecError, "are uploads"),
        ({"data": {"path": "https://example.org/x.csv"}}, SpecError, "are uploads"),
        ({"data": {"openml": 31}}, SpecError, "fetches no data from elsewhere"),
        ({"data": {"name": "nonsense"}}, RequestError, "nonsense"),
        ({"families": ["mlq"]}, RequestError, "did you mean mlp"),
        ({"objectives": ["nonsense"]}, RequestError, "nonsense"),
    ],
)
def test_what_a_spec_must_not_hold_is_refused(
    running: Running, tmp_path: Path, changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    before = running.store.search_ids()
    with pytest.raises(kind, match=message):
        running.remote("submitter").submit(spec(tmp_path, **changes))
    assert running.store.search_ids() == before


def test_code_does_not_travel(running: Running, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("raise SystemExit")
    given = spec(tmp_path, families=[{"file": str(tmp_path / "net.py")}])
    with pytest.raises(SpecError, match="carries no code"):
        running.remote("submitter").submit(given, with_code=True)


def test_folders_are_to_be_packed(running: Running, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="A folder is submitted as one archive"):
        running.remote("submitter").submit(spec(tmp_path, data={"path": str(tmp_path), "target": "price"}))


def test_uploads_that_are_not_what_they_say_leave_nothing(running: Running) -> None:
    content = b"a,b\n1,2\n"
    digest = sha256(content).hexdigest()
    headers = {"Authorization": f"Bearer {running.tokens['submitter']}"}
    uploads = Uploads(running.store)
    url = f"{running.url}/v1/uploads"
    assert httpx.put(f"{url}/{digest}/t.csv", content=content + b"3,4\n", headers=headers).status_code == 400
    assert not uploads.has(digest, "t.csv")
    for path in (
        f"{digest}/..%2f..%2fx",
        f"{digest}/.hidden",
        f"{digest[:-1]}/t.csv",
        f"{digest}/{'x' * 200}",
    ):
        assert httpx.put(f"{url}/{path}", content=content, headers=headers).status_code in (400, 404), path
    assert httpx.put(f"{url}/{digest}/t.csv", content=content, headers=headers).status_code == 201
    assert httpx.put(f"{url}/{digest}/t.csv", content=content, headers=headers).status_code == 201
    assert httpx.head(f"{url}/{digest}/t.csv", headers=headers).status_code == 200
    assert uploads.fetch(upload_url(digest, "t.csv")).read_bytes() == content
