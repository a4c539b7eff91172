"""Fifty identical submissions at once over HTTP, and one more whose answer is lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from automl.errors import AutoMLError
from automl.remote import Remote
from automl.spec import SearchSpec
from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.proxy import FlakyProxy
from benchmarks.faults.serving import Service, small_spec

N_AT_ONCE, N_TRIALS = 50, 6


def strike(scene: Scene) -> None:
    bench = scene.bench
    service = Service(bench)
    service.start()
    spec = small_spec(bench.folder, "same", {"trials": N_TRIALS, "epochs": 5})
    proxy = FlakyProxy(("127.0.0.1", service.port))
    proxy.set("lose_answers", 1)
    n = 6 if scene.quick else N_AT_ONCE
    remotes = [service.remote() for _ in range(n - 1)] + [service.remote(proxy.url)]
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(n) as pool:
            answers = list(pool.map(lambda remote: _submit(remote, spec), remotes))
    finally:
        proxy.close()
    scene.count.struck += 1
    scene.count.recovered.append(time.monotonic() - began)
    ids = sorted({answer for answer in answers if answer is not None})
    refused = sum(answer is None for answer in answers)
    scene.check(refused == 0, f"{refused} of {n} submissions were refused")
    scene.check(len(ids) == 1, f"{len(ids)} searches came of {n} submissions")
    before = bench.records()
    states = service.wait_for_ends(ids)
    late = service.remote().submit(spec)
    scene.check(late["search_id"] == ids[0], "submitted again when it has ended, it is another search")
    scene.check(late["state"] == "complete", f"submitted again when it has ended, it is {late['state']}")
    service.end()
    scene.check(set(states.values()) == {"complete"}, f"it ended as {states}")
    scene.check(bench.store.search_ids() == ids, f"the store has {bench.store.search_ids()}")
    scene.check(proxy.n_lost == 1, "the answer of one was lost")
    scene.settle(before, N_TRIALS)


def _submit(remote: Remote, spec: SearchSpec) -> str | None:
    try:
        return str(remote.submit(spec)["search_id"])
    except AutoMLError as error:
        print(f"  refused: {error}", flush=True)
        return None


FAULT = Fault(
    injects=f"{N_AT_ONCE} identical submissions at once to `automl serve`, the answer of one lost, and one at the end",
    holds="one search, one id, one driver; nobody is refused; later ones say that it is complete",
    noticed="the id is a hash of what the search is, and its description is written once",
    strike=strike,
    seconds=100,
)
