"""Whether a study that is replayed from its journal decides as it did before: suggestions, rungs, retries, finalists.

``python -m benchmarks.faults.replays [--cuts 100] [--trials 60] [--seed 0] [--quick] [--json FILE]``

A search on three workers with two families, rungs, and a driver that is killed halfway, leaves a journal. It is cut at
random places. At each the study is replayed from what stands before the cut, told what workers told it after that, in
the same order, and must write the same entries, up to the next twenty.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.run import load_search
from automl.store import Store
from automl.study import Plan, Study
from automl.study.journal import Entry, result_of
from benchmarks._measure import Measure, arguments, report
from benchmarks.faults.bench import Bench
from benchmarks.faults.processes import wait_until_gone

N_FOLLOWED = 20
DECISIONS = ("suggest", "rung", "stop", "refits", "cut")


@dataclass(frozen=True)
class Compared:
    """What a replayed study decided after a cut.

    Args:
        decisions: how many were compared, by event.
        differs: the first entry that was written, beside what it should have been; None where all were the same.
    """

    decisions: Counter[str]
    differs: tuple[Entry | None, Entry] | None = None


def follow(plan: Plan, entries: Sequence[Entry], cut: int, n: int = N_FOLLOWED) -> Compared:
    """Replays the entries before the cut, tells the study what happened after it, and compares."""
    written: list[Entry] = []
    study = Study.replay(plan, lambda some: written.extend(json.loads(json.dumps(some))), entries[:cut])
    decisions: Counter[str] = Counter()
    place = cut
    while place < min(len(entries), cut + n):
        written.clear()
        _tell(study, entries[place])
        wanted = entries[place : place + len(written)]
        for one, other in zip(written, wanted, strict=False):
            decisions[other["event"]] += other["event"] in DECISIONS
            if one != other:
                return Compared(decisions, (one, other))
        if not written:
            return Compared(decisions, (None, entries[place]))
        place += len(written)
    return Compared(decisions)


def _tell(study: Study, entry: Entry) -> None:
    """What led to an entry: an attempt that ended, a score at a rung, a resume, or a worker that asked."""
    if entry["event"] == "finish":
        study.finish(entry["kind"], entry["name"], entry["attempt"], result_of(entry), 0.0)
        study.ask(0, 0.0)  # so that it is written
    elif entry["event"] == "rung":
        score = math.nan if entry["score"] is None else entry["score"]
        study.report(str(entry["trial"]), "trial", entry["attempt"], entry["epoch"], score)
    elif entry["event"] == "reopen":
        study.reopen()
    else:
        study.ask(1, 0.0)


def implied(store: Store, search_id: str, n_before: int, n: int) -> tuple[int, int]:
    """Of the first suggestions behind so many entries: how many were computed again, and how many differ."""
    search, folder = load_search(store, search_id)
    entries = folder.read_journal()
    places = [i for i, one in enumerate(entries) if i >= n_before and one["event"] == "suggest"][:n]
    differ = [place for place in places if follow(search.plan(), entries, place, 1).differs is not None]
    return len(places), len(differ)


def real_journal(folder: Path, n_trials: int, seed: int) -> tuple[Plan, list[Entry]]:
    """The plan and the journal of a search whose driver was killed halfway and resumed."""
    bench = Bench(folder, n_trials=n_trials, pause=0.01)
    spec: dict[str, Any] = {
        "families": ["mlp", *bench.spec()["families"]],
        "budget": {"trials": n_trials, "epochs": 9},
        "resources": {"workers": 3},
        "search": {},
        "seed": seed,
        "finalists": {"top": 2, "seeds": 2},
    }
    driver = bench.search(**spec)
    bench.wait_for_trials(n_trials // 2, driver)
    driver.kill()
    driver.wait()
    bench.ends_well(bench.resume())
    search, found = load_search(bench.store, bench.search_id)
    return search.plan(), found.read_journal()


def main() -> None:
    options = arguments(__doc__, cuts=100, trials=60, seed=0)
    n_trials = 16 if options.quick else options.trials
    rng = random.Random(options.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="af-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        try:
            plan, entries = real_journal(folder, n_trials, options.seed)
        finally:
            wait_until_gone(folder)
    events = Counter(entry["event"] for entry in entries)
    n_stopped = sum(entry["event"] == "rung" and not entry["go"] for entry in entries)
    print(
        f"seed {options.seed}; a journal of {len(entries)} entries: {dict(events)}; {n_stopped} stopped at rungs"
    )
    same, decisions = 0, Counter[str]()
    for _ in range(options.cuts):
        cut = rng.randrange(len(entries))
        compared = follow(plan, entries, cut)
        decisions += compared.decisions
        same += compared.differs is None
        if compared.differs is not None:
            print(f"cut at {cut}: {compared.differs[0]}, where the journal has {compared.differs[1]}")
    print(f"compared: {dict(decisions)}")
    measure = Measure(
        "cuts after which every decision was the same",
        same,
        f"of {options.cuts}",
        options.cuts,
        same == options.cuts,
        repeats=options.cuts,
        seconds=time.monotonic() - began,
    )
    report([measure], options.json)


if __name__ == "__main__":
    main()
