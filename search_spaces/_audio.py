"""Audio as a log-mel spectrogram, computed inside the network, so that it goes wherever the network goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.signature import Signature
from automl.space import Choice, Float, Int
from search_spaces._audio_augmentation import masked_bands, warped

_DYNAMIC_RANGE = 1e-8  # quieter than the loudest by 80 dB is silence
_LOWEST_HERTZ = 20.0  # of human hearing
_SMALL = 1e-2  # under a variance: rows that say nothing give zeros, not their rounding errors made large


def log_mel_space() -> dict[str, Any]:
    """The space of a `LogMel`; families put it under the key ``spectrogram``.

    ``window`` and ``hop`` are in milliseconds; the last four are augmentation in training, as the
    largest share of the bands, of the frames, of the length and of the speed that is drawn.
    """
    share = (0.0, 0.9)
    return {
        "n_mels": Int(24, 96, log=True, prior=48, limits=(2, 1024)),
        "window": Float(16.0, 64.0, log=True, prior=32.0, limits=(1.0, 1000.0)),
        "hop": Float(6.0, 24.0, log=True, prior=12.0, limits=(1.0, 1000.0)),
        "normalisation": Choice(("spectrogram", "band")),
        "frequency_mask": Float(0.0, 0.4, prior=0.15, limits=share),
        "time_mask": Float(0.0, 0.4, prior=0.15, limits=share),
        "shift": Float(0.0, 0.3, prior=0.1, limits=share),
        "speed": Float(0.0, 0.3, prior=0.1, limits=share),
    }


class LogMel(nn.Module):
    """The logarithm of the energy in bands of equal width to the ear, whatever the loudness.

    A discrete Fourier transform of windows (Hann), as one convolution with cosines and sines; triangles
    over their power (Davis & Mermelstein, "Comparison of Parametric Representations for Monosyllabic
    Word Recognition", 1980); the logarithm, cut 80 dB under the loudest. Then ``normalisation``: zero
    mean and unit deviation over the valid frames, of each row as a whole (``spectrogram``) or of each of
    its bands (``band``), which takes the colour of a voice or a microphone away.

    In training rows are played faster or slower, moved in time, and lose bands and stretches of time.

    **Shape**: ``wave (batch, n_samples)`` and ``length (batch,)`` int64, or None where all samples count,
    to ``(batch, n_mels, n_frames)``, 0 in frames of padding, and the frames of each row, at least 1.

    Args:
        config: a filled `log_mel_space`.
    """

    def __init__(self, config: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        rate = signature.details["sample_rate"]
        (self.n_samples,) = signature.inputs["wave"].shape
        self.config = config
        self.window = max(2, round(rate * config["window"] / 1000))
        self.hop = max(1, round(rate * config["hop"] / 1000))
        self.n_mels: int = config["n_mels"]
        # The last window is filled up with zeros, so that no sample is left out.
        self.n_frames = 1 + math.ceil(max(0, self.n_samples - self.window) / self.hop)
        size = 2 ** math.ceil(math.log2(self.window))
        self.fourier: Tensor
        self.bands: Tensor
        self.register_buffer("fourier", _fourier_basis(self.window, size), persistent=False)
        self.register_buffer("bands", _mel_bands(self.n_mels, size, rate), persistent=False)

    def forward(self, wave: Tensor, length: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        if torch.is_autocast_enabled(wave.device.type):  # half precision would drown what is quiet
            with torch.autocast(wave.device.type, enabled=False):
                return self._spectrogram(wave.float(), length)
        return self._spectrogram(wave, length)

    def _spectrogram(self, wave: Tensor, length: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if length is not None:
            places = torch.arange(self.n_samples, device=wave.device)
            wave = torch.where(places < length.unsqueeze(1), wave, 0.0)
        if self.training:
            wave, length = warped(wave, length, self.config["shift"], self.config["speed"])
        peak = wave.abs().amax(dim=1, keepdim=True)
        wave = wave / torch.where(peak > 0, peak, 1.0)
        padding = (self.n_frames - 1) * self.hop + self.window - self.n_samples
        if padding > 0:
            wave = functional.pad(wave, (0, padding))
        waves = functional.conv1d(wave.unsqueeze(1), self.fourier, stride=self.hop)  # (batch, 2 bins, frames)
        real, imaginary = waves.square().chunk(2, dim=1)
        energy = torch.matmul(self.bands, real + imaginary)  # (batch, n_mels, n_frames)
        loudest = energy.amax(dim=(1, 2), keepdim=True)
        relative = energy / torch.where(loudest > 0, loudest, 1.0)
        spectrum = (relative / _DYNAMIC_RANGE).clamp_min(1).log()  # 0 is silence
        frames = None if length is None else self._frames(length)
        spectrum = _normalised(spectrum, frames, by_band=self.config["normalisation"] == "band")
        if self.training:
            spectrum = masked_bands(spectrum, frames, self.config["frequency_mask"], self.config["time_mask"])
        return spectrum, frames

    def _frames(self, length: Tensor) -> Tensor:
        """The frames that a row of so many samples fills."""
        beyond = (length - self.window).clamp_min(0)
        return (1 + (beyond + self.hop - 1) // self.hop).clamp_max(self.n_frames)  # type: ignore[no-any-return]


def _fourier_basis(window: int, size: int) -> Tensor:
    """Cosines and sines under a Hann window: ``(2 * bins, 1, window)`` with ``bins = size / 2 + 1``."""
    times = torch.arange(window, dtype=torch.float64)
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * (times + 0.5) / window)
    angles = 2 * math.pi / size * torch.arange(size // 2 + 1, dtype=torch.float64).unsqueeze(1) * times
    basis = torch.cat([angles.cos(), angles.sin()]) * hann / hann.sum()
    return basis.float().unsqueeze(1)


def _mel_bands(n_mels: int, size: int, rate: int) -> Tensor:
    """Overlapping triangles over the bins of the transform, evenly spaced in mel: ``(n_mels, bins)``.

    ``mel = 2595 log10(1 + hertz / 700)``: O'Shaughnessy, "Speech Communication", 1987, as in Young et
    al., "The HTK Book". A triangle reaches at least to the next bin either side, so that none is empty.
    """
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (min(_LOWEST_HERTZ, rate / 4), rate / 2))
    mels = torch.linspace(low, high, n_mels + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mels / 2595) - 1)
    step = rate / size
    hertz = torch.arange(size // 2 + 1, dtype=torch.float64) * step
    centre = edges[1:-1].unsqueeze(1)
    rise = (hertz - centre) / (edges[1:-1] - edges[:-2]).clamp_min(step).unsqueeze(1)
    fall = (hertz - centre) / (edges[2:] - edges[1:-1]).clamp_min(step).unsqueeze(1)
    triangles = torch.minimum(1 + rise, 1 - fall).clamp_min(0)
    return (triangles / triangles.sum(dim=1, keepdim=True)).float()


def _normalised(spectrum: Tensor, frames: Tensor | None, by_band: bool) -> Tensor:
    """Zero mean and unit deviation over the valid frames, and 0 in the others."""
    over = (2,) if by_band else (1, 2)
    if frames is None:
        centred = spectrum - spectrum.mean(dim=over, keepdim=True)
        return centred / (centred.square().mean(dim=over, keepdim=True) + _SMALL).sqrt()
    places = torch.arange(spectrum.shape[2], device=spectrum.device)
    valid = (places < frames.unsqueeze(1)).unsqueeze(1).to(spectrum.dtype)  # (batch, 1, n_frames)
    n_values = frames.view(-1, 1, 1) * (1 if by_band else spectrum.shape[1])
    mean = (spectrum * valid).sum(dim=over, keepdim=True) / n_values
    centred = (spectrum - mean) * valid
    return centred / (centred.square().sum(dim=over, keepdim=True) / n_values + _SMALL).sqrt()
