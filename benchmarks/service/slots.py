"""How busy one study keeps 256 workers whose trials sleep for 5 seconds.

``python -m benchmarks.service.slots [--quick] [--json FILE] [--workers 256] [--trials 10] [--peer]``

The study is the real one (`StudyService`: TPE, the journal on disk), which answers one call at a time; each worker
asks, reports after each of five epochs, writes a real record, and asks again. So many processes do not fit on one
machine, so that the workers are simulated: they sleep in virtual time, and each call to the study is really made and
takes as long as it took, plus what a message costs that really goes to an actor over Ray (measured first). A call
waits while an earlier one is answered; the seconds of a record's writing count as the worker's own. What the
simulation leaves out: 256 workers that write to one disk at the same time.

Beside it, in the same run:
- the same with early stopping, where trials are shorter and rungs are decided;
- 256 threads that really sleep and share one study under a lock, in one Python process (no messages, one interpreter);
- the simulation with Ray Tune's OptunaSearch in place of the study: what its suggestions cost alone, without Tune's
  controller, without messages and without anything on disk.

Busy is the share of the workers' time spent in epochs, from the beginning until the last trial is handed out.
"""

from __future__ import annotations

import heapq
import itertools
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from automl.execution.port import Ended
from automl.execution.service import StudyService, workers_named
from automl.store import open_store
from benchmarks._measure import Measure, arguments, report
from benchmarks.peers.ray_tune import objective
from benchmarks.service._made import N_EPOCHS, percentile, planned

if TYPE_CHECKING:
    from automl.data import Prepared
    from automl.resolved import Search

REACH_BUSY = 0.95
EPOCH_SECONDS = 1.0
N_MESSAGES = 2000


class Asked(Protocol):
    """Who hands out trials, one call at a time."""

    def ask(self, worker: str, ended: Any) -> Any:
        """The next trial, told what the worker's last came to; None when there is none any more."""
        ...

    def report(self, worker: str, work: Any, epoch: int) -> bool:
        """Whether the trial goes on after an epoch."""
        ...

    def end(self, worker: str, work: Any, n_epochs: int) -> Any:
        """What the worker does by itself at the end of a trial; `ask` is told of it."""
        ...


class OurStudy:
    """A new search in a folder of its own."""

    def __init__(self, folder: Path, search: Search, prepared: Prepared) -> None:
        from automl.execution.worker import Worker

        store = open_store(folder / "store", create=True)
        self.folder = store.create_search(search.search_id, search.to_plain())
        self.term = self.folder.term_begin()
        self._metric = search.objectives[0].name
        self._service = StudyService(search, self.folder, self.term, 0.0)
        self._workers = {}
        for name in workers_named(search.n_workers):
            self._service.register(name)
            self._workers[name] = Worker(name, search, prepared, self.folder, self.term, self._service)

    def ask(self, worker: str, ended: Any) -> Any:
        answer = self._service.ask(worker, 1, [] if ended is None else [ended]).answer
        return next((work for work in answer.assignments if work.kind == "trial"), None)

    def report(self, worker: str, work: Any, epoch: int) -> bool:
        score = objective(work.configuration, epoch)
        return self._service.report(worker, work, epoch, score) == "go"

    def end(self, worker: str, work: Any, n_epochs: int) -> Ended:
        from automl.execution.judging import Done
        from automl.execution.recording import record_of, result_of

        curve = [objective(work.configuration, epoch) for epoch in range(1, n_epochs + 1)]
        done = Done(
            "complete" if n_epochs == work.epochs else "stopped",
            n_epochs=n_epochs,
            best_epoch=n_epochs,
            curves={"train_loss": [0.0] * n_epochs, self._metric: curve},
            scores={"validation": {self._metric: curve[-1]}},
            train_seconds=n_epochs * EPOCH_SECONDS,
        )
        record = record_of(self._workers[worker], work, done, datetime.now(UTC))
        self.folder.write_record(record)
        return Ended(work, result_of(record))

    def n_recorded(self) -> int:
        return sum(1 for key in self.folder.record_keys() if key[0] == "trial")


class OptunaSearchAlone:
    """Ray Tune's OptunaSearch, called as Tune's controller calls it."""

    def __init__(self, n_trials: int) -> None:
        import optuna
        from ray.tune.search.optuna import OptunaSearch

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        space = {f"x{i}": optuna.distributions.FloatDistribution(0.0, 1.0) for i in range(5)}
        self._search = OptunaSearch(space=space, metric="score", mode="min", seed=0)
        self._numbers = iter(range(n_trials))

    def ask(self, worker: str, ended: Any) -> Any:
        del worker
        if ended is not None:
            self._search.on_trial_complete(*ended)
        number = next(self._numbers, None)
        return None if number is None else (str(number), self._search.suggest(str(number)))

    def report(self, worker: str, work: Any, epoch: int) -> bool:
        del worker
        self._search.on_trial_result(work[0], _told(work, epoch))
        return True

    def end(self, worker: str, work: Any, n_epochs: int) -> Any:
        del worker
        return work[0], _told(work, n_epochs)


def _told(work: Any, epoch: int) -> dict[str, float]:
    return {"score": objective(work[1], epoch), "training_iteration": epoch}


@dataclass
class Seen:
    """What became of the workers' time; all in seconds since the beginning.

    Args:
        waits: from a question to its answer.
        asleep: beginning and end of each epoch.
        last_handed: when the last trial was handed out.
    """

    n_workers: int
    waits: list[float] = field(default_factory=list)
    ask_seconds: list[float] = field(default_factory=list)
    asleep: list[tuple[float, float]] = field(default_factory=list)
    n_trials: int = 0
    last_handed: float = 0.0

    @property
    def busy(self) -> float:
        """The share of the workers' time that was spent in epochs."""
        until = self.last_handed
        return sum(min(end, until) - min(begin, until) for begin, end in self.asleep) / (
            self.n_workers * until
        )

    @property
    def calls_per_second(self) -> float:
        return len(self.waits) / max(end for _, end in self.asleep)


class Simulation:
    """Workers in virtual time, and one that is asked, in the time that its answers really take.

    Args:
        message_seconds: what each call costs beyond the work in it.
    """

    def __init__(self, asked: Asked, n_workers: int, message_seconds: float = 0.0) -> None:
        self._asked = asked
        self._message_seconds = message_seconds
        self._free_at = 0.0  # when the last call so far is answered
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self.seen = Seen(n_workers)

    def run(self) -> Seen:
        for name in workers_named(self.seen.n_workers):
            self._at(0.0, lambda now, worker=name: self._ask(now, worker, None))
        while self._due:
            now, _, happens = heapq.heappop(self._due)
            happens(now)
        return self.seen

    def _at(self, when: float, happens: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), happens))

    def _call(self, now: float, call: Callable[[], Any]) -> tuple[Any, float]:
        """What a call gives, and when: after those that came before it, as long as it really takes."""
        began = time.perf_counter()
        answer = call()
        seconds = time.perf_counter() - began + self._message_seconds
        self._free_at = max(now, self._free_at) + seconds
        self.seen.waits.append(self._free_at - now)
        return answer, self._free_at

    def _ask(self, now: float, worker: str, ended: Any) -> None:
        work, answered = self._call(now, lambda: self._asked.ask(worker, ended))
        if work is None:
            return
        self.seen.n_trials += 1
        self.seen.ask_seconds.append(answered - now)
        self.seen.last_handed = answered
        self._sleep(answered, worker, work, 1)

    def _sleep(self, now: float, worker: str, work: Any, epoch: int) -> None:
        wakes = now + EPOCH_SECONDS
        self.seen.asleep.append((now, wakes))
        self._at(wakes, lambda then: self._report(then, worker, work, epoch))

    def _report(self, now: float, worker: str, work: Any, epoch: int) -> None:
        goes_on, answered = self._call(now, lambda: self._asked.report(worker, work, epoch))
        if goes_on and epoch < N_EPOCHS:
            self._sleep(answered, worker, work, epoch + 1)
            return
        began = time.perf_counter()
        ended = self._asked.end(worker, work, epoch)
        written = answered + time.perf_counter() - began
        self._at(written, lambda then: self._ask(then, worker, ended))


def threads(asked: Asked, n_workers: int) -> Seen:
    """The same in real time: a thread a worker, and a lock around whoever is asked."""
    seen, lock = Seen(n_workers), threading.Lock()
    began = time.perf_counter()

    @contextmanager
    def answered(waits: list[float]) -> Any:
        asking = time.perf_counter()
        with lock:
            yield
            waits.append(time.perf_counter() - asking)

    def work_on(worker: str) -> None:
        ended = None
        while True:
            with answered(seen.waits):
                work = asked.ask(worker, ended)
                now = time.perf_counter() - began
                if work is None:
                    return
                seen.n_trials += 1
                seen.last_handed = now
            seen.ask_seconds.append(seen.waits[-1])
            for epoch in range(1, N_EPOCHS + 1):
                asleep = time.perf_counter() - began
                time.sleep(EPOCH_SECONDS)
                seen.asleep.append((asleep, asleep + EPOCH_SECONDS))
                with answered(seen.waits):
                    goes_on = asked.report(worker, work, epoch)
                if not goes_on:
                    break
            ended = asked.end(worker, work, epoch)

    workers = [threading.Thread(target=work_on, args=(name,)) for name in workers_named(n_workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return seen


def message_seconds(folder: Path, n: int = N_MESSAGES) -> float:
    """How long one call over Ray takes up the study's actor, beyond the work in it: of `n` calls sent at once."""
    import ray

    from automl.execution.actor import start_study
    from automl.execution.cluster import connected
    from automl.execution.executor import Job

    search, prepared = planned(folder, 2, 1)
    store = open_store(folder / "store", create=True)
    job = Job(search, prepared, store.create_search(search.search_id, search.to_plain()), 1, 0.0)
    assert job.folder.term_begin() == job.term
    with connected(None, search):
        actor = start_study(job, str(store))
        ray.get(actor.register.remote("0"))
        (work,) = ray.get(actor.ask.remote("0", 1, [])).answer.assignments
        ray.get([actor.alive.remote("0", work) for _ in range(n // 10)])
        began = time.perf_counter()
        ray.get([actor.alive.remote("0", work) for _ in range(n)])
        return (time.perf_counter() - began) / n


def measures(
    name: str, seen: Seen, began: float, judged: bool = False, peer: Seen | None = None
) -> list[Measure]:
    """The share of slots that were busy, and what workers waited for answers."""
    seconds = time.monotonic() - began
    asked = f"{name}, {seen.n_workers} workers, {seen.n_trials} trials"

    def of(what: str, value: float, unit: str, beside: float | None = None) -> Measure:
        return Measure(
            name=f"{asked}: {what}",
            value=value,
            unit=unit,
            peer=None if beside is None else "OptunaSearch of Ray Tune alone",
            peer_value=beside,
            ratio=None if beside is None else (value / beside if unit == "share" else beside / value),
            repeats=len(seen.waits),
            seconds=seconds,
        )

    busy = of("slots busy", seen.busy, "share", None if peer is None else peer.busy)
    if judged:
        busy = Measure(**{**vars(busy), "reach": REACH_BUSY, "met": seen.busy >= REACH_BUSY})
    mean = sum(seen.waits) / len(seen.waits)
    beside = None if peer is None else sum(peer.waits) / len(peer.waits)
    return [
        busy,
        of("mean wait for an answer", mean, "s", beside),
        of(
            "95 % of answers within",
            percentile(seen.waits, 95),
            "s",
            None if peer is None else percentile(peer.waits, 95),
        ),
        of("95 % of trials within", percentile(seen.ask_seconds, 95), "s"),
        of("calls answered", seen.calls_per_second, "calls/s"),
    ]


def simulated(n_workers: int, n_trials: int, message: float, early: bool = False) -> Seen:
    """Our study in the simulation; every trial has its record afterwards."""
    with tempfile.TemporaryDirectory(prefix="automl-slots-") as name:
        search, prepared = planned(Path(name), n_trials, n_workers, early)
        study = OurStudy(Path(name), search, prepared)
        seen = Simulation(study, n_workers, message).run()
        assert study.n_recorded() == seen.n_trials == n_trials, (study.n_recorded(), seen.n_trials)
        return seen


def really(n_workers: int, n_trials: int) -> Seen:
    """Our study and threads; every trial has its record afterwards."""
    with tempfile.TemporaryDirectory(prefix="automl-slots-") as name:
        search, prepared = planned(Path(name), n_trials, n_workers)
        study = OurStudy(Path(name), search, prepared)
        seen = threads(study, n_workers)
        assert study.n_recorded() == seen.n_trials == n_trials, (study.n_recorded(), seen.n_trials)
        return seen


def main() -> None:
    options = arguments(__doc__, workers=256, trials=10, peer=True)
    n_workers, each = (32, 3) if options.quick else (options.workers, options.trials)
    n_trials = n_workers * each
    with tempfile.TemporaryDirectory(prefix="automl-slots-") as name:
        message = message_seconds(Path(name))
    print(f"a message to an actor over Ray takes {message * 1000:.3f} ms", flush=True)
    found: list[Measure] = []
    began = time.monotonic()
    ours = simulated(n_workers, n_trials, message)
    peer = Simulation(OptunaSearchAlone(n_trials), n_workers).run() if options.peer else None
    found += measures("simulated", ours, began, judged=True, peer=peer)
    report(found)
    began = time.monotonic()
    early = measures("simulated with early stopping", simulated(n_workers, n_trials, message, True), began)
    report(early)
    began = time.monotonic()
    real = measures("threads", really(n_workers, n_trials), began)
    report(real)
    if options.json is not None:
        report([*found, *early, *real], options.json)


if __name__ == "__main__":
    main()
