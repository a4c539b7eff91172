"""What a fault is, what one repeat of it is given, and what is counted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.faults.bench import Bench


@dataclass
class Count:
    """What the repeats of one fault did, summed.

    Args:
        struck: how often the fault was really there.
        acknowledged: records that were there at the fault.
        after: records at the end.
        lost: of those, gone or changed since; trials without an end; records without a row.
        doubled: trials with two ends, and rows that stand twice.
        again: trials that had ended at the fault and have a later attempt.
        left_running: processes that outlived their search.
        broken: what must hold beyond these and did not, in words.
        detected: seconds from the fault until the product knew of it.
        recovered: seconds from the fault, or from the command that goes on, until work went on.
    """

    repeats: int = 0
    struck: int = 0
    acknowledged: int = 0
    after: int = 0
    lost: int = 0
    doubled: int = 0
    again: int = 0
    left_running: int = 0
    broken: list[str] = field(default_factory=list)
    detected: list[float] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)

    def check(self, holds: bool, promise: str) -> None:
        """Counts a promise that does not hold."""
        if not holds:
            self.broken.append(promise)


@dataclass(frozen=True)
class Scene:
    """One repeat of one fault: a folder of its own, chance with a seed, and the counts to add to.

    Args:
        number: which repeat it is, from 0: a fault of several kinds takes turns by it.
        quick: as small as it can be and still mean something.
    """

    bench: Bench
    rng: random.Random
    count: Count
    number: int = 0
    quick: bool = False

    def settle(self, before: dict[str, str], n_trials: int | None = None) -> None:
        """Counts what the search of the bench, which has ended, lost of `before`, doubled and ran again."""
        lost, doubled, again = self.bench.harm(before, n_trials)
        self.count.acknowledged += len(before)
        self.count.after += len(self.bench.records())
        self.count.lost += lost
        self.count.doubled += doubled
        self.count.again += again

    def check(self, holds: bool, promise: str) -> None:
        """Counts a promise of this repeat that does not hold."""
        self.count.check(holds, f"repeat {self.number}: {promise}")


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Args:
        injects: what it does, in a line.
        holds: what must hold beyond that nothing is lost, doubled or run again.
        noticed: how it is detected and recovered from.
        strike: one repeat, from a new search to its end; it counts into its scene. An `AssertionError` is
            counted as a broken promise.
        seconds: about what a repeat takes on two free cores.
        peer: the same to unmodified Ray Tune with OptunaSearch; None where it makes no sense.
        within: seconds within which it must be detected, at the 95th percentile.
        at_least: so many repeats make it complete; fewer only where it is quick.
        lacking: why it cannot be injected on this machine, in a sentence; None where it can.
    """

    injects: str
    holds: str
    noticed: str
    strike: Callable[[Scene], None]
    seconds: float
    peer: Callable[[Scene], None] | None = None
    within: float | None = None
    at_least: int = 1
    lacking: Callable[[], str | None] = lambda: None


def seconds_until(condition: Callable[[], object], limit: float, what: str, pause: float = 0.02) -> float:
    """Waits for a condition, and gives how long that took.

    Raises:
        AssertionError: it did not come about within the limit.
    """
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit, f"{what}: not within {limit:g} s"
        time.sleep(pause)
    return time.monotonic() - began
