"""Figures that others published, from ``published.csv`` of the development data."""

from __future__ import annotations

from pathlib import Path

import polars as pl

# Networks trained by gradients in Ismail Fawaz et al., "Deep learning for time series classification",
# Data Mining and Knowledge Discovery 2019, table 1. Its ninth, TWIESN, is a reservoir with a ridge regression.
DEEP = ("mlp", "fcn", "resnet", "encoder", "mcnn", "tlenet", "mcdcnn", "cnn")


def best_network(data: Path, dataset: str) -> tuple[str, float]:
    """The deep network with the best mean accuracy on a set of series: (its name and source, accuracy)."""
    rows = _rows(data).filter(
        pl.col("task") == "time-series classification",
        pl.col("metric") == "test_accuracy",
        pl.col("model").str.to_lowercase().is_in(DEEP),
        pl.col("dataset").str.replace_all("_", "").str.to_lowercase() == dataset.lower(),
    )
    best = rows.sort("value", descending=True).row(0, named=True)
    return f"published {best['model']} ({best['source']})", best["value"]


def best_detector(data: Path) -> tuple[str, float, list[str]]:
    """The single detector of anomalies with the best mean AUROC: (its name, AUROC, the sets it is over)."""
    rows = _rows(data).filter(pl.col("task") == "unsupervised anomaly detection", pl.col("metric") == "auroc")
    means = rows.group_by("model").agg(pl.col("value").mean(), pl.len()).sort("value", descending=True)
    assert means["len"].n_unique() == 1, "every detector is published for every set"
    sets = rows["dataset"].unique().sort().to_list()
    return f"published {means['model'][0]} ({rows['source'][0]})", float(means["value"][0]), sets


def _rows(data: Path) -> pl.DataFrame:
    return pl.read_csv(data / "published.csv", schema_overrides={"value": pl.Float64})
