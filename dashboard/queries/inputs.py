"""What one input of a model looks like, as a form asks for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from automl.errors import BundleError

MAX_FIELDS = 60  # that a form asks for one by one; more are pasted as lines of CSV
MAX_CHOICES = 500  # of a category that are offered; of more the value is typed
Form = Literal["fields", "lines", "image", "audio", "steps"]


@dataclass(frozen=True)
class Field:
    """One value that a form asks for.

    Args:
        kind: ``number``, ``category``, ``text`` (of one line) or ``long_text``.
        start: what stands there at first.
        about: what training saw.
    """

    name: str
    kind: str
    start: Any = None
    choices: Sequence[str] = ()
    about: str = ""


@dataclass(frozen=True)
class Input:
    """What a model is given one row as.

    Args:
        form: ``fields`` (each a widget), ``lines`` (of CSV, with a header), ``steps`` (lines of numbers, a step each),
            or an ``image`` or ``audio`` file.
        lines: what stands in the text area at first.
        about: what is expected, in a sentence.
    """

    form: Form
    fields: Sequence[Field] = ()
    lines: str = ""
    about: str = ""


def input_of(preprocessing: Mapping[str, Any]) -> Input:
    """What is to be asked for, from a bundle's ``preprocessing.json``.

    Raises:
        BundleError: it is of another form than ours.
    """
    try:
        kind, encoder = str(preprocessing["kind"]), preprocessing["encoder"]
        return _INPUTS[kind](encoder)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BundleError("What the model is given cannot be read from its preprocessing.") from error


def _table(encoder: Mapping[str, Any]) -> Input:
    columns = encoder["columns"]
    fields = [_FIELDS[column["type"]](column) for column in columns]
    if len(fields) <= MAX_FIELDS:
        return Input("fields", fields)
    start = csv_of([[field.name for field in fields], ["" if f.start is None else f.start for f in fields]])
    return Input(
        "lines", lines=start, about=f"The {len(fields)} columns of one row as CSV, with their names above."
    )


def _number(column: Mapping[str, Any]) -> Field:
    low, high, start = (float(f"{float(column[name]):.6g}") for name in ("low", "high", "median"))
    return Field(str(column["name"]), "number", start, about=f"in training: {low:g} to {high:g}")


def _category(column: Mapping[str, Any]) -> Field:
    name, choices = str(column["name"]), [str(value) for value in column["categories"]]
    if len(choices) > MAX_CHOICES:
        return Field(name, "text", choices[0], about=f"one of {len(choices):,} values, such as {choices[0]}")
    return Field(name, "category", choices[0] if choices else None, choices)


def _boolean(column: Mapping[str, Any]) -> Field:
    return Field(str(column["name"]), "category", "false", ("false", "true"))


def _date(column: Mapping[str, Any]) -> Field:
    low, high, form = str(column["low"]), str(column["high"]), column["form"]
    start = datetime.fromisoformat(low).strftime(form) if form else low
    return Field(str(column["name"]), "text", start, about=f"a date; in training: {low} to {high}")


def _texts(encoder: Mapping[str, Any]) -> Input:
    return Input("fields", [Field(str(name), "long_text", "") for name in encoder["columns"]])


def _series(encoder: Mapping[str, Any]) -> Input:
    columns, n_steps = (
        [str(name) for name in encoder["columns"]],
        int(encoder["n_steps"]) * int(encoder["every"]),
    )
    if columns and encoder["name"] is None:
        return Input(
            "steps", about=f"{len(columns)} numbers, parted by commas or lines: the steps of one series."
        )
    if columns:
        names = [
            str(encoder["name"]),
            *([str(encoder["time"])] if encoder["time"] is not None else []),
            *columns,
        ]
        return Input("lines", lines=csv_of([names]), about="The steps of one series as CSV, a line each.")
    n_channels = len(encoder["mean"])
    each = f"{n_channels} numbers, one a channel" if n_channels > 1 else "one number"
    return Input(
        "steps",
        about=f"The steps of one series, a line each, with {each}; in training up to {n_steps} steps.",
    )


def _forecast(encoder: Mapping[str, Any]) -> Input:
    layout = encoder["layout"]
    series = [] if layout["series"] is None else [str(layout["series"])]
    numbers = [str(name) for role in ("targets", "past", "known") for name in layout[role]]
    ahead = (
        f", and {', '.join(layout['known'])} of the {encoder['horizon']} steps ahead"
        if layout["known"]
        else ""
    )
    return Input(
        "lines",
        lines=csv_of([[*series, str(layout["time"]), *numbers]]),
        about=f"The last {encoder['look_back']} steps or more as CSV, a line each, with their time{ahead}.",
    )


_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], Field]] = {
    "number": _number,
    "category": _category,
    "boolean": _boolean,
    "date": _date,
}
_INPUTS: Mapping[str, Callable[[Mapping[str, Any]], Input]] = {
    "table": _table,
    "text": _texts,
    "series": _series,
    "forecast": _forecast,
    "image": lambda _: Input("image", about="A PNG or JPEG image."),
    "audio": lambda _: Input("audio", about="A WAV, FLAC or OGG recording."),
}


def csv_of(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as lines of CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
