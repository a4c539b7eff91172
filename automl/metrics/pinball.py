"""How far predicted quantiles are off, over and under being weighed by their level.

Koenker & Bassett, "Regression Quantiles", Econometrica, 1978.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def pinball(target: Array, prediction: Array, levels: Array) -> float:
    """The mean over rows and levels of ``level * above + (1 - level) * below``, in the target's units.

    Above is how far the target lies above the quantile, below how far it lies under it: the mean of
    scikit-learn's ``mean_pinball_loss`` over the levels.

    Args:
        target: ``(rows,)``.
        prediction: ``(rows, n_levels)``.
        levels: ``(n_levels,)``, each between 0 and 1.

    >>> pinball(np.array([1.0, 1.0]), np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([0.25, 0.75]))
    0.125
    """
    return float(np.mean(_losses(target, prediction, levels)))


def _losses(target: Array, prediction: Array, levels: Array) -> Array:
    above = target[:, None] - prediction
    return np.asarray(np.maximum(levels * above, (levels - 1.0) * above).mean(axis=1))


METRIC = Metric(
    "pinball",
    "min",
    ("quantile",),
    pinball,
    "mean pinball loss over the quantiles, in the target's units",
    per_row=_losses,
    bounds=(0.0, float("inf")),
    needs="levels",
)
