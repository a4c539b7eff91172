"""Rows on images with classes."""

from __future__ import annotations

from pathlib import Path

from benchmarks._rows.judging import reaches
from benchmarks._rows.row import Row, Spec, one


def _digits(_data: Path, _work: Path) -> Spec:
    return {"data": {"name": "digits"}, "task": "classification", "objectives": ["accuracy"]}


def _fashion(data: Path, _work: Path) -> Spec:
    path = str(data / "fashion_mnist" / "fashion_mnist.npz")
    return {"data": {"path": path}, "task": "classification", "objectives": ["accuracy"]}


ROWS = {
    "digits": Row(one(_digits), reaches("digits", 0.985), needs_data=False),
    "fashion_mnist": Row(one(_fashion), reaches("fashion_mnist", 0.93), minutes=60),
}
