"""How families and baselines do over all data sets of a store: their ranks on the board of each."""

from __future__ import annotations

import polars as pl

from automl.ranking import BLOCK
from automl.store.reading import latest_attempts
from dashboard import words
from dashboard.kept import query
from dashboard.queries import boards
from dashboard.snapshot import Snapshot

# "As a rule of a thumb, N > 10 and k > 5": Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets",
# JMLR 7 (2006), section 3.2.2.
FEWEST_DATASETS = 11
MAX_METHODS = 40
MAX_DATASETS = 100
METHOD = ("kind", "method")


@query("scores", "searches")
def ranks(snapshot: Snapshot, impute: bool) -> pl.DataFrame:
    """The place of each method on each data set: kind, method, dataset, metric, score, rank.

    A method is a family, which its best trial by validation stands for, or a baseline. Ranks are those of the mean
    scores on the test rows of the newest board of a data set; equal scores share the mean of their places. A data set
    that searches used for several tasks counts once for each, with the task in its name.

    Args:
        impute: whether a method that a data set lacks counts as its last; the score of such a one is null.
    """
    chosen = boards.choices(snapshot).filter(pl.col("primary")).sort("ended_at", descending=True)
    chosen = chosen.unique(["dataset", "task"], keep="first", maintain_order=True)
    several = pl.struct("dataset", "task").n_unique().over("dataset") > 1
    named = pl.when(several).then(pl.format("{} ({})", "dataset", "task")).otherwise("dataset")
    chosen = chosen.select("dataset", "task", *BLOCK, "metric", name=named)
    rows = latest_attempts(snapshot.scan("scores"), ("search_id", "entry", "seed"))
    rows = rows.join(chosen.lazy(), on=["dataset", "task", *BLOCK, "metric"], how="inner")
    rows = rows.with_columns(dataset="name")
    means = rows.group_by("dataset", "metric", "goal", "kind", "family", "entry", "split").agg(
        pl.col("score").mean()
    )
    found = _representatives(means.collect())
    if impute:
        every = (
            found.select(METHOD)
            .unique()
            .join(found.select("dataset", "metric", "goal").unique(), how="cross")
        )
        found = every.join(found, on=["dataset", "metric", "goal", *METHOD], how="left")
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    last = (pl.col("score").count() + 1 + pl.len()) / 2  # the mean of the places that are left
    rank = pl.coalesce(loss.rank("average"), last).over("dataset")
    return (
        found.with_columns(rank=rank)
        .select("dataset", "metric", *METHOD, "score", "rank")
        .sort("dataset", "rank", *METHOD)
    )


def _representatives(means: pl.DataFrame) -> pl.DataFrame:
    """Of each method on each data set, the test score of the entry with the best validation score."""
    keys = ["dataset", "metric", "goal", "kind", "family", "entry"]
    test, validation = (means.filter(split=split).select(*keys, "score") for split in ("test", "validation"))
    both = test.join(validation.rename({"score": "validation"}), on=keys, how="left")
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("validation")).otherwise(pl.col("validation"))
    best = both.sort(loss, "entry", nulls_last=True).unique(
        ["dataset", "kind", "family"], keep="first", maintain_order=True
    )
    kind = pl.when(pl.col("kind") == "baseline").then(pl.lit("baseline")).otherwise(pl.lit("network"))
    return best.select("dataset", "metric", "goal", kind.alias("kind"), method="family", score="score")


def summary(found: pl.DataFrame) -> pl.DataFrame:
    """One line a method, the best mean rank first: kind, method, mean_rank, wins, n_datasets."""
    scored = pl.col("score").is_not_null()
    first = (pl.col("rank") == pl.col("rank").min().over("dataset")) & scored
    grouped = found.with_columns(won=first).group_by(METHOD)
    lines = grouped.agg(mean_rank=pl.col("rank").mean(), wins=pl.col("won").sum(), n_datasets=scored.sum())
    return lines.sort("mean_rank", *METHOD)


def caution(found: pl.DataFrame) -> str:
    """What these ranks cannot say, in sentences."""
    n_datasets, n_methods = found["dataset"].n_unique(), found.select(METHOD).n_unique()
    said = []
    if n_datasets < FEWEST_DATASETS:
        said.append(
            f"{words.plural(n_datasets, 'data set')} {'is' if n_datasets == 1 else 'are'} too few for a critical "
            f"difference between mean ranks, which wants more than {FEWEST_DATASETS - 1}."
        )
    if found.filter(pl.col("score").is_not_null()).height < n_datasets * n_methods:
        said.append(
            "Not every method was tried on every data set, so that mean ranks are not of the same data; the column of "
            "data sets says of how many."
        )
    return " ".join(said)


def table(lines: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """For people: a line a method, with its rank on each data set that is shown as a column ``on<place>``."""
    shown = lines.head(MAX_METHODS)
    methods = shown.select(METHOD).rows()
    for place, dataset in enumerate(datasets(found)):
        of = found.filter(dataset=dataset)
        places = {(kind, method): rank for kind, method, rank in of.select(*METHOD, "rank").iter_rows()}
        shown = shown.with_columns(
            pl.Series(f"on{place}", [places.get(name) for name in methods], pl.Float64)
        )
    return shown.with_columns(pl.col("method").map_elements(words.text, pl.String))


def datasets(found: pl.DataFrame) -> list[str]:
    """The data sets that are shown, by name."""
    return found["dataset"].unique().sort().head(MAX_DATASETS).to_list()


def marks(found: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What the chart draws: method, kind, dataset, rank, mean_rank of the methods and data sets that are shown."""
    shown = found.filter(pl.col("dataset").is_in(datasets(found)))
    joined = shown.join(lines.head(MAX_METHODS), on=METHOD, how="inner")
    return joined.select(
        *(pl.col(name).map_elements(words.text, pl.String) for name in ("method", "dataset")),
        *("kind", "rank", "mean_rank"),
    ).sort("mean_rank", "kind", "method", "dataset")
