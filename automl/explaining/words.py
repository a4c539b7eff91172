"""An explanation as people read it, and as files."""

from __future__ import annotations

import csv
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from automl.errors import RequestError, shown
from automl.wording import number

MOST_SHOWN = 5  # contributions of a row
_STRONG, _WEAK = 0.5, 0.2  # of the largest in a text, from which on a token has two marks, or one
_LINE = 100  # characters of a line of text
_IN_FILES = {
    "image": "an image beside its heat map: blue adds to what is explained, orange takes away",
    "audio": "the recording in steps, with what each adds",
    "series": "every value, with what it adds",
}


def lines(found: Mapping[str, Any], tells_of_files: bool = True) -> Iterator[str]:
    """What is printed of an explanation.

    Args:
        tells_of_files: whether to say that `write` gives what cannot be printed.
    """
    yield f"{found['trial']} ({found['family']}), {found['chosen']} of {found['n_rows']:,} {found['split']} rows."
    yield f"Explained is {found['explained']}, by {found['method']}."
    if found["kind"] == "text":
        yield "A token with + adds to it, one with - takes away; two marks are much."
    for row in found["rows"]:
        yield ""
        yield shown(_heading(row))
        if found["kind"] == "table":
            yield from map(shown, _contributions(row))
        elif found["kind"] == "text":
            yield from _marked(row["input"]["tokens"], row["attribution"])
    if tells_of_files and found["kind"] in _IN_FILES:
        yield ""
        yield f"--out DIR writes each row as a file: {_IN_FILES[found['kind']]}."


def write(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """Writes an explanation into a folder: a PNG a row of images, else CSV.

    Raises:
        RequestError: it cannot be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in _files(found):
            (folder / name).write_bytes(content)
            written.append(folder / name)
    except OSError as error:
        raise RequestError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return written


def _heading(row: Mapping[str, Any]) -> str:
    said = _said(row["prediction"])
    if row["probabilities"] and row["prediction"] in row["probabilities"]:
        said += f" ({row['probabilities'][row['prediction']]:.0%})"
    gap = "" if row["gap"] is None else f", {row['gap']:.1%} left open"
    return (
        f"row {row['row']}: target {_said(row['target'])}, predicted {said}; loss {number(row['loss'])}{gap}"
    )


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number(one)}" for name, one in value.items())
    return number(value) if isinstance(value, float) else str(value) or "none"


def _contributions(row: Mapping[str, Any]) -> Iterator[str]:
    ordered = sorted(row["attribution"].items(), key=lambda pair: -abs(pair[1]))
    for name, value in ordered[:MOST_SHOWN]:
        came = row["input"][name]
        yield f"  {_signed(value):>10}  {name} = {number(came) if isinstance(came, float) else came}"
    rest = ordered[MOST_SHOWN:]
    if rest:
        yield f"  {_signed(sum(value for _, value in rest)):>10}  the other {len(rest)} together"


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if 1e4 <= abs(value) < 1e8 else f"{value:+.4g}"


def _marked(tokens: Iterable[str], values: list[float]) -> list[str]:
    """The tokens in lines, those that matter with one mark or two."""
    largest = max(map(abs, values), default=0.0) or 1.0
    words = []
    for token, value in zip(tokens, values, strict=True):
        n_marks = (abs(value) >= _WEAK * largest) + (abs(value) >= _STRONG * largest)
        marks = ("+" if value > 0 else "-") * n_marks
        words.append(f"[{shown(token)} {marks}]" if marks else shown(token))
    return wrap(" ".join(words), _LINE, initial_indent="  ", subsequent_indent="  ")


def _files(found: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    kind = found["kind"]
    if kind == "table":
        yield "contributions.csv", _csv(("row", "column", "value", "contribution"), _of_tables(found))
    elif kind == "text":
        yield "contributions.csv", _csv(("row", "place", "token", "contribution"), _of_texts(found))
    for row in found["rows"]:
        if kind == "image":
            yield f"row-{row['row']}.png", _both(row)
        elif kind == "audio":
            waves = zip(row["input"]["wave"], row["attribution"], strict=True)
            numbered = ((step, *pair) for step, pair in enumerate(waves))
            yield f"row-{row['row']}.csv", _csv(("step", "wave", "contribution"), numbered)
        elif kind == "series":
            yield f"row-{row['row']}.csv", _csv(("channel", "step", "value", "contribution"), _of_series(row))


def _of_tables(found: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for row in found["rows"]:
        for name, value in row["attribution"].items():
            yield row["row"], name, row["input"][name], value


def _of_texts(found: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for row in found["rows"]:
        for place, pair in enumerate(zip(row["input"]["tokens"], row["attribution"], strict=True)):
            yield row["row"], place, *pair


def _of_series(row: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    past = row["input"]
    parts = [(past["names"], past["values"], row["attribution"], 0)]
    if "ahead" in past:
        parts.append(
            (
                past["ahead"]["names"],
                past["ahead"]["values"],
                row["attribution_ahead"],
                len(past["values"][0]),
            )
        )
    for names, values, contributions, first in parts:
        for name, channel, given in zip(names, values, contributions, strict=True):
            for step, pair in enumerate(zip(channel, given, strict=True), first):
                yield name, step, *pair


def _both(row: Mapping[str, Any]) -> bytes:
    """The two images of a row in one."""
    from PIL import Image

    from automl.explaining.pictures import beside

    parts = [b64decode(row[name]["png"]) for name in ("input", "attribution")]
    return beside([np.asarray(Image.open(BytesIO(part)).convert("RGB")) for part in parts])


def _csv(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
