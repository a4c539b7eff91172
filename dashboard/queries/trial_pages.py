"""A page of the trials of a search, in some order, found by keys: in the middle as fast as at the beginning."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.kept import query
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

PAGE = 50
ORDERS = {"best": "the best first", "latest": "the latest first", "longest": "the longest first"}
_NARROW = ("search_id", "trial", "attempt", "state", "reason", "family", "score", "goal", "feasible")
_SHOWN = ("state", "reason", "message", "family", "score", "n_epochs", "train_seconds", "n_parameters")


@dataclass(frozen=True)
class Wanted:
    """Which trials are asked for; where nothing is said, all are.

    Args:
        least: of the score, and `most`.
        text: in the parameters, such as ``optimizer=adamw``.
    """

    states: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Cursor:
    """Where a page begins or ends: behind this trial, or before that one; the first page where neither is said."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class Page:
    """Some trials in their order, and how many there are before them, of those that are wanted, and in all."""

    rows: pl.DataFrame
    n_before: int
    n_wanted: int
    n_trials: int


@query("trials")
def page(snapshot: Snapshot, search_id: str, wanted: Wanted, order: str, cursor: Cursor) -> Page:
    """One page of the trials that are wanted, in an order of `ORDERS`; of equal ones the earlier stands first.

    Pages are told by the trial that they begin behind, so that one is found as fast in the middle as at the beginning.
    """
    narrow = _with_keys(trials(snapshot, search_id), order, with_text=bool(wanted.text)).collect()
    found = _filtered(narrow, wanted)
    chosen = _chosen(found, narrow, cursor)
    n_before = found.filter(~_is_behind(chosen)).height - 1 if chosen.height else 0
    rows = _wide(snapshot, search_id, chosen.select("trial", "attempt"))
    return Page(rows, n_before, found.height, narrow.height)


def _chosen(found: pl.DataFrame, narrow: pl.DataFrame, cursor: Cursor) -> pl.DataFrame:
    """The page at the cursor; the first one where there is nothing behind it, or not a whole page before it."""
    keys = _keys(found)
    if cursor.after is not None:
        at = narrow.filter(trial=cursor.after)
        behind = found.filter(_is_behind(at)) if at.height else at
        if behind.height:
            return behind.sort(keys).head(PAGE)
    elif cursor.before is not None:
        at = narrow.filter(trial=cursor.before)
        others = found.filter(pl.col("trial") != cursor.before)
        ahead = others.filter(~_is_behind(at)) if at.height else at
        if ahead.height >= PAGE:
            return ahead.sort(keys, descending=True).head(PAGE).reverse()
    return found.sort(keys).head(PAGE)


def _with_keys(rows: pl.LazyFrame, order: str, with_text: bool) -> pl.LazyFrame:
    """The columns that trials are chosen and ordered by: `key_0`, ... in rising order, without nulls."""
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    is_complete, is_feasible = (
        (pl.col("state") == "complete").fill_null(False),
        pl.col("feasible").fill_null(False),
    )
    place = pl.when(is_complete & is_feasible).then(0).when(is_complete).then(1).otherwise(2)
    keys = {
        "best": [place, *_number(loss)],
        "latest": [-pl.col("ended_at").dt.timestamp("us").fill_null(0)],
        "longest": [*_number(-pl.col("train_seconds"))],
    }[order]
    text = [_searchable().alias("text")] if with_text else []
    numbered = [key.alias(f"key_{place}") for place, key in enumerate([*keys, pl.col("trial")])]
    return rows.select(*_NARROW, *numbered, *text)


def _number(value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Two keys: those that have no finite value stand last."""
    known = value.is_finite().fill_null(False)
    return ~known, pl.when(known).then(value).otherwise(0.0)


def _keys(found: pl.DataFrame) -> list[str]:
    return [name for name in found.columns if name.startswith("key_")]


def _is_behind(at: pl.DataFrame) -> pl.Expr:
    """Whether a trial stands behind the first of these, by the first key in which they differ."""
    behind = pl.lit(False)
    for name in reversed(_keys(at)):
        value = pl.lit(at[name][0])
        behind = (pl.col(name) > value) | ((pl.col(name) == value) & behind)
    return behind


def _filtered(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    for name in ("state", "reason", "family"):
        values = {"state": wanted.states, "reason": wanted.reasons, "family": wanted.families}[name]
        if values:
            rows = rows.filter(pl.col(name).is_in(values))
    if wanted.least is not None:
        rows = rows.filter(pl.col("score") >= wanted.least, pl.col("score").is_not_nan())
    if wanted.most is not None:
        rows = rows.filter(pl.col("score") <= wanted.most)
    if wanted.text:
        rows = rows.filter(pl.col("text").str.contains(wanted.text.lower(), literal=True))
    return rows


def _searchable() -> pl.Expr:
    """The parameters as they are shown, ``name=value name=value``, but with every digit."""
    plain = pl.col("parameters").str.replace_all(r'[{}"]', "").str.replace_all(r"\s*:\s*", "=")
    return plain.str.replace_all(r",\s*", " ").str.to_lowercase()


def _wide(snapshot: Snapshot, search_id: str, chosen: pl.DataFrame) -> pl.DataFrame:
    """What is shown of these trials, in their order: only now the wide columns, of few rows."""
    rows = snapshot.scan("trials").filter(
        pl.col("search_id") == search_id, pl.col("trial").is_in(chosen["trial"].to_list())
    )
    columns = rows.select("trial", "attempt", *_SHOWN, "parameters", "feasible", "ended_at").collect()
    return chosen.join(columns, on=["trial", "attempt"], how="left", maintain_order="left")
