"""Generative adversarial networks: a generator of rows learns to pass a critic that learns to see through it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._adversarial import AdversarialStep, critic_loss, objective_choice
from search_spaces._coders import coder_space, decoder, encoder
from search_spaces._fields import Layout, PixelRange

# Jang et al., "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017; the temperature is that of Xu
# et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.4
_TEMPERATURE = 0.2
_LEAST_SLOPE = 0.2  # of the critic's leaky rectifiers, as in Radford et al. 2016


class GAN(nn.Module):
    """Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.

    Rows are generated with the moving average of the generator's weights (Yazıcı et al., "The Unusual
    Effectiveness of Averaging in GAN Training", ICLR 2019).
    """

    n_steps: Tensor

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.n_code, self.averaging = configuration["code"], configuration["averaging"]
        self.objective = configuration["objective"]
        self.layout = Layout(signature)
        self.range = PixelRange(self.layout.shape) if self.layout.name == "image" else None
        self.generator = decoder(configuration, self.layout, self.n_code)
        self.critic = _critic(configuration, self.layout)
        self.average = deepcopy(self.generator).requires_grad_(False)
        self.register_buffer("n_steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("n_followed", torch.zeros(()))

    def generate(self, n_rows: int) -> dict[str, Tensor]:
        """New rows by field."""
        numbers, logits = self.layout.split(self.average(self._codes(n_rows)))
        return self.layout.fields(self._bounded(numbers), logits)

    def loss(self, **fields: Tensor) -> Tensor:
        """What the critic lowers on average, and what the generator does, for every row: ``(batch,)``."""
        real = self.units(fields)
        made = self.made(len(real))
        both = critic_loss(self.critic, real, made.detach(), self.objective) - self.critic(made).mean()
        return both.expand(len(real))

    def units(self, fields: Mapping[str, Tensor]) -> Tensor:
        """Units ``(batch, width)`` of real rows for the critic."""
        units: Tensor = self.layout(**fields)
        if self.range is not None and self.training:
            self.range.observe(units)
        return units

    def made(self, n_rows: int) -> Tensor:
        """Units ``(n_rows, width)`` of generated rows, which the generator can learn from."""
        numbers, logits = self.layout.split(self.generator(self._codes(n_rows)))
        chosen = [
            functional.gumbel_softmax(column.float(), _TEMPERATURE, hard=True)
            for column in self.layout.by_column(logits)
        ]
        return torch.cat([self._bounded(numbers), *chosen], dim=1)

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the average by the generator's weights; at first it takes in more of them."""
        share = ((1 + self.n_followed) / (10 + self.n_followed)).clamp_max(self.averaging)
        weights = self.generator.state_dict()
        for name, average in self.average.state_dict().items():
            if average.is_floating_point():
                average.lerp_(weights[name], 1 - share)
            else:
                average.copy_(weights[name])
        self.n_followed += 1

    def _codes(self, n_rows: int) -> Tensor:
        return torch.randn(n_rows, self.n_code, device=self.n_steps.device)

    def _bounded(self, numbers: Tensor) -> Tensor:
        return numbers if self.range is None else self.range.pixels(numbers.sigmoid())


def _critic(configuration: Configuration, layout: Layout) -> nn.Module:
    # Batches of real and of made rows must not be told apart by their statistics (Gulrajani et al. 2017).
    settings = {
        **configuration,
        "normalisation": configuration["critic_normalisation"],
        "dropout": configuration["critic_dropout"],
        "activation": "leaky_relu",
    }
    layers, n_features = encoder(settings, layout)
    critic = nn.Sequential(layers, nn.Linear(n_features, 1), nn.Flatten(0))
    for layer in critic.modules():
        if isinstance(layer, nn.LeakyReLU):
            layer.negative_slope = _LEAST_SLOPE
    if configuration["spectral"]:
        for layer in [layer for layer in critic.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]:
            parametrizations.spectral_norm(layer)
    return critic


def _space(kind: str) -> Space:
    return {
        **coder_space(kind, normalisation="batch"),
        "code": Int(8, 256, log=True, prior=64, limits=(1, 4096)),
        "objective": objective_choice("non_saturating"),
        "critic_steps": Int(1, 5, log=True, prior=1, limits=(1, 100)),
        "critic_rate_factor": Float(0.25, 4.0, log=True, prior=1.0, limits=(1e-3, 1e3)),
        "critic_normalisation": Choice(("none", "layer"), prior="none"),
        "critic_dropout": Float(0.0, 0.5, prior=0.0, limits=(0.0, 0.95)),
        # Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018
        "spectral": Choice((True, False), prior=False),
        "averaging": Choice((0.99, 0.995, 0.999), prior=0.995, limits=(0.0, 0.999999)),
        "learning_rate": Float(3e-5, 3e-3, log=True, prior=1e-3, limits=(1e-12, 10.0)),
        "batch_size": Choice((16, 32, 64, 128), prior=32, limits=(2, 2**20)),
        "optimizer": Choice({"adam": {"beta1": Choice((0.0, 0.5), prior=0.5, limits=(0.0, 0.9999))}}),
        "weight_decay": 0.0,
        "initialisation": "default",
    }


FAMILY = Family(
    name="gan",
    kinds=("table", "image"),
    tasks=("generation",),
    space=_space,
    build=GAN,
    step=AdversarialStep,
    source=(
        "Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014; convolutions: Radford et al., "
        "Unsupervised Representation Learning with Deep Convolutional GANs, ICLR 2016"
    ),
)
