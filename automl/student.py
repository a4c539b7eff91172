"""Student's t distribution for whole arrays, without a dependency for it."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from automl.task import Array

_NEARLY_NORMAL = 1e4  # degrees of freedom beyond which the normal distribution stands for it
_TERMS = 200  # of the continued fraction; about sqrt(_NEARLY_NORMAL / 2) are needed


def t_tail(t: Array, freedom: Array) -> Array:
    """The chance of a value at least as far from 0 as each `t`, on both sides.

    >>> t_tail(np.array([2.776445]), np.array([4.0])).round(6).tolist()
    [0.05]
    """
    near = np.minimum(freedom, _NEARLY_NORMAL)
    chances = _incomplete_beta(near / (near + np.square(t)), near / 2, 0.5)
    normal = np.array([math.erfc(abs(value) / math.sqrt(2)) for value in t])
    return np.where(freedom > _NEARLY_NORMAL, normal, chances)


def t_quantile(share: float, freedom: Array) -> Array:
    """The values that this share of each distribution, at least a half, is below.

    >>> t_quantile(0.975, np.array([1.0, 4.0, np.inf])).round(4).tolist()
    [12.7062, 2.7764, 1.96]
    """
    low = np.full(len(freedom), NormalDist().inv_cdf(share))
    high = low * 1e4
    for _ in range(60):
        middle = np.sqrt(low * high)
        too_low = t_tail(middle, freedom) > 2 * (1 - share)
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return low


def _incomplete_beta(x: Array, a: Array, b: float) -> Array:
    """The regularised incomplete beta function (Press et al., "Numerical Recipes", section 6.4)."""
    swap = x > (a + 1) / (a + b + 2)
    x, first, second = np.where(swap, 1 - x, x), np.where(swap, b, a), np.where(swap, a, b)
    inside = np.clip(x, 1e-300, 1 - 1e-16)
    log_gamma = np.vectorize(math.lgamma, otypes=[float])
    front = np.exp(
        log_gamma(a + b) - log_gamma(a) - math.lgamma(b) + first * np.log(inside) + second * np.log1p(-inside)
    )
    value = np.where(x <= 0, 0.0, front * _fraction(inside, first, second) / first)
    return np.where(swap, 1 - value, value)


def _fraction(x: Array, a: Array, b: Array) -> Array:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = np.ones(len(x)), 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        before = value
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value = value * d * c
        if np.allclose(value, before, rtol=1e-13, atol=0):
            break
    return value


def _away(values: Array) -> Array:
    """The values, kept away from 0 so that they can be divided by."""
    return np.where(np.abs(values) > 1e-300, values, 1e-300)
