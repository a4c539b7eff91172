"""The learning curves of a trial."""

from __future__ import annotations

import streamlit as st

from automl import catalog
from automl.wording import number
from dashboard import shell, words
from dashboard.charts import gap
from dashboard.queries import learning as queries
from dashboard.queries.learning import Learning
from dashboard.snapshot import Snapshot
from dashboard.views import story


def show(snapshot: Snapshot, search_id: str, trial: int, attempt: int, metric: str, goal: str) -> None:
    """The training loss beside a validation metric, which can be chosen; the primary one stands first.

    Args:
        metric, goal: the primary ones of the search.
    """
    found = queries.metrics(snapshot, search_id, trial, attempt)
    if not found:
        st.info("It has no learning curve: no epoch of it was recorded.", icon=":material/show_chart:")
        return
    known = [name for name in found if name != metric]
    options = [metric, *known] if metric in found else known
    chosen = _choose(options)
    if chosen != metric:
        goal = catalog.metric(chosen).goal if chosen in catalog.names("metric") else goal
    _draw(queries.learning(snapshot, search_id, trial, attempt, chosen, goal), chosen, goal)


def _choose(options: list[str]) -> str:
    if len(options) == 1:
        return options[0]
    chosen = st.segmented_control(
        "Metric on the validation rows",
        options,
        default=options[0],
        required=True,
        format_func=lambda name: words.escape(name, 40),
        key="metric",
        bind="query-params",
    )
    return str(chosen or options[0])


def _draw(found: Learning, metric: str, goal: str) -> None:
    parted = found.overfitting
    left, right = st.columns(2)
    with left:
        st.subheader("Training loss", anchor=False)
        if found.train.height:
            shaded = None if parted is None else (parted.epoch, parted.loss)
            drawn = gap.curve(found.train, "training loss ↓", shaded=shaded)
            last = number(found.train["value"][-1])
            shell.chart(drawn, f"Training loss by epoch; it ends at {last}.", found.train, "train")
        else:
            st.caption("It was not recorded.")
    with right:
        st.subheader(f"{words.escape(metric, 40)} on validation rows", anchor=False)
        shaded = None if parted is None else (parted.epoch, parted.best)
        title = f"{metric} {words.arrow(goal)}"
        drawn = gap.curve(found.validation, title, found.best, shaded)
        shell.chart(drawn, _described(found, metric), found.validation, "validation")
    if parted is not None:
        say = st.info if parted.is_slight else st.warning
        say(words.escape(story.overfits(parted, metric), 600), icon=":material/trending_down:")
    st.caption(words.escape(_caption(found, goal), 600))


def _described(found: Learning, metric: str) -> str:
    best = "" if found.best is None else f"; the best is {number(found.best[1])} in epoch {found.best[0]}"
    return f"{metric} on the validation rows by epoch{best}."


def _caption(found: Learning, goal: str) -> str:
    """What is marked, what is left out, and how overfitting is told."""
    best = (
        "" if found.best is None else f"◆ marks the best epoch, {found.best[0]} ({words.direction(goal)}). "
    )
    if found.n_epochs == 1:
        return f"{best}There is one epoch only, so that nothing can be said of overfitting."
    n_shown = max(found.train.height, found.validation.height)
    told = "Overfitting is told where the training loss falls for a tenth of all epochs and more behind the best one"
    if found.n_epochs > n_shown:
        best += (
            f"{n_shown:,} of {found.n_epochs:,} epochs shown: the least and the greatest of each stretch. "
        )
    return f"{best}{told}." if found.overfitting else f"{best}{told}; none is seen."
