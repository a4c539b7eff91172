"""What Optuna is told: one recorded history fed to our study and to Ray's OptunaSearch.

``python -m benchmarks.truth [--quick] [--json FILE]``

The history is a list of trials: some run all their epochs, some are stopped at a rung, some diverge
(their score is NaN). It is replayed through `OptunaSearch` by the calls that Ray Tune's controller
makes (`on_trial_result`, then `on_trial_complete` with the last result: `TuneController.stop_trial`),
and through our study by `report` and `finish`. Printed is the state of each trial in the Optuna
study that each of them keeps.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks._measure import Measure, arguments, report

EPOCHS, RUNG = 9, 3


@dataclass(frozen=True)
class Told:
    """One trial as it went: its scores by epoch, and how it ended."""

    state: str  # complete, stopped, failed
    scores: tuple[float, ...]


def history(n_trials: int, seed: int = 0) -> list[Told]:
    """A recorded search: asynchronous halving at epoch 3, every tenth trial diverges."""
    rng = np.random.default_rng(seed)
    trials = []
    for number in range(n_trials):
        final = rng.uniform()
        curve = tuple(final + 1.0 / epoch for epoch in range(1, EPOCHS + 1))
        if number % 10 == 7:
            trials.append(Told("failed", (*curve[:4], math.nan)))
        elif final > 0.4:
            trials.append(Told("stopped", curve[:RUNG]))
        else:
            trials.append(Told("complete", curve))
    return trials


def ray_told(trials: Sequence[Told]) -> Counter[str]:
    """The states that Ray's OptunaSearch leaves in its Optuna study."""
    import optuna
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = OptunaSearch(space={"x": tune.uniform(0, 1)}, metric="score", mode="min", seed=0)
    for number, trial in enumerate(trials):
        name = str(number)
        search.suggest(name)
        for epoch, score in enumerate(trial.scores, start=1):
            last = {"score": score, "training_iteration": epoch}
            if epoch < len(trial.scores):
                search.on_trial_result(name, last)
        search.on_trial_complete(name, result=last)
    return Counter(trial.state.name for trial in search._ot_study.get_trials(deepcopy=False))


def ours_told(trials: Sequence[Told]) -> Counter[str]:
    """The states that our study leaves in its Optuna study."""
    from automl.space import Float
    from automl.study import Budget, Objective, Plan, Result, Study

    plan = Plan(
        spaces={"any": {"x": Float(0.0, 1.0)}},
        objectives=(Objective("score", "min"),),
        epochs=EPOCHS,
        seed=0,
        budget=Budget(trials=len(trials)),
        sampler="tpe",
        rungs=(RUNG,),
    )
    study = Study(plan, lambda _entries: None)
    for trial in trials:
        (work,) = study.ask(1, 0.0).assignments
        for epoch, score in enumerate(trial.scores, start=1):
            if math.isfinite(score):
                study.report(work.name, "trial", work.attempt, epoch, score)
        finished = trial.state != "failed"
        result = Result(
            state=trial.state,  # type: ignore[arg-type]
            scores={"score": min(trial.scores)} if finished else {},
            reason=None if finished else "diverged",
            n_epochs=len(trial.scores),
        )
        study.finish("trial", work.name, work.attempt, result, 0.0)
    told = study._suggestions._suggesters["any"]._study.get_trials(deepcopy=False)
    return Counter(trial.state.name for trial in told if "trial" in trial.user_attrs)


def main() -> None:
    options = arguments(__doc__)
    began = time.monotonic()
    trials = history(30 if options.quick else 100)
    names = {"complete": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    truth = Counter(names[trial.state] for trial in trials)
    ray, mine = ray_told(trials), ours_told(trials)
    print(f"{'state in Optuna':16} {'truth':>8} {'ours':>8} {'OptunaSearch':>14}")
    for state in sorted(set(truth) | set(ray) | set(mine)):
        print(f"{state:16} {truth[state]:8} {mine[state]:8} {ray[state]:14}")
    wrong = {name: sum((truth - told).values()) for name, told in (("ours", mine), ("ray", ray))}
    report(
        [
            Measure(
                name="trials of which Optuna was told another state than the true one",
                value=wrong["ours"],
                unit="trials",
                reach=0,
                met=wrong["ours"] == 0,
                peer="Ray Tune 2.60 OptunaSearch",
                peer_value=wrong["ray"],
                ratio=None,
                repeats=1,
                seconds=time.monotonic() - began,
            )
        ],
        options.json,
    )


if __name__ == "__main__":
    main()
