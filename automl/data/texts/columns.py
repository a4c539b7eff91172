"""Which columns of a table hold free text, and these columns as one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automl.data import values
from automl.data.raw import TEXT, RawData
from automl.data.tables import infer
from automl.data.texts.tokens import SEPARATOR
from automl.errors import DataError, nearest
from automl.spec import DataSpec

_FEWEST_WORDS = 5  # on average: names and titles have fewer
_PROSE = 0.5  # of the words are in lower case; names and addresses write most with capitals or digits
_DIGITS = 0.2  # of the words may hold digits
_MOST_OTHERS = 8  # other usable columns: a table with more is taken as one that has notes beside it
_LOOKED_AT = 10_000  # rows


def found_in(raw: RawData, targets: Sequence[str], data: DataSpec) -> tuple[list[str], str]:
    """The columns of text, as asked for or inferred, and what is to be said; none for a table."""
    asked = [name for name, given in data.types.items() if given == TEXT]
    if asked and data.kind not in (None, TEXT):
        raise DataError(
            f"data.types gives {', '.join(asked)} the type text, but data.kind is {data.kind}. Leave one out."
        )
    for name in asked:
        if name not in raw.frame.columns:
            raise DataError(
                f"data.types names the column {name!r}, which {raw.name} does not have; "
                f"{nearest(name, raw.frame.columns)}"
            )
    if asked or data.kind not in (None, TEXT):
        return asked, ""
    open_columns = [
        column
        for column in raw.frame.iter_columns()
        if column.dtype == pl.String and column.name not in targets and column.name not in data.types
    ]
    found = [column.name for column in open_columns if is_prose(column)]
    if data.kind == TEXT and not found:
        if len(open_columns) != 1:
            raise DataError(
                f"data.kind is text, but no column of {raw.name} looks like free text. Say which is: data: "
                "{types: {COLUMN: text}}."
            )
        return [open_columns[0].name], ""
    n_others = len(others(raw.frame, found, targets, data)) if found and data.kind is None else 0
    if n_others > _MOST_OTHERS:
        said = (
            f"{', '.join(found)} looks like free text, which a table leaves aside, as {n_others} other columns "
            f"can be used; to use the text instead, set data: {{types: {{{found[0]}: text}}}}"
        )
        return [], said
    return found, ""


def others(frame: pl.DataFrame, found: Sequence[str], targets: Sequence[str], data: DataSpec) -> list[str]:
    """The columns beside the text that a table would use."""
    rest = frame.drop(name for name in (*found, *targets) if name in frame.columns)
    types = infer.infer(rest, {name: t for name, t in data.types.items() if name in rest.columns})
    return [name for name, one in types.items() if one.type != "ignore"]


def is_prose(column: pl.Series) -> bool:
    """Whether a column of text holds sentences, and not names, addresses, categories or identifiers.

    More than half of the values differ, and they have five words or more on average, at least half of them
    in lower case or of a script without case, and at most a fifth with digits.

    >>> is_prose(pl.Series(["a film of some charm", "not for me, I am afraid", "see it while you can !"]))
    True
    >>> is_prose(pl.Series(["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina", "12 Old Mill Road, Ely CB6"]))
    False
    """
    present = column.drop_nulls().head(_LOOKED_AT)
    if present.is_empty() or 2 * present.n_unique() <= len(present):
        return False
    words = present.str.split(" ").explode().str.strip_chars(" \t\n.,;:!?()\"'")
    words = words.filter(words != "")
    if len(words) < _FEWEST_WORDS * len(present):
        return False
    n_prose = int(words.str.contains(r"^[\p{Ll}\p{Lo}\p{Lm}\p{M}'’.-]+$").sum())
    n_digits = int(words.str.contains(r"\p{N}").sum())
    return n_prose >= _PROSE * len(words) and n_digits <= _DIGITS * len(words)


def joined(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Tidy columns as one text a row, with a separator between; what is missing is empty."""
    texts = [values.as_text(frame[name]).fill_null("") for name in columns]
    if len(texts) == 1:
        return texts[0].alias(TEXT)
    between = f" {SEPARATOR} "
    return (
        pl.select(pl.concat_str([pl.lit(text) for text in texts], separator=between)).to_series().alias(TEXT)
    )
