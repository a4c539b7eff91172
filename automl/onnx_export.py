"""A bundle's network as ONNX, for use where Python or PyTorch is not."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from automl import bundle
from automl import bundle_files as files
from automl.errors import BundleError, RequestError
from automl.family import Family
from automl.predictor import Predictor
from automl.signature import Signature
from automl.task import NUMERIC, Array, TargetScale, Task
from automl.training.predict import activated, averaged

OUTPUT = "prediction"
_TOLERANCE = 1e-4
_LEAST = 1e-3  # of the largest number, so that errors of rounding in scores of any size pass
_N_CHECKED = (1, 7)  # numbers of rows: the batch dimension is to be free


def export_onnx(folder: str | Path, family: Family | None = None) -> Path:
    """Adds ``model.onnx`` to a bundle and to its manifest, once it agrees with torch to 1e-4.

    Its inputs are the encoded fields of the signature by name, the batch dimension first and free;
    its output ``prediction`` has the form that `Rows.target` lists for the task.

    Raises:
        RequestError: the packages of the extra ``onnx`` are not installed.
        BundleError: the network cannot be exported, or the exported one predicts something else.
    """
    runtime = _runtime()
    folder = Path(folder)
    predictor = bundle.load(folder, family=family)
    if predictor.task.kind == "generation":
        raise RequestError(
            "A model that generates rows has random numbers inside and is not exported to ONNX; use it with "
            "`automl generate` or `automl.load`."
        )
    temporary = folder / f".{files.ONNX}.{os.getpid()}.tmp"
    try:
        write_onnx(predictor, temporary)
        check_onnx(runtime, predictor, temporary)
        files.write_file(folder / files.ONNX, temporary.read_bytes())
    finally:
        temporary.unlink(missing_ok=True)
    files.write_manifest(folder)
    return folder / files.ONNX


def _runtime() -> Any:
    try:
        for name in ("onnx", "onnxscript"):
            importlib.import_module(name)
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise RequestError(
            f"Exporting to ONNX needs the package {error.name}; install it with: pip install 'automl[onnx]'"
        ) from error


class _Whole(nn.Module):
    """The network with what follows it, from encoded fields in order to predictions."""

    def __init__(self, network: nn.Module, names: tuple[str, ...], task: Task, scale: TargetScale) -> None:
        super().__init__()
        self.network = network
        self.names = names
        self.task = task
        self.scale = scale

    def forward(self, *fields: Tensor) -> Tensor:
        outputs: Tensor = self.network(**dict(zip(self.names, fields, strict=True)))
        predicted = averaged(activated(outputs, self.task))
        if self.task.kind in NUMERIC:
            mean, deviation = (
                torch.tensor(v, dtype=torch.float32) for v in (self.scale.mean, self.scale.deviation)
            )
            predicted = predicted * deviation + mean
        if self.task.kind == "quantile":
            predicted = predicted.sort(dim=1).values
        return predicted.squeeze(1) if self.task.kind in ("regression", "anomaly") else predicted


def write_onnx(predictor: Predictor, path: Path) -> None:
    """Exports the network and what follows it, encoded fields in, predictions out.

    Raises:
        BundleError: it cannot be exported.
    """
    names = tuple(predictor.signature.inputs)
    whole = _Whole(predictor.network, names, predictor.task, predictor.target_scale).eval()
    rows = _random_rows(predictor.signature, n_rows=3)
    batch = torch.export.Dim("batch", min=1)
    with _quiet():
        try:
            torch.onnx.export(
                whole,
                tuple(torch.from_numpy(rows[name]) for name in names),
                str(path),
                dynamo=True,
                external_data=False,
                input_names=list(names),
                output_names=[OUTPUT],
                dynamic_shapes=(tuple({0: batch} for _ in names),),
                verbose=False,
            )
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            raise BundleError(f"The network cannot be exported to ONNX: {first}") from error


def check_onnx(runtime: Any, predictor: Predictor, path: Path) -> None:
    """Compares an exported network with the model, on random rows.

    Raises:
        BundleError: they predict something else.
    """
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for n_rows in _N_CHECKED:
        rows = _random_rows(predictor.signature, n_rows)
        wanted = predictor.output(rows)
        (given,) = session.run([OUTPUT], dict(rows))
        same_shape = given.shape == wanted.shape
        size = np.maximum(np.asarray(predictor.target_scale.deviation), _LEAST * np.abs(wanted).max())
        difference = float(np.max(np.abs(given - wanted) / size)) if same_shape else float("inf")
        if not difference <= _TOLERANCE:
            raise BundleError(
                f"The exported network differs from the model by {difference:.2g}, more than {_TOLERANCE:g} "
                "(in deviations of the target, or probability); model.onnx was not kept."
            )


def _random_rows(signature: Signature, n_rows: int) -> Mapping[str, Array]:
    rng = np.random.default_rng(n_rows)
    rows: dict[str, Array] = {}
    longest = max(field.shape[-1] for field in signature.inputs.values() if field.shape)
    for name, field in signature.inputs.items():
        if field.dtype == "int64":
            low, high = (1, (longest + 1,)) if name == "length" else (0, field.cardinalities)
            rows[name] = rng.integers(low, high, (n_rows, *field.shape), dtype=np.int64)
        else:
            rows[name] = rng.normal(size=(n_rows, *field.shape)).astype(np.float32)
    return rows


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own affairs, which a user can do nothing about."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
