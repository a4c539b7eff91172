"""The programs around the catalogue, as small as they can be: the list, the replays, the soak."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])


def run(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", program, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_fault_that_is_not_there_is_refused_with_those_that_are() -> None:
    done = run("benchmarks.faults", "--only", "driver,flood")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no fault flood: there are ")
    assert "two_drivers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_catalogue_prints_and_writes_its_counts(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = run("benchmarks.faults", "--only", "driver", "--quick", "--peers", "0", "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "driver, 1 times: lost, of " in done.stdout
    measures = {one["name"]: one for one in json.loads(figures.read_text())}
    assert {one["value"] for one in measures.values() if one["reach"] == 0} == {0}
    assert any(name.startswith("driver: recovered, p95") for name in measures)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("program", ["replays", "soak"])
def test_program_reaches_what_it_should(tmp_path: Path, program: str) -> None:
    figures = tmp_path / "figures.json"
    done = run(f"benchmarks.faults.{program}", "--quick", "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    measures = json.loads(figures.read_text())
    assert measures
    assert all(one["met"] for one in measures), done.stdout
