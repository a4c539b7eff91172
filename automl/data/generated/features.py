"""What generated rows are compared by: a few features of a row, fitted on the training rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from automl.data.generated.patches import Patches, fit_patches
from automl.task import Array

N_FEATURES = 48
_HIDDEN = (128, N_FEATURES)
_BATCH, _STEPS = 200, 600
_FEWEST_PASSES, _MOST_PASSES = 6, 100
_PENALTY = 0.1  # on squared weights, or the features would know the training rows too well
_MOST_ROWS = 20_000  # more would take minutes, and the features need not be the best
_MOST_CODES = 32  # of a column of categories; codes beyond share the last one
_COMPONENTS = 24
_MIXED = 3  # components in each feature: a sum of many would look normal whatever they are
_BLOCK = 8192


@dataclass(frozen=True)
class Features:
    """Rectified layers over the patches of an image, or the numbers and one-hot categories of a table.

    Args:
        codes: how many units each categorical column has.
        layers: weights ``(n_in, n_out)`` and bias ``(n_out,)`` of each.
    """

    patches: Patches | None
    codes: tuple[int, ...]
    layers: tuple[tuple[Array, Array], ...]

    def __call__(self, inputs: Mapping[str, Array]) -> Array:
        """The features ``(rows, n_features)``, float64, of encoded rows."""
        n_rows = len(next(iter(inputs.values())))
        blocks = [np.empty((0, self.layers[-1][1].shape[0]))]
        for start in range(0, n_rows, _BLOCK):
            rows = {name: values[start : start + _BLOCK] for name, values in inputs.items()}
            values = _units(rows, self.patches, self.codes)
            for weights, bias in self.layers:
                values = np.maximum(values @ weights + bias, 0.0)
            blocks.append(values)
        return np.concatenate(blocks)

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Values for JSON and arrays by name; `from_plain` makes an equal one of them."""
        arrays: dict[str, Array] = {}
        for place, (weights, bias) in enumerate(self.layers):
            arrays |= {f"{place}.weights": weights, f"{place}.bias": bias}
        if self.patches is not None:
            arrays |= {f"patches.{name}": array for name, array in vars(self.patches).items()}
        return {
            "codes": list(self.codes),
            "n_layers": len(self.layers),
            "patches": self.patches is not None,
        }, arrays

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> Features:
        layers = [(arrays[f"{i}.weights"], arrays[f"{i}.bias"]) for i in range(plain["n_layers"])]
        patches = None
        if plain["patches"]:
            patches = Patches(*(arrays[f"patches.{name}"] for name in ("mean", "whitening", "centres")))
        return cls(patches, tuple(plain["codes"]), tuple(layers))


def fit_features(
    inputs: Mapping[str, Array], target: Array | None, n_classes: int, kind: str, seed: int
) -> Features:
    """The features that tell training rows apart.

    Of images with classes: the last hidden layer of a small classifier, as Heusel et al. (2017) take a
    layer of a large one. It sees patches, since of plain pixels it learns what is nearly linear, and noise
    of the right covariances would pass. Of other rows: random rectified sums of a few whitened principal
    components; Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020,
    section 4.1, find that random features do. The components alone would not: a normal distribution
    fits them.

    Args:
        target: ``(rows,)`` class codes; None where there are none.
    """
    random = np.random.default_rng(seed)
    n_rows = len(next(iter(inputs.values())))
    chosen = np.sort(random.permutation(n_rows)[:_MOST_ROWS])
    some = {name: values[chosen] for name, values in inputs.items()}
    given = some.get("categorical", np.empty((len(chosen), 0), np.int64))
    codes = tuple(int(min(n, _MOST_CODES)) for n in given.max(axis=0, initial=0) + 1)
    patches = fit_patches(some["image"], random, seed) if kind == "image" else None
    units = _units(some, patches, codes)
    if kind == "image" and target is not None and n_classes > 1 and len(np.unique(target[chosen])) > 1:
        layers = _of_classifier(units, target[chosen], seed)
    else:
        layers = [_of_components(units, random)]
    return _unit_deviation(Features(patches, codes, tuple(layers)), some)


def _units(inputs: Mapping[str, Array], patches: Patches | None, codes: tuple[int, ...]) -> Array:
    """``(rows, n_units)`` float64."""
    if patches is not None:
        return patches(inputs["image"])
    parts = [inputs["numeric"]] if "numeric" in inputs else []
    for column, n_codes in enumerate(codes):
        parts.append(np.eye(n_codes)[np.minimum(inputs["categorical"][:, column], n_codes - 1)])
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _of_classifier(units: Array, target: Array, seed: int) -> list[tuple[Array, Array]]:
    mean, deviation = units.mean(axis=0), np.maximum(units.std(axis=0), 1e-6)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    # Few rows make few steps in a pass, of which they then need more.
    n_passes = int(np.clip(_STEPS * _BATCH / len(units), _FEWEST_PASSES, _MOST_PASSES))
    model = MLPClassifier(
        _HIDDEN, alpha=_PENALTY, batch_size=min(_BATCH, len(units)), max_iter=n_passes, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(((units - mean) / deviation).astype(np.float32), target)
    (first, *others), (bias, *biases) = model.coefs_[:-1], model.intercepts_[:-1]
    first = first.astype(np.float64) / deviation[:, None]
    layers = [(first, bias.astype(np.float64) - mean @ first), *zip(others, biases, strict=True)]
    return [(w.astype(np.float64), b.astype(np.float64)) for w, b in layers]


def _of_components(units: Array, random: np.random.Generator) -> tuple[Array, Array]:
    mean = units.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(units, rowvar=False).reshape(len(mean), -1))
    kept = np.flatnonzero(variance > 1e-6 * max(variance[-1], 1e-12))[::-1][:_COMPONENTS]
    if len(kept) == 0:
        kept = np.array([len(mean) - 1])
    whitening = directions[:, kept] / np.sqrt(np.maximum(variance[kept], 1e-12))  # (units, components)
    mixing = random.normal(size=(len(kept), N_FEATURES))
    strongest = np.argsort(random.random(mixing.shape), axis=0) < min(_MIXED, len(kept))
    mixing = np.where(strongest, mixing, 0.0)
    mixing /= np.linalg.norm(mixing, axis=0)
    weights = whitening @ mixing
    return weights, random.normal(size=N_FEATURES) - mean @ weights


def _unit_deviation(features: Features, inputs: Mapping[str, Array]) -> Features:
    """The same with each feature scaled to deviation 1; a rectified layer can be scaled beforehand."""
    deviation = features(inputs).std(axis=0)
    scale = 1 / np.where(deviation > 1e-6, deviation, 1.0)
    weights, bias = features.layers[-1]
    return replace(features, layers=(*features.layers[:-1], (weights * scale, bias * scale)))
