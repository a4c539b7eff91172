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
from automl.task import Array, Signature, TargetScale, Task

OUTPUT = "prediction"
_TOLERANCE = 1e-4
_N_CHECKED = (1, 7)  # numbers of rows: the batch dimension is to be free


def export_onnx(folder: str | Path, family: Family | None = None) -> Path:
    """Adds ``model.onnx`` to a bundle and to its manifest, once it agrees with torch to 1e-4.

    Its inputs are the encoded fields of the signature by name, the batch dimension first and free;
    its output ``prediction`` is ``(batch, n_classes)`` probabilities or ``(batch,)`` own units.

    Raises:
        RequestError: the packages of the extra ``onnx`` are not installed.
        BundleError: the network cannot be exported, or the exported one predicts something else.
    """
    runtime = _runtime()
    folder = Path(folder)
    predictor = bundle.load(folder, family=family)
    temporary = folder / f".{files.ONNX}.{os.getpid()}.tmp"
    try:
        _export(predictor, temporary)
        _check(runtime, predictor, temporary)
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
        if self.task.kind == "classification":
            return outputs.softmax(dim=1)
        return outputs.squeeze(1) * self.scale.deviation + self.scale.mean


def _export(predictor: Predictor, path: Path) -> None:
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


def _check(runtime: Any, predictor: Predictor, path: Path) -> None:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for n_rows in _N_CHECKED:
        rows = _random_rows(predictor.signature, n_rows)
        wanted = predictor.predict(rows) if not predictor.classes else predictor.predict_proba(rows)
        (given,) = session.run([OUTPUT], dict(rows))
        size = predictor.target_scale.deviation if not predictor.classes else 1.0
        difference = float(np.max(np.abs(given - np.asarray(wanted)))) / size
        if given.shape != np.shape(wanted) or not difference <= _TOLERANCE:
            raise BundleError(
                f"The exported network differs from the model by {difference:.2g}, more than {_TOLERANCE:g} "
                "(in deviations of the target, or probability); model.onnx was not kept."
            )


def _random_rows(signature: Signature, n_rows: int) -> Mapping[str, Array]:
    rng = np.random.default_rng(n_rows)
    rows: dict[str, Array] = {}
    for name, field in signature.inputs.items():
        if field.dtype == "int64":
            rows[name] = rng.integers(0, field.cardinalities, (n_rows, *field.shape), dtype=np.int64)
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
