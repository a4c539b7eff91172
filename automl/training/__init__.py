"""Training one network: torch and numpy alone, so that it runs on a machine that has nothing else."""

from __future__ import annotations

from automl.training.devices import n_parameters, peak_memory_bytes, set_threads
from automl.training.loop import Training
from automl.training.network import build_network, load_weights
from automl.training.own_loop import OwnLoop, start
from automl.training.predict import generate, predict
from automl.training.pretraining import pretrain

__all__ = [
    "OwnLoop",
    "Training",
    "build_network",
    "generate",
    "load_weights",
    "n_parameters",
    "peak_memory_bytes",
    "predict",
    "pretrain",
    "set_threads",
    "start",
]
