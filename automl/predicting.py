"""Predictions of a pulled model as a frame and as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from automl.predictor import Predictor


def prediction_frame(model: Predictor, data: str | Path) -> pl.DataFrame:
    """One row a row of `data`: the prediction, and for classes the probability of each."""
    import polars as pl

    if model.task.kind == "regression":
        return pl.DataFrame({"prediction": model.predict(data)})
    probabilities = model.predict_proba(data)
    names = [model.task.classes[code] for code in probabilities.argmax(axis=1)]
    columns = {f"probability_{name}": probabilities[:, i] for i, name in enumerate(model.task.classes)}
    return pl.DataFrame({"prediction": names, **columns})


def check_ending(file: Path) -> None:
    """Refuses a file that predictions cannot be written to, before any are made."""
    if file.suffix not in (".csv", ".parquet"):
        raise RequestError(f"Predictions are written as .csv or .parquet, but got {file.name!r}.")
    if not file.absolute().parent.is_dir():
        raise RequestError(f"{file} cannot be written: there is no folder {file.parent}.")


def write_frame(frame: pl.DataFrame, file: Path) -> None:
    """Writes a frame as its file's ending says.

    Raises:
        RequestError: another ending, or the file cannot be written.
    """
    check_ending(file)
    writers: dict[str, Callable[[Path], Any]] = {".csv": frame.write_csv, ".parquet": frame.write_parquet}
    try:
        writers[file.suffix](file)
    except OSError as error:
        raise RequestError(f"{file} cannot be written: {error.strerror or error}.") from error
