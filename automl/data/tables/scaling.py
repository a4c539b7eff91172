"""How one numeric column is brought to about mean 0 and deviation 1; fitted on training values alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automl.task import Array

MAX_QUANTILES = 1000
_ROWS_PER_QUANTILE = 30  # as in Gorishniy et al., NeurIPS 2021, so that few rows are not followed exactly
_FEW_VALUES = 30  # a column of so few different values is scaled linearly: its quantiles are steps
_TAIL = 1e-7  # the least probability; its normal quantile is -5.2

# Wichura, Algorithm AS 241, Applied Statistics 37 (1988), PPND16: the middle and the tails above 1e-11.
_MIDDLE = (
    (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
     21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
)  # fmt: skip
_OUTER = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
     0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip


@dataclass(frozen=True)
class Scaling:
    """A linear scaling, or with `quantiles` a monotone map to the normal distribution.

    Args:
        quantiles: ``(n_quantiles,)`` values at equal steps of probability, from the least to the greatest.
    """

    mean: float
    deviation: float
    quantiles: Array | None = None

    def apply(self, values: Array) -> Array:
        """The scaled values, float64, of the same shape; quantiles give at most 5.2 in size."""
        if self.quantiles is None:
            return np.asarray((values - self.mean) / self.deviation)
        references = np.linspace(0, 1, len(self.quantiles))
        # A value that many rows share has a range of probabilities: from both sides, it gets the middle.
        up = np.interp(values, self.quantiles, references)
        down = np.interp(-values, -self.quantiles[::-1], -references[::-1])
        return normal_quantile(0.5 * (up - down))

    def undo(self, scaled: Array) -> Array:
        """The values that `apply` gives these for; beyond the training values, the nearest of them."""
        if self.quantiles is None:
            return np.asarray(scaled * self.deviation + self.mean)
        from scipy.special import ndtr  # type: ignore[import-untyped]

        return np.asarray(np.interp(ndtr(scaled), np.linspace(0, 1, len(self.quantiles)), self.quantiles))


def fit_scaling(values: Array, numbers: str) -> Scaling:
    """The scaling for training values without missing ones; `numbers` is ``quantile`` or ``standard``."""
    scale = float(np.abs(values).max(initial=1.0))
    mean = float((values / scale).mean() * scale)
    deviation = float((values / scale).std() * scale)
    if not deviation > 1e-12 * max(abs(mean), 1e-300):
        deviation = 1.0
    if numbers == "standard" or len(np.unique(values)) <= _FEW_VALUES:
        return Scaling(mean, deviation)
    n_quantiles = int(np.clip(len(values) // _ROWS_PER_QUANTILE, 10, MAX_QUANTILES))
    quantiles = np.quantile(values, np.linspace(0, 1, n_quantiles))
    return Scaling(mean, deviation, np.maximum.accumulate(quantiles))


def normal_quantile(probability: Array) -> Array:
    """The standard normal value below which this probability lies, within 1e-15 relative.

    >>> [float(round(z, 6)) for z in normal_quantile(np.array([0.0, 0.5, 0.975]))]
    [-5.199338, 0.0, 1.959964]
    """
    clipped = np.clip(np.asarray(probability, np.float64), _TAIL, 1 - _TAIL)
    q = clipped - 0.5
    middle = _ratio(_MIDDLE, 0.180625 - q * q) * q
    tail = np.sqrt(-np.log(np.minimum(clipped, 1 - clipped))) - 1.6
    return np.where(np.abs(q) <= 0.425, middle, np.sign(q) * _ratio(_OUTER, tail))


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    above, below = (np.polynomial.polynomial.polyval(x, powers) for powers in coefficients)
    return np.asarray(above / below)
