"""What became of the one trial that a fault struck, and of the others, from the rows of the search."""

from __future__ import annotations

import polars as pl

from benchmarks.faults.fault import Scene


def struck_rows(scene: Scene, reason: str) -> pl.DataFrame:
    """The rows of the attempts that ended for this reason."""
    return scene.bench.rows().filter(state="failed", reason=reason)


def check_others(scene: Scene, *reasons: str) -> None:
    """Nothing ended for another reason; what a lost worker held and had not begun is put back, and no failure."""
    others = set(scene.bench.rows().filter(state="failed")["reason"]) - {*reasons, "preempted"}
    scene.check(not others, f"other attempts failed, with {', '.join(sorted(others))}")


def check_retried(scene: Scene, reason: str) -> None:
    """One attempt ended for this reason, and the next one at its trial was not lost again."""
    rows = struck_rows(scene, reason)
    if rows.height != 1:
        scene.check(False, f"{rows.height} attempts ended as {reason}, and one was struck")
        return
    trial, attempt = rows.row(0, named=True)["trial"], rows.row(0, named=True)["attempt"]
    later = scene.bench.rows().filter(pl.col("trial") == trial, pl.col("attempt") > attempt)
    scene.check(
        later.filter(pl.col("state") != "failed").height == 1, f"trial {trial} was not tried again to its end"
    )


def times_of(scene: Scene, reason: str, fault: str) -> None:
    """Times from the moment at which a fault of the family struck: until its attempt was closed, and until the
    next attempt at the trial began."""
    at = (scene.bench.folder / f"{fault}.mark").stat().st_mtime
    for row in struck_rows(scene, reason).iter_rows(named=True):
        scene.count.detected.append(row["ended_at"].timestamp() - at)
        later = scene.bench.rows().filter(pl.col("trial") == row["trial"], pl.col("attempt") > row["attempt"])
        if later.height:
            scene.count.recovered.append(later["started_at"].min().timestamp() - at)  # type: ignore[union-attr]


def check_ran_out(scene: Scene, reason: str, n_times: int) -> None:
    """Memory was full so many times at one trial: it is tried once more, in smaller parts, and then given up."""
    rows = scene.bench.rows()
    failed = struck_rows(scene, reason).sort("attempt")
    scene.check(
        failed.height == n_times, f"{failed.height} attempts ended as {reason}, and {n_times} were struck"
    )
    check_others(scene, reason)
    for trial in set(failed["trial"]):
        attempts = rows.filter(
            pl.col("trial") == trial, pl.col("reason").is_null() | (pl.col("reason") == reason)
        )
        found = attempts.sort("attempt").select("state", "micro_batches").rows()
        last = "complete" if n_times == 1 else "failed"
        scene.check(found == [("failed", 1), (last, 2)], f"its trial was tried as {found}")
