"""Optuna Dashboard beside ours: studies of growing size, until one does not open in time.

Its journal is written as Optuna writes one, each trial with eight parameters and a curve of twenty epochs. Of its ways
to keep a study this is the one that is read once and then held in memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np

from benchmarks._measure import Measure
from benchmarks.dashboard.browser import tab
from benchmarks.faults.processes import free_port

SIZES = (1_000, 10_000, 46_000, 100_000)
QUICK_SIZES = (1_000, 10_000)
N_PARAMETERS, N_EPOCHS, AT_ONCE = 8, 20, 5000
LIMIT_SECONDS = 30.0
SHOWN = ".js-plotly-plot .main-svg"  # the first picture of the page of a study
CREATE_TRIAL, COMPLETE = 4, 1  # as the journal of Optuna 5 numbers them


def peer(browser: Any, work: Path, sizes: tuple[int, ...], repeats: int) -> list[Measure]:
    """Seconds until the page of a study shows its first picture, for each size up to the first that takes too long."""
    found: list[Measure] = []
    for n_trials in sizes:
        began = time.monotonic()
        seconds = _opened(browser, _journal(work / f"optuna-{n_trials}.log", n_trials), repeats)
        found.append(
            Measure(
                f"Optuna Dashboard, a study of {n_trials} trials: first useful content, median",
                median(seconds),
                "s",
                repeats=len(seconds),
                seconds=time.monotonic() - began,
            )
        )
        if median(seconds) >= LIMIT_SECONDS:
            break
    return found


def _opened(browser: Any, journal: Path, repeats: int) -> list[float]:
    """The seconds of each run; the limit where it was not there by then. Its server has read the journal before."""
    from playwright.sync_api import TimeoutError as TooLate

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["--port", str(port), "--storage-class", "JournalFileStorage", "--quiet", str(journal)]
    program = "from optuna_dashboard._cli import main; main()"
    with journal.with_suffix(".out").open("wb") as out:
        server = subprocess.Popen([sys.executable, "-c", program, *words], stdout=out, stderr=out)
    seconds = []
    try:
        _wait_until_read(url, server)
        for _ in range(repeats):
            with tab(browser) as one:
                one.page.set_default_timeout(LIMIT_SECONDS * 1000)
                try:
                    one.page.goto(f"{url}/dashboard/studies/0", wait_until="commit")
                    one.page.locator(SHOWN).first.wait_for(state="visible", timeout=LIMIT_SECONDS * 1000)
                    seconds.append(float(one.page.evaluate("performance.now()")) / 1000)
                except TooLate:
                    seconds.append(LIMIT_SECONDS)
                    break
    finally:
        server.terminate()
        server.wait(30)
    return seconds


def _wait_until_read(url: str, server: subprocess.Popen[bytes]) -> None:
    """Returns when its server has answered what the page asks for, so that reading the journal is not counted."""
    for _ in range(600):
        assert server.poll() is None, "Optuna Dashboard ended as it started"
        try:
            if httpx.get(f"{url}/api/studies/0?after=0", timeout=120).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError("Optuna Dashboard does not answer")


def _journal(file: Path, n_trials: int) -> Path:
    """A study of so many complete trials."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if file.exists():
        return file
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    backend, rng = JournalFileBackend(str(part)), np.random.default_rng(0)
    optuna.create_study(storage=JournalStorage(backend), study_name="made up", direction="minimize")
    for first in range(0, n_trials, AT_ONCE):
        backend.append_logs([_trial(rng) for _ in range(min(AT_ONCE, n_trials - first))])
    part.rename(file)
    return file


def _trial(rng: np.random.Generator) -> dict[str, Any]:
    from optuna.distributions import FloatDistribution, distribution_to_json

    values = rng.uniform(0, 1, N_PARAMETERS)
    score = float(((values - 0.3) ** 2).sum())
    uniform = distribution_to_json(FloatDistribution(0.0, 1.0))
    names = [f"x{i}" for i in range(N_PARAMETERS)]
    return {
        **{"op_code": CREATE_TRIAL, "worker_id": "made-up", "study_id": 0, "state": COMPLETE},
        **{"datetime_start": "2026-01-01T00:00:00.000000+00:00", "value": score, "values": None},
        "datetime_complete": "2026-01-01T00:01:00.000000+00:00",
        "distributions": dict.fromkeys(names, uniform),
        "params": dict(zip(names, values.tolist(), strict=True)),
        "user_attrs": {},
        "system_attrs": {},
        "intermediate_values": {str(epoch): score + 1 / epoch for epoch in range(1, N_EPOCHS + 1)},
    }
