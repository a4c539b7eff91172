"""What there is to train on: the processors and GPUs of this machine or of a cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What a search may use.

    Args:
        where: for messages: ``this machine`` or the address of a cluster.
    """

    n_cpus: int
    n_gpus: int
    where: str = "this machine"


def this_machine() -> Machine:
    """The processors that this process may use, and the GPUs that torch sees."""
    import torch

    return Machine(len(os.sched_getaffinity(0)), torch.cuda.device_count())
