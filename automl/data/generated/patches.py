"""What small patches of an image look like, counted over its four quarters.

Coates, Lee & Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning", AISTATS 2011:
patches are normalised and whitened, and compared with the centres that k-means finds among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automl.task import Array

_CENTRES = 64
_LARGE, _SMALL = 6, 3  # pixels a side of a patch, the small one in images below this side
_SMALL_IMAGE = 16
_PLACES = 12  # of patches along the shorter side, about
_PATCHES = 40_000
_CONTRAST = 0.1  # added to the variance of a patch and to those of whitening, in standardised units
_BLOCK = 512


@dataclass(frozen=True)
class Patches:
    """How alike each quarter of an image is to each of some patches.

    Args:
        whitening: ``(n_pixels, n_pixels)``, after the mean ``(n_pixels,)`` is taken off.
        centres: ``(n_centres, n_pixels)``.
    """

    mean: Array
    whitening: Array
    centres: Array

    def __call__(self, images: Array) -> Array:
        """Images ``(rows, channels, height, width)`` to ``(rows, 4 * n_centres)``, float64."""
        found = [np.empty((0, 4 * len(self.centres)))]
        for start in range(0, len(images), _BLOCK):
            found.append(self._quarters(_patches(images[start : start + _BLOCK])))
        return np.concatenate(found)

    def _quarters(self, patches: Array) -> Array:
        rows, high, wide, _ = patches.shape
        white = (_normalised(patches) - self.mean.astype(np.float32)) @ self.whitening.astype(np.float32)
        near = _likeness(white, self.centres.astype(np.float32))
        # Of an odd number of places the one in the middle belongs to both halves; so does the only one.
        halves = [(slice(0, (n + 1) // 2), slice(n // 2, n)) for n in (high, wide)]
        means = [near[:, one, other].mean(axis=(1, 2)) for one in halves[0] for other in halves[1]]
        return np.concatenate(means, axis=1, dtype=np.float64).reshape(rows, -1)


def fit_patches(images: Array, random: np.random.Generator, seed: int) -> Patches:
    """The whitening and the centres of patches of these images."""
    from sklearn.cluster import MiniBatchKMeans

    some = images[random.permutation(len(images))[: max(1, _PATCHES // 64)]]
    patches = _patches(some)
    patches = _normalised(patches.reshape(-1, patches.shape[-1])).astype(np.float64)
    patches = patches[random.permutation(len(patches))[:_PATCHES]]
    mean = patches.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(patches, rowvar=False).reshape(len(mean), -1))
    whitening = (directions / np.sqrt(np.maximum(variance, 0.0) + _CONTRAST)) @ directions.T
    white = (patches - mean) @ whitening
    n_centres = min(_CENTRES, len(np.unique(white, axis=0)))
    model = MiniBatchKMeans(n_centres, n_init=1, batch_size=4096, random_state=seed)
    return Patches(mean, whitening, model.fit(white).cluster_centers_)


def _patches(images: Array) -> Array:
    """``(rows, places, places, n_pixels)`` float32."""
    side = min(images.shape[2:])
    size = min(side, _LARGE if side >= _SMALL_IMAGE else _SMALL)
    stride = max(1, side // _PLACES)
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(*windows.shape[:3], -1).astype(np.float32)


def _normalised(patches: Array) -> Array:
    """Patches with mean 0 and, unless they are nearly flat, deviation 1."""
    centred = patches - patches.mean(axis=-1, keepdims=True)
    return np.asarray(
        centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(_CONTRAST))
    )


def _likeness(white: Array, centres: Array) -> Array:
    """How much nearer than the average centre each one is, or 0: the paper's "triangle", equation 2."""
    squares = np.square(white).sum(axis=-1, keepdims=True) + np.square(centres).sum(axis=1)
    distance = np.sqrt(np.maximum(squares - 2 * white @ centres.T, 0.0))
    return np.asarray(np.maximum(distance.mean(axis=-1, keepdims=True) - distance, 0.0))
