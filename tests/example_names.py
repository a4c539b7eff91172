"""What there is to be asked for in the example store of the dashboard, and what there is not."""

from __future__ import annotations

from dashboard_store import HOSTILE

from benchmarks.dashboard.addresses import Names

HOUSES, TAXI = "houses-0a1b2c3d", "taxi-0a1b2c3d"
MARKUP = f"<b>nobody</b> {HOSTILE}"
REVERSED = "\u202e\x07" + "long" * 2500


def of_one(search_id: str) -> Names:
    """As if the store held one search of that id."""
    return Names([search_id], [f"{search_id}/17"], [f"{search_id}/17-0"], [search_id], search_id, search_id)


EXAMPLE = Names(
    searches=[HOUSES],
    trials=[f"{HOUSES}/17", f"{HOUSES}/64", f"{TAXI}/5"],
    refits=[f"{HOUSES}/17-0"],
    datasets=["houses"],
    big=HOUSES,
    running=TAXI,
)
UNKNOWN, STRANGE, ENDLESS = (of_one(name) for name in ("nobody-00000000", MARKUP, REVERSED))
