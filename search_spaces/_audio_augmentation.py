"""What is changed in audio at random in training: speed, place in time, and what is heard of it."""

from __future__ import annotations

import torch
from torch import Tensor

_N_MASKS = 2  # of each direction: policy LD of Park et al. 2019, table 1


def warped(wave: Tensor, length: Tensor | None, shift: float, speed: float) -> tuple[Tensor, Tensor | None]:
    """Each row played at a random speed and moved in time, with its new length.

    Ko et al., "Audio Augmentation for Speech Recognition", Interspeech 2015, with linear interpolation.

    **Shape**: ``wave (batch, n_samples)``, ``length (batch,)`` int64 or None; the same.

    Args:
        shift: the largest move either way, as a share of the row's length.
        speed: the largest change of speed either way, as a share.
    """
    if shift == 0 and speed == 0:
        return wave, length
    n_rows, n_samples = wave.shape
    lengths = wave.new_full((n_rows, 1), float(n_samples)) if length is None else length.unsqueeze(1).float()
    rate = 1 + speed * _between_minus_one_and_one(wave)
    moved = (shift * lengths * _between_minus_one_and_one(wave)).round()
    places = (torch.arange(n_samples, device=wave.device) - moved) * rate  # (batch, n_samples)
    inside = (places >= 0) & (places <= lengths - 1)
    before = places.floor().clamp(0, n_samples - 1).long()
    after = (before + 1).clamp_max(n_samples - 1)
    share = places - before
    changed = torch.lerp(wave.gather(1, before), wave.gather(1, after), share.clamp(0, 1))
    changed = torch.where(inside, changed, 0.0)
    if length is None:
        return changed, None
    ends = (lengths / rate + moved).round().clamp(1, n_samples)
    return changed, ends.squeeze(1).to(length.dtype)


def masked_bands(spectrum: Tensor, frames: Tensor | None, frequency: float, time: float) -> Tensor:
    """The spectrogram with random bands and stretches of time set to 0, its mean.

    Park et al., "SpecAugment", Interspeech 2019, section 2.

    **Shape**: ``(batch, n_mels, n_frames)``, ``frames (batch,)`` int64 or None; the same.

    Args:
        frequency: the largest share of the bands that one mask takes.
        time: the largest share of the row's frames that one mask takes.
    """
    n_rows, n_mels, n_frames = spectrum.shape
    if frequency > 0:
        n_bands = spectrum.new_full((n_rows,), float(n_mels))
        spectrum = spectrum * _gaps(n_bands, n_mels, frequency).unsqueeze(2)
    if time > 0:
        ends = spectrum.new_full((n_rows,), float(n_frames)) if frames is None else frames.to(spectrum.dtype)
        spectrum = spectrum * _gaps(ends, n_frames, time).unsqueeze(1)
    return spectrum


def _gaps(ends: Tensor, size: int, share: float) -> Tensor:
    """0 within random stretches of ``[0, end)`` of each row and 1 elsewhere: ``(batch, size)``."""
    drawn = torch.rand(2, len(ends), _N_MASKS, device=ends.device)
    widths = drawn[0] * share * ends.unsqueeze(1)  # (batch, masks)
    starts = drawn[1] * (ends.unsqueeze(1) - widths)
    places = torch.arange(size, device=ends.device).view(1, -1, 1)
    hidden = (places >= starts.unsqueeze(1)) & (places + 1 <= (starts + widths).unsqueeze(1))
    return (~hidden.any(dim=2)).to(ends.dtype)


def _between_minus_one_and_one(rows: Tensor) -> Tensor:
    """One number a row: ``(batch, 1)``."""
    return 2 * torch.rand(len(rows), 1, device=rows.device) - 1
