"""What became of a trial, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl.wording import number
from dashboard import words
from dashboard.queries.overfitting import Overfitting
from dashboard.queries.trial import Rung

REASONS = {
    "diverged": "Its loss was no finite number any more.",
    "out_of_memory_gpu": "The memory of the GPU did not suffice.",
    "out_of_memory_host": "The memory of the machine did not suffice.",
    "timeout": "It took longer than a trial may take.",
    "hung": "It gave no sign of life for too long.",
    "lost_worker": "The process that trained it ended.",
    "lost_node": "The machine that trained it was lost.",
    "preempted": "Its place on the cluster was taken for other work.",
    "bad_data": "The data could not be used.",
    "bad_checkpoint": "The checkpoint that it was to go on from could not be read.",
    "storage": "The store could not be read or written.",
    "error": "The program raised an error.",
    "cancelled": "It was ended because somebody asked for it.",
}
ORIGINS = {
    "queue": "from the queue of the spec",
    "portfolio": "from the portfolio of good defaults",
    "sampler": "suggested by the sampler",
    "random": "drawn at random",
}


def ended(row: Mapping[str, Any], rung: Rung | None) -> str:
    """How a trial ended, and why.

    Args:
        row: of the table `trials`.
        rung: where it was stopped, as far as that is known.
    """
    epochs = words.plural(row["n_epochs"], "epoch")
    reason = REASONS.get(row["reason"] or "", f"The reason is {row['reason'] or 'not known'}.")
    if row["state"] == "complete":
        return f"It was trained for all its {epochs}."
    if row["state"] == "failed":
        return f"It failed after {epochs}. {reason}"
    if row["reason"]:
        return f"It was stopped after {epochs}. {reason}"
    if rung is None:
        return f"It was stopped early, after {epochs}."
    needed = f"and {number(rung.needed)} would be needed to be among those that go on."
    if rung.would_go_on:
        needed = "which would be enough by now; it was not when it was judged, among those that had reached it then."
    return (
        f"It was stopped at the rung of {epochs}, where about one in {rung.factor} goes on: its best {row['metric']} "
        f"until there, {number(rung.score)}, takes place {rung.place:,} among the {rung.n:,} trials that have "
        f"reached this rung by now, {needed}"
    )


def overfits(found: Overfitting, metric: str) -> str:
    """From when on a trial overfits, and by how much."""
    since = f"the training loss still falls, from {number(found.loss)} to about {number(found.last_loss)}"
    shaded = "The shaded parts are the gap."
    if found.is_slight:
        return (
            f"From epoch {found.epoch} on {metric} gets no better than {number(found.best)}, while {since}: at the end "
            f"{metric} is about {number(found.last)}, so that it hardly overfits yet. {shaded}"
        )
    return (
        f"It overfits from epoch {found.epoch} on: {since}, while {metric} gets no better than {number(found.best)} "
        f"and is about {number(found.last)} at the end. {shaded}"
    )
