"""Checkpoints of a training: the newest whole one survives a crash at any moment.

Checkpoint ``n`` is ``n.safetensors`` and then ``n.json``, which holds the values and the hashes of
both; the one before it is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from automl.bundle_files import sync_folder, write_file

_N_KEPT = 2


def save_checkpoint(folder: str | Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Writes the next checkpoint, then removes all but it and the one before it.

    Args:
        values: JSON; numbers come back exactly.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = _numbers(folder)
    number = numbers[-1] + 1 if numbers else 0
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    text = json.dumps(values)
    mark = {"tensors": _sha256(content), "values": _sha256(text.encode()), "text": text}
    write_file(folder / f"{number}.safetensors", content)
    write_file(folder / f"{number}.json", json.dumps(mark).encode())
    sync_folder(folder)
    for old in numbers[: 1 - _N_KEPT]:
        (folder / f"{old}.json").unlink(missing_ok=True)
        (folder / f"{old}.safetensors").unlink(missing_ok=True)


def load_checkpoint(folder: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The newest checkpoint that is whole, or None where there is none."""
    folder = Path(folder)
    for number in reversed(_numbers(folder)):
        found = _read(folder, number)
        if found is not None:
            return found
    return None


def _read(folder: Path, number: int) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    try:
        mark = json.loads((folder / f"{number}.json").read_bytes())
        content = (folder / f"{number}.safetensors").read_bytes()
        text = mark["text"]
        if _sha256(content) != mark["tensors"] or _sha256(text.encode()) != mark["values"]:
            return None
        return load(content), json.loads(text)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _numbers(folder: Path) -> list[int]:
    return sorted(int(file.stem) for file in folder.glob("*.json") if file.stem.isdigit())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
