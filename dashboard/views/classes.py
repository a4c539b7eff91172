"""What classes and labels are taken for, and whether their probabilities come true."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import shell, words
from dashboard.charts import calibration as calibration_charts
from dashboard.charts import confusion as confusion_charts
from dashboard.queries import predictions as queries
from dashboard.queries.calibration import N_BINS, SOURCE, expected_error
from dashboard.queries.confusion import Confusion
from dashboard.queries.predictions import Whose
from dashboard.queries.trial import Target
from dashboard.snapshot import Snapshot

ERRORS = {
    "true": st.column_config.TextColumn("True class"),
    "predicted": st.column_config.TextColumn("Taken for"),
    "n": st.column_config.NumberColumn("Rows", format="localized", width="small"),
    "share": st.column_config.NumberColumn("Of this class", format="percent", width="small"),
}
LABELS = {
    "label": st.column_config.TextColumn("Label", pinned=True),
    "n": st.column_config.NumberColumn("Rows with it", format="localized"),
    "found": st.column_config.NumberColumn("Found", format="localized"),
    "missed": st.column_config.NumberColumn("Missed", format="localized"),
    "wrong": st.column_config.NumberColumn("Wrongly said", format="localized"),
}


def classes(snapshot: Snapshot, whose: Whose, target: Target) -> None:
    """A confusion matrix, the commonest mistakes, and a reliability curve."""
    found = queries.classified(snapshot, whose)
    counts = found.confusion
    left, right = st.columns([3, 2])
    with left:
        _matrix(target, counts)
    with right:
        _reliability(found.bins, "probability of the class predicted", "share that is right")
        _errors(target, counts)


def _matrix(target: Target, counts: Confusion) -> None:
    st.subheader("Confusion", anchor=False)
    names = _distinct([target.named(code) for code in counts.shown], counts.shown)
    of = dict(zip(counts.shown, names, strict=True))
    cells = counts.cells.with_columns(
        pl.col("target", "predicted").map_elements(of.__getitem__, pl.String).name.keep()
    )
    described = f"Confusion matrix of {len(names)} classes; {counts.accuracy:.1%} of {counts.n_rows:,} rows are right."
    shell.chart(confusion_charts.matrix(cells, names), described, cells, "confusion")
    said = f"{counts.accuracy:.2%} of {words.plural(counts.n_rows, 'row')} are right. "
    said += "Cells hold counts, coloured by their share of the rows of the true class."
    if counts.n_classes > len(names):
        said += f" {len(names)} of {counts.n_classes:,} classes are shown, those with the most mistakes."
    st.caption(words.escape(said, 400))


def _distinct(names: Sequence[str], codes: Sequence[int]) -> list[str]:
    """Names of which no two are the same."""
    return [
        f"{name} ({code})" if names.count(name) > 1 else name for name, code in zip(names, codes, strict=True)
    ]


def _errors(target: Target, counts: Confusion) -> None:
    if not counts.errors.height:
        st.success("No row is taken for another class.", icon=":material/check:")
        return
    st.subheader("The commonest mistakes", anchor=False)
    lines = counts.errors.select(
        pl.col("target").map_elements(target.named, pl.String).alias("true"),
        pl.col("predicted").map_elements(target.named, pl.String),
        *("n", "share"),
    )
    st.dataframe(
        lines,
        hide_index=True,
        column_config=ERRORS,
        height="auto" if lines.height <= 8 else 320,
        key="mistakes",
        alt="One row a mistake, the commonest first.",
    )


def _reliability(bins: pl.DataFrame, said: str, came_true: str) -> None:
    st.subheader("Calibration", anchor=False)
    error = expected_error(bins)
    described = f"Reliability curve in {bins.height} bins; the expected calibration error is {error:.2%}."
    shell.chart(calibration_charts.reliability(bins, said, came_true), described, bins, "calibration")
    much = float((bins["said"].to_numpy() - bins["true"].to_numpy()) @ bins["n"].to_numpy())
    tends = "says more than comes true" if much > 0 else "says less than comes true"
    about = f"over {N_BINS} bins of equal width ({SOURCE}); on average it {tends}."
    bars = "Bars are the gaps to the dashed line, on which probabilities come true as often as they say."
    st.caption(words.escape(f"Expected calibration error {error:.2%} {about} {bars}", 500))


def labels(snapshot: Snapshot, whose: Whose, target: Target) -> None:
    """How often each label is found, missed and wrongly said, and a reliability curve."""
    found = queries.labelled(snapshot, whose)
    left, right = st.columns(2)
    with left:
        st.subheader("Labels", anchor=False)
        lines = found.labels.select(
            pl.col("code").map_elements(target.named, pl.String).alias("label"),
            "n",
            "found",
            "missed",
            "wrong",
        )
        st.dataframe(
            lines,
            hide_index=True,
            column_config=LABELS,
            height="auto" if lines.height <= 12 else 460,
            key="labels",
            alt="One row a label, the one with the most mistakes first.",
        )
        st.caption(words.escape(f"{found.n_rows:,} rows; a label is said from a probability of 50 % on."))
    with right:
        _reliability(found.bins, "probability of a label, over all labels", "share that has it")
