"""Small data and families that do little, for tests of everything around training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

# The beginning of a family's file; its loop and its space follow.
NETWORK = """
import torch
from automl.family import Epoch, Family
from automl.space import Choice, Float

class Net(torch.nn.Linear):
    def forward(self, numeric, categorical=None):
        return super().forward(numeric)

def build(configuration, signature):
    return Net(signature.inputs["numeric"].shape[0], signature.n_outputs)
"""

# A family of a user's own whose trials cost nothing; what a trial does is a parameter.
FAMILY = (
    "import os, signal, time\n"
    + NETWORK
    + """
def train(run):
    how = run.configuration["how"]
    for number in range(1, run.epochs + 1):
        time.sleep(run.configuration["pause"])
        if number == 2:
            if how == "raise":
                raise RuntimeError("a mistake in my own loop")
            if how == "hang" and not os.path.exists(os.environ["TOY_MARK"]):
                open(os.environ["TOY_MARK"], "w").close()
                time.sleep(3600)
            if how == "die" and not os.path.exists(os.environ["TOY_MARK"]):
                open(os.environ["TOY_MARK"], "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
        score = (run.configuration["x"] - 0.3) ** 2 + 1.0 / number
        if how == "nan" and number == 2:
            score = float("nan")
        yield Epoch(number, 0.5, {metric.name: score for metric in run.metrics})

FAMILY = Family(
    name="toy", kinds=("table",), source="a toy", build=build, train=train,
    space={"x": Float(0.0, 1.0), "how": "well", "pause": 0.0},
)
"""
)


def write_table(file: Path, n_rows: int = 120, seed: int = 0) -> Path:
    """A regression table with two numbers and a category, as CSV."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n_rows))
    colour = rng.choice(["red", "green", "blue"], size=n_rows)
    price = 2 * a + np.abs(b) + (colour == "red") + rng.normal(size=n_rows) * 0.1
    pl.DataFrame({"a": a, "b": b, "colour": colour, "price": price}).write_csv(file)
    return file


def toy_spec(folder: Path, **changes: Any) -> dict[str, Any]:
    """A spec of a search that takes a second: its own table, and the toy family from a file."""
    family = folder / "toy_family.py"
    family.write_text(FAMILY)
    table = folder / "toy.csv"
    if not table.exists():
        write_table(table)
    spec: dict[str, Any] = {
        "name": "toy",
        "data": {"path": str(table), "target": "price"},
        "families": [{"file": str(family)}],
        "budget": {"trials": 6, "epochs": 4},
        "finalists": {"top": 2, "seeds": 2},
        "resources": {"workers": 2},
    }
    return spec | changes
