"""Where a network turns codes, of categories or of tokens, into vectors; found by watching what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from automl.signature import Signature

UNKNOWN = 1  # the token of words that training never saw
Inputs = Mapping[str, Tensor]


@dataclass(frozen=True)
class Embedded:
    """Where the codes of a field become vectors.

    Args:
        start: ``(places, width)``, vectors that stand for no code: of a category the mean over its column, of
            a token the one of unknown words.
    """

    module: nn.Module
    start: Tensor


def find_embedded(network: nn.Module, signature: Signature, row: Inputs) -> dict[str, Embedded] | None:
    """Where each field of codes becomes vectors; None where that is not in one place.

    Args:
        row: the inputs of any one row, ``(1, ...)`` each.
    """
    found = {}
    for name, field in signature.inputs.items():
        if field.dtype == "float32" or name == "length":
            continue
        module = _module_of(network, row, name)
        if module is None:
            return None
        if name == "tokens":
            codes, counts = torch.full((1, *field.shape), UNKNOWN), torch.ones(1, *field.shape)
        else:
            sizes = torch.tensor(field.cardinalities)
            every = torch.arange(1, max(2, int(sizes.max()))).unsqueeze(1)
            codes, counts = torch.minimum(every, sizes - 1), (every < sizes.clamp_min(2)).float()
        vectors = vectors_of(network, {**repeated(row, len(codes)), name: codes}, module)
        shares = (counts / counts.sum(0)).unsqueeze(-1)  # (codes, places, 1)
        found[name] = Embedded(module, (vectors * shares).sum(0))
    return found


def vectors_of(network: nn.Module, inputs: Inputs, module: nn.Module) -> Tensor:
    """What an embedding gives when the network is called."""
    vectors: list[Tensor] = []
    with _hooks([module], lambda _module, _given, out: vectors.append(out)), torch.no_grad():
        network(**inputs)
    return vectors[0]


@contextmanager
def replaced(vectors: Mapping[nn.Module, Tensor]) -> Iterator[None]:
    """Inside, each of these embeddings gives its vectors whatever it is given."""
    with _hooks(list(vectors), lambda module, _given, _out: vectors[module]):
        yield


def repeated(row: Inputs, n: int) -> dict[str, Tensor]:
    """One row n times."""
    return {name: value.expand(n, *value.shape[1:]).contiguous() for name, value in row.items()}


def _module_of(network: nn.Module, row: Inputs, name: str) -> nn.Module | None:
    """The one embedding that is given a code for each place of a field, and other ones for other codes."""
    one, other = (_given(network, {**row, name: codes}) for codes in (row[name], torch.zeros_like(row[name])))
    fitting = [
        module
        for module, given in one.items()
        if len(given) == 1 and given[0].shape == row[name].shape and module in other
    ]
    if len(fitting) > 1:  # such as one of places, which are always the same
        fitting = [module for module in fitting if not torch.equal(one[module][0], other[module][0])]
    return fitting[0] if len(fitting) == 1 else None


def _given(network: nn.Module, inputs: Inputs) -> dict[nn.Module, list[Tensor]]:
    """What each embedding is given when the network is called."""
    calls: dict[nn.Module, list[Tensor]] = {}
    embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    with _hooks(embeddings, partial(_note, calls)), torch.no_grad():
        network(**inputs)
    return calls


def _note(calls: dict[nn.Module, list[Tensor]], module: nn.Module, given: Tensor, _out: Tensor) -> None:
    calls.setdefault(module, []).append(given)


@contextmanager
def _hooks(
    modules: Sequence[nn.Module], hook: Callable[[nn.Module, Tensor, Tensor], object]
) -> Iterator[None]:
    """Inside, `hook` is called with what each module is given and gives; what it returns replaces that."""
    with ExitStack() as stack:
        for module in modules:
            handle = module.register_forward_hook(
                lambda m, given, out: hook(m, given[0], out) if given else None
            )
            stack.callback(handle.remove)
        yield
