"""Attempts and their learning curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from benchmarks._million.configurations import Sampled
from benchmarks._million.layout import BIG, N_WORKERS, created_at, frame, n_trials_of, search_id

RUNGS = (7, 20, 60)
ENDS = {"complete": 0.18, "stopped at 20": 0.28, "stopped at 7": 0.5, "failed": 0.04}  # 20 epochs in the mean
FAILURES = ("diverged", "out_of_memory_gpu", "timeout", "lost_worker")


def trials(
    numbers: Sequence[int], n_trials: int, configurations: Sampled, rng: np.random.Generator
) -> pl.DataFrame:
    """One attempt at each trial of these searches, as rows of `trials`, sorted as they are."""
    each = np.array([n_trials_of(number, n_trials) for number in numbers])
    number = np.repeat(np.array(numbers), each)
    trial = np.concatenate([np.arange(n) for n in each])
    n = len(trial)
    ends = rng.choice(np.array(list(ENDS)), n, p=list(ENDS.values()))
    failed, complete = ends == "failed", ends == "complete"
    n_epochs = np.select(
        [complete, ends == "stopped at 20", ends == "stopped at 7"],
        RUNGS[::-1],
        default=rng.integers(1, RUNGS[1], n),
    )
    chosen = configurations.choose(n, rng)
    reached = 1 - 0.25 * np.exp(-n_epochs / 8)
    score = np.clip(chosen["quality"].to_numpy() * reached + rng.normal(0, 0.01, n), 0.4, 0.999)
    seconds = n_epochs * rng.uniform(0.2, 2.0, n)
    ids = pl.Series([search_id(one) for one in numbers])
    columns = {
        "search_id": ids.gather(np.repeat(np.arange(len(numbers)), each)),
        "trial": trial,
        "attempt": 1,
        "term": 1,
        "state": np.where(failed, "failed", np.where(complete, "complete", "stopped")).tolist(),
        "origin": np.where(trial < 6, "portfolio", "sampler").tolist(),
        "seed": rng.integers(0, 2**32, n),
        "metric": "accuracy",
        "goal": "max",
        "score": pl.Series(np.where(failed, np.nan, score)).fill_nan(None),
        "feasible": True,
        "n_epochs": n_epochs,
        "best_epoch": np.maximum(n_epochs - rng.integers(0, 4, n), 1),
        "micro_batches": 1,
        "train_seconds": seconds,
        "latency_ms": pl.Series(
            np.where(complete | (number == BIG), rng.exponential(0.8, n), np.nan)
        ).fill_nan(None),
        "peak_memory_bytes": rng.integers(2**28, 2**33, n),
        "worker": pl.Series(trial % N_WORKERS).cast(pl.String),
        "device": "cuda",
        "bundle_removed": True,
        "version": "0.1.0",
        **{name: chosen[name] for name in ("family", "configuration", "parameters", "n_parameters")},
    }
    made = frame("trials", n, columns)
    return _timed(_failed(made, rng), numbers)


def _failed(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """With reasons and messages of what failed, and with the scores as JSON."""
    reasons = pl.Series(rng.choice(np.array(FAILURES), rows.height).tolist())
    is_failed = pl.col("state") == "failed"
    scores = pl.format(
        '{{"accuracy": {}, "log_loss": {}, "n_parameters": {}, "latency_ms": {}, "train_seconds": {}}}',
        *(
            "score",
            1.2 - pl.col("score"),
            "n_parameters",
            pl.col("latency_ms").fill_null(1.0),
            "train_seconds",
        ),
    )
    return rows.with_columns(
        reason=pl.when(is_failed).then(reasons),
        message=pl.when(is_failed).then(pl.format("It failed in epoch {}: {}.", "n_epochs", reasons)),
        scores=pl.when(is_failed).then(pl.lit("{}")).otherwise(scores),
    )


def _timed(rows: pl.DataFrame, numbers: Sequence[int]) -> pl.DataFrame:
    """With the times at which each worker trained its trials, one after the other."""
    ids = [search_id(number) for number in numbers]
    begins = pl.Series([created_at(number) for number in numbers], dtype=rows.schema["started_at"])
    spent = (pl.col("train_seconds") + 0.5).cum_sum().over("search_id", "worker") * 1e6
    begin = pl.col("search_id").replace_strict(ids, begins, return_dtype=begins.dtype)
    ended = begin + spent.cast(pl.Duration("us"))
    took = (pl.col("train_seconds") * 1e6).cast(pl.Duration("us"))
    return rows.with_columns(started_at=ended - took, ended_at=ended)


def epochs(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The curves of these attempts in accuracy and in the loss of training, sorted as compaction sorts."""
    n_epochs = rows["n_epochs"].to_numpy()
    twice = np.repeat(n_epochs, 2)  # attempt by attempt: accuracy, then train_loss
    n = int(twice.sum())
    curve = np.repeat(np.arange(len(twice)), twice)
    epoch = np.arange(n) - np.repeat(np.cumsum(twice) - twice, twice) + 1
    of, is_loss = curve // 2, curve % 2 == 1
    end = rows["score"].fill_null(0.5).to_numpy()[of]
    rise = np.exp(-epoch / 8) * 0.25 + rng.normal(0, 0.004, n)
    names = pl.Series(["accuracy", "train_loss"])
    columns = {
        "search_id": rows["search_id"].gather(of),
        "trial": rows["trial"].gather(of),
        "attempt": rows["attempt"].gather(of),
        "epoch": epoch,
        "metric": names.gather(is_loss.astype(np.uint32)),
        "value": np.where(is_loss, (1.2 - end) * (0.4 + 3 * rise), end - rise),
    }
    return frame("epochs", n, columns)
