"""`cluster.yaml` launched for real: `ray up` over ssh to this machine, a search through the service, `ray down`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.service import launch


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_launched_cluster_searches_for_who_has_a_token_and_ends_without_a_rest(tmp_path: Path) -> None:
    if lacking := launch.missing():
        pytest.skip(f"this machine lacks: {', '.join(lacking)}")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks.service.launch", "--quick", "--json", str(report)]
    done = subprocess.run(command, cwd=launch.ROOT, capture_output=True, text=True, timeout=1700, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = {figure["name"]: figure["value"] for figure in json.loads(report.read_text())}
    assert figures["processes left after `ray down`"] == 0
    assert figures["the service answers after it was killed"] < 60
