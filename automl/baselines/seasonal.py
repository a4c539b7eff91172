"""The last season of each target over again: the seasonal naive forecast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict
from automl.signature import Signature
from automl.task import Array, Rows, Task


def _fit(_train: Rows, signature: Signature, task: Task, _seed: int) -> Predict:
    mean, deviation = (np.asarray(task.scales[name], np.float64) for name in ("mean", "deviation"))
    n_targets = task.n_outputs // task.horizon
    look_back = signature.inputs["past"].shape[1]
    season = signature.details.get("season", 1)
    season = season if season <= look_back else 1
    places = look_back - season + np.arange(task.horizon) % season

    def predict(inputs: Mapping[str, Array]) -> Array:
        again = inputs["past"][:, :n_targets, places].astype(np.float64)
        return np.asarray(again.reshape(len(again), -1) * deviation + mean)

    return predict


BASELINE = Baseline(
    "seasonal", ("forecasting",), ("series",), "the values of the last season over again", _fit
)
