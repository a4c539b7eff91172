"""How far an axis of scores reaches, so that a few very bad ones do not press all others flat."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard import words

BAD_SHARE = 0.05  # of the scores that may lie beyond the axis
STRETCH = 3.0  # times the room of the others that all may take at most


@dataclass(frozen=True)
class ScoreAxis:
    """From `low` to `high`; `n_beyond` scores are worse than its end, and are drawn at the edge."""

    low: float
    high: float
    n_beyond: int

    def sentence(self) -> str:
        """What a caption says of it; empty where there is nothing to say."""
        if not self.n_beyond:
            return ""
        return f" {words.plural(self.n_beyond, 'score')} beyond the axis, on the bad side, stand at its edge."


def score_axis(scores: pl.Series, goal: str) -> ScoreAxis:
    """The axis for these scores: it has room for the best 95 %, and three times that on the bad side where needed.

    >>> score_axis(pl.Series([0.1, 0.2, 0.3] * 20 + [1e9]), "min")
    ScoreAxis(low=0.1, high=0.3, n_beyond=1)
    """
    finite = scores.filter(scores.is_finite())
    if finite.len() == 0:
        return ScoreAxis(0.0, 1.0, 0)
    signed = finite if goal == "min" else -finite
    losses = signed.sort().to_numpy()
    best, most, worst = (float(losses[place]) for place in (0, int((1 - BAD_SHARE) * (len(losses) - 1)), -1))
    reach = best + STRETCH * (most - best)
    end = float(losses[losses <= reach][-1]) if worst > reach > best else worst
    n_beyond = int((losses > end).sum())
    low, high = (best, end) if goal == "min" else (-end, -best)
    return ScoreAxis(low, high, n_beyond)
