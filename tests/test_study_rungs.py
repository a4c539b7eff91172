"""Rungs: where they stand and who goes on."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import SpecError
from automl.study.rungs import Ladder, rungs


@given(st.integers(1, 10_000), st.sampled_from(["auto", 1, 2, 5]), st.integers(2, 5))
def test_rungs_ascend_by_the_factor_below_the_epochs(epochs: int, first: object, factor: int) -> None:
    found = rungs(epochs, first, factor)  # type: ignore[arg-type]
    assert all(low * factor == high for low, high in itertools.pairwise(found))
    assert all(0 < rung < epochs for rung in found)
    if first == "auto":
        assert 1 not in found
        assert bool(found) == (epochs > 4)


def test_rungs_refuses_what_makes_no_ladder() -> None:
    with pytest.raises(SpecError, match=r"^The factor of rungs must be 2 or more, but got 1\.$"):
        rungs(9, "auto", 1)
    with pytest.raises(SpecError, match=r"^The first rung must be 1 epoch or later, but got 0\.$"):
        rungs(9, 0)


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.integers(2, 4), st.sampled_from(["max", "min"])
)
def test_ladder_lets_the_top_of_all_recorded_go_on(scores: list[float], factor: int, goal: str) -> None:
    ladder = Ladder((2,), factor, goal)  # type: ignore[arg-type]
    for n, score in enumerate(scores, 1):
        ordered = sorted(scores[:n], reverse=goal == "max")
        expected = n < factor or score in ordered[: n // factor]
        assert ladder.enter(2, score) == expected


@given(st.lists(st.floats(0, 1), max_size=9))
def test_ladder_never_lets_nan_go_on(scores: list[float]) -> None:
    ladder, same = Ladder((2,), 3, "max"), Ladder((2,), 3, "max")
    for score in scores:
        assert not ladder.enter(2, math.nan)
        assert ladder.enter(2, score) == same.enter(2, score)
