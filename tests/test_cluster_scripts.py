"""The shell scripts of docs/recipes, run: what they keep alive, and what a job of Slurm does when it is told to go."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[1] / "docs" / "recipes"


def wait_until(holds: Callable[[], bool], limit: float = 60.0) -> None:
    until = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """keep.sh with a folder of its own, and no wait between two tries."""
    if shutil.which("flock") is None or shutil.which("setsid") is None:
        pytest.skip("flock and setsid of util-linux are not installed")
    environment = {**os.environ, "AUTOML_KEEP": str(tmp_path), "AUTOML_KEEP_SECONDS": "0.2"}

    def run(*arguments: str) -> None:
        command = ["bash", str(RECIPES / "keep.sh"), "one", *arguments]
        subprocess.run(command, env=environment, check=True, timeout=120)

    yield run
    run()


def test_what_fails_is_started_again_and_what_ends_well_is_not(
    keep: Callable[..., None], tmp_path: Path
) -> None:
    log, done = tmp_path / "one.log", tmp_path / "done"
    keep("bash", "-c", f'echo begun; [ "$(wc -l < {log})" -lt 3 ] && exit 1; touch {done}')
    wait_until(done.exists)
    time.sleep(1.0)
    assert log.read_text().count("begun") == 3
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_one_of_a_name_runs_and_it_ends_when_it_is_told_to(keep: Callable[..., None], tmp_path: Path) -> None:
    log = tmp_path / "one.log"

    def begun() -> list[str]:
        return re.findall(r"^\d+$", log.read_text(), re.MULTILINE)

    def runs(process: str) -> bool:
        try:
            # one that has ended, and that nobody has asked yet how, has none
            return Path(f"/proc/{process}/cmdline").read_bytes() != b""
        except FileNotFoundError:
            return False

    for number in (1, 2):
        keep("bash", "-c", "echo $$; exec sleep 300")
        wait_until(lambda number=number: len(begun()) == number)
    first, second = begun()
    assert not runs(first)
    assert runs(second)
    os.kill(int(second), signal.SIGKILL)
    wait_until(lambda: len(begun()) == 3)
    keep()
    assert not runs(begun()[2])


STUBS = {
    "hostname": "echo 10.0.0.7",
    "ray": '[ "$1" = health-check ] || { echo "ray $*" >> "$LOG"; exec sleep 300; }',
    "srun": 'echo "srun $*" >> "$LOG"; exec sleep 300',
    "scontrol": 'echo "scontrol $*" >> "$LOG"',
    "automl": 'trap "echo told >> $LOG; exit 0" TERM\n'
    'echo "automl $* at $RAY_ADDRESS in $AUTOML_STORE $(stat -c %a "$RAY_AUTH_TOKEN_PATH")" >> "$LOG"\n'
    '[ "$1 $2" = "search done.yaml" ] || while :; do sleep 0.1; done',
}


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    """A job of Slurm on three nodes, as its first node sees it; the commands that are not here only say so."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").touch()
    for name, text in STUBS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LOG": str(tmp_path / "log"),
        "SLURM_SUBMIT_DIR": str(tmp_path),
        "SLURM_JOB_ID": "12345",
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_CPUS_PER_TASK": "8",
        "SLURMD_NODENAME": "node1",
    }

    def begin(spec: str) -> subprocess.Popen[str]:
        return subprocess.Popen(["bash", str(RECIPES / "slurm.sh"), spec], env=environment, text=True)

    return begin


def test_a_job_of_slurm_starts_ray_on_its_nodes_and_leaves_nothing(
    job: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    assert job("done.yaml").wait(60) == 0
    said = sorted((tmp_path / "log").read_text().splitlines())
    assert said[0] == f"automl search done.yaml at 10.0.0.7:22345 in {tmp_path}/automl-store 600"
    assert said[1].startswith("ray start --head --block --node-ip-address=10.0.0.7 --port=22345 ")
    assert said[2].startswith("srun --nodes=2 --ntasks=2 --exclude=node1 ")
    assert "ray start --block --address=10.0.0.7:22345 " in said[2]
    assert len(said) == 3
    assert list((tmp_path / ".automl").iterdir()) == [], "the token stays no longer than the job"


def test_a_job_of_slurm_that_is_told_to_go_waits_for_checkpoints_and_is_queued_again(
    job: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    running = job("long.yaml")
    wait_until(lambda: log.exists() and "automl search" in log.read_text())
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert log.read_text().splitlines()[-2:] == ["told", "scontrol requeue 12345"]
    assert list((tmp_path / ".automl").iterdir()) == []
