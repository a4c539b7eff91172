"""Student's t distribution, without a dependency for it."""

from __future__ import annotations

import math
from statistics import NormalDist


def t_tail(t: float, freedom: float) -> float:
    """The chance of a value at least as far from 0 as `t`, on both sides.

    >>> round(t_tail(2.776445, 4), 6)
    0.05
    """
    if freedom > 1e6:
        return math.erfc(abs(t) / math.sqrt(2))
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def t_quantile(share: float, freedom: float) -> float:
    """The value that this share of the distribution, at least a half, is below.

    >>> round(t_quantile(0.975, 4), 6)
    2.776445
    """
    low = high = NormalDist().inv_cdf(share)
    if freedom > 1e6:
        return low
    while t_tail(high, freedom) > 2 * (1 - share):
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > 2 * (1 - share) else (low, middle)
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (Press et al., "Numerical Recipes", section 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 300):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return front * value / a


def _away(value: float) -> float:
    """The value, kept away from 0 so that it can be divided by."""
    return value if abs(value) > 1e-300 else 1e-300
