"""A store with a finished search, and a service over it that really listens."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from toys import toy_spec

import automl
from automl.execution.local import LocalExecutor
from automl.remote import Remote
from automl.service.dispatcher import SUBMISSION
from automl.service.roles import ROLES
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import Store, open_store


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
    server = uvicorn.Server(configuration(store, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    found = Running(store, f"http://127.0.0.1:{port}", result.search_id)
    for role in ROLES:
        found.tokens[role] = Tokens(store).create(f"a-{role}", role, timedelta(hours=1))[0]
    yield found
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives ports that nobody listens at."""

    def port() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return port
