"""The layers of a network as `automl inspect` lists them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from automl.explaining.layers import Layer, layers_of
from automl.signature import Field, Signature
from automl.training import n_parameters

TABLE = Signature("table", {"numeric": Field((4,))}, 1)


class Network(nn.Module):
    """Reaches its modules in another order than it makes them, and one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 1)
        self.first = nn.Linear(4, 8)
        self.shared = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(8))
        self.decoder = nn.Linear(8, 4)
        self.nothing = nn.Identity()

    def forward(self, numeric: Tensor) -> Tensor:
        steps = self.nothing(self.first(numeric))
        return self.last(self.shared(self.shared(steps)) * self.scale)  # type: ignore[no-any-return]

    def loss(self, numeric: Tensor) -> Tensor:
        return (self.decoder(self.shared(self.first(numeric))) - numeric).square().mean(1)


def test_layers_come_in_the_order_of_a_forward_pass_with_their_shapes() -> None:
    layers = layers_of(Network().eval(), TABLE, generates=False)
    wide = (None, 8)
    assert layers == [
        Layer("(whole network)", "Network", (None, 4), (None, 1), 8, 0, 0, False),
        Layer("first", "Linear", (None, 4), wide, 40, 0, 0, False),
        Layer("shared.0", "Linear", wide, wide, 72, 0, 1, False),
        Layer("shared.1", "ReLU", wide, wide, 0, 0, 1, False),
        Layer("last", "Linear", wide, (None, 1), 9, 0, 0, False),
        Layer("decoder", "Linear", None, None, 36, 0, 0, True),
    ]


def test_layers_count_a_tied_weight_where_it_is_reached_first() -> None:
    network = Network()
    network.last = nn.Linear(8, 8)
    network.last.weight = network.shared[0].weight  # type: ignore[assignment]
    layers = {layer.name: layer for layer in layers_of(network.eval(), TABLE, generates=False)}
    assert layers["shared.0"].n_parameters == 72
    assert layers["last"].n_parameters == 8
    assert sum(layer.n_parameters for layer in layers.values()) == n_parameters(network)


def test_layers_name_a_computed_weight_by_the_layer_that_has_it() -> None:
    network = Network()
    parametrizations.spectral_norm(network.first)
    layers = layers_of(network.eval(), TABLE, generates=False)
    assert [(layer.name, layer.kind, layer.n_parameters) for layer in layers[1:3]] == [
        ("first", "Linear", 40),
        ("shared.0", "Linear", 72),
    ]


def test_layers_tell_weights_apart_that_training_leaves_as_they_are() -> None:
    network = Network()
    network.first.requires_grad_(False)
    layers = {layer.name: layer for layer in layers_of(network.eval(), TABLE, generates=False)}
    assert (layers["first"].n_parameters, layers["first"].n_untrained) == (0, 40)


def test_layers_of_what_generates_are_those_of_generating() -> None:
    class Generator(Network):
        def generate(self, n_rows: int) -> dict[str, Tensor]:
            return {"numeric": self.decoder(torch.randn(n_rows, 8))}

    layers = layers_of(Generator().eval(), TABLE, generates=True)
    assert [layer.name for layer in layers if not layer.only_in_training] == ["decoder"]
    assert (layers[0].input_shape, layers[0].output_shape) == ((None, 8), (None, 4))
    assert [layer.name for layer in layers if layer.only_in_training] == [
        "(whole network)",
        "last",
        "first",
        "shared.0",
    ]


def test_layers_of_places_that_count_rows_have_no_size() -> None:
    class ByColumn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.each = nn.Linear(1, 1)

        def forward(self, numeric: Tensor) -> Tensor:
            return self.each(numeric.reshape(-1, 1)).reshape(len(numeric), 4)[:, :1]  # type: ignore[no-any-return]

    (layer,) = layers_of(ByColumn().eval(), TABLE, generates=False)
    assert (layer.input_shape, layer.output_shape) == ((None, 1), (None, 1))
