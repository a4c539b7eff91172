"""Which trials the parts about parameters compare, and by which scores."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import words
from dashboard.queries import parameters
from dashboard.queries.parameters import Summary
from dashboard.snapshot import Snapshot

EVERY_FAMILY = "all families"
AT_END = "all epochs"
ENOUGH = 50  # complete trials, to compare those at first; of fewer, the first rung has more to say


@dataclass(frozen=True)
class Choice:
    """
    Args:
        rung: compare the best scores until this epoch; None compares those of complete trials.
    """

    family: str | None
    rung: int | None
    summary: Summary

    def sentence(self) -> str:
        """What is compared."""
        n = words.plural(self.summary.n_counting, "trial")
        if self.rung is not None:
            epochs = words.plural(self.rung, "epoch")
            return f"Compared: the best score within {epochs} of {n} that got so far, whatever came of them."
        stopped = self.summary.n_stopped
        left_out = f" {words.plural(stopped, 'trial')} stopped early do not count here:" if stopped else ""
        hint = " choose fewer epochs to compare them too." if stopped else ""
        return f"Compared: the scores of {n.replace('trial', 'complete trial')}.{left_out}{hint}"


def choose(snapshot: Snapshot, search_id: str) -> Choice:
    """What the widgets, and so the address, choose."""
    whole = parameters.summary(snapshot, search_id, None, None)
    families = whole.families
    rungs = parameters.rungs(snapshot, search_id)
    family, after = EVERY_FAMILY, AT_END
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(families) > 1:
            family = st.selectbox(
                "Family", [EVERY_FAMILY, *families], key="among", bind="query-params", width=240
            )
        if rungs:
            after = st.selectbox(
                "Scores after",
                [AT_END, *(words.plural(epoch, "epoch") for epoch in rungs)],
                index=0 if whole.n_complete >= ENOUGH else 1,
                key="rung",
                bind="query-params",
                width=200,
                help="Trials were compared at these epochs and most of them stopped there. Scores after fewer "
                "epochs are those of more trials, and are compared with their like.",
            )
    rung = next((epoch for epoch in rungs if words.plural(epoch, "epoch") == after), None)
    chosen = None if family == EVERY_FAMILY else family
    return Choice(chosen, rung, parameters.summary(snapshot, search_id, chosen, rung))
