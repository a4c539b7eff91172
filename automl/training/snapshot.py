"""The state of an optimiser as named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, optim


def snapshot_optimizer(optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """Its state by ``<weight>.<name>``; settings are not in it, a configuration has them."""
    return {
        f"{weight}.{name}": value
        for weight, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Puts back what `snapshot_optimizer` gave.

    Raises:
        ValueError: a tensor has the shape of another weight.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for path, tensor in tensors.items():
        place, name = path.split(".", 1)
        if tensor.ndim > 0 and tensor.shape != weights[int(place)].shape:
            raise ValueError(f"{name} of weight {place} has the shape {tuple(tensor.shape)}.")
        state.setdefault(int(place), {})[name] = tensor.clone()
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
