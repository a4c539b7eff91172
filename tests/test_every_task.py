"""From raw files to predictions for every kind of task and of data: searched, pulled, loaded, used, judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

import automl
from automl.api import SearchResult
from automl.execution.local import LocalExecutor
from automl.predicting import prediction_frame, write_generated
from automl.task import KINDS, TASK_KINDS

N = 60


def table(folder: Path) -> Path:
    random = np.random.default_rng(0)
    x = random.normal(size=(N, 3))
    frame = pl.DataFrame(
        {"x": x[:, 0], "y": x[:, 1], "z": x[:, 2], "place": ["here", "there", "away"] * (N // 3)}
    )
    frame = frame.with_columns(
        a=pl.Series((x[:, 0] > 0).astype(int)),
        b=pl.Series((x[:, 1] > 0.2).astype(int)),
        size=pl.Series(x[:, 0] + 0.1 * random.normal(size=N)),
        cost=pl.Series(x[:, 1] - x[:, 2] + 0.1 * random.normal(size=N)),
        odd=pl.Series((np.arange(N) % 12 == 0).astype(int)),
    )
    frame.write_csv(folder / "rows.csv")
    return folder / "rows.csv"


def pictures(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(N):
        label = ("dark", "light")[number % 2]
        (folder / "pictures" / label).mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 100, (8, 8)) + 120 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "pictures" / label / f"{number}.png")
    return folder / "pictures"


def reviews(folder: Path) -> Path:
    random = np.random.default_rng(0)
    words = [
        "the",
        "a",
        "film",
        "plot",
        "was",
        "with",
        "and",
        "of",
        "story",
        "actor",
        "scene",
        "very",
        "quite",
        "rather",
    ]
    rows = []
    for number in range(N):
        common = list(random.choice(words, 7))
        rows.append(
            (" ".join([*common, ("dreadful", "lovely")[number % 2], str(words[number % 9])]), number % 2)
        )
    pl.DataFrame(rows, schema=["review", "liked"], orient="row").write_csv(folder / "reviews.csv")
    return folder / "reviews.csv"


def sounds(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(N):
        label = ("low", "high")[number % 2]
        (folder / "sounds" / label).mkdir(parents=True, exist_ok=True)
        steps = np.arange(400 + 10 * (number % 5))
        wave = 0.3 * np.sin(steps * (0.2, 0.9)[number % 2]) + 0.05 * random.normal(size=len(steps))
        soundfile.write(folder / "sounds" / label / f"{number}.wav", wave, 8000)
    return folder / "sounds"


def waves(folder: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["@problemName waves", "@classLabel true 0 1", "@data"]
    for number in range(N):
        values = np.sin(np.arange(16) * (0.3, 0.8)[number % 2]) + 0.1 * random.normal(size=16)
        lines.append(",".join(f"{value:.3f}" for value in values) + f":{number % 2}")
    (folder / "waves.ts").write_text("\n".join(lines) + "\n")
    return folder / "waves.ts"


def hours(folder: Path) -> Path:
    steps = np.arange(200)
    values = 10 + 3 * np.sin(2 * np.pi * steps / 24) + np.random.default_rng(0).normal(size=200)
    times = [datetime(2024, 1, 1) + timedelta(hours=int(step)) for step in steps]
    pl.DataFrame({"time": times, "load": values}).write_csv(folder / "hours.csv")
    return folder / "hours.csv"


@dataclass(frozen=True)
class Case:
    """A search on the data that `make` writes, and what predictions of its model are like."""

    make: Any
    kind: str
    task: str
    families: list[str]
    data: dict[str, Any]
    columns: int
    rows: int = N
    given: bool = True  # whether the spec names the task, or leaves it to be inferred

    def search(self, source: Path, store: Path) -> SearchResult:
        """A search of one trial on the data that lie at `source`."""
        return automl.search(
            {
                "data": {"path": str(source), **self.data},
                "task": self.task if self.given else "auto",
                "families": self.families,
                "budget": {"trials": 1, "epochs": 1},
                "finalists": {"top": 1, "seeds": 1},
            },
            store=store,
            executor=LocalExecutor(),
        )


X = ["x", "y", "z", "place"]


def _only(*targets: str) -> dict[str, Any]:
    others = {"a", "b", "size", "cost", "odd"} - set(targets)
    target: Any = list(targets) if len(targets) > 1 else targets[0]
    return {"target": target, "types": dict.fromkeys(sorted(others), "ignore")}


CASES = [
    Case(table, "table", "classification", ["mlp"], _only("a"), 3, given=False),
    Case(table, "table", "multilabel", ["resnet"], _only("a", "b"), 3, given=False),
    Case(table, "table", "regression", ["tabm"], _only("size", "cost"), 2, given=False),
    Case(table, "table", "quantile", ["mlp"], {**_only("cost"), "levels": [0.2, 0.5, 0.8]}, 3),
    Case(table, "table", "anomaly", ["autoencoder"], _only("odd"), 1),
    Case(table, "table", "representation", ["vae"], _only("a"), 0),
    Case(table, "table", "generation", ["gan"], _only("a"), 0),
    Case(pictures, "image", "classification", ["cnn"], {}, 3, given=False),
    Case(pictures, "image", "generation", ["vae"], {}, 0),
    Case(reviews, "text", "classification", ["text_cnn"], {"target": "liked"}, 3, given=False),
    Case(sounds, "audio", "classification", ["rnn"], {}, 3, given=False),
    Case(waves, "series", "classification", ["tcn"], {}, 3, given=False),
    Case(
        hours, "series", "forecasting", ["dlinear"], {"target": "load", "horizon": 4, "look_back": 12}, 2, 4
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.task}")
def test_raw_files_become_a_model_that_is_used_on_raw_files(case: Case, tmp_path: Path) -> None:
    source = case.make(tmp_path)
    result = case.search(source, tmp_path / "store")
    assert result.state == "complete"
    board = result.leaderboard()
    assert (board["kind"] == "refit").sum() == 1
    assert (board["kind"] == "baseline").sum() >= 1
    assert board["rank"].null_count() == 0
    model = automl.load(result.pull(tmp_path / "model"))
    assert (model.task.kind, model.signature.kind) == (case.task, case.kind)
    card = (tmp_path / "model" / "README.md").read_text()
    assert case.kind in card
    if case.task == "generation":
        assert list((tmp_path / "model").glob("samples.*"))
        made = model.generate(5, seed=1)
        assert len(made) == 5
        write_generated(made, tmp_path / ("made.png" if case.kind == "image" else "made.csv"))
    else:
        frame = prediction_frame(model, source)
        assert frame.height == case.rows
        assert case.columns in (0, frame.width)
        assert frame.null_count().sum_horizontal().item() == 0
    scores = model.evaluate(source)
    assert set(board["metric"]) <= set(scores)
    assert all(np.isfinite(list(scores.values())))


def test_every_task_and_kind_of_data_has_a_case() -> None:
    assert {case.task for case in CASES} == set(TASK_KINDS)
    assert {case.kind for case in CASES} == set(KINDS)
