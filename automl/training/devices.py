"""Devices, memory and randomness: what training needs of the machine."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from torch import nn

from automl.errors import TrialFailure

# What libraries say of a full GPU besides torch's own error, and of a full machine besides Python's.
_GPU_IS_FULL = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
_HOST_IS_FULL = ("can't allocate memory", "Cannot allocate memory")


def set_threads(n_threads: int) -> None:
    """Lets this process compute on so many CPU cores; more than its share only slows everyone."""
    torch.set_num_threads(max(1, n_threads))


def n_parameters(network: nn.Module) -> int:
    """How many numbers training changes in `network`."""
    return sum(weights.numel() for weights in network.parameters() if weights.requires_grad)


def peak_memory_bytes(device: str) -> int:
    """The most memory used: on a GPU since its last training began, on the CPU by this process so far."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kibibytes


@cache
def multiplies_bfloat16() -> bool:
    """Whether this CPU has units that multiply matrices of bfloat16 faster than of float32."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


@contextmanager
def randomness(seed: int, number: int, device: str) -> Iterator[None]:
    """Inside, random numbers are a function of (`seed`, `number`) alone; the caller's go on after it.

    With one of these around each epoch, a resumed training needs no state of any generator.
    """
    where = torch.device(device)
    gpus = [where.index or 0] if where.type == "cuda" else []
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(mixed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(mixed)
        yield


@contextmanager
def failures(doing: str) -> Iterator[None]:
    """Turns running out of memory into a `TrialFailure` with its reason; `doing` says when."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if isinstance(error, torch.cuda.OutOfMemoryError) or _says(error, _GPU_IS_FULL):
            message = f"The GPU's memory was full {doing}: {_first_line(error)}"
            raise TrialFailure("out_of_memory_gpu", message) from error
        if isinstance(error, MemoryError) or _says(error, _HOST_IS_FULL):
            message = f"The machine's memory was full {doing}: {_first_line(error)}"
            raise TrialFailure("out_of_memory_host", message) from error
        raise


def _says(error: Exception, words: Sequence[str]) -> bool:
    return any(word in str(error) for word in words)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
