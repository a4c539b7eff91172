"""Which checkpoint to take: the best of each data set, what it is, and what it says."""

from __future__ import annotations

from dashboard import links, shell
from dashboard.snapshot import Snapshot
from dashboard.views import checkpoints, model

TITLE = "Models"
ICON = ":material/deployed_code:"
ORDER = 7


def page() -> None:
    shell.guarded(_page)


def _page(snapshot: Snapshot) -> None:
    asked = links.asked("id")
    if asked:
        model.show(snapshot, asked)
        return
    shell.heading(TITLE, snapshot, "scores")
    checkpoints.show(snapshot)
