"""From encoded rows to predictions: class probabilities, or values in the target's own units."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from automl.task import Array, TargetScale, Task
from automl.training.devices import failures

PREDICT_BATCH_SIZE = 4096


def predict(
    network: nn.Module,
    rows_inputs: Mapping[str, Array],
    task: Task,
    target_scale: TargetScale,
    device: str = "cpu",
    batch_size: int = PREDICT_BATCH_SIZE,
) -> Array:
    """What `network` predicts for encoded rows.

    Returns:
        ``(rows, n_classes)`` probabilities, or ``(rows,)`` values in own units; float64 either way.
    """
    with failures("when it predicted"):
        inputs = to_tensors(rows_inputs, device)
        return to_predictions(outputs_of(network, inputs, batch_size), task, target_scale)


def to_tensors(arrays: Mapping[str, Array], device: str) -> dict[str, Tensor]:
    """The arrays as float32 and int64 tensors on `device`; on the CPU they share memory if they can."""
    return {name: to_tensor(values, device) for name, values in arrays.items()}


def to_tensor(values: Array, device: str) -> Tensor:
    dtype = np.float32 if np.issubdtype(values.dtype, np.floating) else np.int64
    with warnings.catch_warnings():
        # Arrays shared between processes are read-only, and nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(values, dtype=dtype)).to(device)


def outputs_of(network: nn.Module, inputs: Mapping[str, Tensor], batch_size: int) -> Tensor:
    """The network's own outputs ``(rows, n_outputs)`` on the CPU, computed without dropout."""
    n_rows = len(next(iter(inputs.values())))
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            batches = [
                network(**{name: values[start : start + batch_size] for name, values in inputs.items()})
                for start in range(0, max(n_rows, 1), batch_size)
            ]
            return torch.cat(batches).float().cpu()
    finally:
        network.train(was_training)


def to_predictions(outputs: Tensor, task: Task, target_scale: TargetScale) -> Array:
    """Network outputs as probabilities that sum to 1, or as values in the target's own units."""
    exact = outputs.double()
    if task.kind == "classification":
        return exact.softmax(dim=1).numpy()
    return exact.squeeze(1).numpy() * target_scale.deviation + target_scale.mean
