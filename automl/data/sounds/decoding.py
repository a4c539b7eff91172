"""WAV, FLAC and OGG files: what their heads say, whether they are whole, and their samples."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from automl.data.files.sniff import looks_like
from automl.task import Array

_FORMATS = ("WAV", "WAVEX", "FLAC", "OGG")  # as libsndfile names them
LEAST_RATE, LARGEST_RATE = 1000, 384_000  # hertz
_MOST_CHANNELS = 64
_STREAMED = (0, 0xFFFF_FFFF)  # sizes in a WAV file of a program that never came back to its head
_LAST_PAGE = 4  # a flag of an OGG stream's last page (RFC 3533, section 6)
_LARGEST_PAGE = 27 + 255 + 255 * 255  # bytes (likewise)


class BadSound(Exception):
    """A file is no recording that can be used; the reason is a few words."""


@dataclass(frozen=True)
class SoundHead:
    """What a recording's head says.

    Args:
        rate: in hertz.
        is_int16: whether its samples are whole numbers of 16 bits.
    """

    rate: int
    n_frames: int
    n_channels: int
    is_int16: bool


def head_of_sound(file: Path | BinaryIO) -> SoundHead:
    """What the head of a recording says, once the file is known to be whole.

    Raises:
        BadSound: it is none, of a form that is not taken, cut off, or empty.
    """
    import soundfile

    try:
        if isinstance(file, Path):
            with file.open("rb") as stream:
                _check_whole(stream)
        else:
            _check_whole(file)
        found = soundfile.info(_source(file))
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadSound("damaged") from error
    if found.format not in _FORMATS:
        raise BadSound(f"of the format {found.format}")
    if not LEAST_RATE <= found.samplerate <= LARGEST_RATE:
        raise BadSound(f"of {found.samplerate} hertz")
    if found.channels > _MOST_CHANNELS:
        raise BadSound(f"of {found.channels} channels")
    if found.frames < 1:
        raise BadSound("empty")
    return SoundHead(found.samplerate, found.frames, found.channels, found.subtype == "PCM_16")


def samples_of(file: Path | BinaryIO, head: SoundHead, n_most: int) -> Array:
    """The first samples of a recording, its channels mixed: int16 as they are, or float32 from -1 to 1.

    Raises:
        BadSound: it is damaged.
    """
    import soundfile

    n_frames = min(head.n_frames, n_most)
    is_plain = head.is_int16 and head.n_channels == 1
    try:
        frames, _ = soundfile.read(
            _source(file), n_frames, dtype="int16" if is_plain else "float32", always_2d=True
        )
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadSound("damaged") from error
    if len(frames) < n_frames:
        raise BadSound("cut off")
    if is_plain:
        return np.asarray(frames[:, 0])
    if not np.isfinite(frames).all():
        raise BadSound("with samples that are not finite")
    return np.asarray(frames.mean(axis=1), np.float32)


def _source(file: Path | BinaryIO) -> str | BinaryIO:
    if isinstance(file, Path):
        return str(file)
    file.seek(0)
    return file


def _check_whole(stream: BinaryIO) -> None:
    """Refuses what is cut off: the library that decodes WAV and OGG gives what there is."""
    stream.seek(0)
    head = stream.read(4096)
    n_bytes = stream.seek(0, os.SEEK_END)
    if not head:
        raise BadSound("empty")
    if head.startswith(b"RIFF"):
        _check_wav(stream, n_bytes)
    elif head.startswith(b"OggS"):
        _check_ogg(stream, n_bytes)
    elif not head.startswith(b"fLaC"):
        raise BadSound(looks_like(head))


def _check_wav(stream: BinaryIO, n_bytes: int) -> None:
    """Follows the chunks of a file to its samples.

    Microsoft & IBM, *Multimedia Programming Interface and Data Specifications 1.0*, 1991, chapter 3.
    """
    place = 12
    while place + 8 <= n_bytes:
        stream.seek(place)
        name, size = struct.unpack("<4sI", stream.read(8))
        if name == b"data":
            if size not in _STREAMED and place + 8 + size > n_bytes:
                raise BadSound("cut off")
            return
        place += 8 + size + size % 2
    raise BadSound("cut off")


def _check_ogg(stream: BinaryIO, n_bytes: int) -> None:
    """Looks for the last page of a stream, whole (RFC 3533, section 6)."""
    stream.seek(max(n_bytes - _LARGEST_PAGE, 0))
    tail = stream.read()
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    n_segments = page[26] if len(page) > 26 else 0
    size = 27 + n_segments + sum(page[27 : 27 + n_segments])
    if len(page) < max(size, 28) or not page[5] & _LAST_PAGE:
        raise BadSound("cut off")
