"""The layers of a network, in the order in which it reaches them when it predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations
from torch.overrides import TorchFunctionMode

from automl.signature import Signature

WHOLE = "(whole network)"
_BATCHES = (2, 3)  # a size that differs between the two counts rows
_PARAMETRIZED = ".parametrizations."  # how torch names what a weight is computed from
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Layer:
    """One module that computes something itself.

    Args:
        name: its path in the network.
        input_shape: of its first tensor, None for a size that grows with the rows; None as a whole where it
            is not called as a module.
        n_parameters: how many of its own numbers training changes; each number counts once, where it is
            reached first.
        n_untrained: its own numbers that training leaves as they are, such as a moving average of others.
        depth: how many modules of the network it lies in.
    """

    name: str
    kind: str
    input_shape: Shape | None
    output_shape: Shape | None
    n_parameters: int
    n_untrained: int
    depth: int
    only_in_training: bool


def layers_of(network: nn.Module, signature: Signature, generates: bool) -> list[Layer]:
    """What is reached when `network` predicts, or generates, then what only training reaches.

    Args:
        network: on the CPU, in evaluation mode.
    """
    seen = [_reached(network, _call(network, signature, generates, n_rows)) for n_rows in _BATCHES]
    shapes = {module: _merged([one.get(module, _NONE) for one in seen]) for module in seen[0]}
    names = {module: name for name, module in network.named_modules() if _PARAMETRIZED not in f".{name}."}
    counted: set[int] = set()
    layers = []
    rest = [module for module in names if module not in shapes]
    for module in [*(module for module in shapes if module in names), *rest]:
        own = [weight for weight in _own(module) if id(weight) not in counted]
        counted |= {id(weight) for weight in own}
        is_reached = module in shapes
        if not (own or (is_reached and not any(module.children()) and not isinstance(module, nn.Identity))):
            continue
        name = names[module]
        trained = sum(weight.numel() for weight in own if weight.requires_grad)
        layers.append(
            Layer(
                name or WHOLE,
                type_before_parametrizations(module).__name__,
                *shapes.get(module, _NONE),
                trained,
                sum(weight.numel() for weight in own) - trained,
                name.count("."),
                not is_reached,
            )
        )
    return layers


def inputs_for(signature: Signature, n_rows: int) -> dict[str, Tensor]:
    """Rows of noise that a network of this signature can be called with."""
    random = torch.Generator().manual_seed(0)
    n_steps = max((field.shape[-1] for field in signature.inputs.values() if field.shape), default=1)
    inputs = {}
    for name, field in signature.inputs.items():
        if field.dtype == "float32":
            inputs[name] = torch.randn(n_rows, *field.shape, generator=random)
        elif name == "length":
            inputs[name] = torch.full((n_rows, *field.shape), n_steps)
        else:
            inputs[name] = torch.full((n_rows, *field.shape), min(1, min(field.cardinalities) - 1))
    return inputs


_NONE: tuple[Shape | None, Shape | None] = (None, None)
_Shapes = dict[nn.Module, tuple[Shape | None, Shape | None]]


def _call(network: nn.Module, signature: Signature, generates: bool, n_rows: int) -> Callable[[], object]:
    if generates:
        return lambda: network.generate(n_rows)  # type: ignore[operator]
    inputs = inputs_for(signature, n_rows)
    return lambda: network(**inputs)


def _reached(network: nn.Module, call: Callable[[], object]) -> _Shapes:
    """The modules that a call reaches, in order, with the shapes of what goes in and out.

    A module also counts as reached where only a weight of it is used, by a method or by another module.
    """
    found: _Shapes = {}
    owners = {id(weight): module for module in network.modules() for weight in _own(module)}

    def entered(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if found.get(module, _NONE) == _NONE:
            found[module] = (_first_shape([args, kwargs]), None)

    def left(module: nn.Module, _args: object, output: object) -> None:
        came, gave = found[module]
        if gave is None:
            found[module] = (came, _first_shape(output))

    def used(weight_id: int) -> None:
        if weight_id in owners:
            found.setdefault(owners[weight_id], _NONE)

    with _hooked(network, entered, left), _Weights(used), torch.random.fork_rng(devices=[]), torch.no_grad():
        call()
    return found


@contextmanager
def _hooked(network: nn.Module, entered: Any, left: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for module in network.modules():
            stack.callback(module.register_forward_pre_hook(entered, with_kwargs=True).remove)
            stack.callback(module.register_forward_hook(left).remove)
        yield


class _Weights(TorchFunctionMode):
    """Tells of each tensor that is given to a function of torch."""

    def __init__(self, used: Callable[[int], None]) -> None:
        super().__init__()
        self._used = used

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") != "__get__":  # to ask for a shape is not to use it
            for value in [*args, *(kwargs or {}).values()]:
                for one in value if isinstance(value, list | tuple) else [value]:
                    self._used(id(one))
        return func(*args, **(kwargs or {}))


def _own(module: nn.Module) -> list[nn.Parameter]:
    """The weights of a module itself, and those that its own are computed from."""
    own = list(module.parameters(recurse=False))
    if isinstance(computed := getattr(module, "parametrizations", None), nn.Module):
        own += computed.parameters()
    return own


def _first_shape(value: object) -> Shape | None:
    """The shape of the first tensor in nested lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((shape for part in parts if (shape := _first_shape(part)) is not None), None)


def _merged(pairs: list[tuple[Shape | None, Shape | None]]) -> tuple[Shape | None, Shape | None]:
    """Shapes with None for each size that is not the same in both."""
    (one_in, one_out), (other_in, other_out) = pairs
    return _agreed(one_in, other_in), _agreed(one_out, other_out)


def _agreed(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
