"""A first estimate of what a search will take: time, memory and disk, from one batch.

The default configuration of each family trains a single batch; what it took is carried over to
whole trials. An estimate, not a promise: other configurations are larger and smaller.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from automl.family import TrainingRun
from automl.resolved import FamilyChoice, Search
from automl.space import default, fill
from automl.spec import SearchSpec

if TYPE_CHECKING:
    from automl.data import Prepared

# Asynchronous halving spends about so much of a full training on an average trial: with factor 3 and
# the first rung at a sixteenth, 1/16 + 1/3 * (2/16) + 1/9 * (6/16) + 1/27 * (7/16) of the epochs.
SHARE_WITH_RUNGS = 1 / 16 + 2 / 48 + 6 / 144 + 7 / 432
TABLE_BYTES_PER_TRIAL = 4096.0


@dataclass(frozen=True)
class FamilyEstimate:
    """What one full training of a family's default configuration takes."""

    family: str
    n_parameters: int
    seconds: float
    bundle_bytes: int


@dataclass(frozen=True)
class Estimate:
    """What a search is estimated to take, and what was inferred of its data.

    Args:
        seconds: of the whole search on its workers; its time budget where that is less.
        memory_bytes: of each worker, the data included.
        n_trials: that fit into the budget, or that it asks for.
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

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


def estimate(spec: SearchSpec) -> Estimate:
    """Checks a spec and its data whole, and times one batch of each family.

    Raises:
        RequestError: what is wrong with the spec or the data.
    """
    from automl.run import plan_search
    from automl.training import peak_memory_bytes

    search, prepared = plan_search(spec)
    families = tuple(_time_family(search, prepared, family) for family in search.families)
    full = fmean(family.seconds for family in families)
    share = SHARE_WITH_RUNGS if search.rungs else 1.0
    refits = search.spec.finalists.top * search.spec.finalists.seeds * full / search.n_workers
    budget = search.spec.budget
    per_trial = share * full / search.n_workers
    limit = budget.time if budget.time is not None else float("inf")
    n_trials = budget.trials or max(1, int((limit - refits) / per_trial))
    bundles = max(family.bundle_bytes for family in families)
    n_bundles = min(n_trials, 10) + search.spec.finalists.top * search.spec.finalists.seeds
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
    )


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
        prepared.validation.take(positions[:1]),
        prepared.target_scale,
        metrics,
        seed=0,
        epochs=3,
        device=search.device,
    )
    seconds = float("inf")
    loop = iter(training.start(family, replace(run)).epochs())
    for _ in range(3):
        began = time.perf_counter()
        if next(loop, None) is None:
            break
        seconds = min(seconds, time.perf_counter() - began)
    n_batches = -(-len(prepared.train) // batch)
    n_validated = len(prepared.validation) / max(1, len(prepared.train)) / 3
    full = seconds * n_batches * (1 + n_validated) * search.epochs
    return FamilyEstimate(chosen.name, n_parameters, full, n_parameters * 4 + 65536)


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
        f"  about {found.n_trials} trials on {found.n_workers} workers in {duration(found.seconds)}, refits included; "
        f"{found.memory_bytes / 1e6:.0f} MB of memory a worker; {found.disk_bytes / 1e6:.1f} MB on disk"
    )
    return "\n".join(lines)
