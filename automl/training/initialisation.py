"""How the weights of linear and convolutional layers begin."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_METHODS: dict[str, Callable[[Tensor], Tensor]] = {
    # He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10
    "kaiming": lambda weights: nn.init.kaiming_normal_(weights, nonlinearity="relu"),
    # Glorot & Bengio, "Understanding the difficulty of training deep ... networks", 2010, equation 16
    "xavier": nn.init.xavier_uniform_,
    # Saxe et al., "Exact solutions to the nonlinear dynamics of learning ...", ICLR 2014
    "orthogonal": nn.init.orthogonal_,
}


def initialise(network: nn.Module, method: str) -> None:
    """Gives every linear and convolutional layer new weights by `method`, and biases of zero.

    ``default`` leaves everything as the layers made it; layers of other kinds are always left.
    """
    if method == "default":
        return
    for layer in network.modules():
        if isinstance(layer, _LAYERS):
            _METHODS[method](layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
