"""Text: one text a row, as tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import polars as pl

from automl.data import values
from automl.data.files.encodings import UTF8
from automl.data.files.folders import files_to_predict
from automl.data.files.media import TEXT as TEXT_FILES
from automl.data.kinds import Encoder, Kind
from automl.data.raw import TEXT, RawData
from automl.data.readers import reader_for
from automl.data.readers.text_folder import texts_of
from automl.data.texts import columns as text_columns
from automl.data.texts import tokens
from automl.errors import DataError, nearest
from automl.signature import Field
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task

Read = TypeVar("Read")
_MOST_TOKENS = 256  # unless data.max_tokens asks for more
_FEWEST_TOKENS = 2
_LARGEST = 8192  # tokens that a bundle may ask for
_USUAL = 99  # percent of the training texts that are kept whole


@dataclass(frozen=True)
class TextEncoder:
    """``tokens`` int64 ``(rows, n_tokens)``: 0 fills up, 1 is unknown.

    Args:
        vocabulary: the token of each id.
        columns: of a table, those that the text is joined of.
        encoding: of files of text, where they are not in UTF-8.
    """

    vocabulary: tuple[str, ...]
    n_tokens: int
    columns: tuple[str, ...]
    encoding: str = UTF8
    kind: ClassVar[str] = "text"
    details: ClassVar[Mapping[str, int]] = {}

    @property
    def fields(self) -> Mapping[str, Field]:
        return {"tokens": Field((self.n_tokens,), "int64", (len(self.vocabulary),))}

    @property
    def options(self) -> Mapping[str, Any]:
        return {"encoding": self.encoding}

    def encode(self, raw: RawData) -> dict[str, Array]:
        texts = raw.frame[TEXT].fill_null("").to_list()
        return {"tokens": tokens.padded_ids(texts, self.vocabulary, self.n_tokens)}

    def schema(self) -> list[dict[str, Any]]:
        return [{"name": name, "type": TEXT, "required": True} for name in self.columns]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return {
            "vocabulary": list(self.vocabulary),
            "n_tokens": self.n_tokens,
            "columns": list(self.columns),
            "encoding": self.encoding,
        }, {}


def _restore(plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> TextEncoder:
    vocabulary = tuple(plain["vocabulary"])
    if not tokens.is_vocabulary(vocabulary) or not 1 <= plain["n_tokens"] <= _LARGEST:
        raise ValueError(f"a vocabulary of {len(vocabulary)} for {plain['n_tokens']} tokens cannot be used")
    return TextEncoder(vocabulary, plain["n_tokens"], tuple(plain["columns"]), plain["encoding"])


def _from_table(raw: RawData, targets: list[str], data: DataSpec) -> tuple[RawData, str] | None:
    columns, said = text_columns.found_in(raw, targets, data)
    if not columns:
        return (raw, said) if said else None
    if TEXT not in columns and TEXT in raw.frame.columns:
        raise DataError(
            f"{raw.name} has a column {TEXT} that is not its text, which is {', '.join(columns)}. Rename it, "
            f"or give it the type text too."
        )
    rest = text_columns.others(raw.frame, columns, targets, data)
    text = text_columns.joined(raw.frame, columns)
    names = ", ".join(columns)
    said = f"the text is {names}" + (f", joined by {tokens.SEPARATOR}" if len(columns) > 1 else "")
    if rest:
        ignored = ", ".join(f"{name}: ignore" for name in columns)
        said += (
            f"; left out beside it: {', '.join(rest)}; to keep the table instead, set data: {{types: "
            f"{{{ignored}}}}}"
        )
    frame = raw.frame.drop(columns).with_columns(text)
    return replace(raw, kind=TEXT, frame=frame, columns=tuple(columns)), said


def _fit(raw: RawData, _task: Task, data: DataSpec, _split: SplitSpec) -> tuple[Encoder, tuple[str, ...]]:
    texts = raw.frame[TEXT].fill_null("").to_list()
    n_empty = sum(not text.strip() for text in texts)
    if n_empty == len(texts):
        raise DataError(
            f"Every training text of {raw.name} is empty. Choose another column, or check the files."
        )
    vocabulary = tokens.learn(texts, data.vocabulary)
    lengths = np.array([len(ids) for ids in tokens.token_ids(texts, vocabulary)])
    usual = min(int(np.ceil(np.percentile(lengths, _USUAL))), _MOST_TOKENS)
    n_tokens = max(usual, _FEWEST_TOKENS) if data.max_tokens is None else data.max_tokens
    n_cut = int((lengths > n_tokens).sum())
    notes = [f"texts of at most {n_tokens} tokens, from a vocabulary of {len(vocabulary)}"]
    if n_cut:
        notes.append(
            f"cut {n_cut} of {len(texts)} training texts to {n_tokens} tokens; data.max_tokens keeps more"
        )
    if n_empty:
        notes.append(f"{n_empty} of {len(texts)} training texts are empty; each counts as one unknown token")
    encoder = TextEncoder(vocabulary, n_tokens, raw.columns or (TEXT,), data.encoding)
    return encoder, tuple(notes)


def _read(source: Path, encoder: TextEncoder, task: Task) -> RawData:
    """Rows whose frame has ``text``, and the target where it is known."""
    if source.is_dir() or TEXT_FILES.has(source.name):
        files, frame = files_to_predict(source, TEXT_FILES, task)
        texts = _in_either(lambda encoding: texts_of(files, encoding), encoder)
        return RawData(source.stem, TEXT, frame.with_columns(pl.Series(TEXT, texts, pl.String)))

    def read_in(encoding: str) -> RawData:
        spec = DataSpec(path=str(source)).model_copy(update={"encoding": encoding})
        return reader_for(source).read(source, spec)

    raw = _in_either(read_in, encoder)
    if raw.kind == "table":
        return _of_table(values.tidy(raw.frame)[0], encoder, str(source))
    if raw.kind != TEXT:
        raise DataError(f"This model was trained on texts, but {source} is {raw.kind} data.")
    return raw


def _in_either(read: Callable[[str], Read], encoder: TextEncoder) -> Read:
    """What a function of an encoding gives in UTF-8 or, where that fails, in the one of training."""
    try:
        return read(UTF8)
    except DataError:
        if encoder.encoding == UTF8:
            raise
        return read(encoder.encoding)


def _of_table(frame: pl.DataFrame, encoder: TextEncoder, name: str) -> RawData:
    columns = encoder.columns
    if TEXT in frame.columns and not set(columns) <= set(frame.columns):
        columns = (TEXT,)
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise DataError(
            f"{name} needs the column {lacking[0]!r}, which holds the text, but does not have it; "
            f"{nearest(lacking[0], frame.columns)}"
        )
    text = text_columns.joined(frame, columns)
    return RawData(Path(name).stem, TEXT, frame.drop(columns).with_columns(text))


def _from_memory(data: Any, encoder: TextEncoder) -> RawData:
    """Rows from what a program holds: a text, a list of texts, or a frame or dictionary with the column."""
    if isinstance(data, RawData):
        if data.kind not in (TEXT, "table"):
            raise DataError(f"This model was trained on texts, but it is given {data.kind} data.")
        return data if data.kind == TEXT else _of_table(data.frame, encoder, data.name)
    if isinstance(data, Mapping):
        data = pl.DataFrame(dict(data), strict=False)
    if hasattr(data, "collect"):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        return _of_table(values.tidy(data)[0], encoder, "The data")
    texts: Sequence[Any] = [data] if isinstance(data, str) else list(data)
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None or not texts:
        came = "an empty list" if not texts else f"a {type(wrong).__name__}"
        raise DataError(
            f"Texts are given as a list of str, or as a frame with a column of them, but {came} came."
        )
    return RawData(
        "data", TEXT, pl.DataFrame({TEXT: [text.encode("utf-8", "replace").decode() for text in texts]})
    )


KIND = Kind("text", _fit, _restore, _read, _from_memory, from_table=_from_table)
