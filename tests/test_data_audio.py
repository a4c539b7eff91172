"""Recordings: read, brought to one rate and one channel, encoded, and refused where they are damaged."""

from __future__ import annotations

import io
import json
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from automl.data import Prepared, Preprocessing, prepare, read, read_for_prediction
from automl.data.ragged import Ragged
from automl.data.raw import RawData
from automl.data.sounds import recordings as sounds
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

RATE = 8000


def tone(hertz: float = 440, seconds: float = 0.1, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def save(path: Path, wave: np.ndarray, rate: int = RATE, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, **options)
    return path


def folder_of(path: Path, n_rows: int = 12, **options: Any) -> Path:
    for i in range(n_rows):
        save(path / "low" / f"{i}.wav", tone(300 + i, 0.1 + 0.001 * i), **options)
        save(path / "high" / f"{i}.wav", tone(1500 + i, 0.1 + 0.001 * i), **options)
    return path


def raw_of(path: Path, **options: Any) -> RawData:
    return read(DataSpec(path=str(path), **options))


def waves_of(raw: RawData) -> Ragged:
    assert isinstance(raw.values, Ragged)
    return raw.values


def ready(path: Path, **options: Any) -> Prepared:
    return prepare(DataSpec(path=str(path), **options), SplitSpec(), "auto")


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        raw_of(path)
    return str(caught.value)


def restored(prepared: Prepared) -> Preprocessing:
    plain, arrays = prepared.preprocessing.to_plain()
    return Preprocessing.from_plain(json.loads(json.dumps(plain)), arrays)


def test_recordings_are_waves_with_lengths(tmp_path: Path) -> None:
    prepared = ready(folder_of(tmp_path))
    assert {name: (f.shape, f.dtype) for name, f in prepared.signature.inputs.items()} == {
        "wave": ((960,), "float32"),
        "length": ((), "int64"),
    }
    assert prepared.signature.details == {"sample_rate": RATE}
    wave, length = prepared.train.inputs["wave"], prepared.train.inputs["length"]
    assert (wave.dtype, length.dtype) == (np.float32, np.int64)
    assert 0.45 < np.abs(wave).max() <= 0.5
    assert length.min() >= 800
    assert length.max() <= 888
    row = int(length.argmin())
    assert not wave[row, length[row] :].any()
    assert prepared.notes == (
        "24 recordings at 8000 hertz",
        "task: classification, as label is not a number",
        "recordings of 960 samples, which is 0.12 seconds",
        "rows: 16 train, 4 validation, 4 test",
    )


def test_recordings_of_one_length_have_no_lengths(tmp_path: Path) -> None:
    for i in range(12):
        save(tmp_path / "ab"[i % 2] / f"{i}.wav", tone(300 + i)[:799])
    signature = ready(tmp_path).signature
    assert {name: f.shape for name, f in signature.inputs.items()} == {"wave": (799,)}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.wav", {"subtype": "PCM_U8"}),
        ("a.wav", {"subtype": "PCM_16", "format": "WAVEX"}),
        ("a.FLAC", {"format": "FLAC"}),
        ("a.ogg", {}),
    ],
)
def test_every_format_gives_the_same_samples(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    for label in ("x", "y"):
        save(tmp_path / label / name, tone(), **options)
    waves = waves_of(raw_of(tmp_path))
    assert waves.values.dtype == np.int16
    tolerance = 2000 if name == "a.ogg" else 300
    np.testing.assert_allclose(waves[0], tone() * 32768, atol=tolerance)


def test_mixed_rates_and_channels_become_one_aloud(tmp_path: Path) -> None:
    folder_of(tmp_path, 3)
    save(tmp_path / "low" / "fast.wav", tone(300, rate=44_100), 44_100)
    save(tmp_path / "low" / "two.wav", np.stack([tone(300), 0 * tone(300)], axis=1))
    raw = raw_of(tmp_path)
    assert raw.details == {"sample_rate": RATE}
    assert raw.notes == (
        "8 recordings at 8000 hertz",
        "resampled 1 of 8 recordings from 44100 to 8000 hertz",
        "mixed 1 recordings of several channels down to one",
    )
    waves = waves_of(raw)
    fast, two = waves[len(waves) - 2], waves[len(waves) - 1]
    np.testing.assert_allclose(fast[50:750], tone(300)[50:750] * 32768, atol=200)
    np.testing.assert_allclose(two, tone(300) * 16384, atol=2)
    assert raw_of(tmp_path, sample_rate=4000).details == {"sample_rate": 4000}


@pytest.mark.parametrize(
    ("rate", "wanted"), [(44_101, 8000), (8000, 44_101), (384_000, 1000), (1000, 96_000)]
)
def test_any_rates_are_resampled(rate: int, wanted: int) -> None:
    wave = sounds.resampled(tone(100, 0.5, rate), rate, wanted)
    assert len(wave) == pytest.approx(0.5 * wanted, rel=2e-3)
    middle = wave[len(wave) // 4 : -len(wave) // 4]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.03)


def test_long_and_silent_and_loud_recordings_are_said(tmp_path: Path) -> None:
    folder_of(tmp_path, 3)
    save(tmp_path / "low" / "long.wav", tone(300, 12))
    save(tmp_path / "low" / "loud.wav", 3 * tone(300), subtype="FLOAT")
    save(tmp_path / "low" / "silent.wav", 0 * tone())
    raw = raw_of(tmp_path)
    assert raw.notes[1:] == (
        "cut 1 recordings after 10 seconds; data.max_seconds keeps more",
        "1 recordings are silent: every sample is 0",
        "1 recordings go beyond full scale and are clipped there",
    )
    assert waves_of(raw).lengths.max() == 80_000
    assert waves_of(raw_of(tmp_path, max_seconds=0.05)).lengths.tolist() == [400] * 9


def test_a_few_much_longer_recordings_are_cut_aloud(tmp_path: Path) -> None:
    for i in range(200):
        save(tmp_path / "ab"[i % 2] / f"{i:03}.wav", tone(300 + i, 2.0 if i == 7 else 0.05))
    prepared = prepare(DataSpec(path=str(tmp_path)), SplitSpec(seed=1), "auto")
    said = "cut 1 training recordings to this; data.max_seconds keeps more"
    kept = [
        (seed, p)
        for seed in range(1, 4)
        for p in [prepare(DataSpec(path=str(tmp_path)), SplitSpec(seed=seed), "auto")]
    ]
    assert any(said in p.notes for _, p in kept)
    assert prepared.signature.inputs["wave"].shape == (400,)
    whole = ready(tmp_path, max_seconds=1.0)
    assert whole.signature.inputs["wave"].shape[0] in (400, 8000)


def test_only_silence_is_refused(tmp_path: Path) -> None:
    for i in range(12):
        save(tmp_path / "ab"[i % 2] / f"{i}.wav", np.zeros(100 + i, np.int16))
    with pytest.raises(DataError) as caught:
        ready(tmp_path)
    assert str(caught.value) == (
        f"Every training recording of {tmp_path.name} is silent: all its samples are 0. Check how the files were "
        "written."
    )


def _wav(wave: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, RATE, format="WAV")
    return buffer.getvalue()


def test_damaged_recordings_are_counted_and_named(tmp_path: Path) -> None:
    folder_of(tmp_path, 1)
    rest = "Each must be a whole WAV, FLAC or OGG file with at least one sample. Repair or remove them."
    bad = tmp_path / "low"
    (bad / "cut.wav").write_bytes(_wav(tone())[:-5])
    assert (
        refused(tmp_path) == f"1 of the 3 recordings in {tmp_path} cannot be used: cut.wav (cut off). {rest}"
    )
    (bad / "empty.wav").write_bytes(_wav(tone()[:0]))
    (bad / "blank.wav").write_bytes(b"")
    (bad / "text.wav").write_text("no sound")
    assert refused(tmp_path) == (
        f"4 of the 6 recordings in {tmp_path} cannot be used: blank.wav (empty), cut.wav (cut off), empty.wav "
        f"(empty) and others. {rest}"
    )


@pytest.mark.parametrize("ending", ["flac", "ogg", "wav"])
def test_recordings_that_are_cut_off_anywhere_are_refused(tmp_path: Path, ending: str) -> None:
    whole = save(tmp_path / f"in/a.{ending}", tone(300, 1.0) + tone(777, 1.0)).read_bytes()
    for share in (0.02, 0.3, 0.7, 0.99):
        (tmp_path / f"in/a.{ending}").write_bytes(whole[: int(len(whole) * share)])
        said = refused(tmp_path / "in")
        assert said.startswith(f"1 of the 1 recordings in {tmp_path / 'in'} cannot be used: a.{ending} (")


def test_strange_heads_are_refused(tmp_path: Path) -> None:
    def head(rate: int, n_channels: int) -> bytes:
        form = struct.pack("<HHIIHH", 1, n_channels, rate, 2 * rate * n_channels, 2 * n_channels, 16)
        data = bytes(2 * n_channels * 10)
        body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
        return b"RIFF" + struct.pack("<I", len(body)) + body

    (tmp_path / "a.wav").write_bytes(head(5, 1))
    (tmp_path / "b.wav").write_bytes(head(RATE, 200))
    soundfile.write(tmp_path / "c.wav", np.array([0.5, np.nan]), RATE, subtype="FLOAT")
    assert refused(tmp_path).startswith(
        f"2 of the 3 recordings in {tmp_path} cannot be used: a.wav (of 5 hertz), b.wav (of 200 channels). Each"
    )
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).unlink()
    assert "c.wav (with samples that are not finite)" in refused(tmp_path)


def test_rows_to_predict_are_encoded_as_in_training(tmp_path: Path) -> None:
    prepared = ready(folder_of(tmp_path))
    preprocessing = restored(prepared)
    assert preprocessing == prepared.preprocessing
    found = read_for_prediction(tmp_path, preprocessing)
    encoded = preprocessing.encode(found)
    for name in encoded:
        np.testing.assert_array_equal(encoded[name][prepared.test.index], prepared.test.inputs[name])
    target = preprocessing.encode_target(found)
    np.testing.assert_array_equal(target[prepared.test.index], prepared.test.target)
    one = read_for_prediction(tmp_path / "high/0.wav", preprocessing)
    np.testing.assert_array_equal(preprocessing.encode(one)["wave"], encoded["wave"][:1])
    assert preprocessing.schema() == [
        {"name": "wave", "type": "audio", "required": True, "sample_rate": RATE, "max_seconds": 0.12}
    ]


def test_recordings_at_another_rate_are_brought_to_the_trained_one(tmp_path: Path) -> None:
    prepared = ready(folder_of(tmp_path / "in"))
    path = save(tmp_path / "fast.wav", tone(300, 0.1, 44_100), 44_100)
    wave = prepared.preprocessing.encode(read_for_prediction(path, prepared.preprocessing))["wave"]
    np.testing.assert_allclose(wave[0, 50:750], tone(300)[50:750], atol=0.01)
    long = save(tmp_path / "long.wav", tone(300, 3))
    found = prepared.preprocessing.encode(read_for_prediction(long, prepared.preprocessing))
    assert found["wave"].shape == (1, 960)
    assert found["length"].tolist() == [960]


def test_arrays_in_memory_are_taken(tmp_path: Path) -> None:
    preprocessing = ready(folder_of(tmp_path)).preprocessing
    whole = (tone(300)[:800] * 32768).round().astype(np.int16)
    expected = preprocessing.encode([whole])
    fast = tone(300, 0.1, 16_000)
    for data in (
        whole,
        [whole],
        whole[None],
        [tone(300)],
        {"wave": [tone(300)]},
        {"wave": whole, "sample_rate": RATE},
    ):
        encoded = preprocessing.encode(data)
        np.testing.assert_allclose(encoded["wave"], expected["wave"], atol=1e-4)
        assert encoded["length"].tolist() == [800]
    encoded = preprocessing.encode({"wave": [fast], "sample_rate": 16_000})
    np.testing.assert_allclose(encoded["wave"][0, 50:750], tone(300)[50:750], atol=0.01)
    assert preprocessing.raw({"wave": [fast, fast], "label": ["low", "high"]}).frame["label"].to_list() == [
        "low",
        "high",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            [np.zeros((100, 2), np.float32)],
            "A recording is an array (samples,) of int16, or of floats from -1 to 1, of one channel, but an array "
            "of float32 and shape (100, 2) came.",
        ),
        (
            [np.zeros(100, np.uint8)],
            "A recording is an array (samples,) of int16, or of floats from -1 to 1, of one channel, but an array "
            "of uint8 and shape (100,) came.",
        ),
        ([np.array([np.inf])], "The samples of a recording must be finite, but some are not. Replace them."),
        ([], "Recordings are given as a list of arrays, but an empty list came."),
        ({"sound": []}, 'Recordings are given as "wave", but got sound.'),
        (
            {"wave": [np.zeros(9)], "sample_rate": 0},
            "sample_rate is a whole number of hertz from 1000 to 384000, but got 0.",
        ),
        (
            pl.DataFrame({"a": [1]}),
            "This model was trained on recordings: give arrays of samples, or the path of a file or folder, but "
            "DataFrame came.",
        ),
    ],
)
def test_other_things_in_memory_are_refused(tmp_path: Path, data: Any, message: str) -> None:
    preprocessing = ready(folder_of(tmp_path)).preprocessing
    with pytest.raises(DataError) as caught:
        preprocessing.encode(data)
    assert str(caught.value) == message


def test_other_kinds_of_data_are_refused(tmp_path: Path) -> None:
    preprocessing = ready(folder_of(tmp_path / "in")).preprocessing
    table = tmp_path / "a.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_for_prediction(table, preprocessing)
    assert str(caught.value) == f"This model was trained on recordings, but {table} is table data."
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError) as caught:
        read_for_prediction(tmp_path / "none", preprocessing)
    assert str(caught.value) == f"{tmp_path / 'none'} holds no WAV, FLAC or OGG recordings to predict from."


def test_a_bundle_cannot_ask_for_any_amount_of_memory(tmp_path: Path) -> None:
    plain, arrays = ready(folder_of(tmp_path)).preprocessing.to_plain()
    plain["encoder"]["n_samples"] = 10**12
    with pytest.raises(ValueError, match="1000000000000 samples at 8000 hertz cannot be used"):
        Preprocessing.from_plain(plain, arrays)


@given(st.integers(0, 100_000), st.binary(min_size=1, max_size=8), st.sampled_from(["wav", "flac", "ogg"]))
def test_damage_anywhere_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, bytes_: bytes, ending: str
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = save(folder / f"a.{ending}", tone(300, 0.2))
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(bytes_)] = bytes_
    path.write_bytes(content)
    with suppress(DataError):
        waves = waves_of(raw_of(folder))
        assert len(waves) == 1
        assert len(waves[0]) > 0
