"""Recordings as samples of one channel at one rate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from automl.data.files.naming import some
from automl.data.ragged import Ragged
from automl.data.sounds.decoding import BadSound, SoundHead, head_of_sound, samples_of
from automl.errors import DataError
from automl.task import Array

MAX_SECONDS = 10.0  # of a recording, unless data.max_seconds says otherwise
LARGEST_RATE = 96_000  # hertz, of what networks are given
FULL_SCALE = 32768  # of int16
_LARGEST_FACTOR = 1000  # between rates; a pair such as 44,101 and 8,000 is rounded, by less than 0.1 %


def load(
    files: Sequence[Path | BinaryIO], sample_rate: int | None, max_seconds: float | None, source: str
) -> tuple[Ragged, int, tuple[str, ...]]:
    """The files as int16 samples of one channel, their rate in hertz, and what is to be said.

    Args:
        sample_rate: None for the one that most files have.
        max_seconds: what is beyond is cut off; None for the default.

    Raises:
        DataError: files that are not whole recordings, or empty, counted and named.
    """
    heads, bad = _heads(files)
    _refuse(bad, len(files), source)
    rates = Counter(head.rate for head in heads)
    usual = min(max(rates, key=lambda one: (rates[one], one)), LARGEST_RATE)
    rate = usual if sample_rate is None else sample_rate
    seconds = MAX_SECONDS if max_seconds is None else max_seconds
    rows: list[Array] = []
    n_clipped = 0
    for file, head in zip(files, heads, strict=True):
        try:
            wave = samples_of(file, head, math.ceil(seconds * head.rate))
        except BadSound as error:
            bad.append(f"{_name(file)} ({error})")
            continue
        if wave.dtype != np.int16:
            n_clipped += bool(np.abs(wave).max() > 1)
        rows.append(as_samples(resampled(wave, head.rate, rate)))
    _refuse(bad, len(files), source)
    notes = [f"{len(rows)} recordings at {rate} hertz"]
    n_resampled = len(files) - rates[rate]
    if n_resampled:
        others = ", ".join(str(one) for one in sorted(rates) if one != rate)
        notes.append(f"resampled {n_resampled} of {len(files)} recordings from {others} to {rate} hertz")
    notes += _said(heads, rows, seconds, n_clipped)
    return Ragged.of(rows), rate, tuple(notes)


def _said(heads: Sequence[SoundHead], rows: Iterable[Array], seconds: float, n_clipped: int) -> list[str]:
    notes = []
    n_mixed = sum(head.n_channels > 1 for head in heads)
    n_cut = sum(head.n_frames > seconds * head.rate for head in heads)
    n_silent = sum(not row.any() for row in rows)
    if n_mixed:
        notes.append(f"mixed {n_mixed} recordings of several channels down to one")
    if n_cut:
        notes.append(f"cut {n_cut} recordings after {seconds:g} seconds; data.max_seconds keeps more")
    if n_silent:
        notes.append(f"{n_silent} recordings are silent: every sample is 0")
    if n_clipped:
        notes.append(f"{n_clipped} recordings go beyond full scale and are clipped there")
    return notes


def _heads(files: Sequence[Path | BinaryIO]) -> tuple[list[SoundHead], list[str]]:
    heads: list[SoundHead] = []
    bad: list[str] = []
    for file in files:
        try:
            heads.append(head_of_sound(file))
        except BadSound as error:
            bad.append(f"{_name(file)} ({error})")
    return heads, bad


def _name(file: Path | BinaryIO) -> str:
    return file.name


def _refuse(bad: Sequence[str], n_files: int, source: str) -> None:
    if bad:
        raise DataError(
            f"{len(bad)} of the {n_files} recordings in {source} cannot be used: {some(bad)}. Each must be a "
            "whole WAV, FLAC or OGG file with at least one sample. Repair or remove them."
        )


def resampled(wave: Array, rate: int, wanted: int) -> Array:
    """The same sound ``(samples,)`` at another rate, float32; unchanged where it has that rate.

    A polyphase filter removes what the new rate cannot hold (Crochiere & Rabiner, *Multirate Digital Signal
    Processing*, 1983, section 3.3), as `scipy.signal.resample_poly` has it.
    """
    if rate == wanted:
        return wave
    from scipy.signal import resample_poly  # type: ignore[import-untyped]

    factor = Fraction(min(rate, wanted), max(rate, wanted)).limit_denominator(_LARGEST_FACTOR)
    factor = factor if wanted < rate else 1 / factor
    scaled = wave.astype(np.float32) / (FULL_SCALE if wave.dtype == np.int16 else 1)
    return np.asarray(resample_poly(scaled, factor.numerator, factor.denominator), np.float32)


def as_samples(wave: Array) -> Array:
    """int16 samples of float ones, -1 to 1; what is beyond is clipped."""
    if wave.dtype == np.int16:
        return wave
    samples = np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return np.asarray(samples, np.int16)
