"""Ray Tune with OptunaSearch, as shipped and as an expert would set it, on trials that do nothing.

``python -m benchmarks.peers.ray_tune MODE N FOLDER`` runs `N` trials of five reports on two workers
and leaves in `FOLDER` one file a trial, written when its work is done: ``<trial>-<pid>.done`` with the
time. The folder is the independent witness of what finished; Tune's own account is not used.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import time
from pathlib import Path
from typing import Any

N_REPORTS = 5
N_WORKERS = 2
MODES = ("shipped", "configured")


def objective(config: dict[str, Any], epoch: int) -> float:
    """A smooth function of the five parameters that rises with the epochs."""
    return sum((config[f"x{i}"] - 0.3) ** 2 for i in range(5)) + 1.0 / epoch


def witness(folder: str, name: str) -> None:
    """Notes that a trial has done all its work."""
    (Path(folder) / f"{name}-{secrets.token_hex(4)}.done").write_text(repr(time.time()))


def run_tune(mode: str, n_trials: int, folder: str, pause: float = 0.0, resume: bool = False) -> Any:
    """Runs the trials to their end, and gives Tune's own results.

    Args:
        pause: seconds that each report takes.
        resume: go on with the experiment in `folder`, by `Tuner.restore`.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if mode == "configured":
        os.environ.update(TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1", TUNE_GLOBAL_CHECKPOINT_S="1000000")
    import optuna
    import ray
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    address = os.environ.get("RAY_ADDRESS")
    own = {} if address else {"num_cpus": N_WORKERS, "include_dashboard": False}
    ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    trainable = _as_function(folder, pause) if mode == "shipped" else _as_class(folder, pause)
    storage = str(Path(folder).resolve() / "tune")
    try:
        if resume:
            tuner = tune.Tuner.restore(f"{storage}/peer", trainable=trainable, resume_unfinished=True)
        else:
            extra = {"reuse_actors": True, "max_concurrent_trials": N_WORKERS} if mode == "configured" else {}
            tuner = tune.Tuner(
                trainable,
                param_space={f"x{i}": tune.uniform(0.0, 1.0) for i in range(5)},
                tune_config=tune.TuneConfig(
                    metric="score", mode="min", num_samples=n_trials, search_alg=OptunaSearch(seed=0), **extra
                ),
                run_config=tune.RunConfig(name="peer", storage_path=storage, verbose=0),
            )
        return tuner.fit()
    finally:
        ray.shutdown()


def _as_function(folder: str, pause: float) -> Any:
    def train(config: dict[str, Any]) -> None:
        from ray import tune

        for epoch in range(1, N_REPORTS + 1):
            time.sleep(pause)
            tune.report({"score": objective(config, epoch)})
        witness(folder, tune.get_context().get_trial_id())

    return train


def _as_class(folder: str, pause: float) -> Any:
    from ray import tune

    class DoesNothing(tune.Trainable):
        def step(self) -> dict[str, Any]:
            time.sleep(pause)
            epoch = self.iteration + 1
            if epoch == N_REPORTS:
                witness(folder, str(self.trial_id))
            return {"score": objective(self.config, epoch), "done": epoch == N_REPORTS}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.config = new_config
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Nothing to save."""

        def load_checkpoint(self, checkpoint: Any) -> None:
            """Nothing to load."""

    return DoesNothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("n_trials", type=int)
    parser.add_argument("folder")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    results = run_tune(
        arguments.mode, arguments.n_trials, arguments.folder, arguments.pause, arguments.resume
    )
    told = [result.metrics["trial_id"] for result in results if result.metrics and "score" in result.metrics]
    print(json.dumps({"n_results": len(results), "n_errors": results.num_errors, "trials": told}))


if __name__ == "__main__":
    main()
