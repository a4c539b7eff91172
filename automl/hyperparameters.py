"""The hyperparameters that every family shares, in one place: how a network is trained.

A family's own space (its architecture) is laid over these, so a family may narrow one of them by
naming it. `automl/training/` reads the values; nothing else gives them defaults.
"""

from __future__ import annotations

from typing import Any

from automl.space import Choice, Float, Int, Space
from automl.task import TaskKind

ACTIVATIONS = ("relu", "gelu", "silu", "leaky_relu", "elu", "tanh", "sigmoid")
NORMALISATIONS = ("batch", "layer", "none")
INITIALISATIONS = ("default", "kaiming", "xavier", "orthogonal")

_POSITIVE = (1e-12, float("inf"))
_SHARE = (0.0, 1.0)

_OPTIMIZERS: dict[str, Space] = {
    # Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019
    "adamw": {"beta1": Float(0.85, 0.99, prior=0.9, limits=(0, 0.9999))},
    # Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015
    "adam": {"beta1": Float(0.85, 0.99, prior=0.9, limits=(0, 0.9999))},
    # Sutskever et al., "On the importance of initialization and momentum", ICML 2013
    "sgd": {"momentum": Float(0.0, 0.99, prior=0.9, limits=(0, 0.9999)), "nesterov": Choice((True, False))},
    # Tieleman & Hinton, Coursera lecture 6.5, 2012
    "rmsprop": {"smoothing": Float(0.9, 0.999, prior=0.99, limits=(0, 0.9999))},
}

_SCHEDULES: dict[str, Space] = {
    # Loshchilov & Hutter, "SGDR", ICLR 2017, without restarts
    "cosine": {},
    "constant": {},
    # Smith & Topin, "Super-Convergence", 2018; peak is `learning_rate`
    "one_cycle": {"rise": Float(0.1, 0.4, prior=0.3, limits=(0.01, 0.99))},
    "step": {
        "factor": Float(0.1, 0.5, prior=0.3, limits=(1e-6, 1.0)),
        "steps": Int(1, 4, prior=2, limits=(1, 100)),
    },
}

_OF_NUMBERS: dict[str, Space] = {
    "squared": {},
    "absolute": {},
    # Huber, "Robust Estimation of a Location Parameter", 1964; in standardised units
    "huber": {"delta": Float(0.1, 2.0, log=True, prior=1.0, limits=_POSITIVE)},
}

# By kind of task; a network that learns from the rows alone has a loss of its own.
_LOSSES: dict[TaskKind, dict[str, Space]] = {
    "classification": {
        "cross_entropy": {
            "label_smoothing": Float(0.0, 0.2, prior=0.0, limits=_SHARE),
            "class_weights": Choice(("none", "balanced")),
        },
        # Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4
        "focal": {"gamma": Float(0.5, 4.0, prior=2.0, limits=(0, 100))},
    },
    "multilabel": {
        "cross_entropy": {"positive_weights": Choice(("none", "balanced"))},
        # Lin et al. 2017 again, label by label
        "focal": {"gamma": Float(0.5, 4.0, prior=2.0, limits=(0, 100))},
    },
    "regression": _OF_NUMBERS,
    "forecasting": _OF_NUMBERS,
    # Koenker & Bassett, "Regression Quantiles", Econometrica 1978
    "quantile": {"pinball": {}},
}

# How an encoder is trained first without labels; the rows' own fields are the target.
_PRETRAINING: dict[str, Space] = {
    # Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008
    "denoising": {"noise": Float(0.05, 1.0, log=True, prior=0.3, limits=(0, 100))},
    # Devlin et al., "BERT", NAACL 2019; He et al., "Masked Autoencoders ...", CVPR 2022
    "masked": {"share": Float(0.1, 0.8, prior=0.4, limits=_SHARE)},
    # Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020
    "contrastive": {"temperature": Float(0.05, 1.0, log=True, prior=0.2, limits=_POSITIVE)},
}
_PRETRAINING_OF: dict[str, tuple[str, ...]] = {
    "table": ("masked", "denoising"),
    "image": ("contrastive", "masked", "denoising"),
    "text": ("masked",),
    "audio": ("masked", "denoising"),
    "series": ("masked", "denoising"),
}


BATCH_SIZES = (8, 16, 32, 64, 128, 256, 512)
STEPS_PER_EPOCH = 8  # at least, so that few rows still make many steps
# Rows of tables are cheap and many; the others are trained for fewer epochs, and need more steps in each.
USUAL_BATCH_SIZE = {"table": 256, "image": 128, "text": 64, "audio": 32, "series": 64}


def batch_sizes(n_rows: int, kind: str = "table") -> Choice:
    """The batch sizes to choose from with so many training rows: the four largest that make sense.

    >>> batch_sizes(20_000).options, batch_sizes(20_000).prior, batch_sizes(150).options
    ((64, 128, 256, 512), 256, (8, 16))
    >>> batch_sizes(20_000, "text").options, batch_sizes(20_000, "text").prior
    ((16, 32, 64, 128), 64)
    """
    usual = USUAL_BATCH_SIZE[kind]
    most = min(2 * usual, n_rows // STEPS_PER_EPOCH)
    fitting = [size for size in BATCH_SIZES if size <= most] or [BATCH_SIZES[0]]
    return Choice(tuple(fitting[-4:]), prior=min(usual, fitting[-1]), limits=(1, 2**20))


_EPOCHS = {"table": 60, "image": 15, "text": 10, "audio": 40, "series": 60}
_LEAST_EXAMPLES = {"table": 0, "image": 60_000, "text": 40_000, "audio": 60_000, "series": 20_000}
_MOST_EPOCHS = 200
_FORECASTING_EPOCHS = 20  # windows overlap, so that each step of a series is seen many times in an epoch


def default_epochs(kind: str, task: TaskKind, n_rows: int) -> int:
    """How many epochs a trial has at most unless a budget says: more where few rows make few steps.

    >>> default_epochs("image", "classification", 48_000), default_epochs("series", "classification", 200)
    (15, 100)
    """
    if task == "forecasting":
        return _FORECASTING_EPOCHS
    longer = 2 if task == "generation" else 1  # samples go on getting better after the loss has settled
    least = longer * _LEAST_EXAMPLES[kind] // max(1, n_rows)
    return max(_EPOCHS[kind], min(_MOST_EPOCHS, least))


def training_space(task: TaskKind, n_rows: int = 100_000, kind: str = "table") -> dict[str, Any]:
    """The space of everything about training that is not architecture, for one kind of task and of data.

    Args:
        n_rows: of the training split.
    """
    space: dict[str, Any] = {
        "learning_rate": Float(1e-4, 1e-1, log=True, prior=3e-3, limits=_POSITIVE),
        "batch_size": batch_sizes(n_rows, kind),
        "optimizer": Choice(_OPTIMIZERS, prior="adamw"),
        "weight_decay": Float(1e-7, 1e-1, log=True, prior=1e-4, limits=(0, float("inf"))),
        "schedule": Choice(_SCHEDULES, prior="cosine"),
        "warm_up": Float(0.0, 0.1, prior=0.02, limits=_SHARE),
        "clip_norm": Choice((1.0, 5.0), prior=1.0, limits=_POSITIVE),
        "initialisation": Choice(INITIALISATIONS),
    }
    if task in _LOSSES:
        space["loss"] = Choice(_LOSSES[task])
    return space


def pretraining_space(kind: str) -> Choice:
    """How an encoder of this kind of data may be trained first without labels, or not at all.

    ``epochs`` pass over all rows, labelled or not, at ``learning_rate`` of its own.
    """
    shared = {
        "epochs": Int(1, 30, log=True, prior=10, limits=(1, 1000)),
        "learning_rate": Float(1e-4, 1e-2, log=True, prior=1e-3, limits=_POSITIVE),
    }
    options: dict[str, Space] = {name: {**_PRETRAINING[name], **shared} for name in _PRETRAINING_OF[kind]}
    return Choice({**options, "none": {}}, prior=_PRETRAINING_OF[kind][0])
