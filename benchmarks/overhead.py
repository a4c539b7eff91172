"""What a trial costs beyond its training: marginal seconds of a trial that does nothing.

``python -m benchmarks.overhead [--quick] [--json FILE]``

Ours runs through the whole product: Ray Tune workers, the study in its actor, TPE, journal, bundles
and records on disk, one trial a cohort. Beside it, in the same run: Ray Tune with OptunaSearch as
shipped, the same well configured, and Optuna alone in one process without anything on disk. Five
reports a trial, two workers. The marginal time leaves start-up out: it is the time from the first
end of a trial to the last, divided by the trials between.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from benchmarks._measure import Measure, arguments, report
from benchmarks.peers.ray_tune import N_REPORTS, N_WORKERS, objective


def ours(n_trials: int, work: Path) -> float:
    """Marginal seconds of one of our trials."""
    from automl import api

    data = work / "nothing.parquet"
    rng = np.random.default_rng(0)
    pl.DataFrame({"a": rng.normal(size=200), "target": rng.normal(size=200)}).write_parquet(data)
    result = api.search(
        data,
        "target",
        store=work / "store",
        families=[{"file": str(Path(__file__).parent / "_noop.py")}],
        budget={"trials": n_trials, "epochs": N_REPORTS},
        search={"rungs": "none", "sampler": "tpe"},
        finalists={"top": 1, "seeds": 1},
        resources={"workers": N_WORKERS},
    )
    ended = (
        result.trials().filter(pl.col("state") == "complete")["ended_at"].dt.epoch("us").sort().to_numpy()
        / 1e6
    )
    assert len(ended) == n_trials, f"{len(ended)} of {n_trials} trials are in the tables"
    return _marginal(ended)


def tune(mode: str, n_trials: int, work: Path) -> float:
    """Marginal seconds of a trial of Ray Tune with OptunaSearch, in a process of its own."""
    folder = work / mode
    command = [sys.executable, "-m", "benchmarks.peers.ray_tune", mode, str(n_trials), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return _marginal(np.sort([float(file.read_text()) for file in folder.glob("*.done")]))


def optuna_alone(n_trials: int) -> float:
    """Marginal seconds of a trial of Optuna's TPE in this process, nothing written."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ended = []

    def run(trial: optuna.Trial) -> float:
        config = {f"x{i}": trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(5)}
        for epoch in range(1, N_REPORTS + 1):
            trial.report(objective(config, epoch), epoch)
        ended.append(time.time())
        return objective(config, N_REPORTS)

    optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0)).optimize(run, n_trials=n_trials)
    return _marginal(np.array(ended))


def _marginal(ended: np.ndarray) -> float:
    return float((ended[-1] - ended[0]) / (len(ended) - 1))


def main() -> None:
    options = arguments(__doc__)
    n_ours, n_shipped, n_configured = (60, 5, 20) if options.quick else (500, 20, 100)
    repeats = 1 if options.quick else 3
    began = time.monotonic()
    found: dict[str, list[float]] = {"ours": [], "shipped": [], "configured": [], "alone": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="automl-overhead-") as folder:
            found["ours"].append(ours(n_ours, Path(folder)))
            found["configured"].append(tune("configured", n_configured, Path(folder)))
            if not found["shipped"]:
                found["shipped"].append(tune("shipped", n_shipped, Path(folder)))
        found["alone"].append(optuna_alone(n_ours))
        print({name: [round(value, 5) for value in values] for name, values in found.items()}, flush=True)
    mine, shipped, configured, alone = (median(values) for values in found.values())
    seconds = time.monotonic() - began
    reaches = (
        ("as shipped", shipped, 100.0),
        ("well configured", configured, 5.0),
        ("Optuna alone", alone, None),
    )
    measures = [
        Measure(
            name=f"overhead of a trial, against {'Optuna alone' if peer == 'Optuna alone' else 'Ray Tune ' + peer}",
            value=mine,
            unit="s/trial",
            reach=reach,
            met=None if reach is None else value / mine >= reach,
            peer=peer,
            peer_value=value,
            ratio=value / mine,
            repeats=repeats,
            seconds=seconds,
        )
        for peer, value, reach in reaches
    ]
    report(measures, options.json)


if __name__ == "__main__":
    main()
