"""Drivers as Ray jobs, on a real head that asks for a token: started once, found again, paused, and forgotten."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from toys import toy_spec

from automl.api import spec_of
from automl.errors import RequestError, UnreachableError
from automl.execution.jobs import DRIVER_LOG
from automl.execution.ray_head import RayHead
from automl.execution.ray_jobs import RayJobs
from automl.execution.ray_token import MODE, TOKEN_PATH, make_token, tell_ray
from automl.run import plan_search
from automl.service.capacity import Capacity
from automl.service.queue import Need
from automl.store import SearchFolder, Store, open_store, reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE_SECONDS = 240.0


@dataclass
class Head:
    """Ray on loopback, as ``ray start --head`` leaves it; its processes end with it."""

    folder: Path
    port: int
    dashboard: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [
            "start",
            "--head",
            f"--port={self.port}",
            f"--dashboard-port={self.dashboard}",
            "--num-cpus=2",
        ]
        words += [
            "--node-ip-address=127.0.0.1",
            f"--temp-dir={self.folder}",
            "--disable-usage-stats",
            "--block",
        ]
        words += [
            f"--dashboard-agent-listen-port={free_port()}",
            f"--dashboard-agent-grpc-port={free_port()}",
        ]
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("ray"), *words],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: _listens(self.dashboard), "Ray's dashboard")

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def wait(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} does not come"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder with a short name: Ray makes sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def head(scratch: Path) -> Iterator[RayHead]:
    """A head that asks for our token, which this process shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MODE, "token")
        patch.setenv(TOKEN_PATH, str(make_token(scratch / "token")))
        patch.delenv("RAY_ADDRESS", raising=False)
        tell_ray()
        one = Head(scratch / "r", free_port(), free_port(), {"PYTHONPATH": str(Path(__file__).parents[2])})
        try:
            one.start()
            found = RayHead(one.address)
            wait(lambda: found.resources().get("CPU"), "the machine of the head")
            yield found
        finally:
            one.end()
    tell_ray()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def begun(store: Store, folder: Path, **changes: Any) -> SearchFolder:
    search, _ = plan_search(spec_of(toy_spec(folder, **changes)))
    return store.create_search(search.search_id, search.to_plain())


def log_of(folder: SearchFolder) -> str:
    return (folder.place / "logs" / DRIVER_LOG).read().decode()


def test_ray_that_asks_for_its_token_is_closed_and_says_what_it_has(head: RayHead) -> None:
    head.check_closed()
    assert head.resources()["CPU"] == 2
    assert Capacity(head)() == Need(2.0, 0.0)
    assert Capacity(head, Need(1.0, 4.0))() == Need(2.0, 4.0)
    (node,) = head.nodes()
    assert (node.head, node.alive, node.cpus, node.gpus, node.workers) == (True, True, 2.0, 0.0, {})


def test_a_driver_is_one_job_which_others_find_and_forget(
    head: RayHead, store: Store, tmp_path: Path
) -> None:
    slow = [{**toy_spec(tmp_path)["families"][0], "space": {"pause": 0.3}}]
    folder = begun(store, tmp_path, families=slow)
    jobs, others = RayJobs(str(store), head), RayJobs(str(store), RayHead(head.address))
    elsewhere = RayJobs(str(tmp_path / "elsewhere"), head)
    jobs.start(folder.search_id)
    jobs.start(folder.search_id)  # as two services would
    assert jobs.running() == others.running() == {folder.search_id}
    assert elsewhere.running() == set()
    wait(lambda: (folder.place / "logs").names() and "begins" in log_of(folder), "the driver")
    wait(lambda: any(node.workers for node in head.nodes()), "a worker")
    with head.client() as client:
        (job,) = [job for job in client.list_jobs() if job.submission_id]
        shown = f"{job.entrypoint} {job.runtime_env} {job.metadata}"
        assert Path(os.environ[TOKEN_PATH]).read_text() not in shown
    wait(lambda: not others.running(), "the end of the search")
    assert reading.search_row(store, folder.search_id)["state"] == "complete"
    assert log_of(folder).count(" begins, as process ") == 1
    with head.client() as client:
        assert [job for job in client.list_jobs() if job.submission_id] == []


def test_a_driver_that_is_paused_ends_in_order(head: RayHead, store: Store, tmp_path: Path) -> None:
    slow = [{**toy_spec(tmp_path)["families"][0], "space": {"pause": 1.0}}]
    folder = begun(store, tmp_path, families=slow, budget={"trials": 50, "epochs": 50})
    jobs = RayJobs(str(store), head)
    jobs.start(folder.search_id)
    wait(lambda: any(node.workers for node in head.nodes()), "a worker")
    time.sleep(3)
    jobs.pause(folder.search_id)
    wait(lambda: not jobs.running(), "the end of the driver")
    row = reading.search_row(store, folder.search_id)
    assert (row["state"], row["reason"]) == ("stopped", "cancelled")
    assert "ERROR" not in log_of(folder)


def test_what_a_driver_printed_that_died_at_once_is_in_its_log(
    head: RayHead, store: Store, tmp_path: Path
) -> None:
    folder = begun(store, tmp_path)
    (folder.place / "search.json").write_over(b"{")
    jobs = RayJobs(str(store), head)
    jobs.start(folder.search_id)
    wait(lambda: not jobs.running(), "the end of the driver")
    said = log_of(folder)
    assert "ERROR the driver ended with status 1, and printed: " in said
    assert "JSONDecodeError" in said
    jobs.start(folder.search_id)  # its id is free again, though no term was taken
    assert jobs.running() == {folder.search_id}
    wait(lambda: not jobs.running(), "the end of the driver")


def test_ray_that_stands_open_or_does_not_answer_is_refused_in_a_sentence(
    head: RayHead, scratch: Path, store: Store
) -> None:
    del head  # its token is set
    one = Head(scratch / "o", free_port(), free_port(), {MODE: "disabled"})
    try:
        one.start()
        opened = RayHead(f"http://127.0.0.1:{one.dashboard}")
        with pytest.raises(
            RequestError, match=r"/api/version answered with 200: whoever reaches it can run code"
        ):
            opened.check_closed()
    finally:
        one.end()
    with pytest.raises(UnreachableError, match=r"does not answer as it should: .* Check RAY_ADDRESS"):
        RayJobs(str(store), opened).running()
    with pytest.raises(UnreachableError):
        RayHead(f"http://127.0.0.1:{one.dashboard}").check_closed()
