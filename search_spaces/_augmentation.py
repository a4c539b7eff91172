"""Augmentation of standardised images, a whole batch at once on its own device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.space import Choice, Float

# Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, section 4.2: the share of the image that a
# rectangle covers, and the ratio of its sides.
_ERASED, _ERASED_RATIO = (0.02, 0.4), (0.3, 1 / 0.3)
# For contrast: Chen et al., "A Simple Framework for Contrastive Learning ...", ICML 2020, appendix A, but
# with crops of at least a fifth (theirs: 0.08), since small images have less to cut away.
_CROPPED, _CROPPED_RATIO = (0.2, 1.0), (3 / 4, 4 / 3)
_CONTRAST_COLOUR, _CONTRAST_ERASE = 0.5, 0.25


def augmentation_space() -> dict[str, Any]:
    """The space of an `Augmentation`; families put it under the key ``augmentation``.

    ``shift`` is the largest move as a share of a side, ``rotation`` the largest angle in degrees,
    ``colour`` the largest change of contrast (as a share) and of brightness (in deviations of the
    pixels), ``erase`` the share of the images that lose a rectangle.
    """
    return {
        # Off unless asked for: the mirror image of a digit is none.
        "flip": Choice((False, True), prior=False),
        "shift": Float(0.0, 0.25, prior=0.08, limits=(0.0, 1.0)),
        "rotation": Float(0.0, 30.0, prior=0.0, limits=(0.0, 180.0)),
        "colour": Float(0.0, 0.5, prior=0.0, limits=(0.0, 10.0)),
        "erase": Float(0.0, 0.5, prior=0.0, limits=(0.0, 1.0)),
    }


class Augmentation(nn.Module):
    """Each image of a batch changed at random in training, and as it is elsewhere.

    **Shape**: ``(batch, channels, height, width)``, kept.

    Args:
        config: a filled `augmentation_space`.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = config

    def forward(self, image: Tensor) -> Tensor:
        if not self.training:
            return image
        config = self.config
        if config["flip"] or config["shift"] > 0 or config["rotation"] > 0:
            image = moved(image, config["flip"], config["shift"], config["rotation"])
        if config["colour"] > 0:
            image = recoloured(image, config["colour"])
        return erased(image, config["erase"]) if config["erase"] > 0 else image

    def view(self, image: Tensor) -> Tensor:
        """Strongly changed images for contrastive learning, mirrored only where `flip` says so."""
        image = cropped(image, self.config["flip"])
        return erased(recoloured(image, _CONTRAST_COLOUR), _CONTRAST_ERASE)


def moved(image: Tensor, flip: bool, shift: float, rotation: float) -> Tensor:
    """Images mirrored or not, turned about their middle and moved by whole pixels, edges drawn out."""
    n_rows, _, height, width = image.shape
    angle = _uniform(image, -1.0, 1.0) * math.radians(rotation)
    mirror = _mirrors(image, flip)
    most_down, most_right = round(shift * height), round(shift * width)
    down = torch.randint(-most_down, most_down + 1, (n_rows,), device=image.device) * (2 / height)
    right = torch.randint(-most_right, most_right + 1, (n_rows,), device=image.device) * (2 / width)
    cosine, sine = angle.cos(), angle.sin()
    # Places run from -1 to 1 along both axes: turning them needs the ratio of the sides.
    across = torch.stack([mirror * cosine, -mirror * sine * (height / width), right], dim=1)
    along = torch.stack([sine * (width / height), cosine, down], dim=1)
    return _warped(image, across, along)


def cropped(image: Tensor, flip: bool) -> Tensor:
    """Rectangles of images at their full size, mirrored or not."""
    area = _uniform(image, *_CROPPED)
    ratio = _uniform(image, *map(math.log, _CROPPED_RATIO)).exp()
    tall, wide = (area * ratio).sqrt().clamp(max=1.0), (area / ratio).sqrt().clamp(max=1.0)
    down, right = (1 - tall) * _uniform(image, -1.0, 1.0), (1 - wide) * _uniform(image, -1.0, 1.0)
    nothing = torch.zeros_like(tall)
    across = torch.stack([wide * _mirrors(image, flip), nothing, right], dim=1)
    return _warped(image, across, torch.stack([nothing, tall, down], dim=1))


def recoloured(image: Tensor, strength: float) -> Tensor:
    """Images times ``1 + u``, plus ``v``, both uniform up to `strength` and one a row."""
    contrast, brightness = (_uniform(image, -strength, strength)[:, None, None, None] for _ in range(2))
    return image * (1 + contrast) + brightness


def erased(image: Tensor, share: float) -> Tensor:
    """Images of which this `share` have noise in a rectangle: Zhong et al. 2020, algorithm 1.

    A rectangle is cut to the image where the paper draws another.
    """
    _, _, height, width = image.shape
    area = _uniform(image, *_ERASED)
    ratio = _uniform(image, *map(math.log, _ERASED_RATIO)).exp()
    chosen = _uniform(image, 0.0, 1.0) < share
    down = _span(image, (area * ratio).sqrt(), height)
    right = _span(image, (area / ratio).sqrt(), width)
    inside = (down[:, :, None] & right[:, None, :] & chosen[:, None, None]).unsqueeze(1)
    return torch.where(inside, torch.randn_like(image), image)


def _span(image: Tensor, size: Tensor, n_pixels: int) -> Tensor:
    """Which pixels of a side, ``(batch, n_pixels)``, lie in a stretch of `size` placed at random."""
    size = size.clamp(max=1.0)
    start = _uniform(image, 0.0, 1.0) * (1 - size)
    places = (torch.arange(n_pixels, device=image.device) + 0.5) / n_pixels
    return (places >= start[:, None]) & (places < (start + size)[:, None])


def _warped(image: Tensor, across: Tensor, along: Tensor) -> Tensor:
    """Images seen through the affine map with these two rows ``(batch, 3)``."""
    grid = functional.affine_grid(
        torch.stack([across, along], dim=1).to(image.dtype), list(image.shape), align_corners=False
    )
    return functional.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _mirrors(image: Tensor, flip: bool) -> Tensor:
    """``(batch,)``: -1 where an image is mirrored, else 1."""
    ones = image.new_ones(len(image))
    return torch.where(_uniform(image, 0.0, 1.0) < 0.5, -ones, ones) if flip else ones


def _uniform(image: Tensor, low: float, high: float) -> Tensor:
    """One number for each row, ``(batch,)``."""
    return torch.rand(len(image), device=image.device) * (high - low) + low
