"""Ray on this machine as a head and nodes, each started by ``ray start`` and each to be killed; Linux alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from automl.execution.ray_token import MODE, TOKEN_PATH, make_token
from benchmarks.faults.bench import Bench
from benchmarks.faults.processes import MARK, ROOT, free_port, send, started_in

START_SECONDS = 180.0
_ALWAYS = ("--node-ip-address=127.0.0.1", "--disable-usage-stats")
RAYLET, GCS = "/raylet/raylet ", "gcs_server"


@dataclass
class Nodes:
    """A cluster whose processes belong to a bench."""

    bench: Bench
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start_head(self, n_cpus: int) -> None:
        """Starts a head with a token, at the same address each time, and leads the drivers of the bench there."""
        token = make_token(self.bench.folder / "token")
        self.bench.environment |= {MODE: "token", TOKEN_PATH: str(token)}
        self._ray(
            "--head",
            f"--port={self.port}",
            f"--ray-client-server-port={free_port()}",
            f"--num-cpus={n_cpus}",
            f"--temp-dir={self.bench.folder / 'r'}",
            "--include-dashboard=false",
        )
        self.bench.environment["RAY_ADDRESS"] = self.address

    def add(self, n_cpus: int) -> list[int]:
        """Another node; gives its processes."""
        before = set(started_in(self.bench.folder))
        self._ray(f"--address={self.address}", f"--num-cpus={n_cpus}")
        return [pid for pid in started_in(self.bench.folder) if pid not in before]

    def kill_node(self, pids: list[int]) -> None:
        """SIGKILL to a node's raylet: what it started ends with it."""
        titles = started_in(self.bench.folder)
        raylets = [pid for pid in pids if RAYLET in titles.get(pid, "")]
        assert len(raylets) == 1, f"a node has one raylet, but {titles} has {raylets}"
        send(raylets[0], signal.SIGKILL)

    def kill_gcs(self) -> None:
        (gcs,) = [pid for pid, title in started_in(self.bench.folder).items() if GCS in title]
        send(gcs, signal.SIGKILL)

    def kill_all(self, spared: list[int]) -> None:
        """SIGKILL to everything of Ray, which the drivers that are spared are not."""
        for pid in started_in(self.bench.folder):
            if pid not in spared:
                send(pid, signal.SIGKILL)

    def _ray(self, *words: str) -> None:
        """``ray start WORDS``."""
        own = {
            MARK: str(self.bench.folder),
            "PYTHONPATH": ROOT,
            "RAY_USAGE_STATS_ENABLED": "0",
            "FAULT_FOLDER": str(self.bench.folder),
        }
        done = subprocess.run(
            [Path(sys.executable).with_name("ray"), "start", *words, *_ALWAYS],
            cwd=self.bench.folder,
            env={**os.environ, **own, **self.bench.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (
            f"ray start {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
