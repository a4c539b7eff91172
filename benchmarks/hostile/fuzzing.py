"""Specs and bundles changed at random: every one must be read or refused with an error of ours.

An input is a function of a seed and a number, so that whatever fails can be had again.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from automl import bundle_files as files
from automl.errors import AutoMLError
from benchmarks._measure import Measure
from benchmarks.hostile import asking, bundles, sandbox, specs
from benchmarks.hostile.case import Case
from benchmarks.hostile.mutating import changed_in_place, mutated
from benchmarks.hostile.sandbox import MOST_SECONDS, Outcome

_A_BATCH = {"specs": 300, "values of specs": 100, "bundles": 50}  # inputs a process
_WHY = "it is whatever chance makes of it"
_FULL = b"""
name: housing
data: {path: rows.csv, target: y, types: {colour: category}, max_rows: 50}
task: regression
families: [mlp, {name: ft_transformer, space: {n_blocks: {int: [1, 4]}, dropout: 0.1}}]
space:
  learning_rate: {float: [1.0e-5, 1e-1], log: true, prior: 1e-3}
  optimizer: {choice: {sgd: {momentum: {float: [0, 0.9]}}, adamw: {}}}
queue: [{family: mlp, learning_rate: 1e-3, depth: 4}]
objectives: [rmse, n_parameters]
constraints: {n_parameters: "<= 5e6"}
search: {sampler: auto, rungs: {first: auto, factor: 3}, warm_start: none}
budget: {trials: 20, epochs: 10, time: 2h, target: 0.4, plateau: 50}
resources: {workers: 2, cpus: 1}
split: {validation: 0.2, test: 0.2, seed: 0}
finalists: {top: 3, seeds: 5}
priority: 0
seed: 0
"""


def fuzz(minutes: float, seed: int, crashes: Path | None, work: Path) -> list[Measure]:
    """Runs batches for so long, and saves what fails below `crashes`; one figure a kind of input."""
    counts = dict.fromkeys(_A_BATCH, 0)
    failures = dict.fromkeys(_A_BATCH, 0)
    until, begin = time.monotonic() + 60 * minutes, time.monotonic()
    print(f"fuzzing with the seed {seed} for {minutes:g} minutes", flush=True)
    for number, kind in zip(itertools.count(), itertools.cycle(_A_BATCH), strict=False):
        if time.monotonic() > until:
            break
        outcome = sandbox.run(_batch(kind, f"{seed}-{number}"), work)
        counts[kind] += _A_BATCH[kind]
        faults = [fault for fault in outcome.faults(by_cpu=True) if fault != "too slow"]  # a batch is many
        if faults:
            failures[kind] += 1
            print(
                f"{', '.join(faults)}: {outcome.name}: {outcome.message[:500]!r} {outcome.touched}",
                flush=True,
            )
            _save(outcome, crashes)
    seconds = time.monotonic() - begin
    return [
        Measure(f"fuzzing of {kind}: failures in {counts[kind]} inputs", failures[kind], "", 0, not failures[kind],
                seconds=seconds)
        for kind in _A_BATCH
    ]  # fmt: skip


def _save(outcome: Outcome, crashes: Path | None) -> None:
    if crashes is not None:
        crashes.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"batch": outcome.name, "state": outcome.state, "message": outcome.message}, indent=1
        )
        (crashes / f"{outcome.name.replace(' ', '-')}.json").write_text(text + "\n")


def _batch(kind: str, seed: str) -> Case:
    makes: dict[str, Callable[[Path], Any]] = {
        "specs": _table,
        "values of specs": _table,
        "bundles": bundles.sound,
    }
    asks: dict[str, Callable[[Any], None]] = {
        "specs": partial(_read_specs, seed),
        "values of specs": partial(_parse_specs, seed),
        "bundles": partial(_load_bundles, seed),
    }
    return Case("fuzzing", f"{kind} {seed}", makes[kind], asks[kind], _WHY, writes=("",))


def _table(folder: Path) -> Path:
    (folder / "rows.csv").write_text(specs.ROWS)
    return folder / "spec.yaml"


def _numbers(seed: str, kind: str) -> Iterator[tuple[str, random.Random]]:
    for number in range(_A_BATCH[kind]):
        yield f"{seed}-{number}", random.Random(f"{seed}-{number}")


def _tried(name: str, content: object, ask: Callable[[], object]) -> None:
    """Raises, with the input's number, where it is neither read nor refused within a second."""
    begin = time.process_time()
    try:
        ask()
    except AutoMLError as error:
        str(error).encode()
    except Exception as error:
        raise AssertionError(f"input {name}: {type(error).__name__}: {error}; {content!r}"[:2500]) from error
    seconds = time.process_time() - begin
    if seconds > MOST_SECONDS:
        raise AssertionError(f"input {name} took {seconds:.1f} s: {content!r}"[:2500])


def _read_specs(seed: str, file: Path) -> None:
    corpus = [text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass") for text in _texts()]
    for name, rng in _numbers(seed, "specs"):
        content = mutated(rng, corpus)
        if b"://" in content or b"openml" in content or b"file:" in content:
            continue  # addresses and programs of a user's own are used as they should be
        file.write_bytes(content)
        _tried(name, content, partial(asking.plan, file) if rng.random() < 0.1 else partial(_read, file))
        file.unlink()


def _read(file: Path) -> None:
    from automl.api import spec_of

    spec_of(file)


def _texts() -> list[str | bytes]:
    texts = [*specs.REFUSED.values(), *(text for _, text in specs.HARMLESS.values())]
    return [_FULL] * (len(texts) // 2) + [text for text in texts if len(text) < 3000]


def _parse_specs(seed: str, file: Path) -> None:
    """Specs of which some values are others, read and now and then planned."""
    from automl import strict_yaml
    from automl.machine import Machine
    from automl.run import plan_search
    from automl.spec import parse_spec

    for name, rng in _numbers(seed, "values of specs"):
        content = strict_yaml.read_text(_FULL.decode())
        content["data"]["path"] = str(file.parent / "rows.csv")
        for _ in range(rng.randint(1, 3)):
            changed_in_place(rng, content)
        is_planned = rng.random() < 0.1

        def ask(content: dict[str, Any] = content, is_planned: bool = is_planned) -> None:
            spec = parse_spec(content)
            if is_planned:
                plan_search(spec, Machine(2, 0, "here"))

        _tried(name, content, ask)


def _load_bundles(seed: str, model: Path) -> None:
    for name, rng in _numbers(seed, "bundles"):
        changed = model.parent / "changed"
        shutil.copytree(model, changed)
        _change(rng, changed)
        if rng.random() < 0.9:
            files.write_manifest(changed)
        _tried(name, name, partial(asking.load, changed))
        shutil.rmtree(changed)


def _change(rng: random.Random, model: Path) -> None:
    file = model / rng.choice(sorted(path.name for path in model.iterdir()))
    content = file.read_bytes()
    if file.suffix == ".json" and rng.random() < 0.8:
        value = json.loads(content)
        for _ in range(rng.randint(1, 3)):
            changed_in_place(rng, value)
        file.write_text(json.dumps(value))
    elif file.suffix == ".safetensors" and rng.random() < 0.5:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        changed_in_place(rng, header)
        head = json.dumps(header).encode()
        file.write_bytes(struct.pack("<Q", len(head)) + head + content[8 + length :])
    else:
        file.write_bytes(mutated(rng, [content]))
