"""A trained model in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from automl import catalog, training
from automl.errors import DataError, RequestError
from automl.task import Array, Signature, TargetScale, Task
from automl.wording import number

Data = Any  # a path, a polars frame, columns by name, an array of images, or encoded inputs


class Predictor:
    """What `automl.load` returns: a network with all that turns raw data into predictions.

    Args:
        model: the content of the bundle's ``model.json``.
    """

    def __init__(
        self,
        network: nn.Module,
        signature: Signature,
        task: Task,
        target_scale: TargetScale,
        preprocessing: Any,
        model: Mapping[str, Any],
        device: str = "cpu",
    ) -> None:
        self.network = network
        self.signature = signature
        self.task = task
        self.target_scale = target_scale
        self.preprocessing = preprocessing
        self.model = model
        self.device = device

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the columns of `predict_proba`; empty for regression."""
        return self.task.classes

    @property
    def input_schema(self) -> Any:
        """What the data must look like: for a table, the type of each column by name."""
        return self.preprocessing.schema()

    def predict(self, data: Data) -> Array | list[str]:
        """The class name of each row, or its value ``(rows,)`` in the target's own units.

        Args:
            data: a path, a polars frame, a dictionary of columns, an array of images (uint8
                ``(rows, height, width, channels)`` or ``(rows, height, width)``), or inputs already
                encoded, by the names of the signature.

        Raises:
            DataError: a column is missing or cannot be read as what it was.
        """
        prediction = self._predict(data)
        if self.task.kind == "regression":
            return prediction
        return [self.classes[code] for code in prediction.argmax(axis=1)]

    def predict_proba(self, data: Data) -> Array:
        """The probability of each class, ``(rows, n_classes)``, in the order of `classes`.

        Raises:
            RequestError: the model predicts numbers.
        """
        if self.task.kind == "regression":
            raise RequestError(f"The model predicts the number {self.task.target!r}, which has no classes.")
        return self._predict(data)

    def evaluate(self, data: Data) -> dict[str, float]:
        """The score by every metric that fits, on data that hold the target too.

        Args:
            data: as for `predict`, but not encoded; images in memory are given with their classes as
                ``{"image": array, "label": names}``.

        Raises:
            DataError: the target is missing, or holds a class that training never saw.
        """
        raw = self._read(data)
        if isinstance(raw, np.ndarray):
            raise DataError(
                f'Images can be judged only with their classes: give {{"image": array, '
                f'"{self.task.target}": names}}, but an array alone came.'
            )
        target = self.preprocessing.encode_target(getattr(raw, "frame", raw))
        prediction = self._predict(raw)
        return {metric.name: metric.compute(target, prediction) for metric in catalog.metrics_for(self.task)}

    def describe(self) -> str:
        """The model in a few lines for people."""
        details = self.model.get("details", {})
        what = f"one of {len(self.classes)} classes" if self.classes else "a number"
        lines = [
            f"{self.model['family']} that predicts {self.task.target} ({what})",
            f"weights: {training.n_parameters(self.network):,}",
        ]
        lines += [f"{key}: {details[key]}" for key in ("search_id", "trial", "seed") if key in details]
        for split, scores in details.get("scores", {}).items():
            shown = ", ".join(f"{name} {number(score)}" for name, score in scores.items())
            lines.append(f"{split}: {shown}")
        return "\n".join(lines)

    def _predict(self, data: Data) -> Array:
        inputs = data if self._is_encoded(data) else self.preprocessing.encode(self._read(data))
        if len(next(iter(inputs.values()))) == 0:
            shape = (0, len(self.classes)) if self.classes else (0,)
            return np.empty(shape)
        return training.predict(self.network, inputs, self.task, self.target_scale, self.device)

    def _read(self, data: Data) -> Any:
        """What `Preprocessing.encode` takes."""
        if isinstance(data, str | Path):
            from automl.data import read_for_prediction

            return read_for_prediction(Path(data), self.preprocessing)
        if isinstance(data, np.ndarray):
            return self._images(data)
        if isinstance(data, Mapping):
            import polars as pl

            if self.signature.kind != "image":
                return pl.DataFrame(dict(data), strict=False)
            from automl.data import RawData

            rest = {name: values for name, values in data.items() if name != "image"}
            if "image" not in data:
                raise DataError(f'Images are given as "image", but got {", ".join(map(str, data))}.')
            return RawData("data", "image", pl.DataFrame(rest), self._images(np.asarray(data["image"])))
        return data.collect() if hasattr(data, "collect") else data

    def _images(self, images: Array) -> Array:
        if self.signature.kind != "image":
            raise DataError(
                "This model was trained on a table: give a frame or a dictionary of columns, so that columns "
                f"have names, but an array of shape {images.shape} came."
            )
        if images.dtype != np.uint8 or images.ndim not in (3, 4):
            raise DataError(
                "Images are uint8, (rows, height, width, channels) or (rows, height, width), but an array of "
                f"{images.dtype} and shape {images.shape} came."
            )
        return images[..., np.newaxis] if images.ndim == 3 else images

    def _is_encoded(self, data: Data) -> bool:
        fields = self.signature.inputs
        return (
            isinstance(data, Mapping)
            and set(data) == set(fields)
            and all(
                isinstance(values, np.ndarray) and values.shape[1:] == fields[name].shape
                for name, values in data.items()
            )
        )
