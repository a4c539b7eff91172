"""Folders of WAV, FLAC or OGG recordings."""

from __future__ import annotations

from pathlib import Path

from automl.data.files.folders import read_folder
from automl.data.files.media import AUDIO, medium_of
from automl.data.raw import RawData
from automl.data.readers import Reader
from automl.data.sounds import recordings as sounds
from automl.spec import DataSpec


def _accepts(path: Path) -> bool:
    return path.is_dir() and medium_of(path) == AUDIO


def _read(path: Path, data: DataSpec) -> RawData:
    found = read_folder(path, AUDIO)
    waves, rate, said = sounds.load(found.files, data.sample_rate, data.max_seconds, str(path))
    return RawData(
        path.name,
        "audio",
        found.frame,
        waves,
        found.given_splits,
        (*found.notes, *said),
        found.target,
        content=found.content(),
        details={"sample_rate": rate},
    )


READER = Reader("audio_folder", "a folder of WAV, FLAC or OGG recordings, as of images", _accepts, _read)
