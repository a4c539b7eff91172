"""Building a network from its family, and giving it starting weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from automl.errors import SpecError
from automl.family import Family
from automl.signature import Signature
from automl.space import Configuration
from automl.training.devices import failures
from automl.training.initialisation import initialise


def build_network(
    family: Family, configuration: Configuration, signature: Signature, seed: int, device: str = "cpu"
) -> nn.Module:
    """A network with the weights that `seed` gives; the caller's own random state is left alone.

    Weights are drawn on the CPU, so that they are the same on every device.
    """
    with failures("when the network was built"), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = family.build(configuration, signature)
        if "initialisation" in configuration:
            initialise(network, configuration["initialisation"])
        return network.to(device)


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor]) -> list[str]:
    """Copies into `network` every tensor whose name and shape it has.

    Returns:
        The names in `network` that found no match and keep what they had, such as a new head's.

    Raises:
        SpecError: nothing matches at all.
    """
    own = network.state_dict()
    matching = {name: tensors[name] for name in own if name in tensors and _alike(own[name], tensors[name])}
    unmatched = [name for name in own if name not in matching]
    if not matching:
        raise SpecError(
            f"The starting weights do not belong to this network: none of its {len(own)} tensors is in "
            f"them by name and shape. The first mismatch: {_mismatch(own, tensors)}"
        )
    network.load_state_dict(matching, strict=False)
    return unmatched


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape


def _mismatch(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> str:
    for name, tensor in own.items():
        if name in tensors:
            return f"{name} is {tuple(tensor.shape)} here and {tuple(tensors[name].shape)} there."
    return f"{next(iter(own), 'nothing')} is missing; they hold {', '.join(list(tensors)[:3]) or 'nothing'}."
