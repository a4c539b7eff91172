"""The end of the page of a new search: submit it once, or take it along as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from automl.errors import AutoMLError
from dashboard import actions, links, words
from dashboard.drafts import draft, sending
from dashboard.drafts.check import Checked
from dashboard.drafts.estimates import Answer
from dashboard.drafts.sending import Accepted, Sending
from dashboard.queries import searches
from dashboard.snapshot import Snapshot

POLL_SECONDS = 0.5
FILE = "spec.yaml"


def submit(snapshot: Snapshot, checked: Checked, answer: Answer | None) -> None:
    """The button, why it cannot be pressed, and what came of it."""
    sent = sending.last()
    if sent is not None and not sent.answer.done():
        _wait(sent)
    elif sent is not None and sent.text == draft.text():
        _tell(sent)
    existing = _existing(snapshot, answer)
    reason = _why_not(checked, existing, sent)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Submit",
            type="primary",
            icon=":material/play_arrow:",
            key="submit",
            disabled=reason is not None,
            help=reason,
            on_click=_send,
        )
        st.download_button(
            "Save as file",
            draft.text().encode(errors="replace"),
            FILE,
            "application/yaml",
            key="save",
            on_click="ignore",
            icon=":material/download:",
        )
        if reason is not None:
            st.caption(words.escape(reason, 400), width="content")
    if reason is None and answer is not None and answer.found is not None:
        st.caption(_summary(answer.found))
    if actions.why_none() is not None:
        st.caption("Without a service, save it as a file and run it on a machine that has the data:")
        st.code(snapshot.command("search", FILE), language=None)


def _summary(found: Mapping[str, Any]) -> str:
    """What pressing the button costs."""
    trials, workers = words.plural(found["n_trials"], "trial"), words.plural(found["n_workers"], "worker")
    return f"About {trials} in {words.duration(found['seconds'])} on {workers}, as estimated below."


def refused() -> str | None:
    """What the service said against the text as it is; None where it said nothing against it."""
    sent = sending.last()
    if sent is None or not sent.answer.done() or sent.text != draft.text():
        return None
    error = sent.answer.exception()
    return str(error) if isinstance(error, AutoMLError) else None


def _why_not(checked: Checked, existing: str | None, sent: Sending | None) -> str | None:
    """Why it cannot be submitted now, in a sentence."""
    reason = actions.why_not("submitter")
    if reason is not None:
        return reason
    if checked.spec is None:
        return "The spec is not valid yet: what is wrong stands below the YAML."
    if sent is not None and not sent.answer.done():
        return "A search is on its way to the service."
    if sent is not None and sent.text == draft.text() and sent.answer.exception() is None:
        return "It has been submitted. Change the spec to submit another."
    return None if existing is None else "This search exists already."


def _existing(snapshot: Snapshot, answer: Answer | None) -> str | None:
    """The id of the search that this spec means, where it exists; said with a link to it."""
    if answer is None or answer.found is None:
        return None
    search_id = str(answer.found["search_id"])
    row = searches.search(snapshot, search_id)
    if row is None:
        return None
    sent = sending.last()
    if sent is None or sent.text != draft.text():
        st.info(
            f"This search exists, it is {words.escape(row['state'], 40)}: the same data, families, spaces and seed are "
            "the same search. Open it to look, to let it go on, or to give it more budget.",
            icon=":material/content_copy:",
        )
        links.link(f"Open {search_id}", "search", ":material/query_stats:", id=search_id)
    return search_id


def _send() -> None:
    spec = draft.checked().spec
    if spec is not None and actions.why_not("submitter") is None:
        sending.begin(actions.service(), spec)


def _wait(sent: Sending) -> None:
    @st.fragment(run_every=POLL_SECONDS, key="sending")
    def look() -> None:
        if sent.answer.done():
            st.rerun()
        st.status(
            "Sending the search and its data to the service, which is started where none runs",
            state="running",
        )

    look()


def _tell(sent: Sending) -> None:
    """What came of it."""
    error = sent.answer.exception()
    if error is None:
        _accepted(sent.answer.result())
    elif isinstance(error, AutoMLError):
        st.error(words.escape(error, 1500), icon=":material/error:")
        st.caption("It was not accepted. Nothing of what you wrote is lost.")
    else:
        raise error


def _accepted(accepted: Accepted) -> None:
    state = "complete: it was searched before" if accepted.state == "complete" else accepted.state
    st.success(
        f"**{words.escape(accepted.search_id, 100)}** is accepted and {words.escape(state, 60)}. "
        f"{words.escape(accepted.place, 200)}",
        icon=":material/check_circle:",
    )
    if accepted.notes:
        st.caption(words.escape("; ".join(accepted.notes), 800))
    links.link(f"Open {accepted.search_id}", "search", ":material/query_stats:", id=accepted.search_id)
