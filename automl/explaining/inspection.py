"""What a network is made of, as plain data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from automl import training
from automl.explaining.layers import layers_of
from automl.explaining.meant import network_meant, opened
from automl.explaining.networks import built_again, loaded


def inspect(which: str, store: str | Path | None = None) -> dict[str, Any]:
    """The layers of a network in the order in which a forward pass reaches them.

    ``exact`` is False where its bundle is gone and it was built again from its configuration.

    Args:
        which: ``SEARCH`` (the refit that validation chooses), ``SEARCH/17`` (a trial), or ``SEARCH/17-0``.

    Raises:
        RequestError: there is no such network, or it can no longer be built.
    """
    meant = network_meant(opened(store), which)
    if meant.place is None:
        network, signature, family = built_again(meant)
    else:
        model = loaded(meant)
        network, signature, family = model.network, model.signature, str(model.model["family"])
    layers = layers_of(network, signature, meant.search.task.kind == "generation")
    return {
        "trial": meant.full_name,
        "family": family,
        "n_parameters": training.n_parameters(network),
        "exact": meant.place is not None,
        "layers": [asdict(layer) for layer in layers],
    }
