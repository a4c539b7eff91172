"""Splits: disjoint, covering, stable, stratified, and never a group in two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data.splits import Guide, sample_rows, split_rows
from automl.errors import DataError
from automl.spec import SplitSpec

SHARES = st.floats(0.05, 0.45)
SEEDS = st.integers(0, 5)


@given(st.integers(10, 200), SHARES, SHARES, SEEDS)
def test_splits_are_disjoint_cover_all_and_are_stable(
    n_rows: int, validation: float, test: float, seed: int
) -> None:
    strata = np.arange(n_rows) % 3
    split = SplitSpec(validation=validation, test=test, seed=seed)
    found = split_rows(n_rows, split, Guide(strata=strata))
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(n_rows))
    assert all(len(np.unique(strata[rows])) == 3 for rows in found.values())
    assert abs(len(found["test"]) - test * n_rows) <= 3
    again = split_rows(n_rows, split, Guide(strata=strata))
    assert all(np.array_equal(found[name], again[name]) for name in found)


@given(st.integers(20, 100), SHARES, SHARES, SEEDS)
def test_test_rows_do_not_depend_on_the_validation_share(
    n_rows: int, one: float, other: float, seed: int
) -> None:
    groups = np.arange(n_rows) // 3
    for guide in (Guide(), Guide(strata=groups % 2), Guide(groups=groups), Guide(order=groups)):
        tests = [
            split_rows(n_rows, SplitSpec(validation=share, test=0.2, seed=seed), guide)["test"]
            for share in (one, other)
        ]
        np.testing.assert_array_equal(*tests)


def test_test_rows_do_not_depend_on_a_file_for_validation() -> None:
    by_share = split_rows(50, SplitSpec(), Guide())
    by_file = split_rows(60, SplitSpec(validation="v.csv"), Guide(fixed={"validation": np.arange(50, 60)}))
    np.testing.assert_array_equal(by_share["test"], by_file["test"])


@given(st.lists(st.integers(0, 9), min_size=12, max_size=80), SHARES, SEEDS)
def test_a_group_never_stands_in_two_splits(groups: list[int], share: float, seed: int) -> None:
    codes = np.array(groups)
    split = SplitSpec(validation=share, test=share, seed=seed)
    if len(set(groups)) < 3:
        with pytest.raises(DataError):
            split_rows(len(codes), split, Guide(groups=codes))
        return
    found = split_rows(len(codes), split, Guide(groups=codes))
    own = [set(codes[rows].tolist()) for rows in found.values()]
    assert all(own)
    assert sum(map(len, own)) == len(set(groups))


def test_too_few_groups_are_refused_in_one_sentence() -> None:
    with pytest.raises(DataError) as caught:
        split_rows(20, SplitSpec(), Guide(groups=np.arange(20) % 2))
    assert str(caught.value) == (
        "A split by groups needs at least 3 groups here, but there are 2. Leave split.by out, or split by a "
        "column "
        "of more values."
    )


def test_time_goes_from_training_over_validation_to_test() -> None:
    order = np.random.default_rng(0).permutation(50)
    found = split_rows(50, SplitSpec(), Guide(order=order))
    assert order[found["train"]].max() < order[found["validation"]].min()
    assert order[found["validation"]].max() < order[found["test"]].min()
    assert [len(rows) for rows in found.values()] == [30, 10, 10]


def test_given_test_rows_stay_and_validation_is_a_share_of_the_others() -> None:
    found = split_rows(30, SplitSpec(), Guide(fixed={"test": np.arange(10)}))
    assert found["test"].tolist() == list(range(10))
    assert len(found["validation"]) == 4


def test_another_seed_gives_other_rows() -> None:
    one, two = (split_rows(100, SplitSpec(seed=seed), Guide())["test"] for seed in (0, 1))
    assert one.tolist() != two.tolist()


def test_a_sample_keeps_shares_and_order() -> None:
    strata = np.repeat([0, 1], [900, 100])
    kept = sample_rows(1000, 100, 0, strata)
    assert np.bincount(strata[kept]).tolist() == [90, 10]
    assert (np.diff(kept) > 0).all()
    assert sample_rows(1000, 2000, 0, strata).tolist() == list(range(1000))
    np.testing.assert_array_equal(kept, sample_rows(1000, 100, 0, strata))
