"""How good the models are that a search finds: real data, two cores, each search within 20 minutes.

``python -m benchmarks.quality [--only houses] [--minutes 20] [--data DIR] [--quick] [--json FILE]``

Each row is one search with the default spec, as a user would type it, its finalists trained again
over seeds and scored once on the test split: the given one, or 20 % at random with split seed 0. The
best network is the one that `pull` would give (chosen by validation); its mean over the final seeds
stands beside its interval and the baselines on the same rows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks._measure import Measure, arguments, development_data, report

ADULT_COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
    "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One search and what it has to reach.

    Args:
        spec: of the search, from the folder of the development data and one to write into.
        reach: the score to reach; with `times_baseline`, that many times the gradient boosting's.
    """

    metric: str
    reach: float
    spec: Callable[[Path | None, Path], dict[str, Any]]
    times_baseline: bool = False


def _table(file: str) -> Callable[[Path | None, Path], dict[str, Any]]:
    def spec(data: Path | None, work: Path) -> dict[str, Any]:
        del work
        assert data is not None
        return {"data": {"path": str(data / "tabular" / file), "target": "target"}}

    return spec


def _classes(file: str) -> Callable[[Path | None, Path], dict[str, Any]]:
    return lambda data, work: {**_table(file)(data, work), "task": "classification"}


def _adult(data: Path | None, work: Path) -> dict[str, Any]:
    """The two files with a header, and the same labels in both: the test file's end in a dot."""
    assert data is not None
    for part in ("train", "test"):
        frame = pl.read_csv(
            data / "adult" / f"adult.{part}", has_header=False, new_columns=list(ADULT_COLUMNS)
        )
        text = pl.col(pl.String).str.strip_chars().str.strip_chars_end(".")
        frame.with_columns(text).write_parquet(work / f"adult_{part}.parquet")
    return {
        "name": "adult",
        "data": {"path": str(work / "adult_train.parquet"), "target": "income"},
        "split": {"test": str(work / "adult_test.parquet")},
    }


ROWS = {
    "houses": Row("rmse", 1.08, _table("537_houses.tsv.gz"), times_baseline=True),
    "adult": Row("accuracy", 0.852, _adult),
    "letter": Row("accuracy", 0.96, _classes("letter.tsv.gz")),
    "phoneme": Row("accuracy", 0.88, _classes("phoneme.tsv.gz")),
    "digits": Row("accuracy", 0.985, lambda _data, _work: {"data": {"name": "digits"}}),
}


def measure(name: str, row: Row, data: Path | None, minutes: float, quick: bool) -> Measure:
    """Runs one search and compares its network with what it has to reach."""
    from automl import api

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="automl-quality-") as folder:
        work = Path(folder)
        spec = row.spec(data, work) | {"objectives": [row.metric]}
        spec["budget"] = {"trials": 6, "epochs": 4, "time": 60} if quick else {"time": minutes * 60 * 0.97}
        if quick:
            spec["finalists"] = {"top": 1, "seeds": 2}
        result = api.search(spec, store=work / "store")
        board = result.leaderboard()
        trials = result.trials()
    seconds = time.monotonic() - began
    print(f"\n{name}: {trials.height} trials in {seconds:.0f} s; {result.message}")
    with pl.Config(tbl_rows=20, tbl_cols=9, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
        print(
            board.select(
                "rank", "entry", "family", "score", "low", "high", "n_seeds", "n_rows", "validation_score"
            )
        )
    minimise = board["goal"][0] == "min"
    networks = board.filter(pl.col("kind") == "refit").sort("validation_score", descending=not minimise)
    baseline = board.filter(pl.col("entry") == "gradient_boosting")
    score = float(networks["score"][0])
    peer = float(baseline["score"][0]) if baseline.height else None
    reach = row.reach * peer if row.times_baseline and peer is not None else row.reach
    return Measure(
        name=f"{name} {row.metric} [{networks['low'][0]:.5g}, {networks['high'][0]:.5g}], n={networks['n_seeds'][0]}",
        value=score,
        unit=row.metric,
        reach=reach,
        met=score <= reach if minimise else score >= reach,
        peer="gradient boosting, same split",
        peer_value=peer,
        ratio=score / peer if peer else None,
        repeats=int(networks["n_seeds"][0]),
        seconds=seconds,
    )


def main() -> None:
    options = arguments(__doc__, only="", minutes=20.0, data="")
    data = development_data(options.data)
    wanted = [name for name in ROWS if options.only in ("", name)]
    assert wanted, f"--only is one of {', '.join(ROWS)}"
    measures = []
    for name in wanted:
        if data is None and name != "digits":
            print(f"{name}: skipped, since neither --data nor AUTOML_DATA names the development data.")
            continue
        measures.append(measure(name, ROWS[name], data, options.minutes, options.quick))
    report(measures, options.json)


if __name__ == "__main__":
    main()
