"""The lines of a file of the UCR and UEA archive: its header, and one series a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl.data.limits import MOST_CHANNELS
from automl.errors import DataError
from automl.task import Array

_MOST_DIGITS = 9
_MISSING = ("?", "nan", "")


@dataclass(frozen=True)
class Header:
    """What the lines before the data say.

    Args:
        classes: the names that a label can have, or none where they are not listed.
        has_label: whether each line of the data ends with a label.
        is_number: whether that label is a number to predict.
        n_channels: None where it is not said.
    """

    classes: tuple[str, ...]
    has_label: bool
    is_number: bool
    n_channels: int | None


def header_of(lines: list[str], path: Path) -> tuple[Header, int]:
    """What the header says, and the place of the first line after it.

    Raises:
        DataError: there is no ``@data``, or the file has time stamps.
    """
    said: dict[str, list[str]] = {}
    begin = None
    for place, line in enumerate(lines):
        if line.strip().lower() == "@data":
            begin = place + 1
            break
        if line.startswith("@"):
            key, *rest = line[1:].split() or [""]
            said[key.lower()] = rest
    if begin is None:
        raise DataError(
            f"{path} should be a .ts file of series, with a line @data before them, but has none in {len(lines)} "
            "lines. Add the header, or give the file the ending of what it is."
        )
    if _yes(said, "timestamps"):
        raise DataError(
            f"{path} has time stamps beside its values (@timeStamps true), which are not read. Save it with "
            "values alone, or as a table with a time column."
        )
    classes, number = said.get("classlabel", ["false"]), _yes(said, "targetlabel")
    names = tuple(classes[1:]) if _yes(said, "classlabel") else ()
    dimensions = said.get("dimensions", said.get("dimension", [""]))[:1]
    n_channels = None
    if dimensions and dimensions[0].isdecimal():
        if len(dimensions[0]) > _MOST_DIGITS:
            raise DataError(f"{path} says that it has {dimensions[0][:40]}... channels; correct its header.")
        n_channels = int(dimensions[0])
    return Header(names, bool(names) or _yes(said, "classlabel") or number, number, n_channels), begin


def _yes(said: dict[str, list[str]], key: str) -> bool:
    return bool(said.get(key)) and said[key][0].lower() == "true"


def series_of(line: str, header: Header, where: str) -> tuple[Array, str | float | None]:
    """One series ``(steps, channels)`` float32, NaN where a value is missing, and its label.

    Args:
        where: the line and the file, for messages.

    Raises:
        DataError: it is not what the header says.
    """
    parts = [part.strip() for part in line.split(":")]
    label: str | float | None = None
    if header.has_label:
        label = _label(parts.pop(), header, where)
    if header.n_channels is not None and len(parts) != header.n_channels:
        raise DataError(
            f"{where} should have {header.n_channels} channels, parted by colons"
            f"{', and a label' if header.has_label else ''}, but has {len(parts)}. Correct the line or leave it out."
        )
    if len(parts) > MOST_CHANNELS:
        raise DataError(
            f"{where} has {len(parts):,} channels, parted by colons, but series have at most {MOST_CHANNELS:,}."
        )
    channels = [_numbers(part, where) for part in parts]
    lengths = {len(channel) for channel in channels}
    if not channels or len(lengths) > 1:
        shown = " and ".join(map(str, sorted(lengths)[:2])) if lengths else "none"
        raise DataError(
            f"{where} should have channels of one length, but they have {shown} values. Bring the channels to one "
            "length first."
        )
    return np.stack(channels, axis=1), label


def _label(text: str, header: Header, where: str) -> str | float | None:
    if text.lower() in _MISSING:
        return None
    if header.is_number:
        try:
            return float(text)
        except ValueError:
            raise DataError(
                f"{where} should end with a number (@targetLabel true), but has {text[:40]!r}."
            ) from None
    if header.classes and text not in header.classes:
        known = ", ".join(header.classes[:10])
        raise DataError(
            f"{where} should end with one of the labels of @classLabel ({known}), but has {text[:40]!r}. Correct "
            "the line, or list the label there."
        )
    return text


def _numbers(text: str, where: str) -> Array:
    values = [value.strip() for value in text.split(",")]
    try:
        numbers = np.array(["nan" if value in _MISSING else value for value in values], np.float64)
    except ValueError:
        bad = next(value for value in values if not _is_number(value))
        raise DataError(
            f"{where} should hold numbers parted by commas, and ? where one is missing, but has {bad[:40]!r}."
        ) from None
    if np.isinf(numbers).any():
        raise DataError(
            f"{where} holds an infinite value; expected finite numbers, or ? where one is missing."
        )
    return numbers.astype(np.float32)


def _is_number(value: str) -> bool:
    try:
        float("nan" if value in _MISSING else value)
    except ValueError:
        return False
    return True
