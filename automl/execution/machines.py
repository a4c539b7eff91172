"""The machines that searches run on, as users are shown them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """One machine.

    Args:
        node_id: the beginning of Ray's id, or the machine's name where there is no Ray.
        cpus_used: by whoever; None where nobody knows.
        memory_bytes: that workers may use.
        workers: of each search, those that run on it; None where nobody knows.
    """

    node_id: str
    address: str
    alive: bool
    head: bool
    cpus: float
    gpus: float
    memory_bytes: int
    cpus_used: float | None = None
    gpus_used: float | None = None
    workers: Mapping[str, int] | None = field(default_factory=dict)


def this_node() -> Node:
    """This machine, without Ray."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cpus = float(len(os.sched_getaffinity(0)))
    return Node(socket.gethostname(), "this machine", True, True, cpus, 0.0, memory, workers=None)


def to_plain(node: Node) -> dict[str, Any]:
    """As JSON has it."""
    return asdict(node)
