"""Rows on texts."""

from __future__ import annotations

from pathlib import Path

from benchmarks import _data
from benchmarks._rows.judging import reaches
from benchmarks._rows.row import Row, Spec, one


def _film_reviews(_data_folder: Path, work: Path) -> Spec:
    return {
        "data": {"path": str(work / "film_reviews.csv"), "target": "label"},
        "task": "classification",
        "objectives": ["accuracy"],
        "split": {"test": 0.1, "validation": 0.1, "seed": 0},
    }


ROWS = {"rt_polarity": Row(one(_film_reviews), reaches("rt_polarity", 0.76), _data.film_reviews)}
