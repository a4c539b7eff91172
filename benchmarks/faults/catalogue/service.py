"""SIGKILL to the service while drivers run and while a user submits, and the service again."""

from __future__ import annotations

import threading
import time

from automl.errors import AutoMLError
from automl.remote import Remote
from automl.spec import SearchSpec
from benchmarks.faults.bench import records
from benchmarks.faults.fault import Fault, Scene, seconds_until
from benchmarks.faults.kills import N_TRIALS
from benchmarks.faults.proxy import FlakyProxy
from benchmarks.faults.serving import Service, small_spec


def strike(scene: Scene) -> None:
    bench = scene.bench
    n_trials = 6 if scene.quick else N_TRIALS // 2
    service = Service(bench)
    service.start()
    budget = {"trials": n_trials, "epochs": 30}
    specs = [small_spec(bench.folder, name, budget) for name in ("one", "two")]
    first = service.remote().submit(specs[0])["search_id"]
    seconds_until(lambda: records(bench.store), 240, "the first search has a record", 0.1)
    proxy = FlakyProxy(("127.0.0.1", service.port))
    try:
        second, before = _submit_while_it_dies(scene, service, proxy, specs[1])
    finally:
        proxy.close()
    ids = [first, second]
    states = service.wait_for_ends(ids)
    service.end()
    scene.check(set(states.values()) == {"complete"}, f"the searches ended as {states}")
    scene.check(sorted(bench.store.search_ids()) == sorted(ids), "one search for each that was submitted")
    scene.settle(before, n_trials)


def _submit_while_it_dies(
    scene: Scene, service: Service, proxy: FlakyProxy, spec: SearchSpec
) -> tuple[str, dict[str, str]]:
    """The id of a search whose first answers are lost, and what was recorded when the service died."""
    bench = scene.bench
    proxy.set("lose_answers", 2)  # whether its data are known, and whether it was accepted
    told: list[str] = []
    submitting = threading.Thread(target=_insist, args=(service.remote(proxy.url), spec, told), daemon=True)
    submitting.start()
    time.sleep(scene.rng.uniform(0, 8))
    before = records(bench.store)
    drivers = service.drivers()
    service.kill()
    scene.count.struck += 1
    began = time.monotonic()
    scene.check(set(drivers) <= set(service.drivers()), "a driver died with the service")
    service.start()
    scene.count.recovered.append(time.monotonic() - began)
    submitting.join(300)
    assert told, f"the search was never accepted: {bench.log}"
    return told[0], before


def _insist(remote: Remote, spec: SearchSpec, told: list[str]) -> None:
    """Submits until an answer comes, as users do."""
    until = time.monotonic() + 300
    while not told and time.monotonic() < until:
        try:
            told.append(remote.submit(spec)["search_id"])
        except AutoMLError:
            time.sleep(0.5)


FAULT = Fault(
    injects="SIGKILL to the service while a driver runs, and while a search is submitted whose answers are lost",
    holds="drivers go on without it; what was submitted is there once, and both searches complete",
    noticed="by whoever supervises the service; it reads from the store and from /proc what there is to do",
    strike=strike,
    seconds=60,
)
