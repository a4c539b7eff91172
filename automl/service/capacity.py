"""What searches share: the machines that are there, and those that may come."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from automl.errors import NotFoundError, RequestError, UnreachableError
from automl.service.queue import Need

if TYPE_CHECKING:
    from automl.execution.ray_head import RayHead

ASK_SECONDS = 30.0  # between two questions to a cluster, whose machines come and go
MOST_BYTES = 2**20  # of a cluster file
MOST_WORKERS = 2  # what Ray takes for `max_workers` where a cluster file does not say


class Capacity:
    """What there is in all: of a cluster, which is asked every now and then, or of this machine.

    Args:
        head: of the cluster; this machine when left out.
        coming: the most that the cluster may have, once its autoscaler has started machines for what waits.
    """

    def __init__(self, head: RayHead | None = None, coming: Need | None = None) -> None:
        self._head = head
        self._coming = coming or Need(0.0, 0.0)
        self._lock = threading.Lock()
        self._known: Need | None = None
        self._asked = 0.0

    def __call__(self) -> Need:
        if self._head is None:
            return Need(float(len(os.sched_getaffinity(0))), 0.0)
        with self._lock:
            if self._known is None or time.monotonic() - self._asked > ASK_SECONDS:
                try:
                    there = self._head.resources()
                except UnreachableError:
                    if self._known is None:
                        raise
                    return self._known  # it comes back, and has then what it had
                self._known = Need(
                    max(there.get("CPU", 0.0), self._coming.cpus),
                    max(there.get("GPU", 0.0), self._coming.gpus),
                )
                self._asked = time.monotonic()
            return self._known


def most_of(path: Path) -> Need:
    """The most that the cluster of a Ray cluster-launcher file may have: its head, and all its workers.

    Raises:
        NotFoundError: there is no such file.
        RequestError: it is not such a file.
    """
    if not path.is_file():
        raise NotFoundError(
            f"There is no cluster file {path}. On the head of a cluster: ~/ray_bootstrap_config.yaml"
        )
    if path.stat().st_size > MOST_BYTES:
        raise RequestError(
            f"A cluster file has at most {MOST_BYTES} bytes, but {path} has {path.stat().st_size}."
        )
    try:
        read = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RequestError(
            f"The cluster file {path} is not valid YAML: {' '.join(str(error).split())[:300]}."
        ) from error
    try:
        return most_that_may_come(read)
    except _WrongFile as error:
        raise RequestError(
            f"{path} is no file of Ray's cluster launcher: {error}. On the head of a cluster it is "
            "~/ray_bootstrap_config.yaml"
        ) from error


def most_that_may_come(cluster: Any) -> Need:
    """The most that may be there at once, resource by resource.

    >>> types = {"head": {}, "gpu": {"resources": {"CPU": 8, "GPU": 1}, "max_workers": 4}}
    >>> most_that_may_come({"max_workers": 3, "head_node_type": "head", "available_node_types": types})
    Need(cpus=24.0, gpus=3.0)
    """
    file = _mapping(cluster, "it")
    types = _mapping(file.get("available_node_types"), "available_node_types")
    head = file.get("head_node_type")
    if not isinstance(head, str) or head not in types:
        raise _WrongFile("head_node_type names none of its available_node_types")
    most = _whole(file.get("max_workers", MOST_WORKERS), "max_workers")
    kinds = []
    for name, kind in types.items():
        kind = _mapping(kind, f"available_node_types.{name}")
        resources = _mapping(kind.get("resources") or {}, f"{name}.resources")
        limit = _whole(kind.get("max_workers", 0 if name == head else most), f"{name}.max_workers")
        kinds.append((name, min(limit, most), resources))

    def total(resource: str) -> float:
        amounts = [(_amount(resources, resource, name), limit, name) for name, limit, resources in kinds]
        found = sum(amount for amount, _, name in amounts if name == head)
        left = most
        for amount, limit, _ in sorted(amounts, reverse=True):
            found += amount * min(limit, left)
            left -= min(limit, left)
        return found

    return Need(total("CPU"), total("GPU"))


class _WrongFile(Exception):
    """What is wrong with a cluster file."""


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise _WrongFile(f"{name} should hold keys and values, but is {_shown(value)}")
    return value


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _WrongFile(f"{name} should be a whole number, but is {_shown(value)}")
    return value


def _amount(resources: Mapping[Any, Any], resource: str, name: str) -> float:
    value = resources.get(resource, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise _WrongFile(f"{name}.resources.{resource} should be a number, but is {_shown(value)}")
    return float(value)


def _shown(value: Any) -> str:
    plain = value is None or isinstance(value, (str, int, float))
    return repr(value)[:100] if plain else f"a {type(value).__name__}"
