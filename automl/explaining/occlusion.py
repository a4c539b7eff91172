"""Occlusion: what is lost when a part of a row is made average, or silent.

Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2. It serves where
gradients say nothing: of a recording, which networks bring to one loudness first, so that nothing changes on
the way from silence to it; and of codes that reach a network otherwise than by an embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from automl.explaining.embeddings import UNKNOWN, Inputs
from automl.explaining.gradients import Attribution, gap_of
from automl.explaining.question import Question
from automl.task import Array

_AT_ONCE = 64
Fields = Mapping[str, Array]  # by name, of one row
Part = Fields  # masks: which numbers of a field belong to the part


def occluded(network: nn.Module, row: Inputs, parts: Sequence[Part], ask: Question) -> Attribution:
    """What one row loses by each part of it, spread evenly over the numbers of the part.

    Args:
        row: the inputs of one row, ``(1, ...)`` each.
        parts: masks of the shape of a field, without the rows.
    """
    blank = {name: _blank(name, value) for name, value in row.items()}
    everything = {
        name: torch.ones_like(value, dtype=torch.bool) for name, value in row.items() if name != "length"
    }
    masks = [{name: torch.from_numpy(mask).unsqueeze(0) for name, mask in part.items()} for part in parts]
    said: list[float] = []
    with torch.no_grad():
        for begin in range(0, len(masks) + 2, _AT_ONCE):
            some = [{}, everything, *masks][begin : begin + _AT_ONCE]
            batch = {
                name: torch.cat([_hidden(value, blank[name], mask.get(name)) for mask in some])
                for name, value in row.items()
            }
            said += ask(network(**batch)).tolist()
    whole, nothing, *without = said
    fields = {
        name: torch.zeros_like(value[0], dtype=torch.float64)
        for name, value in row.items()
        if name != "length"
    }
    for mask, left in zip(masks, without, strict=True):
        n = sum(int(one.sum()) for one in mask.values())
        for name, one in mask.items():
            fields[name][one[0]] += (whole - left) / n
    found = {name: field.numpy() for name, field in fields.items()}
    return Attribution(found, gap_of(found, whole - nothing), 0)


def _blank(name: str, value: Tensor) -> Tensor:
    """A row that says nothing: numbers at their mean, silence, unseen categories, unknown words."""
    if name == "length":
        return value
    return torch.full_like(value, UNKNOWN) * (value != 0) if name == "tokens" else torch.zeros_like(value)


def _hidden(value: Tensor, blank: Tensor, mask: Tensor | None) -> Tensor:
    return value if mask is None else torch.where(mask, blank, value)
