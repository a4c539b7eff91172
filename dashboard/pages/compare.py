"""Several trials side by side, also of different searches: what differs, and how they learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import comparison as queries
from dashboard.queries import comparison_table as tables
from dashboard.queries.boards import MAX_EXPORT_BYTES
from dashboard.queries.comparison import MAX_TRIALS, Asked, Column
from dashboard.snapshot import Snapshot
from dashboard.views import basket, overlay

TITLE = "Compare"
ICON = ":material/compare_arrows:"
ORDER = 5

IDS = "ids"
LONGEST = 8000  # signs of the address that name trials


def page() -> None:
    shell.guarded(_page)


def _page(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "trials")
    ids = queries.split_ids(links.asked(IDS, LONGEST))
    basket.remember(ids[:MAX_TRIALS])
    asked = queries.asked(snapshot, ids)
    _problems(snapshot, asked)
    _chosen(ids)
    if len(asked.found) < 2:
        _too_few(asked)
        return
    _mixed(asked.found)
    heads = tables.heads(asked.found)
    _table(asked.found, heads)
    overlay.curves(snapshot, asked.found, heads)
    overlay.refits(snapshot, asked.found, heads)
    searches = dict.fromkeys(column.named.search_id for column in asked.found)
    shell.same_data("\n".join(snapshot.command("trials", search_id, "--json") for search_id in searches))


def _problems(snapshot: Snapshot, asked: Asked) -> None:
    """What was asked for and is not shown."""
    if asked.unknown:
        st.warning("**Not everything in the address is in this store**", icon=":material/search_off:")
        named = ", ".join(repr(words.text(name, 120)) for name in asked.unknown)
        st.text(words.text(f"The store {snapshot.store} holds no trial {named}. The others are shown.", 3000))
    if asked.n_cut:
        st.warning(
            f"At most {MAX_TRIALS} are compared: {words.plural(asked.n_cut, 'trial')} behind these "
            f"{'is' if asked.n_cut == 1 else 'are'} left out.",
            icon=":material/content_cut:",
        )


def _chosen(ids: Sequence[str]) -> None:
    """What is compared, each with a way to take it out; a way to add one; and the address to share."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Add a trial or a refit",
            key="add",
            placeholder="SEARCH/17 or SEARCH/17-0",
            icon=":material/add:",
            max_chars=300,
            width=340,
            on_change=_add,
        )
        if ids:
            with st.popover("Remove", icon=":material/remove:"):
                for place, name in enumerate(ids[:MAX_TRIALS]):
                    label = words.escape(name, 80)
                    st.button(
                        label, icon=":material/close:", key=f"remove-{place}", on_click=_remove, args=(name,)
                    )
            st.button("Clear", icon=":material/clear_all:", key="clear", on_click=_set, args=([],))
            with st.popover("Share", icon=":material/share:"):
                st.caption("Whoever can open this dashboard sees the same at this address.")
                st.code(_address(ids), language=None, wrap_lines=True)


def _address(ids: Sequence[str]) -> str:
    path = links.address("compare", ids=",".join(ids[:MAX_TRIALS]))
    base = (st.context.url or "").partition("?")[0].removesuffix("/").removesuffix("/compare")
    return words.text(base + path, LONGEST)


def _add() -> None:
    name = st.session_state["add"]
    st.session_state["add"] = ""
    _set([*_asked(), *queries.split_ids(name or "")])


def _remove(name: str) -> None:
    _set([one for one in _asked() if one != name])


def _asked() -> list[str]:
    return queries.split_ids(links.asked(IDS, LONGEST))


def _set(ids: Sequence[str]) -> None:
    """Ask for these by the address, which is all that the page remembers."""
    if ids:
        st.query_params[IDS] = ",".join(dict.fromkeys(ids))
    else:
        st.query_params.pop(IDS, None)


def _too_few(asked: Asked) -> None:
    there = "One trial is chosen" if asked.found else "No trial is chosen"
    st.info(
        f"{there}: two and more can be compared. Open a trial and press “Compare”, or name one above as it is named "
        "on the command line, such as houses-0a1b2c3d/17.",
        icon=":material/compare_arrows:",
    )
    for column in asked.found:
        links.link(column.name, "trial", icon=":material/science:", id=column.name)


def _mixed(columns: Sequence[Column]) -> None:
    """Says where scores cannot be compared."""
    blocks = queries.blocks(columns)
    if len(blocks) < 2:
        return
    parts = [
        f"{metric} on {group[0].search['dataset']} ({fingerprint[:8]}, split {split[:8]}): "
        f"{', '.join(column.name for column in group)}"
        for (fingerprint, split, metric), group in blocks
    ]
    st.warning(
        "**Their scores cannot all be compared**: they are of different data, splits or metrics. Nothing of two of "
        "these groups stands on one axis.",
        icon=":material/warning:",
    )
    st.text("\n".join(words.text(part, 600) for part in parts))


def _table(columns: Sequence[Column], heads: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("What differs", anchor=False)
        only = st.toggle("Only what differs", value=True, key="differing", bind="query-params")
    whole = tables.table(columns, only_differing=False)
    shown = tables.table(columns, only_differing=True).drop("mark") if only else whole
    several = len(queries.blocks(columns)) > 1
    config = {
        "mark": st.column_config.TextColumn("", pinned=True, width=90),
        "what": st.column_config.TextColumn(
            "Result or parameter", pinned=True, width=330 if several else 200
        ),
    }
    st.dataframe(
        shown.drop("kind").rename(dict(heads)),
        hide_index=True,
        column_config=config,
        height="auto" if shown.height <= 16 else 560,
        key="comparison",
        alt="One row a result or parameter, one column a trial.",
    )
    if only:
        n_same = whole.height - shown.height
        st.caption(
            f"{shown.height:,} of {whole.height:,} rows shown; in the other {n_same:,} all say the same."
        )
    _export(tables.as_csv(whole))


def _export(content: bytes) -> None:
    if len(content) <= MAX_EXPORT_BYTES:
        st.download_button(
            "The whole table as CSV",
            content,
            "comparison.csv",
            "text/csv",
            key="csv",
            icon=":material/download:",
        )
    else:
        st.caption("The table is too large to be downloaded from here.")
