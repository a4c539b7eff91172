"""Records of trials that nobody trained, for measuring what stores and tables do with them."""

from __future__ import annotations

from datetime import UTC, datetime

from automl.store import Record
from automl.store.rows import TrialRow


def trial_record(search_id: str, number: int, n_epochs: int = 20) -> Record:
    """The record of a trial that was trained well, with two learning curves."""
    now = datetime.now(UTC)
    row = TrialRow(
        search_id=search_id,
        trial=number,
        attempt=1,
        term=1,
        state="complete",
        family="mlp",
        origin="sampler",
        configuration="{}",
        parameters="{}",
        seed=0,
        metric="rmse",
        goal="min",
        score=1.0,
        scores="{}",
        n_epochs=n_epochs,
        started_at=now,
        ended_at=now,
        train_seconds=1.0,
        worker="w",
        device="cpu",
        version="0",
    )
    curves = {
        "train_loss": [1.0 / (i + 1) for i in range(n_epochs)],
        "rmse": [1.0 / (i + 2) for i in range(n_epochs)],
    }
    return Record(kind="trial", name=str(number), attempt=1, term=1, trial=row, epochs=curves)
