"""Rows on generated images: each kind of network beside a normal distribution, judged by two sets of features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks._measure import Measure
from benchmarks._rows.judging import measure
from benchmarks._rows.row import Results, Row, Spec

TIMES_BASELINE = 0.5
FAMILIES = ("vae", "gan")


def _specs(source: Callable[[Path], dict[str, Any]]) -> Callable[[Path, Path], Mapping[str, Spec]]:
    def specs(data: Path, _work: Path) -> Mapping[str, Spec]:
        shared = {"data": source(data), "task": "generation", "objectives": ["frechet_distance"]}
        return {family: {**shared, "families": [family]} for family in FAMILIES}

    return specs


def _beside_normal(name: str) -> Callable[[Results], list[Measure]]:
    """A judge: half the distance of the normal distribution, by the product's own features."""

    def judge(results: Results) -> list[Measure]:
        from benchmarks._rows.second_judge import second_distances

        found = []
        for family, outcome in results.outcomes.items():
            normal = outcome.baseline("gaussian")
            peer = None if normal is None else ("gaussian, same rows", normal)
            reach = None if normal is None else TIMES_BASELINE * normal
            found.append(measure(f"{name} {family}", outcome, reach, peer))
        return found + second_distances(name, results)

    return judge


def _fashion(data: Path) -> dict[str, Any]:
    return {"path": str(data / "fashion_mnist" / "fashion_mnist.npz")}


ROWS = {
    "generation_digits": Row(
        _specs(lambda _data: {"name": "digits"}), _beside_normal("generation_digits"), needs_data=False
    ),
    "generation_fashion": Row(_specs(_fashion), _beside_normal("generation_fashion"), minutes=40),
}
