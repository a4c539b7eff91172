"""An autoencoder: rows that it rebuilds badly, or that lie far off, are anomalies; its code represents a row."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._coders import coder_space, decoder, encoder
from search_spaces._distance import Balance, Distance, distance_space
from search_spaces._fields import Layout, corrupted, corruption_space, number_errors


class Autoencoder(nn.Module):
    """``decoder(code)`` of ``code = Linear(encoder(x))``, trained to be ``x`` again.

    With one output it gives a score of anomaly, with none the code.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.configuration = configuration
        self.layout = Layout(signature)
        n_code = configuration["code"]
        self.encoder, n_features = encoder(configuration, self.layout)
        self.to_code = nn.Linear(n_features, n_code)
        self.decoder = decoder(configuration, self.layout, n_code)
        self.score = Score(configuration, self.layout) if signature.n_outputs else None

    def forward(self, **fields: Tensor) -> Tensor:
        units = self.layout(**fields)
        code = self.to_code(self.encoder(units))
        if self.score is None:
            return code  # type: ignore[no-any-return]
        rebuilt = self.decoder(code)
        return self.score(units, code, rebuilt, self._errors(units, rebuilt)).unsqueeze(1)  # type: ignore[no-any-return]

    def loss(self, **fields: Tensor) -> Tensor:
        """The mean error of the columns of each row, and what sparsity costs: ``(batch,)``."""
        units = self.layout(**fields)
        seen = corrupted(units, self.layout, self.configuration["corruption"]) if self.training else units
        code = self.to_code(self.encoder(seen))
        rebuilt = self.decoder(code)
        errors = self._errors(units, rebuilt)
        if self.training and self.score is not None:
            self.score.observe(units, code, rebuilt, errors)
        return errors + _sparsity(code, self.configuration["sparsity"])

    def _errors(self, units: Tensor, rebuilt: Tensor) -> Tensor:
        numbers, one_hot = self.layout.split(units)
        rebuilt_numbers, logits = self.layout.split(rebuilt)
        errors = number_errors(rebuilt_numbers, numbers, self.configuration["error"])
        total = errors.sum(1) + self.layout.category_errors(logits, one_hot).sum(1)
        return total / self.layout.n_columns


class Score(nn.Module):
    """The error of a row, its distance from the other rows, or both: ``(batch,)``."""

    def __init__(self, configuration: Configuration, layout: Layout) -> None:
        super().__init__()
        settings = configuration["score"]
        self.layout, self.kind, self.of = layout, settings["name"], settings.get("of", "")
        if self.kind != "error":
            width = configuration["code"] if self.of == "code" else layout.width
            self.distance = Distance(width, settings["trim"], settings["shrinkage"])
            self.balance = Balance(2)

    def forward(self, units: Tensor, code: Tensor, rebuilt: Tensor, errors: Tensor) -> Tensor:
        if self.kind == "error":
            return errors
        distance = self.distance(self._vectors(units, code, rebuilt))
        if self.kind == "distance":
            return distance  # type: ignore[no-any-return]
        return self.balance(torch.stack([errors, distance], dim=1))  # type: ignore[no-any-return]

    def observe(self, units: Tensor, code: Tensor, rebuilt: Tensor, errors: Tensor) -> None:
        """Learns from one batch of training what is usual."""
        if self.kind == "error":
            return
        vectors = self._vectors(units, code, rebuilt).detach()
        self.balance.observe(torch.stack([errors.detach(), self.distance(vectors)], dim=1))
        self.distance.observe(vectors)

    def _vectors(self, units: Tensor, code: Tensor, rebuilt: Tensor) -> Tensor:
        if self.of == "code":
            return code
        return units if self.of == "input" else units - self.layout.expected(rebuilt)


def _sparsity(code: Tensor, settings: Configuration) -> Tensor | float:
    if settings["name"] == "none":
        return 0.0
    if settings["name"] == "l1":
        return settings["weight"] * code.abs().mean(1)  # type: ignore[no-any-return]
    rate, active = settings["rate"], code.sigmoid().mean(0).clamp(1e-6, 1 - 1e-6)
    divergence = rate * (rate / active).log() + (1 - rate) * ((1 - rate) / (1 - active)).log()
    return settings["weight"] * divergence.mean()  # type: ignore[no-any-return]


def _space(kind: str) -> Space:
    weight = Float(1e-4, 1.0, log=True, prior=1e-2, limits=(0.0, 1e4))
    return {
        **coder_space(kind, normalisation="batch" if kind == "image" else "none"),
        "code": Int(8, 256, log=True, prior=64, limits=(1, 4096))
        if kind == "image"
        else Int(1, 64, log=True, prior=8, limits=(1, 4096)),
        "error": Choice(("squared", "absolute")),
        "corruption": corruption_space("gaussian"),
        "sparsity": Choice(
            {
                "none": {},
                # Ng, "Sparse autoencoder", Stanford CS294A, 2011, section 3, has the divergence
                "l1": {"weight": weight},
                "divergence": {"weight": weight, "rate": Float(0.01, 0.3, log=True, limits=(1e-6, 0.999))},
            },
            prior="none",
        ),
        "score": Choice(
            {"error": {}, "distance": distance_space(), "both": distance_space()},
            prior="error" if kind == "image" else "distance",
        ),
    }


FAMILY = Family(
    name="autoencoder",
    kinds=("table", "image"),
    tasks=("anomaly", "representation"),
    space=_space,
    build=Autoencoder,
    source=(
        "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006; "
        "denoising: Vincent et al., Extracting and Composing Robust Features with Denoising "
        "Autoencoders, ICML 2008"
    ),
)
