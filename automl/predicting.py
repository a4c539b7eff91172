"""Predictions of a pulled model as a frame and as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from automl.predictor import Predictor
    from automl.task import Array


def prediction_frame(model: Predictor, data: str | Path) -> pl.DataFrame:
    """One row a row of `data`: the prediction, and for classes the probability of each.

    A forecast has one row a step, with its series and its time.
    """
    import polars as pl

    task = model.task
    if task.kind == "forecasting":
        return _forecast(model, data)
    output = model.output(data)
    if task.kind == "classification":
        names = [task.classes[code] for code in output.argmax(axis=1)]
        return pl.DataFrame({"prediction": names, **_columns("probability", task.classes, output)})
    if task.kind == "multilabel":
        labels = ["|".join(c for c, p in zip(task.classes, row, strict=True) if p >= 0.5) for row in output]
        return pl.DataFrame({"prediction": labels, **_columns("probability", task.classes, output)})
    if output.ndim == 1:
        return pl.DataFrame({"anomaly_score" if task.kind == "anomaly" else "prediction": output})
    if task.kind == "quantile":
        return pl.DataFrame(_columns("quantile", [f"{level:g}" for level in task.scales["levels"]], output))
    names = list(task.targets) or [str(i) for i in range(output.shape[1])]
    return pl.DataFrame(
        _columns("embedding" if task.kind == "representation" else "prediction", names, output)
    )


def _forecast(model: Predictor, data: str | Path) -> pl.DataFrame:
    raw = model.raw(data)
    steps = model.preprocessing.encoder.ahead(raw)
    by_step = model.output(raw).reshape(-1, len(model.task.columns), model.task.horizon).swapaxes(1, 2)
    return steps.with_columns(  # type: ignore[no-any-return]
        **_columns("prediction", model.task.columns, by_step.reshape(len(steps), -1))
    )


def _columns(what: str, names: Iterable[str], output: Array) -> dict[str, Array]:
    return {f"{what}_{name}": output[:, i] for i, name in enumerate(names)}


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


def write_generated(rows: Any, file: Path) -> None:
    """Writes generated rows: images side by side in one PNG, or a table.

    Raises:
        RequestError: the file's ending does not suit them.
    """
    import numpy as np

    from automl.data.generated.samples import image_grid

    if not isinstance(rows, np.ndarray):
        write_frame(rows, file)
        return
    if file.suffix != ".png":
        raise RequestError(f"Generated images are written as .png, but got {file.name!r}.")
    try:
        file.write_bytes(image_grid(rows))
    except OSError as error:
        raise RequestError(f"{file} cannot be written: {error.strerror or error}.") from error
