"""Connections to Ray: embedded in this process, or a cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import ray

from automl.errors import UnreachableError
from automl.execution.ray_token import check_shown_token, guarded
from automl.machine import Machine
from automl.resolved import Search

NAMESPACE = "automl"


def cluster_machine(address: str) -> Machine:
    """What the cluster at `address` has."""
    with connected(address, None):
        total = ray.cluster_resources()
        return Machine(int(total.get("CPU", 0)), int(total.get("GPU", 0)), f"the cluster at {address}")


@contextlib.contextmanager
def connected(address: str | None, search: Search | None) -> Iterator[None]:
    """A connection to Ray: the cluster at `address`, or one embedded in this process.

    A connection that is there already is used and left as it was. Embedded Ray asks for a token.

    Raises:
        UnreachableError: the cluster does not answer, or wants another token.
        RequestError: the token is no secret.
    """
    if ray.is_initialized():
        yield
        return
    quiet()
    ours = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ExitStack() as last:
        if address is None:
            assert search is not None
            last.enter_context(guarded())
        else:
            check_shown_token()
        try:
            _connect(address, search)
        except Exception as error:  # where a node does not come up, Ray raises nothing more special
            raise UnreachableError(
                f"Ray could not be reached at {address or 'this machine'}: {error}. Check RAY_ADDRESS."
            ) from error
        last.callback(ray.shutdown)
        if threading.current_thread() is threading.main_thread():
            for number, handler in ours.items():  # ray.init() puts its own in their place
                signal.signal(number, handler)
        yield


def _connect(address: str | None, search: Search | None) -> None:
    if address is not None:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
        return
    assert search is not None
    cpus = max(os.cpu_count() or 1, int(search.n_workers * search.spec.resources.cpus + 0.999))
    ray.init(
        address="local",
        namespace=NAMESPACE,
        num_cpus=cpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def quiet() -> None:
    """Turns off what Ray prints, writes and reports home by default."""
    defaults = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
        "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_memory_monitor_refresh_ms": "0",  # it ends several actors at once, and Tune with them; see memory.py
        "RAY_ENABLE_AUTO_CONNECT": "0",  # else Tune starts a second Ray while the first one ends
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    for name in ("ray", "ray.tune", "ray.train", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
