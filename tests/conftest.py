"""What every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "small", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("small"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder that AUTOML_DATA names; tests that want it are skipped without it."""
    named = os.environ.get("AUTOML_DATA")
    if not named:
        pytest.skip("AUTOML_DATA is not set: it names the folder with the development data")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"AUTOML_DATA names {folder}, which is not a folder")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what a missing browser left out: a skip that nobody sees looks like a pass."""
    reports = terminalreporter.stats.get("skipped", [])
    unseen = [report for report in reports if "browser tests skipped" in str(report.longrepr)]
    if unseen:
        terminalreporter.write_line(
            f"{len(unseen)} browser tests were skipped: there is no Chromium here. "
            "AUTOML_REQUIRE_BROWSER=1 makes that a failure.",
            yellow=True,
        )
