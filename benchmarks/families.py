"""Every family on every kind of data and group of tasks that it serves: its test score and its seconds.

``python -m benchmarks.families [--data DIR] [--quick] [--json FILE] [--markdown FILE]``

Each cell of the table is a search of a few trials of one family on small data, one finalist trained again, in
this process and so on one core; it shows that every family works everywhere, and not how good it can be. The
data are the development data where they are named, else bundled or made-up ones. With ``--quick`` each family
has one cell. Where there is a GPU, each family is also timed on it, in bfloat16 and in full precision.
"""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from automl.errors import AutoMLError
from benchmarks._cells import Cell, all_cells, families, of_family
from benchmarks._measure import Measure, arguments, development_data, report

KINDS = ("table", "image", "text", "audio", "series")
BUDGET = {"trials": 2, "epochs": 10, "time": 12}
QUICK_BUDGET = {"trials": 1, "epochs": 2}


@dataclass(frozen=True)
class Tried:
    """One cell of the table.

    Args:
        score: of the best network on the test rows; None where the search failed.
        baseline: the best one on the same rows, with its score.
        message: why it failed.
    """

    family: str
    cell: Cell
    metric: str
    score: float | None
    seconds: float
    baseline: tuple[str, float] | None = None
    message: str = ""

    def __str__(self) -> str:
        if self.score is None:
            return f"failed: {self.message}"
        return f"{self.metric} {self.score:.3g}, {self.seconds:.0f} s"


def tried(family: str, cell: Cell, store: Path, quick: bool) -> Tried:
    """One small search of one family."""
    from automl import api
    from automl.execution.local import LocalExecutor

    began = time.monotonic()
    spec = {
        **cell.spec,
        "families": [family],
        "budget": QUICK_BUDGET if quick else BUDGET,
        "finalists": {"top": 1, "seeds": 1},
    }
    try:
        result = api.search(spec, store=store, executor=LocalExecutor())
        board = result.leaderboard()
    except AutoMLError as error:
        return Tried(family, cell, "", None, time.monotonic() - began, message=str(error))
    if result.state == "stopped":
        raise SystemExit(f"Interrupted at {family} on {cell.kind}, {cell.task}.")
    seconds = time.monotonic() - began
    networks, baselines = (board.filter(pl.col("kind") == kind) for kind in ("refit", "baseline"))
    if networks.height == 0:
        return Tried(family, cell, "", None, seconds, message=str(result.message))
    sign = -1 if board["goal"][0] == "max" else 1
    best = baselines.sort(sign * pl.col("score")).head(1)
    beside = (best["entry"][0], float(best["score"][0])) if best.height else None
    return Tried(family, cell, networks["metric"][0], float(networks["score"][0]), seconds, beside)


def table(found: list[Tried]) -> str:
    """Families as rows and kinds of data as columns, in Markdown, with a last row of the best baselines."""
    lines = [f"| family | {' | '.join(KINDS)} |", f"|---|{'---|' * len(KINDS)}"]
    for family in dict.fromkeys(one.family for one in found):
        own = [one for one in found if one.family == family]
        cells = ["<br>".join(str(one) for one in own if one.cell.kind == kind) for kind in KINDS]
        lines.append(f"| `{family}` | {' | '.join(cells)} |")
    beside = {(one.cell.kind, one.metric): one.baseline for one in found if one.baseline is not None}
    best = [
        "<br>".join(
            f"{metric} {score:.3g}, `{name}`" for (of, metric), (name, score) in beside.items() if of == kind
        )
        for kind in KINDS
    ]
    lines.append(f"| *best baseline* | {' | '.join(best)} |")
    used = dict.fromkeys((one.metric, one.cell.kind, one.cell.about) for one in found if one.metric)
    lines += ["", "; ".join(f"{metric} on {kind}: {about}" for metric, kind, about in used) + "."]
    return "\n".join(lines) + "\n"


def measures(found: list[Tried]) -> list[Measure]:
    """One figure a cell that did not fail."""
    return [
        Measure(
            name=f"{one.family}, {one.cell.kind}, {one.cell.task} ({one.cell.about})",
            value=one.score,
            unit=one.metric,
            peer=None if one.baseline is None else one.baseline[0],
            peer_value=None if one.baseline is None else one.baseline[1],
            seconds=one.seconds,
        )
        for one in found
        if one.score is not None
    ]


def on_gpu(cells: list[Cell], device: str = "cuda") -> list[Measure]:
    """Examples a second of every family on its first cell, with memory and score in the name."""
    from benchmarks._throughput import speeds

    found = []
    for family in families():
        began = time.monotonic()
        cell = of_family(family, cells)[0]
        speed = speeds(family, cell, device)
        half, full = speed["bf16"], speed["fp32"]
        found.append(
            Measure(
                name=f"{family.name} on {device}, {cell.kind}, bf16: {half.peak_memory_bytes / 2**20:.0f} MiB, "
                f"validation {half.score:.3g} (fp32: {full.peak_memory_bytes / 2**20:.0f} MiB, {full.score:.3g})",
                value=half.examples_per_second,
                unit="examples/s",
                peer="fp32",
                peer_value=full.examples_per_second,
                ratio=half.examples_per_second / full.examples_per_second,
                seconds=time.monotonic() - began,
            )
        )
    return found


def main() -> None:
    import torch

    options = arguments(__doc__, data="", markdown="")
    logging.getLogger("automl").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="automl-families-") as folder:
        work = Path(folder)
        cells = all_cells(development_data(options.data), work)
        for cell in cells:
            if cell.files is not None:
                cell.files()
        found = []
        for family in families():
            own = of_family(family, cells)
            for cell in own[:1] if options.quick else own:
                found.append(tried(family.name, cell, work / "store", options.quick))
                print(f"{family.name}, {cell.kind}, {cell.task}: {found[-1]}", flush=True)
        on_this = on_gpu(cells) if torch.cuda.is_available() else []
    print(f"\n{table(found)}")
    if options.markdown:
        Path(options.markdown).write_text(table(found))
    if not on_this:
        print("There was no GPU, so that examples a second and bfloat16 were not measured.\n")
    report(measures(found) + on_this, options.json)
    failed = [f"{one.family} on {one.cell.kind}, {one.cell.task}" for one in found if one.score is None]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(found)} cells failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
