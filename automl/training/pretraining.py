"""Training an encoder first without labels: its own fields, hidden or blurred, are what it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import TrainingRun
from automl.task import Rows
from automl.training.predict import to_tensors
from automl.training.progress import check_finite
from automl.training.schedules import rate_factor
from automl.training.steps import precision

Inputs = dict[str, Tensor]
_WEIGHT_DECAY = 1e-4
_WARM_UP = 0.05
_FEWEST_BATCH = 256  # contrastive learning needs other rows to tell one from (Chen et al. 2020, figure 9)
_HIDDEN_AT_ONCE = 7  # pixels or steps
UNKNOWN_TOKEN = 1  # see `automl.signature.Signature`
_PROJECTION = 64  # features that views are compared by (ibid., section 4.2: the width hardly matters)


def pretrain(run: TrainingRun) -> None:
    """Trains the encoder of `run.network` on all training rows, those without labels too, if configured.

    Raises:
        TrialFailure: it diverged.
    """
    settings = run.configuration.get("pretraining", {"name": "none"})
    if settings["name"] == "none" or run.unlabelled is None:
        return
    inputs = to_tensors(_together(run.train, run.unlabelled), run.device)
    objective = _OBJECTIVES[settings["name"]](run.network, inputs, settings)
    objective.to(run.device)
    weights = [*run.network.parameters(), *objective.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=settings["learning_rate"], weight_decay=_WEIGHT_DECAY)
    half = precision(run.network, run.device)
    n_rows = len(next(iter(inputs.values())))
    size = min(n_rows, max(_FEWEST_BATCH, int(run.configuration["batch_size"])))
    n_batches = max(1, n_rows // size)
    n_steps = settings["epochs"] * n_batches
    run.network.train()
    for epoch in range(settings["epochs"]):
        order = torch.randperm(n_rows).to(run.device)
        for place in range(n_batches):
            rows = order[place * size : (place + 1) * size]
            factor = rate_factor({"name": "cosine"}, _WARM_UP, epoch * n_batches + place, n_steps)
            optimizer.param_groups[0]["lr"] = settings["learning_rate"] * factor
            optimizer.zero_grad(set_to_none=True)
            with half():
                loss = objective({name: values.index_select(0, rows) for name, values in inputs.items()})
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 1.0, foreach=True)
            optimizer.step()
            run.pulse()
        check_finite(loss.item(), "loss of the training without labels", epoch + 1)


def _together(labelled: Rows, unlabelled: Rows) -> dict[str, Any]:
    return {
        name: np.concatenate([values, unlabelled.inputs[name]]) for name, values in labelled.inputs.items()
    }


class Reconstruction(nn.Module):
    """Rows that are spoilt, and a linear layer that is to give back what was there from their encoding.

    Numbers are given back as numbers; of codes (categories, tokens), which ones a row has.
    """

    def __init__(self, network: nn.Module, inputs: Inputs, spoil: Callable[[Inputs], Inputs]) -> None:
        super().__init__()
        self._network = [network]  # in a list, so that its weights are not counted twice
        self._spoil = spoil
        n_features = cast(int, network.n_features)
        self.heads = nn.ModuleDict()
        for name, values in inputs.items():
            if name != "length":
                n_wanted = values[0].numel() if values.is_floating_point() else int(values.max()) + 1
                self.heads[name] = nn.Linear(n_features, n_wanted)

    def forward(self, inputs: Inputs) -> Tensor:
        encoded = cast(Any, self._network[0]).encode(**self._spoil(inputs))
        losses = []
        for name, head in self.heads.items():
            given, wanted = head(encoded).float(), inputs[name]
            if wanted.is_floating_point():
                losses.append(functional.mse_loss(given, wanted.flatten(1)))
            else:
                present = torch.zeros_like(given).scatter_(1, wanted.flatten(1), 1.0)
                present[:, 0] = 0.0  # padding, and what training never saw
                losses.append(
                    -(given.log_softmax(1) * present).sum(1).div(present.sum(1).clamp_min(1)).mean()
                )
        return torch.stack(losses).sum()


def _masked(network: nn.Module, inputs: Inputs, settings: Mapping[str, Any]) -> nn.Module:
    share = settings["share"]

    def spoil(rows: Inputs) -> Inputs:
        return {name: _hidden(name, values, share) for name, values in rows.items()}

    return Reconstruction(network, inputs, spoil)


def _hidden(name: str, values: Tensor, share: float) -> Tensor:
    """A share of the positions set to 0, the mean of numbers and unknown among categories, or to the
    unknown token.

    Whole patches of images and stretches of series are hidden: single numbers are told by their neighbours.
    """
    if name == "length":
        return values
    shape = list(values.shape)
    if values.is_floating_point() and values.ndim > 2:
        coarse = [max(1, size // _HIDDEN_AT_ONCE) for size in shape[2:]]
        kept = (torch.rand(shape[0], 1, *coarse, device=values.device) >= share).float()
        return values * functional.interpolate(kept, size=shape[2:], mode="nearest")
    kept = torch.rand(shape, device=values.device) >= share
    if name == "tokens":  # a 0 would end the text
        return torch.where(kept | (values == 0), values, UNKNOWN_TOKEN)
    return values * kept.to(values.dtype)


def _denoising(network: nn.Module, inputs: Inputs, settings: Mapping[str, Any]) -> nn.Module:
    noise = settings["noise"]

    def spoil(rows: Inputs) -> Inputs:
        return {
            name: values + noise * torch.randn_like(values)
            if values.is_floating_point()
            else _hidden(name, values, min(0.5, noise))
            for name, values in rows.items()
        }

    return Reconstruction(network, inputs, spoil)


class Contrast(nn.Module):
    """Two views of each row are to be more alike than views of different rows.

    Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
    equation 1 (NT-Xent), over a projection head that is thrown away after it.
    """

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self._network = [network]
        self._temperature = temperature
        n_features = cast(int, network.n_features)
        self.projection = nn.Sequential(
            nn.Linear(n_features, n_features), nn.ReLU(), nn.Linear(n_features, _PROJECTION)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        network = cast(Any, self._network[0])
        views = [network.view(**inputs) for _ in range(2)]
        both = {name: torch.cat([view[name] for view in views]) for name in views[0]}
        projected = functional.normalize(self.projection(network.encode(**both)).float(), dim=1)
        n_rows = len(projected) // 2
        likeness = projected @ projected.T / self._temperature  # (2 rows, 2 rows)
        likeness.fill_diagonal_(float("-inf"))
        partner = torch.arange(2 * n_rows, device=projected.device).roll(n_rows)
        return functional.cross_entropy(likeness, partner)


def _contrastive(network: nn.Module, _inputs: Inputs, settings: Mapping[str, Any]) -> nn.Module:
    return Contrast(network, settings["temperature"])


_OBJECTIVES: dict[str, Callable[[nn.Module, Inputs, Mapping[str, Any]], nn.Module]] = {
    "masked": _masked,
    "denoising": _denoising,
    "contrastive": _contrastive,
}
