"""Finalists and baselines on test rows that no search has seen, each with its interval."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import intervals as charts
from dashboard.queries import boards
from dashboard.snapshot import Snapshot

TITLE = "Leaderboard"
ICON = ":material/leaderboard:"
ORDER = 6

COLUMNS = {
    "rank": st.column_config.NumberColumn(
        "Rank",
        help="1 + how many entries are significantly better; ties share a rank",
        width="small",
        pinned=True,
    ),
    "entry": st.column_config.TextColumn("Entry", pinned=True),
    "what": st.column_config.TextColumn("Kind", width="small"),
    "family": st.column_config.TextColumn("Family"),
    "score": st.column_config.NumberColumn("Score", format="%.5g", help="Mean over seeds, on test rows"),
    "interval": st.column_config.TextColumn("95 % interval"),
    "seeds": st.column_config.NumberColumn("Seeds", width="small"),
    "rows": st.column_config.NumberColumn("Test rows", format="localized", width="small"),
    "weights": st.column_config.NumberColumn("Weights", format="localized", help="Numbers that are learned"),
    "seconds": st.column_config.NumberColumn("Training (s)", format="%.3g", width="small"),
    "latency": st.column_config.NumberColumn("Latency (ms)", format="%.3g", width="small"),
    "pull": st.column_config.TextColumn("Get it", width="large"),
}


def page() -> None:
    shell.guarded(_page)


def _page(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "scores")
    choices = boards.choices(snapshot)
    if choices.height == 0:
        _empty(snapshot)
        return
    choice = _choose(choices)
    board = boards.load(snapshot, choice)
    _verdict(board)
    _chart(board)
    _table(snapshot, board)
    command = ("leaderboard", "--dataset", choice["fingerprint"], "--metric", choice["metric"])
    _exports(snapshot, board, command)
    shell.same_data(snapshot.command(*command, "--json"))


def _empty(snapshot: Snapshot) -> None:
    st.info(
        "There is no leaderboard yet: it appears once the finalists of a search have been trained again and "
        "scored on its test rows. `automl demo` gets there in about a minute.",
        icon=":material/leaderboard:",
    )
    st.code(snapshot.command("demo"), language=None)


def _choose(choices: pl.DataFrame) -> dict[str, Any]:
    """The board that the widgets, and so the address, name."""
    with st.container(horizontal=True):
        names = choices["dataset"].unique(maintain_order=True).to_list()
        dataset = _select("Data set", names, "dataset")
        choices = choices.filter(pl.col("dataset") == dataset)
        metric = _select("Metric", choices["metric"].unique(maintain_order=True).to_list(), "metric")
        choices = choices.filter(pl.col("metric") == metric)
        rows = {f"{row['fingerprint'][:8]}/{row['split_id'][:8]}": row for row in choices.to_dicts()}
        if len(rows) == 1:
            return choices.row(0, named=True)
        about = "The data or its split has changed; only entries on the same rows are compared."
        return rows[_select("Data and split", list(rows), "split", about)]


def _select(label: str, options: list[str], key: str, about: str | None = None) -> str:
    return str(st.selectbox(label, options, key=key, bind="query-params", width=300, help=about))


def _verdict(board: pl.DataFrame) -> None:
    """What the board says, in a sentence; a baseline above the networks is never hidden."""
    sentence, is_warning = boards.verdict(board)
    if is_warning:
        st.warning(words.escape(sentence, 500), icon=":material/priority_high:")
    else:
        st.success(words.escape(sentence, 500), icon=":material/emoji_events:")


def _chart(board: pl.DataFrame) -> None:
    metric, goal = board["metric"][0], board["goal"][0]
    shown = boards.labelled(board)
    best = shown.row(0, named=True)
    described = (
        f"Scores of {words.plural(shown.height, 'entry', 'entries')} in {metric} with 95 % intervals, the "
        f"best on top: {best['label']} with {number(best['score'])}."
    )
    shell.chart(charts.intervals(shown, metric, goal), described, shown, "intervals")
    if shown.height < board.height:
        st.caption(f"{shown.height:,} shown of {board.height:,}, the best ones.")


def _table(snapshot: Snapshot, board: pl.DataFrame) -> None:
    st.subheader("Board", anchor=False)
    picked = st.dataframe(
        boards.table(snapshot, board),
        hide_index=True,
        column_config=COLUMNS,
        height="auto" if board.height <= 12 else 460,
        on_select="rerun",
        selection_mode="single-row",
        key="board",
        placeholder="–",
        alt="One row an entry: rank, score, interval, cost, and the command that gets its model.",
    )
    st.caption(
        "Ranks count the entries that are significantly better: paired bootstrap, Holm-corrected; ties share "
        "a rank. Select a row for the command that gets its model."
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < board.height:
        _commands(snapshot, board.row(rows[0], named=True))


def _commands(snapshot: Snapshot, row: dict[str, Any]) -> None:
    with st.container(border=True, key="commands"):
        if row["kind"] == "baseline":
            st.text(
                words.text(f"{row['entry']} is a baseline: it is there to compare with, and has no bundle.")
            )
            return
        st.caption("Get the model, verified")
        st.code(boards.pull(snapshot, row), language=None, wrap_lines=True)


def _exports(snapshot: Snapshot, board: pl.DataFrame, command: tuple[str, ...]) -> None:
    """Buttons that save the board, or the command that does where it is too large for one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for form, mime, write in boards.EXPORTS:
            data, ending = write(board), form.lower()
            if len(data) < boards.MAX_EXPORT_BYTES:
                icon, name = ":material/download:", f"leaderboard.{ending}"
                st.download_button(
                    form, data, name, mime, key=f"export-{ending}", on_click="ignore", icon=icon
                )
            else:
                st.code(snapshot.command(*command, "--format", ending), language=None)
