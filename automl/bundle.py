"""A model on disk: data alone, whole or refused.

::

    model.safetensors   the weights
    model.json          family, configuration, signature, task, scale of the target, details
    preprocessing.json  fitted preprocessing (preprocessing.safetensors: its arrays)
    README.md           the model card
    manifest.json       SHA-256 and size of each of these; written last

Loading builds the network from the installed family of that name: nothing in a bundle is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save as arrays_to_bytes
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save as tensors_to_bytes
from torch import nn
from torch.overrides import TorchFunctionMode

from automl import bundle_files as files
from automl import catalog, training
from automl.bundle_files import verify
from automl.errors import BundleError, SpecError
from automl.family import Family
from automl.model_card import model_card
from automl.predictor import Predictor
from automl.signature import Signature
from automl.space import Configuration, is_number
from automl.space_notation import override
from automl.task import Array, TargetScale, Task

FORMAT = 2
# What reading raises where a bundle's JSON is of another form, or its numbers of another size, than ours.
_UNFIT = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,
)
__all__ = ["Predictor", "load", "save", "verify"]


class _Preprocessing(Protocol):
    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]: ...


def save(
    folder: str | Path,
    *,
    network: nn.Module,
    family_name: str,
    configuration: Configuration,
    signature: Signature,
    task: Task,
    target_scale: TargetScale,
    preprocessing: _Preprocessing,
    details: Mapping[str, Any],
    file_family: bool | None = None,
    samples: Mapping[str, bytes] | None = None,
) -> None:
    """Writes a bundle; it counts from the moment its manifest is there.

    Args:
        details: JSON: where the model comes from and how well it does; see `model_card`.
        file_family: whether the family came from a user's own file; by itself, whether the
            catalogue lacks the name.
        samples: files that show what the model generates, by name, such as ``samples.png``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files.MANIFEST).unlink(missing_ok=True)
    own_file = family_name not in catalog.names("family") if file_family is None else file_family
    model = {
        "format": FORMAT,
        "family": family_name,
        "file_family": own_file,
        "configuration": configuration,
        "signature": signature.to_plain(),
        "task": task.to_plain(),
        "target_scale": target_scale.to_plain(),
        "details": dict(details),
    }
    weights = {n: t.detach().to("cpu", copy=True).contiguous() for n, t in network.state_dict().items()}
    values, arrays = preprocessing.to_plain()
    files.write_file(folder / files.WEIGHTS, tensors_to_bytes(weights))
    files.write_file(folder / files.MODEL, files.to_json(model))
    files.write_file(folder / files.PREPROCESSING, files.to_json(values))
    if arrays:
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        files.write_file(folder / files.PREPROCESSING_ARRAYS, arrays_to_bytes(contiguous))
    for name, content in (samples or {}).items():
        files.write_file(folder / name, content)
    files.write_file(folder / files.CARD, model_card(model, training.n_parameters(network)).encode())
    files.write_manifest(folder)


def load(folder: str | Path, family: Family | None = None, device: str = "cpu") -> Predictor:
    """The model of a bundle, verified, on `device`.

    Args:
        family: needed for a model of a user's own family, whose code a bundle never carries.

    Raises:
        BundleError: it is incomplete or altered, or does not fit the family.
        NotFoundError: no installed family has its name.
    """
    folder = Path(folder)
    verify(folder)
    model = files.read_json(folder / files.MODEL)
    try:
        if model["format"] != FORMAT:
            raise BundleError(
                f"{folder} is a model of format {model['format']!r}; this version reads {FORMAT}."
            )
        signature, task = Signature.from_plain(model["signature"]), Task.from_plain(model["task"])
        scale = TargetScale.from_plain(model["target_scale"])
        configuration = model["configuration"]
        chosen = _family(folder, model, family)
        network = _network(folder, chosen, configuration, signature, task)
        preprocessing = _preprocessing(folder)
        belongs = preprocessing.task == task and preprocessing.signature == signature
        _check_details(model["details"])
        _check_scale(scale, signature.n_outputs)
    except _UNFIT as error:
        raise BundleError(f"{folder / files.MODEL} is not a model of ours: {error!r}.") from error
    if not belongs:
        raise BundleError(f"The preprocessing in {folder} is not that of its model; copy or pull it again.")
    return Predictor(network.to(device), signature, task, scale, preprocessing, model, device)


def _family(folder: Path, model: Mapping[str, Any], given: Family | None) -> Family:
    if given is not None:
        if given.name != model["family"]:
            raise BundleError(f"{folder} is of the family {model['family']!r}, but {given.name!r} was given.")
        return given
    if model["file_family"]:
        raise BundleError(
            f"{folder} is of the family {model['family']!r} from a user's own file, whose code a bundle "
            "never carries; give that file or its Family as family=."
        )
    return catalog.family(model["family"])


def _network(
    folder: Path, family: Family, configuration: Configuration, signature: Signature, task: Task
) -> nn.Module:
    """The network with the bundle's weights; sizes are compared before any memory is taken."""
    try:
        pretrained = "pretraining" in configuration
        space = family.full_space(task.kind, signature.kind, pretrains=pretrained)
        override(space, _as_changes(configuration))
    except SpecError as error:
        raise BundleError(f"The configuration in {folder} does not fit its family: {error}") from error
    _compare_sizes(folder, family, configuration, signature)
    network = training.build_network(family, configuration, signature, seed=0)
    try:
        weights = load_tensors(folder / files.WEIGHTS)
        network.load_state_dict(weights)
    except (SafetensorError, RuntimeError) as error:
        raise BundleError(f"The weights in {folder} cannot be read: {error}") from error
    unknown = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if unknown:
        raise BundleError(
            f"The weights in {folder} are not finite in {len(unknown)} of {len(weights)} tensors, such as "
            f"{unknown[0]}; pull another model."
        )
    return network.eval()


def _compare_sizes(folder: Path, family: Family, configuration: Configuration, signature: Signature) -> None:
    """Refuses weights of other sizes than the network's, which is laid out here without memory."""
    stored = files.read_header(folder / files.WEIGHTS)
    try:
        with torch.device("meta"), _NotFilled():
            network = family.build(configuration, signature)
    except (NotImplementedError, RuntimeError) as error:
        if family.name in catalog.names("family"):
            raise BundleError(f"The model in {folder} cannot be laid out: {error}") from error
        return  # a user's own family may compute while it is built; strict loading compares again
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if stored != wanted:
        name = next(n for n in (*wanted, *stored) if stored.get(n) != wanted.get(n))
        raise BundleError(
            f"The weights in {folder} do not fit the installed family {family.name!r}: {name} is "
            f"{stored.get(name, 'missing')} in the bundle and {wanted.get(name, 'missing')} in the family; "
            "use the version of automl that saved it."
        )


class _NotFilled(TorchFunctionMode):
    """Leaves tensors without memory as they are, where filling them at random would import 800 modules of torch."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.init.normal_ or func is torch.Tensor.normal_:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _check_details(details: Mapping[str, Any]) -> None:
    """Raises one of `_UNFIT` where what is said of a model is of another form than what is shown."""
    for scores in details.get("scores", {}).values():
        for name, score in scores.items():
            if not (score is None or is_number(score) or isinstance(score, float)):
                raise ValueError(f"{name} is {score!r:.50}, and no number")


def _check_scale(scale: TargetScale, n_outputs: int) -> None:
    """Raises one of `_UNFIT` where a scale is of another number of outputs."""
    for values in (scale.mean, scale.deviation):
        if isinstance(values, tuple) and len(values) != n_outputs:
            raise ValueError(f"a scale of {len(values)} numbers for {n_outputs} outputs")


def _as_changes(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in the notation of `space_notation.override`: branches as ``{name: {...}}``."""
    changes: dict[str, Any] = {}
    for key, value in configuration.items():
        if isinstance(value, Mapping):
            inner = _as_changes({k: v for k, v in value.items() if k != "name"})
            changes[key] = {value["name"]: inner} if "name" in value else inner
        else:
            changes[key] = value
    return changes


def _preprocessing(folder: Path) -> Any:
    from automl.data import Preprocessing

    path = folder / files.PREPROCESSING_ARRAYS
    try:
        arrays = load_arrays(path) if path.is_file() else {}
    except SafetensorError as error:
        raise BundleError(f"The arrays in {path} cannot be read: {error}") from error
    return Preprocessing.from_plain(files.read_json(folder / files.PREPROCESSING), arrays)
