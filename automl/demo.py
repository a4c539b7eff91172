"""`automl demo`: a small search on real bundled data, its leaderboard, the best model pulled and used."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

SPEC = {
    "name": "demo",
    "data": {"name": "digits"},
    "families": ["cnn"],
    "budget": {"trials": 16, "epochs": 12, "time": 55},
    "finalists": {"top": 2, "seeds": 3},
}


def run_demo(store: str | None) -> int:
    """Runs the demonstration; every step is a command that a user may type."""
    from automl import api
    from automl.commands.reading import show_board
    from automl.commands.searching import announce, with_progress
    from automl.store import open_store

    began = time.monotonic()
    path = str(open_store(store, create=True))
    _say("Searching networks for 1,797 handwritten digits (scikit-learn's bundled data) ...")
    result = with_progress(lambda watch: api.search(SPEC, store=path, watch=watch, announce=announce))
    if result.state != "complete":
        print(f"The demo ended {result.state}: {result.message}. Run it again to go on.", file=sys.stderr)
        return 130 if result.state == "stopped" else 1
    _say("\nThe leaderboard, on test rows that the search never saw:\n")
    show_board(result.leaderboard(), "table")
    folder = Path(tempfile.mkdtemp(prefix="automl-demo-")) / "model"
    result.pull(folder)
    _say(f"\nThe best model, pulled and verified: {folder}")
    _use(folder)
    if result.message:
        _say(f"\n{result.message}")
    _say(f"\nDone in {time.monotonic() - began:.0f} s. Go on with:")
    if shutil.which("automl") is None:
        _say(f"  source {Path(sys.prefix) / 'bin' / 'activate'}")
    suffix = f" --store {store}" if store else ""
    for command in (
        f"leaderboard {result.search_id}{suffix}",
        f"trials {result.search_id}{suffix}",
        f"dashboard{suffix}",
        "search YOUR_DATA.csv --target COLUMN",
    ):
        _say(f"  automl {command}")
    return 0


def _use(folder: Path) -> None:
    """Loads the bundle as a stranger would, and shows what it predicts for some of the test images."""
    import numpy as np

    from automl import api, catalog
    from automl.data import prepare
    from automl.spec import parse_spec

    model = api.load(folder)
    raw = catalog.dataset("digits").load()
    assert raw.values is not None
    spec = parse_spec(SPEC)
    rows = prepare(spec.data, spec.split, spec.task).test.index[:8].tolist()
    images, labels = raw.take(np.array(rows)).values, raw.frame["label"][rows].to_list()
    _say(f"  {model.describe().splitlines()[0]}")
    _say(f"  predicted: {' '.join(map(str, model.predict(images)))}")
    _say(f"  true:      {' '.join(labels)}")


def _say(text: str) -> None:
    print(text, flush=True)
