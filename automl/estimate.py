"""A first estimate of what a search will take: time, memory and disk, from one batch.

The default configuration of each family trains a single batch; what it took is carried over to
whole trials. An estimate, not a promise: other configurations are larger and smaller.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from automl.family import TrainingRun
from automl.resolved import FamilyChoice, Search
from automl.space import Leaf, Scalar, default, fill, flatten, to_plain
from automl.spec import SearchSpec
from automl.study.samplers.random import draw
from automl.study.seeds import derive

if TYPE_CHECKING:
    from automl.data import Prepared

# Asynchronous halving spends about so much of a full training on an average trial: with factor 3 and
# the first rung at a sixteenth, 1/16 + 1/3 * (2/16) + 1/9 * (6/16) + 1/27 * (7/16) of the epochs.
SHARE_WITH_RUNGS = 1 / 16 + 2 / 48 + 6 / 144 + 7 / 432
TABLE_BYTES_PER_TRIAL = 4096.0
SECONDS_PER_TRIAL = 0.1  # beside training: building the network, measuring it, writing bundle and record
TIMED_EPOCHS = 8  # of one batch; the fastest counts, as the first ones warm up
TIMED_SECONDS = 2.0
VALIDATED_ROWS = 64  # few, as their share is reckoned apart, but enough to be scored
N_SAMPLES = 8  # configurations that show what the spaces hold


@dataclass(frozen=True)
class FamilyEstimate:
    """What one full training of a family's default configuration takes."""

    family: str
    n_parameters: int
    seconds: float
    bundle_bytes: int


@dataclass(frozen=True)
class Sample:
    """A configuration drawn at random from the space of a family: its open parameters, by path."""

    family: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True)
class Estimate:
    """What a search is estimated to take, what was inferred of its data, and what it will search.

    Args:
        seconds: of the whole search on its workers; its time budget where that is less.
        memory_bytes: of each worker, the data included.
        n_trials: that fit into the budget, or that it asks for.
        spaces: of each family, in the notation of a spec.
        samples: configurations of the families in turn; the search's own sampler asks for others.
    """

    search_id: str
    task: str
    notes: tuple[str, ...]
    families: tuple[FamilyEstimate, ...]
    n_trials: int
    n_workers: int
    seconds: float
    memory_bytes: int
    disk_bytes: int
    spaces: Mapping[str, Any]
    samples: tuple[Sample, ...]

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


def estimate(spec: SearchSpec) -> Estimate:
    """Checks a spec and its data whole, and times one batch of each family.

    Raises:
        RequestError: what is wrong with the spec or the data.
    """
    from automl.run import plan_search
    from automl.training import peak_memory_bytes, set_threads

    search, prepared = plan_search(spec)
    set_threads(int(search.spec.resources.cpus))  # as a worker does
    families = tuple(_time_family(search, prepared, family) for family in search.families)
    full = fmean(family.seconds for family in families)
    share = SHARE_WITH_RUNGS if search.rungs else 1.0
    n_refits = search.spec.finalists.top * search.spec.finalists.seeds
    refits = n_refits * (full + SECONDS_PER_TRIAL) / search.n_workers
    per_trial = (share * full + SECONDS_PER_TRIAL) / search.n_workers
    limit = _seconds_allowed(search)
    n_trials = search.spec.budget.trials
    if n_trials is None:
        n_trials = max(1, int((limit - refits) / per_trial))
    bundles = max(family.bundle_bytes for family in families)
    n_bundles = min(n_trials, 10) + n_refits
    return Estimate(
        search_id=search.search_id,
        task=search.task.kind,
        notes=prepared.notes,
        families=families,
        n_trials=n_trials,
        n_workers=search.n_workers,
        seconds=min(limit, n_trials * per_trial + refits),
        memory_bytes=peak_memory_bytes(search.device),
        disk_bytes=int(n_bundles * bundles + n_trials * TABLE_BYTES_PER_TRIAL),
        spaces={family.name: to_plain(family.space) for family in search.families},
        samples=_samples(search),
    )


def _samples(search: Search) -> tuple[Sample, ...]:
    """Some configurations, drawn by the search's seed."""
    samples = []
    for number in range(N_SAMPLES):
        chosen = search.families[number % len(search.families)]
        rng = np.random.default_rng(derive(search.spec.seed, "suggestion", number))
        configuration = fill(chosen.space, partial(_drawn, rng))
        samples.append(Sample(chosen.name, flatten(chosen.space, configuration)))
    return tuple(samples)


def _drawn(rng: np.random.Generator, _path: str, leaf: Leaf) -> Scalar:
    return draw(rng, leaf)


def _seconds_allowed(search: Search) -> float:
    """What the budget leaves to the whole search at most."""
    plan = search.plan()
    bounds = [] if plan.budget.seconds is None else [plan.budget.seconds]
    if plan.budget.worker_hours is not None:
        bounds.append(plan.budget.worker_hours * 3600 / (plan.budget.worker_units * search.n_workers))
    return min(bounds, default=float("inf"))


def _time_family(search: Search, prepared: Prepared, chosen: FamilyChoice) -> FamilyEstimate:
    from automl import catalog, training

    configuration = fill(chosen.space, default)
    family = chosen.load()
    network = training.build_network(family, configuration, prepared.signature, 0, search.device)
    n_parameters = training.n_parameters(network)
    batch = min(int(configuration.get("batch_size", 256)), len(prepared.train))
    positions = prepared.train.index.argsort()[:batch]
    metrics = tuple(m for m in catalog.metrics_for(prepared.task) if m.name == search.objectives[0].name)
    run = TrainingRun(
        network,
        configuration,
        prepared.task,
        prepared.train.take(positions),
        prepared.validation.take(np.arange(min(VALIDATED_ROWS, len(prepared.validation)))),
        prepared.target_scale,
        metrics,
        seed=0,
        epochs=TIMED_EPOCHS,
        device=search.device,
        features=prepared.preprocessing.features,
    )
    seconds = _fastest_epoch(training.start(family, run).epochs())
    n_batches = -(-len(prepared.train) // batch)
    n_validated = len(prepared.validation) / max(1, len(prepared.train)) / 3
    full = seconds * n_batches * (1 + n_validated) * search.epochs
    return FamilyEstimate(chosen.name, n_parameters, full, n_parameters * 4 + 65536)


def _fastest_epoch(epochs: Iterable[Any]) -> float:
    """Seconds of the fastest of some epochs."""
    loop = iter(epochs)
    seconds, first = float("inf"), time.perf_counter()
    began = first
    while next(loop, None) is not None:
        now = time.perf_counter()
        seconds = min(seconds, now - began)
        if now - first > TIMED_SECONDS:
            break
        began = time.perf_counter()
    return seconds


def describe_estimate(found: Estimate) -> str:
    """The estimate for people."""
    from automl.progress_line import duration

    lines = [f"The spec is valid: {found.search_id}, {found.task}.", *(f"  {note}" for note in found.notes)]
    lines += ["Estimated from one batch of each family's default configuration:"]
    for family in found.families:
        lines.append(
            f"  {family.family}: {family.n_parameters:,} parameters, {duration(family.seconds)} for a full training"
        )
    lines.append(
        f"  about {found.n_trials} trial{'s' * (found.n_trials != 1)} on {found.n_workers} "
        f"worker{'s' * (found.n_workers != 1)} in {duration(found.seconds)}, refits included; "
        f"{found.memory_bytes / 1e6:.0f} MB of memory a worker; {found.disk_bytes / 1e6:.1f} MB on disk"
    )
    return "\n".join(lines)
