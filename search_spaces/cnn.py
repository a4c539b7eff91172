"""A convolutional network for images, spectrograms and series of any size, small ones too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._augmentation import Augmentation, augmentation_space
from search_spaces._convolution_stages import Stage, Stem
from search_spaces._convolutions import block_space, pooled
from search_spaces._sequences import SequenceInput, input_space, valid_steps

# No side is pooled below this: smaller maps have nothing left to convolve.
_SMALLEST_SIDE = 3
# Features double after each pooling (Simonyan & Zisserman, 2015), up to so many times the first.
_WIDEST = 8


class CNN(nn.Module):
    """A stem that halves every side down to ``resolution``, stages of blocks with a pooling between, a
    pooling over all that is left, and a linear layer.

    **Shape**: ``image (batch, channels, height, width)``, or ``series (batch, channels, n_steps)`` or
    ``wave (batch, n_samples)``, each with ``length (batch,)`` where lengths differ, to
    ``(batch, n_outputs)``. A wave becomes an image, of bands by frames.
    """

    bfloat16_on_cpu = True

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        is_image = signature.kind == "image"
        self.entry = (Images if is_image else Signals)(configuration, signature)
        sizes, n_in, width = self.entry.sizes, self.entry.n_channels, configuration["width"]
        layers: list[nn.Module] = []
        while not layers or max(_halves(sizes, configuration["resolution"])) > 1:
            factors = _halves(sizes, configuration["resolution"])
            layers.append(Stem(configuration, n_in, width, factors))
            sizes, n_in = _divided(sizes, factors), width
        for stage in range(configuration["stages"]):
            factors = _halves(sizes, 0) if stage > 0 else (1,) * len(sizes)
            n_out = min(2 * n_in, _WIDEST * width) if max(factors) > 1 else n_in
            layers.append(Stage(configuration, n_in, n_out, factors, stage))
            sizes, n_in = _divided(sizes, factors), n_out
        self.layers = nn.ModuleList(layers)
        self.final_pooling: str = configuration["final_pooling"]
        self.n_features = n_in * (2 if self.final_pooling == "both" else 1)
        self.head = nn.Sequential(
            nn.Dropout(configuration["dropout"]), nn.Linear(self.n_features, signature.n_outputs)
        )

    def encode(self, **inputs: Tensor) -> Tensor:
        signal, valid = self.entry(**inputs)
        if signal.ndim == 4:  # A clone has these strides even with one channel, and all layers keep them.
            signal = signal.clone(memory_format=torch.channels_last)
        for layer in self.layers:
            signal, valid = layer(signal, valid)
        return pooled(self.final_pooling, signal, valid)

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.head(self.encode(**inputs))  # type: ignore[no-any-return]

    def view(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The same images, strongly changed at random, for contrastive learning."""
        return {"image": self.entry.view(**inputs)}


class Images(nn.Module):
    """Images, changed in training as ``augmentation`` says."""

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.n_channels, *sizes = signature.inputs["image"].shape
        self.sizes = tuple(sizes)
        self.augmentation = Augmentation(configuration["augmentation"])

    def forward(self, image: Tensor) -> tuple[Tensor, None]:
        return self.augmentation(image), None

    def view(self, image: Tensor) -> Tensor:
        return self.augmentation.view(image)


class Signals(nn.Module):
    """Series as they are, and audio as an image of one channel, with the steps that count, if not all do."""

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.sequence = SequenceInput(configuration, signature)
        self.n_steps = self.sequence.n_steps
        self.is_audio = signature.kind == "audio"
        n_features = self.sequence.n_features
        self.n_channels = 1 if self.is_audio else n_features
        self.sizes = (n_features, self.n_steps) if self.is_audio else (self.n_steps,)

    def forward(self, **inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        steps, lengths = self.sequence(**inputs)
        signal = steps.transpose(1, 2)  # (batch, n_features, n_steps)
        valid = None if lengths is None else valid_steps(lengths, self.n_steps).unsqueeze(1)
        if not self.is_audio:
            return signal, valid
        return signal.unsqueeze(1), None if valid is None else valid.unsqueeze(1)


def _halves(sizes: tuple[int, ...], resolution: int) -> tuple[int, ...]:
    """By how much to divide every side: 2 where it is above `resolution` and large enough, else 1."""
    return tuple(2 if side > resolution and side >= 2 * _SMALLEST_SIDE else 1 for side in sizes)


def _divided(sizes: tuple[int, ...], factors: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(side // factor for side, factor in zip(sizes, factors, strict=True))


def space(kind: str) -> Space:
    """The architecture on images, audio or series, and what is done to them in training."""
    return {
        "stages": Int(1, 4, prior=3, limits=(1, 16)),
        "blocks": Int(1, 3, prior=1, limits=(1, 32)),
        "width": Int(8, 64, log=True, prior=32, limits=(1, 2048)),
        **block_space(),
        **_OF_KIND[kind],
        "pooling": Choice(("max", "average", "stride"), prior="max"),
        "final_pooling": Choice(("mean", "max", "both"), prior="mean"),
        "activation": Choice(ACTIVATIONS, prior="relu"),
        "normalisation": Choice(NORMALISATIONS, prior="batch"),
        "dropout": Float(0.0, 0.5, prior=0.1, limits=(0.0, 0.95)),
        "mixup": Float(0.0, 1.0, prior=0.0, limits=(0.0, 10.0)),
    }


# `resolution` is the longest side that the first stage works on: it rules what a network costs.
_RESOLUTION = {"log": True, "limits": (2, 65536)}
_KERNEL_LIMITS = (1, 255)
_OF_KIND: Mapping[str, Mapping[str, Any]] = {
    "image": {
        "resolution": Int(8, 32, prior=16, **_RESOLUTION),
        "kernel": Choice((3, 5), prior=3, limits=_KERNEL_LIMITS),
        "augmentation": augmentation_space(),
        "squeeze_excitation": Choice((False, True), prior=True),
        "weight_decay": Float(1e-5, 0.3, log=True, prior=0.05, limits=(0.0, 1e3)),
    },
    "audio": {
        "resolution": Int(16, 64, prior=32, **_RESOLUTION),
        "kernel": Choice((3, 5), prior=3, limits=_KERNEL_LIMITS),
        **input_space("audio"),
    },
    # Wang et al., "Time Series Classification from Scratch ...", IJCNN 2017: kernels of 8, 5 and 3 steps
    "series": {
        "resolution": Int(32, 512, prior=128, **_RESOLUTION),
        "kernel": Choice((3, 5, 7, 9), prior=7, limits=_KERNEL_LIMITS),
        **input_space("series"),
    },
}

FAMILY = Family(
    name="cnn",
    kinds=("image", "series", "audio"),
    space=space,
    build=CNN,
    source=(
        "LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998; "
        "residual: He et al., Deep Residual Learning for Image Recognition, CVPR 2016; inverted bottleneck: "
        "Sandler et al., MobileNetV2, CVPR 2018; squeeze and excitation: Hu et al., CVPR 2018"
    ),
    encodes=True,
)
