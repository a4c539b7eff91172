"""A user's own family for tests: each fault that FAULTS names strikes once, in a folder that has marks.

A name may end in a number, so that a fault strikes several times: ``exhaust exhaust2``.

Its network is trained by the project's loop. An epoch is one batch, so that the file ``epochs`` there
gets one line for every epoch that was trained, wherever it was.
"""

import os
import re
import resource
import signal
import time
from pathlib import Path

import torch

from automl.family import Family
from automl.signature import Signature
from automl.space import Configuration, Float


def _exhaust() -> None:
    raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


def _exhaust_gpu() -> None:
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 640.00 GiB.")


def _allocate() -> None:
    """Asks for more memory than this process may have."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    n_used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (n_used + 2**28, before[1]))
    try:
        torch.ones(2**28)  # a gibibyte
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _hog() -> None:
    """Takes memory, slowly, until somebody ends this process, or until it has as much as it was told to take."""
    kept = []
    for _ in range(int(os.environ["HOG_MEBIBYTES"]) // 64):
        kept.append(torch.ones(2**24))
        time.sleep(0.02)
    time.sleep(20)


def _spin() -> None:
    """Backtracks for years in native code, and holds the interpreter meanwhile."""
    re.match("(a+)+$", "a" * 64 + "b")


def _fail() -> None:
    raise RuntimeError("the forward pass failed")


FAULTS = {
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(3600),
    "freeze": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "fill": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY)),
    "exhaust": _exhaust,
    "exhaust_gpu": _exhaust_gpu,
    "allocate": _allocate,
    "hog": _hog,
    "spin": _spin,
    "fail": _fail,
}


class Net(torch.nn.Linear):
    def __init__(self, n_inputs: int, n_outputs: int, pause: float) -> None:
        super().__init__(n_inputs, n_outputs)
        self.pause = pause
        self.n_epochs = 0

    def forward(self, numeric: torch.Tensor, categorical: object = None) -> torch.Tensor:
        del categorical
        if self.training:
            self.n_epochs += 1
            folder = Path(os.environ["FAULT_FOLDER"])
            time.sleep(self.pause)
            if self.n_epochs == 3:
                for fault in os.environ.get("FAULTS", "").split():
                    if _is_first(folder / f"{fault}.mark"):
                        FAULTS[fault.rstrip("0123456789")]()
            with (folder / "epochs").open("a") as file:
                file.write("x\n")
        return super().forward(numeric)


def _is_first(mark: Path) -> bool:
    try:
        with mark.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return False
    return True


def build(configuration: Configuration, signature: Signature) -> Net:
    return Net(signature.inputs["numeric"].shape[0], signature.n_outputs, float(configuration["pause"]))


FAMILY = Family(
    name="faulty",
    kinds=("table",),
    source="a test",
    build=build,
    space={"pause": 0.0, "batch_size": 4096, "learning_rate": Float(1e-3, 1e-1, log=True)},
)
