"""Ridge regression on the features of series that MiniRocket makes.

Dempster, Petitjean & Webb, "ROCKET", Data Mining and Knowledge Discovery, 2020: simple features of many
convolutions that nobody trained, and a linear model whose penalty is chosen by leaving rows out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from automl.baselines import Baseline, Predict
from automl.baselines._minirocket import MiniRocket
from automl.signature import Signature
from automl.task import Array, Rows, Task

_FEATURES, _FEWER_FEATURES = 9996, 2016  # 84 kernels, 119 or 24 biases each
_FEWEST_FEATURES = 840
_MANY_ROWS = 2000  # with fewer features, or ridge regression costs minutes
_MOST_ROWS = 20_000
_MOST_COMPARISONS = 1e10  # of outputs with biases in training: about half a minute
_PENALTIES = np.logspace(-1, 6, 15)
_SHARPNESS = np.logspace(-1, 2, 61)  # the factors that are tried


def _fit(train: Rows, _signature: Signature, task: Task, seed: int) -> Predict:
    random = np.random.default_rng(seed)
    if len(train) > _MOST_ROWS:
        train = train.take(np.sort(random.permutation(len(train))[:_MOST_ROWS]))
    series, lengths = _series(train.inputs)
    most = _FEATURES if len(train) <= _MANY_ROWS else _FEWER_FEATURES
    n_features = int(np.clip(_MOST_COMPARISONS / series[:, 0].size, _FEWEST_FEATURES, most))
    rocket = MiniRocket.fit(series, lengths, n_features, random)
    features = rocket(series, lengths).astype(np.float64)
    deviation = features.std(axis=0)
    mean, deviation = features.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0)
    predict_from = _fit_ridge((features - mean) / deviation, train.target, task)
    return lambda inputs: predict_from((rocket(*_series(inputs)) - mean) / deviation)


def _series(inputs: Mapping[str, Array]) -> tuple[Array, Array]:
    """Series ``(rows, channels, n_steps)`` and how many of the steps are filled, ``(rows,)``."""
    series = inputs["series"]
    lengths = inputs.get("length", np.full(len(series), series.shape[2]))
    return series, lengths.reshape(-1)


def _fit_ridge(features: Array, target: Array, task: Task) -> Callable[[Array], Array]:
    """Ridge regression on numbers, or on -1 and 1 for classes and labels, made into probabilities."""
    if task.kind == "regression":
        columns = target.reshape(len(target), -1).astype(np.float64)
        deviation = columns.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1.0)
        weights, _ = _ridge(features, (columns - columns.mean(axis=0)) / scale)
        centre = columns.mean(axis=0)
        return lambda features: (features @ weights * scale + centre).reshape(-1, *target.shape[1:])
    is_class = task.kind == "classification"
    signs = 2.0 * (np.eye(len(task.classes))[target] if is_class else target) - 1
    centre, share = signs.mean(axis=0), (signs.mean(axis=0) + 1) / 2
    weights, errors = _ridge(features, signs - centre)
    chances = _softmax if is_class else _sigmoid
    # How sure to be is learnt from what was predicted of rows that were left out.
    losses = [_loss(chances(factor * (signs - errors)), signs) for factor in _SHARPNESS]
    factor = _SHARPNESS[int(np.argmin(losses))]

    def predict(features: Array) -> Array:
        outputs = factor * (features @ weights + centre)
        if is_class:  # one that training never had is impossible
            return _softmax(np.where(share > 0, outputs, -np.inf))
        return np.where((share > 0) & (share < 1), _sigmoid(outputs), share)

    return predict


def _ridge(features: Array, target: Array) -> tuple[Array, Array]:
    """The weights ``(n_features, n_columns)`` at the best penalty, and the errors of rows left out.

    Both arguments have columns of mean 0. A row's error when it is left out is its error when it is not,
    over one less its leverage (Allen, "The Relationship between Variable Selection and Data Augmentation",
    Technometrics, 1974); leverages and fits at all penalties follow from one decomposition.
    """
    n, n_features = features.shape
    if n <= n_features:
        squares, vectors = np.linalg.eigh(features @ features.T)
    else:
        squares, right = np.linalg.eigh(features.T @ features)
        vectors = features @ right / np.sqrt(np.maximum(squares, 1e-300))
    kept = squares > 1e-10 * max(float(squares[-1]), 1e-12)
    squares, vectors = squares[kept], vectors[:, kept]  # of the left singular vectors: (n, rank)
    along, tried = vectors.T @ target, []
    # What is left of the target and of one less the leverage, summed up as it is small, not subtracted.
    outside = target - vectors @ along
    free = np.maximum(1 - 1 / n - np.square(vectors).sum(axis=1), 0.0)
    for penalty in _PENALTIES:
        left = penalty / (squares + penalty)
        loose = free + np.square(vectors) @ left
        errors = (outside + vectors @ (left[:, None] * along)) / np.maximum(loose, 1e-9)[:, None]
        tried.append((float(np.square(errors).mean()), penalty, errors))
    _, penalty, errors = min(tried, key=lambda one: one[0])
    return features.T @ (vectors @ (along / (squares + penalty)[:, None])), errors


def _loss(chances: Array, wanted: Array) -> float:
    """The mean negative logarithm of the chance of what is wanted (1) or is not (-1)."""
    right = np.where(wanted > 0, chances, 1 - chances)
    return float(-np.log(np.clip(right, 1e-12, 1.0)).mean())


def _sigmoid(outputs: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(outputs, -50, 50))))


def _softmax(outputs: Array) -> Array:
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


BASELINE = Baseline(
    "rocket",
    ("classification", "multilabel", "regression"),
    ("series",),
    "ridge regression on fixed convolutions of many widths (MiniRocket)",
    _fit,
)
