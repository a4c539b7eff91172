"""The sampler that a search gets unless it names one."""

from __future__ import annotations

from automl.study.sampler import Sampler
from automl.study.samplers.tpe import start

SAMPLER = Sampler("auto", "The best all-round sampler we have; at present tpe.", start)
