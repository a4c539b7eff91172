"""The service as a process of its own, at one port whoever kills it, with users and their searches."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from automl.remote import Remote
from automl.service.tokens import Tokens
from automl.spec import SearchSpec, parse_spec
from automl.store import open_store
from benchmarks.faults.bench import PATIENCE_SECONDS, Bench, write_table
from benchmarks.faults.processes import free_port, titled

ENDED = ("complete", "failed", "stopped")
DRIVER = "automl.driver"


@dataclass
class Service:
    """``automl serve`` over the store of a bench.

    Args:
        port: where it listens; whoever is started next does so too.
    """

    bench: Bench
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def remote(self, url: str | None = None) -> Remote:
        """The service as a user sees it, or what stands before it at `url`."""
        return Remote(url or self.url, self.token)

    def start(self) -> None:
        """Starts it, and returns once it answers."""
        if not self.token:
            store = open_store(self.bench.folder / "store", create=True)
            self.token = Tokens(store).create("a-user", "submitter", timedelta(hours=12))[0]
        self.process = self.bench.run("serve", "--port", str(self.port))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            assert self.process.poll() is None, self.bench.log
            assert time.monotonic() < deadline, f"the service does not come up: {self.bench.log}"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/v1/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ends it in order."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def drivers(self) -> list[int]:
        """The processes that drive searches."""
        return titled(self.bench.folder, DRIVER)

    def wait_for_ends(self, search_ids: list[str], seconds: float = PATIENCE_SECONDS) -> dict[str, str]:
        """The states of these searches once each has ended and no driver runs.

        Raises:
            AssertionError: they have not within that time.
        """
        deadline = time.monotonic() + seconds
        while True:
            states = {row["search_id"]: row["state"] for row in self.rows()}
            if all(states.get(one) in ENDED for one in search_ids) and not self.drivers():
                return {one: states[one] for one in search_ids}
            assert time.monotonic() < deadline, f"searches do not end: {states}: {self.bench.log}"
            time.sleep(0.2)

    def rows(self) -> list[dict[str, Any]]:
        """What the tables say of every search."""
        return self.bench.rows("searches").to_dicts()


def small_spec(folder: Path, name: str, budget: dict[str, Any], **changes: Any) -> SearchSpec:
    """A search of small networks on a small table, as a user submits it."""
    table = folder / "toy.csv"
    if not table.exists():
        write_table(table)
    return parse_spec(
        {
            "name": name,
            "data": {"path": str(table), "target": "price"},
            "families": ["mlp"],
            "budget": budget,
            "finalists": {"top": 1, "seeds": 1},
            "resources": {"workers": 1},
        }
        | changes
    )
