"""From encoded rows to predictions, for every kind of task."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from automl.task import Array, TargetScale, Task
from automl.training.devices import failures, randomness

LEAST_ROWS, MOST_ROWS = 64, 4096  # of a batch
_NUMBERS_AT_ONCE = 2**18  # of the inputs of one batch; what layers make of them is larger by far
_SEED_OF_GENERATION = 0
_GENERATED_AT_ONCE = 512
Features = Callable[[Mapping[str, Array]], Array]


def predict(
    network: nn.Module,
    rows_inputs: Mapping[str, Array],
    task: Task,
    target_scale: TargetScale,
    device: str = "cpu",
    features: Features | None = None,
) -> Array:
    """What `network` predicts for encoded rows, float64, in the form that `Rows.target` lists.

    For generation these are the `features` of as many new rows as the inputs have, always the same ones.
    """
    with failures("when it predicted"):
        if task.kind == "generation":
            assert features is not None, "generated rows are judged by features"
            return features(generate(network, n_rows_of(rows_inputs), _SEED_OF_GENERATION, device))
        inputs = to_tensors(rows_inputs, device)
        return to_predictions(outputs_of(network, inputs), task, target_scale)


def generate(network: nn.Module, n_rows: int, seed: int, device: str = "cpu") -> dict[str, Array]:
    """New rows as fields of the signature, encoded; the same seed gives the same rows."""
    was_training = network.training
    network.eval()
    parts: list[Mapping[str, Tensor]] = []
    try:
        with torch.inference_mode(), randomness(seed, 0, device):
            for start in range(0, n_rows, _GENERATED_AT_ONCE):
                parts.append(network.generate(min(_GENERATED_AT_ONCE, n_rows - start)))  # type: ignore[operator]
    finally:
        network.train(was_training)
    return {name: torch.cat([part[name] for part in parts]).cpu().numpy() for name in parts[0]}


def n_rows_of(inputs: Mapping[str, Array]) -> int:
    """How many rows the inputs have."""
    return len(next(iter(inputs.values())))


def to_tensors(arrays: Mapping[str, Array], device: str) -> dict[str, Tensor]:
    """The arrays as float32 and int64 tensors on `device`; on the CPU they share memory if they can."""
    return {name: to_tensor(values, device) for name, values in arrays.items()}


def to_tensor(values: Array, device: str) -> Tensor:
    dtype = np.float32 if np.issubdtype(values.dtype, np.floating) else np.int64
    with warnings.catch_warnings():
        # Arrays shared between processes are read-only, and nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(values, dtype=dtype)).to(device)


def outputs_of(network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """The network's own outputs ``(rows, ...)`` on the CPU, computed without dropout."""
    n_rows = len(next(iter(inputs.values())))
    n_numbers = sum(values[:1].numel() for values in inputs.values()) if n_rows else 1
    size = max(LEAST_ROWS, min(MOST_ROWS, _NUMBERS_AT_ONCE // n_numbers))
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            batches = [
                network(**{name: values[start : start + size] for name, values in inputs.items()})
                for start in range(0, max(n_rows, 1), size)
            ]
            return torch.cat(batches).float().cpu()
    finally:
        network.train(was_training)


def to_predictions(outputs: Tensor, task: Task, target_scale: TargetScale) -> Array:
    """Network outputs ``(rows, n)`` or ``(rows, k, n)`` as predictions, the mean over the k."""
    predicted = averaged(activated(outputs.double(), task)).numpy()
    if task.kind in ("classification", "multilabel", "representation"):
        return predicted
    if task.kind == "anomaly":
        return predicted[:, 0]
    values = target_scale.own_units(predicted)
    if task.kind == "quantile":
        return np.sort(values, axis=1)  # quantiles do not cross (Chernozhukov et al., Econometrica 2010)
    return values[:, 0] if task.kind == "regression" and values.shape[1] == 1 else values


def activated(outputs: Tensor, task: Task) -> Tensor:
    """Logits as probabilities; numbers as they are."""
    if task.kind == "classification":
        return outputs.softmax(dim=-1)
    return outputs.sigmoid() if task.kind == "multilabel" else outputs


def averaged(predictions: Tensor) -> Tensor:
    """``(rows, n)``, the mean of k predictions a row where there are several."""
    return predictions.mean(dim=1) if predictions.ndim == 3 else predictions
