"""The rows of `benchmarks.quality`, by name: one file for each kind of data or question."""

from __future__ import annotations

from benchmarks._rows import anomalies, generation, images, pretraining, recordings, series, tables, texts
from benchmarks._rows.row import Outcome, Results, Row

ROWS: dict[str, Row] = {
    **tables.ROWS,
    **images.ROWS,
    **texts.ROWS,
    **recordings.ROWS,
    **series.ROWS,
    **anomalies.ROWS,
    **generation.ROWS,
    **pretraining.ROWS,
}

__all__ = ["ROWS", "Outcome", "Results", "Row"]
