"""How the learning rate changes over a training: a pure function of the step, so it has no state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# Smith & Topin, "Super-Convergence", 2018: start well below the peak and end far below the start.
# The two numbers are PyTorch's defaults for OneCycleLR (div_factor, final_div_factor).
_ONE_CYCLE_START = 1 / 25
_ONE_CYCLE_END = _ONE_CYCLE_START / 1e4


def rate_factor(schedule: Mapping[str, Any], warm_up: float, step: int, n_steps: int) -> float:
    """The share of the configured learning rate to use at `step`, counted from 0 to ``n_steps - 1``.

    The rate rises linearly over the first ``warm_up * n_steps`` steps (Goyal et al., "Accurate, Large
    Minibatch SGD", 2017, section 2.2), and `schedule` rules the rest. ``one_cycle`` has a rise of
    its own and takes no other.

    >>> [round(rate_factor({"name": "cosine"}, 0.0, step, 4), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    >>> [rate_factor({"name": "step", "factor": 0.5, "steps": 1}, 0.5, step, 8) for step in range(8)]
    [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.5, 0.5]
    """
    name = schedule["name"]
    if name == "one_cycle":
        return _one_cycle(step / n_steps, schedule["rise"])
    n_warm = round(warm_up * n_steps)
    if step < n_warm:
        return (step + 1) / (n_warm + 1)
    progress = (step - n_warm) / (n_steps - n_warm)
    if name == "cosine":
        return _cosine(1.0, 0.0, progress)
    if name == "step":
        return float(schedule["factor"] ** math.floor(progress * (schedule["steps"] + 1)))
    assert name == "constant", name
    return 1.0


def _one_cycle(progress: float, rise: float) -> float:
    if progress < rise:
        return _cosine(_ONE_CYCLE_START, 1.0, progress / rise)
    return _cosine(1.0, _ONE_CYCLE_END, (progress - rise) / (1.0 - rise))


def _cosine(first: float, last: float, progress: float) -> float:
    return last + (first - last) * (1.0 + math.cos(math.pi * progress)) / 2
