"""What each family is tried on: one small set of data for each kind of data and group of tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl import catalog
from automl.family import Family
from automl.task import TaskKind
from benchmarks import _data, _made_up

_MOST_ROWS = 1000


@dataclass(frozen=True)
class Cell:
    """One kind of data with one kind of task.

    Args:
        about: what the data are, for people.
        data: as in a spec.
        files: writes what `data` names, once; None where it is there already.
    """

    kind: str
    task: TaskKind
    about: str
    data: dict[str, Any]
    files: Callable[[], None] | None = None

    @property
    def spec(self) -> dict[str, Any]:
        return {"data": {"max_rows": _MOST_ROWS, **self.data}, "task": self.task}


def all_cells(data: Path | None, work: Path) -> list[Cell]:
    """Every cell, on the development data where they are there, else on bundled or generated data.

    Classes stand for all that is predicted of labelled rows: a family that serves them serves numbers,
    labels and quantiles too.
    """
    return [
        _table(data),
        _image(data),
        *(_developed(data, work) if data is not None else _made(work)),
        _anomalous_table(data, work),
        Cell(
            "image",
            "anomaly",
            "digits, 0 and 6 as usual",
            _path(work / "strange_digits.npz", "label"),
            lambda: _strange_digits(work),
        ),
        Cell("table", "representation", "wine", {"name": "wine"}),
        Cell("image", "representation", "digits", {"name": "digits"}),
        Cell("table", "generation", "breast_cancer", {"name": "breast_cancer"}),
        Cell("image", "generation", "digits", {"name": "digits"}),
    ]


def of_family(family: Family, cells: list[Cell]) -> list[Cell]:
    """The cells that a family serves, in the order of its kinds of data."""
    return [
        cell for kind in family.kinds for cell in cells if cell.kind == kind and family.fits(kind, cell.task)
    ]


def families() -> list[Family]:
    return [catalog.family(name) for name in catalog.names("family")]


def _path(path: Path, target: str | None = None) -> dict[str, Any]:
    return {"path": str(path), **({} if target is None else {"target": target})}


def _table(data: Path | None) -> Cell:
    if data is None:
        return Cell("table", "classification", "breast_cancer", {"name": "breast_cancer"})
    return Cell("table", "classification", "phoneme", _path(data / "tabular" / "phoneme.tsv.gz", "target"))


def _image(data: Path | None) -> Cell:
    if data is None:
        return Cell("image", "classification", "digits", {"name": "digits"})
    # Fewer rows, since the boosted trees that stand beside networks need seconds for so many pixels.
    source = {**_path(data / "fashion_mnist" / "fashion_mnist.npz"), "max_rows": 600}
    return Cell("image", "classification", "Fashion-MNIST", source)


def _developed(data: Path, work: Path) -> list[Cell]:
    """Text, audio and series of the development data."""
    horizon = {"time": "date", "target": "OT", "horizon": 24, "look_back": 96}
    return [
        Cell(
            "text",
            "classification",
            "film reviews",
            _path(work / "film_reviews.csv", "label"),
            lambda: _data.film_reviews(data, work),
        ),
        Cell(
            "audio",
            "classification",
            "spoken digits",
            _path(work / "spoken_digits", "label"),
            lambda: _data.spoken_digits(data, work, quick=True),
        ),
        Cell("series", "classification", "JapaneseVowels", _path(data / "ucr" / "JapaneseVowels")),
        Cell(
            "series",
            "forecasting",
            "ETTh1, oil temperature, 24 hours ahead",
            {**_path(work / "ETTh1.csv"), **horizon},
            lambda: _data.transformer_load(data, work),
        ),
    ]


def _made(work: Path) -> list[Cell]:
    """Text, audio and series that are made up."""
    return [
        Cell(
            "text",
            "classification",
            "made-up words",
            _path(work / "texts.csv", "label"),
            lambda: _made_up.texts(work),
        ),
        Cell(
            "audio",
            "classification",
            "made-up tones",
            _path(work / "recordings"),
            lambda: _made_up.recordings(work),
        ),
        Cell(
            "series",
            "classification",
            "made-up waves",
            _path(work / "waves.ts"),
            lambda: _made_up.series(work),
        ),
        Cell(
            "series",
            "forecasting",
            "made-up hours, 24 ahead",
            {**_path(work / "hours.csv", "load"), "time": "time", "horizon": 24, "look_back": 96},
            lambda: _made_up.hours(work),
        ),
    ]


def _anomalous_table(data: Path | None, work: Path) -> Cell:
    if data is None:
        return Cell("table", "anomaly", "breast_cancer", {"name": "breast_cancer"})
    source = _path(work / "cardio.parquet", "label")
    return Cell("table", "anomaly", "cardio", source, lambda: _data.anomalies(data, work))


def _strange_digits(work: Path) -> None:
    """scikit-learn's images of 0 and 6, and for every eight of them one of another digit, labelled 1."""
    from automl.data import read
    from automl.spec import DataSpec

    raw = read(DataSpec(name="digits"))
    assert isinstance(raw.values, np.ndarray)
    is_usual = raw.frame[str(raw.target)].is_in(["0", "6"]).to_numpy()
    usual, others = np.flatnonzero(is_usual), np.flatnonzero(~is_usual)
    chosen = np.random.default_rng(0).permutation(others)[: len(usual) // 8]
    rows = np.concatenate([usual, chosen])
    np.savez(work / "strange_digits.npz", x=raw.values[rows], y=(~is_usual[rows]).astype(np.uint8))
