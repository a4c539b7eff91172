"""Rows with labels for a share of the images: training first without labels, and without that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks import _data
from benchmarks._measure import Measure
from benchmarks._rows.judging import interval, measure
from benchmarks._rows.row import Results, Row, Spec

WITH, WITHOUT = "pre-trained", "not pre-trained"


def _specs(name: str) -> Callable[[Path, Path], Mapping[str, Spec]]:
    def specs(_data_folder: Path, work: Path) -> Mapping[str, Spec]:
        data = {"path": str(work / "labelled.npz"), "unlabelled": str(work / "unlabelled.npz")}
        shared = {
            "name": name,
            "data": data,
            "task": "classification",
            "families": ["cnn"],
            "objectives": ["accuracy"],
        }
        return {WITHOUT: {**shared, "space": {"pretraining": "none"}}, WITH: shared}

    return specs


def _significantly_better(name: str, bounded: bool) -> Callable[[Results], list[Measure]]:
    """A judge: the pre-trained network is to have a better rank than the other one.

    Both are ranked on one leaderboard, which pairs their predictions row by row: ranks differ only where the
    difference is significant. The intervals of both are printed; being of single scores and not of the
    difference, they may overlap all the same.
    """

    def judge(results: Results) -> list[Measure]:
        from automl import api

        other, ours = results.outcomes[WITHOUT], results.outcomes[WITH]
        board = api.leaderboard(dataset=ours.board["dataset"][0], store=ours.store)
        rank = dict(board.filter(pl.col("kind") == "refit").select("entry", "rank").iter_rows())
        ranks = [rank[outcome.network["entry"]] for outcome in (ours, other)]
        plain = measure(f"{name} {WITHOUT}", other)
        peer = (f"{WITHOUT} {interval(other)}, ranks {ranks[0]} and {ranks[1]}", plain.value)
        found = measure(f"{name} {WITH}", ours, plain.value if bounded else None, peer)
        better = None not in ranks and ranks[0] < ranks[1]
        return [plain, Measure(**(vars(found) | {"met": better if bounded else None}))]

    return judge


def _row(percent: int, bounded: bool = True) -> Row:
    name = f"pretraining_{percent}"
    files = partial(_data.partly_labelled_images, share=percent / 100)
    return Row(_specs(name.replace("_", "-")), _significantly_better(name, bounded), files, minutes=40)


ROWS = {f"pretraining_{percent}": _row(percent, percent < 100) for percent in (1, 10, 100)}
