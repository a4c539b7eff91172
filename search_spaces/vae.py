"""A variational autoencoder: new rows, scores of anomaly, and embeddings, from one model of the data."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._coders import coder_space, decoder, encoder
from search_spaces._fields import Layout
from search_spaces._likelihoods import Likelihood, likelihood_space

_LEAST_LOG_VARIANCE = -12.0  # of a code, so that an unsure encoder does not overflow


class VAE(nn.Module):
    """Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

    With one output it gives the negative evidence lower bound at the mean code as a score of anomaly,
    with none the mean code.
    """

    n_steps: Tensor

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.scores = signature.n_outputs > 0
        self.beta, self.warm_up = configuration["beta"], configuration["divergence_warm_up"]
        self.noisy = configuration["sampling"] == "noisy"
        self.layout = Layout(signature)
        self.encoder, n_features = encoder(configuration, self.layout)
        self.to_code = nn.Linear(n_features, 2 * configuration["code"])
        self.prior = Prior(configuration["code"], configuration["prior"])
        self.decoder = decoder(configuration, self.layout, configuration["code"])
        self.likelihood = Likelihood(configuration["likelihood"], self.layout)
        self.register_buffer("n_steps", torch.zeros(()))

    def forward(self, **fields: Tensor) -> Tensor:
        units = self.layout(**fields)
        mean, log_variance = self._code(units)
        if not self.scores:
            return mean
        errors = self._errors(units, self.decoder(mean))
        divergence = self.prior.divergence(mean, log_variance, mean)
        return (errors + self.beta * divergence).unsqueeze(1)

    def loss(self, **fields: Tensor) -> Tensor:
        """The negative evidence lower bound of each row in nats a column, ``(batch,)``.

        The divergence counts ``beta`` times (Higgins et al., "beta-VAE", ICLR 2017, equation 4), and less
        in the first steps (Sønderby et al., "Ladder Variational Autoencoders", NeurIPS 2016, section 2.3).
        """
        units = self.layout(**fields)
        if self.training:
            self.likelihood.observe(self.layout.split(units)[0])
        mean, log_variance = self._code(units)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        divergence = self.prior.divergence(mean, log_variance, code)
        weight = self.beta * (self.n_steps / max(self.warm_up, 1)).clamp(0, 1)
        if self.training:
            self.n_steps += 1
        return (self._errors(units, self.decoder(code)) + weight * divergence) / self.layout.n_columns

    def generate(self, n_rows: int) -> dict[str, Tensor]:
        """New rows by field, decoded from codes that are drawn from the prior."""
        numbers, logits = self.layout.split(self.decoder(self.prior.sample(n_rows)))
        return self.layout.fields(self.likelihood.sample(numbers, self.noisy), logits)

    def _code(self, units: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.to_code(self.encoder(units)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(_LEAST_LOG_VARIANCE, -_LEAST_LOG_VARIANCE)

    def _errors(self, units: Tensor, rebuilt: Tensor) -> Tensor:
        """Minus the log-likelihood of each row, ``(batch,)``."""
        numbers, one_hot = self.layout.split(units)
        rebuilt_numbers, logits = self.layout.split(rebuilt.float())
        errors = self.likelihood.errors(rebuilt_numbers, numbers).sum(1)
        return errors + self.layout.category_errors(logits, one_hot).sum(1)  # type: ignore[no-any-return]


class Prior(nn.Module):
    """What codes are drawn from: the standard normal distribution, or a trained mixture of normal ones.

    The mixture: Dilokthanakul et al., "Deep Unsupervised Clustering with Gaussian Mixture Variational
    Autoencoders", 2016; Tomczak & Welling, "VAE with a VampPrior", AISTATS 2018, section 2.
    """

    place: Tensor  # tells the device

    def __init__(self, n_code: int, settings: Configuration) -> None:
        super().__init__()
        self.n_code, self.mixes = n_code, settings["name"] == "mixture"
        self.register_buffer("place", torch.zeros(()), persistent=False)
        if self.mixes:
            self.means = nn.Parameter(torch.randn(settings["components"], n_code))
            self.log_variances = nn.Parameter(torch.zeros(settings["components"], n_code))
            self.logits = nn.Parameter(torch.zeros(settings["components"]))

    def divergence(self, mean: Tensor, log_variance: Tensor, code: Tensor) -> Tensor:
        """The divergence of Kullback and Leibler from the prior, ``(batch,)``; of a mixture, as `code` has it."""
        if not self.mixes:
            return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        entropy = 0.5 * (1 + math.log(2 * math.pi) + log_variance).sum(1)
        return -entropy - self._log_density(code)

    def _log_density(self, code: Tensor) -> Tensor:
        # |c - m|^2 / v, multiplied out: one product of matrices instead of (batch, components, n_code).
        precision = (-self.log_variances).exp()
        with torch.autocast(code.device.type, enabled=False):
            products = code.square() @ precision.T - 2 * code @ (self.means * precision).T
        distance = products + (self.means.square() * precision).sum(1)
        constant = self.log_variances.sum(1) + self.n_code * math.log(2 * math.pi)
        return (self.logits.log_softmax(0) - 0.5 * (distance + constant)).logsumexp(1)

    def sample(self, n_rows: int) -> Tensor:
        """Codes ``(n_rows, n_code)``."""
        if not self.mixes:
            return torch.randn(n_rows, self.n_code, device=self.place.device)
        chosen = torch.multinomial(self.logits.softmax(0), n_rows, replacement=True)
        deviations = (0.5 * self.log_variances[chosen]).exp()
        return self.means[chosen] + deviations * torch.randn_like(deviations)


def _space(kind: str) -> Space:
    of_image = kind == "image"
    return {
        **coder_space(kind, normalisation="none" if of_image else "batch"),
        "code": Int(8, 128, log=True, prior=16, limits=(1, 4096))
        if of_image
        else Int(2, 32, log=True, prior=8, limits=(1, 4096)),
        "likelihood": likelihood_space(kind),
        "beta": Float(0.1, 10.0, log=True, prior=1.0, limits=(0.0, 1e4)),
        "divergence_warm_up": Int(1, 3000, log=True, prior=200, limits=(0, 10**7)),
        "prior": Choice(
            {"normal": {}, "mixture": {"components": Int(8, 128, log=True, prior=64, limits=(1, 4096))}},
            prior="mixture",
        ),
        "sampling": Choice(("mean", "noisy"), prior="mean" if of_image else "noisy"),
    }


FAMILY = Family(
    name="vae",
    kinds=("table", "image"),
    tasks=("anomaly", "representation", "generation"),
    space=_space,
    build=VAE,
    source="Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014",
)
