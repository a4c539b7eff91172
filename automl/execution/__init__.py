"""Where trials run: in this process (`local.py`) or on Ray (`tune.py`)."""

from __future__ import annotations

from automl.execution.executor import Executor
from automl.machine import Machine, this_machine


def default_executor(store: str, address: str | None) -> Executor:
    """Ray: the cluster at `address`, or embedded in this process."""
    from automl.execution.tune import TuneExecutor

    return TuneExecutor(store, address)


def machine_at(address: str | None) -> Machine:
    """What a search may use: this machine, or the cluster at `address`."""
    if address is None:
        return this_machine()
    from automl.execution.cluster import cluster_machine

    return cluster_machine(address)


__all__ = ["Executor", "default_executor", "machine_at"]
