"""Hostile specs, names, archives, data files and bundles: each must be refused, soon, in little memory, with no harm.

``python -m benchmarks.hostile [--quick] [--json FILE] [--group NAME] [--case TEXT] [--cases FILE] [--seed 0]
[--judge auto|wall|cpu] [--fuzz-minutes 0] [--crashes DIR] [--requests 0]``

Every case is given to the product in a forked process, in a folder of its own, and counts as well where it is
refused with an error of ours, or is harmless by nature; within a second and 200 MB beyond what imports take; with
nothing written beside it, started or connected to; and with a message that a terminal may show. On a busy machine
the second is one of processor time.

``--fuzz-minutes`` then changes specs and bundles at random, for so long. ``--requests`` asks every route of the
service that much by what its OpenAPI document allows, with a token of every role.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from benchmarks._measure import Measure, arguments, report
from benchmarks.hostile import sandbox
from benchmarks.hostile.case import Case
from benchmarks.hostile.corpus import all_cases
from benchmarks.hostile.fuzzing import fuzz
from benchmarks.hostile.requests import ask_all
from benchmarks.hostile.sandbox import MOST_BYTES, MOST_SECONDS, Outcome

_QUICK = 30  # cases a group
_FAULTS = ("accepted", "too slow", "too large", "traceback", "killed", "touched", "message")


def main() -> None:
    asked = arguments(
        __doc__, group="", case="", cases="", seed=0, judge="auto", fuzz_minutes=0.0, crashes="", requests=0
    )
    by_cpu = asked.judge == "cpu" or (asked.judge == "auto" and _is_busy())
    cases = [one for one in all_cases() if asked.group in ("", one.group) and asked.case in one.name]
    if asked.quick:
        cases = _sample(cases, asked.seed)
    sandbox.import_everything()
    print(
        f"{len(cases)} cases; seconds are of {'processor time' if by_cpu else 'the wall clock'}", flush=True
    )
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="automl-hostile-") as work:
        outcomes = [judged(sandbox.run(case, Path(work)), by_cpu) for case in cases]
        show(outcomes, by_cpu)
        if asked.cases:
            Path(asked.cases).write_text(json.dumps([asdict(one) for one in outcomes], indent=1) + "\n")
        found = measures(outcomes, by_cpu, time.monotonic() - begin)
        if asked.fuzz_minutes > 0:
            crashes = Path(asked.crashes) if asked.crashes else None
            found += fuzz(asked.fuzz_minutes, asked.seed, crashes, Path(work))
        if asked.requests > 0:  # last: it computes in this process, which cannot fork from then on
            found += ask_all(asked.requests, asked.seed, Path(work))
    report(found, asked.json)


def judged(one: Outcome, by_cpu: bool) -> Outcome:
    """Says at once what is wrong with a case."""
    if faults := one.faults(by_cpu):
        print(
            f"{', '.join(faults)}: {one.group}: {one.name}: {one.wall:.2f} s, {one.cpu:.2f} s of processor, "
            f"{one.n_bytes / 2**20:.0f} MB; {one.message[:300]!r} {one.touched or ''}",
            flush=True,
        )
    return one


def _is_busy() -> bool:
    return os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)


def _sample(cases: list[Case], seed: int) -> list[Case]:
    rng = random.Random(seed)
    groups = {case.group for case in cases}
    chosen = [[case for case in cases if case.group == group] for group in sorted(groups)]
    return [case for group in chosen for case in rng.sample(group, min(_QUICK, len(group)))]


def show(outcomes: list[Outcome], by_cpu: bool) -> None:
    """The table by group."""
    columns = ("cases", "refused", "harmless", *_FAULTS, "seconds", "MB")
    print(f"{'group':10}" + "".join(f"{name:>11}" for name in columns))
    for group in dict.fromkeys(one.group for one in outcomes):
        of_it = [one for one in outcomes if one.group == group]
        faults = Counter(fault for one in of_it for fault in one.faults(by_cpu))
        states = Counter(one.state for one in of_it)
        harmless = sum(one.state == "accepted" and bool(one.harmless) for one in of_it)
        slowest = max(one.cpu if by_cpu else one.wall for one in of_it)
        largest = max(one.n_bytes for one in of_it) / 2**20
        counts = [len(of_it), states["refused"], harmless, *(faults[name] for name in _FAULTS)]
        print(f"{group:10}" + "".join(f"{n:>11}" for n in counts) + f"{slowest:>11.2f}{largest:>11.0f}")


def measures(outcomes: list[Outcome], by_cpu: bool, seconds: float) -> list[Measure]:
    """One figure a fault, and the slowest and the largest case."""
    faults = Counter(fault for one in outcomes for fault in one.faults(by_cpu))
    n = len(outcomes)
    found = [
        Measure(f"hostile cases: {name}", faults[name], f"of {n}", 0, faults[name] == 0, seconds=seconds)
        for name in _FAULTS
    ]
    slowest = max(one.cpu if by_cpu else one.wall for one in outcomes)
    largest = max(one.n_bytes for one in outcomes)
    unit = "s of processor time" if by_cpu else "s"
    return [
        *found,
        Measure("the slowest case", slowest, unit, MOST_SECONDS, slowest <= MOST_SECONDS),
        Measure("the largest case", largest / 2**20, "MB", MOST_BYTES / 2**20, largest <= MOST_BYTES),
    ]


if __name__ == "__main__":
    main()
