"""Scores that are none: not a number, infinite, missing, no number at all; a metric and a loss that raise."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from automl.errors import REASONS
from automl.run import load_search
from automl.study import Study
from benchmarks.faults.fault import Fault, Scene

FAMILY = Path(__file__).parents[1] / "bad_scores_family.py"
WAYS = {  # and the reason for which a trial ends by each
    "nan": "diverged",
    "inf": "diverged",
    "minus_inf": "diverged",
    "loss_is_nan": "diverged",
    "missing": "diverged",
    "text": "error",
    "none": "error",
    "metric_raises": "error",
    "loss_raises": "error",
}
N_EPOCHS, N_MORE = 9, 9


def strike(scene: Scene) -> None:
    bench, ways = scene.bench, list(WAYS)
    scene.rng.shuffle(ways)
    bench.n_trials = 1 + len(ways) + N_MORE
    good = {"family": "bad_scores", "how": "well"}
    bad = [{"family": "bad_scores", "how": how, "at": scene.rng.randint(1, N_EPOCHS)} for how in ways]
    driver = bench.search(
        families=[{"file": str(FAMILY)}],
        queue=[good, *bad],
        budget={"trials": bench.n_trials, "epochs": N_EPOCHS},
        search={"rungs": {"first": 1, "factor": 3}, "sampler": "tpe"},
    )
    bench.wait_for_trials(1, driver)
    before = bench.records()
    bench.ends_well(driver)
    rows = bench.rows().sort("trial").rows(named=True)
    for row in rows:
        _check_row(scene, row)
    for how, row in zip(ways, rows[1 : 1 + len(ways)], strict=True):
        if row["state"] == "stopped":
            continue  # at a rung, before the epoch at which it would have gone wrong
        scene.count.struck += 1
        found = (row["state"], row["reason"])
        scene.check(found == ("failed", WAYS[how]), f"{how} ended as {found}")
    _check_study(scene)
    scene.settle(before)


def _check_row(scene: Scene, row: dict[str, Any]) -> None:
    name = f"trial {row['trial']}"
    if row["state"] == "failed":
        scene.check(row["reason"] in REASONS and bool(row["message"]), f"{name} failed without a reason")
        scene.check(row["score"] is None, f"{name} failed and has the score {row['score']}")
    else:
        scene.check(math.isfinite(row["score"]), f"{name} is {row['state']} with the score {row['score']}")


def _check_study(scene: Scene) -> None:
    """Nothing bad is best, a finalist, or told to the sampler as anything but failed; rungs compare numbers alone."""
    search, folder = load_search(scene.bench.store, scene.bench.search_id)
    entries = folder.read_journal()
    study = Study.replay(search.plan(), lambda _entries: None, entries)
    states = {trial.number: trial.state for trial in study.history()}
    best = study.progress(0.0).best_trial
    finalists = [
        one["trial"] for entry in entries if entry["event"] == "refits" for one in entry["finalists"]
    ]
    chosen = [*finalists, *([] if best is None else [best])]
    scene.check(bool(chosen) and all(states[one] == "complete" for one in chosen), f"chosen were {chosen}")
    rungs = [entry["score"] for entry in entries if entry["event"] == "rung"]
    scene.check(all(score is not None and math.isfinite(score) for score in rungs), f"rungs compared {rungs}")
    learnt_from = {told.number for told in study._suggestions._suggesters["bad_scores"]._finished}  # type: ignore[attr-defined]
    failed = {number for number, state in states.items() if state == "failed"}
    scene.check(
        learnt_from == set(states) - failed, f"the sampler learns from {sorted(learnt_from & failed)}"
    )


FAULT = Fault(
    injects="NaN, infinity, minus infinity, None, text and nothing as a score, a loss of NaN, a metric and a loss "
    "that raise: each at one trial of a search, at a random epoch",
    holds="such a trial has failed, with a reason of the list and a message; it is never best nor a finalist; the "
    "sampler is told that it failed; rungs compare numbers alone",
    noticed="by the worker, after the epoch",
    strike=strike,
    seconds=20,
)
