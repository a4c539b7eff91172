"""A search over three nodes, of which one is killed and to which one is added halfway.

``python -m benchmarks.service.nodes [--quick] [--json FILE] [--repeats 3] [--trials 120]``

The nodes are real ones of Ray on this machine (`ray start`): each has its raylet and one CPU to give, the head the rest
of Ray, with a token. The search, of trials that sleep, is driven from a process of its own and has three workers, one
a node. After a third of the trials a node is killed (SIGKILL to its raylet; its workers die with it), after half of
them another one joins. Counted, once the search has ended: records lost, doubled and run again, drivers that did not
survive, how long until a trial that was lost ran again, and until a worker ran on the new node.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from benchmarks._measure import Measure, arguments, report
from benchmarks.faults.bench import Bench
from benchmarks.faults.processes import send, started_in, wait_until_gone
from benchmarks.faults.ray_nodes import Nodes

N_NODES = 3
EPOCH_SECONDS = 0.3
PATIENCE_SECONDS = 400.0
RESUMES = 3  # of a driver that did not survive


@dataclass
class Seen:
    """What became of the searches, summed over repeats; times in seconds.

    Args:
        resumed: how often a driver had to be started again by hand.
        again_after: from the kill of a node until a trial that it had lost ran again.
        used_after: from the start of a new node until a worker ran on it.
    """

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    again: int = 0
    resumed: int = 0
    lost_trials: int = 0
    again_after: list[float] = field(default_factory=list)
    used_after: list[float] = field(default_factory=list)


def once(folder: Path, n_trials: int, seen: Seen) -> None:
    """One search, from its beginning to its end."""
    bench = Bench(folder, n_trials=n_trials, pause=EPOCH_SECONDS)
    try:
        _once(bench, Nodes(bench), seen)
    finally:
        for pid in started_in(folder):
            send(pid, signal.SIGKILL)  # Ray's own processes; what the search started must be gone
        wait_until_gone(folder)


def _once(bench: Bench, nodes: Nodes, seen: Seen) -> None:
    nodes.start_head(1)
    others = [nodes.add(1) for _ in range(N_NODES - 1)]
    driver = bench.search(resources={"workers": N_NODES})
    bench.wait_for_trials(bench.n_trials // 3, driver)
    _until(lambda: len(bench.workers) >= N_NODES, "three workers have come up")
    before = bench.records()
    killed = time.time()
    nodes.kill_node(others[0])
    driver = _goes_on(bench, driver, seen, lambda: len(bench.records()) >= bench.n_trials // 2)
    added = time.monotonic()
    new = nodes.add(1)
    driver = _goes_on(bench, driver, seen, lambda: bool(_workers_of(bench, new)))
    seen.used_after.append(time.monotonic() - added)
    while bench.ends(driver) != 0:
        driver = _resumed(bench, seen)
    _until(lambda: not bench.workers, "the workers are gone")
    _count(bench, before, killed, seen)


def _goes_on(bench: Bench, driver: Any, seen: Seen, until: Callable[[], bool]) -> Any:
    """Waits until something is so; a driver that ended meanwhile without success is started again."""

    def so() -> bool:
        nonlocal driver
        if driver.poll() not in (None, 0):
            driver = _resumed(bench, seen)
        return until() or driver.poll() == 0

    _until(so, f"the search has got on: {bench.log}")
    assert driver.poll() != 0 or until(), (
        "the search ended before it was halfway disturbed: give it more trials"
    )
    return driver


def _resumed(bench: Bench, seen: Seen) -> Any:
    seen.resumed += 1
    assert seen.resumed <= RESUMES, f"the search does not survive:\n{bench.log}"
    return bench.resume()


def _workers_of(bench: Bench, node: list[int]) -> list[int]:
    """The processes that train on a node: children of its raylet."""
    return [pid for pid in bench.workers if _parent(pid) in node]


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # it has ended


def _count(bench: Bench, before: dict[str, str], killed: float, seen: Seen) -> None:
    lost, doubled, again = bench.harm(before)
    seen.acknowledged += len(before)
    seen.lost += lost
    seen.doubled += doubled
    seen.again += again
    rows = bench.rows().with_columns(pl.col("started_at").dt.epoch("us") / 1e6)
    failed = rows.filter(pl.col("reason").is_in(["lost_worker", "lost_node"]))
    seen.lost_trials += failed.height
    repeated = rows.filter(pl.col("trial").is_in(failed["trial"].to_list()), pl.col("attempt") > 1)
    if repeated.height:
        seen.again_after.append(float(repeated["started_at"].min()) - killed)  # type: ignore[arg-type]


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"within {PATIENCE_SECONDS:.0f} s it was not so that {what}"
        time.sleep(0.05)


def measures(seen: Seen, repeats: int, seconds: float) -> list[Measure]:
    what = f"a node killed and one added, {repeats} times, {seen.acknowledged} acknowledged before"
    found = [
        Measure(f"{what}: {name}", value, unit, 0, value == 0, repeats=repeats, seconds=seconds)
        for name, value, unit in (
            ("lost", seen.lost, "records"),
            ("doubled", seen.doubled, "records"),
            ("run again", seen.again, "records"),
            ("drivers started again by hand", seen.resumed, "drivers"),
        )
    ]
    for name, times in (
        (f"one of the {seen.lost_trials} trials that were lost ran again within", seen.again_after),
        ("a worker ran on the new node within", seen.used_after),
    ):
        if times:
            found.append(
                Measure(
                    f"{what}: {name}, {max(times):.3g} s at most",
                    median(times),
                    "s",
                    repeats=len(times),
                    seconds=seconds,
                )
            )
    return found


def main() -> None:
    options = arguments(__doc__, repeats=3, trials=120)
    repeats, n_trials = (1, 60) if options.quick else (options.repeats, options.trials)
    seen, began = Seen(), time.monotonic()
    for number in range(repeats):
        with tempfile.TemporaryDirectory(prefix="nodes-") as name:
            once(Path(name).resolve(), n_trials, seen)
        print(f"{number + 1}: {seen}", flush=True)
    report(measures(seen, repeats, time.monotonic() - began), options.json)


if __name__ == "__main__":
    main()
