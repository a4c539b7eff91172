"""A store with a finished search, and a service over it that really listens."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from toys import toy_spec, write_table

import automl
from automl.bundle_files import sha256_of
from automl.execution.local import LocalExecutor
from automl.execution.process_jobs import ProcessJobs
from automl.remote import Remote
from automl.service.capacity import Capacity
from automl.service.limits import Limits
from automl.service.roles import ROLES
from automl.service.serve import Compute, configuration
from automl.service.tokens import Tokens
from automl.store import Store, open_store
from automl.store.signs import SUBMISSION
from automl.store.uploads import Uploads, upload_url


@dataclass
class Running:
    """A service on loopback, and a token of each role."""

    store: Store
    url: str
    search_id: str
    tokens: dict[str, str] = field(default_factory=dict)

    def remote(self, role: str = "viewer") -> Remote:
        return Remote(self.url, self.tokens[role])


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("service")
    result = automl.search(toy_spec(folder), store=folder / "store", executor=LocalExecutor())
    assert result.state == "complete"
    store = open_store(folder / "store")
    submission = {"user": "a-submitter", "at": "2026-01-01T00:00:00+00:00", "order": 0.0}
    (store.search(result.search_id).place / SUBMISSION).write_once(json.dumps(submission).encode())
    many = Limits(requests=10**6, failed_logins=10**6, open_searches=10**6)
    jobs = ProcessJobs(str(store))
    on = Compute(jobs, Capacity())
    with serving(configuration(store, "127.0.0.1", 0, limits=many, on=on)) as url:
        found = Running(store, url, result.search_id)
        for role in ROLES:
            found.tokens[role] = Tokens(store).create(f"a-{role}", role, timedelta(hours=1))[0]
        yield found
    until = time.monotonic() + 120
    while jobs.running() and time.monotonic() < until:  # drivers that tests have let begin
        time.sleep(0.1)
    jobs.running()  # one that ended between two looks


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[str]:
    """A server that really listens, in a thread; gives its address."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives ports that nobody listens at."""

    def port() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return port


def waiting_spec(running: Running, folder: Path, name: str, **changes: Any) -> dict[str, Any]:
    """A spec as the API takes it, of a search that is accepted and then waits for a machine that is not there."""
    table = folder / "houses.csv"
    if not table.exists():
        write_table(table)
    digest = sha256_of(table)
    Uploads(running.store).put(digest, table.name, table)
    return {
        "name": name,
        "data": {"path": upload_url(digest, table.name), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 2, "epochs": 1},
        "resources": {"workers": 1, "cpus": 1000},
    } | changes


def call(running: Running, method: str, path: str, role: str | None = None, **more: Any) -> httpx.Response:
    """The answer to one request, with the token of a role where one is given."""
    headers = dict(more.pop("headers", {}))
    if role is not None:
        headers["Authorization"] = f"Bearer {running.tokens[role]}"
    return httpx.request(method, f"{running.url}{path}", headers=headers, timeout=60, **more)
