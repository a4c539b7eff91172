"""A store of many trials, made up from a seed: 1,000 searches over 50 data sets, with curves and finalists.

One search in a thousand trials holds a tenth of them all (`BIG`), and one runs (`RUNNING`), whose last trials stand in
as many small files as the folds of a running search leave. All other tables are as compaction leaves them: sorted, in
files of at most 128 MiB, with the row groups of the product.
"""

from benchmarks._million.building import build, sorted_parquet
from benchmarks._million.folding import fold_one
from benchmarks._million.layout import (
    BIG,
    N_DATASETS,
    N_FINALISTS,
    N_SEARCHES,
    RUNNING,
    dataset,
    n_trials_of,
    search_id,
)

__all__ = [
    "BIG",
    "N_DATASETS",
    "N_FINALISTS",
    "N_SEARCHES",
    "RUNNING",
    "build",
    "dataset",
    "fold_one",
    "n_trials_of",
    "search_id",
    "sorted_parquet",
]
