"""Rows on series: classes of whole series, beside published networks, and a forecast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import _data
from benchmarks._measure import Measure
from benchmarks._rows.judging import half_width, measure, reaches
from benchmarks._rows.published import best_network
from benchmarks._rows.row import Results, Row, Spec, one

# Zeng et al., "Are Transformers Effective for Time Series Forecasting?", AAAI 2023, table 2: DLinear has 0.375
# with this look-back; this is one hundredth more.
ETT_REACH = 0.378
_LOADS = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]


def _ucr(folder: str) -> Callable[[Path, Path], Spec]:
    def spec(data: Path, _work: Path) -> Spec:
        path = str(data / "ucr" / folder)
        return {"data": {"path": path}, "task": "classification", "objectives": ["accuracy"]}

    return spec


def _as_published(name: str, folder: str) -> Callable[[Results], list[Measure]]:
    """A judge: as good as the best published deep network, up to half an interval of our own score."""

    def judge(results: Results) -> list[Measure]:
        assert results.data is not None
        peer = best_network(results.data, folder)
        return [measure(name, results.only, peer[1] - half_width(results.only), peer)]

    return judge


def _ett(_data_folder: Path, work: Path) -> Spec:
    return {
        "data": {
            "path": str(work / "ETTh1.csv"),
            "time": "date",
            "target": _LOADS,
            "horizon": 96,
            "look_back": 336,
        },
        "task": "forecasting",
        "objectives": ["scaled_mse"],
        "split": {"validation": 0.2, "test": 0.2},
    }


def _row(name: str, folder: str) -> Row:
    return Row(one(_ucr(folder)), _as_published(name, folder), minutes=10)


ROWS = {
    "ett": Row(one(_ett), reaches("ett", ETT_REACH), _data.transformer_load, minutes=30),
    "gun_point": _row("gun_point", "GunPoint"),
    "italy_power_demand": _row("italy_power_demand", "ItalyPowerDemand"),
    "arrow_head": _row("arrow_head", "ArrowHead"),
    "japanese_vowels": _row("japanese_vowels", "JapaneseVowels"),
}
