"""Logistic or ridge regression on the mean and deviation over time of a sound's mel spectrogram.

Stevens, Volkmann & Newman, "A Scale for the Measurement of the Psychological Magnitude Pitch", 1937; the
formula of the scale, 2595 log10(1 + f / 700), is O'Shaughnessy's, "Speech Communication", 1987.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict
from automl.baselines._linear_model import fit_linear
from automl.signature import Signature
from automl.task import Array, Rows, Task

_BANDS = 64
_FRAME_SECONDS, _STEP_SECONDS = 0.025, 0.010  # usual for speech
_FLOOR = 1e-6  # of energy: far below what 16 bits can tell
_BLOCK = 4_000_000  # samples taken at a time


def _fit(train: Rows, signature: Signature, task: Task, _seed: int) -> Predict:
    rate = signature.details["sample_rate"]
    features = _features(train.inputs, rate)
    deviation = features.std(axis=0)
    mean, deviation = features.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0)
    predict_from = fit_linear((features - mean) / deviation, train.target, task, strength=0.1)
    return lambda inputs: predict_from((_features(inputs, rate) - mean) / deviation)


def _features(inputs: Mapping[str, Array], rate: int) -> Array:
    """The mean and deviation of each band over the frames that a sound fills: ``(rows, 2 * bands)``."""
    waves = inputs["wave"]
    lengths = inputs.get("length", np.full(len(waves), waves.shape[1]))
    block = max(1, _BLOCK // max(waves.shape[1], 1))
    starts = range(0, len(waves), block)
    parts = [
        _statistics(waves[start : start + block], lengths[start : start + block], rate) for start in starts
    ]
    return np.concatenate(parts)


def _statistics(waves: Array, lengths: Array, rate: int) -> Array:
    n_frame, n_step = max(2, round(rate * _FRAME_SECONDS)), max(1, round(rate * _STEP_SECONDS))
    waves = np.pad(waves, ((0, 0), (0, max(0, n_frame - waves.shape[1]))))
    frames = np.lib.stride_tricks.sliding_window_view(waves, n_frame, axis=1)[:, ::n_step]
    spectra = np.square(np.abs(np.fft.rfft(frames * np.hanning(n_frame).astype(np.float32), axis=2)))
    mel = np.log(spectra @ _filters(n_frame, rate) + _FLOOR)  # (rows, n_frames, bands)
    n_filled = np.maximum(1, (lengths.reshape(-1) - n_frame) // n_step + 1)
    filled = (np.arange(mel.shape[1]) < n_filled[:, None])[:, :, None]
    count = filled.sum(axis=1)
    mean = (mel * filled).sum(axis=1) / count
    variance = (np.square(mel - mean[:, None]) * filled).sum(axis=1) / count
    return np.concatenate([mean, np.sqrt(variance)], axis=1)


def _filters(n_frame: int, rate: int) -> Array:
    """Triangles that overlap by half, evenly spaced in mel: ``(n_frame // 2 + 1, bands)``."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, _BANDS + 2) / 2595) - 1)
    # Low bands are narrower than the spectrum's steps: each corner is at least one step from the next.
    step = rate / n_frame
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    frequency = np.fft.rfftfreq(n_frame, 1 / rate)[:, None]
    rise = (frequency - np.minimum(low, centre - step)) / np.maximum(centre - low, step)
    fall = (np.maximum(high, centre + step) - frequency) / np.maximum(high - centre, step)
    return np.asarray(np.clip(np.minimum(rise, fall), 0.0, None), np.float32)


BASELINE = Baseline(
    "log_mel_linear",
    ("classification", "multilabel", "regression"),
    ("audio",),
    "logistic or ridge regression on the mean and deviation of the mel spectrogram",
    _fit,
)
