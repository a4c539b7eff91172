"""A search whose score depends on its learning rate, for the tests of what explains it."""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import dashboard_store as rows

from automl.store import open_store
from automl.store.rows import TrialRow
from dashboard.snapshot import Snapshot

ID = "houses-0a1b2c3d"
SPACE: dict[str, Any] = {
    "learning_rate": {"float": [1e-5, 1e-1], "log": True},
    "optimizer": {"choice": {"sgd": {"momentum": {"float": [0.0, 0.99]}}, "adamw": {}}},
    "depth": {"int": [1, 6]},
    "clip_norm": {"choice": [1.0, 5.0, 10.0]},
}
PLAIN = {
    "families": [{"name": name, "space": SPACE} for name in rows.FAMILIES],
    "rungs": [3, 9],
    "objectives": [{"name": "rmse", "goal": "min"}],
}


def configured(number: int, state: str, **more: Any) -> TrialRow:
    """A trial whose score depends on its learning rate, and which fails where that is large."""
    chance = random.Random(number)
    rate, depth = 10 ** chance.uniform(-5, -1), chance.randint(1, 6)
    values: dict[str, Any] = {"learning_rate": rate, "optimizer": chance.choice(["sgd", "adamw"])}
    if values["optimizer"] == "sgd":
        values["optimizer.sgd.momentum"] = chance.uniform(0, 0.99)
    values |= {"depth": depth, "clip_norm": chance.choice([1.0, 5.0, 10.0])}
    failed = rate > 0.02
    state = "failed" if failed else state
    score = None if failed else 0.3 + (math.log10(rate) + 3) ** 2 / 10 + chance.random() / 20
    worker, slot = str(number % 2), number // 2
    begin = rows.BEGIN + timedelta(seconds=40 * slot + 5 * (number % 2))
    columns = {
        **{"parameters": json.dumps(values), "score": score, "worker": worker, "started_at": begin},
        **{"ended_at": begin + timedelta(seconds=20 + 15 * chance.random()), "latency_ms": 1 + depth / 3},
        **{"scores": json.dumps({"rmse": score, "mae": chance.random()}) if score else "{}"},
        **{"n_epochs": {"complete": 27, "stopped": chance.choice([3, 9]), "failed": 1}[state]},
    }
    return rows.trial(ID, number, state, **(columns | more))


def whole(n_trials: int = 120) -> list[Any]:
    states = ["complete", "stopped", "stopped", "complete", "stopped"]
    made = [configured(number, states[number % 5]) for number in range(n_trials)]
    head = rows.search("houses", n_trials=n_trials, families=list(rows.FAMILIES))
    return [head, *made, *(epoch for row in made for epoch in rows.epochs(row))]


def stored(root: Path, written: list[Any], plain: dict[str, Any] | None = PLAIN) -> Snapshot:
    store = open_store(rows.write(root, written))
    if plain is not None:
        store.create_search(ID, plain)
    return Snapshot(store)
