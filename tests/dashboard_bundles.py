"""Real, small bundles in the stores of the tests of the dashboard."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from automl.bundle_files import MODEL, write_manifest

SAVED = Path(__file__).parent / "files" / "bundle_v2"  # predicts a price from a, b and colour
HOUSES = "houses-0a1b2c3d"


def place(root: Path, work: str = "17-0", search_id: str = HOUSES, **details: Any) -> Path:
    """The folder of a bundle, put where the scores of `dashboard_store.entry` say that it is."""
    search = root / "searches" / search_id
    folder = search / ("refits" if "-" in work else "trials") / work / "1-0a1b2c3d" / "bundle"
    shutil.copytree(SAVED, folder)
    (search / "search.json").write_text(json.dumps({"objectives": [{"name": "rmse", "goal": "min"}]}))
    own = {
        **{"search_id": search_id, "name": work, "metric": "rmse", "goal": "min", "n_parameters": 85},
        **{
            "scores": {"test": {"rmse": 0.31}},
            "intervals": {"test": {"rmse": [0.28, 0.34]}},
            "latency_ms": 0.4,
        },
    }
    change(folder, details=own | details)
    return folder


def change(folder: Path, **changes: Any) -> None:
    """Other values in ``model.json``, as if it had been saved so."""
    plain = json.loads((folder / MODEL).read_text()) | changes
    (folder / MODEL).write_text(json.dumps(plain))
    write_manifest(folder)


def flip(file: Path, at: int = -1) -> None:
    """Another value of one byte."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
