"""One leaderboard: the entries on the same test rows, with their intervals and costs."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import costs as cost_charts
from dashboard.charts import intervals as interval_charts
from dashboard.queries import board_table, boards, costs
from dashboard.snapshot import Snapshot
from dashboard.views import entries


def show(snapshot: Snapshot, choice: dict[str, Any]) -> None:
    """The board of one data set, split and metric."""
    board = boards.load(snapshot, choice)
    _verdict(board)
    shown, others = _filters(snapshot, board, choice)
    if shown.height == 0:
        st.info("No entry of this board fits the filter.", icon=":material/filter_alt:")
    else:
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _intervals(shown)
        with right:
            _costs(shown)
        entries.show(snapshot, board, shown, others)
    command = ("leaderboard", "--dataset", choice["fingerprint"], "--metric", choice["metric"])
    _exports(snapshot, board, command)
    shell.same_data(snapshot.command(*command, "--json"))


def forget_board() -> None:
    """What was selected on one board is not on another, nor are the metrics and splits those of another data set."""
    entries.forget()
    for name in ("metric", "split"):
        st.session_state.pop(name, None)


def _verdict(board: pl.DataFrame) -> None:
    """What the board says, in a sentence; a baseline above the networks is never hidden."""
    sentence, is_warning = boards.verdict(board)
    if is_warning:
        st.warning(words.escape(sentence, 500), icon=":material/priority_high:")
    else:
        st.success(words.escape(sentence, 500), icon=":material/emoji_events:")
    alone = boards.one_seed(board)
    if alone is not None:
        st.info(words.escape(alone, 600), icon=":material/casino:")
    n_unranked = board["rank"].null_count()
    if n_unranked:
        st.info(
            f"{words.plural(n_unranked, 'entry has', 'entries have')} no rank and no interval: the predictions on the "
            "test rows are missing, or are of other rows than most.",
            icon=":material/rule:",
        )


def _filters(
    snapshot: Snapshot, board: pl.DataFrame, choice: dict[str, Any]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The entries that are shown, and the scores by other metrics that were picked as columns."""
    others = boards.other_metrics(snapshot, choice["fingerprint"], choice["split_id"], choice["metric"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        families = st.multiselect(
            "Family",
            sorted(set(board["family"])),
            format_func=words.text,
            key="family",
            bind="query-params",
            placeholder="all",
            width=360,
        )
        metrics = st.multiselect(
            "More columns",
            others["metric"].unique().sort().to_list(),
            format_func=words.text,
            key="columns",
            bind="query-params",
            placeholder="other metrics on the same rows",
            width=360,
        )
        only_networks = st.toggle("Networks only", key="networks", bind="query-params")
    return boards.fitting(board, families, only_networks), others.filter(pl.col("metric").is_in(metrics))


def _intervals(shown: pl.DataFrame) -> None:
    st.subheader("Scores and 95 % intervals", anchor=False)
    metric, goal = shown["metric"][0], shown["goal"][0]
    marks = board_table.labelled(shown)
    best = marks.row(0, named=True)
    described = (
        f"Scores of {words.plural(marks.height, 'entry', 'entries')} in {metric} with 95 % intervals, the "
        f"best on top: {best['label']} with {number(best['score'])}."
    )
    shell.chart(interval_charts.intervals(marks, metric, goal), described, marks, "intervals")
    if marks.height < shown.height:
        st.caption(f"{marks.height:,} shown of {shown.height:,}: the best ones, and the baselines.")


def _costs(shown: pl.DataFrame) -> None:
    st.subheader("Quality against cost", anchor=False)
    known = costs.known(shown)
    if not known:
        st.caption("The tables hold no cost of these entries.")
        return
    name = st.segmented_control(
        "Cost",
        known,
        default=known[0],
        required=True,
        key="cost",
        bind="query-params",
    )
    cost = costs.COSTS[str(name)]
    priced = costs.priced(shown, cost)
    metric, goal = shown["metric"][0], shown["goal"][0]
    front = ", ".join(priced.filter(pl.col("front"))["entry"].head(5))
    n_entries = words.plural(priced.height, "entry", "entries")
    described = f"{metric} against {cost.title} of {n_entries}; the front: {front}."
    shell.chart(
        cost_charts.quality_against_cost(priced, metric, goal, cost.title), described, priced, "costs"
    )
    lacking = shown.height - shown.filter(pl.col(cost.column) > 0).height
    left_out = f" {words.plural(lacking, 'entry has', 'entries have')} no such cost." if lacking else ""
    st.caption(
        f"{priced.height:,} shown of {shown.height:,}. Large marks, joined by the dashed line, are on the Pareto "
        f"front: nothing shown is cheaper and as good.{left_out}"
    )


def _exports(snapshot: Snapshot, board: pl.DataFrame, command: tuple[str, ...]) -> None:
    """Buttons that save the whole board, or the command that does where it is too large for one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Save the whole board as", width="content")
        for form, mime, write in boards.EXPORTS:
            data, ending = write(board), form.lower()
            if len(data) < boards.MAX_EXPORT_BYTES:
                icon, name = ":material/download:", f"leaderboard.{ending}"
                st.download_button(
                    form, data, name, mime, key=f"export-{ending}", on_click="ignore", icon=icon
                )
            else:
                st.code(snapshot.command(*command, "--format", ending), language=None)
