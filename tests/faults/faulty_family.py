"""A user's own family for tests: each fault that FAULTS names strikes once, in a folder that has marks.

Its network is trained by the project's loop. An epoch is one batch, so that the file ``epochs`` there
gets one line for every epoch that was trained, wherever it was.
"""

import os
import resource
import signal
import time
from pathlib import Path

import torch

from automl.family import Family
from automl.space import Float


def _exhaust() -> None:
    raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


def _fail() -> None:
    raise RuntimeError("the forward pass failed")


FAULTS = {
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(3600),
    "freeze": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "fill": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY)),
    "exhaust": _exhaust,
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
                        FAULTS[fault]()
            with (folder / "epochs").open("a") as file:
                file.write("x\n")
        return super().forward(numeric)


def _is_first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def build(configuration, signature):
    return Net(signature.inputs["numeric"].shape[0], signature.n_outputs, configuration["pause"])


FAMILY = Family(
    name="faulty",
    kinds=("table",),
    source="a test",
    build=build,
    space={"pause": 0.0, "batch_size": 4096, "learning_rate": Float(1e-3, 1e-1, log=True)},
)
