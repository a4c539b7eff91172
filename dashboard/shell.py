"""What every page has: its heading, the state of the store, and clear words when it cannot be read."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st
from deltalake.exceptions import DeltaError
from polars.exceptions import PolarsError

from automl.errors import AutoMLError, UnreachableError
from dashboard import links, words
from dashboard.charts.look import Drawn
from dashboard.snapshot import Snapshot, take_snapshot

LIVE_SECONDS = 5.0  # between two looks at what runs

PROBLEMS = (AutoMLError, DeltaError, PolarsError, OSError)
INK = {"light": "#3A434B", "dark": "#D3D9DE"}  # of the words in charts: 4.5:1 and more
_LOG = logging.getLogger(__name__)


def guarded(show: Callable[[Snapshot], None]) -> None:
    """Show something over a new snapshot, or say why the store cannot be read."""
    try:
        show(take_snapshot())
        links.stay()
    except UnreachableError as error:
        problem("The store cannot be reached", str(error))
    except PROBLEMS as error:
        number = secrets.token_hex(4)
        _LOG.exception("Error %s: the store could not be read.", number)
        problem(
            "The store cannot be read",
            f"Its tables are damaged, or something is in the way: {type(error).__name__}. Nothing was "
            f"changed, and the records of the searches are apart from the tables. The output of `automl "
            f"dashboard` has the details under the number {number}.",
        )


def live(show: Callable[[Snapshot], None], changes: Callable[[Snapshot], bool], key: str) -> None:
    """Show something that is shown again every few seconds as long as it may change by itself.

    Each time it takes a new snapshot; queries that are kept (`kept.query`) are asked again only where a table has
    a new version.
    """
    if not _is(changes):
        guarded(show)
        return

    @st.fragment(run_every=LIVE_SECONDS, key=key)
    def again() -> None:
        if _is(changes):
            guarded(show)
        else:
            st.rerun()  # it has ended: once more, as a whole, and no longer by itself

    again()


def _is(changes: Callable[[Snapshot], bool]) -> bool:
    """What it says; False also where that cannot be read, which is complained of a moment later."""
    with contextlib.suppress(*PROBLEMS):
        return changes(take_snapshot())
    return False


def unknown(kind: str, name: str, snapshot: Snapshot) -> None:
    """A name in the address that the store does not hold."""
    st.warning(f"**There is no such {kind}**", icon=":material/search_off:")
    st.text(
        words.text(
            f"The store {snapshot.store} holds no {kind} {name!r}. It may have been deleted, or be in "
            "another store; a search that has just begun appears here after a few seconds.",
            800,
        )
    )


def problem(title: str, words_of_it: str) -> None:
    """An error, and a way to try again."""
    st.error(f"**{title}**", icon=":material/error:")
    st.text(words.text(words_of_it, 1500))
    st.button("Try again", icon=":material/refresh:", key="retry")


def heading(title: str, snapshot: Snapshot, table: str) -> None:
    """The page's title, and as of when it is."""
    version = snapshot.version(table)
    as_of = f"as of {words.utc(snapshot.moment)}" + (
        f" · table version {version}" if version is not None else ""
    )
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.title(title, anchor=False, width="content")
        st.caption(f"{words.escape(snapshot.store, 80)} · {as_of}", width="content")


def chart(drawn: Drawn, alt_text: str, data: pl.DataFrame, key: str) -> None:
    """A chart with its description, and its numbers one click away."""
    picture(drawn, alt_text, key)
    numbers(data, alt_text, key)


def picture(drawn: Drawn, alt_text: str, key: str) -> None:
    """A chart with its description, where `numbers` below several show what they draw."""
    ink = INK[st.context.theme.type or "light"]
    inked = drawn.configure_axis(labelColor=ink, titleColor=ink).configure_text(color=ink)
    inked = inked.configure_legend(labelColor=ink, titleColor=ink).configure_title(color=ink)
    inked = inked.configure_mark(aria=False)  # the whole has its words, and the numbers a table
    st.altair_chart(inked, alt=words.text(alt_text, 500), key=key)


def numbers(data: pl.DataFrame, alt_text: str, key: str) -> None:
    """What charts draw, one click away."""
    with st.expander("Show data", icon=":material/table:"):
        st.dataframe(
            data, hide_index=True, key=f"{key}-data", alt=f"The data of the chart: {words.text(alt_text)}"
        )


def opening_table(data: pl.DataFrame, ids: Sequence[str], page: str, *, key: str, **options: Any) -> None:
    """A table in which selecting a row opens the page of what the row shows.

    Only the moment of selecting counts, so that going back from there shows the table, and does not lead there again.

    Args:
        ids: of the rows, in their order.
        options: of `st.dataframe`.
    """
    chosen = f"{key}-chosen"

    def choose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            st.session_state[chosen] = ids[rows[0]]

    st.dataframe(
        data,
        hide_index=True,
        on_select=choose,
        selection_mode="single-row",
        key=key,
        placeholder="–",
        **options,
    )
    if chosen in st.session_state:
        links.go(page, id=st.session_state.pop(chosen))


def same_data(command: str) -> None:
    """The command that prints what is shown."""
    st.caption("The same on the command line")
    st.code(command, language=None, wrap_lines=True)
