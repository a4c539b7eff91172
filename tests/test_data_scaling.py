"""The map of numbers to a normal distribution."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from automl.data.tables.scaling import fit_scaling, normal_quantile

NUMBERS = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e9, 1e9))


def test_normal_quantile_agrees_with_the_standard_library() -> None:
    probabilities = np.concatenate([np.logspace(-7, -0.31, 200), 1 - np.logspace(-6.9, -0.31, 200)])
    expected = [NormalDist().inv_cdf(p) for p in probabilities]
    np.testing.assert_allclose(normal_quantile(probabilities), expected, rtol=1e-12)


def test_quantiles_agree_with_scikit_learn() -> None:
    from sklearn.preprocessing import QuantileTransformer

    random = np.random.default_rng(0)
    values = np.concatenate([random.lognormal(size=900), np.repeat(1.0, 100)])
    scaling = fit_scaling(values, "quantile")
    assert scaling.quantiles is not None
    peer = QuantileTransformer(n_quantiles=len(scaling.quantiles), output_distribution="normal")
    expected = peer.fit_transform(values[:, None])[:, 0]
    np.testing.assert_allclose(scaling.apply(values), expected, atol=1e-9)


@given(NUMBERS, NUMBERS)
def test_scaling_is_monotone_bounded_and_finite(train: np.ndarray, values: np.ndarray) -> None:
    for numbers in ("quantile", "standard"):
        scaling = fit_scaling(train, numbers)
        scaled = scaling.apply(np.sort(values))
        assert np.isfinite(scaled).all()
        assert (np.diff(scaled) >= -1e-9).all()
        if scaling.quantiles is not None:
            assert np.abs(scaled).max() < 5.21


def test_half_of_one_value_does_not_stand_in_the_tail() -> None:
    values = np.concatenate([np.zeros(500), np.random.default_rng(0).exponential(size=500)])
    scaled = fit_scaling(values, "quantile").apply(np.array([0.0]))
    assert -1 < scaled[0] < 0


def test_few_values_are_scaled_linearly_and_one_value_is_zero() -> None:
    few = np.arange(100) % 5.0
    assert fit_scaling(few, "quantile").quantiles is None
    np.testing.assert_allclose(fit_scaling(few, "standard").apply(few).std(), 1)
    np.testing.assert_allclose(fit_scaling(np.full(20, 0.1), "quantile").apply(np.full(2, 0.1)), 0, atol=1e-9)
