"""A vision transformer, small enough to be trained from nothing on images of any size."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._augmentation import Augmentation, augmentation_space
from search_spaces._convolutions import without_some

_TEMPERATURE = 10_000.0  # of sine positions: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, 3.5
_SMALL = 0.02  # deviation of trained positions and of the class token: Dosovitskiy et al.'s own code


class VisionTransformer(nn.Module):
    """Patches of the image with their positions, blocks of attention, and a linear layer.

    An image is cut into `grid` patches along each axis, or as many as it has pixels, after its lower
    and right edges were drawn out to a whole number of patches.

    **Shape**: ``image (batch, channels, height, width)`` to ``(batch, n_outputs)``.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        channels, *sides = signature.inputs["image"].shape
        patch = tuple(math.ceil(side / configuration["grid"]) for side in sides)
        rows, columns = (math.ceil(side / size) for side, size in zip(sides, patch, strict=True))
        self.padding = (0, columns * patch[1] - sides[1], 0, rows * patch[0] - sides[0])
        self.n_features: int = configuration["heads"] * configuration["head_width"]
        self.augmentation = Augmentation(configuration["augmentation"])
        is_linear = configuration["stem"] == "linear"
        self.stem = (_linear_stem if is_linear else _convolutional_stem)(channels, self.n_features, patch)
        self.positions: Tensor
        if configuration["positions"] == "sine":
            self.register_buffer(
                "positions", _sine_positions(rows, columns, self.n_features), persistent=False
            )
        else:
            self.positions = nn.Parameter(torch.randn(rows * columns, self.n_features) * _SMALL)
        has_token = configuration["pooling"] == "class_token"
        self.class_token = nn.Parameter(torch.randn(self.n_features) * _SMALL) if has_token else None
        self.dropout = nn.Dropout(configuration["dropout"])
        depth = configuration["depth"]
        # The share of rows that skip a block grows with its depth: Huang et al. 2016, equation 4.
        self.blocks = nn.ModuleList(
            Block(configuration, configuration["stochastic_depth"] * (place + 1) / depth)
            for place in range(depth)
        )
        self.norm = nn.LayerNorm(self.n_features)
        self.head = nn.Linear(self.n_features, signature.n_outputs)

    def encode(self, image: Tensor) -> Tensor:
        patches = self.stem(functional.pad(self.augmentation(image), self.padding, mode="replicate"))
        tokens = patches.flatten(2).transpose(1, 2) + self.positions  # (batch, n_patches, n_features)
        if self.class_token is not None:
            tokens = torch.cat([self.class_token.expand(tokens.shape[0], 1, -1), tokens], dim=1)
        tokens = self.dropout(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        if self.class_token is not None:
            return self.norm(tokens[:, 0])  # type: ignore[no-any-return]
        return self.norm(tokens).mean(dim=1)  # type: ignore[no-any-return]

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.encode(image))  # type: ignore[no-any-return]

    def view(self, image: Tensor) -> dict[str, Tensor]:
        """The same images, strongly changed at random, for contrastive learning."""
        return {"image": self.augmentation.view(image)}


class Block(nn.Module):
    """``x + Attention(Norm(x))``, then ``x + MLP(Norm(x))``: Dosovitskiy et al. 2021, equations 2 and 3.

    Args:
        drop: the probability that a row skips a branch in training (Huang et al., "Deep Networks with
            Stochastic Depth", ECCV 2016).
    """

    def __init__(self, configuration: Configuration, drop: float) -> None:
        super().__init__()
        self.heads, self.drop = configuration["heads"], drop
        width = self.heads * configuration["head_width"]
        inner = max(1, round(width * configuration["inner_factor"]))
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(configuration["dropout"]))
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, inner),
            nn.GELU(),
            nn.Dropout(configuration["dropout"]),
            nn.Linear(inner, width),
            nn.Dropout(configuration["dropout"]),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + without_some(self._attended(tokens), self.drop, self.training)
        return tokens + without_some(self.mlp(tokens), self.drop, self.training)

    def _attended(self, tokens: Tensor) -> Tensor:
        joint = self.queries_keys_values(self.attention_norm(tokens))
        queries, keys, values = joint.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        return self.attention_out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def _linear_stem(channels: int, width: int, patch: tuple[int, ...]) -> nn.Module:
    """Each patch through one linear map: Dosovitskiy et al. 2021, equation 1."""
    return nn.Conv2d(channels, width, patch, stride=patch)


def _convolutional_stem(channels: int, width: int, patch: tuple[int, ...]) -> nn.Sequential:
    """Convolutions that halve the image while they can, and a linear map of what is left of a patch.

    Xiao et al., "Early Convolutions Help Transformers See Better", NeurIPS 2021, section 3: the width
    doubles with each halving, and the last convolution has half of `width`.
    """
    strides = []
    while not strides or any(size % 2 == 0 for size in patch):
        strides.append(tuple(2 if size % 2 == 0 else 1 for size in patch))
        patch = tuple(size // stride for size, stride in zip(patch, strides[-1], strict=True))
    layers: list[nn.Module] = []
    n_in = channels
    for place, stride in enumerate(strides):
        n_out = max(8, width // 2 ** (len(strides) - place))
        layers += [nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers, nn.Conv2d(n_in, width, patch, stride=patch))


def _sine_positions(rows: int, columns: int, width: int) -> Tensor:
    """``(rows * columns, width)``: sines and cosines of the row, then of the column, of falling frequency.

    Beyer et al., "Better plain ViT baselines for ImageNet-1k", 2022, section 3, after Chen et al., "An
    Empirical Study of Training Self-Supervised Vision Transformers", ICCV 2021.
    """
    n_frequencies = math.ceil(width / 4)
    frequencies = _TEMPERATURE ** (-torch.arange(n_frequencies) / max(1, n_frequencies - 1))
    down, across = (torch.arange(n).unsqueeze(1) * frequencies for n in (rows, columns))
    of_row = torch.cat([down.sin(), down.cos()], dim=1).repeat_interleave(columns, dim=0)
    of_column = torch.cat([across.sin(), across.cos()], dim=1).repeat(rows, 1)
    return torch.cat([of_row, of_column], dim=1)[:, :width]


FAMILY = Family(
    name="vision_transformer",
    kinds=("image",),
    space={
        "grid": Int(4, 16, log=True, prior=8, limits=(1, 128)),
        "stem": Choice(("convolutional", "linear"), prior="convolutional"),
        "positions": Choice(("learnt", "sine"), prior="sine"),
        "pooling": Choice(("mean", "class_token"), prior="mean"),
        "depth": Int(2, 8, prior=4, limits=(1, 64)),
        "heads": Int(2, 8, log=True, prior=3, limits=(1, 64)),
        "head_width": Choice((16, 24, 32), prior=32, limits=(1, 512)),
        "inner_factor": Float(1.0, 4.0, prior=2.0, limits=(0.01, 16.0)),
        "dropout": Float(0.0, 0.3, prior=0.0, limits=(0.0, 0.95)),
        "stochastic_depth": Float(0.0, 0.3, prior=0.1, limits=(0.0, 0.95)),
        "augmentation": augmentation_space(),
        "mixup": Float(0.0, 1.0, prior=0.0, limits=(0.0, 10.0)),
        # Transformers diverge at the rates that suit other networks, and need a longer rise to theirs.
        "learning_rate": Float(1e-4, 5e-3, log=True, prior=1e-3, limits=(1e-12, 1e3)),
        "weight_decay": Float(1e-4, 0.3, log=True, prior=0.05, limits=(0.0, 1e3)),
        "warm_up": Float(0.02, 0.2, prior=0.1, limits=(0.0, 1.0)),
    },
    build=VisionTransformer,
    source=(
        "Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021; stem: Xiao et al., Early Convolutions "
        "Help Transformers See Better, NeurIPS 2021; sine positions: Beyer et al., Better plain ViT baselines "
        "for ImageNet-1k, 2022"
    ),
    encodes=True,
)
