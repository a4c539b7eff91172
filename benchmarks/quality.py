"""How good the models are that a search finds, on real data and two cores.

``python -m benchmarks.quality [--only houses] [--minutes 20] [--data DIR] [--store DIR] [--quick] [--json FILE]``

Each row is one search, or a few that share its minutes, with the default spec as a user would type it: the
data, the task, the objective and the budget. Finalists are trained again over seeds and scored once on the
test split: the given one, or 20 % at random with split seed 0. The best network is the one that `pull` would
give (chosen by validation); its mean over the final seeds stands beside its interval and the baselines on
the same rows. With ``--quick`` searches are tiny and run in this process, to see that every row works.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from automl.errors import AutoMLError, RequestError
from benchmarks._measure import Measure, arguments, development_data, report
from benchmarks._rows import ROWS, Outcome, Results, Row

_SHARE_OF_TIME = 0.97  # the rest is for reading the data and for judging
_QUICK_ROWS = 300
_SHOWN = ("rank", "entry", "family", "score", "low", "high", "n_seeds", "n_rows", "validation_score")


def measure(name: str, row: Row, data: Path | None, work: Path, store: Path, options: Any) -> list[Measure]:
    """Runs the searches of one row and compares their networks with what they have to reach."""
    given = data if data is not None else work  # a row that needs no data does not look there
    if row.files is not None:
        row.files(given, work, options.quick)
    specs = row.specs(given, work)
    seconds = (options.minutes or row.minutes) * 60 / len(specs) * _SHARE_OF_TIME
    outcomes = {}
    for part, spec in specs.items():
        whole = _tiny(spec) if options.quick else {**spec, "budget": {"time": seconds}}
        outcomes[part] = search(whole, store, options.quick)
        _show(name if len(specs) == 1 else f"{name} {part}", outcomes[part])
    return row.judge(Results(outcomes, data, work, options.quick))


def _tiny(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        **spec,
        "data": {**spec["data"], "max_rows": _QUICK_ROWS},
        "budget": {"trials": 2, "epochs": 2},
        "finalists": {"top": 1, "seeds": 1},
    }


def search(spec: dict[str, Any], store: Path, in_process: bool) -> Outcome:
    """One search, to its end."""
    from automl import api
    from automl.execution.local import LocalExecutor

    began = time.monotonic()
    result = api.search(spec, store=store, executor=LocalExecutor() if in_process else None)
    seconds = time.monotonic() - began
    print(f"\n{result.search_id} ended {result.state}: {result.message}", flush=True)
    if result.state == "stopped":
        raise SystemExit("Interrupted; with --store the same command goes on from here.")
    board = result.leaderboard()
    if "refit" not in board["kind"]:
        raise RequestError(f"{result.search_id} has trained no finalist: {result.message} Give it more time.")
    return Outcome(spec, result.search_id, board, result.trials(), store, seconds)


def _show(name: str, outcome: Outcome) -> None:
    """Prints the leaderboard, and the best network's family and configuration."""
    print(f"{name}: {outcome.trials.height} trials in {outcome.seconds:.0f} s")
    with pl.Config(
        tbl_rows=20, tbl_cols=9, tbl_width_chars=120, tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
    ):  # fmt: skip
        print(outcome.board.select(_SHOWN))
    print(f"{outcome.network['family']}: {_short(json.loads(outcome.configuration))}", flush=True)


def _short(node: Any) -> str:
    """A configuration in one line: ``depth 3, optimizer adamw (beta 0.9)``."""
    if isinstance(node, dict):
        inner = ", ".join(f"{key} {_short(value)}" for key, value in node.items() if key != "name")
        if "name" not in node:
            return inner
        return f"{node['name']} ({inner})" if inner else str(node["name"])
    return f"{node:.3g}" if isinstance(node, float) else str(node)


def main() -> None:
    options = arguments(__doc__, only="", minutes=0.0, data="", store="")
    data = development_data(options.data)
    wanted = [name for name in ROWS if options.only in ("", name)]
    if not wanted:
        raise SystemExit(f"--only is one of {', '.join(ROWS)}, but got {options.only!r}.")
    measures: list[Measure] = []
    failed = []
    for name in wanted:
        if data is None and ROWS[name].needs_data:
            print(f"{name}: skipped, since neither --data nor AUTOML_DATA names the development data.")
            continue
        with tempfile.TemporaryDirectory(prefix="automl-quality-") as folder:
            store = Path(options.store) if options.store else Path(folder) / "store"
            try:
                found = measure(name, ROWS[name], data, _work(options.store, name, folder), store, options)
            except AutoMLError as error:  # the other rows take hours, and are not to be lost with it
                print(f"{name} failed: {error}", flush=True)
                failed.append(name)
                continue
        report(found)
        measures += found
        if options.json is not None:
            options.json.write_text(json.dumps([asdict(one) for one in measures], indent=1) + "\n")
    if len(wanted) > 1:
        print("\nAll rows:")
        report(measures)
    if failed:
        raise SystemExit(f"These rows failed: {', '.join(failed)}.")


def _work(store: str, name: str, temporary: str) -> Path:
    """Where the files of a row go: beside a store that is kept, so that its searches can go on."""
    work = Path(f"{store.rstrip('/')}-files" if store else temporary) / name
    work.mkdir(parents=True, exist_ok=True)
    return work


if __name__ == "__main__":
    main()
