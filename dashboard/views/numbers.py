"""How far predicted numbers are off, and how well scores tell anomalies."""

from __future__ import annotations

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import calibration as calibration_charts
from dashboard.charts import residuals as residual_charts
from dashboard.queries import predictions as queries
from dashboard.queries.predictions import Whose
from dashboard.queries.residuals import Residuals
from dashboard.queries.trial import Target
from dashboard.snapshot import Snapshot


def numbers(snapshot: Snapshot, whose: Whose, target: Target) -> None:
    """Residuals; of quantiles also how often they hold, of forecasts also the error by step."""
    output = _choose_output(target)
    found = queries.estimated(snapshot, whose, output=output, horizon=target.horizon)
    _residuals(found.residuals, target.targets[output] if target.targets else target.name)
    if found.coverage.height:
        st.subheader("Calibration", anchor=False)
        described = "How often targets lie below each predicted quantile."
        drawn = calibration_charts.reliability(
            found.coverage, "quantile predicted", "share of targets below it"
        )
        shell.chart(drawn, described, found.coverage, "coverage")
        worst = max(abs(said - true) for said, true in found.coverage.select("said", "true").iter_rows())
        st.caption(
            f"On the dashed line, quantiles hold as often as they say; the largest gap is {worst:.1%}."
        )
    if found.steps.height:
        st.subheader("Error by step", anchor=False)
        described = f"Mean absolute error by steps ahead, up to {found.steps.height}."
        shell.chart(residual_charts.by_step(found.steps), described, found.steps, "steps")


def _choose_output(target: Target) -> int:
    if len(target.targets) < 2:
        return 0
    names = list(range(len(target.targets)))
    chosen = st.selectbox(
        "Target",
        names,
        format_func=lambda place: words.text(target.targets[place], 60),
        key="output",
        width=340,
    )
    return int(chosen or 0)


def _residuals(found: Residuals, unit: str) -> None:
    if not found.n_rows:
        st.info("None of the predictions is a finite number.", icon=":material/error:")
        return
    left, right = st.columns(2)
    with left:
        st.subheader("Residuals against predictions", anchor=False)
        drawn = residual_charts.against_prediction(found.points, found.bins, unit)
        described = f"Targets less predictions of {found.n_rows:,} rows, by prediction."
        many = not found.points.height
        shell.chart(drawn, described, found.bins if many else found.points, "residuals")
        every = "Rows are counted in cells: they are too many to draw." if many else "Every row is a mark."
        st.caption(f"{every} Above the dashed line, the prediction is too low.")
    with right:
        st.subheader("Their distribution", anchor=False)
        half, most = (number(value) for value in found.within)
        described = f"Distribution of residuals; half are within {half}."
        shell.chart(residual_charts.distribution(found.bars), described, found.bars, "distribution")
        st.caption(words.escape(_spread(found, half, most), 400))


def _spread(found: Residuals, half: str, most: str) -> str:
    side = "too low" if found.mean > 0 else "too high"
    said = f"On average predictions are {number(abs(found.mean))} {side}, with a standard deviation of "
    said += f"{number(found.deviation)}. Half of the rows are off by at most {half}, nine of ten by at most {most}."
    return f"{said} {found.n_beyond:,} rows lie beyond the ends." if found.n_beyond else said


def scores(snapshot: Snapshot, whose: Whose, target: Target) -> None:
    """How well scores of strangeness tell anomalies from usual rows."""
    counts = queries.scored(snapshot, whose)
    names = target.classes if len(target.classes) == 2 else ("usual", "anomaly")
    kinds = {"usual": words.text(names[0], 40), "anomaly": words.text(names[1], 40)}
    long = counts.unpivot(list(kinds), index=["low", "high"], variable_name="what", value_name="n")
    shares = long.with_columns(
        pl.col("what").replace(kinds), share=pl.col("n") / pl.col("n").sum().over("what")
    )
    shares = shares.filter(pl.col("share").is_finite())
    st.subheader("Scores of usual rows and of anomalies", anchor=False)
    n_usual, n_strange = int(counts["usual"].sum()), int(counts["anomaly"].sum())
    described = f"How scores are spread over {n_usual:,} usual rows and {n_strange:,} anomalies."
    shell.chart(residual_charts.strangeness(shares), described, shares, "strangeness")
    st.caption(f"{described} The further apart the two lines, the better anomalies can be told.")
