"""Random search: every value drawn on its own, uniformly (or log-uniformly) over its range.

Bergstra & Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 2012.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from automl.space import Choice, Float, Leaf, Scalar, Space, fill
from automl.study.plan import Objective
from automl.study.sampler import Outcome, Sampler, Values


class RandomSuggester:
    """Suggestions that do not look at the history."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def suggest(self, seed: int, fixed: Mapping[str, Scalar]) -> Values:
        rng = np.random.default_rng(seed)
        values: Values = {}

        def choose(path: str, leaf: Leaf) -> Scalar:
            values[path] = fixed[path] if path in fixed else draw(rng, leaf)
            return values[path]

        fill(self._space, choose)
        return values

    def begin(self, number: int, values: Mapping[str, Scalar]) -> None:
        pass

    def finish(self, number: int, outcome: Outcome) -> None:
        pass


def draw(rng: np.random.Generator, leaf: Leaf) -> Scalar:
    """A value from the whole range of a leaf."""
    if isinstance(leaf, Choice):
        return leaf.names[int(rng.integers(len(leaf.names)))]
    if isinstance(leaf, Float):
        low, high = (math.log(leaf.low), math.log(leaf.high)) if leaf.log else (leaf.low, leaf.high)
        value = float(rng.uniform(low, high))
        return min(max(math.exp(value) if leaf.log else value, leaf.low), leaf.high)
    if not leaf.log:
        return int(rng.integers(leaf.low, leaf.high, endpoint=True))
    value = math.exp(rng.uniform(math.log(leaf.low - 0.5), math.log(leaf.high + 0.5)))
    return min(max(round(value), leaf.low), leaf.high)


def start(space: Space, objectives: tuple[Objective, ...]) -> RandomSuggester:  # noqa: ARG001
    return RandomSuggester(space)


SAMPLER = Sampler("random", "Random search: looks at no result.", start)
