"""A trained model in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from automl import catalog, training
from automl.errors import DataError, RequestError
from automl.signature import Signature
from automl.task import Array, TargetScale, Task
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
        """The class names, in the order of the columns of `predict_proba`; empty where there are none."""
        return self.task.classes

    @property
    def input_schema(self) -> Any:
        """What the data must look like: for a table, the type of each column by name."""
        return self.preprocessing.schema()

    def predict(self, data: Data) -> Array | list[str] | list[list[str]]:
        """What the model says of each row, by its task.

        - classification: the name of the class
        - multilabel: the names of the labels whose probability is at least one half
        - regression: ``(rows,)`` or ``(rows, n_targets)`` in own units; quantile ``(rows, n_levels)``
        - forecasting: ``(rows, n_targets, horizon)`` in own units
        - anomaly: ``(rows,)`` scores, more for stranger rows
        - representation: ``(rows, n_features)`` embeddings

        Args:
            data: a path, a polars frame, a dictionary of columns, an array of images (uint8
                ``(rows, height, width, channels)`` or ``(rows, height, width)``), a list of texts, or of
                recordings or series as arrays, or inputs already encoded, by the names of the signature.

        Raises:
            DataError: a column is missing or cannot be read as what it was.
            RequestError: the model generates rows.
        """
        output = self.output(data)
        if self.task.kind == "classification":
            return [self.classes[code] for code in output.argmax(axis=1)]
        if self.task.kind == "multilabel":
            return [[name for name, p in zip(self.classes, row, strict=True) if p >= 0.5] for row in output]
        if self.task.kind == "forecasting":
            return output.reshape(len(output), -1, self.task.horizon)
        return output

    def predict_proba(self, data: Data) -> Array:
        """The probability of each class or label, ``(rows, n)``, in the order of `classes`.

        Raises:
            RequestError: the model predicts something else.
        """
        if self.task.kind not in ("classification", "multilabel"):
            raise RequestError(
                f"The model is for {self.task.kind} of {self.task.target or 'rows'}, which has no probabilities."
            )
        return self.output(data)

    def generate(self, n_rows: int, seed: int = 0) -> Any:
        """New rows like those of training: a polars frame, or uint8 images ``(rows, height, width, channels)``.

        Raises:
            RequestError: the model does not generate rows.
        """
        if self.task.kind != "generation":
            raise RequestError(f"The model is for {self.task.kind}; it does not generate rows.")
        raw = self.preprocessing.decode(training.generate(self.network, n_rows, seed, self.device))
        return raw.frame if raw.values is None else raw.values

    def evaluate(self, data: Data) -> dict[str, float]:
        """The score by every metric that fits, on data that hold the target too.

        Args:
            data: as for `predict`, but not encoded; images in memory are given with their classes as
                ``{"image": array, "label": names}``.

        Raises:
            DataError: the target is missing, or holds a class that training never saw.
        """
        raw = self.raw(data)
        lacking = [name for name in self.task.columns if name not in raw.frame.columns]
        if lacking and self.task.kind != "generation" and raw.kind != "table":
            raise DataError(
                f"Rows can be judged only with their targets: give {{..., {lacking[0]!r}: values}} or a path "
                f"that has them, but only {raw.kind} data came."
            )
        inputs, target = self.preprocessing.judged(raw)
        prediction = self._output(inputs)
        return {metric.name: metric.compute(target, prediction) for metric in catalog.metrics_for(self.task)}

    def describe(self) -> str:
        """The model in a few lines for people."""
        details = self.model.get("details", {})
        lines = [
            f"{self.model['family']} for {self.what()}",
            f"weights: {training.n_parameters(self.network):,}",
        ]
        lines += [f"{key}: {details[key]}" for key in ("search_id", "trial", "seed") if key in details]
        for split, scores in details.get("scores", {}).items():
            shown = ", ".join(f"{name} {number(score)}" for name, score in scores.items())
            lines.append(f"{split}: {shown}")
        return "\n".join(lines)

    def what(self) -> str:
        """What it does, in some words."""
        task = self.task
        return {
            "classification": f"predicting {task.target} (one of {len(task.classes)} classes)",
            "multilabel": f"predicting {task.target} (any of {len(task.classes)} labels)",
            "regression": f"predicting {task.target} ({'numbers' if task.targets else 'a number'})",
            "quantile": f"predicting quantiles of {task.target}",
            "forecasting": f"forecasting {task.target}, {task.horizon} steps ahead",
            "anomaly": "scoring how strange a row is",
            "generation": "generating rows",
            "representation": "embedding rows",
        }[task.kind]

    def output(self, data: Data) -> Array:
        """Predictions as plain numbers, in the form that `automl.task.Rows` lists."""
        if self.task.kind == "generation":
            raise RequestError("The model generates rows and predicts nothing; use generate(n_rows).")
        return self._output(data if self._is_encoded(data) else self.preprocessing.encode(self.raw(data)))

    def _output(self, inputs: Mapping[str, Array]) -> Array:
        features = self.preprocessing.features
        if len(next(iter(inputs.values()))) == 0:
            n_outputs = self.signature.n_outputs
            flat = self.task.kind == "anomaly" or (self.task.kind == "regression" and n_outputs == 1)
            return np.empty((0,) if flat else (0, n_outputs))
        return training.predict(self.network, inputs, self.task, self.target_scale, self.device, features)

    def raw(self, data: Data) -> Any:
        """The rows that `data` holds, as `automl.data.RawData`."""
        if isinstance(data, str | Path):
            from automl.data import read_for_prediction

            return read_for_prediction(Path(data), self.preprocessing)
        return self.preprocessing.raw(data)

    def _is_encoded(self, data: Data) -> bool:
        fields = self.signature.inputs
        return (
            isinstance(data, Mapping)
            and set(data) == set(fields)
            and all(
                isinstance(values, np.ndarray)
                and values.shape[1:] == fields[name].shape
                and values.dtype == fields[name].dtype
                for name, values in data.items()
            )
        )
