"""From what a search found to a figure: the best network with its interval beside what it has to reach."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks._measure import Measure
from benchmarks._rows.row import Outcome, Results


def measure(
    name: str,
    outcome: Outcome,
    reach: float | None = None,
    peer: tuple[str, float] | None = None,
) -> Measure:
    """The score of the network that validation chose.

    Args:
        name: of the row.
        reach: None where there is no bound.
        peer: what it stands beside; the best baseline on the same rows when left out.
    """
    network = outcome.network
    score = float(network["score"])
    beside = peer if peer is not None else outcome.best_baseline()
    met = None if reach is None else score <= reach if outcome.minimise else score >= reach
    return Measure(
        name=f"{name} {network['metric']} {interval(outcome)}, n={network['n_seeds']}, {network['family']}",
        value=score,
        unit=str(network["metric"]),
        reach=reach,
        met=met,
        peer=None if beside is None else beside[0],
        peer_value=None if beside is None else beside[1],
        ratio=score / beside[1] if beside is not None and beside[1] else None,
        repeats=int(network["n_seeds"]),
        seconds=outcome.seconds,
    )


def interval(outcome: Outcome) -> str:
    """The 95 % interval of the best network's score."""
    low, high = outcome.network["low"], outcome.network["high"]
    return "[no interval]" if low is None else f"[{low:.5g}, {high:.5g}]"


def half_width(outcome: Outcome) -> float:
    """Half the width of that interval; 0 where there is none."""
    low, high = outcome.network["low"], outcome.network["high"]
    return 0.0 if low is None else (high - low) / 2


def reaches(name: str, bound: float | None) -> Callable[[Results], list[Measure]]:
    """A judge: the score of the only search is to reach `bound`."""
    return lambda results: [measure(name, results.only, bound)]


def reaches_baseline(name: str, baseline: str, times: float = 1.0) -> Callable[[Results], list[Measure]]:
    """A judge: the score is to reach so many times that of a baseline on the same rows."""

    def judge(results: Results) -> list[Measure]:
        found = results.only.baseline(baseline)
        if found is None:
            return [measure(name, results.only)]
        return [measure(name, results.only, times * found, (f"{baseline}, same split", found))]

    return judge
