"""The trials of a search with one column a parameter, and how much of them counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st
from polars.exceptions import PolarsError

from dashboard.kept import query
from dashboard.queries.description import Description, Scale, description
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

FAMILY = "family"  # stands beside the parameters: it is chosen too
MOST_VALUES = 12  # of a parameter whose scale is not known, to be taken for categories
LOOKED_AT = 1000  # trials, to find parameters where the description is missing
SCALE_RATIO = 1000.0  # between the largest and the least value, to be taken for a logarithmic scale
AT_ONCE = 20_000  # lines of JSON
MOST_KEPT = 4  # tables, of all viewers: each of 100,000 trials takes some 30 MB


@dataclass(frozen=True)
class Parameter:
    """One that varies in a search.

    Args:
        path: such as ``optimizer.sgd.momentum``.
        column: where its values are in the table; null where a trial does not have it.
    """

    path: str
    column: str
    scale: Scale

    @property
    def is_number(self) -> bool:
        return self.scale.kind == "number"


@dataclass(frozen=True)
class Table:
    """The last attempt at each trial of a search.

    Args:
        frame: trial, state, reason, message, family, feasible, score, counts, final (the score in the end),
            n_parameters, train_seconds, latency_ms, and a column for each parameter. Only rows that `counts`
            are compared: complete ones, or with a rung those that reached it, by their best score until then.
        described: whether the scales are those of the space, and not guessed from the values.
    """

    frame: pl.DataFrame
    parameters: tuple[Parameter, ...]
    described: bool


def table(snapshot: Snapshot, search_id: str, family: str | None = None, rung: int | None = None) -> Table:
    """Every trial of a search, or those of one family, with the parameters that vary among them.

    Args:
        rung: compare the scores after so many epochs instead of those of complete trials.
    """
    versions = (snapshot.version("trials"), snapshot.version("epochs") if rung is not None else None)
    whole: Table = _whole((str(snapshot.store), *versions, search_id, rung), snapshot)
    if family is None:
        return whole
    frame = whole.frame.filter(family=family)
    there = tuple(one for one in whole.parameters if frame[one.column].drop_nulls().n_unique() > 1)
    return Table(frame, there, whole.described)


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)  # shared, not copied: frames never change
def _whole(key: tuple[str, int | None, int | None, str, int | None], _snapshot: Snapshot) -> Table:
    *_, search_id, rung = key
    columns = ("trial", "attempt", "state", "reason", "message", "family", "feasible", "goal", "score")
    costs = ("n_parameters", "train_seconds", "latency_ms")
    rows = trials(_snapshot, search_id).select(*columns, *costs, "parameters").sort("trial").collect()
    counts = (pl.col("state") == "complete") & pl.col("score").is_finite()
    rows = rows.with_columns(counts.fill_null(False).alias("counts"), pl.col("score").alias("final"))
    if rung is not None and rows.height:
        rows = _at_rung(_snapshot, search_id, rung, rows)
    known = description(_snapshot, search_id)
    scales = known.scales if known else _guessed(rows["parameters"])
    values = _values(rows["parameters"], scales)
    parameters, described = _varying(rows["family"], values, scales), known is not None
    frame = rows.drop("attempt", "goal", "parameters").with_columns(
        (rows["family"] if one.path == FAMILY else values[one.path]).alias(one.column) for one in parameters
    )
    return Table(frame, parameters, described)


def _at_rung(snapshot: Snapshot, search_id: str, rung: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the best score until a rung, which is what is compared there."""
    goal = rows["goal"][0]
    value = pl.col("value").fill_nan(None)
    metric = snapshot.scan("trials").filter(search_id=search_id).select("metric").head(1).collect().item()
    epochs = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id, pl.col("metric") == metric, pl.col("epoch") <= rung
    )
    best = epochs.group_by("trial", "attempt").agg(
        (value.max() if goal == "max" else value.min()).alias("score"),
        (pl.col("epoch").max() == rung).alias("counts"),
    )
    joined = (
        rows.drop("score", "counts").join(best.collect(), on=["trial", "attempt"], how="left").sort("trial")
    )
    return joined.with_columns(
        (pl.col("counts") & pl.col("score").is_finite()).fill_null(False).alias("counts")
    )


def _guessed(parameters: pl.Series) -> dict[str, Scale]:
    """Scales by the values of the first trials, where the description of the search is missing."""
    seen: dict[str, list[object]] = {}
    for line in parameters.head(LOOKED_AT).drop_nulls():
        for path, value in json.loads(line).items():
            seen.setdefault(path, []).append(value)
    return {path: _scale_of(values) for path, values in seen.items()}


def _scale_of(values: list[object]) -> Scale:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or len(set(numbers)) <= MOST_VALUES:
        return Scale("choice")
    return Scale("number", min(numbers) > 0 and max(numbers) / min(numbers) >= SCALE_RATIO)


def _values(parameters: pl.Series, scales: Mapping[str, Scale]) -> pl.DataFrame:
    """One column a path; null where a trial has no such parameter."""
    if not scales:
        return pl.DataFrame()
    kinds = {path: pl.Float64 if scale.kind == "number" else pl.String for path, scale in scales.items()}
    try:
        return _decoded(parameters, kinds)
    except PolarsError:  # a word where the space has numbers
        words = _decoded(parameters, dict.fromkeys(scales, pl.String))
        return words.cast(kinds, strict=False)  # type: ignore[arg-type]


def _decoded(parameters: pl.Series, kinds: Mapping[str, type[pl.Float64 | pl.String]]) -> pl.DataFrame:
    """Read in parts, all cores at once."""
    read = pl.col("json").str.json_decode(pl.Struct(kinds))
    parts = [parameters.slice(begin, AT_ONCE) for begin in range(0, max(1, len(parameters)), AT_ONCE)]
    decoded = pl.collect_all([part.alias("json").to_frame().lazy().select(read) for part in parts])
    return pl.concat(decoded)["json"].struct.unnest()


def _varying(families: pl.Series, values: pl.DataFrame, scales: Mapping[str, Scale]) -> tuple[Parameter, ...]:
    """Those with more than one value; the family is the first of them."""
    several = [FAMILY] if families.n_unique() > 1 else []
    several += [path for path in scales if values[path].drop_nulls().n_unique() > 1]
    kinds = {FAMILY: Scale("choice"), **scales}
    return tuple(Parameter(path, f"p{place}", kinds[path]) for place, path in enumerate(several))


def readable(frame: pl.DataFrame, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    """The columns of parameters under their paths; those that would stand there twice are left out."""
    there = set(frame.columns)
    twice = [one.column for one in parameters if one.path in there]
    return frame.drop(twice).rename({one.column: one.path for one in parameters if one.path not in there})


def rungs(snapshot: Snapshot, search_id: str) -> tuple[int, ...]:
    """The epoch counts at which trials of a search were compared; where it does not say, at which some stopped."""
    known: Description | None = description(snapshot, search_id)
    if known is not None:
        return known.rungs
    stopped = trials(snapshot, search_id).filter(pl.col("state") == "stopped").select("n_epochs")
    return tuple(stopped.unique().collect()["n_epochs"].sort().to_list())


@dataclass(frozen=True)
class Summary:
    """Of the trials of a search, or of one family.

    Args:
        n_counting: trials whose scores are compared.
        paths: of the parameters that vary.
    """

    n_trials: int
    n_counting: int
    n_complete: int
    n_stopped: int
    families: tuple[str, ...]
    paths: tuple[str, ...]
    described: bool


@query("trials", "epochs")
def summary(snapshot: Snapshot, search_id: str, family: str | None, rung: int | None) -> Summary:
    """How many there are, and what varies among them."""
    found = table(snapshot, search_id, family, rung)
    states = dict(found.frame.group_by("state").len().iter_rows())
    return Summary(
        n_trials=found.frame.height,
        n_counting=int(found.frame["counts"].sum()),
        n_complete=states.get("complete", 0),
        n_stopped=states.get("stopped", 0),
        families=tuple(found.frame["family"].unique().sort().to_list()),
        paths=tuple(one.path for one in found.parameters),
        described=found.described,
    )
