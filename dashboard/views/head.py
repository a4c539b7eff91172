"""The top of the page of a search: its state, its numbers, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from automl.remote import Remote
from automl.results import Allowance
from automl.wording import number
from dashboard import actions, links, shell, words
from dashboard.queries import searches as queries
from dashboard.snapshot import Snapshot

TIMES = {
    "–": None,
    "10 minutes": "10m",
    "30 minutes": "30m",
    "1 hour": "1h",
    "4 hours": "4h",
    "12 hours": "12h",
}
BY_HAND = "It was begun by hand, and not submitted to a service."
STOP, RESUME = ":material/stop_circle:", ":material/play_arrow:"
MOST_TRIALS = 1_000_000


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    _state(snapshot, row)
    _message(snapshot, row)
    _numbers(snapshot, row)
    _actions(snapshot, row)


def _state(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    _, icon, colour = words.STATES.get(row["state"], words.UNKNOWN)
    owner = queries.owner(snapshot, row["search_id"])
    parts = [f"{row['task']} on {row['dataset']}", f"families: {', '.join(row['families'] or [])}"]
    parts += [f"submitted by {owner}"] if owner else []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words.escape(row["state"], 40), icon=icon, color=colour)
        st.text(words.text(" · ".join(parts)), width="content")
        if row["state"] in words.ACTIVE:
            st.caption(f"renewed every {shell.LIVE_SECONDS:.0f} s", width="content")


def _message(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """What the search says of itself, and whether it has fallen silent."""
    said = words.escape(": ".join(part for part in (row["reason"], row["message"]) if part), 1500)
    if said and row["state"] == "failed":
        st.error(said, icon=":material/error:")
    elif said:
        waits = row["state"] == "queued"
        st.info(f"queued: {said}" if waits else said, icon=words.STATES.get(row["state"], words.UNKNOWN)[1])
    running = [row["search_id"]] if row["state"] == "running" else []
    for search_id, seconds in queries.quiet(snapshot, running):
        st.warning(
            f"It has given no sign of life for {words.duration(seconds)}, though one is due every few seconds: "
            "whoever ran it may be gone. Nothing that was recorded is lost, and this goes on with it:",
            icon=":material/heart_broken:",
        )
        st.code(snapshot.command("resume", search_id), language=None)


def _numbers(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    allowed = queries.allowed(row)
    n_ended = row["n_complete"] + row["n_stopped"] + row["n_failed"]
    planned = "" if row["n_planned"] is None else f" / {row['n_planned']:,}"
    refits = f"{row['n_refits']:,}" + ("" if allowed is None else f" / {allowed.n_refits:,}")
    with st.container(horizontal=True):
        best = f"Best {words.escape(row['metric'], 40)} {words.arrow(row['goal'])}"
        about = f"On validation rows; {words.direction(row['goal'])}"
        st.metric(best, number(row["best_score"]), border=True, help=about)
        st.metric("Trials ended", f"{n_ended:,}{planned}", border=True, help="Of those that are planned")
        st.metric("✖ Failed", f"{row['n_failed']:,}", border=True, help="Trials that failed")
        st.metric("Refits", refits, border=True, help="Finalists, trained again over fresh seeds")
        _spent(snapshot, row, allowed)


def _spent(snapshot: Snapshot, row: Mapping[str, Any], allowed: Allowance | None) -> None:
    took = words.duration(row["train_seconds"])
    if allowed is not None:
        seconds = queries.worker_seconds(snapshot, row["search_id"]).get(row["search_id"], 0.0)
        about = f"That its workers had, times their share of a {allowed.hours_of}"
        hours = f"{allowed.hours(seconds):,.3g}"
        st.metric(f"{allowed.hours_of}-hours used", hours, border=True, help=about)
        left = allowed.seconds_left(row, snapshot.moment)
        if left is not None:
            about = f"About, from the share that is done; it has run for {took}"
            st.metric(
                "Time left", words.duration(left) if left >= 1 else "any moment", border=True, help=about
            )
            return
    st.metric("Time taken", took, border=True, help="By the clock, over all its terms")


def _actions(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    search_id, by_hand = row["search_id"], queries.owner(snapshot, row["search_id"]) is None
    with st.container(horizontal=True, vertical_alignment="center"):
        if row["state"] in words.ACTIVE and by_hand:
            st.button(
                "Stop", icon=STOP, key="stop", disabled=True, help=f"{BY_HAND} Ctrl-C where it runs stops it."
            )
        elif row["state"] in words.ACTIVE:
            said = "Its trials write checkpoints and end; the search can go on later."
            actions.button(
                "Stop", "submitter", partial(_stop, search_id), key="stop", icon=STOP, confirm=said
            )
        elif row["state"] in ("stopped", "failed") and by_hand:
            st.button(
                "Resume", icon=RESUME, key="resume", disabled=True, help=f"{BY_HAND} It goes on by hand, too."
            )
        elif row["state"] in ("stopped", "failed"):
            actions.button("Resume", "submitter", partial(_resume, search_id, {}), key="resume", icon=RESUME)
        with st.popover("Add budget", icon=":material/add_circle:", key="budget"):
            _budget(snapshot, row, by_hand)
        _links(row)
    if by_hand and row["state"] in ("stopped", "failed"):
        st.caption("On the command line it goes on with")
        st.code(snapshot.command("resume", search_id), language=None, wrap_lines=True)


def _links(row: Mapping[str, Any]) -> None:
    search_id, best = row["search_id"], row["best_trial"]
    if best is not None and links.there("trial"):
        links.link(f"Best trial ({best})", "trial", ":material/star:", id=f"{search_id}/{best}")
    if row["n_refits"]:
        links.link("Leaderboard", "leaderboard", ":material/leaderboard:", dataset=row["dataset"])


def _budget(snapshot: Snapshot, row: Mapping[str, Any], by_hand: bool) -> None:
    """How much more it may use; what it has no bound on cannot be added to."""
    bounds = queries.budget(row)
    more: dict[str, str] = {}
    if bounds.get("trials") is not None:
        n_more = st.number_input("More trials", 0, MOST_TRIALS, 50, 10, key="more-trials")
        more |= {"trials": f"+{n_more}"} if n_more else {}
    if bounds.get("time") is not None:
        time = TIMES[st.selectbox("More time", list(TIMES), key="more-time")]
        more |= {"time": f"+{time}"} if time else {}
    if bounds.get("trials") is None and bounds.get("time") is None:
        st.text("It has no bound on trials or on time that could be extended.")
    if not more:
        return
    if by_hand:
        st.text(f"{BY_HAND} It is extended by hand, too:")
    else:
        act = partial(_resume, row["search_id"], more)
        actions.button("Add", "submitter", act, key="add-budget", icon=":material/add:")
        st.caption("The same on the command line")
    options = [part for name, value in more.items() for part in (f"--{name}", value)]
    st.code(snapshot.command("resume", row["search_id"], *options), language=None, wrap_lines=True)


def _stop(search_id: str, remote: Remote) -> str:
    remote.stop(search_id)
    return f"{search_id} is told to stop."


def _resume(search_id: str, more: Mapping[str, str], remote: Remote) -> str:
    remote.resume(search_id, more)
    return f"{search_id} goes on."
