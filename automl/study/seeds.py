"""Seeds, each derived from the search's seed and from what it is for."""

from __future__ import annotations

from typing import Literal

import numpy as np

_PURPOSES = {"trial": 0, "suggestion": 1, "refit": 2, "family": 3}
Purpose = Literal["trial", "suggestion", "refit", "family"]


def derive(seed: int, purpose: Purpose, *numbers: int) -> int:
    """A seed in [0, 2^32) that depends on all of its arguments and on nothing else.

    >>> derive(0, "trial", 7) == derive(0, "trial", 7)
    True
    >>> derive(0, "trial", 7) == derive(0, "suggestion", 7)
    False
    """
    words = [abs(seed), int(seed < 0), _PURPOSES[purpose], *numbers]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint32)[0])


def refit_seed(seed: int, trial: int, index: int) -> int:
    """The seed of refit number `index` of a trial: never the one that the trial itself was given.

    >>> len({refit_seed(0, 7, index) for index in range(5)} | {derive(0, "trial", 7)})
    6
    """
    given = {derive(seed, "trial", trial)}
    for earlier in range(index + 1):
        salt = 0
        while (fresh := derive(seed, "refit", trial, earlier, salt)) in given:
            salt += 1
        given.add(fresh)
    return fresh
