"""Checkpoints and bundles that are damaged on the disk, in five ways."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import torch

import automl
from automl import bundle_files
from automl.checkpoint import load_checkpoint, save_checkpoint
from automl.errors import BundleError
from automl.execution.local import LocalExecutor
from automl.store.pulling import bundle_of
from automl.store.tables import scan
from benchmarks.faults.bench import FAMILY, Bench
from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import Driver, go_on
from benchmarks.faults.struck import check_others

N_EPOCHS, EPOCH_SECONDS = 20, 0.2
RATES = (0.03, 0.01, 0.05)  # one a trial
WAYS = ("truncated", "empty", "flipped", "of another architecture", "swapped")


def strike(scene: Scene) -> None:
    """Trials leave checkpoints, once or twice; that of one is damaged, or those of two are swapped."""
    bench, rng = scene.bench, scene.rng
    way, n_pauses = WAYS[scene.number % len(WAYS)], 1 + scene.number // len(WAYS) % 2
    bench.n_trials, bench.pause = len(RATES), EPOCH_SECONDS
    left = _paused(scene, bench.search(**_changes()))
    n_needed = 2 if way == "swapped" else 1
    while n_pauses > 1 or len(left) < n_needed:  # the second worker may come up later
        n_pauses -= 1
        left = _paused(scene, bench.resume())
    damage(way, left[0], left[-1], rng)
    scene.count.struck += 1
    trained = bench.n_epochs
    go_on(scene, bench.records())
    logs = "".join(log.read_text() for log in bench.folder.glob("store/searches/*/logs/worker-*.log"))
    scene.check("bad_checkpoint" in logs, f"a checkpoint that was {way} was not noticed")
    scene.check(
        _curves(bench.rows("epochs")) == _unbroken(), f"a trial went on from a checkpoint that was {way}"
    )
    redone = bench.n_epochs - N_EPOCHS * (len(RATES) + 1)
    scene.check(redone <= trained, f"{redone} epochs were trained again, of {trained}")
    check_others(scene)
    _bundles(scene, way)


def _paused(scene: Scene, driver: Driver) -> list[Path]:
    """Pauses the search after some epochs; of each trial that is under way, the folder of its newest checkpoint."""
    bench = scene.bench
    bench.wait_for_epochs(bench.n_epochs + scene.rng.randint(8, 14), driver)
    driver.terminate()
    status = bench.ends(driver)
    assert status == 130, f"it ended with {status}:\n{bench.log}"
    found = []
    for trial in sorted(bench.folder.glob("store/searches/*/trials/*")):
        if any(json.loads(record.read_bytes())["state"] != "failed" for record in trial.glob("*.json")):
            continue
        folders = sorted(trial.glob("*/checkpoint"), key=lambda one: int(one.parent.name.partition("-")[0]))
        found += folders[-1:]
    return found


def _changes() -> dict[str, Any]:
    return {
        "queue": [{"family": "faulty", "learning_rate": rate} for rate in RATES],
        "budget": {"trials": len(RATES), "epochs": N_EPOCHS},
        "search": {"rungs": "none", "sampler": "random"},
    }


def damage(way: str, one: Path, other: Path, rng: random.Random) -> None:
    """Damages the newest checkpoint in `one`, in a way; swaps it with that in `other`."""
    if way == "swapped":
        aside = one.with_name("aside")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)
    elif way == "of another architecture":
        found = load_checkpoint(one)
        assert found is not None, one
        tensors, values = found
        for file in one.iterdir():
            file.unlink()
        wider = {name: torch.zeros([size + 1 for size in tensor.shape]) for name, tensor in tensors.items()}
        save_checkpoint(one, wider, values)
    else:
        newest = max(int(file.stem) for file in one.glob("*.json"))
        spoil(one / f"{newest}.{rng.choice(('json', 'safetensors'))}", way, rng)


def spoil(file: Path, way: str, rng: random.Random) -> None:
    """Cuts a file off, empties it, or flips one of its bits."""
    content = bytearray(file.read_bytes())
    if way == "flipped":
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(
        b"" if way == "empty" else content if way == "flipped" else content[: rng.randrange(len(content))]
    )


def _bundles(scene: Scene, way: str) -> None:
    """The bundle of the finalist, damaged in the same way, is refused: by `pull`, or where it is loaded."""
    bench, rng = scene.bench, scene.rng
    place = Path(str(bundle_of(bench.store, bench.search_id)))
    other = next(iter(bench.folder.glob("store/searches/*/trials/*/*/bundle")))
    if way == "swapped":
        damage(way, place, other, rng)
    elif way == "of another architecture":
        _widen(place)
    else:
        spoil(place / rng.choice(("model.json", "model.safetensors", "manifest.json")), way, rng)
    pulled = bench.folder / "pulled"
    refused = _refuses(lambda: automl.pull(bench.search_id, pulled, store=bench.folder / "store"))
    scene.check(refused or way == "of another architecture", f"a bundle that was {way} was pulled")
    scene.check(not (refused and pulled.exists()), "a part of a bundle that was refused is there")
    if not refused:
        scene.check(_refuses(lambda: automl.load(pulled, FAMILY)), f"a bundle that was {way} was loaded")


def _widen(bundle: Path) -> None:
    """Weights of another architecture, and a manifest that says that they are right."""
    from safetensors.torch import load_file, save_file

    weights = load_file(bundle / bundle_files.WEIGHTS)
    wider = {name: torch.zeros([size + 1 for size in one.shape]) for name, one in weights.items()}
    save_file(wider, bundle / bundle_files.WEIGHTS)
    bundle_files.write_manifest(bundle)


def _refuses(act: Callable[[], object]) -> bool:
    try:
        act()
    except BundleError:
        return True
    return False


@cache
def _unbroken() -> Mapping[int, list[float]]:
    """The curves of the same trials where nothing happens to them."""
    with tempfile.TemporaryDirectory(prefix="af-") as name:
        bench = Bench(Path(name), n_trials=len(RATES))
        os.environ["FAULT_FOLDER"] = name
        automl.search(bench.spec(**_changes()), store=bench.folder / "store", executor=LocalExecutor())
        return _curves(scan(bench.store, "epochs").collect())


def _curves(epochs: pl.DataFrame) -> dict[int, list[float]]:
    rows = epochs.filter(metric="rmse").sort("trial", "epoch")
    curves: dict[int, list[float]] = {}
    for trial, value in rows.select("trial", "value").iter_rows():
        curves.setdefault(trial, []).append(value)
    return curves


FAULT = Fault(
    injects="the newest checkpoint of a trial is cut off, empty, has one bit flipped, is of another architecture, or "
    "is another trial's; so is the bundle of the finalist",
    holds="the trial goes on from the checkpoint before, or begins anew, and its curve is the one without the fault, "
    "number by number; the log names the checkpoint; the bundle is refused",
    noticed="by the hashes and the name in the checkpoint, when it is read",
    strike=strike,
    seconds=40,
)
