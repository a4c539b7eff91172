"""Configurations of real spaces, as the tables hold them: JSON, each with a learning rate of its own."""

from __future__ import annotations

import json
import math
import random
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from automl.resolved import Search
from automl.space import Choice, Float, Leaf, Scalar, Space, fill, flatten
from benchmarks._million.layout import FAMILIES, N_WORKERS

N_EACH = 1500  # configurations of a family that differ in more than their learning rate
RATE = "learning_rate"
_MARK = '"@"'


@dataclass(frozen=True)
class Sampled:
    """Pieces of JSON, one row a configuration.

    Args:
        pieces: family, n_parameters, quality; and what stands before and after the learning rate in
            `configuration` and in `parameters`.
    """

    pieces: pl.DataFrame

    def choose(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """So many of them, each with a learning rate: family, n_parameters, quality, configuration, parameters."""
        exponent = rng.uniform(-5, -1, n)
        chosen = self.pieces[rng.integers(0, self.pieces.height, n)]
        rate = pl.Series(RATE, 10**exponent).cast(pl.String)
        return chosen.select(
            "family",
            "n_parameters",
            pl.col("quality") - pl.Series(0.02 * (exponent + 2.7) ** 2),
            *(
                pl.concat_str(f"{name}_before", rate, f"{name}_after").alias(name)
                for name in ("configuration", "parameters")
            ),
        )


def sampled(search: Search) -> Sampled:
    """Configurations of every family of a search, drawn at random from its spaces."""
    choices, rows = random.Random(0), []
    for name in FAMILIES:
        space: Space = search.family(name).space
        for _ in range(N_EACH):
            configuration = fill(space, lambda _, leaf: _any(leaf, choices))
            values = flatten(space, configuration)
            size = int(np.exp(choices.uniform(8, 14)))
            row: dict[str, Any] = {"family": name, "n_parameters": size, "quality": _quality(values)}
            for kind, plain in (("configuration", configuration), ("parameters", values)):
                before, after = json.dumps({**plain, RATE: "@"}).split(_MARK)
                row |= {f"{kind}_before": before, f"{kind}_after": after}
            rows.append(row)
    return Sampled(pl.DataFrame(rows))


def _any(leaf: Leaf, choices: random.Random) -> Scalar:
    if isinstance(leaf, Choice):
        return choices.choice(leaf.names)
    if leaf.log:
        value = math.exp(choices.uniform(math.log(leaf.low), math.log(leaf.high)))
        value = min(max(value, leaf.low), leaf.high)
    else:
        value = choices.uniform(leaf.low, leaf.high)
    return value if isinstance(leaf, Float) else round(value)


def _quality(values: dict[str, Scalar]) -> float:
    """Accuracy that a configuration is good for, a function of its parameters."""
    lost = 0.0
    for place, (name, value) in enumerate(sorted(values.items())):
        number = value if isinstance(value, int | float) else sum(map(ord, str(value))) % 7 / 7
        lost += 0.06 / (1 + place) * (1 + math.sin(7 * float(number) + len(name)))
    return 0.93 - lost


def planned(objectives: tuple[str, ...], n_trials: int) -> Search:
    """A search as the product resolves it, over a made-up table; nothing of it runs."""
    from automl.api import spec_of
    from automl.run import plan_search

    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=1000) for i in range(8)}
    target = np.where(columns["x0"] + rng.normal(size=1000) > 0, "yes", "no")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made_up.parquet"
        pl.DataFrame(columns | {"target": target}).write_parquet(file)
        spec = {
            "name": "search",
            "data": {"path": str(file), "target": "target"},
            "families": list(FAMILIES),
            "objectives": list(objectives),
            "budget": {"trials": n_trials, "epochs": 60},
            "resources": {"workers": N_WORKERS},
        }
        search, _ = plan_search(spec_of(spec))
    moved = search.spec.data.model_copy(update={"path": "made_up.parquet"})
    return replace(search, spec=search.spec.model_copy(update={"data": moved}))
