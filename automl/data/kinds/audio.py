"""Audio: recordings of one channel at one rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from automl.data.files.folders import files_to_predict
from automl.data.files.media import AUDIO
from automl.data.kinds import Encoder, Kind
from automl.data.ragged import Ragged
from automl.data.raw import RawData
from automl.data.readers import reader_for
from automl.data.sounds import recordings as sounds
from automl.data.sounds.decoding import LARGEST_RATE, LEAST_RATE
from automl.errors import DataError
from automl.signature import Field
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task

WAVE = "wave"
_STEPS_A_SECOND = 100  # what lengths are rounded up to: a hundredth of a second
_MUCH_LONGER = 2  # than 99 % of the recordings: such ones are cut instead of filling up all others
_LARGEST = 601 * sounds.LARGEST_RATE  # samples that a bundle may ask for


@dataclass(frozen=True)
class AudioEncoder:
    """``wave`` float32 ``(rows, n_samples)`` from -1 to 1, and ``length`` int64 ``(rows,)`` where they differ.

    Args:
        sample_rate: in hertz.
        n_samples: of each row; longer recordings are cut, shorter ones filled up with 0.
        varies: whether lengths differ in training.
    """

    sample_rate: int
    n_samples: int
    varies: bool
    kind: ClassVar[str] = "audio"

    @property
    def fields(self) -> Mapping[str, Field]:
        wave = {WAVE: Field((self.n_samples,))}
        return {**wave, "length": Field((), "int64")} if self.varies else wave

    @property
    def details(self) -> Mapping[str, int]:
        return {"sample_rate": self.sample_rate}

    @property
    def options(self) -> Mapping[str, Any]:
        return {"sample_rate": self.sample_rate, "max_seconds": self.n_samples / self.sample_rate}

    def encode(self, raw: RawData) -> dict[str, Array]:
        assert isinstance(raw.values, Ragged)
        waves = raw.values
        if raw.details["sample_rate"] != self.sample_rate:
            waves = _brought_to(waves, raw.details["sample_rate"], self.sample_rate)
        wave = np.zeros((len(waves), self.n_samples), np.float32)
        for row in range(len(waves)):
            samples = waves[row][: self.n_samples]
            np.divide(samples, sounds.FULL_SCALE, out=wave[row, : len(samples)], dtype=np.float32)
        if not self.varies:
            return {WAVE: wave}
        return {WAVE: wave, "length": np.clip(waves.lengths, 1, self.n_samples).astype(np.int64)}

    def schema(self) -> list[dict[str, Any]]:
        most = self.n_samples / self.sample_rate
        shape = {"sample_rate": self.sample_rate, "max_seconds": round(most, 3)}
        return [{"name": WAVE, "type": "audio", "required": True, **shape}]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return asdict(self), {}


def _brought_to(waves: Ragged, rate: int, wanted: int) -> Ragged:
    return Ragged.of(
        sounds.as_samples(sounds.resampled(waves[row], rate, wanted)) for row in range(len(waves))
    )


def _restore(plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> AudioEncoder:
    rate, n_samples = plain["sample_rate"], plain["n_samples"]
    if not LEAST_RATE <= rate <= sounds.LARGEST_RATE or not 1 <= n_samples <= _LARGEST:
        raise ValueError(f"{n_samples} samples at {rate} hertz cannot be used")
    return AudioEncoder(rate, n_samples, plain["varies"])


def _fit(raw: RawData, _task: Task, data: DataSpec, _split: SplitSpec) -> tuple[Encoder, tuple[str, ...]]:
    assert isinstance(raw.values, Ragged)
    if not raw.values.values.any():
        raise DataError(
            f"Every training recording of {raw.name} is silent: all its samples are 0. Check how the files "
            "were written."
        )
    rate = raw.details["sample_rate"]
    lengths = raw.values.lengths
    most, usual = int(lengths.max()), int(np.ceil(np.percentile(lengths, 99)))
    kept = usual if data.max_seconds is None and most > _MUCH_LONGER * usual else most
    varies = int(lengths.min()) < most
    step = max(rate // _STEPS_A_SECOND, 1) if varies else 1
    n_samples = -(-kept // step) * step
    n_cut = int((lengths > n_samples).sum())
    notes = [f"recordings of {n_samples} samples, which is {n_samples / rate:.3g} seconds"]
    if n_cut:
        notes.append(f"cut {n_cut} training recordings to this; data.max_seconds keeps more")
    return AudioEncoder(rate, n_samples, varies), tuple(notes)


def _read(source: Path, encoder: AudioEncoder, task: Task) -> RawData:
    """Rows whose frame has ``file``, and the target where it is known."""
    if source.is_file() and not AUDIO.has(source.name):
        spec = DataSpec(path=str(source)).model_copy(update=dict(encoder.options))
        raw = reader_for(source).read(source, spec)
        if raw.kind != "audio":
            raise DataError(f"This model was trained on recordings, but {source} is {raw.kind} data.")
        return raw
    files, frame = files_to_predict(source, AUDIO, task)
    seconds = encoder.n_samples / encoder.sample_rate
    waves, rate, notes = sounds.load(files, encoder.sample_rate, seconds, str(source))
    return RawData(source.stem, "audio", frame, waves, None, notes, details={"sample_rate": rate})


def _from_memory(data: Any, encoder: AudioEncoder) -> RawData:
    """Rows from what a program holds.

    Args:
        data: a list of arrays ``(samples,)`` of int16 or of floats from -1 to 1, one such array, or an
            array ``(rows, samples)``; or a dictionary that has them as ``wave``, and may have their
            ``sample_rate`` in hertz, which is else that of training, and other columns.
    """
    if isinstance(data, RawData):
        if data.kind != "audio":
            raise DataError(f"This model was trained on recordings, but it is given {data.kind} data.")
        return data
    rest: dict[str, Any] = {}
    rate = encoder.sample_rate
    if isinstance(data, Mapping):
        if WAVE not in data:
            raise DataError(f'Recordings are given as "{WAVE}", but got {", ".join(map(str, data))}.')
        rate = data.get("sample_rate", rate)
        rest = {name: values for name, values in data.items() if name not in (WAVE, "sample_rate")}
        data = data[WAVE]
    if isinstance(data, pl.DataFrame | pl.LazyFrame | str):
        raise DataError(
            "This model was trained on recordings: give arrays of samples, or the path of a file or folder, "
            f"but {type(data).__name__} came."
        )
    if isinstance(rate, bool) or not isinstance(rate, int) or not LEAST_RATE <= rate <= LARGEST_RATE:
        raise DataError(
            f"sample_rate is a whole number of hertz from {LEAST_RATE} to {LARGEST_RATE}, but got {rate!r}."
        )
    rows = [np.asarray(row) for row in _rows(data)]
    for row in rows:
        _check_wave(row)
    if not rows:
        raise DataError("Recordings are given as a list of arrays, but an empty list came.")
    waves = Ragged.of(sounds.as_samples(row) for row in rows)
    frame = pl.DataFrame(rest) if rest else pl.DataFrame({"row": np.arange(len(rows))})
    return RawData("data", "audio", frame, waves, details={"sample_rate": rate})


def _rows(data: Any) -> Sequence[Any]:
    is_one = isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype != object
    return [data] if is_one or (isinstance(data, list) and data and np.isscalar(data[0])) else list(data)


def _check_wave(wave: Array) -> None:
    if wave.ndim != 1 or len(wave) == 0 or not (wave.dtype == np.int16 or wave.dtype.kind == "f"):
        raise DataError(
            "A recording is an array (samples,) of int16, or of floats from -1 to 1, of one channel, but an "
            f"array of {wave.dtype} and shape {wave.shape} came."
        )
    if not np.isfinite(wave).all():
        raise DataError("The samples of a recording must be finite, but some are not. Replace them.")


KIND = Kind("audio", _fit, _restore, _read, _from_memory)
