"""SIGKILL to the driver at a random moment, and `resume`."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import Driver, go_on, under_way
from benchmarks.faults.peer import peer_search
from benchmarks.faults.processes import wait_until_gone
from benchmarks.faults.replays import implied

N_IMPLIED = 5  # suggestions after a death that are computed again


def strike(scene: Scene) -> None:
    driver = under_way(scene)
    scene.count.struck += driver.poll() is None
    _kill(driver)
    bench = scene.bench
    before = bench.records()
    n_entries = len(bench.store.search(bench.search_id).read_journal())
    go_on(scene, before)
    checked, wrong = implied(bench.store, bench.search_id, n_entries, N_IMPLIED)
    scene.check(wrong == 0, f"{wrong} of {checked} suggestions differ from what the journal implies")
    scene.check(wait_until_gone(bench.folder) == {}, "the killed driver left processes")


def strike_peer(scene: Scene) -> None:
    peer_search(scene, _kill)


def _kill(driver: Driver) -> None:
    driver.kill()
    driver.wait()


FAULT = Fault(
    injects="SIGKILL to the driver at a random moment of a search of 40 trials on embedded Ray",
    holds="the next suggestions are what the journal implies; what the driver started ends with it",
    noticed="by whoever waits for the process; `resume` begins a new term, which fences the old one, and replays "
    "the journal",
    strike=strike,
    peer=strike_peer,
    seconds=25,
)
