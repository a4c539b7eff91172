"""Series in the text format of the UCR and UEA archive (.ts).

Lines that begin with ``@`` say what follows, those with ``#`` are comments; after ``@data`` each line is
a series: its channels, parted by colons, each with its values, parted by commas, and at the end its label.
Bagnall et al., "The UEA multivariate time series classification archive, 2018", 2018, section 2.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from automl.data.files.sniff import looks_like
from automl.data.ragged import Ragged
from automl.data.raw import LABEL, RawData
from automl.data.readers import Reader
from automl.data.readers._ts_lines import header_of, series_of
from automl.errors import DataError
from automl.spec import DataSpec
from automl.task import Array

_TRAIN, _TEST = "_TRAIN.ts", "_TEST.ts"


def _accepts(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob(f"*{_TRAIN}"))
    return path.is_file() and path.name.lower().endswith(".ts")


def _read(path: Path, _data: DataSpec) -> RawData:
    if not path.is_dir():
        return read_file(path)
    train = _pair_of(path)
    test = train.with_name(train.name.removesuffix(_TRAIN) + _TEST)
    one = replace(read_file(train), name=train.name.removesuffix(_TRAIN))
    if not test.is_file():
        return replace(
            one, notes=(*one.notes, f"{test.name} is not there, so that test series are cut from the rest")
        )
    other = read_file(test)
    return _joined(one, other, test)


def _pair_of(folder: Path) -> Path:
    """The file with the training series; the one named like the folder where there are several."""
    found = sorted(folder.glob(f"*{_TRAIN}"))
    named = [file for file in found if file.name == folder.resolve().name + _TRAIN]
    if len(found) > 1 and not named:
        names = ", ".join(file.name for file in found[:3])
        raise DataError(
            f"{folder} should hold one NAME{_TRAIN} beside NAME{_TEST}, but holds {len(found)}: {names}. Give one "
            "file as the data, and the other as split.test."
        )
    return named[0] if named else found[0]


def _joined(one: RawData, other: RawData, path: Path) -> RawData:
    assert isinstance(one.values, Ragged)
    assert isinstance(other.values, Ragged)
    came, wanted = other.values.values.shape[1], one.values.values.shape[1]
    if came != wanted or one.frame.columns != other.frame.columns:
        raise DataError(
            f"{path} should hold series like those for training, with {wanted} channels"
            f"{' and a label' if LABEL in one.frame.columns else ''}, but has {came}"
            f"{'' if LABEL in other.frame.columns else ' and no label'}. Give files that belong together."
        )
    frame = pl.concat([one.frame, other.frame])
    places = np.arange(len(one), len(frame))
    content = sha256(f"{one.content}\0{other.content}".encode()).hexdigest()
    values = one.values.joined(other.values)
    return replace(one, frame=frame, values=values, given_splits={"test": places}, content=content)


def read_file(path: Path) -> RawData:
    """The series of one file.

    Raises:
        DataError: it is another kind of file, or a line is not what the header says.
    """
    content = path.read_bytes()
    kind = looks_like(content[:4096])
    if kind != "text":
        raise DataError(f"{path} should be text with @ lines and series, but it is {kind}.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path} is not in UTF-8. Save it as UTF-8.") from None
    header, begin = header_of(lines, path)
    rows: list[Array] = []
    labels: list[str | float | None] = []
    for number, line in enumerate(lines[begin:], begin + 1):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        series, label = series_of(line, header, f"Line {number} of {path}")
        if rows and series.shape[1] != rows[0].shape[1]:
            raise DataError(
                f"Line {number} of {path} should have {rows[0].shape[1]} channels, parted by colons, as the lines "
                f"before it, but has {series.shape[1]}. Correct the line or leave it out."
            )
        rows.append(series)
        labels.append(label)
    if not rows:
        raise DataError(f"{path} has no series after @data; expected one a line.")
    frame = pl.DataFrame({"row": np.arange(len(rows))})
    if header.has_label:
        frame = pl.DataFrame({LABEL: labels}, schema={LABEL: pl.Float64 if header.is_number else pl.String})
    target = LABEL if header.has_label else None
    digest = sha256(content).hexdigest()
    return RawData(path.stem, "series", frame, Ragged.of(rows), target=target, content=digest)


READER = Reader(
    "ts",
    "series of the UCR and UEA archive (.ts, or a folder with NAME_TRAIN.ts and NAME_TEST.ts)",
    _accepts,
    _read,
)
