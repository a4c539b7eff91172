"""How a generator and a critic learn from one batch, each against the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from automl.family import TrainingRun
from automl.space import Choice, Float, Space

# Gulrajani et al. 2017, algorithm 1, for Wasserstein; Radford et al. 2016 and Miyato et al. 2018 use the
# same or the usual 0.999.
_BETA2 = {"wasserstein": 0.9, "non_saturating": 0.999, "hinge": 0.999}


class Adversaries(Protocol):
    """What the step needs of a network."""

    generator: nn.Module
    critic: nn.Module
    n_steps: Tensor

    def made(self, n_rows: int) -> Tensor: ...

    def units(self, inputs: Mapping[str, Tensor]) -> Tensor: ...

    def follow(self) -> None: ...


def objective_space() -> Space:
    """What the critic and the generator lower, each with the penalty that goes with it."""
    return {
        # Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 3; the penalty: Mescheder et
        # al., "Which Training Methods for GANs do actually Converge?", ICML 2018, equation 9
        "non_saturating": {"penalty": Float(0.01, 10.0, log=True, prior=0.1, limits=(0.0, 1e4))},
        # Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, equation 3
        "wasserstein": {"penalty": Float(0.1, 30.0, log=True, prior=10.0, limits=(0.0, 1e4))},
        # Lim & Ye, "Geometric GAN", 2017, section 3.2
        "hinge": {},
    }


def objective_choice(prior: str) -> Choice:
    """One of `objective_space`."""
    return Choice({name: branch for name, branch in objective_space().items()}, prior=prior)


class AdversarialStep:
    """One step of the critic, and after every so many of these one of the generator."""

    def __init__(self, run: TrainingRun) -> None:
        self._network = cast(Adversaries, run.network)
        configuration = run.configuration
        self._objective = configuration["objective"]
        self._n_critic_steps = configuration["critic_steps"]
        betas = (configuration["optimizer"]["beta1"], _BETA2[self._objective["name"]])
        rate = configuration["learning_rate"]
        critic_rate = rate * configuration["critic_rate_factor"]
        self._critic = optim.Adam(self._network.critic.parameters(), lr=critic_rate, betas=betas, fused=True)
        self._generator = optim.Adam(self._network.generator.parameters(), lr=rate, betas=betas, fused=True)

    @property
    def optimizers(self) -> Mapping[str, optim.Optimizer]:
        return {"critic": self._critic, "generator": self._generator}

    def __call__(self, inputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
        """The loss of the critic, summed over the rows."""
        del target
        real = self._network.units(inputs)
        loss = self._critic_step(real)
        self._network.n_steps += 1
        if int(self._network.n_steps) % self._n_critic_steps == 0:
            self._generator_step(len(real))
            self._network.follow()
        return loss.detach() * len(real)

    def _critic_step(self, real: Tensor) -> Tensor:
        with torch.no_grad():
            made = self._network.made(len(real))
        critic = self._network.critic
        self._critic.zero_grad(set_to_none=True)
        loss = critic_loss(critic, real, made, self._objective)
        loss.backward()  # type: ignore[no-untyped-call]
        self._critic.step()
        return loss

    def _generator_step(self, n_rows: int) -> None:
        self._network.critic.requires_grad_(False)
        self._generator.zero_grad(set_to_none=True)
        scores = self._network.critic(self._network.made(n_rows))
        loss = functional.softplus(-scores) if self._objective["name"] == "non_saturating" else -scores
        loss.mean().backward()  # type: ignore[no-untyped-call]
        self._generator.step()
        self._network.critic.requires_grad_(True)


def critic_loss(critic: nn.Module, real: Tensor, made: Tensor, objective: Mapping[str, Any]) -> Tensor:
    """What the critic lowers on real and made units, both ``(batch, width)``; a mean over the rows."""
    name = objective["name"]
    if name == "hinge":
        on_real, on_made = critic(real), critic(made)
        return torch.relu(1 - on_real).mean() + torch.relu(1 + on_made).mean()
    if name == "wasserstein":
        shares = torch.rand(len(real), 1, device=real.device)
        slopes = _slopes(critic, torch.lerp(made, real, shares))[1]
        penalty = (slopes.square().sum(1) + 1e-12).sqrt().sub(1).square().mean()
        return critic(made).mean() - critic(real).mean() + objective["penalty"] * penalty
    assert name == "non_saturating", name
    on_real, slopes = _slopes(critic, real)
    penalty = slopes.square().sum(1).mean()
    confusion = functional.softplus(-on_real).mean() + functional.softplus(critic(made)).mean()
    return confusion + 0.5 * objective["penalty"] * penalty


def _slopes(critic: nn.Module, units: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of units, and the gradients ``(batch, width)`` of these by them."""
    units = units.detach().requires_grad_()
    scores = critic(units)
    (slopes,) = torch.autograd.grad(scores.sum(), units, create_graph=True)
    return scores, slopes
