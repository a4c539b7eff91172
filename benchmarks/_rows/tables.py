"""Rows on tables of numbers and categories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import _data
from benchmarks._rows.judging import reaches, reaches_baseline
from benchmarks._rows.row import Row, Spec, one


def _table(file: str, task: str, metric: str) -> Callable[[Path, Path], Spec]:
    def spec(data: Path, work: Path) -> Spec:
        del work
        path = str(data / "tabular" / file)
        return {"data": {"path": path, "target": "target"}, "task": task, "objectives": [metric]}

    return spec


def _adult(_data_folder: Path, work: Path) -> Spec:
    return {
        "name": "adult",
        "data": {"path": str(work / "adult_train.parquet"), "target": "income"},
        "task": "classification",
        "objectives": ["accuracy"],
        "split": {"test": str(work / "adult_test.parquet")},
    }


ROWS = {
    "houses": Row(
        one(_table("537_houses.tsv.gz", "regression", "rmse")),
        reaches_baseline("houses", "gradient_boosting"),
        minutes=60,
    ),
    "adult": Row(one(_adult), reaches("adult", 0.860), _data.adult),
    "letter": Row(one(_table("letter.tsv.gz", "classification", "accuracy")), reaches("letter", 0.96)),
    "phoneme": Row(one(_table("phoneme.tsv.gz", "classification", "accuracy")), reaches("phoneme", 0.88)),
}
